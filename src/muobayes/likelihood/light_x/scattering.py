r"""Elastic scattering of solar 7Be neutrinos on electrons (Borexino), with X exchange and its interference.

.. math::
    \frac{d\sigma}{dT} = \frac{2G_F^2 m_e}{\pi}\Big[g_L^2 + g_R^2 (1-T/E)^2 - g_L g_R\,m_e T/E^2\Big],\qquad
    g_{L,R} \to g_{L,R} + \frac{v^2\,g_\nu\,g_{e_{L,R}}}{2\,(m_X^2 + 2 m_e T)}

with :math:`g_L = s_W^2 \pm 1/2` (+ for nu_e) and :math:`g_R = s_W^2` (arXiv:1203.5545), integrated over all
recoil energies T by Gauss-Legendre quadrature.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .couplings import XPoint, index
from .inputs import INPUTS

__all__ = ["ElectronScattering", "electron_cross_section", "electron_scattering", "rate_ratio"]

_NEUTRINOS = ("nu_e", "nu_mu", "nu_tau")


class ElectronScattering(NamedTuple):
    """Nodes over both lines and all recoils, flattened.

    Attributes
    ----------
    T, E : (n,) float
        Recoil and neutrino energy, GeV.
    weights : (n,) float
        Quadrature weight times the flux of the line.
    flavours : (3,) float
        Fractions of nu_e, nu_mu, nu_tau at the detector.
    rate_sm : float
        Rate of the Standard Model in the same units, GeV^-2.
    """

    T: np.ndarray
    E: np.ndarray
    weights: np.ndarray
    flavours: np.ndarray
    rate_sm: float


def _spectrum(gL: Any, gR: Any, T: Any, E: Any) -> Any:
    prefactor = 2 * INPUTS.GF**2 * INPUTS.m_e / np.pi
    return prefactor * (gL**2 + gR**2 * (1 - T / E) ** 2 - gL * gR * INPUTS.m_e * T / E**2)


def _standard_couplings() -> tuple[np.ndarray, float]:
    """g_L of nu_e, nu_mu, nu_tau, and g_R."""
    return INPUTS.sw2_low + np.array([0.5, -0.5, -0.5]), INPUTS.sw2_low


def _nodes(E: float, n: int = 32) -> tuple[np.ndarray, np.ndarray]:
    t_max = 2 * E**2 / (INPUTS.m_e + 2 * E)
    x, w = np.polynomial.legendre.leggauss(n)
    return 0.5 * t_max * (x + 1), 0.5 * t_max * w


def electron_cross_section(E: float, neutrino: str) -> float:
    """Cross section of the Standard Model in cm^2 at neutrino energy `E` (GeV)."""
    gL, gR = _standard_couplings()
    T, w = _nodes(E)
    return float(np.sum(w * _spectrum(gL[_NEUTRINOS.index(neutrino)], gR, T, E)) * INPUTS.hbarc2_cm2)


def electron_scattering(lines: list[dict[str, float]], flavours: dict[str, float]) -> ElectronScattering:
    """Set up the quadrature from the lines (``E_MeV``, ``weight``) and the flavour fractions."""
    parts = []
    for line in lines:
        E = line["E_MeV"] * 1e-3
        T, w = _nodes(E)
        parts.append((T, np.full(len(T), E), w * line["weight"]))
    T, energies, w = (np.concatenate(column) for column in zip(*parts, strict=True))
    fractions = np.array([flavours[name] for name in _NEUTRINOS])
    gL, gR = _standard_couplings()
    rate = np.sum(fractions[:, None] * w * _spectrum(gL[:, None], gR, T, energies))
    return ElectronScattering(T, energies, w, fractions, float(rate))


def rate_ratio(point: XPoint, setup: ElectronScattering) -> Array:
    """Rate of neutrino-electron scattering over its Standard-Model value.

    Parameters
    ----------
    point : XPoint
    setup : ElectronScattering

    Returns
    -------
    scalar
    """
    e = index("e")
    gL, gR = _standard_couplings()
    propagator = INPUTS.v2 / (2 * (point.mX**2 + 2 * INPUTS.m_e * setup.T))
    exchange = point.low.left[:3, None] * propagator
    spectrum = _spectrum(
        gL[:, None] + exchange * point.low.left[e], gR + exchange * point.low.right[e], setup.T, setup.E
    )
    return jnp.sum(setup.flavours @ spectrum * setup.weights) / setup.rate_sm
