"""How much of an evidence is prior: ln Z when priors are widened, from the draws that are there.

For draws x of the posterior with prior pi, the evidence with another prior pi' is exactly

    Z' = Z E_posterior[ pi'(x) / pi(x) ] + (contribution of the support that only pi' has).

The second term is not seen by the draws. It vanishes when the likelihood does at the ends of the old prior;
then a flat prior that becomes k times as wide costs exactly ln k. Where the posterior touches an end, the
first term is a lower bound, and the result says so. Gaussian priors have no such ends: there the weights'
Pareto tail index tells whether the average exists.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from ..priors.distributions import PriorSet, prior_set
from ..priors.spec import Fixed, LogNormal, LogUniform, Normal, PriorSpec, Uniform
from .importance import K_HAT_LIMIT

__all__ = ["Sensitivity", "prior_sensitivity", "widened"]

_EDGE = 0.02  # of the prior's range, in its natural coordinate
_ALLOWED_AT_EDGE = 1e-3  # posterior probability within that edge


class Sensitivity(NamedTuple):
    """Change of ln Z when the priors of a group of parameters are widened.

    Attributes
    ----------
    group : str
    factor : float
    delta_log_z, error : float
    caveat : str
        Empty when the number can be trusted; otherwise why it is a lower bound or unreliable.
    """

    group: str
    factor: float
    delta_log_z: float
    error: float
    caveat: str


def widened(spec: PriorSpec, factor: float) -> PriorSpec:
    """The prior, ``factor`` times as wide about its centre; an end at zero stays, phases have no wider prior."""
    match spec:
        case Uniform() if spec.low == 0:
            return Uniform(low=0, high=spec.high * factor)
        case Uniform():
            centre, half = (spec.low + spec.high) / 2, (spec.high - spec.low) / 2 * factor
            return Uniform(low=centre - half, high=centre + half)
        case LogUniform():
            centre, half = np.sqrt(spec.low * spec.high), np.sqrt(spec.high / spec.low) ** factor
            return LogUniform(low=centre / half, high=centre * half)
        case Normal() | LogNormal():
            return spec.model_copy(update={"sd": spec.sd * factor})
    return spec


def prior_sensitivity(
    prior: PriorSet,
    x: Float[np.ndarray, "chains draws n"],
    groups: Mapping[str, Sequence[str]],
    factors: Sequence[float] = (2.0, 10.0),
) -> list[Sensitivity]:
    """Change of ln Z for each group of parameters and each factor.

    Parameters
    ----------
    prior : PriorSet
    x : (chains, draws, n)
        Draws of the posterior (folded or not: the priors of folded parameters are symmetric).
    groups : mapping
        Name of a group ("couplings", "masses") -> parameters; those that are not sampled are ignored.
    factors : sequence of float
    """
    log_prior = np.asarray(_log_prob(prior, x))
    rows = []
    for group, members in groups.items():
        names = [name for name in members if name in prior.names]
        for factor in factors:
            specs = {n: widened(s, factor) if n in names else s for n, s in zip(prior.names, prior.specs)}
            wide = prior_set(specs | {n: Fixed(value=v) for n, v in prior.fixed.items()})
            log_ratio = np.asarray(_log_prob(wide, x)) - log_prior
            delta = float(logsumexp(log_ratio) - np.log(log_ratio.size))
            weight = np.exp(log_ratio - log_ratio.max())
            spread = weight.std() / weight.mean()
            error = float(spread / np.sqrt(az.ess(weight, method="mean"))) if spread > 1e-12 else 0.0
            rows.append(Sensitivity(group, factor, delta, error, _caveat(prior, x, names, log_ratio)))
    return rows


def _log_prob(prior: PriorSet, x: np.ndarray) -> jax.Array:
    return jax.jit(jax.vmap(jax.vmap(prior.log_prob)))(jnp.asarray(x))


def _caveat(prior: PriorSet, x: np.ndarray, names: Sequence[str], log_ratio: np.ndarray) -> str:
    touching = [name for name in names if _touches_an_end(prior, x, prior.names.index(name))]
    if touching:
        return f"a lower bound: the posterior reaches the end of the prior of {', '.join(touching)}"
    if log_ratio.std() > 1e-9 and (k_hat := float(az.psislw(log_ratio.ravel().copy())[1])) > K_HAT_LIMIT:
        return f"unreliable: the weights have a Pareto tail index of {k_hat:.2f}"
    return ""


def _touches_an_end(prior: PriorSet, x: np.ndarray, i: int) -> bool:
    spec, values = prior.specs[i], x[..., i]
    if isinstance(spec, LogUniform):
        low, high, values = np.log(spec.low), np.log(spec.high), np.log(values)
    elif isinstance(spec, Uniform):
        low, high = spec.low, spec.high
    else:
        return False
    width = high - low
    ends = [values > high - _EDGE * width]
    if not (isinstance(spec, Uniform) and spec.low == 0):
        ends.append(values < low + _EDGE * width)
    return bool(max(end.mean() for end in ends) > _ALLOWED_AT_EDGE)
