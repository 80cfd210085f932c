"""The corner plot: every marginal of the posterior in one and two dimensions."""

from collections.abc import Mapping

import corner
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..numbers import MINUS, ranged
from ..style import BLUE, PAGE_IN, RED, styled

__all__ = ["corner_figure"]

_LEVELS = (1 - np.exp(-0.5), 1 - np.exp(-2.0))
"""Probability inside the 1 and 2 sigma regions of a two-dimensional Gaussian."""

_NAMED = 4
"""With so many parameters at most the titles have names."""

_MANY = 8
"""With more parameters the labels are smaller and the figure larger."""


@styled
def corner_figure(
    draws: Mapping[str, np.ndarray],
    labels: Mapping[str, str],
    best: Mapping[str, float] | None = None,
) -> Figure:
    """Marginals with 1 and 2 sigma regions, and the medians with their 68 % intervals.

    Parameters
    ----------
    draws : mapping
        Name -> (n,) equally weighted draws, in units of the labels.
    labels : mapping
        Name -> how it is typeset.
    best : mapping, optional
        Best fit, marked by a star.
    """
    names = list(draws)
    data = np.column_stack([np.asarray(draws[name], dtype=float).ravel() for name in names])
    many = len(names) > _MANY
    side = min(max(PAGE_IN + 2, 1.1 * len(names)), 1.5 + 1.35 * len(names))
    figure = Figure(figsize=(side, side))
    corner.corner(
        data,
        fig=figure,
        bins=40,
        labels=[labels[name] for name in names],
        range=[_span(column) for column in data.T],
        levels=_LEVELS,
        smooth=1.0,
        smooth1d=1.0,
        color=BLUE,
        plot_datapoints=False,
        plot_density=False,
        fill_contours=True,
        no_fill_contours=False,
        contour_kwargs={"linewidths": 0.9},
        hist_kwargs={"linewidth": 1.2},
        label_kwargs={"fontsize": 9 if many else 11},
        max_n_ticks=3 if many else 4,
        labelpad=0.12 if many else 0.02,
        use_math_text=True,
    )
    axes = np.array(figure.axes).reshape(len(names), len(names))
    for i, name in enumerate(names):
        # beside many others a title is as wide as a panel; what it is stands below
        _annotate(axes[i, i], data[:, i], labels[name] if len(names) <= _NAMED else "")
        for j in range(i):
            if best is not None:
                axes[i, j].plot(best[names[j]], best[name], "*", color=RED, ms=9, mec="white", mew=0.5)
        if best is not None:
            axes[i, i].axvline(best[name], color=RED, lw=0.9)
    if best is not None:
        star = Line2D([], [], color=RED, marker="*", ls="", ms=9, mec="white", label="best fit")
        figure.legend(handles=[star], loc="upper right", fontsize=11)
    return figure


def _span(values: np.ndarray) -> tuple[float, float]:
    """Where a marginal is worth showing: 99.8 % of the draws and a little room."""
    low, high = np.quantile(values, (0.001, 0.999))
    room = 0.08 * (high - low) or abs(low) * 1e-3 or 1e-3
    return low - room, high + room


def _annotate(axis, values: np.ndarray, label: str) -> None:
    low, median, high = np.quantile(values, (0.16, 0.5, 0.84))
    for edge in (low, high):
        axis.axvline(edge, color=BLUE, lw=0.7, ls=":")
    found = ranged(median, high - median, median - low)
    power = rf"\times10^{{{found.exponent}}}" if found.exponent else ""
    text = f"{found.value}^{{+{found.up}}}_{{-{found.down}}}{power}".replace(MINUS, "-")
    axis.set_title(f"{label} $= {text}$" if label else f"${text}$", fontsize=10, pad=6)
