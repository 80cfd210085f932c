"""Times of the likelihood of the S1+S3 model, next to smelli's for the same observables."""

import time

import jax
import jax.numpy as jnp
import numpy as np

SMELLI_SECONDS = 8.5
"""One pass of flavio over the 568 observables of smelli 2.4.3 on one core of the machine of the other numbers (SM point,
without running; `python -c "import smelli; ..."`), a lower bound for one likelihood point."""


def _best(function, argument, repeat: int, number: int) -> float:
    jax.block_until_ready(function(argument))
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        for _ in range(number):
            result = function(argument)
        jax.block_until_ready(result)
        times.append((time.perf_counter() - begin) / number)
    return min(times)


def benchmarks() -> list[dict]:
    """Value, gradient and throughput of log L from the parameters of the model."""
    from muobayes.models import build
    from muobayes.runcard import RunCard

    rows = []
    for dataset in ("paper2021", "current"):
        card = RunCard.load("runs/fig1.yaml", dataset=dataset)
        posterior = build(card)
        x = jnp.array([0.4, 0.12])[: len(posterior.prior.names)]
        batch = jnp.asarray(np.random.default_rng(1).normal(0.3, 0.1, (1000, x.shape[0])))
        value = _best(jax.jit(posterior.log_likelihood), x, 7, 200)
        gradient = _best(jax.jit(jax.value_and_grad(posterior.log_likelihood)), x, 7, 200)
        vmapped = _best(jax.jit(jax.vmap(posterior.log_likelihood)), batch, 7, 3)
        rows += [
            {"name": f"log L, {dataset}", "value": 1e3 * value, "unit": "ms", "ratio": SMELLI_SECONDS / value},
            {"name": f"log L with gradient, {dataset}", "value": 1e3 * gradient, "unit": "ms", "ratio": None},
            {"name": f"log L by vmap, {dataset}", "value": 1000 / vmapped, "unit": "points/s", "ratio": None},
        ]
    return rows
