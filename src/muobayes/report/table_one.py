"""Table I of arXiv:2103.13991 with the numbers of a fit: which field explains which anomaly, and how well."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from ..inference.compare import Row
from ..models.catalogue import ModelEntry
from .names import greek
from .numbers import signed
from .results import Results

__all__ = ["Fitted", "fitted", "markdown", "table_one"]


class Fitted(NamedTuple):
    """What Table I says about one model.

    Attributes
    ----------
    name : str
        In the comparison.
    fields : str
        Gauge group, leptoquarks, and what X does.
    explains : mapping
        Anomaly -> the field that the model has for it.
    gains : mapping
        Term of the likelihood -> 2 Delta log L against the SM at the best fit.
    parameters : str
        Medians and central 68 % intervals of the sampled parameters.
    """

    name: str
    fields: str
    explains: Mapping[str, str]
    gains: Mapping[str, float]
    parameters: str


def fitted(name: str, results: Results) -> Fitted:
    """The entry of a finished run."""
    entry, summary = results.card.entry, results.summary
    found = []
    for parameter, (unit, _) in results.units.items():
        median, low, high = (
            results.told(parameter, float(summary.loc[parameter, column]))
            for column in ("median", "low68", "high68")
        )
        found.append(f"{parameter} = {median} [{low}, {high}]" + (f" {unit}" if unit else ""))
    return Fitted(name, _fields(entry), entry.explains, results.best_fit["terms"], ", ".join(found))


def _fields(entry: ModelEntry) -> str:
    group = entry.gauge.group if entry.gauge is not None else ""
    group = greek(group.replace("_{", " ").replace("}", ""))
    x = {"light": "light X", "heavy": "heavy X", "decoupled": "X decoupled"}.get(entry.x, "")
    return "; ".join(part for part in (group, " + ".join(entry.mediators), x) if part)


@cache
def _anomalies() -> dict[str, dict]:
    return yaml.safe_load(Path(__file__).with_name("anomalies.yaml").read_text(encoding="utf-8"))


def table_one(models: Sequence[Fitted], rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows of the table, in the order of the comparison; models without parameters have no row.

    Parameters
    ----------
    models : sequence of Fitted
    rows : sequence of Row
        Of the comparison of the same data set.
    """
    anomalies = _anomalies()
    columns = (
        "model",
        "fields",
        *(anomaly["label"] for anomaly in anomalies.values()),
        "other data",
        "all",
        "ln Z",
        "median [68 %]",
    )
    by_name = {model.name: model for model in models}
    lines = []
    for row in rows:
        if (model := by_name.get(row.name)) is None:
            continue
        cells, left = [], sum(model.gains.values())
        for anomaly, shown in anomalies.items():
            gain = sum(model.gains.get(term, 0.0) for term in shown["terms"])
            left -= gain
            field = model.explains.get(anomaly)
            cells.append(f"{field}: {signed(gain)}" if field else signed(gain))
        lines.append(
            (
                model.name,
                model.fields,
                *cells,
                signed(left),
                signed(-row.best_minus_two_log_likelihood),
                signed(row.log_z),
                model.parameters,
            )
        )
    return columns, lines


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
