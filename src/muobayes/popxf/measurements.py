"""Measurements of a term as pdfxf constraints, exactly as the likelihood uses them.

Gaussian terms take each density by its first two moments. In the other terms, densities that are not Gaussian become
tables of the density; since jelli interpolates the logarithm linearly, their nodes are as dense as an accuracy asks for.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..likelihood.dataset import Term, term_densities
from ..likelihood.measured import curve, marginal, moments, split_normal

__all__ = ["constraints"]

DEPTH = 50.0  # tables end where log L is this far below its maximum
ACCURACY = 5e-8  # of log L between the nodes of a table, relative where |log L| > 1


def constraints(term: Term, measurements: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The constraints of a term by measurement.

    Parameters
    ----------
    term : Term
        With the observables that are wanted.
    measurements : mapping
        Of the data set.

    Returns
    -------
    dict
        Name of the measurement -> pdfxf constraints. The name begins with that of the term, because jelli knows
        measurements by name, and a measurement may be shared by terms.
    """
    wanted = set(term.observables)
    counted = Counter(o for d in term_densities(term, measurements) for o in d["observables"])
    out = {}
    for name in term.measurements:
        found = [
            _constraint(marginal(d, wanted), term.kind, counted)
            for d in measurements[name]["constraints"]
            if wanted & set(d["observables"])
        ]
        if found:
            out[f"{term.name}: {name}"] = found
    return out


def _constraint(density: Mapping[str, Any], kind: str, counted: Counter[str]) -> dict[str, Any]:
    base = {"observables": list(density["observables"])}
    if density["type"] == "MultivariateNormal":
        covariance = np.array(density["covariance"])
        sd = np.sqrt(np.diag(covariance))
        return base | {
            "distribution_type": "MultivariateNormalDistribution",
            "central_value": list(density["central_value"]),
            "standard_deviation": sd.tolist(),
            "correlation": (covariance / np.outer(sd, sd)).tolist(),
        }
    if density["type"] == "Normal" or kind == "gaussian":
        mean, deviation = moments(density)
        return base | {
            "distribution_type": "NormalDistribution",
            "central_value": float(mean),
            "standard_deviation": float(deviation),
        }
    # where jelli averages measurements, its half-normal density underflows to NaN beyond 38 sigma; tables do not
    if (
        density["type"] == "HalfNormal"
        and density["central_value"] == 0
        and counted[base["observables"][0]] == 1
    ):
        return base | {
            "distribution_type": "HalfNormalDistribution",
            "central_value": 0.0,
            "standard_deviation": density["standard_deviation"],
        }
    x, y = _table(density)
    return base | {"distribution_type": "NumericalDistribution", "x": x.tolist(), "y": _rounded(y)}


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{v:.12g}") for v in values]


def _table(density: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and values of a density, down to `DEPTH`."""
    if density["type"] in ("AsymmetricNormal", "HalfNormal"):
        center, left, right = split_normal(density)
        reach = np.linspace(0, np.sqrt(2 * DEPTH), 21)
        start = np.concatenate([center - left * reach[:0:-1], center + right * reach])

        def log_density(p: np.ndarray) -> np.ndarray:
            return -0.5 * ((p - center) / np.where(p < center, left, right)) ** 2
    else:
        table = curve(density)
        x, y = np.asarray(table["x"]), np.asarray(table["y"])
        low, high = table["low"], table["high"]
        below, above = (np.linspace(0, _reach(end, s), 21)[1:] for end, s in ((low, -1), (high, 1)))
        start = np.concatenate([(x[0] - below)[::-1], x, x[-1] + above])

        def log_density(p: np.ndarray) -> np.ndarray:
            down, up = np.minimum(p - x[0], 0.0), np.maximum(p - x[-1], 0.0)
            tails = down * (low[1] + down * low[2]) + up * (high[1] + up * high[2])
            return np.log(np.interp(p, x, y)) + tails

    nodes, values = _refined(log_density, start)
    return nodes, np.exp(values)


def _reach(end: tuple[float, float, float], side: int) -> float:
    """Distance from an end of a curve at which its parabola has come down to -DEPTH."""
    value, slope, curvature = end[0], side * end[1], end[2]
    return float((slope + np.sqrt(slope**2 - 4 * curvature * (value + DEPTH))) / (-2 * curvature))


def _refined(
    function: Callable[[np.ndarray], np.ndarray], nodes: np.ndarray, rounds: int = 14
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and values; intervals are bisected until linear interpolation is accurate in their middle."""
    values = function(nodes)
    for _ in range(rounds):
        middle = (nodes[1:] + nodes[:-1]) / 2
        at_middle = function(middle)
        error = np.abs(at_middle - (values[1:] + values[:-1]) / 2)
        coarse = error > ACCURACY * np.maximum(1.0, np.abs(at_middle))
        if not coarse.any():
            break
        order = np.argsort(np.concatenate([nodes, middle[coarse]]))
        nodes = np.concatenate([nodes, middle[coarse]])[order]
        values = np.concatenate([values, at_middle[coarse]])[order]
    return nodes, values
