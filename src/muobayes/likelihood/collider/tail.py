r"""The high-mass dimuon tail of CMS: any Drell-Yan new physics against binned counts above 500 GeV.

The expectation of bin i is :math:`\mu_i = B_i[1 + f(R_i-1)]`, R_i being the leading-order cross section
with new physics over that of the SM and f the Drell-Yan fraction of the background B_i. Counts are Poisson;
the background has an independent Gaussian uncertainty in each bin, profiled analytically (the method of
arXiv:1704.09015).

With ``resolution=True`` both cross sections are folded with a Gaussian response. It hardly matters for a
tail, but without it a narrow X would jump from bin to bin as its mass varies, which no gradient-based
sampler survives.
"""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import xlogy
from scipy.special import ndtr

from ._data import read
from .drell_yan import Bins, Exchange, bins, no_exchange, spectrum
from .x_boson import HeavyX

__all__ = ["Tail", "cms_dimuon_tail", "profiled_poisson", "ratios", "tail_log_likelihood"]

# True masses: bins narrower than the resolution (3.5 % and more).
_TRUE_EDGES = np.geomspace(300.0, 8000.0, 65)


class Tail(NamedTuple):
    """A dilepton spectrum.

    True bins, response (observed bins, true bins, nodes), counts, expected background, its uncertainty, and
    the SM cross section of the observed bins (fb).
    """

    true: Bins
    response: Array
    observed: Array
    background: Array
    uncertainty: Array
    drell_yan_fraction: float
    standard_model: Array


@cache
def cms_dimuon_tail(resolution: bool = False) -> Tail:
    """CMS 140/fb (``data/cms_dimuon_2021.yaml``).

    Parameters
    ----------
    resolution : bool
        Fold with the resolution of the dimuon mass.
    """
    data = read("cms_dimuon_2021")
    edges = np.array(data["edges_GeV"], float)
    if resolution:
        true = bins(_TRUE_EDGES)
        m = np.sqrt(true.s)
        relative = np.interp(m, data["resolution"]["m_GeV"], data["resolution"]["relative"])
        response = np.diff(ndtr((edges[:, None, None] - m) / (relative * m)), axis=0)
    else:
        true = bins(edges)
        response = np.broadcast_to(np.eye(len(edges) - 1)[..., None], (len(edges) - 1, *true.s.shape))
    return Tail(
        true,
        jnp.asarray(response),
        jnp.asarray(data["observed"], float),
        jnp.asarray(data["background"]),
        jnp.asarray(data["uncertainty"]),
        float(data["drell_yan_fraction"]),
        jnp.einsum("nij,ij->n", response, jax.jit(spectrum)(true, no_exchange())),
    )


def ratios(tail: Tail, exchange: Exchange, x: HeavyX | None = None) -> Array:
    """R_i: leading-order dimuon cross section over that of the SM, for each observed bin."""
    return jnp.einsum("nij,ij->n", tail.response, spectrum(tail.true, exchange, x)) / tail.standard_model


def profiled_poisson(observed: Array, expected: Array, uncertainty: Array) -> Array:
    """Log-likelihood of counts with a Gaussian uncertainty of the expectation, profiled, for each bin.

    Relative to the saturated model, so that it is never positive. The best expectation solves
    ``y^2 + (sigma^2 - expected) y - observed sigma^2 = 0``.
    """
    variance = uncertainty**2
    linear = expected - variance
    root = jnp.sqrt(linear**2 + 4 * observed * variance)
    # two forms of the positive root; each where it does not cancel
    safe = jnp.where(linear > 0, 1.0, root - linear)
    best = jnp.where(linear > 0, (linear + root) / 2, 2 * observed * variance / safe)
    poisson = best - observed - xlogy(observed, jnp.where(best > 0, best, 1.0)) + xlogy(observed, observed)
    return -poisson - (best - expected) ** 2 / (2 * variance)


def tail_log_likelihood(tail: Tail, exchange: Exchange, x: HeavyX | None = None) -> Array:
    """Log-likelihood of a tail; its value for the SM is subtracted, so that no new physics gives zero."""
    change = tail.drell_yan_fraction * (ratios(tail, exchange, x) - 1)
    with_new = profiled_poisson(tail.observed, tail.background * (1 + change), tail.uncertainty)
    without = profiled_poisson(tail.observed, tail.background, tail.uncertainty)
    return jnp.sum(with_new - without)
