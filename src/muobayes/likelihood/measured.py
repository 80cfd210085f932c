"""Densities of measurements as data: moments, marginals, and tables as curves. No JAX here.

Every density is stated relative to its maximum. Tables are cut where they are negligible and continued by a parabola in
log L that matches value and slope; `muobayes.likelihood.densities` evaluates them.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

DEEPEST = 18.0  # tables are cut where log L is this far below its maximum (six sigma); a parabola goes on


def _tail(x: np.ndarray, log_y: np.ndarray, end: int, width: float) -> tuple[float, float, float]:
    """Value, slope and curvature at an end; the slope points down outwards, the curvature is that of the width."""
    inner = 1 if end == 0 else -2
    slope = (log_y[end] - log_y[inner]) / (x[end] - x[inner])
    outward = max(slope, 0.0) if end == 0 else min(slope, 0.0)
    return float(log_y[end]), float(outward), -0.5 / width**2


def table(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> dict[str, Any]:
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
        "standard_deviation": limit / float(ndtri(0.5 + confidence / 2)),
    }
