"""How single points are timed: the shortest mean time of many calls, on one core."""

import os
import time
from collections.abc import Callable

import jax

__all__ = ["best", "on_one_core"]


def best(function: Callable, *arguments, repeat: int = 15, number: int = 100) -> float:
    """Shortest mean time of a call, in seconds."""
    jax.block_until_ready(function(*arguments))
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        for _ in range(number):
            result = function(*arguments)
        jax.block_until_ready(result)
        times.append((time.perf_counter() - begin) / number)
    return min(times)


def on_one_core() -> None:
    """Keep this process on one core; to be called before JAX counts them."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
