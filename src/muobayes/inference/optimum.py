"""Best fit, maximum a posteriori, and profile likelihoods, by a quasi-Newton search from several starts.

The search runs in unconstrained space, so that it cannot leave the prior's support; what is maximised is the
likelihood itself (or the posterior density of the parameters, without the Jacobian of that map).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from ..errors import InputError, did_you_mean
from .evaluation import Kind, evaluate, place, value_and_gradient
from .posterior import Posterior

__all__ = ["Optimum", "Profile", "find_optimum", "profile"]

_FAR = 40.0  # beyond this, a logistic map sits on its wall to machine precision
_AGREE = 1e-3  # starts whose optimum is within this of the best, in ln L, have found the same one


class Optimum(NamedTuple):
    """A maximum.

    Attributes
    ----------
    parameters : dict of str to float
        Sampled and fixed parameters.
    x : (n,)
        The sampled ones.
    log_likelihood, log_prior : float
    terms : dict of str to float
        Log-likelihood of each term.
    agreeing : int
        How many starts ended at this value; one alone is a reason to use more.
    starts : int
    on_wall : tuple of str
        Parameters that sit on an end of their prior.
    """

    parameters: dict[str, float]
    x: np.ndarray
    log_likelihood: float
    log_prior: float
    terms: dict[str, float]
    agreeing: int
    starts: int
    on_wall: tuple[str, ...]

    def two_delta_log_likelihood(self, reference: float) -> float:
        """2 (ln L - ln L of a reference point)."""
        return 2 * (self.log_likelihood - reference)


class Profile(NamedTuple):
    """Likelihood maximised over all parameters that are not on the axes.

    Attributes
    ----------
    axes : dict of str to array
        One or two parameters and their grids.
    log_likelihood : array of the grids' lengths
    x : array (..., n)
        Where the maximum is.
    """

    axes: dict[str, np.ndarray]
    log_likelihood: np.ndarray
    x: np.ndarray


def _objective(posterior: Posterior, kind: Kind) -> Callable:
    """Minus the log-density with its gradient; ``held`` is NaN where a coordinate is free."""

    def numpy_version(z: np.ndarray, held: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = value_and_gradient(posterior, kind, jnp.asarray(held), jnp.asarray(z))
        return -float(value), np.where(np.isnan(held), -np.asarray(gradient), 0.0)

    return numpy_version


def _search(objective: Callable, held: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    start = np.clip(start, -_FAR, _FAR)
    if not np.isnan(held).any():
        return objective(start, held)[0], start
    # The second search restarts the curvature estimate, which matters in narrow valleys.
    for _ in range(2):
        found = minimize(
            objective,
            start,
            args=(held,),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_FAR, _FAR)] * len(start),
            options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30},
        )
        start = found.x
    return float(found.fun), found.x


def find_optimum(
    posterior: Posterior,
    starts: Float[np.ndarray, "m n"],
    kind: Kind = "likelihood",
) -> Optimum:
    """The highest of the maxima found from several starts.

    Parameters
    ----------
    posterior : Posterior
    starts : (m, n)
        Unconstrained starting points, for example `starting_points` or draws of the posterior.
    kind : "likelihood" or "posterior"
        Maximum likelihood within the prior's support, or maximum of the posterior density of the parameters.
    """
    prior = posterior.prior
    objective = _objective(posterior, kind)
    held = np.full(prior.size, np.nan)
    found = [_search(objective, held, np.asarray(start)) for start in starts]
    best, z = min(found, key=lambda pair: pair[0])
    x = np.asarray(posterior.constrain(jnp.asarray(z)))
    on_wall = tuple(
        name
        for name, value, (low, high) in zip(prior.names, x, prior.bounds)
        if np.isfinite([low, high]).all() and min(value - low, high - value) < 1e-6 * (high - low)
    )
    at_best = evaluate(posterior, x[None])
    return Optimum(
        parameters={name: float(value) for name, value in zip(prior.names, x)} | prior.fixed,
        x=x,
        log_likelihood=float(at_best.log_likelihood[0]),
        log_prior=float(at_best.log_prior[0]),
        terms={name: float(value[0]) for name, value in at_best.terms.items()},
        agreeing=sum(value - best < _AGREE for value, _ in found),
        starts=len(found),
        on_wall=on_wall,
    )


def profile(posterior: Posterior, axes: Mapping[str, np.ndarray], best: Float[np.ndarray, " n"]) -> Profile:
    """Profile likelihood along one parameter or in a plane of two.

    Parameters
    ----------
    posterior : Posterior
    axes : mapping
        Parameter name -> grid of values.
    best : (n,)
        The best fit; every search starts there and at the optimum of the neighbouring grid point.

    Raises
    ------
    InputError
        If an axis is not a sampled parameter, or a grid leaves the prior's support.
    """
    prior = posterior.prior
    for name, grid in axes.items():
        if name not in prior.names:
            raise InputError(
                f"profile: {name!r} is not a sampled parameter{did_you_mean(name, prior.names)}."
            )
        low, high = prior.bounds[prior.names.index(name)]
        if np.min(grid) < low or np.max(grid) > high:
            raise InputError(
                f"profile: the grid of {name!r} must lie in its prior's support, {low:g} to {high:g}."
            )
    columns = [prior.names.index(name) for name in axes]
    shape = tuple(len(grid) for grid in axes.values())
    points = np.stack(np.meshgrid(*axes.values(), indexing="ij"), axis=-1).reshape(-1, len(columns))
    held = np.full((len(points), prior.size), np.nan)
    held[:, columns] = points
    if len(columns) == prior.size:
        return Profile(
            dict(axes),
            evaluate(posterior, held).log_likelihood.reshape(shape),
            held.reshape(*shape, -1),
        )
    objective = _objective(posterior, "likelihood")
    best_z = np.asarray(prior.to_unconstrained(jnp.asarray(best)))
    log_likelihood, x = np.empty(len(points)), np.empty((len(points), prior.size))
    neighbour = best_z
    for i in _snake(shape):
        value, neighbour = min(
            (_search(objective, held[i], start) for start in (best_z, neighbour)), key=lambda pair: pair[0]
        )
        log_likelihood[i] = -value
        x[i] = place(posterior, jnp.asarray(held[i]), jnp.asarray(neighbour))
    return Profile(dict(axes), log_likelihood.reshape(shape), x.reshape(*shape, -1))


def _snake(shape: tuple[int, ...]) -> np.ndarray:
    """Flat indices of a grid in an order in which successive points are neighbours."""
    order = np.arange(np.prod(shape)).reshape(shape[0], -1)
    order[1::2] = order[1::2, ::-1]
    return order.ravel()
