"""Evidence from the draws of NUTS by bridge sampling with a fitted mixture: the second estimator.

With normalised proposal q, prior x likelihood p, N1 draws of the posterior and N2 of q, the evidence is the
fixed point of (Meng and Wong 1996, Eq. 4.1; s_i = N_i/(N1 + N2), N1 counted as effective draws)

    Z = mean_q[ p / (s1 p + s2 Z q) ] / mean_posterior[ q / (s1 p + s2 Z q) ] .

One half of the draws fits q and the other half enters the estimate; then the halves change roles. Phases are
laid out as intervals first (`PriorSet.unwrapped`), and q is averaged over the exact sign symmetries, so that
an evidence counts the full prior volume although the draws may have visited one mirror image only.

References
----------
X.-L. Meng and W. H. Wong, Statistica Sinica 6 (1996) 831; S. Fruehwirth-Schnatter, Econometrics J. 7 (2004)
143 (error); A. Vehtari et al., arXiv:1507.02646 (k-hat).
"""

from typing import NamedTuple

import arviz as az
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import logsumexp

from ..priors.distributions import PriorSet
from .importance import K_HAT_LIMIT
from .mixture import Mixture, fit_mixture
from .posterior import Posterior
from .seeds import named_key
from .symmetry import SignSymmetry, fold_signs

__all__ = ["BridgeResult", "bridge_evidence"]

_PROPOSALS = 4  # for each draw: they are independent, and know the weights of modes that draws cross slowly
_NEVER = -1e5  # log-density of a prior that no likelihood outweighs; there it may overflow, and is left out


class BridgeResult(NamedTuple):
    """Evidence by bridge sampling.

    Attributes
    ----------
    log_z, log_z_error : float
        ln of the evidence and its standard deviation; NaN when refused.
    k_hat : float
        Pareto tail index of the importance weights p/q of both halves; above 0.7 no estimate is given.
    refusal : str
        Empty, or why there is no estimate.
    log_z_importance : float
        Plain importance sampling with the same proposals, for comparison.
    """

    log_z: float
    log_z_error: float
    k_hat: float
    refusal: str
    log_z_importance: float


def bridge_evidence(
    posterior: Posterior, z: Float[np.ndarray, "chains draws n"], symmetry: SignSymmetry, seed: int
) -> BridgeResult:
    """Evidence of a posterior from draws of it.

    Parameters
    ----------
    posterior : Posterior
    z : (chains, draws, n)
        Unconstrained draws (`Draws.z`).
    symmetry : SignSymmetry
        From `sign_symmetry`.
    seed : int
    """
    chains, draws, n = z.shape
    x = np.asarray(_constrain(posterior, jnp.asarray(z.reshape(-1, n)))).reshape(chains, draws, n)
    x = fold_signs(symmetry, x, posterior.prior.names).x
    chart = _chart(posterior.prior, x.reshape(-1, n))
    random = np.random.default_rng(np.asarray(jax.random.key_data(named_key(seed, "bridge"))))
    # Halves in time: both contain all chains.
    first, second = np.array_split(x, 2, axis=1)
    halves = [
        _half(posterior, chart, symmetry, *roles, random) for roles in ((first, second), (second, first))
    ]
    # Both proposals weigh the same density, and a poor one owns the tail of all weights.
    log_weights = np.concatenate([half.log_weights for half in halves])
    importance = float(logsumexp(log_weights) - np.log(len(log_weights)))
    if undefined := int(np.isnan(log_weights).sum()):
        reason = f"the log-posterior is not a number at {undefined} of {len(log_weights)} proposals"
        return BridgeResult(np.nan, np.nan, np.nan, reason, np.nan)
    with np.errstate(over="ignore"):  # in ArviZ's fit, where 1/inf = 0 is meant
        k_hat = float(az.psislw(log_weights)[1])
    if not k_hat <= K_HAT_LIMIT:
        reason = (
            f"the Pareto tail index of the importance weights is {k_hat:.2f} > {K_HAT_LIMIT}: the density "
            "fitted to the draws misses part of the posterior"
        )
        return BridgeResult(np.nan, np.nan, k_hat, reason, importance)
    log_z = float(np.mean([half.log_z for half in halves]))
    return BridgeResult(log_z, _combined_error(halves), k_hat, "", importance)


class _Half(NamedTuple):
    """The estimate of one half; its error in two parts, of the proposals and of the draws; ln(p/q) of the proposals."""

    log_z: float
    proposals_error: float
    draws_error: float
    log_weights: np.ndarray


def _combined_error(halves: list[_Half]) -> float:
    """Standard deviation of the mean of both halves.

    Given the draws, the proposals of the two halves are independent. The draws' parts are not: where a half of the draws
    deviates from the posterior, the density fitted to it deviates, too, so that the first half used with the second
    half's density errs in the same product of deviations as the second half with the first one's. Of two numbers with
    an unknown correlation, the mean has at most the mean of both errors.
    """
    proposals = np.array([half.proposals_error for half in halves])
    draws = np.array([half.draws_error for half in halves])
    return float(np.hypot(np.sqrt((proposals**2).sum()) / len(halves), draws.mean()))


class _Chart(NamedTuple):
    """The unconstrained space that the proposal lives in: phases cut opposite to their mean."""

    prior: PriorSet
    low: Array
    turn: Array

    def to_line(self, x: Array) -> tuple[Array, Array]:
        """Unconstrained point of parameter values, and ln |dx/dy|; a phase may be off by full turns."""
        finite = jnp.isfinite(self.turn)
        turn = jnp.where(finite, self.turn, 1.0)
        x = jnp.where(finite, self.low + jnp.mod(x - self.low, turn), x)
        y = self.prior.to_unconstrained(x)
        return y, self.prior.from_unconstrained(y)[1]


def _chart(prior: PriorSet, x: np.ndarray) -> _Chart:
    centres, low, turns = {}, np.zeros(prior.size), np.full(prior.size, np.inf)
    for i, (name, turn) in enumerate(zip(prior.names, prior.turns)):
        if turn is not None:
            mean_point = np.exp(2j * np.pi * x[:, i] / turn).mean()
            centres[name] = float(np.angle(mean_point) / (2 * np.pi) * turn)
            low[i], turns[i] = centres[name] - turn / 2, turn
    return _Chart(prior.unwrapped(centres), jnp.array(low), jnp.array(turns))


@eqx.filter_jit
def _constrain(posterior: Posterior, z: Array) -> Array:
    return jax.vmap(posterior.constrain)(z)


@eqx.filter_jit
def _log_target(posterior: Posterior, x: Array) -> Array:
    def log_density(x: Array) -> Array:
        x = posterior.prior.wrap(x)
        log_prior = posterior.prior.log_prob(x)
        return jnp.where(log_prior < _NEVER, log_prior, log_prior + posterior.log_likelihood(x))

    return jax.lax.map(log_density, x, batch_size=64)


@eqx.filter_jit
def _to_line(chart: _Chart, x: Array) -> tuple[Array, Array]:
    return jax.vmap(chart.to_line)(x)


@eqx.filter_jit
def _from_line(chart: _Chart, y: Array) -> Array:
    return jax.vmap(chart.prior.from_unconstrained)(y)[0]


def _log_proposal(mixture: Mixture, chart: _Chart, symmetry: SignSymmetry, x: np.ndarray) -> np.ndarray:
    """Density of the symmetrised proposal with respect to the parameters x."""
    images = []
    for signs in symmetry.group:
        y, log_jacobian = _to_line(chart, jnp.asarray(x * signs))
        images.append(np.asarray(mixture.log_prob(y) - log_jacobian))
    return logsumexp(images, axis=0) - np.log(len(images))


def _half(
    posterior: Posterior,
    chart: _Chart,
    symmetry: SignSymmetry,
    fit: np.ndarray,
    use: np.ndarray,
    random: np.random.Generator,
) -> _Half:
    """The estimate with a proposal fitted to some draws and applied to others."""
    dimension = fit.shape[-1]
    mixture = fit_mixture(np.asarray(_to_line(chart, jnp.asarray(fit.reshape(-1, dimension)))[0]), random)
    drawn = use.reshape(-1, dimension)
    proposed = np.asarray(_from_line(chart, jnp.asarray(mixture.sample(random, _PROPOSALS * len(drawn)))))
    # ln(p/q), at draws of the posterior and at draws of the proposal.
    at_draws, at_proposals = (
        np.asarray(_log_target(posterior, jnp.asarray(x))) - _log_proposal(mixture, chart, symmetry, x)
        for x in (drawn, proposed)
    )
    if np.isnan(at_proposals).any():
        return _Half(np.nan, np.nan, np.nan, at_proposals)
    effective = _effective_draws(at_draws.reshape(use.shape[:2]))
    log_z = _fixed_point(at_draws, at_proposals, effective)
    errors = _relative_errors(at_draws.reshape(use.shape[:2]) - log_z, at_proposals - log_z, effective)
    return _Half(log_z, *errors, at_proposals)


def _effective_draws(values: np.ndarray) -> float:
    return float(min(az.ess(values, method="mean"), values.size))


def _fixed_point(at_draws: np.ndarray, at_proposals: np.ndarray, effective: float) -> float:
    share = np.log([effective, len(at_proposals)]) - np.log(effective + len(at_proposals))
    log_z = float(np.median(at_draws))
    for _ in range(1000):
        # p/(s1 p + s2 Z q) = 1/(s1 + s2 Z q/p) and q/(s1 p + s2 Z q) = (q/p)/(s1 + s2 Z q/p)
        top = -np.logaddexp(share[0], share[1] + log_z - at_proposals)
        bottom = -at_draws - np.logaddexp(share[0], share[1] + log_z - at_draws)
        new = float(logsumexp(top) - np.log(len(top)) - logsumexp(bottom) + np.log(len(bottom)))
        if abs(new - log_z) < 1e-10:
            break
        log_z = new
    return new


def _relative_errors(at_draws: np.ndarray, at_proposals: np.ndarray, effective: float) -> tuple[float, float]:
    """Standard deviations of ln Z to first order (Fruehwirth-Schnatter 2004) from proposals and draws; for Z = 1."""
    share = np.array([effective, at_proposals.size]) / (effective + at_proposals.size)
    top = np.exp(-np.logaddexp(np.log(share[0]), np.log(share[1]) - at_proposals))
    bottom = np.exp(-np.logaddexp(np.log(share[0]) + at_draws, np.log(share[1])))
    return (
        float(top.std() / top.mean() / np.sqrt(top.size)),
        float(bottom.std() / bottom.mean() / np.sqrt(_effective_draws(bottom))),
    )
