"""Probability densities of single measurements, as log-likelihoods that are smooth and finite everywhere.

Every density is stated relative to its maximum, so that log L = 0 where a prediction agrees best (for Gaussians this is
the usual -chi^2/2). Densities with a hard end (tables, and limits on quantities that cannot be negative) are continued
beyond it by a parabola that matches value and slope, because a sampler may go anywhere; nothing changes inside.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Curves(eqx.Module):
    """Densities given as tables: log of the linear interpolation inside, parabolas outside.

    The abscissae are standardised per curve, so that one search serves all.
    """

    x: Float[Array, "n k"]
    y: Float[Array, "n k"]
    low: Float[Array, "n 3"]  # value, slope, curvature of log L at the lower end
    high: Float[Array, "n 3"]

    def __call__(self, prediction: Float[Array, " n"]) -> Float[Array, " n"]:
        """log L of each curve at its prediction."""

        def one(x, y, low, high, p):
            inside = jnp.clip(p, x[0], x[-1])
            i = jnp.clip(jnp.searchsorted(x, inside, side="right") - 1, 0, x.shape[0] - 2)
            t = (inside - x[i]) / (x[i + 1] - x[i])
            value = jnp.log(y[i] + t * (y[i + 1] - y[i]))
            below, above = jnp.minimum(p - x[0], 0.0), jnp.maximum(p - x[-1], 0.0)
            return value + below * (low[1] + below * low[2]) + above * (high[1] + above * high[2])

        return jax.vmap(one)(self.x, self.y, self.low, self.high, prediction)


def stack_curves(curves: Sequence[Mapping[str, Any]]) -> Curves:
    """Several curves as arrays; short tables are padded by refining their last interval."""
    length = max((len(c["x"]) for c in curves), default=2)
    x, y = np.zeros((len(curves), length)), np.ones((len(curves), length))
    for i, c in enumerate(curves):
        n = len(c["x"])
        extra = np.linspace(0, 1, length - n + 2)[1:]
        x[i] = np.concatenate([c["x"][:-1], c["x"][-2] + extra * (c["x"][-1] - c["x"][-2])])
        y[i] = np.concatenate([c["y"][:-1], c["y"][-2] + extra * (c["y"][-1] - c["y"][-2])])
    ends = [np.array([c[end] for c in curves]).reshape(len(curves), 3) for end in ("low", "high")]
    return Curves(*(jnp.array(a) for a in (x, y, *ends)))


class SplitNormals(eqx.Module):
    """Two-sided Gaussians: AsymmetricNormal, and HalfNormal limits with a steep side below their end."""

    center: Float[Array, " n"]
    left: Float[Array, " n"]
    right: Float[Array, " n"]

    def __call__(self, prediction: Float[Array, " n"]) -> Float[Array, " n"]:
        """log L of each density at its prediction."""
        distance = prediction - self.center
        return -0.5 * (distance / jnp.where(distance < 0, self.left, self.right)) ** 2
