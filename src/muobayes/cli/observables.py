"""``muobayes observables``: what is measured, by whom, what the SM says, and the pulls of a point."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


def observables(
    pattern: Annotated[str, typer.Argument(help="only names that contain this text")] = "",
    dataset: Annotated[
        str | None, typer.Option(help="data set (default: current, or that of the point)")
    ] = None,
    pulls: Annotated[
        Path | None, typer.Option(help="a finished run (its best fit), or a card without free parameters")
    ] = None,
    term: Annotated[str | None, typer.Option(help="only this term of the likelihood")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="write the whole table, with forms and coefficients")
    ] = None,
) -> None:
    """List observables with measurement, SM prediction and pull; with --pulls, also for a point of a model."""
    from ..likelihood.dataset import load_dataset
    from ..observables import measured_table, point_table, with_forms
    from ..report.terminal import observables_table

    table = (
        point_table(*_point(pulls, dataset)) if pulls else measured_table(load_dataset(dataset or "current"))
    )
    if term is not None:
        known = sorted(set(table.term))
        if term not in known:
            raise InputError(
                f"--term: unknown term {term!r}{did_you_mean(term, known)}; allowed are {', '.join(known)}."
            )
        table = table[table.term == term]
    shown = table[table.name.str.contains(pattern, case=False, regex=False)]
    if shown.empty:
        raise InputError(f"no observable of this selection contains {pattern!r}; without it, all are listed.")
    if csv is not None:
        with_forms(shown).to_csv(csv)
        typer.echo(f"Wrote {len(shown)} observables to {csv}.")
        return
    from rich.console import Console

    Console().print(observables_table(_sorted(shown)))
    typer.echo(f"{len(shown)} observables.")


def _sorted(table: "pd.DataFrame") -> "pd.DataFrame":
    """By term, as listed; with a point, by how much it pulls."""
    return table if "pull" not in table else table.loc[table.pull.abs().sort_values(ascending=False).index]


def _point(path: Path, dataset: str | None):
    from ..priors.spec import Fixed
    from ..runcard import RunCard

    if path.is_dir():
        from ..report.results import Results

        results = Results(path)
        changed = results.card if dataset is None else results.card.model_copy(update={"dataset": dataset})
        return changed, results.best_fit["parameters"]
    card = RunCard.load(path, dataset=dataset)
    if card.sampled:
        raise InputError(
            f"{path}: {', '.join(card.sampled)} have no value; use `muobayes point` to give them."
        )
    values = {name: prior.value for name, prior in card.priors_of.items() if isinstance(prior, Fixed)}
    return card, values | {name: values[target] for name, target in card.ties.items()}
