"""``muobayes plot scale``: what is left of the matching scale in the likelihood of a point."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

__all__ = ["plot_scale"]

_POINTS = 21


def plot_scale(
    card: Annotated[Path, typer.Argument(help="a run card, or the folder of a run: its best fit")],
    values: Annotated[
        list[str] | None, typer.Argument(help="name=value, for example eta33L=0.4 M3='2 TeV'")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="figure; a PNG and a PDF are written")
    ] = Path("scale.png"),
) -> None:
    """2 Delta log L against the SM, matched at M/2 to 2M, with and without the one-loop terms.

    M is the matching scale of the card, at which couplings and masses are given; from there they run to mu_M with
    the leptoquarks, and the SMEFT from mu_M down. Panels are the groups of the card's plane.
    """
    import numpy as np

    from ..matching_scale import scale_dependence
    from ..plane import default_groups
    from ..report.figures.matching_scale import matching_scale_figure
    from ..report.names import term_label
    from ..report.results import Results
    from ..report.style import save
    from ..runcard import RunCard
    from .point import read_point

    if card.is_dir():
        if values:
            raise InputError(
                f"{card}: the folder of a run has its own best fit; give values with a run card."
            )
        results = Results(card)
        chosen, parameters = results.card, results.best_fit["parameters"]
    else:
        chosen = RunCard.load(card)
        parameters = read_point(chosen, values or [])
    gains = scale_dependence(chosen, parameters, np.geomspace(0.5, 2.0, _POINTS))
    largest = np.abs(gains.sel(case="one loop").values).max(axis=0)
    groups = (chosen.plane.groups if chosen.plane else None) or default_groups(
        dict(zip(gains.term.values.tolist(), largest.tolist()))
    )
    members = {term_label(name): [t for t in terms if t in gains.term] for name, terms in groups.items()}
    other = [t for t in gains.term.values if not any(t in terms for terms in members.values())]
    panels = {
        title: gains.sel(term=terms).sum("term")
        for title, terms in {"all data": gains.term.values, **members, "all other": other}.items()
    }
    for title, panel in panels.items():
        for case in panel.case.values:
            low, high = float(panel.sel(case=case).min()), float(panel.sel(case=case).max())
            typer.echo(f"{title:24s} {case:28s} {low:8.3f} ... {high:8.3f}  range {high - low:.3g}")
    save(matching_scale_figure(panels, gains.attrs["given_at"]), output)
    typer.echo(f"{output.with_suffix('.png')} and {output.with_suffix('.pdf')}")
