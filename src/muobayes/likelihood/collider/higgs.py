r"""The Higgs boson and Phi: Eq. (4) of arXiv:2103.13991, and invisible decays h -> XX, h -> phi phi.

With :math:`\langle\Phi\rangle=v_\Phi` the mass of X is :math:`m_X=\sqrt2|q_\Phi|g_Xv_\Phi`, so that
:math:`v_\Phi = m_X/(\sqrt2|q_\Phi|g_X)`; the paper's text quotes twice that. Everything below is written with
:math:`w = m_X/(|q_\Phi|g_X)=\sqrt2v_\Phi`, which does not depend on such conventions:

.. math::
    \Gamma(h\to XX) &= \frac{\sin^2\theta\,m_h^3}{32\pi w^2}\sqrt{1-4x}\,(1-4x+12x^2),\quad x=m_X^2/m_h^2\\
    \Gamma(h\to\phi\phi) &= \frac{\sin^2\theta\,(m_h^2+2m_\phi^2)^2}{32\pi m_hw^2}\sqrt{1-4m_\phi^2/m_h^2}

the second at leading order in the mixing angle. A light phi decays to XX and X to neutrinos: both are
invisible.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError, did_you_mean
from ._data import read

__all__ = [
    "HiggsPoint",
    "InvisibleHiggs",
    "Potential",
    "branching_invisible",
    "higgs_point",
    "invisible_higgs",
    "invisible_log_likelihood",
    "mixing",
    "potential",
    "width_to_phi",
    "width_to_x",
]

_DATA = read("higgs_invisible")
M_H = float(_DATA["m_h"]["value"])
WIDTH_SM = float(_DATA["width_sm"]["value"])


class Potential(NamedTuple):
    """Parameters of Eq. (3): lam* dimensionless, mu2* in GeV^2."""

    lamH: Array
    lamPhi: Array
    lamPhiH: Array
    mu2H: Array
    mu2Phi: Array


def potential(m_phi: Array, theta: Array, v_phi: Array, v: float = 174.104) -> Potential:
    """Eq. (4): the potential from the mass of phi, the mixing angle and the vacuum expectation values (GeV).

    Valid to second order in theta.
    """
    difference = M_H**2 - m_phi**2
    h2, phi2 = M_H**2 - theta**2 * difference, m_phi**2 + theta**2 * difference
    return Potential(
        h2 / (2 * v**2),
        phi2 / v_phi**2,
        theta * difference / (2 * v * v_phi),
        h2 / 2 + theta * difference * v_phi / (2 * v),
        phi2 / 2 + theta * difference * v / (2 * v_phi),
    )


def mixing(lamPhi: Array, lamPhiH: Array, v_phi: Array, v: float = 174.104) -> tuple[Array, Array]:
    """Mass of phi (GeV) and mixing angle from the couplings: Eq. (4) solved for small angles.

    The mass is ``sqrt(lamPhi) v_phi`` up to theta^2. Where phi and h are degenerate within 1 % of m_h^2 the
    angle is regularised, since the expansion of Eq. (4) fails.
    """
    mass2 = lamPhi * v_phi**2
    difference = M_H**2 - mass2
    floor = 1e-2 * M_H**2
    inverse = difference / (difference**2 + floor**2)
    theta = 2 * lamPhiH * v * v_phi * inverse
    return jnp.sqrt(mass2), theta


def _threshold(x: Array) -> Array:
    """sqrt(1 - 4 x) above threshold, zero below, with a finite derivative."""
    phase_space = 1 - 4 * x
    return jnp.where(phase_space > 0, jnp.sqrt(jnp.maximum(phase_space, 1e-14)), 0.0)


def width_to_x(theta: Array, mX: Array, w: Array) -> Array:
    """Gamma(h -> X X) in GeV; ``w = mX/(|q_Phi| gX)`` in GeV."""
    x = (mX / M_H) ** 2
    return jnp.sin(theta) ** 2 * M_H**3 / (32 * np.pi * w**2) * _threshold(x) * (1 - 4 * x + 12 * x**2)


def width_to_phi(theta: Array, m_phi: Array, w: Array) -> Array:
    """Gamma(h -> phi phi) in GeV, at leading order in theta."""
    coupling = (M_H**2 + 2 * m_phi**2) ** 2 / (32 * np.pi * M_H * w**2)
    return jnp.sin(theta) ** 2 * coupling * _threshold((m_phi / M_H) ** 2)


def branching_invisible(theta: Array, invisible_width: Array) -> Array:
    """BR(h -> invisible): the SM width shrinks by cos^2 theta."""
    return invisible_width / (jnp.cos(theta) ** 2 * WIDTH_SM + invisible_width)


class HiggsPoint(NamedTuple):
    """The Higgs sector at a point: GeV, except for the angle and the branching fraction."""

    v_phi: Array
    m_phi: Array
    theta: Array
    width_invisible: Array
    branching_invisible: Array


def higgs_point(
    charge: float, gX: Array, mX: Array, lamPhi: Array, lamPhiH: Array, x_invisible: Array | float = 1.0
) -> HiggsPoint:
    """Invisible decays from the parameters of a model with a light X.

    Parameters
    ----------
    charge : float
        U(1)_X charge of Phi.
    gX, mX, lamPhi, lamPhiH : scalar
        Gauge coupling, mass of X in GeV, couplings of Eq. (3).
    x_invisible : scalar
        BR(X -> neutrinos); phi decays to X X.
    """
    w = mX / (abs(charge) * gX)
    v_phi = w / 2**0.5
    m_phi, theta = mixing(lamPhi, lamPhiH, v_phi)
    width = width_to_x(theta, mX, w) * x_invisible**2 + width_to_phi(theta, m_phi, w) * x_invisible**4
    return HiggsPoint(v_phi, m_phi, theta, width, branching_invisible(theta, width))


class InvisibleHiggs(NamedTuple):
    """A measured branching fraction, Gaussian, from the observed and the expected limit at 95 %."""

    centre: float
    sigma: float


def invisible_higgs(experiment: str = "ATLAS") -> InvisibleHiggs:
    """The limit of an experiment as a Gaussian (``data/higgs_invisible.yaml``).

    One-sided limits: expected = 1.645 sigma, observed = centre + 1.645 sigma.

    Raises
    ------
    InputError
        If the experiment is unknown.
    """
    limits = _DATA["limits"]
    if experiment not in limits:
        raise InputError(
            f"h -> invisible: no limit of {experiment!r}{did_you_mean(experiment, limits)}; "
            f"there are {', '.join(limits)}."
        )
    entry = limits[experiment]
    sigma = entry["expected"] / 1.645
    return InvisibleHiggs(entry["value"] - 1.645 * sigma, sigma)


def invisible_log_likelihood(data: InvisibleHiggs, branching: Array) -> Array:
    """Gaussian log-likelihood ratio to the SM (no invisible decays beyond its 0.1 %)."""
    return (data.centre**2 - (branching - data.centre) ** 2) / (2 * data.sigma**2)
