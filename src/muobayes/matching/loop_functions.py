"""Loop functions of two heavy masses, smooth at equal masses.

With A = G exp(u), B = G exp(-u) all of them follow from h(u) = u/sinh(u), and h from S(u) = sinh(u)/u, which
is the integral of cosh(u x) over x in [0, 1]: Gauss-Legendre quadrature gives it to rounding without any
case distinction.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

__all__ = ["LARGEST_RATIO", "TwoMass", "two_mass"]

LARGEST_RATIO = 1e5
"""Ratio of the masses up to which the quadrature is exact to rounding."""

_nodes, _weights = np.polynomial.legendre.leggauss(24)
_NODES, _WEIGHTS = (_nodes + 1) / 2, _weights / 2


class TwoMass(NamedTuple):
    """Loop functions of A = M1^2 and B = M3^2; f, J13, J31, B13 in GeV^-2."""

    f: Array
    """ln(A/B)/(A-B)"""
    J13: Array
    """J(A,B) = integral of x/((x+A)^2 (x+B)) = 1/(A-B) - B ln(A/B)/(A-B)^2"""
    J31: Array
    """J(B,A)"""
    B13: Array
    """(A^2 - B^2 - 2 A B ln(A/B))/(2 (A-B)^3)"""
    C13: Array
    """(A+B) ln(A/B)/(2 (A-B)), dimensionless"""


def two_mass(M1: Array | float, M3: Array | float) -> TwoMass:
    """The loop functions of S1 and S3 together.

    Parameters
    ----------
    M1, M3 : scalar
        Masses in GeV, with a ratio up to `LARGEST_RATIO`.

    Returns
    -------
    TwoMass
        For M1 = M3 = M: f = 1/M^2, J13 = J31 = 1/(2 M^2), B13 = 1/(6 M^2), C13 = 1.

    Examples
    --------
    >>> float(two_mass(2.0, 2.0).B13) * 24  # doctest: +ELLIPSIS
    1.0...
    """
    M1, M3 = jnp.asarray(M1, float), jnp.asarray(M3, float)
    u = jnp.log(M1 / M3)
    inverse_g = 1 / (M1 * M3)
    cosh, sinh = jnp.cosh(u * _NODES), jnp.sinh(u * _NODES)
    s, s1, s2 = (jnp.sum(_WEIGHTS * x) for x in (cosh, _NODES * sinh, _NODES**2 * cosh))
    h, h1, h2 = 1 / s, -s1 / s**2, 2 * s1**2 / s**3 - s2 / s**2
    return TwoMass(
        f=inverse_g * h,
        J13=inverse_g * (h + h1) / 2,
        J31=inverse_g * (h - h1) / 2,
        B13=inverse_g * (h - h2) / 8,
        C13=h * jnp.cosh(u),
    )
