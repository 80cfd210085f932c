r"""The di-tau tail of ATLAS: hadronic tau pairs in bins of the total transverse mass.

Cross sections come in bins of the true pair mass from `drell_yan`; a response matrix folds them into the
observed bins, :math:`N_j = B_j + L\sum_i(\sigma_i-\sigma_i^{SM})K_{ij}`. Counts are Poisson, the background
has a Gaussian uncertainty in each bin, profiled.
"""

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ._data import read
from .drell_yan import Bins, Exchange, bins, cross_sections, no_exchange
from .tail import profiled_poisson
from .x_boson import HeavyX

__all__ = ["DiTau", "atlas_ditau", "ditau_excess", "ditau_log_likelihood"]


class DiTau(NamedTuple):
    """A di-tau spectrum: true bins, which response row each belongs to, response (events per fb), counts."""

    true: Bins
    response: Array
    standard_model: Array
    observed: Array
    background: Array
    uncertainty: Array


@cache
def atlas_ditau() -> DiTau:
    """ATLAS 139/fb, b-veto category (``data/atlas_ditau_2020.yaml``)."""
    data = read("atlas_ditau_2020")
    edges = np.array(data["true_edges_GeV"], float)
    # luminosities start at 200 GeV; the first row of the response (150-200 GeV) passes nothing
    coarse = edges[edges >= 200]
    fine = np.unique(np.concatenate([np.linspace(a, b, 5 if a < 1000 else 9) for a, b in pairwise(coarse)]))
    true = bins(fine)
    rows = np.searchsorted(edges, (fine[1:] + fine[:-1]) / 2) - 1
    return DiTau(
        true,
        data["luminosity_ifb"] * jnp.asarray(np.array(data["response"], float)[rows]),
        jax.jit(cross_sections)(true, no_exchange()),
        jnp.asarray(data["observed"], float),
        jnp.asarray(data["background"], float),
        jnp.asarray(data["uncertainty"], float),
    )


def ditau_excess(data: DiTau, exchange: Exchange, x: HeavyX | None = None) -> Array:
    """Events beyond the SM in each bin of the total transverse mass."""
    return (cross_sections(data.true, exchange, x, lepton="tau") - data.standard_model) @ data.response


def ditau_log_likelihood(data: DiTau, exchange: Exchange, x: HeavyX | None = None) -> Array:
    """Log-likelihood with the value of the SM subtracted."""
    # interference cannot take away more than the Drell-Yan part; the floor is never reached in practice
    expected = jnp.maximum(data.background + ditau_excess(data, exchange, x), 1e-3 * data.background)
    with_new = profiled_poisson(data.observed, expected, data.uncertainty)
    return jnp.sum(with_new - profiled_poisson(data.observed, data.background, data.uncertainty))
