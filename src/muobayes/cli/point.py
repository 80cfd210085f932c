"""``muobayes point``: every term, every observable and every pull at one point of a model."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, did_you_mean
from ..units import GEV, parse_energy

if TYPE_CHECKING:
    from ..runcard import RunCard


def point(
    card: Annotated[Path, typer.Argument(help="the run card: model, data set, fixed parameters")],
    values: Annotated[
        list[str] | None, typer.Argument(help="name=value, for example eta33L=0.43 M3='2 TeV'")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="replace the card's data set")] = None,
    all_rows: Annotated[
        bool, typer.Option("--all", help="every observable, not only the 20 that pull most")
    ] = False,
    json_out: Annotated[Path | None, typer.Option("--json", help="write everything as JSON")] = None,
) -> None:
    """Log-likelihood of every term against the SM, and prediction, measurement and pull of every observable."""
    from ..runcard import RunCard

    chosen = RunCard.load(card, dataset=dataset)
    parameters = read_point(chosen, values or [])
    import numpy as np

    from ..inference.evaluation import evaluate
    from ..models import build
    from ..observables import counted, point_table

    posterior = build(chosen)
    x = np.array([[parameters[name] for name in posterior.prior.names]])
    terms = {name: float(value[0]) for name, value in evaluate(posterior, x).terms.items()}
    table = counted(point_table(chosen, parameters), terms)
    if json_out is not None:
        content = {
            "parameters": parameters,
            "log_likelihood": terms | {"global": sum(terms.values())},
            "observables": json.loads(table.to_json(orient="index")),
        }
        json_out.write_text(json.dumps(content, indent=1), encoding="utf-8")
    from rich.console import Console

    from ..report.terminal import observables_table, terms_table

    console = Console()
    console.print(terms_table({name: 2 * value for name, value in terms.items()}))
    if table.empty:
        return
    order = table.pull.abs().sort_values(ascending=False).index
    console.print(observables_table(table.loc[order if all_rows else order[:20]]))
    if not all_rows and len(table) > 20:
        typer.echo(f"{len(table) - 20} more observables with smaller pulls: --all, or --json FILE.")


def read_point(card: "RunCard", assignments: Sequence[str]) -> dict[str, float]:
    """Every parameter of a card's model: as assigned, as fixed in the card, as tied.

    Raises
    ------
    InputError
        If an assignment cannot be read, names no parameter or a tied one, or a sampled parameter has no value.
    """
    from ..priors.spec import Fixed

    known = card.entry.parameters
    values = {name: prior.value for name, prior in card.priors_of.items() if isinstance(prior, Fixed)}
    for text in assignments:
        name, equals, number = text.partition("=")
        if not equals:
            raise InputError(f"{text!r} is not an assignment; write for example {card.sampled[0]}=0.4.")
        if name not in known:
            raise InputError(f"{text}: {card.model} has no parameter {name!r}{did_you_mean(name, known)}.")
        if name in card.ties:
            raise InputError(f"{text}: {name} is tied to {card.ties[name]} in the card; give that one.")
        if known[name].unit in GEV:
            values[name] = parse_energy(number, name)
        else:
            try:
                values[name] = float(number)
            except ValueError:
                raise InputError(f"{text}: {number!r} is not a number.") from None
    missing = [name for name in card.sampled if name not in values]
    if missing:
        example = " ".join(f"{name}=..." for name in missing)
        raise InputError(f"a point needs a value for each sampled parameter; add {example}")
    return values | {name: values[target] for name, target in card.ties.items()}
