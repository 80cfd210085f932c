"""Soft constraints from the theory above the matching scale: Landau poles, stability, perturbativity, naturalness.

Every constraint is a log-weight of its own, zero where it is satisfied (naturalness: where nothing needs to cancel) and
smooth enough for gradient-based sampling; none is ever NaN or infinite. A flow that ends below the scale up to which
a constraint is imposed violates it, the more so the earlier it ends (`Shortfall`).
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from ..running.flow import FlowResult, RunningModel, flow
from .uv_spec import Naturalness, UVPriors

__all__ = ["UVWeights", "naturalness_weights", "uv_weights"]

POINTS = 24  # scales at which stability is looked at
DEEP = 0.25  # depths count in units of the largest quartic coupling where that exceeds this, and at most this
RTOL, ATOL = 1e-4, 1e-6  # of the flow: scales of poles to 2e-4 e-folds, in two thirds of the default's time


class UVWeights(NamedTuple):
    """Log-weights by name (only those switched on) and the quantities they are made of."""

    log_weights: dict[str, Float[Array, ""]]
    derived: dict[str, Float[Array, ""]]

    @property
    def total(self) -> Float[Array, ""]:
        return sum(self.log_weights.values(), jnp.zeros(()))


def _one_sided(violation: Array, width: float) -> Float[Array, ""]:
    """Zero where there is no violation, then half a Gaussian that goes over into an exponential.

    The derivative is continuous and never larger than 1/width: beyond a pole the potential is negative by hundreds of
    widths, and a step size that a Gaussian of that depth allows would be too small for what is allowed.
    """
    return 1 - jnp.sqrt(1 + (jnp.maximum(violation, 0.0) / width) ** 2)


def uv_weights(
    priors: UVPriors,
    model: RunningModel,
    start: Float[Array, " n"],
    mu_start: ArrayLike,
    tunings: dict[str, Array] | None = None,
) -> UVWeights:
    """All soft constraints of a run at one point.

    Parameters
    ----------
    priors : UVPriors
    model : RunningModel
    start : (n,) array
        Couplings at `mu_start` in the order of ``model.names`` (`muobayes.running.start.start_state`).
    mu_start : float
        Matching scale in GeV.
    tunings : dict, optional
        ``higgs`` and ``muon_yukawa``: the tunings of `Naturalness`, needed if that block is on.

    Returns
    -------
    UVWeights
        ``log_weights``: ``landau_pole``, ``stability``, ``perturbativity``, ``naturalness_higgs``,
        ``naturalness_muon_yukawa``. ``derived``: ``log10_mu_pole`` (the upper scale if there is no pole),
        ``stability_margin``, ``largest_coupling`` and the tunings.
    """
    log_weights: dict[str, Array] = {}
    derived: dict[str, Array] = {}
    if priors.needs_flow:
        log_weights, derived = _flow_weights(priors, model, start, mu_start)
    if priors.naturalness is not None:
        tunings = tunings or {}
        log_weights |= naturalness_weights(priors.naturalness, tunings)
        derived |= {f"tuning_{name}": value for name, value in tunings.items()}
    return UVWeights(log_weights, derived)


class Shortfall(NamedTuple):
    """By how much a flow misses the scale up to which a constraint is imposed; zero if it gets there."""

    e_folds: Float[Array, ""]
    """Missing e-folds, and in proportion to the missing part ln(1 + g^2)/2 of the largest coupling g at the start."""
    part: Float[Array, ""]
    """The same in units of the whole range."""


def _shortfall(result: FlowResult, start_size: Array, mu_start: ArrayLike, until: float) -> Shortfall:
    whole = np.log(until) - jnp.log(mu_start)
    missing = jnp.maximum(np.log(until) - result.ln_mu_end, 0.0)
    # Poles of strong couplings crowd at the start, where their scale hardly tells a bad point from a worse one.
    e_folds = missing * (1 + jnp.log1p(start_size**2) / (2 * whole))
    return Shortfall(e_folds, e_folds / whole)


def _flow_weights(priors: UVPriors, model: RunningModel, start: Array, mu_start: ArrayLike):
    pole, stability, perturbativity = priors.landau_pole, priors.stability, priors.perturbativity
    ends = [pole.above] if pole else []
    ends += [block.until for block in (stability, perturbativity) if block]
    bound = pole.coupling if pole else 4 * np.pi

    def strong(ln_mu: Array, state: Array) -> Array:
        assert perturbativity is not None
        largest = jnp.max(model.sizes(state, perturbativity.bound))
        ratio = perturbativity.bound / jnp.maximum(largest, perturbativity.bound)
        return jnp.where(ln_mu <= np.log(perturbativity.until), jnp.square(1 - ratio**2), 0.0)

    result = flow(
        model,
        start,
        mu_start,
        max(ends),
        bound=bound,
        points=POINTS if stability or perturbativity else 0,
        rtol=RTOL,
        atol=ATOL,
        integrand=strong if perturbativity else None,
    )
    start_size = jnp.max(model.sizes(start, bound))
    weights: dict[str, Array] = {}
    derived = {"log10_mu_pole": result.ln_mu_end / np.log(10.0)}
    if pole:
        short = _shortfall(result, start_size, mu_start, pole.above)
        weights["landau_pole"] = _one_sided(short.e_folds, pole.width)
    if stability:
        margins = jnp.where(
            _below(result, stability.until), model.stability_margin(result.couplings), jnp.inf
        )
        largest = jnp.max(jnp.abs(model.quartics(result.couplings)), axis=-1)
        short = _shortfall(result, start_size, mu_start, stability.until)
        weights["stability"] = _one_sided(_depth(margins, largest, short.part), stability.width)
        derived["stability_margin"] = jnp.min(margins)
    if perturbativity:
        sizes = jnp.max(model.sizes(result.couplings, perturbativity.bound), axis=1)
        derived["largest_coupling"] = jnp.max(jnp.where(_below(result, perturbativity.until), sizes, 0.0))
        short = _shortfall(result, start_size, mu_start, perturbativity.until)
        weights["perturbativity"] = _one_sided(result.integral + short.e_folds, perturbativity.width)
    return weights, derived


def _depth(margins: Array, largest: Array, missing: Array) -> Float[Array, ""]:
    """Root mean square over ln(mu) of the depth of the potential, with DEEP where there is no potential at all.

    The depth is -margin where that is small; margins are infinite where stability is not imposed. On the way to a pole
    all quartic couplings grow together: how negative the potential is then says little, and in proportion to them it
    changes smoothly. The mean counts how long the potential is unstable, too: the deepest point alone, mostly at the
    highest scale, moves more steeply than the steps of a sampler can follow.
    """
    depths = jnp.maximum(-margins, 0.0)
    depths = depths / jnp.sqrt(1 + (depths / DEEP) ** 2 + (largest / DEEP) ** 2)
    square = jnp.sum(jnp.square(depths)) / jnp.maximum(jnp.isfinite(margins).sum(), 1)
    unstable = square > 0  # the derivative of the root of zero would be infinite
    depth = jnp.where(unstable, jnp.sqrt(jnp.where(unstable, square, 1.0)), 0.0)
    return depth * (1 - jnp.minimum(missing, 1.0)) + DEEP * missing


def _below(result: FlowResult, scale: float) -> Bool[Array, " k"]:
    return result.ln_mu <= np.log(scale) + 1e-9


def naturalness_weights(block: Naturalness, tunings: dict[str, Array]) -> dict[str, Float[Array, ""]]:
    """The log-weights -ln(1 + (D/limit)^2)/2 of the tunings D that the block limits and the model has."""
    weights = {}
    for name, limit in (("higgs", block.higgs), ("muon_yukawa", block.muon_yukawa)):
        if limit is not None and name in tunings:
            weights[f"naturalness_{name}"] = -0.5 * jnp.log1p((tunings[name] / limit) ** 2)
    return weights
