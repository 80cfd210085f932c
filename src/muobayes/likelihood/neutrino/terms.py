"""Neutrino data as log-likelihoods: NuFIT, the sum of masses, neutrinoless double beta decay."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import logsumexp
from jaxtyping import Complex

from ...errors import pick
from ._data import read
from .mixing import ORDERINGS, Oscillation, effective_mass, oscillation, takagi

__all__ = [
    "NeutrinoData",
    "dataset_of",
    "double_beta_log_likelihood",
    "neutrino_data",
    "neutrino_terms",
    "oscillation_log_likelihood",
    "sum_log_likelihood",
]

_ANGLES = ("s12sq", "s23sq", "s13sq")
_DIFFERENCES = ("Dm21", "Dm3l")


class NeutrinoData(NamedTuple):
    """Measurements: central values with upper and lower widths, and limits in eV."""

    ordering: str
    best: Oscillation
    plus: Oscillation
    minus: Oscillation
    sum_limit: float
    m_bb_limits: tuple[float, float]


def neutrino_data(
    ordering: str = "NO", nufit: str = "6.0", mass_sum: str = "planck2018", double_beta: str = "2024"
) -> NeutrinoData:
    """Choose releases of the data (``data/*.yaml``).

    Raises
    ------
    InputError
        If a release or the ordering is unknown.
    """
    release = pick(read("nufit")["releases"], nufit, "nufit")
    fit = pick({name: release[name] for name in ORDERINGS}, ordering, "ordering")
    best, plus, minus = (
        Oscillation(*(jnp.asarray(fit[f][k], float) for f in Oscillation._fields)) for k in range(3)
    )
    limit = pick(read("neutrino_mass_sum")["limits"], mass_sum, "mass_sum")
    low, high = pick(read("kamland_zen")["limits"], double_beta, "double_beta")["m_bb_eV"]
    return NeutrinoData(ordering, best, plus, minus, float(limit["value"]), (float(low), float(high)))


def dataset_of(name: str, ordering: str = "NO") -> NeutrinoData:
    """The releases that belong to a data set of the package (``data/datasets.yaml``)."""
    return neutrino_data(ordering, **pick(read("datasets"), name, "dataset"))


def oscillation_log_likelihood(data: NeutrinoData, point: Oscillation) -> Array:
    """Two-sided Gaussians, for the phase the periodic form ``-(1 - cos(delta - best))/sigma^2``.

    The mass differences, known to 3 %, are Gaussian in their logarithm: the same at that precision, and a far
    smoother landscape for parameters that vary over decades. The width of the phase changes sides smoothly, so
    that its likelihood is smooth on the circle. Zero at the best fit.
    """
    distances = {name: getattr(point, name) - getattr(data.best, name) for name in _ANGLES}
    for name in _DIFFERENCES:
        best = getattr(data.best, name)
        # the ordering fixes the sign, so that the ratio is positive; exactly degenerate masses do not occur
        distances[name] = best * jnp.log(jnp.maximum(getattr(point, name) / best, 1e-30))
    total: Array = jnp.zeros(())
    for name, distance in distances.items():
        width = jnp.where(distance > 0, getattr(data.plus, name), getattr(data.minus, name))
        total = total - (distance / width) ** 2 / 2
    angle = jnp.deg2rad(point.delta - data.best.delta)
    above, below = (1 / jnp.deg2rad(width.delta) ** 2 for width in (data.plus, data.minus))
    # the two widths apply around the best fit; opposite to it their mean does
    side = jnp.tanh(jnp.sin(angle) / 0.05) * (1 - (1 - jnp.cos(angle)) ** 2 / 4)
    concentration = (above + below) / 2 + (above - below) / 2 * side
    return total - concentration * (1 - jnp.cos(angle))


def sum_log_likelihood(data: NeutrinoData, total: Array) -> Array:
    """Half-Gaussian around zero whose 95 % point is the limit on the sum of masses (eV)."""
    return -((1.96 * total / data.sum_limit) ** 2) / 2


def double_beta_log_likelihood(data: NeutrinoData, m_bb: Array) -> Array:
    """Half-Gaussian in the decay rate, proportional to m_bb^2, averaged over the nuclear matrix element.

    The matrix element is flat between the two values that the experiment quotes, hence so is its
    reciprocal, the limit on m_bb, weighted accordingly; 90 % of a half-Gaussian lie below 1.645 sigma.
    """
    low, high = data.m_bb_limits
    nodes, weights = np.polynomial.legendre.leggauss(8)
    inverse = (1 / high + 1 / low) / 2 + (1 / low - 1 / high) / 2 * nodes
    rate = (m_bb * inverse) ** 2
    return logsumexp(-((1.645 * rate) ** 2) / 2, b=weights / 2)


def neutrino_terms(data: NeutrinoData, m: Complex[Array, "3 3"]) -> dict[str, Array]:
    """Log-likelihoods of a light mass matrix (eV) in the basis of diagonal charged leptons.

    Returns
    -------
    dict
        ``neutrino oscillations``, ``sum of neutrino masses``, ``neutrinoless double beta decay``.
    """
    masses, U = takagi(m)
    return {
        "neutrino oscillations": oscillation_log_likelihood(data, oscillation(masses, U, data.ordering)),
        "sum of neutrino masses": sum_log_likelihood(data, jnp.sum(masses)),
        "neutrinoless double beta decay": double_beta_log_likelihood(data, effective_mass(m)),
    }
