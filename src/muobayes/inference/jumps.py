"""Jumps between separate modes: independent proposals beside the trajectories of NUTS.

A trajectory does not cross a valley of the posterior. After each one, a point drawn from a fixed proposal density, a
mixture fitted to the draws of nested sampling, is accepted or refused by the rule of Metropolis and Hastings. The
posterior stays invariant whatever the proposal is; a good one makes the weights of the modes right.

References
----------
L. Tierney, Ann. Statist. 22 (1994) 1701 (hybrid kernels); W. K. Hastings, Biometrika 57 (1970) 97.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .mixture import Mixture, fit_mixture
from .nested import NestedResult
from .posterior import Posterior
from .seeds import named_key
from .symmetry import SignSymmetry, fold_signs

__all__ = ["Jumps", "Scouted", "draw_jumps", "scout", "try_jump"]

_RESAMPLED = 4000  # equally weighted draws of nested sampling for the fit
_COMPONENTS = 30


class Jumps(NamedTuple):
    """The proposals of one chain, one for each iteration, drawn before the chain starts.

    Attributes
    ----------
    mixture : Mixture
        The proposal density of draws that are folded by the sign symmetries.
    signs : (g, n)
        The group of sign changes; proposals have an image of each with equal probability.
    z : (m, n)
        Proposed unconstrained points.
    log_density : (m,)
        Of the proposal at ``z``.
    log_uniform : (m,)
        Logarithms of uniform random numbers, which decide.
    """

    mixture: Mixture
    signs: np.ndarray
    z: np.ndarray
    log_density: np.ndarray
    log_uniform: np.ndarray

    def part(self, start: int, length: int) -> "Jumps":
        """The proposals from iteration ``start`` on; after the last one they begin anew."""
        index = np.arange(start, start + length) % len(self.z)
        return self._replace(
            z=self.z[index], log_density=self.log_density[index], log_uniform=self.log_uniform[index]
        )


def _log_density(mixture: Mixture, signs: Array | np.ndarray, z: Array | np.ndarray) -> Array:
    """Of the symmetrised proposal at points (m, n)."""
    images = jnp.stack([mixture.log_prob(z * s) for s in signs])
    return jax.nn.logsumexp(images, axis=0) - np.log(len(signs))


def draw_jumps(mixture: Mixture, signs: Float[np.ndarray, "g n"], key: Array, number: int) -> Jumps:
    """Proposals for one chain."""
    random = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    z = mixture.sample(random, number) * signs[random.integers(len(signs), size=number)]
    log_density = np.asarray(_log_density(mixture, signs, z))
    return Jumps(mixture, signs, z, log_density, np.log(random.uniform(size=number)))


def try_jump(posterior: Posterior, jumps: Jumps, i: Array, state: Any) -> tuple[Any, Array]:
    """NumPyro's HMC state after proposal number ``i``, and whether it was accepted."""
    z = jnp.asarray(jumps.z)[i]
    potential, gradient = jax.value_and_grad(posterior.potential)(z)
    here = _log_density(jumps.mixture, jumps.signs, state.z[None])[0]
    log_ratio = state.potential_energy - potential + here - jnp.asarray(jumps.log_density)[i]
    accepted = jnp.asarray(jumps.log_uniform)[i] < log_ratio  # not if the potential is not a number

    def choose(new: Array, old: Array) -> Array:
        return jnp.where(accepted, new, old)

    moved = state._replace(
        z=choose(z, state.z),
        potential_energy=choose(potential, state.potential_energy),
        z_grad=choose(gradient, state.z_grad),
    )
    return moved, accepted


class Scouted(NamedTuple):
    """What nested sampling found out before the chains start.

    Attributes
    ----------
    mixture : Mixture
        Fitted to its folded draws.
    z, log_weight : (m, n), (m,)
        Its points and their normalised posterior weights.
    drift : float
        `NestedResult.drift`.
    chains : tuple of Jumps
        Proposals for each chain.
    """

    mixture: Mixture
    z: Float[np.ndarray, "m n"]
    log_weight: Float[np.ndarray, " m"]
    drift: float
    chains: tuple[Jumps, ...]


def scout(
    posterior: Posterior,
    symmetry: SignSymmetry,
    result: NestedResult,
    seed: int,
    chains: int,
    iterations: int,
) -> Scouted:
    """Proposals that lead to every mode that nested sampling has found.

    Parameters
    ----------
    posterior : Posterior
    symmetry : SignSymmetry
        Points are folded before the fit, proposals have all images.
    result : NestedResult
    seed : int
    chains, iterations : int
        Number of chains, and of their iterations, warm-up included.
    """
    random = np.random.default_rng(np.asarray(jax.random.key_data(named_key(seed, "resampling"))))
    cumulative = np.cumsum(np.exp(result.log_weight))
    places = (np.arange(_RESAMPLED) + random.uniform()) / _RESAMPLED * cumulative[-1]
    drawn = result.z[np.searchsorted(cumulative, places)]
    folded = fold_signs(symmetry, drawn, posterior.prior.names).x
    mixture = fit_mixture(folded, random, max_components=_COMPONENTS, criterion="bayes")
    keys = jax.random.split(named_key(seed, "jumps"), chains)
    jumps = tuple(draw_jumps(mixture, symmetry.group, key, iterations) for key in keys)
    return Scouted(mixture, result.z, result.log_weight, result.drift, jumps)
