"""Times of the flow to the Planck scale, full model; each is the best of several repetitions."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from muobayes.running.flow import flow, running_model
from muobayes.running.start import benchmark_start


def _best(call, repetitions: int) -> float:
    jax.block_until_ready(call())
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - begin)
    return min(times)


def benchmarks() -> list[dict]:
    """Forward, gradient and batch; `ratio` is the time over the goal of the project."""
    model = running_model("full")
    start = benchmark_start(model)
    spread = np.random.default_rng(1).normal(size=(1000, len(start)))
    many = start * (1 + 0.02 * spread)

    forward = jax.jit(lambda x: flow(model, x, 3000.0).ln_mu_end)
    gradient = jax.jit(jax.grad(lambda x: (lambda r: r.ln_mu_end + r.end.sum())(flow(model, x, 3000.0))))
    batch = jax.jit(jax.vmap(lambda x: flow(model, x, 3000.0).ln_mu_end))
    rows = [
        ("flow to the Planck scale", _best(lambda: forward(start), 100) * 1e3, "ms", 1.5),
        ("flow with gradient", _best(lambda: gradient(start), 50) * 1e3, "ms", 5.0),
        ("1000 flows by vmap", _best(lambda: batch(jnp.asarray(many)), 5), "s", 0.7),
    ]
    return [{"name": n, "value": v, "unit": u, "ratio": v / goal} for n, v, u, goal in rows]
