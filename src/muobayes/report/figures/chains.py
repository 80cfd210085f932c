"""Traces and ranks of the chains: what healthy sampling looks like, parameter by parameter."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import binom, rankdata

from ..style import CYCLE, GREY, PAGE_IN, styled

__all__ = ["chains_figure"]

_BINS = 20


@styled
def chains_figure(draws: Mapping[str, np.ndarray], labels: Mapping[str, str]) -> Figure:
    """Trace (left) and rank histogram (right) of every parameter, chain by chain.

    Ranks of well-mixed chains are uniform (Vehtari et al., arXiv:1903.08008, Sec. 4.3); the grey band holds
    95 % of the bars of independent draws.

    Parameters
    ----------
    draws : mapping
        Name -> (chains, draws).
    labels : mapping
        Name -> how it is typeset.
    """
    figure = Figure(figsize=(PAGE_IN, 0.5 + 1.15 * len(draws)), layout="constrained")
    axes = figure.subplots(len(draws), 2, squeeze=False, sharex="col", width_ratios=(1.5, 1))
    for row, (name, values) in zip(axes, draws.items()):
        _trace(row[0], np.asarray(values))
        _ranks(row[1], np.asarray(values))
        row[0].set_ylabel(labels[name])
    axes[-1, 0].set_xlabel("draw")
    axes[-1, 1].set_xlabel("rank among all draws")
    return figure


def _trace(axis, values: np.ndarray) -> None:
    step = max(1, values.shape[1] // 1000)
    for chain, color in zip(values, _colors(len(values))):
        axis.plot(np.arange(0, len(chain), step), chain[::step], lw=0.35, color=color, alpha=0.8)
    axis.margins(x=0)


def _ranks(axis, values: np.ndarray) -> None:
    chains, length = values.shape
    ranks = rankdata(values).reshape(values.shape)
    edges = np.linspace(0, values.size, _BINS + 1)
    low, high = binom.interval(0.95, length, 1 / _BINS)
    axis.axhspan(low, high, color=GREY, alpha=0.2, lw=0)
    for chain, color in zip(ranks, _colors(chains)):
        axis.stairs(np.histogram(chain, edges)[0], edges, color=color, lw=1.0)
    axis.set_ylim(0, 2 * length / _BINS)
    axis.set_yticks([])
    axis.margins(x=0)


def _colors(chains: int) -> list[str]:
    return [CYCLE[i % len(CYCLE)] for i in range(chains)]
