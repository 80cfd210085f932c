"""``muobayes evidence``: ln Z by two independent estimators."""

import math
from pathlib import Path
from typing import Annotated

import typer

from ._stop import stoppable


def evidence(
    card: Annotated[Path, typer.Argument(help="the run card (YAML)")],
    dataset: Annotated[str | None, typer.Option(help="replace the card's data set")] = None,
    seed: Annotated[int | None, typer.Option(help="replace the card's seed")] = None,
    output: Annotated[Path | None, typer.Option(help="replace the card's output folder")] = None,
    live: Annotated[int | None, typer.Option(min=20, help="live points of a run of nested sampling")] = None,
    runs: Annotated[int | None, typer.Option(min=1, help="runs of nested sampling")] = None,
) -> None:
    """Evidence by nested sampling, and by a bridge from NUTS draws or by importance weights (made if needed)."""
    from ..runcard import RunCard
    from ..rundir import prepare

    chosen = RunCard.load(card, dataset=dataset, seed=seed, output=None if output is None else str(output))
    from rich.console import Console

    from .._evidence import evidence as compute
    from ..inference.compare import DISAGREEMENT, deviations_apart
    from ..report.terminal import evidence_table

    options = chosen.evidence
    points = live or options.live
    nested = options.model_copy(
        update={"live": points, "runs": runs or options.runs, "batch": min(options.batch, points // 2)}
    )
    chosen = chosen.model_copy(update={"evidence": nested})
    prepare(chosen, resume=True)
    with stoppable("Run the same command again to continue."):
        found = compute(chosen)
    Console().print(evidence_table(found))
    given = [e for e in found if math.isfinite(e.log_z)]
    if len(given) == 2:
        apart = deviations_apart(*given)
        told = f"The estimates are {apart:.1f} combined standard deviations apart"
        typer.echo(f"{told}." if apart <= DISAGREEMENT else f"{told}: at least one of them is wrong.")
