"""The variance of ln X in a population whose new members remember their parents: simulated, against the formula."""

import numpy as np
import pytest

from muobayes.inference.nested import memory_factor

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
