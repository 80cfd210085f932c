"""How long one point of all light-X terms takes: value, and value with gradient."""

import time
from collections.abc import Callable

import muobayes  # noqa: F401  (sets 64-bit numbers before JAX starts)

import jax  # isort: skip
import jax.numpy as jnp

from muobayes.likelihood.light_x.couplings import known_charges, x_point
from muobayes.likelihood.light_x.terms import light_x

TARGET_VALUE_MS, TARGET_GRADIENT_MS = 0.3, 1.0


def _milliseconds(call: Callable[[], object], repeat: int = 200, rounds: int = 5) -> float:
    """Least mean time of a call over some rounds: what the machine can do when it is not busy elsewhere."""
    jax.block_until_ready(call())
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeat):
            jax.block_until_ready(call())
        best = min(best, (time.perf_counter() - start) / repeat)
    return 1e3 * best


def benchmarks() -> list[dict]:
    """Milliseconds of the set `full` with the package's own tables, and the ratio to the target."""
    charges = known_charges("b-3lmu")
    likelihood = light_x(charges, "full")

    def log_likelihood(x: jax.Array) -> jax.Array:
        return likelihood.log_likelihood(x_point(charges, x[0], x[1], x[2]))

    x = jnp.array([0.02, 1.8e-4, 1.8e-5])
    value, gradient = jax.jit(log_likelihood), jax.jit(jax.value_and_grad(log_likelihood))
    result = []
    for name, function, target in (
        ("light X, all terms: value", value, TARGET_VALUE_MS),
        ("light X, all terms: value and gradient", gradient, TARGET_GRADIENT_MS),
    ):
        ms = _milliseconds(lambda function=function: function(x))
        result.append({"name": name, "value": ms, "unit": "ms", "ratio": ms / target})
    return result


if __name__ == "__main__":
    for entry in benchmarks():
        print(
            f"{entry['name']:45s} {entry['value']:8.3f} {entry['unit']}  ({entry['ratio']:.2f} of the target)"
        )
