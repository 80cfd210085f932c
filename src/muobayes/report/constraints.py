"""What the soft constraints of a run remove from its prior, and what they cost where the posterior is."""

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputError

if TYPE_CHECKING:
    import arviz

__all__ = ["constraint_table"]

_PREFIX = "log_weight_"


def constraint_table(idata: "arviz.InferenceData") -> pd.DataFrame:
    """How much of the prior every soft constraint removes, alone and all together.

    Parameters
    ----------
    idata : InferenceData
        Of a run whose card has a ``priors`` section; its log-weights are derived quantities of the groups
        ``prior`` and ``posterior``.

    Returns
    -------
    DataFrame
        One row per constraint and one for all of them. ``removed``: the fraction of prior draws with a weight
        below 1/2. ``prior``, ``posterior``: the average weight there; that of the prior is the factor by which
        the constraint alone lowers an evidence, and ``draws`` the effective number of prior draws behind it.

    Raises
    ------
    InputError
        If the run had no soft constraints.
    """
    prior, posterior = idata["prior"], idata["posterior"]
    names = [str(name) for name in prior.data_vars if str(name).startswith(_PREFIX)]
    if not names:
        raise InputError("the run has no soft constraints (the section `priors` of its card).")
    before = {n.removeprefix(_PREFIX): np.ravel(prior[n]) for n in names}
    after = {n.removeprefix(_PREFIX): np.ravel(posterior[n]) for n in names}
    before["all together"] = np.sum(list(before.values()), axis=0)
    after["all together"] = np.sum(list(after.values()), axis=0)
    rows = {
        name: {
            "removed": float(np.mean(log_w < -math.log(2))),
            "prior": float(np.mean(np.exp(log_w))),
            "posterior": float(np.mean(np.exp(after[name]))),
            "draws": _effective(log_w),
        }
        for name, log_w in before.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("constraint")


def _effective(log_w: np.ndarray) -> float:
    """Kish's effective sample size of the weights."""
    w = np.exp(log_w - log_w.max())
    return float(w.sum() ** 2 / (w**2).sum())
