"""The No-U-Turn sampler in chunks: NumPyro's kernel, driven so that a run can be killed at any moment.

Every chain is one compiled loop of kernel steps over a fixed chunk; between chunks the complete state of all
chains, warm-up included, goes to a checkpoint. The draws do not depend on the chunk length, on interruptions,
or on how many threads carry the chains: each chain is its own program with its own random stream. Chains run
in threads, because a vectorised chain waits for the longest trajectory of its siblings (measured:
`docs/inference.md`).

References
----------
M. D. Hoffman and A. Gelman, "The No-U-Turn Sampler", arXiv:1111.4246; M. Betancourt, arXiv:1701.02434.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpyro.infer.hmc import hmc
from numpyro.infer.util import ParamInfo

from .checkpoint import Checkpoint, arrays_to_tree, tree_to_arrays
from .control import RunInterruptedError, graceful_stop, ticker, worker_count
from .evaluation import evaluate, value_and_gradient
from .jumps import Jumps, try_jump
from .posterior import Posterior, require_parameters
from .seeds import named_key

__all__ = ["Draws", "NutsOptions", "run_nuts", "sample_chain", "starting_points"]


class NutsOptions(NamedTuple):
    """How NUTS runs.

    Attributes
    ----------
    chains, warmup, draws : int
        Number of chains, and of adaptation steps and kept draws per chain.
    target_accept : float
        Acceptance probability that the step size is adapted to.
    max_tree_depth : int
        A trajectory has at most 2**max_tree_depth leapfrog steps.
    warmup_tree_depth : int
        The same during warm-up: while the mass matrix is still to be learned, long trajectories cost most and teach
        little.
    dense_mass : bool
        Adapt a full mass matrix (correlations) instead of a diagonal one.
    chunk : int
        Iterations between checkpoints.
    """

    chains: int = 4
    warmup: int = 1000
    draws: int = 1000
    target_accept: float = 0.9
    max_tree_depth: int = 10
    warmup_tree_depth: int = 6
    dense_mass: bool = True
    chunk: int = 50


class Draws(NamedTuple):
    """What NUTS returns, each field with leading shape (chains, draws).

    Attributes
    ----------
    z : (chains, draws, n)
        Unconstrained points.
    potential, energy : (chains, draws)
        Minus the log-posterior density in unconstrained space, and the Hamiltonian.
    accept_prob, step_size : (chains, draws)
    num_steps : (chains, draws) int
        Leapfrog steps.
    diverging : (chains, draws) bool
    jumped : (chains, draws) bool
        Whether an independent proposal was accepted after the trajectory (`muobayes.inference.jumps`).
    """

    z: np.ndarray
    potential: np.ndarray
    energy: np.ndarray
    accept_prob: np.ndarray
    step_size: np.ndarray
    num_steps: np.ndarray
    diverging: np.ndarray
    jumped: np.ndarray

    @property
    def statistics(self) -> dict[str, np.ndarray]:
        """What InferenceData calls sample statistics."""
        return {
            "lp": -self.potential,
            "energy": self.energy,
            "acceptance_rate": self.accept_prob,
            "step_size": self.step_size,
            "n_steps": self.num_steps,
            "diverging": np.asarray(self.diverging),
        }


def starting_points(posterior: Posterior, key: Array, chains: int) -> Float[Array, "chains n"]:
    """Where chains start: for each the best of 64 prior draws, so that starts are spread but not absurd."""
    candidates = 64
    z = posterior.prior.sample_unconstrained(key, (chains, candidates))
    x, log_jacobian = jax.vmap(jax.vmap(posterior.prior.from_unconstrained))(z)
    found = evaluate(posterior, np.asarray(x).reshape(-1, posterior.prior.size))
    density = (found.log_likelihood + found.log_prior).reshape(chains, candidates) + np.asarray(log_jacobian)
    best = np.argmax(np.where(np.isnan(density), -np.inf, density), axis=1)
    return z[jnp.arange(chains), best]


def _kernel(
    posterior: Posterior, options: NutsOptions, start: Array | ParamInfo, key: Array
) -> tuple[Any, Callable]:
    """NumPyro's first state at a point, and its step, which learns the adaptation schedule from making it."""
    init_kernel, sample_kernel = hmc(posterior.potential, algo="NUTS")
    state = init_kernel(
        start,
        options.warmup,
        dense_mass=options.dense_mass,
        target_accept_prob=options.target_accept,
        max_tree_depth=(min(options.warmup_tree_depth, options.max_tree_depth), options.max_tree_depth),
        rng_key=key,
    )
    return state, sample_kernel


# The posterior is an argument, not a constant of the program: large constants would be folded at compilation,
# and a second run of the same posterior finds the program compiled.


@eqx.filter_jit
def _first_state(posterior: Posterior, options: NutsOptions, known: ParamInfo, key: Array) -> Any:
    return _kernel(posterior, options, known, key)[0]


@eqx.filter_jit
def _log_prior_and_gradient(posterior: Posterior, z: Array) -> tuple[Array, Array]:
    return jax.value_and_grad(posterior.log_prior_unconstrained)(z)


def _known(posterior: Posterior, z: Array) -> ParamInfo:
    """Potential and gradient at a point, by the program that the optimum uses, too: it is compiled already."""
    free = jnp.full(posterior.prior.size, jnp.nan)
    log_likelihood, slope = value_and_gradient(posterior, "likelihood", free, z)
    log_prior, prior_slope = _log_prior_and_gradient(posterior, z)
    return ParamInfo(z, -(log_likelihood + log_prior), -(slope + prior_slope))


@eqx.filter_jit
def _advance(
    posterior: Posterior, options: NutsOptions, state: Any, steps: Array, jumps: Jumps | None
) -> tuple[Any, Draws]:
    known = ParamInfo(state.z, state.potential_energy, state.z_grad)  # spares a second copy of the posterior
    _, sample_kernel = _kernel(posterior, options, known, state.rng_key)
    template = jax.tree.map(lambda leaf: jnp.zeros((options.chunk, *leaf.shape), leaf.dtype), _collect(state))

    def step(i: Array, carry: tuple[Any, Draws]) -> tuple[Any, Draws]:
        state, kept = carry
        state, jumped = sample_kernel(state), jnp.array(False)
        if jumps is not None:
            state, jumped = try_jump(posterior, jumps, i, state)
        now = _collect(state, jumped)
        return state, jax.tree.map(lambda column, value: column.at[i].set(value), kept, now)

    return jax.lax.fori_loop(0, steps, step, (state, template))


_STAYED = np.zeros((), bool)


def _collect(state: Any, jumped: Any = _STAYED) -> Draws:
    return Draws(
        z=state.z,
        potential=state.potential_energy,
        energy=state.energy,
        accept_prob=state.accept_prob,
        step_size=state.adapt_state.step_size,
        num_steps=state.num_steps,
        diverging=state.diverging,
        jumped=jumped,
    )


def sample_chain(posterior: Posterior, options: NutsOptions, z: Array, key: Array) -> Float[Array, "draws n"]:
    """One chain as one traceable function, for calibrations that run thousands of short chains; no checkpoints."""
    state, sample_kernel = _kernel(posterior, options, z, key)
    state = jax.lax.fori_loop(0, options.warmup, lambda _, state: sample_kernel(state), state)

    def step(state: Any, _: None) -> tuple[Any, Array]:
        state = sample_kernel(state)
        return state, state.z

    return jax.lax.scan(step, state, length=options.draws)[1]


def run_nuts(
    posterior: Posterior,
    options: NutsOptions,
    seed: int,
    *,
    checkpoint: Checkpoint | None = None,
    start: Float[Array, "chains n"] | None = None,
    jumps: Sequence[Jumps] | None = None,
    show_progress: bool = True,
) -> Draws:
    """Draw from a posterior with NUTS.

    Parameters
    ----------
    posterior : Posterior
    options : NutsOptions
    seed : int
        The seed of the run; starts, momenta and trajectories use streams of their own.
    checkpoint : Checkpoint, optional
        Where the state is kept. If it holds a state, the run continues from it.
    start : (chains, n), optional
        Unconstrained starting points; by default `starting_points`.
    jumps : sequence of Jumps, optional
        For each chain proposals that lead from mode to mode.
    show_progress : bool

    Returns
    -------
    Draws
        The draws after warm-up.

    Raises
    ------
    RunInterruptedError
        After SIGINT or SIGTERM, when the current chunk is finished and saved.
    InputError
        If nothing is to be sampled, or the checkpoint is damaged, belongs to another run, or cannot be
        written.
    """
    require_parameters(posterior)
    total = options.warmup + options.draws
    saved = checkpoint.load() if checkpoint else None
    if start is None:
        start = starting_points(posterior, named_key(seed, "initial"), options.chains)
    keys = jax.random.split(named_key(seed, "nuts"), options.chains)
    states = [_first_state(posterior, options, _known(posterior, z), key) for z, key in zip(start, keys)]
    kept = [_no_draws(state) for state in states]
    proposals = list(jumps) if jumps is not None else [None] * len(states)
    done = 0
    if saved is not None:
        done = int(saved["done"])
        states, kept = arrays_to_tree((states, kept), saved, "chains-")
        kept = jax.tree.map(np.asarray, kept)

    def advance(state: Any, steps: int, proposals: Jumps | None) -> tuple[Any, Draws]:
        part = proposals.part(done, options.chunk) if proposals is not None else None
        return jax.block_until_ready(_advance(posterior, options, state, jnp.array(steps), part))

    with (
        graceful_stop() as stop_requested,
        ticker("NUTS", total, done, show_progress) as tick,
        ThreadPoolExecutor(worker_count(options.chains)) as pool,
    ):
        while done < total:
            steps = min(options.chunk, total - done)
            # Warm-up ends on a chunk boundary, so that a chunk is either dropped or kept as a whole.
            if done < options.warmup:
                steps = min(steps, options.warmup - done)
            results = list(pool.map(advance, states, [steps] * len(states), proposals))
            states = [state for state, _ in results]
            done += steps
            if done > options.warmup:
                kept = [_joined(chain, drawn, steps) for chain, (_, drawn) in zip(kept, results)]
            if checkpoint:
                checkpoint.save(tree_to_arrays((states, kept), "chains-") | {"done": np.array(done)})
            tick(done, _note(kept, done, options))
            if stop_requested() and done < total:
                where = f"; its state is in {checkpoint.path}" if checkpoint else ""
                raise RunInterruptedError(f"NUTS was stopped at iteration {done} of {total}{where}.")
    return jax.tree.map(lambda *chains: np.stack(chains), *kept)


def _no_draws(state: Any) -> Draws:
    return jax.tree.map(lambda leaf: np.empty((0, *leaf.shape), leaf.dtype), _collect(state))


def _joined(chain: Draws, drawn: Draws, steps: int) -> Draws:
    return jax.tree.map(lambda old, new: np.concatenate([old, np.asarray(new)[:steps]]), chain, drawn)


def _note(kept: list[Draws], done: int, options: NutsOptions) -> str:
    if done <= options.warmup:
        return "warm-up"
    return f"{sum(int(chain.diverging.sum()) for chain in kept)} divergences"
