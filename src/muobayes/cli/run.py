"""``muobayes run``: from a run card to a posterior and its report."""

from pathlib import Path
from typing import Annotated

import typer

from ._stop import stoppable


def run(
    card: Annotated[Path, typer.Argument(help="the run card (YAML)")],
    dataset: Annotated[str | None, typer.Option(help="replace the card's data set")] = None,
    seed: Annotated[int | None, typer.Option(help="replace the card's seed")] = None,
    output: Annotated[Path | None, typer.Option(help="replace the card's output folder")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue an interrupted run")] = False,
    force: Annotated[bool, typer.Option("--force", help="move an old run in the folder aside")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="exit code 1 if the chains are not good")] = False,
    show_if_finished: Annotated[
        bool, typer.Option("--show-if-finished", help="print the table of a run that is finished already")
    ] = False,
) -> None:
    """Sample the posterior of a run card and write a folder with draws, tables, figures and a report."""
    from ..runcard import RunCard
    from ..rundir import prepare

    chosen = RunCard.load(card, dataset=dataset, seed=seed, output=None if output is None else str(output))
    folder, state = prepare(chosen, resume=resume, force=force)
    if state == "finished":
        typer.echo(f"{folder.path}: this run is finished, see {folder.report} (--force runs it anew).")
        if not show_if_finished and not strict:
            return
    from ..job import run as run_job
    from ..report.results import Results
    from ..report.terminal import print_results

    with stoppable(f"Continue with: muobayes run {card} --output {folder.path} --resume"):
        results = Results(folder.path) if state == "finished" else run_job(chosen, folder)
    print_results(results)
    if strict and results.diagnostics["warnings"]:
        raise typer.Exit(1)
