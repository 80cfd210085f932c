"""``muobayes popxf``: the likelihood in exchange formats."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError


def popxf(
    folder: Annotated[Path, typer.Argument(help="folder to write to (created if needed)")],
    dataset: Annotated[str, typer.Option(help="data set")] = "current",
    points: Annotated[
        int, typer.Option(help="also write points.json: this many random points per term, with our results")
    ] = 0,
    seed: Annotated[int, typer.Option(help="seed of these points")] = 1,
) -> None:
    """Write predictions, measurements and theory correlations as POPxf 1.0 and as files that jelli 0.1 loads."""
    import json

    from ..popxf import check_points, write_popxf

    if points < 0:
        raise InputError(f"--points: {points} is negative; give the number of points per term.")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: this is a file; give a folder to write to.")
    counts = write_popxf(folder, dataset)
    typer.echo(f"{'observables of ' + dataset:32s}{'fixed':>8s}{'running':>9s}{'standard':>10s}")
    for term, count in counts.items():
        typer.echo(f"{term:32s}{count['fixed']:8d}{count['running']:9d}{count['standard']:10d}")
    total = {k: sum(c[k] for c in counts.values()) for k in ("fixed", "running", "standard")}
    typer.echo(f"{'all':32s}{total['fixed']:8d}{total['running']:9d}{total['standard']:10d}")
    if points:
        (folder / "points.json").write_text(json.dumps(check_points(dataset, points, seed)))
    typer.echo(f"written to {folder}")
