"""Evidences of models side by side, and how they move when priors are widened."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..style import CYCLE, GREY, INK, PAGE_IN, styled

__all__ = ["evidence_figure", "sensitivity_figure"]

_JEFFREYS = 0.5 * np.log(10) * np.array([1, 2, 3, 4])
_MARKERS = ("o", "s", "D", "^")
_SHIFT = 0.24  # of a row, between estimators of one model

Estimates = Mapping[str, Mapping[str, tuple[float, float]]]
"""Model -> estimator -> (ln Z, its error)."""


@styled
def evidence_figure(found: Mapping[str, Estimates]) -> Figure:
    """ln Z of each model by each estimator, one panel per data set; lines mark Jeffreys' grades below the best.

    Parameters
    ----------
    found : mapping
        Data set -> model -> estimator -> (ln Z, error), the best model first.
    """
    rows = max(len(models) for models in found.values())
    figure = Figure(figsize=(PAGE_IN, 1.1 + 0.34 * rows), layout="constrained")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    estimators = list(dict.fromkeys(e for models in found.values() for each in models.values() for e in each))
    for axis, (dataset, models) in zip(axes, found.items()):
        best = max(value for each in models.values() for value, _ in each.values())
        for grade in _JEFFREYS:
            axis.axvline(best - grade, color=GREY, lw=0.6, ls=":")
        for i, estimator in enumerate(estimators):
            points = [
                (row + _SHIFT * (list(each).index(estimator) - (len(each) - 1) / 2), *each[estimator])
                for row, each in enumerate(models.values())
                if estimator in each
            ]
            if points:
                row, value, error = np.array(points).T
                axis.errorbar(
                    value,
                    row,
                    xerr=error,
                    fmt=_MARKERS[i % 4],
                    color=CYCLE[i],
                    ms=4.5,
                    lw=1,
                    label=estimator,
                )
        _name_rows(axis, list(models), rows, dataset)
    handles, labels = [], []
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            if label not in labels:
                handles.append(handle)
                labels.append(label)
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels))
    return figure


@styled
def sensitivity_figure(found: Mapping[str, Sequence[tuple[str, float, Mapping[float, float]]]]) -> Figure:
    """ln Z with the priors of the card, and where it goes when they are widened, one panel per data set.

    Parameters
    ----------
    found : mapping
        Data set -> list of (model and group of parameters, ln Z, {factor: change of ln Z}).
    """
    rows = max(len(lines) for lines in found.values())
    figure = Figure(figsize=(PAGE_IN, 1.1 + 0.3 * rows), layout="constrained")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for axis, (dataset, lines) in zip(axes, found.items()):
        for row, (_, log_z, changes) in enumerate(lines):
            reach = [log_z, *(log_z + change for change in changes.values())]
            axis.plot(reach, [row] * len(reach), color=GREY, lw=1)
            axis.plot(log_z, row, "o", color=INK, ms=5, label="priors of the card" if row == 0 else None)
            for i, (factor, change) in enumerate(changes.items()):
                label = f"{factor:g} times as wide" if row == 0 else None
                axis.plot(log_z + change, row, _MARKERS[1 + i % 3], color=CYCLE[i], ms=4.5, label=label)
        _name_rows(axis, [label for label, *_ in lines], rows, dataset)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3)
    return figure


def _name_rows(axis: Axes, names: Sequence[str], rows: int, dataset: str) -> None:
    """Names of the rows from the top, on a panel that has room for as many as the longest one."""
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", which="both", left=False, right=False)
    axis.minorticks_off()
    axis.set_ylim(rows - 0.4, -0.6)
    axis.margins(x=0.12)
    axis.set_xlabel(r"$\ln Z$ against the SM")
    axis.set_title(dataset, loc="left")
