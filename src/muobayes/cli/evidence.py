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
) -> None:
    """Evidence by nested sampling, and by a bridge from NUTS draws or by importance weights (made if needed)."""
    from ..runcard import RunCard
    from ..rundir import prepare

    chosen = RunCard.load(card, dataset=dataset, seed=seed, output=None if output is None else str(output))
    from rich.console import Console

    from .._evidence import evidence as compute
    from .._evidence import with_nuts
    from ..report.terminal import evidence_table

    prepare(with_nuts(chosen), resume=True)
    with stoppable("Run the same command again to continue."):
        found = compute(chosen)
    Console().print(evidence_table(found))
    values = [(e.log_z, e.error) for e in found if math.isfinite(e.log_z)]
    if len(values) == 2:
        (one, error_one), (two, error_two) = values
        apart = abs(one - two) / math.hypot(error_one, error_two)
        typer.echo(f"The estimates are {apart:.1f} combined standard deviations apart.")
