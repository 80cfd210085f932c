"""Two parameters of a fit: the regions that groups of data prefer, and that of all data together (Fig. 1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..style import BLUE, CYCLE, INK, styled

__all__ = ["DELTA_CHI2", "plane_figure"]

DELTA_CHI2 = (2.2957, 6.1801)
"""-2 Delta log L of the 1 and 2 sigma regions of two parameters: 68.27 % and 95.45 % quantiles of chi^2_2."""


@styled
def plane_figure(
    x: np.ndarray,
    y: np.ndarray,
    groups: Mapping[str, np.ndarray],
    total: np.ndarray,
    labels: tuple[str, str],
    best: tuple[float, float],
    title: str = "",
) -> Figure:
    """Regions of -2 Delta log L in a plane.

    Parameters
    ----------
    x, y : (nx,), (ny,) arrays
        Grid.
    groups : mapping
        Group of terms -> (ny, nx) log-likelihood; a region is relative to the group's own best point here.
    total : (ny, nx) array
        Log-likelihood of all terms.
    labels : (str, str)
        How the parameters are typeset.
    best : (float, float)
        Global best fit.
    title : str
        What is held fixed.
    """
    figure = Figure(figsize=(5.0, 4.6), layout="constrained")
    axis = figure.subplots()
    handles: list[Artist] = []
    colors = [color for color in CYCLE if color != BLUE]
    for (name, values), color in zip(groups.items(), colors):
        _regions(axis, x, y, values, color)
        handles.append(Patch(facecolor=(color, 0.55), edgecolor=color, label=name))
    drop = 2 * (np.max(total) - total)
    axis.contourf(x, y, drop, levels=(-np.inf, DELTA_CHI2[0]), colors=[BLUE], alpha=0.85, zorder=3)
    axis.contourf(x, y, drop, levels=(-np.inf, DELTA_CHI2[1]), colors=[BLUE], alpha=0.35, zorder=3)
    axis.contour(x, y, drop, levels=DELTA_CHI2, colors=[BLUE], linewidths=1.1, zorder=4)
    handles.append(Patch(facecolor=(BLUE, 0.8), edgecolor=BLUE, label="all data"))
    star: dict[str, Any] = {"marker": "*", "ls": "", "color": "white", "mec": INK, "mew": 0.7, "ms": 11}
    axis.plot(*best, **star, zorder=6)
    handles.append(Line2D([], [], **star, label="best fit"))
    if x[0] < 0 < x[-1] and y[0] < 0 < y[-1]:
        axis.plot(0, 0, "+", color=INK, ms=9, mew=1.1, zorder=6)
        handles.append(Line2D([], [], marker="+", ls="", color=INK, ms=9, mew=1.1, label="SM"))
    axis.set(xlabel=labels[0], ylabel=labels[1], xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    if title:
        axis.set_title(title, loc="left")
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _regions(axis: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray, color: str) -> None:
    drop = 2 * (np.max(values) - values)
    axis.contourf(x, y, drop, levels=(-np.inf, DELTA_CHI2[1]), colors=[color], alpha=0.25)
    axis.contourf(x, y, drop, levels=(-np.inf, DELTA_CHI2[0]), colors=[color], alpha=0.45)
    axis.contour(x, y, drop, levels=DELTA_CHI2, colors=[color], linewidths=(1.0, 0.6))
