"""What data say about a point: pulls of observables, and gains of terms, in the SM and at the best fit."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ..numbers import fixed
from ..style import BLUE, GREY, PAGE_IN, RED, SAND, TEAL, styled

__all__ = ["gains_figure", "pulls_figure"]


@styled
def pulls_figure(names: Sequence[str], standard_model: np.ndarray, best_fit: np.ndarray) -> Figure:
    """Pulls (prediction minus measurement, in standard deviations) of observables, the first on top.

    Parameters
    ----------
    names : sequence of str
        How the observables are typeset.
    standard_model, best_fit : (n,) arrays
        Pulls in the SM and at the best fit.
    """
    n = len(names)
    figure = Figure(figsize=(PAGE_IN, 0.9 + 0.24 * n), layout="constrained")
    axis = figure.subplots()
    rows = np.arange(n)
    for width, shade in ((2, 0.12), (1, 0.22)):
        axis.axvspan(-width, width, color=GREY, alpha=shade, lw=0)
    axis.axvline(0, color=GREY, lw=0.7)
    for row, (start, end) in enumerate(zip(standard_model, best_fit)):
        axis.annotate("", (end, row), (start, row), arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.9})
    axis.plot(standard_model, rows, "o", ms=5.5, mfc="white", mec=RED, mew=1.3, label="SM")
    axis.plot(best_fit, rows, "o", ms=5.5, color=BLUE, label="best fit")
    axis.set_yticks(rows, names)
    axis.tick_params(axis="y", which="both", left=False, right=False)
    axis.minorticks_off()
    axis.set_ylim(n - 0.4, -0.6)
    reach = max(3.2, 1.08 * float(np.max(np.abs([standard_model, best_fit]), initial=0)))
    axis.set_xlim(-reach, reach)
    axis.set_xlabel("pull (prediction $-$ measurement) / uncertainty")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


@styled
def gains_figure(
    gains: Mapping[str, Mapping[str, float]], reference: str = "the SM", title: str = ""
) -> Figure:
    """Bars of 2 Delta log L, term by term, one colour per data set (or other choice).

    Parameters
    ----------
    gains : mapping
        Data set -> {term: 2 Delta log L}; the same terms for each.
    reference : str
        What the model is compared with.
    title : str
        What is compared.
    """
    names = list(next(iter(gains.values())))
    figure = Figure(figsize=(PAGE_IN, 0.9 + 0.18 * len(names) * (1 + len(gains))), layout="constrained")
    axis = figure.subplots()
    height = 0.8 / len(gains)
    for i, ((label, values), color) in enumerate(zip(gains.items(), (BLUE, SAND, TEAL))):
        rows = np.arange(len(names)) + height * (i + 0.5) - 0.4
        lengths = np.array([values[name] for name in names])
        axis.barh(rows, lengths, height=0.92 * height, color=color, label=label)
        for row, length in zip(rows, lengths):
            side = 1 if length >= 0 else -1
            axis.annotate(
                fixed(length, 1),
                (length, row),
                (4 * side, 0),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="center",
                fontsize=8,
            )
    axis.axvline(0, color=GREY, lw=0.7)
    axis.set_yticks(np.arange(len(names)), names)
    axis.tick_params(axis="y", which="both", left=False, right=False)
    axis.minorticks_off()
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.margins(x=0.12)
    axis.set_xlabel(rf"$2\,\Delta\log L$ against {reference}")
    if title:
        axis.set_title(title, loc="left")
    figure.legend(loc="outside upper right", ncols=len(gains))
    return figure
