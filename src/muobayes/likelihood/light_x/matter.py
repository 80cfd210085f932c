r"""Neutrinos in matter and in the early Universe: the potential of X in the Earth, and N_eff."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from .couplings import XPoint, index
from .inputs import INPUTS

__all__ = ["earth_nsi", "n_eff", "x_entropy"]


def earth_nsi(point: XPoint, neutrons_per_electron: float) -> Array:
    r"""Diagonal non-standard interactions in the Earth, relative to the potential of electrons.

    .. math:: \epsilon_{\alpha\alpha} = \frac{v^2 g_{\nu_\alpha}(g_p + g_e + Y_n g_n)}{2 m_X^2}

    Forward scattering has zero momentum transfer, so that this holds for every mX above 1e-11 eV, and the
    kinetic mixing drops out of neutral matter (arXiv:2009.14220).

    Parameters
    ----------
    point : XPoint
    neutrons_per_electron : float

    Returns
    -------
    (3,) array
        For nu_e, nu_mu, nu_tau; only differences can be observed.
    """
    g = point.low.vector
    g_u, g_d, g_e = g[index("u")], g[index("d")], g[index("e")]
    matter = (2 * g_u + g_d) + g_e + neutrons_per_electron * (g_u + 2 * g_d)
    return INPUTS.v2 * point.low.left[:3] * matter / (2 * point.mX**2)


_Y, _WY = np.polynomial.legendre.leggauss(64)
_Y, _WY = 20 * (_Y + 1), 20 * _WY
_ENTROPY_NEUTRINO = 7 / 8 * 2 * 2 * np.pi**2 / 45


def x_entropy(x: Array) -> Array:
    """Entropy density over T^3 of a massive vector boson (three polarisations) at ``x = mX/T``."""
    E = jnp.sqrt(_Y**2 + x**2)
    # written with exp(-E), so that a heavy X underflows to zero instead of overflowing
    occupation = jnp.exp(-E) / -jnp.expm1(-E)
    return 3 / (2 * np.pi**2) * jnp.sum(_WY * _Y**2 * (E + _Y**2 / (3 * E)) * occupation)


def n_eff(mX: Array, neutrinos: float, T_dec_MeV: float, equilibrium: Array | float = 1.0) -> Array:
    r"""Effective number of neutrinos when the entropy of X goes to `neutrinos` flavours after they decouple.

    .. math::
        N_{eff} = 3 - n + n\,[1 + s_X(m_X/T)/(n s_1)]^{4/3},\qquad s_1 = \tfrac78\cdot
        2\cdot\tfrac{2\pi^2}{45}

    (arXiv:1901.02010 for the physics; the coupling of X to electrons is neglected).

    Parameters
    ----------
    mX : scalar
        GeV.
    neutrinos : float
        Number n of flavours in equilibrium with X.
    T_dec_MeV : float
        Their decoupling temperature, 1.5 to 2.3 MeV.
    equilibrium : scalar
        Fraction of the equilibrium abundance that X has reached.

    Returns
    -------
    scalar
    """
    entropy = equilibrium * x_entropy(mX * 1e3 / T_dec_MeV)
    return 3 - neutrinos + neutrinos * (1 + entropy / (neutrinos * _ENTROPY_NEUTRINO)) ** (4 / 3)
