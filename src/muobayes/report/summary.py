"""The posterior table, and what it takes to trust it: R-hat, effective sample sizes, divergences, E-BFMI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import arviz

__all__ = ["MAX_RHAT", "MIN_BFMI", "MIN_ESS", "Diagnostics", "diagnose", "posterior_summary"]

MAX_RHAT = 1.01
"""Rank-normalised split R-hat above which chains disagree (Vehtari et al., arXiv:1903.08008)."""
MIN_ESS = 400
"""Effective sample size (bulk and tail) below which quantiles are not to be trusted (same reference)."""
MIN_BFMI = 0.3
"""E-BFMI below which momentum resampling explores the energy badly (Betancourt, arXiv:1604.00695)."""


@dataclass(frozen=True)
class Diagnostics:
    """Rows ``(label, value, bad)`` for a table, and a sentence for everything that is bad."""

    rows: tuple[tuple[str, str, bool], ...]
    warnings: tuple[str, ...]


def posterior_summary(
    idata: "arviz.InferenceData", names: Sequence[str], best: Mapping[str, float]
) -> pd.DataFrame:
    """Quantiles and diagnostics of every sampled parameter.

    Parameters
    ----------
    idata : InferenceData
        Group ``posterior`` with dimensions chain and draw.
    names : sequence of str
        Rows of the table.
    best : mapping
        Best-fit value of each parameter.

    Returns
    -------
    DataFrame
        Columns median, mean, sd, low68, high68, low95, high95, best_fit, rhat, ess_bulk, ess_tail, mcse;
        parameters in GeV or dimensionless.
    """
    import arviz

    posterior = idata["posterior"][list(names)]
    rhat = arviz.rhat(posterior)
    bulk, tail = arviz.ess(posterior, method="bulk"), arviz.ess(posterior, method="tail")
    mcse = arviz.mcse(posterior, method="median")
    rows = {}
    for name in names:
        values = np.asarray(posterior[name])
        low95, low68, median, high68, high95 = np.quantile(values, (0.025, 0.16, 0.5, 0.84, 0.975))
        rows[name] = {
            "median": median,
            "mean": values.mean(),
            "sd": values.std(ddof=1),
            "low68": low68,
            "high68": high68,
            "low95": low95,
            "high95": high95,
            "best_fit": best[name],
            "rhat": float(rhat[name]),
            "ess_bulk": float(bulk[name]),
            "ess_tail": float(tail[name]),
            "mcse": float(mcse[name]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("parameter")


def diagnose(summary: pd.DataFrame, idata: "arviz.InferenceData") -> Diagnostics:
    """Judge a run by the limits of this module."""
    import arviz

    rows, warnings = [], []

    def judge(label: str, value: float, digits: int, bad: bool, sentence: str) -> None:
        rows.append((label, f"{value:,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}"), bad))
        if bad:
            warnings.append(sentence)

    chains, draws = idata["posterior"].sizes["chain"], idata["posterior"].sizes["draw"]
    rows.append(("chains × draws", f"{chains} × {draws}", False))
    worst, name = summary.rhat.max(), summary.rhat.idxmax()
    judge(
        "largest R-hat",
        worst,
        4,
        not worst <= MAX_RHAT,
        f"R-hat of {name} is {worst:.3f} (above {MAX_RHAT}): the chains disagree; run longer.",
    )
    for kind in ("bulk", "tail"):
        column = summary[f"ess_{kind}"]
        judge(
            f"smallest {kind} ESS",
            column.min(),
            0,
            not column.min() >= MIN_ESS,
            f"The {kind} ESS of {column.idxmin()} is {column.min():.0f} (below {MIN_ESS}): run longer.",
        )
    stats = idata["sample_stats"]
    if "diverging" in stats:
        count = int(stats.diverging.sum())
        judge(
            "divergences",
            count,
            0,
            count > 0,
            f"{count} of {chains * draws} transitions diverged: raise sampler.target_accept.",
        )
    if "energy" in stats:
        bfmi = float(np.min(arviz.bfmi(idata)))
        judge(
            "smallest E-BFMI",
            bfmi,
            2,
            not bfmi >= MIN_BFMI,
            f"E-BFMI is {bfmi:.2f} (below {MIN_BFMI}): the tails are explored badly; run longer.",
        )
    return Diagnostics(tuple(rows), tuple(warnings))
