r"""Neutrino trident production nu_mu N -> nu_mu mu+ mu- N, in the equivalent-photon approximation.

X changes the vector (and, with chiral couplings, the axial) coupling of the muon at the momentum transfer
Q^2 of the neutrino, :math:`C_V(Q^2) = \tfrac12 + 2s_W^2 + v^2 g_\mu g_\nu/(m_X^2+Q^2)`, so that

.. math:: \sigma = \int d\ln Q^2\,[C_V(Q^2)^2 f_V(Q^2) + C_A(Q^2)^2 f_A(Q^2)].

The densities :math:`f_{V,A}` hold all of the kinematics, do not depend on X, and are tabulated once per
experiment: :math:`\sigma(\nu\gamma\to\nu\mu\mu)` with the phase space of the muon pair done analytically
(structure functions F1, F2 below), folded with the photons of the nucleus,
:math:`\Phi(s) = \int_{(s/2E)^2} dq^2/q^2\,F^2(q^2)` (Brown et al., Phys. Rev. D6 (1972) 3273;
arXiv:1406.2332). On the equidistant nodes in ln Q^2 the trapezoidal rule converges exponentially, since the
propagator is analytic in a strip of half-width pi.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.interpolate import CubicSpline

from .couplings import XPoint, index
from .form_factor import helm
from .inputs import INPUTS

__all__ = ["TridentTable", "sigma_ratio", "structure_functions", "trident_table"]

_SW2 = INPUTS.sw2_mz
_CV_SM, _CA_SM = 0.5 + 2 * _SW2, 0.5
_NODES = 64


class TridentTable(NamedTuple):
    """Densities of one beam and target.

    Attributes
    ----------
    Q2 : (n,) float
        Nodes in GeV^2, equidistant in ln Q^2.
    vector, axial : (n,) float
        d sigma/d ln Q^2 for C_V = 1 (C_A = 1), times the step in ln Q^2: GeV^-2.
    sigma_sm : float
        Cross section of the Standard Model, GeV^-2.
    """

    Q2: np.ndarray
    vector: np.ndarray
    axial: np.ndarray
    sigma_sm: float


def structure_functions(l2: np.ndarray, Q2: np.ndarray) -> dict[str, np.ndarray]:
    """F1 and F2 of nu gamma -> nu mu mu after the phase space of the muon pair, for C_V = 1 and C_A = 1.

    Parameters
    ----------
    l2, Q2 : array
        Squared mass of the muon pair; minus the squared momentum transfer of the neutrino. GeV^2.

    Returns
    -------
    dict
        ``F1V, F2V, F1A, F2A`` (fitted to the numerical Dirac traces to 1e-14, with integer coefficients).
    """
    z, rho = Q2 / (Q2 + l2), INPUTS.m_mu**2 / Q2
    beta = np.sqrt(np.maximum(1 - 4 * INPUTS.m_mu**2 / l2, 1e-14))
    L = 2 * np.arctanh(beta) / beta
    P, y = 1 - 2 * z + 2 * z**2, z * (1 - z)
    m1, m2 = 4 * rho * y, 8 * rho**2 * z**2
    f2v = 16 * z * (L * (P + 4 * rho * z * (1 - 3 * z) - m2) - (1 - 8 * y + m1))
    return {
        "F1V": 8 * L * (P + m1 - m2) - 8 * (1 - 4 * y + m1),
        "F1A": 8 * L * (P - m1 + m2) - 8 * (1 - 4 * y - m1),
        "F2V": f2v,
        "F2A": f2v + 64 * rho * z * L,
    }


def photon_moments(
    E: float, Z: float, A: float, q2_max: float, s_max: float
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Two functions of s0: int ds w/s^2 and int ds w (s - s0)/s up to s_max, w = (Z^2 alpha/pi) Phi/s.

    `E` is the beam energy in GeV; `q2_max` the cut on the photon virtuality and `s_max` that on s, in GeV^2.
    """
    x, weights = np.polynomial.legendre.leggauss(96)
    s_grid = np.geomspace(1e-3, s_max, 1200)
    low, high = 2 * np.log(s_grid / (2 * E)), np.log(q2_max)
    ln_q2 = low[:, None] + 0.5 * (high - low)[:, None] * (x + 1)
    flux = 0.5 * (high - low) * np.sum(weights * helm(np.exp(0.5 * ln_q2), A) ** 2, axis=1)
    flux = CubicSpline(np.log(s_grid), np.where(high > low, flux, 0.0))

    def moments(s0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        span = np.log(s_max / s0)[..., None]
        ln_s = np.log(s0)[..., None] + 0.5 * span * (x + 1)
        s = np.exp(ln_s)
        w_ds = 0.5 * span * weights * Z**2 * INPUTS.alpha / np.pi * flux(ln_s)
        return np.sum(w_ds / s**2, axis=-1), np.sum(w_ds * (1 - s0[..., None] / s), axis=-1)

    return moments


def trident_table(
    E: float, Z: float, A: float, q2_max: float = 4.0, s_max_over_E: float = 2.4
) -> TridentTable:
    """Tabulate f_V and f_A for a beam of energy `E` (GeV) on a nucleus (Z, A).

    `q2_max` (GeV^2) cuts the virtuality of the photon and ``s_max_over_E * E`` the energy of the collision,
    both where the form factor has long made them irrelevant.
    """
    s_max, four_m2 = s_max_over_E * E, 4 * INPUTS.m_mu**2
    moments = photon_moments(E, Z, A, q2_max, s_max)
    ln_q2, step = np.linspace(np.log(1e-8), np.log(0.999 * (s_max - four_m2)), _NODES, retstep=True)
    Q2 = np.exp(ln_q2)
    # l2 = 4 m^2 cosh^2 u removes the square root at the threshold of the pair
    x, weights = np.polynomial.legendre.leggauss(64)
    u_max = np.arccosh(np.sqrt((s_max - Q2) / four_m2))[:, None]
    u = 0.5 * u_max * (x + 1)
    l2, jacobian = four_m2 * np.cosh(u) ** 2, 0.5 * u_max * weights * four_m2 * np.sinh(2 * u)
    s0 = l2 + Q2[:, None]
    I0, I2 = moments(s0)
    F = structure_functions(l2, Q2[:, None])
    measure = jacobian * np.tanh(u) * INPUTS.alpha * INPUTS.GF**2 / (32 * np.pi**2)
    density = {
        k: step * Q2 * np.sum(measure * (Q2[:, None] * F["F1" + k] * I0 + F["F2" + k] * I2 / s0), axis=1)
        for k in "VA"
    }
    sigma = _CV_SM**2 * density["V"].sum() + _CA_SM**2 * density["A"].sum()
    return TridentTable(Q2, density["V"], density["A"], float(sigma))


def sigma_ratio(point: XPoint, table: TridentTable) -> Array:
    """Trident cross section over its Standard-Model value.

    Parameters
    ----------
    point : XPoint
    table : TridentTable

    Returns
    -------
    scalar
    """
    mu, nu = index("mu"), index("nu_mu")
    exchange = INPUTS.v2 * point.low.left[nu] / (point.mX**2 + table.Q2)
    C_V = _CV_SM + exchange * point.low.vector[mu]
    C_A = _CA_SM - exchange * point.low.axial[mu]
    return jnp.sum(C_V**2 * table.vector + C_A**2 * table.axial) / table.sigma_sm
