"""A Gaussian whose theory covariance moves with the Wilson coefficients.

Its covariance is that of the SM with J J^T in place of the SM's J0 J0^T (`muobayes.likelihood._nuisance`): what the
nuisance directions do not explain stays as it is. It is positive definite at every point, since only the constant rest,
total minus J0 J0^T, must be; its determinant counts.
"""

from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .dataset import correlation_factors

__all__ = ["VaryingGaussian", "build_varying"]


class VaryingGaussian(eqx.Module):
    """log L relative to the SM, in the space where the constant part of the covariance is the unit matrix.

    Observables that do not move are conditioned out exactly: they add ``fixed`` to the whitened J, and what is orthogonal
    to the moving ones enters by its products only.

    Attributes
    ----------
    by_term : (t,) array
        One for the term that this is, zero for others.
    members : (m,) int array
        Moving observables of the term.
    factor : (m, m) array
        Whitening, of shifts in units of the scale.
    offset : (m,) array
        Whitened residual of the SM.
    fixed : (m, k) array
        J of the constant observables.
    constant : (k + 1, k + 1) array
        The unit matrix, and products of J and residuals beyond the moving observables.
    """

    by_term: Float[Array, " t"]
    members: np.ndarray
    factor: Float[Array, "m m"]
    offset: Float[Array, " m"]
    fixed: Float[Array, "m k"]
    constant: Float[Array, "k1 k1"]
    at_sm: Float[Array, ""]

    def __call__(self, shift: Float[Array, " o"], response: Float[Array, "o k"]) -> Float[Array, " t"]:
        """From scaled shifts and scaled J of the moving observables."""
        return self.by_term * (self._value(shift[self.members], response[self.members]) - self.at_sm)

    def _value(self, shift: Float[Array, " m"], response: Float[Array, "m k"]) -> Float[Array, ""]:
        residual = self.factor @ shift + self.offset
        whitened = self.factor @ response + self.fixed
        # matrix determinant lemma and Woodbury, with the residual as a border
        w = jnp.concatenate([whitened, residual[:, None]], axis=1)
        return _bordered_log_density(w.T @ w + self.constant)


def _bordered_log_density(matrix: Float[Array, "n n"]) -> Float[Array, ""]:
    """-(s + ln det C)/2 of a matrix C with a border v and a corner r, s = r - v^T C^-1 v, by elimination of C.

    A loop of rank-one updates: with LAPACK's factorisation in its place a compiled batch of points never returned (jaxlib
    0.10.2 on two cores).
    """

    def eliminate(a: Array, j: Array) -> tuple[Array, Array]:
        column = jax.lax.dynamic_index_in_dim(a, j, axis=1, keepdims=False)
        pivot = jax.lax.dynamic_index_in_dim(column, j, keepdims=False)
        return a - jnp.outer(column, column / pivot), pivot

    last, pivots = jax.lax.scan(eliminate, matrix, jnp.arange(len(matrix) - 1), unroll=4)
    return -0.5 * (last[-1, -1] + jnp.log(pivots).sum())


def build_varying(
    by_term: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    observables: Sequence[str],
    sm: np.ndarray,
    sm_response: np.ndarray,
    moving: Mapping[str, int],
    scale: np.ndarray,
) -> VaryingGaussian:
    """The Gaussian of a term.

    Parameters
    ----------
    by_term : (t,) array
        One for this term.
    mean, covariance : (n,), (n, n) arrays
        Measurements, and their total covariance in the SM.
    observables : sequence of str
        Of the term.
    sm, sm_response : (n,), (n, k) arrays
        Predictions and J in the SM.
    moving : mapping
        Moving observable -> its place.
    scale : (o,) array
        Units of the shifts of the moving observables.
    """
    sigma, factor = correlation_factors(covariance - sm_response @ sm_response.T)
    whitening = np.linalg.inv(factor) / sigma
    local = [i for i, o in enumerate(observables) if o in moving]
    others = [i for i, o in enumerate(observables) if o not in moving]
    members = np.array([moving[observables[i]] for i in local])
    q, r = np.linalg.qr(whitening[:, local] * scale[members], mode="complete")
    residual = q.T @ (whitening @ (sm - mean))
    fixed = q.T @ (whitening[:, others] @ sm_response[others])
    m = len(local)
    beyond = np.concatenate([fixed[m:], residual[m:, None]], axis=1)
    constant = beyond.T @ beyond + np.diag([1.0] * fixed.shape[1] + [0.0])
    constant[-1, -1] = 0  # the same at every point
    gaussian = VaryingGaussian(
        jnp.array(by_term, dtype=float),
        members,
        jnp.array(r[:m]),
        jnp.array(residual[:m]),
        jnp.array(fixed[:m]),
        jnp.array(constant),
        jnp.zeros(()),
    )
    response = jnp.array(sm_response[local] / scale[members][:, None])
    return eqx.tree_at(lambda g: g.at_sm, gaussian, gaussian._value(jnp.zeros(m), response))
