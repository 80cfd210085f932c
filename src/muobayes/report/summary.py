"""The posterior table: quantiles, best fit, and whether each number can be trusted."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import arviz

    from ..inference.diagnostics import ParameterDiagnostics

__all__ = ["posterior_summary"]


def posterior_summary(
    idata: "arviz.InferenceData",
    names: Sequence[str],
    best: Mapping[str, float],
    diagnostics: Mapping[str, "ParameterDiagnostics"],
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
    diagnostics : mapping
        Of each parameter (`muobayes.inference.diagnostics.diagnose`).

    Returns
    -------
    DataFrame
        Columns median, mean, sd, low68, high68, low95, high95, best_fit, r_hat, ess_bulk, ess_tail;
        parameters in GeV or dimensionless.
    """
    rows = {}
    for name in names:
        values = np.asarray(idata["posterior"][name])
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
            **diagnostics[name]._asdict(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("parameter")
