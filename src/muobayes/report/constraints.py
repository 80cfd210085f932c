"""What the soft constraints of a run remove from its prior, and what they cost where the posterior is."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import InputError
from ..inference.importance import effective_sample
from .results import WEIGHT_PREFIX

if TYPE_CHECKING:
    import arviz

__all__ = ["constraint_table"]


def constraint_table(idata: "arviz.InferenceData", parameters: Sequence[str]) -> pd.DataFrame:
    """How much of the prior every soft constraint removes, and what it does to the posterior; alone and all together.

    Parameters
    ----------
    idata : InferenceData
        Of a run whose card has a ``priors`` section; its log-weights are derived quantities of the groups
        ``prior`` and ``posterior``.
    parameters : sequence of str
        The sampled parameters.

    Returns
    -------
    DataFrame
        One row per constraint and one for all of them. ``removed``: the fraction of prior draws with a weight
        below 1/2. ``prior``, ``posterior``: the average weight there; that of the prior is the factor by which
        the constraint alone lowers an evidence, and ``prior_draws`` the effective number of draws behind it.
        ``moved``: the parameter whose mean the constraint moves most, ``shift`` by how many standard deviations of
        the posterior, and ``freed_draws`` the effective number of posterior draws when they are weighted so as to
        undo the constraint: if it is small, the constraint does more than the draws can tell.

    Raises
    ------
    InputError
        If the run had no soft constraints.
    """
    prior, posterior = idata["prior"], idata["posterior"]
    names = [str(name) for name in prior.data_vars if str(name).startswith(WEIGHT_PREFIX)]
    if not names:
        raise InputError("the run has no soft constraints (the section `priors` of its card).")
    before = {n.removeprefix(WEIGHT_PREFIX): np.ravel(prior[n]) for n in names}
    after = {n.removeprefix(WEIGHT_PREFIX): np.ravel(posterior[n]) for n in names}
    before["all together"] = np.sum(list(before.values()), axis=0)
    after["all together"] = np.sum(list(after.values()), axis=0)
    draws = np.stack([np.ravel(posterior[n]) for n in parameters], axis=1)
    rows = {}
    for name, log_w in before.items():
        freed = np.exp(after[name].min() - after[name])
        shifts = (draws.mean(0) - np.average(draws, axis=0, weights=freed)) / draws.std(0)
        most = int(np.argmax(np.abs(shifts)))
        rows[name] = {
            "removed": float(np.mean(log_w < -math.log(2))),
            "prior": float(np.mean(np.exp(log_w))),
            "prior_draws": effective_sample(log_w),
            "posterior": float(np.mean(np.exp(after[name]))),
            "moved": parameters[most],
            "shift": float(shifts[most]),
            "freed_draws": effective_sample(-after[name]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("constraint")
