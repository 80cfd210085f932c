"""How many separate modes a posterior has, and what each of them weighs, by two samplers.

Modes are separated by valleys in the marginal distribution of a parameter, on a scale on which its prior is flat (or
Gaussian): the share of the posterior in a bin is far below that of the highest bins on either side, by more than the
Monte Carlo error, and both sides hold a sizeable part. The posterior is divided in the middle of the deepest valley, and
each part is looked at anew.
The division is a property of the posterior, written down as ends of parameters, so that any two samples of it can be
weighed by the same. Modes that no single parameter tells apart count as one.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import arviz as az
import numpy as np
from jaxtyping import Bool, Float

from ..priors.distributions import PriorSet

__all__ = ["Mode", "weigh_modes"]

_VALLEY = 0.3  # a valley is deep if a bin holds less than this part of the lower one of both peaks
_SMALL = 0.05  # what holds less of the posterior is no mode
_BINS = (10, 50)  # fewest and most
_PER_BIN = 25  # independent draws that a bin should hold on average, or chance would dig valleys


class Mode(NamedTuple):
    """A mode of a posterior.

    Attributes
    ----------
    ends : dict of str to (float or None, float or None)
        Where it begins and ends, for each parameter that divides modes; None is infinity, and on a circle it may begin
        above its end.
    median : dict of str to float
        Of each sampled parameter among the draws of the mode.
    weight, error : float
        Part of the posterior by NUTS, and its Monte Carlo error; half of what lies in the middle bin of each valley is
        added in quadrature, because the middle is known to about one bin.
    nested_weight, nested_error : float
        The same by nested sampling.
    """

    ends: dict[str, tuple[float | None, float | None]]
    median: dict[str, float]
    weight: float
    error: float
    nested_weight: float
    nested_error: float


class _Axis(NamedTuple):
    """A parameter on the scale on which its prior is flat; a circle is cut where it is emptiest."""

    low: float
    high: float
    logarithmic: bool
    cut: float | None

    def lay_out(self, x: np.ndarray) -> np.ndarray:
        if self.cut is not None:
            return np.mod(x - self.cut, self.high - self.low)
        return np.log(x) if self.logarithmic else x

    def value(self, y: float) -> float:
        if self.cut is not None:
            return float(self.low + np.mod(y + self.cut - self.low, self.high - self.low))
        return float(np.exp(y)) if self.logarithmic else float(y)


class _Part(NamedTuple):
    """Part of the posterior: which draws, its ends along the axes, and what lies in the bins of its valleys."""

    inside: np.ndarray
    ends: Mapping[int, tuple[float, float]]
    blurred: float


class _Valley(NamedTuple):
    depth: float
    axis: int
    at: float
    share: float


def weigh_modes(
    prior: PriorSet,
    x: Float[np.ndarray, "chains draws n"],
    nested_x: Float[np.ndarray, "m n"],
    nested_log_weight: Float[np.ndarray, " m"],
    nested_drift: float,
) -> list[Mode]:
    """The modes with their weights, the heaviest first.

    Parameters
    ----------
    prior : PriorSet
    x : (chains, draws, n)
        Draws of NUTS, folded by the sign symmetries.
    nested_x, nested_log_weight : (m, n), (m,)
        Points of nested sampling, folded alike (`fold_signs`), and their normalised weights.
    nested_drift : float
        `NestedResult.drift`.
    """
    axes = _axes(prior, x)
    y, nested_y = _laid_out(axes, x), _laid_out(axes, nested_x)
    weight = np.exp(nested_log_weight)
    variance = np.sum(weight**2) + nested_drift
    found = []
    for part in _divided(y, _Part(np.ones(x.shape[:2], bool), {}, 0.0)):
        of_points = np.ones(len(nested_y), bool)
        for i, (low, high) in part.ends.items():
            of_points &= (nested_y[:, i] >= low) & (nested_y[:, i] < high)
        nested = float(weight[of_points].sum())
        found.append(
            Mode(
                ends={prior.names[i]: _ends(axes[i], *ends) for i, ends in part.ends.items()},
                median={n: float(v) for n, v in zip(prior.names, np.median(x[part.inside], axis=0))},
                weight=float(part.inside.mean()),
                error=float(np.hypot(_error(part.inside), part.blurred)),
                nested_weight=nested,
                nested_error=float(np.hypot(np.sqrt(max(nested * (1 - nested), 0) * variance), part.blurred)),
            )
        )
    return sorted(found, key=lambda m: -m.weight)


def _axes(prior: PriorSet, x: np.ndarray) -> list[_Axis]:
    axes = []
    for i, ((low, high), turn, logarithmic) in enumerate(zip(prior.bounds, prior.turns, prior.logarithmic)):
        cut = None
        if turn is not None:
            count, edges = np.histogram(x[..., i], _BINS[1], (low, high))
            cut = float(edges[np.argmin(count)] + turn / _BINS[1] / 2)
        axes.append(_Axis(low, high, logarithmic, cut))
    return axes


def _laid_out(axes: list[_Axis], x: np.ndarray) -> np.ndarray:
    return np.stack([axis.lay_out(x[..., i]) for i, axis in enumerate(axes)], axis=-1)


def _ends(axis: _Axis, low: float, high: float) -> tuple[float | None, float | None]:
    if axis.cut is not None:
        return axis.value(max(low, 0.0)), axis.value(min(high, axis.high - axis.low))
    ends = (
        axis.value(low) if np.isfinite(low) else axis.low,
        axis.value(high) if np.isfinite(high) else axis.high,
    )
    return ends[0] if np.isfinite(ends[0]) else None, ends[1] if np.isfinite(ends[1]) else None


def _error(inside: Bool[np.ndarray, "chains draws"]) -> float:
    """Monte Carlo error of a share, with the autocorrelation of belonging to it."""
    if inside.all() or not inside.any():
        return 0.0
    return float(az.mcse(inside.astype(float)))


def _divided(y: np.ndarray, part: _Part) -> Iterator[_Part]:
    """The modes within a part."""
    valleys = [v for axis in range(y.shape[-1]) if (v := _deepest(y[..., axis], part.inside, axis))]
    if not valleys:
        yield part
        return
    valley = min(valleys)
    low, high = part.ends.get(valley.axis, (-np.inf, np.inf))
    below = y[..., valley.axis] < valley.at
    for side, ends in ((below, (low, valley.at)), (~below, (valley.at, high))):
        blurred = float(np.hypot(part.blurred, valley.share / 2))
        yield from _divided(y, _Part(part.inside & side, {**part.ends, valley.axis: ends}, blurred))


def _deepest(y: np.ndarray, inside: np.ndarray, axis: int) -> _Valley | None:
    """The deepest valley of a part along one axis, if there is a deep one."""
    low, high = np.quantile(y[inside], [0.01, 0.99])
    independent = min(float(az.ess(y)), y.size)
    bins = int(np.clip(independent * inside.mean() / _PER_BIN, *_BINS))
    edges = np.linspace(low, high, bins + 1)
    place = np.where(inside, np.clip(np.searchsorted(edges, y, side="right") - 1, 0, bins - 1), -1)
    share = np.array([(place == b).mean() for b in range(bins)])
    below = np.cumsum(share) - share / 2
    # What one more independent draw would change is the error of an empty bin. Both a valley and a peak may be chance.
    error = np.array([max(_error(place == b), 1 / independent) for b in range(bins)])
    sure = np.maximum(share - 2 * error, 1 / independent)
    peaks = np.minimum(np.maximum.accumulate(sure), np.maximum.accumulate(sure[::-1])[::-1])
    sizeable = np.minimum(below, share.sum() - below) > _SMALL
    depth = np.where(sizeable, (share + 2 * error) / peaks, np.inf)
    depth[depth > _VALLEY] = np.inf
    if not np.isfinite(depth).any():
        return None
    # The steep sides of a valley are known better than the deepest point of its flat bottom.
    begin = end = int(np.argmin(depth))
    while depth[begin - 1] < np.inf:
        begin -= 1
    while depth[end + 1] < np.inf:
        end += 1
    return _Valley(
        float(depth.min()), axis, float(edges[begin] + edges[end + 1]) / 2, float(share[(begin + end) // 2])
    )
