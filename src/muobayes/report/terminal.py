"""The result of a run on a terminal: posterior, gains by term, and warnings."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..inference.diagnostics import MAX_R_HAT, MIN_ESS
from .numbers import digits_for, fixed, ranged, signed, significant, with_error
from .results import Results

if TYPE_CHECKING:
    import pandas as pd

    from ..inference.result import Evidence

__all__ = ["evidence_table", "observables_table", "print_results", "result_text", "terms_table"]


def print_results(results: Results, console: Console | None = None) -> None:
    """Print what a run found; to a file or a pipe without colours."""
    (console or Console()).print(result_text(results))


def result_text(results: Results) -> Group:
    """What a run found, to be printed by rich."""
    best = results.best_fit
    parts: list[RenderableType] = [
        f"{results.card.model} on {results.card.dataset}\n",
        _posterior(results),
        f"\n2 Δ log L against {results.reference}\n",
        terms_table(*results.gains.values(), columns=list(results.gains)),
        "",
    ]
    gain = fixed(best["two_delta_logL"], 2)
    parts.append(Text(f"Best fit: 2 Δ log L = {gain} against {results.reference} ({results.card.dataset})."))
    if results.modes_sentence:
        parts.append(Text(results.modes_sentence))
    if results.scale_sentence:
        parts.append(Text(results.scale_sentence))
    for warning in results.diagnostics["warnings"]:
        parts.append(Text(f"Warning: {warning}", style="bold yellow"))
    for note in results.notes:
        parts.append(Text(note))
    if results.verdict:
        parts.append(Text(results.verdict, style="bold"))
    parts.append(Text(f"Report: {results.folder.report}"))
    return Group(*parts)


def evidence_table(estimates: Sequence["Evidence"]) -> Table:
    """Estimates of ln Z with their errors."""
    table = _table()
    table.add_column("estimator")
    table.add_column("ln Z", justify="right")
    table.add_column("note")
    for estimate in estimates:
        digits = digits_for(estimate.error)
        refused = estimate.log_z != estimate.log_z
        value = "refused" if refused else f"{fixed(estimate.log_z, digits)} ± {fixed(estimate.error, digits)}"
        table.add_row(estimate.estimator, value, estimate.note)
    return table


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1))


def _posterior(results: Results) -> Table:
    table = _table()
    table.add_column("parameter", no_wrap=True)
    for name in ("median, 68 %", "95 %", "best fit", "R-hat", "ESS bulk", "tail"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in results.sampled:
        row, (unit, scale) = results.summary.loc[name], results.units[name]
        median, up, down = row["median"], row.high68 - row["median"], row["median"] - row.low68
        table.add_row(
            f"{name} [{unit}]" if unit else name,
            str(ranged(scale * median, scale * up, scale * down)),
            f"{results.told(name, row.low95)} … {results.told(name, row.high95)}",
            results.told(name, row.best_fit),
            Text(f"{row.r_hat:.3f}", style="" if row.r_hat <= MAX_R_HAT else "bold red"),
            Text(f"{row.ess_bulk:.0f}", style="" if row.ess_bulk >= MIN_ESS else "bold red"),
            Text(f"{row.ess_tail:.0f}", style="" if row.ess_tail >= MIN_ESS else "bold red"),
        )
    return table


def terms_table(*gains: Mapping[str, float], columns: Sequence[str] = ("2 Δ log L",)) -> Table:
    """2 Delta log L against the SM by term, one column per choice, with its sum."""
    table = _table()
    table.add_column("term", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    for term in dict.fromkeys(name for column in gains for name in column):
        table.add_row(term, *(fixed(column.get(term, float("nan")), 2) for column in gains))
    table.add_section()
    table.add_row("all data", *(fixed(sum(column.values()), 2) for column in gains))
    return table


def observables_table(table: "pd.DataFrame") -> Table:
    """Observables with measurement, SM prediction and pull, and those of a point if the table has one."""
    with_point = "pull" in table
    shown = _table()
    shown.add_column("observable")
    for column in ("measured", "SM", "pull SM", *(("point", "pull") if with_point else ())):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("source", overflow="fold")
    for row in table.itertuples():
        cells = [with_error(row.exp, row.sigma), significant(row.sm, 3), signed(row.pull_sm)]
        if with_point:
            cells += [significant(row.prediction, 3), signed(row.pull)]
        shown.add_row(row.name, *cells, row.source)
    return shown
