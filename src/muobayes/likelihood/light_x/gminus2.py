r"""One-loop contribution of X to the anomalous magnetic moment of a lepton, for every mass ratio.

.. math::
    \Delta a = \frac{g_V^2 F_V(r) + g_A^2 F_A(r)}{8\pi^2},\qquad r = m_X/m_\ell,\qquad
    F_V = \int_0^1\!dx\,\frac{2x^2(1-x)}{D},\quad
    F_A = \int_0^1\!dx\,\frac{2x(1-x)(x-4) - 4x^3/r^2}{D},\quad D = x^2 + (1-x)r^2

(Leveille, Nucl. Phys. B137 (1978) 63; Jegerlehner and Nyffeler, arXiv:0902.3360). With :math:`x =
1/(1+e^{-w})` the integrands are analytic in a strip around the real axis whose width does not depend on r,
so that the trapezoidal rule in w converges exponentially for every r at once: no case distinction, and
derivatives as exact as values.
"""

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import Array

from .couplings import XPoint, index
from .inputs import INPUTS

__all__ = ["delta_a", "loop_axial", "loop_vector"]

_STEP = 0.4
_W = np.arange(-27.0, 32.0, _STEP)
_X = 1 / (1 + np.exp(-_W))
_ONE_MINUS_X = 1 / (1 + np.exp(_W))
_WEIGHTS = _STEP * _X * _ONE_MINUS_X


def loop_vector(r: Array) -> Array:
    """F_V at the mass ratio `r` = mX/m_lepton (scalar): 1 for r -> 0, 2/(3 r^2) for r -> infinity.

    Examples
    --------
    >>> round(float(loop_vector(1e-6)), 4)
    1.0
    """
    return jnp.sum(_WEIGHTS * 2 * _X**2 * _ONE_MINUS_X / (_X**2 + _ONE_MINUS_X * jnp.square(r)))


def loop_axial(r: Array) -> Array:
    """F_A at the mass ratio `r` = mX/m_lepton (scalar): -10/(3 r^2) for r -> infinity.

    The term with 1/r^2 comes from the longitudinal X and grows without bound for r -> 0.
    """
    q = jnp.square(r)
    numerator = 2 * _X * _ONE_MINUS_X * (_X - 4) - 4 * _X**3 / q
    return jnp.sum(_WEIGHTS * numerator / (_X**2 + _ONE_MINUS_X * q))


def delta_a(point: XPoint, lepton: Literal["e", "mu", "tau"] = "mu") -> Array:
    """Shift of (g-2)/2 of a lepton by the exchange of X.

    Parameters
    ----------
    point : XPoint
    lepton : {'e', 'mu', 'tau'}

    Returns
    -------
    scalar
    """
    mass = {"e": INPUTS.m_e, "mu": INPUTS.m_mu, "tau": INPUTS.m_tau}[lepton]
    r, i = point.mX / mass, index(lepton)
    vector, axial = point.low.vector[i], point.low.axial[i]
    return (vector**2 * loop_vector(r) + axial**2 * loop_axial(r)) / (8 * np.pi**2)
