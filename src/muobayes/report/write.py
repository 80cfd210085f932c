"""Draw all that a run's folder can show: figures, and then the page, which marks the run as finished."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from .figures.chains import chains_figure
from .figures.corner import corner_figure
from .figures.plane import plane_figure
from .figures.pulls import gains_figure, pulls_figure
from .names import observable_label, term_label
from .page import write_page
from .results import Results
from .style import save

__all__ = ["write_report"]

_VISIBLE = 0.05


def write_report(folder: Path) -> Path:
    """Figures (PNG, and PDF for papers) and ``report.html`` of a run, from its files alone.

    Parameters
    ----------
    folder : Path
        Folder of a run whose draws and best fit are complete.

    Returns
    -------
    Path
        The page.
    """
    results = Results(folder)
    drawn, labels, best = _shown(results)
    save(corner_figure(drawn, labels, best), folder / "corner.png")
    save(chains_figure(drawn, labels), folder / "chains.png")
    save(gains_figure(_labelled(results.gains), results.reference), folder / "gains.png")
    if results.plane is not None:
        _draw_plane(results, results.plane)
    if (table := results.important_observables) is not None:
        figure = pulls_figure(
            [observable_label(name) for name in table.name], table.pull_sm.to_numpy(), table.pull.to_numpy()
        )
        save(figure, folder / "pulls.png")
    write_page(results, results.folder.report)
    return results.folder.report


def _shown(results: Results) -> tuple[dict[str, np.ndarray], dict[str, str], dict[str, float]]:
    """Draws, labels and best fit of the sampled parameters in their units; in decades what extends over them."""
    labels = dict(results.labels)
    drawn = {name: results.draws(name) * results.scales[name] for name in results.sampled}
    best = {name: results.best_fit["parameters"][name] * results.scales[name] for name in results.sampled}
    for name, values in drawn.items():
        if results.in_decades(name):
            labels[name] = in_decades(labels[name])
            drawn[name], best[name] = np.log10(values), float(np.log10(best[name]))
    return drawn, labels, best


def in_decades(label: str) -> str:
    """The label of a logarithm, from that of a quantity, whose unit stands in brackets behind it."""
    symbol, _, unit = label.partition(" [")
    return rf"$\lg({symbol.strip('$')}/\mathrm{{{unit[:-1]}}})$" if unit else rf"$\lg {symbol.strip('$')}$"


def _labelled(gains: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """The terms that a figure has something to show of, typeset."""
    shown = {name for values in gains.values() for name, gain in values.items() if abs(gain) > _VISIBLE}
    return {
        column: {term_label(name): gain for name, gain in values.items() if name in shown}
        for column, values in gains.items()
    }


def _draw_plane(results: Results, plane: xr.Dataset) -> None:
    names = (plane.attrs["x"], plane.attrs["y"])
    scale_x, scale_y = (results.scales[name] for name in names)
    entry, ties = results.card.entry, results.card.ties
    labels = []
    for name in names:
        tied = [f"${entry.parameters[n].latex}$" for n, target in ties.items() if target == name]
        symbol, _, unit = results.labels[name].partition(" [")
        labels.append(" = ".join([symbol, *tied]) + (f" [{unit}" if unit else ""))
    figure = plane_figure(
        plane.x.to_numpy() * scale_x,
        plane.y.to_numpy() * scale_y,
        {
            term_label(str(name)): values.to_numpy()
            for name, values in zip(plane.group.values, plane.log_likelihood)
        },
        plane.total.to_numpy(),
        (labels[0], labels[1]),
        (
            results.best_fit["parameters"][names[0]] * scale_x,
            results.best_fit["parameters"][names[1]] * scale_y,
        ),
        f"{results.card.model}, {results.card.dataset}",
    )
    save(figure, results.path / "fig1.png")
