"""Probability densities of single measurements, as log-likelihoods that are smooth and finite everywhere.

Every density is stated relative to its maximum, so that log L = 0 where a prediction agrees best (for Gaussians this is
the usual -chi^2/2). Densities with a hard end (tables, and limits on quantities that cannot be negative) are continued
beyond it by a parabola that matches value and slope, because a sampler may go anywhere; nothing changes inside.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._kernel import separable


class Curves(eqx.Module):
    """Densities given as tables: log of the linear interpolation inside, parabolas outside.

    Intervals are found by a table of equal cells: the interval at the start of a cell, then the few knots that lie in it.

    Attributes
    ----------
    x, y : (n, k) arrays
        Knots and densities.
    low, high : (n, 3) arrays
        Value, slope and curvature of log L at the ends.
    start : (n, c) int array
        Interval at the start of each cell.
    most : int
        Largest number of knots in a cell.
    """

    x: Float[Array, "n k"]
    y: Float[Array, "n k"]
    low: Float[Array, "n 3"]
    high: Float[Array, "n 3"]
    start: Int[Array, "n c"]
    most: int = eqx.field(static=True)

    def __call__(self, prediction: Float[Array, " n"]) -> Float[Array, " n"]:
        """log L of each curve at its prediction."""
        return separable(self._log_likelihood, np.arange(self.x.shape[0]))(prediction)

    def _log_likelihood(self, prediction: Float[Array, " n"]) -> Float[Array, " n"]:
        x, y, row = self.x, self.y, np.arange(self.x.shape[0])
        first, last, cells = x[:, 0], x[:, -1], self.start.shape[1]
        inside = jnp.clip(prediction, first, last)
        cell = jnp.clip(((inside - first) / (last - first) * cells).astype(int), 0, cells - 1)
        start = self.start[row, cell]
        knots = x[row[:, None], jnp.minimum(start[:, None] + np.arange(1, self.most + 1), x.shape[1] - 1)]
        i = jnp.minimum(start + (knots <= inside[:, None]).sum(1), x.shape[1] - 2)
        left, right = x[row, i], x[row, i + 1]
        t = (inside - left) / (right - left)
        value = jnp.log(y[row, i] + t * (y[row, i + 1] - y[row, i]))
        below, above = jnp.minimum(prediction - first, 0.0), jnp.maximum(prediction - last, 0.0)
        low, high = self.low, self.high
        return value + below * (low[:, 1] + below * low[:, 2]) + above * (high[:, 1] + above * high[:, 2])


def stack_curves(curves: Sequence[Mapping[str, Any]]) -> Curves:
    """Several curves as arrays; short tables are padded by dividing their intervals."""
    length = max((len(c["x"]) for c in curves), default=2)
    x, y = np.zeros((len(curves), length)), np.ones((len(curves), length))
    for i, c in enumerate(curves):
        x[i] = _divided(np.asarray(c["x"], float), length)
        y[i] = np.interp(x[i], c["x"], c["y"])
    ends = [np.array([c[end] for c in curves]).reshape(len(curves), 3) for end in ("low", "high")]
    start, most = _cells(x)
    low, high = map(jnp.array, ends)
    return Curves(jnp.array(x), jnp.array(y), low, high, jnp.array(start), most)


def _divided(knots: np.ndarray, length: int) -> np.ndarray:
    """As many knots as wanted: wide intervals are divided equally, so that no cell gets crowded."""
    share = np.cumsum(np.diff(knots)) / (knots[-1] - knots[0]) * (length - len(knots))
    parts = np.diff(np.round(share).astype(int), prepend=0) + 1
    inner = [
        np.linspace(a, b, n, endpoint=False) for a, b, n in zip(knots[:-1], knots[1:], parts, strict=True)
    ]
    return np.append(np.concatenate(inner), knots[-1])


def _cells(x: np.ndarray) -> tuple[np.ndarray, int]:
    """The interval at the start of each of the equal cells, and the largest number of knots within one."""
    cells = 2 * x.shape[1]
    start, stop = np.zeros((2, len(x), cells), int)
    rounding = 1e-9  # a point may be counted to the neighbour of its cell
    for i, knots in enumerate(x):
        edges = np.linspace(knots[0], knots[-1], cells + 1)
        margin = rounding * (knots[-1] - knots[0])
        start[i] = np.maximum(np.searchsorted(knots, edges[:-1] - margin, side="right") - 1, 0)
        stop[i] = np.searchsorted(knots, edges[1:] + margin, side="right") - 1
    return start, int((stop - start).max(initial=0))


class SplitNormals(eqx.Module):
    """Two-sided Gaussians: AsymmetricNormal, and HalfNormal limits with a steep side below their end."""

    center: Float[Array, " n"]
    left: Float[Array, " n"]
    right: Float[Array, " n"]

    def __call__(self, prediction: Float[Array, " n"]) -> Float[Array, " n"]:
        """log L of each density at its prediction."""
        distance = prediction - self.center
        return -0.5 * (distance / jnp.where(distance < 0, self.left, self.right)) ** 2
