"""Importance sampling from a proposal that a model offers: independent draws, and the evidence with its error.

A proposal is a mixture of maps from the unit cube to parameters with a known density. The cube is adapted as in VEGAS:
for each component of the mixture one grid per axis, whose cells hold equal parts of the weight. Weights are tempered as
long as few points carry them, so that a proposal that first misses the posterior moves towards it. What counts is one
last set of points with the grids fixed.

References
----------
G. P. Lepage, J. Comput. Phys. 27 (1978) 192 (grids); A. Vehtari et al., arXiv:1507.02646 (Pareto-smoothed importance
sampling, k-hat).
"""

from collections.abc import Callable
from typing import NamedTuple

import arviz as az
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..errors import InputError
from .control import RunInterruptedError, graceful_stop, ticker
from .posterior import Posterior, Proposal, require_parameters
from .seeds import named_key

__all__ = ["Importance", "ImportanceOptions", "WeightedPoints", "run_importance", "weighted_points"]

K_HAT_LIMIT = 0.7
"""Pareto tail index above which importance weights tell nothing (arXiv:1507.02646)."""

_BATCH = 4096
_BINS = 32
_ROUNDS = 9
_ROUND = 0.2  # points of a round of adaptation, in parts of the proposals
_TEMPERED = 0.02  # temper the weights until the effective sample is this part of the points
_DAMPING = 0.7
_FLOOR = (
    0.5  # part of the points that ignores what an axis learned; less leaves wide cells with heavy weights
)
_SHARED = 0.5  # part of the points that is shared equally by the components


class ImportanceOptions(NamedTuple):
    """How importance sampling runs.

    Attributes
    ----------
    proposals : int
        Points in the last round; adaptation takes nearly twice as many.
    chains, draws : int
        Resampled draws, in the layout of chains.
    """

    proposals: int = 200_000
    chains: int = 4
    draws: int = 1000


class WeightedPoints(NamedTuple):
    """Points of a proposal.

    Attributes
    ----------
    x : (m, n)
        Parameters.
    log_weight : (m,)
        ln(prior x likelihood / density); -inf where the proposal has no point.
    """

    x: Float[np.ndarray, "m n"]
    log_weight: Float[np.ndarray, " m"]

    @property
    def log_z(self) -> float:
        """Logarithm of the mean weight: the evidence."""
        top = self.log_weight.max()
        return float(top + np.log(np.exp(self.log_weight - top).mean()))

    @property
    def log_z_error(self) -> float:
        """Standard deviation of `log_z` to first order."""
        weight = np.exp(self.log_weight - self.log_z)
        return float(weight.std() / np.sqrt(len(weight)))

    @property
    def effective(self) -> float:
        """Number of independent draws of the posterior that are worth as much."""
        return effective_sample(self.log_weight)


class Importance(NamedTuple):
    """Draws of a posterior by importance sampling.

    Attributes
    ----------
    z : (chains, draws, n)
        Unconstrained points, resampled from all points by their smoothed weights, in random order.
    potential : (chains, draws)
        Minus the log-posterior density in unconstrained space.
    points : WeightedPoints
        All points of the last round.
    k_hat : float
        Pareto tail index of the weights; above 0.7 neither draws nor evidence can be trusted.
    distinct : int
        Number of different points among the draws.
    """

    z: Float[np.ndarray, "chains draws n"]
    potential: Float[np.ndarray, "chains draws"]
    points: WeightedPoints
    k_hat: float
    distinct: int

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """What InferenceData calls sample statistics."""
        return {"lp": -self.potential}


def effective_sample(log_weight: np.ndarray) -> float:
    """Kish's number of independent draws that weighted ones are worth; the weights may have any common factor."""
    weight = np.exp(log_weight - log_weight.max())
    return float(weight.sum() ** 2 / np.square(weight).sum())


class _Grid(NamedTuple):
    """Where points are drawn: shares of the components, and for each component and axis the edges of the cells."""

    share: Float[np.ndarray, " k"]
    edges: Float[np.ndarray, "k d bins+1"]

    def draw(self, random: np.random.Generator, m: int) -> "_Cube":
        components, dimension, _ = self.edges.shape
        component = np.asarray(random.choice(components, m, p=self.share))
        position = random.random((m, dimension)) * _BINS
        cell = np.minimum(position.astype(int), _BINS - 1)
        at = (component[:, None], np.arange(dimension), cell)
        width = np.diff(self.edges, axis=-1)[at]
        log_volume = np.log(width * _BINS).sum(1) - np.log(self.share[component] * components)
        return _Cube(component, cell, self.edges[at] + (position - cell) * width, log_volume)

    def adapted(self, cube: "_Cube", log_weight: np.ndarray) -> "_Grid":
        """Cells of equal (tempered, damped) weight."""
        weight = _tempered(log_weight)
        components, dimension, _ = self.edges.shape
        squares = np.bincount(cube.component, weight**2, components)
        edges = self.edges.copy()
        for k in np.flatnonzero(squares):
            mine = cube.component == k
            effective = weight[mine].sum() ** 2 / squares[k]
            learned = (1 - _FLOOR) * effective / (effective + _BINS)
            for axis in range(dimension):
                parts: np.ndarray = np.bincount(cube.cell[mine, axis], weight[mine], _BINS)
                parts = np.convolve(np.pad(parts, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
                parts = (parts / parts.sum()) ** _DAMPING
                parts = learned * parts / parts.sum() + (1 - learned) / _BINS
                total = np.append(0.0, np.cumsum(parts))
                edges[k, axis] = np.interp(np.linspace(0, total[-1], _BINS + 1), total, self.edges[k, axis])
        # the variance of the mean is least if a component has points in proportion to its root mean square
        share = np.sqrt(squares * self.share)
        share = (1 - _SHARED) * share / share.sum() + _SHARED / components
        return _Grid(share, edges)


class _Cube(NamedTuple):
    """Points of the cube with their components and cells, and ln(1/density) relative to a uniform choice."""

    component: Int[np.ndarray, " m"]
    cell: Int[np.ndarray, "m d"]
    u: Float[np.ndarray, "m d"]
    log_volume: Float[np.ndarray, " m"]


def _tempered(log_weight: np.ndarray) -> np.ndarray:
    """Normalised weights to the highest power up to one that leaves an effective sample."""
    finite = log_weight - log_weight.max()
    wanted = min(_TEMPERED * len(finite), np.isfinite(finite).sum() / 4)
    power = 1.0
    if effective_sample(finite) < wanted:
        low, high = 0.0, 1.0
        for _ in range(30):
            power = (low + high) / 2
            low, high = (low, power) if effective_sample(power * finite) < wanted else (power, high)
    weight = np.exp(power * finite)
    return weight / weight.sum()


@eqx.filter_jit
def _weigh(posterior: Posterior, proposal: Proposal, component: Array, u: Array) -> tuple[Array, Array]:
    def one(component: Array, u: Array) -> tuple[Array, Array]:
        x, log_density = proposal.draw(component, u)
        log_target = posterior.prior.log_prob(x) + posterior.log_likelihood(x)
        return x, jnp.where(jnp.isfinite(log_density), log_target - log_density, -jnp.inf)

    return jax.vmap(one)(component, u)


def _evaluate(
    posterior: Posterior, proposal: Proposal, cube: _Cube, pause: Callable[[int], None]
) -> WeightedPoints:
    points, weights = [], []
    for begin in range(0, len(cube.u), _BATCH):
        part = slice(begin, begin + _BATCH)
        missing = _BATCH - len(cube.u[part])  # every batch has one shape: one program
        component = np.pad(cube.component[part], (0, missing), mode="edge")
        u = np.pad(cube.u[part], ((0, missing), (0, 0)), mode="edge")
        x, log_weight = _weigh(posterior, proposal, jnp.asarray(component), jnp.asarray(u))
        points.append(np.asarray(x)[: _BATCH - missing])
        weights.append(np.asarray(log_weight)[: _BATCH - missing])
        pause(_BATCH - missing)
    return WeightedPoints(np.concatenate(points), np.concatenate(weights) + cube.log_volume)


def weighted_points(
    posterior: Posterior, proposals: int, random: np.random.Generator, *, show_progress: bool = True
) -> WeightedPoints:
    """Adapt the posterior's proposal, and draw from it.

    Parameters
    ----------
    posterior : Posterior
    proposals : int
        Points in the last round.
    random : numpy.random.Generator
    show_progress : bool

    Raises
    ------
    InputError
        If the posterior has no proposal, or nothing is to be sampled, or no point of the proposal is possible.
    RunInterruptedError
        After SIGINT or SIGTERM.
    """
    require_parameters(posterior)
    proposal = posterior.proposal
    if proposal is None:
        raise InputError("sampler.type: this model offers no proposal for 'importance'; use 'nuts'.")
    shape = (proposal.components, proposal.dimension, 1)
    grid = _Grid(
        np.full(proposal.components, 1 / proposal.components), np.tile(np.linspace(0, 1, _BINS + 1), shape)
    )
    size = max(1, int(_ROUND * proposals))
    done, total = 0, _ROUNDS * size + proposals
    with graceful_stop() as stop_requested, ticker("importance", total, 0, show_progress) as tick:
        note = "adaptation"

        def pause(points: int) -> None:
            nonlocal done
            done += points
            tick(done, note)
            if stop_requested() and done < total:
                raise RunInterruptedError(f"Importance sampling was stopped at point {done} of {total}.")

        for _ in range(_ROUNDS):
            cube = grid.draw(random, size)
            found = _evaluate(posterior, proposal, cube, pause)
            if not np.isfinite(found.log_weight).any():
                raise InputError(
                    "sampler: none of the points that the model proposes lies inside the priors."
                )
            note = f"adaptation, effective sample {found.effective:.0f} of {size}"
            grid = grid.adapted(cube, found.log_weight)
        note = "with the grids fixed"
        return _evaluate(posterior, proposal, grid.draw(random, proposals), pause)


def run_importance(
    posterior: Posterior, options: ImportanceOptions, seed: int, *, show_progress: bool = True
) -> Importance:
    """Draw from a posterior by importance sampling; parameters and errors as in `weighted_points`."""
    random = np.random.default_rng(np.asarray(jax.random.key_data(named_key(seed, "importance"))))
    points = weighted_points(posterior, options.proposals, random, show_progress=show_progress)
    possible = np.flatnonzero(np.isfinite(points.log_weight))
    with np.errstate(over="ignore"):  # candidates for the Pareto scale that are far off
        log_weight, k_hat = az.psislw(points.log_weight[possible])
    count = options.chains * options.draws
    levels = (np.arange(count) + random.random()) / count
    total = np.cumsum(np.exp(np.asarray(log_weight)))
    drawn = possible[np.searchsorted(total / total[-1], levels)]
    z, potential = _unconstrained(posterior, jnp.asarray(points.x[random.permutation(drawn)]))
    shape = (options.chains, options.draws)
    return Importance(
        np.asarray(z).reshape(*shape, -1),
        np.asarray(potential).reshape(shape),
        points,
        float(k_hat),
        len(np.unique(drawn)),
    )


@eqx.filter_jit
def _unconstrained(posterior: Posterior, x: Array) -> tuple[Array, Array]:
    z = jax.vmap(posterior.prior.to_unconstrained)(x)
    return z, jax.vmap(posterior.potential)(z)
