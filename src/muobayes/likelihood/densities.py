"""Probability densities of single measurements, as log-likelihoods that are smooth and finite everywhere.

Every density is stated relative to its maximum, so that log L = 0 where a prediction agrees best (for Gaussians this is
the usual -chi^2/2). Densities with a hard end (tables, and limits on quantities that cannot be negative) are continued
beyond it by a parabola that matches value and slope, because a sampler may go anywhere; nothing changes inside.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.stats import norm

DEEPEST = 18.0  # tables are cut where log L is this far below its maximum (six sigma); a parabola goes on


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


def _tail(x: np.ndarray, log_y: np.ndarray, end: int, width: float) -> tuple[float, float, float]:
    """Value, slope and curvature at an end; the slope points down outwards, the curvature is that of the width."""
    inner = 1 if end == 0 else -2
    slope = (log_y[end] - log_y[inner]) / (x[end] - x[inner])
    outward = max(slope, 0.0) if end == 0 else min(slope, 0.0)
    return float(log_y[end]), float(outward), -0.5 / width**2


def table(x: Sequence[float], y: Sequence[float]) -> dict[str, Any]:
    """A curve from a tabulated density, cut to where it is not negligible."""
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    ys = ys / ys.max()
    keep = np.flatnonzero(ys > np.exp(-DEEPEST))
    xs, ys = xs[keep[0] : keep[-1] + 1], np.maximum(ys[keep[0] : keep[-1] + 1], np.exp(-DEEPEST))
    above = xs[ys > np.exp(-0.5)]
    width = max(float(above[-1] - above[0]) / 2, 1e-3 * float(xs[-1] - xs[0]))
    log_y = np.log(ys)
    return {"x": xs, "y": ys, "low": _tail(xs, log_y, 0, width), "high": _tail(xs, log_y, -1, width)}


def gamma_table(a: float, loc: float, scale: float, points: int = 400) -> dict[str, Any]:
    """A curve for a gamma density on positive values (arXiv:1810.08132, flavio's limits from counting)."""
    deepest = loc + scale * (a - 1 + np.sqrt(2 * DEEPEST * max(a - 1, 0.5)) + 2 * DEEPEST)
    x = np.linspace(max(loc, 0.0), deepest, points)
    u = np.maximum((x - loc) / scale, 1e-12)
    log_y = (a - 1) * np.log(u) - u
    return table(x, np.exp(log_y - log_y.max()))


def curve(density: Mapping[str, Any]) -> dict[str, Any]:
    """The curve of a density of type Numerical or GammaPositive."""
    if density["type"] == "Numerical":
        return table(density["x"], density["y"])
    return gamma_table(density["a"], density["loc"], density["scale"])


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


def split_normal(density: Mapping[str, Any]) -> tuple[float, float, float]:
    """Centre, left and right width of an AsymmetricNormal or HalfNormal density.

    A half-normal limit is zero below its centre, where no rate can be; there it is continued symmetrically.
    """
    if density["type"] == "AsymmetricNormal":
        return density["central_value"], density["left_deviation"], density["right_deviation"]
    return density["central_value"], density["standard_deviation"], density["standard_deviation"]


def moments(density: Mapping[str, Any]) -> tuple[float, float]:
    """Mean and standard deviation of a one-dimensional density, exactly (tables: of the linear interpolation)."""
    match density["type"]:
        case "Normal":
            return density["central_value"], density["standard_deviation"]
        case "HalfNormal":
            sd = density["standard_deviation"]
            return density["central_value"] + sd * np.sqrt(2 / np.pi), sd * np.sqrt(1 - 2 / np.pi)
        case "AsymmetricNormal":
            right, left = density["right_deviation"], density["left_deviation"]
            shift = np.sqrt(2 / np.pi) * (right - left)
            variance = (1 - 2 / np.pi) * (right - left) ** 2 + right * left
            return density["central_value"] + shift, np.sqrt(variance)
        case "GammaPositive" | "Numerical":
            c = curve(density)
            x, y = np.asarray(c["x"]), np.asarray(c["y"])
            h, (a, b) = np.diff(x), (y[:-1], y[1:])
            mass = (h * (a + b) / 2).sum()
            mean = (h * (x[:-1] * (2 * a + b) + x[1:] * (a + 2 * b)) / 6).sum() / mass
            u, v = x[:-1] - mean, x[1:] - mean
            second = (h * (u**2 * (3 * a + b) + 2 * u * v * (a + b) + v**2 * (a + 3 * b)) / 12).sum() / mass
            return float(mean), float(np.sqrt(second))
    raise ValueError(f"no moments for a density of type {density['type']!r}")


def marginal(density: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """The density of some of its observables, the others integrated over."""
    keep = [i for i, o in enumerate(density["observables"]) if o in wanted]
    d = dict(density) | {"observables": [density["observables"][i] for i in keep]}
    if d["type"] != "MultivariateNormal" or len(keep) == len(density["observables"]):
        return d
    mean = np.array(density["central_value"])[keep]
    covariance = np.array(density["covariance"])[np.ix_(keep, keep)]
    if len(keep) == 1:
        return {
            "type": "Normal",
            "observables": d["observables"],
            "central_value": float(mean[0]),
            "standard_deviation": float(np.sqrt(covariance[0, 0])),
        }
    return d | {"central_value": mean.tolist(), "covariance": covariance.tolist()}


def gaussian_upper_limit(limit: float, confidence: float) -> dict[str, Any]:
    """A half-normal density whose quantile at the confidence level is the limit."""
    return {
        "type": "HalfNormal",
        "central_value": 0.0,
        "standard_deviation": limit / float(norm.ppf(0.5 + confidence / 2)),
    }
