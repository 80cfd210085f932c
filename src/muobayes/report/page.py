"""The report of a run: one HTML file with everything inside, pleasant on a screen and on paper."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup, escape

from .. import __version__
from .._files import write_text
from ..inference.diagnostics import MAX_R_HAT, MIN_ESS
from ..priors.spec import Fixed
from ..priors.uv_spec import UVPriors
from .constraints import constraint_table
from .names import derived_label, greek, observable_label, term_label
from .numbers import fixed, ranged, rounded, signed, significant, with_error
from .results import Results, unit_and_scale
from .style import DPI
from .symbols import formula

__all__ = ["write_page"]

_FIGURES = ("corner", "fig1", "gains", "pulls", "chains")
_ENLARGED = 1.15
_SCALE_VISIBLE = 0.02  # of 2 Delta log L
_SCALE_TOTAL = "all that is matched"
_GAINS = "2 Δ log L of each part of the data at the best fit, and how another data set sees that point."
_PLANE = (
    "Regions of −2 Δ log L < 2.30 and 6.18 (1 and 2 sigma for two parameters) that groups of data prefer by "
    "themselves, and all data together; the other parameters are at their best-fit values."
)
_RANKS = "flat ranks, inside the grey band 95 % of the time."
_CHAINS = f"Traces of the chains after warm-up, and the ranks of their draws: well-mixed chains have {_RANKS}"
_RESAMPLED = (
    f"Draws resampled by their weights, in random order, and their ranks: independent draws have {_RANKS}"
)
_TEMPLATES = Path(__file__).with_name("templates")


def template_environment() -> jinja2.Environment:
    """Where the templates of all pages are found; a name that a template does not get is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def style_sheet() -> Markup:
    """The style of all pages, to be put into them."""
    return Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8"))


def write_page(results: Results, path: Path) -> None:
    """Write the self-contained report of a run; the figures must be in its folder already.

    Parameters
    ----------
    results : Results
        The run.
    path : Path
        The HTML file.
    """
    environment = template_environment()
    environment.filters |= {
        "math": formula,
        "fixed": fixed,
        "signed": signed,
        "count": lambda value: f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
    }
    html = environment.get_template("report.html").render(_content(results))
    write_text(path, html)


def _content(results: Results) -> dict[str, Any]:
    card, entry = results.card, results.card.entry
    provenance = card.provenance or {}
    return {
        "version": __version__,
        "css": style_sheet(),
        "card": card,
        "entry": entry,
        "title": _title(entry.title),
        "created": provenance.get("created"),
        "reference": results.reference,
        "sampler": results.sampler_sentence,
        "best_fit": results.best_fit,
        "headline": _headline(results),
        "warnings": results.diagnostics["warnings"],
        "notes": results.notes,
        "modes_sentence": results.modes_sentence,
        "modes": _mode_rows(results),
        "verdict": results.verdict,
        "explanation": results.explanation,
        "posterior": [_posterior_row(results, name) for name in results.sampled],
        "derived": _derived_rows(results),
        "fixed": _fixed(results),
        "gain_columns": list(results.gains),
        "gains": _gain_rows(results.gains),
        "gains_caption": _GAINS,
        "scale_sentence": results.scale_sentence,
        "scale": _scale_rows(results.matching_scale),
        "plane_caption": _PLANE,
        "chains_caption": _CHAINS if "k-hat" not in results.diagnostics else _RESAMPLED,
        "constraints": _constraint_rows(results),
        "pulls": _pull_rows(results),
        "sampling": _sampling_rows(results),
        "images": _images(results.folder.path),
        "card_text": results.folder.card.read_text(encoding="utf-8"),
    }


def _images(folder: Path) -> dict[str, dict[str, str]]:
    """The figures as inline data, each at the size it was drawn for (a little larger, for a screen)."""
    found = {}
    for name in _FIGURES:
        file = folder / f"{name}.png"
        if file.exists():
            data = file.read_bytes()
            pixels = int.from_bytes(data[16:20], "big")
            source = "data:image/png;base64," + base64.b64encode(data).decode()
            found[name] = {"source": source, "width": f"{_ENLARGED * pixels / DPI:.2f}in"}
    return found


def _headline(results: Results) -> list[dict[str, str]]:
    best = results.best_fit["parameters"]
    return [
        {"value": results.told(name, best[name]), "label": f"{results.labels[name]}, best fit"}
        for name in results.sampled[:3]
    ]


def _posterior_row(results: Results, name: str) -> dict[str, Any]:
    row, scale = results.summary.loc[name], results.scales[name]
    up, down = row.high68 - row["median"], row["median"] - row.low68
    return {
        "label": results.labels[name],
        "median": ranged(scale * row["median"], scale * up, scale * down),
        "low95": results.told(name, row.low95),
        "high95": results.told(name, row.high95),
        "best": results.told(name, results.best_fit["parameters"][name]),
        "r_hat": row.r_hat,
        "ess_bulk": row.ess_bulk,
        "ess_tail": row.ess_tail,
        "r_hat_bad": not row.r_hat <= MAX_R_HAT,
        "bulk_bad": not row.ess_bulk >= MIN_ESS,
        "tail_bad": not row.ess_tail >= MIN_ESS,
    }


def _derived_rows(results: Results) -> list[dict[str, Any]]:
    rows = []
    for name in results.derived:
        low95, low, median, high, high95 = np.quantile(results.draws(name), (0.025, 0.16, 0.5, 0.84, 0.975))
        up, down = high - median, median - low
        rows.append(
            {
                "label": derived_label(name),
                "median": ranged(median, up, down),
                "low95": rounded(low95, min(up, down)),
                "high95": rounded(high95, min(up, down)),
            }
        )
    return rows


def _fixed(results: Results) -> list[str]:
    entry = results.card.entry
    found = []
    for name, parameter in results.card.parameters.items():
        if parameter.equals is not None:
            found.append(f"{_label(entry, name)} = {_label(entry, parameter.equals)}")
        elif isinstance(parameter.prior, Fixed):
            unit, scale = unit_and_scale(name, entry, parameter.prior.value)
            found.append(f"{_label(entry, name)} = {parameter.prior.value * scale:g} {unit}".rstrip())
    return found


def _label(entry: Any, name: str) -> str:
    return f"${entry.parameters[name].latex}$"


def _gain_rows(gains: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(name for column in gains.values() for name in column))
    rows = [
        {"label": term_label(n), "cells": [c.get(n, float("nan")) for c in gains.values()], "total": False}
        for n in names
    ]
    total = [sum(column.values()) for column in gains.values()]
    return [*rows, {"label": "all data", "cells": total, "total": True}]


def _mode_rows(results: Results) -> list[dict[str, Any]]:
    """Medians and weights of separate modes, if there are several."""
    if results.modes is None or len(results.modes["modes"]) == 1:
        return []
    return [
        {
            "weight": nuts,
            "nested": nested,
            "medians": [significant(results.scales[n] * m["median"][n], 3) for n in results.sampled],
        }
        for m, (nuts, nested) in zip(results.modes["modes"], results.mode_weights)
    ]


def _scale_rows(found: Mapping[str, Any] | None) -> dict[str, Any]:
    """2 Delta log L of the terms that the matching scale changes visibly, at each scale; and the sum of all."""
    if found is None:
        return {}
    cases = found["two_delta_logL"]
    *_, used = cases
    visible = [
        name for name in cases[used] if any(np.ptp(terms[name]) > _SCALE_VISIBLE for terms in cases.values())
    ]
    rows = {term_label(name): {case: terms[name] for case, terms in cases.items()} for name in visible}
    rows[_SCALE_TOTAL] = {case: np.sum(list(terms.values()), axis=0) for case, terms in cases.items()}
    return {
        "used": used,
        "columns": [f"{mu / 1e3:g} TeV" for mu in found["mu_GeV"]],
        "cases": list(cases),
        "rows": [
            {
                "label": label,
                "cells": list(by_case[used]),
                "ranges": [float(np.ptp(values)) for values in by_case.values()],
                "total": label == _SCALE_TOTAL,
            }
            for label, by_case in rows.items()
        ],
    }


def _constraint_rows(results: Results) -> list[dict[str, Any]]:
    if results.card.priors == UVPriors():
        return []
    table = constraint_table(results.idata, results.sampled)
    return [
        {
            "label": str(row.Index).replace("_", " "),
            "removed": f"{100 * row.removed:.1f} %",
            "prior": significant(row.prior, 2),
            "prior_draws": row.prior_draws,
            "posterior": fixed(row.posterior, 2),
            "moved": results.labels[row.moved].partition(" [")[0],
            "shift": row.shift,
            "freed_draws": row.freed_draws,
            "total": row.Index == table.index[-1],
        }
        for row in table.itertuples()
    ]


def _pull_rows(results: Results) -> list[dict[str, Any]]:
    table = results.important_observables
    if table is None:
        return []
    return [
        {
            "label": observable_label(row.name),
            "measured": with_error(row.exp, row.sigma),
            "sm": significant(row.sm, 3),
            "best": significant(row.prediction, 3),
            "pull_sm": row.pull_sm,
            "pull_best": row.pull,
            "source": row.source,
        }
        for row in table.itertuples()
    ]


def _title(text: str) -> Markup:
    """A title of the catalogue with its TeX subscripts set, which are combinations of quantum numbers."""

    def subscript(match: re.Match[str]) -> str:
        return f"<sub>{greek(match.group(1)).replace('_', '')}</sub>"

    return Markup(re.sub(r"_\{([^}]*)\}", subscript, str(escape(text))))


def _sampling_rows(results: Results) -> list[dict[str, str]]:
    sizes, table, record = results.idata["posterior"].sizes, results.summary, results.diagnostics
    rows = {
        "chains × draws": f"{sizes['chain']} × {sizes['draw']}",
        "largest R-hat": fixed(table.r_hat.max(), 4),
        "smallest bulk ESS": fixed(table.ess_bulk.min(), 0),
        "smallest tail ESS": fixed(table.ess_tail.min(), 0),
    }
    if "k-hat" in record:
        log_z, error = record["log_z"]
        rows |= {
            "proposals": str(record["proposals"]),
            "effective sample of the importance weights": fixed(record["effective"], 0),
            "Pareto k-hat of the weights": fixed(record["k-hat"], 2),
            "different points among the draws": str(record["distinct"]),
            "ln Z": f"{fixed(log_z, 3)} ± {fixed(error, 3)}",
        }
    else:
        rows |= {
            "divergences": str(record["divergences"]),
            "smallest E-BFMI": fixed(record["smallest E-BFMI"], 2),
            "trajectories of the longest length allowed": f"{100 * record['longest trajectories']:.1f} %",
        }
    return [{"label": label, "value": value} for label, value in rows.items()]
