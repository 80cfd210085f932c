"""Times of the likelihood of the S1+S3 model, next to smelli's for the same observables.

Single points are timed on one core, in a process of its own that never sees another one; batches on all cores.
"""

import json
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _timing import best, on_one_core

SMELLI_SECONDS = 8.5
"""One pass of flavio over the 568 observables of smelli 2.4.3 on one core of the machine of the other numbers (SM point,
without running; `python -c "import smelli; ..."`), a lower bound for one likelihood point."""


CASES = (("paper2021", "sm"), ("current", "sm"), ("current", "varying"))
"""Data set, and the theory covariance: the SM's, or moving with the point."""


def _posterior(dataset: str, theory_covariance: str) -> Any:
    from muobayes.models import build
    from muobayes.runcard import RunCard

    return build(
        RunCard.load("runs/fig1.yaml", dataset=dataset, likelihood={"theory_covariance": theory_covariance})
    )


def single_points(dataset: str, theory_covariance: str) -> dict[str, float]:
    """Seconds for log L, and for log L with its gradient, at one point of (eta33L, eta13L)."""
    posterior, x = _posterior(dataset, theory_covariance), jnp.array([0.4, 0.12])
    return {
        "value": best(jax.jit(posterior.log_likelihood), x, number=200),
        "gradient": best(jax.jit(jax.value_and_grad(posterior.log_likelihood)), x, number=200),
    }


def _on_one_core(*case: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, *case], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def benchmarks() -> list[dict]:
    """Value, gradient and throughput of log L from the parameters of the model."""
    rows = []
    for case in CASES:
        dataset, theory_covariance = case
        label = dataset if theory_covariance == "sm" else f"{dataset}, {theory_covariance} theory covariance"
        single = _on_one_core(*case)
        value, gradient = single["value"], single["gradient"]
        posterior = _posterior(*case)
        batch = jnp.asarray(np.random.default_rng(1).normal(0.3, 0.1, (1000, posterior.prior.size)))
        vmapped = best(jax.jit(jax.vmap(posterior.log_likelihood)), batch, repeat=7, number=3)
        rows += [
            {"name": f"log L, {label}", "value": 1e3 * value, "unit": "ms", "ratio": SMELLI_SECONDS / value},
            {"name": f"log L with gradient, {label}", "value": 1e3 * gradient, "unit": "ms", "ratio": None},
            {"name": f"log L by vmap, {label}", "value": 1000 / vmapped, "unit": "points/s", "ratio": None},
        ]
    return rows


if __name__ == "__main__":
    on_one_core()
    import muobayes  # noqa: F401  (sets 64-bit numbers before JAX starts)

    print(json.dumps(single_points(*sys.argv[1:])))
