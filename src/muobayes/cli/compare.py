"""``muobayes compare``: models ranked by evidence, on several data sets."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, did_you_mean
from ._stop import stoppable


def compare(
    cards: Annotated[list[Path], typer.Argument(help="run cards (YAML), one per model")],
    output: Annotated[
        Path, typer.Option(help="folder of the comparison; each run has its own folder in it")
    ] = Path("runs/output/compare"),
    datasets: Annotated[
        str | None, typer.Option(help="data sets, separated by commas; by default those of the cards")
    ] = None,
) -> None:
    """NUTS and evidence for each card on each data set, and the table. Run it again to continue."""
    from ..runcard import DATASETS, RunCard

    chosen = list(dict.fromkeys(n.strip() for n in datasets.split(","))) if datasets is not None else [None]
    for name in chosen:
        if name is not None and name not in DATASETS:
            hint = did_you_mean(name, DATASETS)
            raise InputError(
                f"--datasets: unknown data set {name!r}{hint}; allowed are {', '.join(DATASETS)}."
            )
    names = [path.stem for path in cards]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"two cards are called {twice[0]!r}; the table names models by their cards, rename one."
        )
    groups = []
    for dataset in chosen:
        loaded = {path.stem: RunCard.load(path, dataset=dataset) for path in cards}
        groups.append(
            {
                name: card.model_copy(update={"output": str(output / name / card.dataset)})
                for name, card in loaded.items()
            }
        )
    from rich.console import Console

    from ..comparison import compare_cards
    from ..report.compare import comparison_text

    with stoppable("Run the same command again to continue."):
        found = compare_cards(groups, output)
    Console().print(comparison_text(found))
    typer.echo(f"Page: {output / 'comparison.html'}")
