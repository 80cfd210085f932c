"""A comparison of models as a terminal table, as JSON, and as one HTML page with its figures."""

import base64
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .. import __version__
from .._files import write_text
from ..inference.compare import Comparison, ModelEvidence, Row
from ..inference.prior_sensitivity import Sensitivity
from ..inference.result import Evidence
from .figures.compare import evidence_figure, sensitivity_figure
from .numbers import digits_for, fixed, signed
from .page import style_sheet, template_environment
from .style import save
from .table_one import Fitted, markdown, table_one

__all__ = ["Compared", "comparison_text", "write_comparison"]


class Compared(NamedTuple):
    """The models of one data set, their table, and for models with parameters what Table I says about them."""

    dataset: str
    models: Sequence[ModelEvidence]
    table: Comparison
    fitted: Sequence[Fitted] = ()


def write_comparison(found: Sequence[Compared], folder: Path) -> Path:
    """``comparison.json``, ``table-1.md``, figures, and ``comparison.html`` (last).

    Parameters
    ----------
    found : sequence of Compared
    folder : Path
        Made if it is not there.

    Returns
    -------
    Path
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(
        folder / "comparison.json", json.dumps([_plain(each) for each in found], indent=1, allow_nan=False)
    )
    write_text(folder / "table-1.md", table_one_document(found))
    save(evidence_figure({each.dataset: _estimates(each) for each in found}), folder / "evidence.png")
    images = ["evidence"]
    if any(model.sensitivity for each in found for model in each.models):
        save(sensitivity_figure({each.dataset: _lines(each) for each in found}), folder / "sensitivity.png")
        images.append("sensitivity")
    page = (
        template_environment()
        .get_template("compare.html")
        .render(
            version=__version__,
            css=style_sheet(),
            comparisons=[_shown(each) for each in found],
            text_columns=_TEXT_COLUMNS,
            images={name: _inline(folder / f"{name}.png") for name in images},
        )
    )
    path = folder / "comparison.html"
    write_text(path, page)
    return path


def table_one_document(found: Sequence[Compared]) -> str:
    """Table I as a document in Markdown: of each data set, what each field explains, and the evidences."""
    parts = ["# Table I: what each field explains", _TABLE_ONE_READING]
    for each in found:
        parts += [f"## Data set `{each.dataset}`", markdown(*table_one(each.fitted, each.table.rows))]
        parts += ["Evidences, the favoured model first:", markdown(_COLUMNS, _rows(each))]
        parts += [f"- {warning}" for warning in each.table.warnings]
    return "\n\n".join(parts) + "\n"


def _inline(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _by_name(each: Compared) -> dict[str, ModelEvidence]:
    """The models in the order of the table."""
    models = {model.name: model for model in each.models}
    return {row.name: models[row.name] for row in each.table.rows}


def _estimates(each: Compared) -> dict[str, dict[str, tuple[float, float]]]:
    return {
        name: {e.estimator: (e.log_z, e.error) for e in model.evidences if math.isfinite(e.log_z)}
        for name, model in _by_name(each).items()
    }


def _lines(each: Compared) -> list[tuple[str, float, dict[float, float]]]:
    values = {row.name: row.log_z for row in each.table.rows}
    lines = []
    for name, model in _by_name(each).items():
        for group in dict.fromkeys(s.group for s in model.sensitivity):
            changes = {s.factor: s.delta_log_z for s in model.sensitivity if s.group == group}
            lines.append((f"{name}, {group}", values[name], changes))
    return lines


def _plain(each: Compared) -> dict[str, Any]:
    """For JSON: what was refused is null."""

    def number(value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    def record(entry: Row | Evidence | Sensitivity) -> dict[str, Any]:
        return {key: number(value) for key, value in entry._asdict().items()}

    return {
        "dataset": each.dataset,
        "rows": [record(row) for row in each.table.rows],
        "warnings": each.table.warnings,
        "estimates": {m.name: [record(e) for e in m.evidences] for m in each.models},
        "prior_sensitivity": {m.name: [record(s) for s in m.sensitivity] for m in each.models},
        "checksums": {m.name: m.checksum for m in each.models},
    }


# --- tables, as text ------------------------------------------------------------------------------------------------

_COLUMNS = (
    "model",
    "ln Z",
    "ln B",
    "evidence against it",
    "−2 Δ ln L, best",
    "observables",
    "dim.",
    "inform.",
)
_WIDE_COLUMNS = ("fields", "median [68 %]")  # for the page and the document, not for a terminal
_TEXT_COLUMNS = ("note", "estimator", "priors of", "evidence against it", *_WIDE_COLUMNS)
_TABLE_ONE_READING = (
    "Written by `muobayes compare`. Numbers of an anomaly are the 2 Δ ln L that the best fit gains over the SM "
    "(positive: better), with the field that the model has for it; `muobayes models` lists the models, "
    "`docs/comparison.md` explains the columns of the evidences."
)
_ESTIMATE_COLUMNS = ("model", "estimator", "ln Z", "note")
_SENSITIVITY_COLUMNS = ("model", "priors of", "times as wide", "Δ ln Z", "note")


def _rows(each: Compared) -> list[tuple[str, ...]]:
    return [
        (
            row.name,
            _with_error(row.log_z, row.error),
            _with_error(row.log_bayes_factor, row.log_bayes_factor_error) if row.scale != "favoured" else "–",
            row.scale,
            fixed(row.best_minus_two_log_likelihood, 1),
            str(row.observables),
            fixed(row.dimensionality, 1),
            fixed(row.information, 1),
        )
        for row in each.table.rows
    ]


def _estimate_rows(each: Compared) -> list[tuple[str, ...]]:
    return [
        (name, e.estimator, _with_error(e.log_z, e.error) if math.isfinite(e.log_z) else "refused", e.note)
        for name, model in _by_name(each).items()
        for e in model.evidences
    ]


def _sensitivity_rows(each: Compared) -> list[tuple[str, ...]]:
    return [
        (name, s.group, f"{s.factor:g}", _change(s), s.caveat)
        for name, model in _by_name(each).items()
        for s in model.sensitivity
    ]


def _change(change: Sensitivity) -> str:
    value = signed(change.delta_log_z, 2)
    return value if change.error < 0.005 else f"{value} ± {fixed(change.error, 2)}"


def _with_error(value: float, error: float) -> str:
    if error == 0:
        return f"{fixed(value, 2)} (exact)"
    digits = digits_for(error)
    return f"{fixed(value, digits)} ± {fixed(error, digits)}"


def _shown(each: Compared) -> dict[str, Any]:
    return {
        "dataset": each.dataset,
        "warnings": each.table.warnings,
        "tables": [
            ("Models, the favoured one first", _COLUMNS, _rows(each)),
            (
                "What each field explains: 2 Δ ln L gained at the best fit",
                *table_one(each.fitted, each.table.rows),
            ),
            ("Two estimators of the evidence", _ESTIMATE_COLUMNS, _estimate_rows(each)),
            ("How much of it is prior", _SENSITIVITY_COLUMNS, _sensitivity_rows(each)),
        ],
    }


def comparison_text(found: Sequence[Compared]) -> Group:
    """Everything for a terminal, to be printed by rich."""
    parts: list[RenderableType] = []
    for each in found:
        page = _shown(each)
        parts.append(Text(f"\nData set {each.dataset}", style="bold"))
        for title, columns, rows in page["tables"]:
            if rows:
                table = Table(
                    title=title,
                    title_justify="left",
                    box=box.SIMPLE_HEAD,
                    show_edge=False,
                    padding=(0, 1, 0, 0),
                )
                kept = [i for i, column in enumerate(columns) if column not in _WIDE_COLUMNS]
                for i in kept:
                    table.add_column(columns[i], no_wrap=i == 0)
                for row in rows:
                    table.add_row(*(row[i] for i in kept))
                parts.append(table)
        parts += [Text(f"Warning: {warning}", style="bold yellow") for warning in page["warnings"]]
    return Group(*parts)
