"""Excluded intervals of a coupling: where the yield of a recast limit exceeds one, along a ray of
couplings."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

__all__ = ["Intervals", "interval_finder"]

Intervals = list[list[tuple[float, float]]]
_ITERATIONS = 32
_GOLDEN = (5**0.5 - 1) / 2


def interval_finder(
    yields: Callable[..., Array], low: float = 1e-10, high: float = 1e3, n: int = 800
) -> Callable[..., Intervals]:
    """Make a function that finds where each of several yields exceeds one.

    Parameters
    ----------
    yields : callable
        ``yields(g, *parameters)`` with scalars gives (L,) values; compiled once for all parameters.
    low, high : float
        Range of the coupling g that is scanned, in `n` logarithmic steps.

    Returns
    -------
    callable
        ``find(*parameters)`` gives for each component the list of intervals (g_low, g_high); an end beyond
        the scanned range is 0 or infinity. Intervals narrower than a step are found as well, through their
        maximum.
    """

    def excess(log_g: Array, *parameters: Array) -> Array:
        return jnp.log(jnp.maximum(yields(jnp.exp(log_g), *parameters), 1e-300))

    grid = np.linspace(np.log(low), np.log(high), n)
    scan = jax.jit(lambda *parameters: jax.vmap(lambda x: excess(x, *parameters))(jnp.asarray(grid)))
    each = jax.jit(lambda x, i, *parameters: jax.vmap(lambda xi, ii: excess(xi, *parameters)[ii])(x, i))

    def find(*parameters: Array | float) -> Intervals:
        def at(x: np.ndarray, i: np.ndarray) -> np.ndarray:
            return np.asarray(each(jnp.asarray(x), jnp.asarray(i), *parameters))

        values = np.asarray(scan(*parameters))
        edges = list(_sign_changes(grid, values > 0)) + _hidden_intervals(grid, values, at)
        if not edges:
            roots = np.zeros(0)
        else:
            inside, outside, component = (np.array(column) for column in zip(*edges))
            for _ in range(_ITERATIONS):
                middle = 0.5 * (inside + outside)
                positive = at(middle, component) > 0
                inside, outside = np.where(positive, middle, inside), np.where(positive, outside, middle)
            roots = np.exp(0.5 * (inside + outside))
        result: Intervals = []
        for c in range(values.shape[1]):
            ends = sorted(float(root) for root, edge in zip(roots, edges) if edge[2] == c)
            ends = [0.0] * bool(values[0, c] > 0) + ends + [np.inf] * bool(values[-1, c] > 0)
            result.append(list(zip(ends[::2], ends[1::2])))
        return result

    return find


def _sign_changes(grid: np.ndarray, positive: np.ndarray):
    """(x inside, x outside, component) on both sides of every change of sign."""
    for at, c in np.argwhere(positive[1:] != positive[:-1]):
        inside, outside = (at, at + 1) if positive[at, c] else (at + 1, at)
        yield grid[inside], grid[outside], c


def _hidden_intervals(
    grid: np.ndarray, values: np.ndarray, at: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> list[tuple[float, float, int]]:
    """Edges of intervals between two grid points: both sides of a maximum that is positive off the grid."""
    inner = values[1:-1]
    peaks = np.argwhere((inner <= 0) & (inner > -1) & (inner >= values[:-2]) & (inner > values[2:]))
    if not len(peaks):
        return []
    begin, end, component = grid[peaks[:, 0]], grid[peaks[:, 0] + 2], peaks[:, 1]
    low, high = begin, end
    for _ in range(_ITERATIONS):
        a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        left = at(a, component) > at(b, component)
        low, high = np.where(left, low, a), np.where(left, b, high)
    top = 0.5 * (low + high)
    found = at(top, component) > 0
    return [
        (x, edge, int(c))
        for x, first, last, c in zip(top[found], begin[found], end[found], component[found])
        for edge in (first, last)
    ]
