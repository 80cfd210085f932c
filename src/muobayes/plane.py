"""Log-likelihoods on a grid of two parameters, the others held at the best fit: the data behind Fig. 1."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from .inference.evaluation import evaluate
from .inference.posterior import Posterior
from .priors.spec import PriorSpec
from .runcard import RunCard

__all__ = ["default_groups", "evaluate_plane"]

_MARGIN = 0.35
_SHOWN = 4


def default_groups(terms: Mapping[str, float]) -> dict[str, tuple[str, ...]]:
    """The terms that change most between the SM and the best fit, each as a group of its own."""
    names = sorted(terms, key=lambda name: -abs(terms[name]))
    return {name: (name,) for name in names[:_SHOWN]}


def evaluate_plane(
    posterior: Posterior,
    card: RunCard,
    best: Mapping[str, float],
    draws: Mapping[str, np.ndarray],
    groups: Mapping[str, tuple[str, ...]],
) -> xr.Dataset:
    """Log-likelihood of each group of terms, and of all terms, on the grid that the plane asks for.

    Parameters
    ----------
    posterior : Posterior
        Its terms are evaluated.
    card : RunCard
        With the plane: axes, ranges, number of points. Without a range an axis covers the draws and the SM.
    best : mapping
        Value of every sampled parameter at the best fit, in GeV or dimensionless.
    draws : mapping
        Draws of the two parameters, for the ranges.
    groups : mapping
        What is shown -> names of terms.

    Returns
    -------
    Dataset
        ``log_likelihood`` (group, y, x) and ``total`` (y, x); attributes ``x`` and ``y`` name the parameters.
    """
    plane, names = card.plane, posterior.prior.names
    assert plane is not None
    x, y = (
        np.linspace(*(given or _range(draws[name], card.priors_of[name])), plane.points)
        for name, given in ((plane.x, plane.x_range), (plane.y, plane.y_range))
    )
    points = np.tile([best[name] for name in names], (y.size * x.size, 1))
    points[:, names.index(plane.x)] = np.tile(x, y.size)
    points[:, names.index(plane.y)] = np.repeat(y, x.size)
    found = evaluate(posterior, points)
    terms = {name: values.reshape(y.size, x.size) for name, values in found.terms.items()}
    nothing = np.zeros((y.size, x.size))
    stacked = np.stack([sum((terms[t] for t in members), nothing) for members in groups.values()])
    return xr.Dataset(
        {
            "log_likelihood": (("group", "y", "x"), stacked),
            "total": (("y", "x"), sum(terms.values(), nothing)),
        },
        coords={"group": list(groups), "x": x, "y": y},
        attrs={"x": plane.x, "y": plane.y},
    )


def _range(values: np.ndarray, prior: PriorSpec) -> tuple[float, float]:
    """All but the outermost draws with a margin, and the SM if the prior contains it."""
    low, high = np.quantile(values, (0.001, 0.999))
    if prior.type != "lognormal" and _inside(0.0, prior):
        low, high = min(low, 0.0), max(high, 0.0)
    margin = _MARGIN * (high - low)
    return float(low - margin), float(high + margin)


def _inside(value: float, prior: PriorSpec) -> bool:
    low, high = getattr(prior, "low", None), getattr(prior, "high", None)
    return (low is None or low <= value) and (high is None or value <= high)
