"""How long one point of the matching takes, next to the only other Python dictionary of one-loop results."""

import time
from collections.abc import Callable
from statistics import median

import muobayes  # noqa: F401  (sets 64-bit numbers before JAX starts)

import jax  # isort: skip
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from muobayes.matching import S1, S1S3, S3, SMParameters, matching
from muobayes.smeft.basis import coefficients


def _seconds(call: Callable[[], object], repeat: int) -> float:
    call()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - start)
    return median(times)


def _point() -> tuple[S1S3, SMParameters]:
    rng = np.random.default_rng(1)

    def matrix(size: float = 0.5) -> jax.Array:
        return jnp.asarray(size * (rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))))

    number = jnp.asarray
    s1 = S1(number(3000.0), matrix(), matrix(), number(0.3))
    s3 = S3(number(2500.0), matrix(), number(0.2), number(-0.1))
    sm = SMParameters(*map(number, (0.62, 0.36, 1.05, 0.26)), matrix(0.3), matrix(0.1), matrix(0.1))
    return S1S3(s1, s3, number(0.2 + 0.1j)), sm


def _lsme_seconds() -> float | None:
    """One point of S1 with lsme (`make setup-crosscheck`): the same coefficients, one after the other."""
    try:
        from lsme.numeric.Granadaomega1_matching import Granadaomega1MatchingResult
    except ImportError:
        return None
    point = Granadaomega1MatchingResult()
    start = time.perf_counter()
    for name in coefficients():
        point._get_wc_in_wcxf(name)
    return time.perf_counter() - start


def benchmarks() -> list[dict]:
    """Times per point; the ratio is to the project's limit, or lsme's time over ours, where lsme is installed."""
    pair, sm = _point()
    mu = jnp.asarray(2800.0)
    flat, restore = ravel_pytree(jax.tree.map(lambda x: jnp.stack([x.real, x.imag]), pair))

    def couplings(vector: jax.Array) -> S1S3:
        parts = restore(vector)
        return jax.tree.map(lambda p, x: p[0] + 1j * p[1] if jnp.iscomplexobj(x) else p[0], parts, pair)

    results = []
    cases = {"S1+S3, all flavours": ((1, 2, 3), 1e-3, 4e-3), "S1+S3, muons only": ((2,), 0.15e-3, 4e-3)}
    for label, (leptons, value_limit, gradient_limit) in cases.items():
        prepared = matching("s1+s3", leptons=leptons)
        value = jax.jit(prepared)
        gradient = jax.jit(jax.grad(lambda v, f=prepared: jnp.sum((1e8 * f(couplings(v), sm, mu)) ** 2)))
        for what, seconds, limit in (
            ("value", _seconds(lambda f=value: f(pair, sm, mu), 300), value_limit),
            ("gradient", _seconds(lambda f=gradient: f(flat), 300), gradient_limit),
        ):
            results.append(
                {
                    "name": f"matching {label}: {what}",
                    "value": seconds * 1e3,
                    "unit": "ms",
                    "ratio": seconds / limit,
                }
            )
    alone = jax.jit(matching("s1"))
    ours = _seconds(lambda: alone(pair.s1, sm, mu), 300)
    peer = _lsme_seconds()
    results.append(
        {"name": "matching S1 alone, all flavours: value", "value": ours * 1e3, "unit": "ms", "ratio": None}
    )
    if peer is not None:
        results.append(
            {
                "name": "matching S1 alone, by lsme (ratio: over ours)",
                "value": peer * 1e3,
                "unit": "ms",
                "ratio": peer / ours,
            }
        )
    return results


if __name__ == "__main__":
    for result in benchmarks():
        print(result)
