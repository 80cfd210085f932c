"""Leptoquark masses between naturalness, which wants them light, and direct searches, which want them heavy."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from ...errors import InputError
from ...likelihood.collider.leptoquarks import pair_limit, pair_log_likelihood
from ..results import Results
from ..style import BLUE, GREY, INK, PAGE_IN, RED, TEAL, styled

__all__ = ["MassPanel", "naturalness_figure", "naturalness_panels"]

_BINS = 24
_FIELDS = {"M1": "S1", "M3": "S3"}


class MassPanel(NamedTuple):
    """One leptoquark mass; arrays of prior draws and of posterior draws.

    Attributes
    ----------
    label : str
        Typeset, with unit.
    limit : float
        95 % limit of pair production, TeV.
    prior, posterior : (n,) and (m,) arrays
        Mass in TeV.
    weight : (n,) array
        Weight of the naturalness of the Higgs mass at the prior draws.
    searched : (n,) array
        Likelihood of the searches for pair production there.
    tuning : (m,) array
        |delta muH2|/muH2 at the posterior draws.
    """

    label: str
    limit: float
    prior: np.ndarray
    posterior: np.ndarray
    weight: np.ndarray
    searched: np.ndarray
    tuning: np.ndarray


def naturalness_panels(results: Results) -> list[MassPanel]:
    """The sampled masses of S1 and S3 of a run with the naturalness of the Higgs mass among its priors.

    Raises
    ------
    InputError
        If the run has no such prior, or samples none of these masses.
    """
    prior, posterior = results.idata["prior"], results.idata["posterior"]
    if "log_weight_naturalness_higgs" not in prior:
        raise InputError(f"{results.path}: the run has no prior `naturalness: {{higgs: ...}}`.")
    masses = [name for name in _FIELDS if name in results.sampled]
    if not masses:
        raise InputError(
            f"{results.path}: neither M1 nor M3 is sampled; give them priors (priors/masses.yaml)."
        )
    panels = []
    for name in masses:
        limit = pair_limit(_FIELDS[name])
        mass = np.ravel(prior[name])
        panels.append(
            MassPanel(
                label=f"${results.card.entry.parameters[name].latex}$ [TeV]",
                limit=limit.mass / 1e3,
                prior=mass / 1e3,
                posterior=np.ravel(posterior[name]) / 1e3,
                weight=np.exp(np.ravel(prior["log_weight_naturalness_higgs"])),
                searched=np.exp(np.asarray(pair_log_likelihood(limit, jnp.asarray(mass)))),
                tuning=np.ravel(posterior["tuning_higgs"]),
            )
        )
    return panels


@styled
def naturalness_figure(panels: Sequence[MassPanel]) -> Figure:
    """Above: the prior of each mass with naturalness alone, with searches alone, and the posterior, each normalised.

    Below: the tuning of the Higgs mass at the posterior draws, and the mass that searches exclude (grey).
    """
    figure = Figure(figsize=(PAGE_IN, 4.6), layout="constrained")
    axes = figure.subplots(2, len(panels), squeeze=False, sharex="col", height_ratios=(1, 1.1))
    for (above, below), panel in zip(axes.T, panels):
        edges = np.geomspace(panel.prior.min(), panel.prior.max(), _BINS + 1)
        curves = (
            ("prior", panel.prior, None, GREY, "-"),
            ("prior, naturalness", panel.prior, panel.weight, TEAL, "--"),
            ("prior, direct searches", panel.prior, panel.searched, RED, ":"),
            ("posterior", panel.posterior, None, BLUE, "-"),
        )
        for label, mass, weights, color, dashes in curves:
            counts, _ = np.histogram(mass, edges, weights=weights)
            above.stairs(counts / counts.sum(), edges, color=color, ls=dashes, lw=1.3, label=label)
        below.scatter(panel.posterior, panel.tuning, s=3, lw=0, color=BLUE, alpha=0.25, rasterized=True)
        below.axhline(1, color=INK, lw=0.7, ls="--")
        for axis in (above, below):
            axis.axvspan(edges[0], panel.limit, color=GREY, alpha=0.2, lw=0)
            axis.set_xscale("log")
        _ticks(below, edges)
        below.set_yscale("log")
        below.set_ylim(*(np.quantile(panel.tuning, (0.005, 1)) * (0.7, 1.4)))
        below.set_xlabel(panel.label)
    axes[0, 0].set_ylabel("probability per bin")
    axes[1, 0].set_ylabel(r"$|\delta\mu_H^2|\,/\,\mu_H^2$")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(curves), fontsize=8
    )
    return figure


def _ticks(axis, edges: np.ndarray) -> None:
    ticks = [t for t in (0.5, 1, 2, 3, 5, 10, 20) if edges[0] * 0.99 <= t <= edges[-1] * 1.01]
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.set_xticks([], minor=True)
    axis.set_xlim(edges[0], edges[-1])
