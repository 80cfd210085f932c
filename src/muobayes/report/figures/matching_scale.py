"""2 Delta log L of one point against the matching scale, at tree level and at one loop."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..style import BLUE, GREY, INK, PAGE_IN, RED, styled

__all__ = ["matching_scale_figure"]

_COLUMNS = 3
_LINES = (
    {"color": RED, "ls": "--", "lw": 1.4},
    {"color": BLUE, "ls": "-", "lw": 1.7},
    {"color": GREY, "ls": ":", "lw": 1.6},
)
_TICKS = {0.5: "1/2", 1.0: "1", 2.0: "2"}
_LEAST_SPAN = 0.2  # of an axis, in 2 Delta log L


@styled
def matching_scale_figure(gains: Mapping[str, xr.DataArray], reference: float) -> Figure:
    """One panel for each group of data; above it, the range over the scale with the first and the second case.

    Parameters
    ----------
    gains : mapping
        Title of a panel -> 2 Delta log L with the dimensions case and mu (GeV).
    reference : float
        The scale (GeV) at which the couplings are given.
    """
    rows = -(-(len(gains) + 1) // _COLUMNS)
    figure = Figure(figsize=(PAGE_IN, 2.0 * rows + 0.3), layout="constrained")
    axes = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axis, (title, panel) in zip(axes, gains.items()):
        curves = [panel.sel(case=case).values for case in panel.case.values]
        for case, curve, line in zip(panel.case.values, curves, _LINES):
            axis.plot(panel.mu / reference, curve, label=str(case), **line)
        axis.axvline(1, color=INK, lw=0.5, alpha=0.4, zorder=0)
        low, high = axis.get_ylim()
        missing = max(0.0, _LEAST_SPAN - (high - low)) / 2
        axis.set_ylim(low - missing, high + missing)
        tree, loop = (float(np.ptp(curve)) for curve in curves[:2])
        axis.set_title(rf"{title}:  {tree:.2g} $\to$ {loop:.2g}", fontsize=10)
        axis.set_xscale("log")
        axis.set_xticks(list(_TICKS), list(_TICKS.values()))
        axis.set_xticks([], minor=True)
        axis.set_xlim(float(panel.mu[0]) / reference, float(panel.mu[-1]) / reference)
    handles, labels = axes[0].get_legend_handles_labels()
    for axis in axes[len(gains) :]:
        axis.axis("off")
    axes[-1].legend(
        handles, labels, loc="center", title="range:  tree level $\\to$ one loop\n", title_fontsize=9
    )
    figure.supxlabel(rf"$\mu_M\,/\,M$  ($M$ = {reference / 1e3:g} TeV)", fontsize=11)
    figure.supylabel(r"$2\,\Delta\log L$", fontsize=11)
    return figure
