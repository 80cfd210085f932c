"""``muobayes check``: every mistake of a run card at once, or what the run would do, computing nothing."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    card: Annotated[Path, typer.Argument(help="the run card (YAML)")],
    dataset: Annotated[str | None, typer.Option(help="replace the card's data set")] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="print the card with all defaults")] = False,
) -> None:
    """Check a run card; tell every problem with its line, or what the run would do."""
    from ..runcard import Nuts, RunCard

    found = RunCard.load(card, dataset=dataset)
    if resolved:
        typer.echo(found.to_yaml(), nl=False)
        return
    sampler = found.sampler
    if isinstance(sampler, Nuts):
        how = f"NUTS, {sampler.chains} chains of {sampler.warmup} + {sampler.draws} iterations"
    else:
        how = f"importance sampling, {sampler.proposals} proposals, {sampler.chains} x {sampler.draws} draws"
    ties = "".join(f", {name} = {target}" for name, target in found.ties.items())
    typer.echo(f"{card}: the card is valid.")
    typer.echo(f"  model    {found.model} ({found.entry.title})")
    typer.echo(f"  data     {found.dataset}")
    typer.echo(f"  sampled  {', '.join(found.sampled) or 'nothing: every parameter is fixed'}{ties}")
    typer.echo(f"  sampler  {how}, seed {found.seed}")
    typer.echo(f"  evidence nested sampling, {found.evidence.runs} runs of {found.evidence.live} live points")
    typer.echo(f"  output   {found.output}")
