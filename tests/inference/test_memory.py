"""Walkers that remember where they started: what is measured, and what it does to ln X (simulated)."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from blackjax.ns.base import StateWithLogLikelihood
from targets import TARGETS

from muobayes.inference.nested import _walk, memory_factor

LIVE, NATS, RUNS = 100, 20, 400


def _booked_minus_true(memory):
    """ln X of each run, with points that are nothing but volumes: the outermost dies, a child takes its place."""
    random = np.random.default_rng(0)
    volume = random.random((RUNS, LIVE))
    run = np.arange(RUNS)
    log_x = np.zeros(RUNS)
    for _ in range(NATS * LIVE):
        dead = volume.argmax(1)
        edge = volume[run, dead]
        log_x += np.log(edge)
        parent = volume[run, (dead + random.integers(1, LIVE, RUNS)) % LIVE]
        volume[run, dead] = np.where(random.random(RUNS) < memory, parent, random.random(RUNS) * edge)
        volume /= edge[:, None]
    return -NATS - log_x


@pytest.mark.parametrize("memory", [0.0, 0.1, 0.2])
def test_memory_raises_the_variance_as_derived(memory):
    """Without bias; 4 standard errors of 400 runs."""
    off = _booked_minus_true(memory)
    factor = memory_factor(memory)
    assert off.var() * LIVE / NATS == pytest.approx(factor, rel=4 * np.sqrt(2 / RUNS))
    assert abs(off.mean()) < 4 * np.sqrt(factor * NATS / LIVE / RUNS)


def test_half_a_memory_leaves_no_error_to_quote():
    assert memory_factor(0.5) == np.inf and memory_factor(-0.01) == 1


@pytest.mark.parametrize("moves, memory", [(0, 1.0), (20, 0.0)])
def test_memory_is_one_without_a_move_and_zero_after_many(moves, memory):
    """Exact draws of the prior, the lower half dies; 4 standard errors of 2000 walkers (variance 8 or 1 each)."""
    posterior = TARGETS["gaussian"](2).posterior
    z = posterior.prior.sample_unconstrained(jax.random.key(0), (2000,))
    value = jax.vmap(posterior.log_likelihood_unconstrained)(z)
    live = StateWithLogLikelihood(z, jax.vmap(posterior.log_prior_unconstrained)(z), value, value)
    walk = _walk(posterior, moves, 2000)
    floor, factor = jnp.median(value), jnp.linalg.cholesky(jnp.cov(z.T))
    _, walked = jax.jit(lambda key: walk(key, SimpleNamespace(particles=live), floor, factor))(
        jax.random.key(1)
    )
    assert walked.memory / 2000 == pytest.approx(memory, abs=4 * np.sqrt((8 if memory else 1) / 2000))
