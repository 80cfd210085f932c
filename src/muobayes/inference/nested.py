"""Evidence by nested sampling: blackjax's nested slice sampler behind one adapter, in checkpointed chunks.

All calls into ``blackjax.ns`` are in this module. The walk happens in the unconstrained space of `Posterior`,
where the prior is a smooth normalised density; the live points start as exact prior draws there, all images
of phases included.

A new point is a walker that started at another live point; if it walked too little, it remembers it. Then live points
are related, and ln Z of a run is farther off than independent ones would have it (arXiv:2601.23252 and
`docs/inference.md`). Hence several independent runs are merged, their scatter enters the error, and so does the memory
of the walkers, which each run measures.

References
----------
J. Skilling, Bayesian Analysis 1 (2006) 833; D. Yallup, N. Kroupa, W. Handley, arXiv:2601.23252.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from blackjax.ns import nss
from blackjax.ns.base import NSInfo, NSState, StateWithLogLikelihood
from blackjax.ns.utils import log_weights
from jaxtyping import Array, Float, Int
from scipy.special import logsumexp
from scipy.stats import chi2

from ..errors import InputError
from .checkpoint import Checkpoint, arrays_to_tree, tree_to_arrays
from .control import RunInterruptedError, graceful_stop, ticker, worker_count
from .posterior import Posterior, require_parameters
from .seeds import named_key
from .slices import Point, slice_walk

__all__ = ["NestedOptions", "NestedResult", "inner_moves", "memory_factor", "run_nested", "upward_bias"]

_FALSE_ALARM = 1e-3  # that runs which agree are told to disagree
_CHUNK_MOVES = 50_000  # of all walkers of a run between checkpoints: two minutes of the dearest likelihoods


class NestedOptions(NamedTuple):
    """How nested sampling runs.

    Attributes
    ----------
    live : int
        Live points of each run.
    runs : int
        Independent runs, merged.
    steps_per_dimension : int
        Slice moves for a new point, per dimension, in up to ten dimensions (see `inner_moves`); at least 2.
    remaining : float
        A run stops when the live points hold less than this fraction of the evidence.
    batch : int
        Points replaced at once, walked together as one vectorised batch.
    chunk : int
        Batches between checkpoints, at most; fewer where walks are long.
    """

    live: int = 500
    runs: int = 4
    steps_per_dimension: int = 5
    remaining: float = 0.01
    batch: int = 50
    chunk: int = 20


class NestedResult(NamedTuple):
    """Evidence and weighted draws of nested sampling.

    Attributes
    ----------
    log_z : float
        ln of the evidence, from all runs merged.
    log_z_error : float
        One standard deviation: volume statistics with the memory of the walkers (`memory_factor`), or the scatter
        between runs if that is larger, and `upward_bias`; infinite for walkers that remember half of where they started.
    statistical_error : float
        The part of the error that volume statistics alone explain.
    log_z_runs : (runs,)
        ln of the evidence of each run by itself.
    information : float
        Kullback-Leibler divergence from prior to posterior, in nats.
    memory : float
        Correlation of the depth in the contour (-ln of the share of its volume) between the starts and the ends of all
        walks: zero for walks that are long enough, see `memory_factor`.
    z : (m, n)
        All points that died, and the last live ones, in unconstrained space.
    log_likelihood : (m,)
    log_weight : (m,)
        Normalised posterior weights of the points.
    evaluations : int
        Calls of the likelihood.
    live : int
        Live points of all runs together.
    """

    log_z: float
    log_z_error: float
    statistical_error: float
    log_z_runs: np.ndarray
    information: float
    memory: float
    z: np.ndarray
    log_likelihood: np.ndarray
    log_weight: np.ndarray
    evaluations: int
    live: int

    @property
    def disagreement(self) -> str:
        """How far the runs are apart, a sentence, if volumes and walkers cannot explain it (1 of 1000); else empty."""
        runs = len(self.log_z_runs)
        expected = self.statistical_error * np.sqrt(runs * memory_factor(self.memory))  # of one run
        if runs < 2 or np.square(self.log_z_runs - self.log_z_runs.mean()).sum() < expected**2 * chi2.isf(
            _FALSE_ALARM, runs - 1
        ):
            return ""
        found = ", ".join(f"{value:.2f}" for value in self.log_z_runs)
        return f"not converged: the runs by themselves find {found}, more apart than {expected:.2f} each explains"

    @property
    def drift(self) -> float:
        """Variance of the weight w of an isolated mode beyond that of the draws, in units of w(1 - w).

        A walker does not leave such a mode, so that a new live point joins a mode with the probability of its present
        share: the shares drift as in Moran's model of genetics, by a variance of 2 w(1 - w)/N for each factor e in
        volume with N live points. The modes are taken as isolated from the beginning, which is the worst case.
        """
        return 2 * max(self.information, 0.0) / self.live


class _Dead(NamedTuple):
    z: Any
    log_likelihood: Any
    birth: Any


class _Walked(NamedTuple):
    """What walkers did: likelihood calls, and the sum of products of which `NestedResult.memory` is the mean."""

    calls: Any
    memory: Any


class _Run(NamedTuple):
    """One run: its state, the points that died so far, batches made and what the walkers did."""

    state: Any
    dead: _Dead
    batches: Any
    walked: _Walked

    def finished(self, options: "NestedOptions") -> bool:
        integrator = self.state.integrator
        return float(integrator.logZ_live - integrator.logZ) < np.log(options.remaining)


def _algorithm(posterior: Posterior, options: NestedOptions) -> Any:
    return nss.as_top_level_api(
        posterior.log_prior_unconstrained,
        posterior.log_likelihood_unconstrained,
        num_inner_steps=inner_moves(options.steps_per_dimension, posterior.prior.size),
        num_delete=options.batch,
        update_strategy=lambda _step, moves, batch: _walk(posterior, moves, batch),
    )


def inner_moves(steps_per_dimension: int, n: int) -> int:
    """Slice moves for a new point: a number per dimension, and from ten dimensions on as the cube of their number.

    Hit-and-run in a convex body needs of the order of n^3 moves (L. Lovasz, Math. Program. 86 (1999) 443). With too few,
    a walker forgets its height in the contour, but not its position, which decides how long it lives further up: ln Z is
    then too high, by an amount that falls with the number of live points (`docs/inference.md` has the measurement).
    """
    return round(steps_per_dimension * n * max(1.0, (n / 10) ** 2))


def _walk(
    posterior: Posterior, moves: int, batch: int
) -> Callable[..., tuple[StateWithLogLikelihood, _Walked]]:
    """How blackjax gets new live points: from walkers that start at survivors; and what the walkers did."""

    def update(
        key: Array, state: NSState, floor: Array, covariance_factor: Array
    ) -> tuple[StateWithLogLikelihood, _Walked]:
        live = state.particles
        start_key, walk_key = jax.random.split(key)
        alive = (live.loglikelihood > floor).astype(float)
        alive = jnp.where(alive.any(), alive, 1.0)  # a plateau: all of them
        chosen = jax.random.choice(start_key, alive.size, (batch,), p=alive / alive.sum())
        start = Point(live.position[chosen], live.logdensity[chosen], live.loglikelihood[chosen])
        direction = _directions(
            live.position[jnp.argsort(-alive)], alive.sum().astype(int), covariance_factor
        )
        end, calls = jax.vmap(lambda key, start: slice_walk(posterior, moves, key, start, floor, direction))(
            jax.random.split(walk_key, batch), start
        )
        survivors = jnp.sort(jnp.where(alive > 0, live.loglikelihood, -jnp.inf))
        before, after = (_depth(survivors, alive.sum(), point.log_likelihood) for point in (start, end))
        memory = jnp.sum((before - 1) * (after - 1))
        return StateWithLogLikelihood(*end, jnp.full(batch, floor)), _Walked(calls.sum(), memory)

    return update


def _directions(
    points: Float[Array, "m n"], count: Int[Array, ""], covariance_factor: Float[Array, "n n"]
) -> Callable[[Array], Float[Array, " n"]]:
    """What draws a direction for a slice: half from the covariance of all points (arXiv:2601.23252), half from pairs.

    The covariance of separate modes is long from one to the other and too narrow for either; in a pair of points of the
    same mode it is that mode's own shape which points the way (differential evolution, arXiv:2002.06212, section 3). Both
    kinds have the length of two standard deviations.
    """
    n = points.shape[1]

    def draw(key: Array) -> Array:
        which, normal_key, first_key, step_key = jax.random.split(key, 4)
        normal = jax.random.normal(normal_key, (n,))
        first = jax.random.randint(first_key, (), 0, count)
        second = (first + jax.random.randint(step_key, (), 1, count)) % count
        pair = jnp.sqrt(2 / n) * (points[first] - points[second])
        return jnp.where(
            jax.random.bernoulli(which), 2 * covariance_factor @ normal / jnp.linalg.norm(normal), pair
        )

    return draw


def _depth(survivors: Array, count: Array, log_likelihood: Array) -> Array:
    """-ln of the part of the contour's volume that lies higher, from the ranks among survivors (the last ``count``)."""
    first = survivors.size - count
    below = [jnp.searchsorted(survivors, log_likelihood, side) - first for side in ("left", "right")]
    # A new point splits the survivors in two; a survivor is in the middle of its own place.
    return -jnp.log((count - (below[0] + below[1]) / 2 + 0.5) / (count + 1))


@eqx.filter_jit
def _first_state(posterior: Posterior, options: NestedOptions, key: Array) -> Any:
    live = posterior.prior.sample_unconstrained(key, (options.live,))
    return _algorithm(posterior, options).init(live)


@eqx.filter_jit
def _advance(
    posterior: Posterior, options: NestedOptions, state: Any, key: Array, first: Array
) -> tuple[Any, _Dead, _Walked]:
    """Make a chunk of batches, numbered from ``first`` on."""
    step = _algorithm(posterior, options).step

    def one(state: Any, i: Array) -> tuple[Any, tuple[_Dead, _Walked]]:
        state, info = step(jax.random.fold_in(key, i), state)
        dead = info.particles
        return state, (_Dead(dead.position, dead.loglikelihood, dead.loglikelihood_birth), info.update_info)

    state, (dead, walked) = jax.lax.scan(one, state, first + jnp.arange(options.chunk))
    flat = jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), dead)
    return state, flat, jax.tree.map(jnp.sum, walked)


def run_nested(
    posterior: Posterior,
    options: NestedOptions,
    seed: int,
    *,
    checkpoint: Checkpoint | None = None,
    show_progress: bool = True,
) -> NestedResult:
    """Evidence of a posterior by several merged nested-sampling runs.

    Parameters
    ----------
    posterior : Posterior
    options : NestedOptions
    seed : int
        The seed; every run has a stream of its own.
    checkpoint : Checkpoint, optional
        Where the state is kept. If it holds a state, the runs continue from it.
    show_progress : bool

    Returns
    -------
    NestedResult

    Raises
    ------
    InputError
        If the options make no sense, or the checkpoint cannot be used or written.
    RunInterruptedError
        After SIGINT or SIGTERM, when the current chunk is finished and saved.
    """
    require_parameters(posterior)
    _check(posterior, options)
    walked = options.batch * inner_moves(options.steps_per_dimension, posterior.prior.size)
    options = options._replace(chunk=max(1, min(options.chunk, _CHUNK_MOVES // walked)))
    keys = jax.random.split(named_key(seed, "nested"), options.runs)
    empty = _Dead(np.zeros((0, posterior.prior.size)), np.zeros(0), np.zeros(0))
    zero = np.zeros((), int)
    runs = [
        _Run(_first_state(posterior, options, key), empty, zero, _Walked(zero, np.zeros(())))
        for key in jax.random.split(named_key(seed, "nested-live"), options.runs)
    ]
    if (state := checkpoint.load() if checkpoint else None) is not None:
        runs = [arrays_to_tree(run, state, f"run{i}-") for i, run in enumerate(runs)]

    def go_on(run: _Run, key: Array) -> _Run:
        if run.finished(options):
            return run
        state, dead, walked = jax.block_until_ready(
            _advance(posterior, options, run.state, key, jnp.asarray(run.batches))
        )
        joined = jax.tree.map(lambda old, new: np.concatenate([old, np.asarray(new)]), run.dead, dead)
        total = jax.tree.map(lambda old, new: old + np.asarray(new), run.walked, walked)
        return _Run(state, joined, run.batches + options.chunk, total)

    with (
        graceful_stop() as stop_requested,
        ticker("nested sampling", None, _died(runs), show_progress) as tick,
        ThreadPoolExecutor(worker_count(options.runs)) as pool,
    ):
        while not all(run.finished(options) for run in runs):
            runs = list(pool.map(go_on, runs, keys))
            if checkpoint:
                saved = [tree_to_arrays(run, f"run{i}-") for i, run in enumerate(runs)]
                checkpoint.save({name: array for part in saved for name, array in part.items()})
            tick(
                _died(runs),
                "ln Z so far " + ", ".join(f"{float(run.state.integrator.logZ):.2f}" for run in runs),
            )
            if stop_requested() and not all(run.finished(options) for run in runs):
                where = f"; its state is in {checkpoint.path}" if checkpoint else ""
                raise RunInterruptedError(f"nested sampling was stopped after {_died(runs)} points{where}.")
    return _result(runs, options, named_key(seed, "volumes"))


def _check(posterior: Posterior, options: NestedOptions) -> None:
    if options.steps_per_dimension < 2:
        raise InputError(
            f"evidence: steps_per_dimension is {options.steps_per_dimension}; fewer than 2 bias the evidence."
        )
    if not 1 <= options.batch <= options.live // 2:
        raise InputError(f"evidence: batch is {options.batch}; allowed is 1 to live/2 = {options.live // 2}.")
    if options.live < 2 * (posterior.prior.size + 1):
        raise InputError(
            f"evidence: live is {options.live}, but {posterior.prior.size} parameters need at least "
            f"{2 * (posterior.prior.size + 1)} live points."
        )


def memory_factor(memory: float) -> float:
    """By how much walkers that remember where they started raise the variance of ln Z.

    A point born at the depth w (-ln of the part of the contour's volume that lies higher; exponentially distributed) dies
    when the volume has shrunk by a factor exp(w). ln X is counted in deaths, and its variance per birth is that of the
    lives, one. A point that remembers its parent passes part of a long life on. For walkers that stay where they are
    with probability p, and otherwise forget, the deaths that are postponed by a birth at w, on average over
    descendants and in excess of the mean, are g(w) with

        g'(w) = 1 + p g(w),  <g> = 0 :   g(w) = [(1 - p) exp(p w) - 1]/p ,

    whose variance is 1/(1 - 2p). There p is the correlation of w between start and end of a walk; the first order in p,
    1 + 2p, holds for every walk in which the mean of w at the end is linear in w at the start. From p = 1/2 on a few
    families take over, and no error can be quoted.
    """
    share = max(memory, 0.0)
    return 1 / (1 - 2 * share) if share < 0.5 else np.inf


def upward_bias(information: float, n: int, moves: int, live: int) -> float:
    """Allowance for a bias of ln Z from walkers that forgot their height in the contour, but not their position.

    It grows with the information, falls with live points, and with moves in units of n^2, the number that isotropic
    hit-and-run needs. The constant is measured: the targets with walls or two modes in 10 and 20 dimensions have 0.4 to 1
    (`docs/inference.md`), most others none.
    """
    return 0.5 * information * n**2 / (moves * live)


def _died(runs: list[_Run]) -> int:
    return sum(len(run.dead.log_likelihood) for run in runs)


def _particles(runs: list[_Run]) -> NSInfo:
    """All dead and final live points of some runs, as one nested-sampling run with that many live points."""
    parts = [run.dead for run in runs]
    for run in runs:
        live = run.state.particles
        parts.append(_Dead(live.position, live.loglikelihood, live.loglikelihood_birth))
    z, log_likelihood, birth = (jnp.concatenate(columns) for columns in zip(*parts))
    return NSInfo(StateWithLogLikelihood(z, log_likelihood, log_likelihood, birth), None)


def _log_z(runs: list[_Run], key: Array, volumes: int = 200) -> tuple[float, float, np.ndarray, NSInfo]:
    """Mean and spread of ln Z over simulated volume sequences, the mean log weights, and the points."""
    points = _particles(runs)
    log_weight = np.asarray(log_weights(key, points, volumes))
    samples = logsumexp(log_weight, axis=0)
    return float(samples.mean()), float(samples.std()), log_weight.mean(axis=1), points


def _result(runs: list[_Run], options: NestedOptions, key: Array) -> NestedResult:
    log_z, statistical, log_weight, points = _log_z(runs, key)
    single = np.array([_log_z([run], jax.random.fold_in(key, i + 1))[0] for i, run in enumerate(runs)])
    scatter = single.std(ddof=1) / np.sqrt(len(single)) if len(single) > 2 else 0.0
    log_weight = log_weight - logsumexp(log_weight)
    log_likelihood = np.asarray(points.particles.loglikelihood)
    information = float(np.exp(log_weight) @ log_likelihood - log_z)
    memory = float(sum(run.walked.memory for run in runs) / _died(runs))
    n = points.particles.position.shape[1]
    return NestedResult(
        log_z=log_z,
        log_z_error=float(
            np.hypot(
                max(statistical * np.sqrt(memory_factor(memory)), scatter),
                upward_bias(information, n, inner_moves(options.steps_per_dimension, n), options.live),
            )
        ),
        statistical_error=statistical,
        log_z_runs=single,
        information=information,
        memory=memory,
        z=np.asarray(points.particles.position),
        log_likelihood=log_likelihood,
        log_weight=log_weight,
        evaluations=int(sum(run.walked.calls for run in runs)),
        live=options.live * len(runs),
    )
