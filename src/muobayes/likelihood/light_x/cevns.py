r"""Coherent elastic neutrino-nucleus scattering of neutrinos from pion decay at rest (COHERENT).

.. math::
    \frac{d\sigma}{dT} = \frac{G_F^2 M}{\pi}\,Q^2\Big(1-\frac{MT}{2E^2}\Big)F^2(2MT),\qquad
    Q = Z\big(\tfrac12-2s_W^2\big) - \tfrac{N}{2} + \frac{v^2 g_\nu(Z g_p + N g_n)}{m_X^2+2MT}

(Freedman, Phys. Rev. D9 (1974) 1389; arXiv:1803.09183). The spectra (a nu_mu line, Michel nu_mu-bar and
nu_e, in equal numbers) enter only through their integral over E at given T, which is a polynomial: the
ratio to the Standard Model is one sum over fixed nodes in ln T per flavour and nucleus.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from .couplings import XPoint, index
from .form_factor import helm
from .inputs import INPUTS

__all__ = ["CEvNS", "cevns", "cross_section_ratio"]

_M_PI, _ATOMIC_MASS = 0.13957039, 0.93149  # PDG 2022; GeV per nucleon
_E_LINE = (_M_PI**2 - INPUTS.m_mu**2) / (2 * _M_PI)
_E_MAX = 0.5 * INPUTS.m_mu


class CEvNS(NamedTuple):
    """Nodes over recoils, flavours and nuclei of one target, flattened.

    Attributes
    ----------
    weights : (n,) float
        Everything but Q^2: flux, kinematics, form factor, quadrature; GeV^-2.
    two_MT : (n,) float
        Squared momentum transfer, GeV^2.
    Z, N : (n,) float
    charge_sm : (n,) float
        Weak charge Z (1/2 - 2 s_W^2) - N/2.
    muon : (n,) float
        One where the neutrino is a muon neutrino, zero for nu_e.
    sigma_sm : float
        Flux-averaged cross section of the Standard Model, GeV^-2.
    """

    weights: np.ndarray
    two_MT: np.ndarray
    Z: np.ndarray
    N: np.ndarray
    charge_sm: np.ndarray
    muon: np.ndarray
    sigma_sm: float


def _flux_integral(flavour: str, T: np.ndarray, M: float) -> np.ndarray:
    """int dE phi(E) (1 - M T/(2 E^2)) above the least energy sqrt(M T/2), per neutrino."""
    least, m = np.sqrt(0.5 * M * T), INPUTS.m_mu
    if flavour == "line":
        return np.where(least < _E_LINE, 1 - 0.5 * M * T / _E_LINE**2, 0.0)
    # phi = E^2 (a - b E): primitive of phi and of phi/E^2
    a, b = {"nu_mu_bar": (48 / m**3, 64 / m**4), "nu_e": (96 / m**3, 192 / m**4)}[flavour]
    low = np.minimum(least, _E_MAX)
    phi = a * (_E_MAX**3 - low**3) / 3 - b * (_E_MAX**4 - low**4) / 4
    phi_E2 = a * (_E_MAX - low) - b * (_E_MAX**2 - low**2) / 2
    return phi - 0.5 * M * T * phi_E2


def cevns(nuclei: list[dict[str, float]], threshold_keV: float, n: int = 48) -> CEvNS:
    """Set up the quadrature for a target.

    Parameters
    ----------
    nuclei : list of {'Z': ..., 'A': ...}
        In equal numbers.
    threshold_keV : float
        Least nuclear recoil that is seen; 0 integrates from 1 eV.
    n : int
        Nodes per flavour and nucleus.
    """
    x, w = np.polynomial.legendre.leggauss(n)
    lowest = max(threshold_keV * 1e-6, 1e-9)
    parts = []
    for nucleus in nuclei:
        Z, A = nucleus["Z"], nucleus["A"]
        M = A * _ATOMIC_MASS
        for flavour, E_max in (("line", _E_LINE), ("nu_mu_bar", _E_MAX), ("nu_e", _E_MAX)):
            half_span = 0.5 * np.log(2 * E_max**2 / M / lowest)
            T = lowest * np.exp(half_span * (x + 1))
            form = helm(np.sqrt(2 * M * T), A) ** 2
            flux = _flux_integral(flavour, T, M) / (3 * len(nuclei))
            weights = half_span * w * T * INPUTS.GF**2 * M / np.pi * flux * form
            ones = np.ones(n)
            muon = 0.0 if flavour == "nu_e" else 1.0
            parts.append((weights, 2 * M * T, Z * ones, (A - Z) * ones, muon * ones))
    weights, two_MT, Z_, N_, muon_ = (np.concatenate(column) for column in zip(*parts, strict=True))
    charge = Z_ * (0.5 - 2 * INPUTS.sw2_low) - N_ / 2
    return CEvNS(weights, two_MT, Z_, N_, charge, muon_, float(np.sum(weights * charge**2)))


def cross_section_ratio(point: XPoint, setup: CEvNS) -> Array:
    """Flux-averaged cross section above the threshold over its Standard-Model value.

    Parameters
    ----------
    point : XPoint
    setup : CEvNS

    Returns
    -------
    scalar
    """
    vector, nu = point.low.vector, point.low.left
    g_u, g_d = vector[index("u")], vector[index("d")]
    nucleus = setup.Z * (2 * g_u + g_d) + setup.N * (g_u + 2 * g_d)
    g_nu = setup.muon * nu[index("nu_mu")] + (1 - setup.muon) * nu[index("nu_e")]
    charge = setup.charge_sm + INPUTS.v2 * g_nu * nucleus / (point.mX**2 + setup.two_MT)
    return jnp.sum(setup.weights * charge**2) / setup.sigma_sm
