r"""Masses and mixing of Majorana neutrinos from their mass matrix: a differentiable Takagi factorisation.

A complex symmetric m is :math:`m = U\,\mathrm{diag}(m_i)\,U^T` with U unitary and :math:`m_i\ge0`. Writing
:math:`u = x + iy` for a column of U, :math:`m u^* = m_i u` is the real symmetric eigenvalue problem

.. math:: \begin{pmatrix}\mathrm{Re}\,m & \mathrm{Im}\,m\\ \mathrm{Im}\,m & -\mathrm{Re}\,m\end{pmatrix}
          \begin{pmatrix}x\\y\end{pmatrix} = m_i\begin{pmatrix}x\\y\end{pmatrix},

whose eigenvalues are :math:`\pm m_i`: the upper half is the factorisation, with derivatives wherever masses
are neither degenerate nor zero.
"""

from types import ModuleType
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Complex, Float

from ...errors import InputError

__all__ = ["ORDERINGS", "Oscillation", "effective_mass", "oscillation", "pmns", "takagi"]

ORDERINGS = ("NO", "IO")

# Where nu_1, nu_2, nu_3 stand among the masses in ascending order.
_POSITIONS = {"NO": (0, 1, 2), "IO": (1, 2, 0)}


def takagi(m: Complex[Array, "3 3"]) -> tuple[Float[Array, "3"], Complex[Array, "3 3"]]:
    """Takagi factorisation of a complex symmetric matrix.

    Returns
    -------
    masses : (3,) array
        Ascending, not negative.
    U : (3, 3) complex array
        Unitary, ``m = U @ diag(masses) @ U.T``; each column is fixed up to its sign.
    """
    m = (m + m.T) / 2
    # in units of its size, since eigensolvers compare with one
    scale = jnp.sqrt(jnp.sum(jnp.abs(m) ** 2))
    unit = m / scale
    real = jnp.block([[unit.real, unit.imag], [unit.imag, -unit.real]])
    values, vectors = jnp.linalg.eigh(real)
    return scale * values[3:], vectors[:3, 3:] + 1j * vectors[3:, 3:]


def pmns(
    s12sq: Array | float,
    s23sq: Array | float,
    s13sq: Array | float,
    delta: Array | float,
    xp: ModuleType = jnp,
) -> Complex[Array, "3 3"]:
    """Mixing matrix in the standard parametrisation, without Majorana phases.

    Parameters
    ----------
    s12sq, s23sq, s13sq : scalar
        Squared sines of the angles.
    delta : scalar
        Degrees.
    xp : module
        ``jax.numpy``, or ``numpy`` for an array outside JAX.
    """
    s12, s23, s13 = xp.sqrt(s12sq), xp.sqrt(s23sq), xp.sqrt(s13sq)
    c12, c23, c13 = xp.sqrt(1 - s12sq), xp.sqrt(1 - s23sq), xp.sqrt(1 - s13sq)
    phase = xp.exp(1j * xp.deg2rad(delta))
    return xp.array(
        [
            [c12 * c13, s12 * c13, s13 / phase],
            [-s12 * c23 - c12 * s23 * s13 * phase, c12 * c23 - s12 * s23 * s13 * phase, s23 * c13],
            [s12 * s23 - c12 * c23 * s13 * phase, -c12 * s23 - s12 * c23 * s13 * phase, c23 * c13],
        ]
    )


class Oscillation(NamedTuple):
    """What oscillations measure: sin^2 of the angles, delta in degrees (0 to 360), mass differences in eV^2.

    ``Dm3l`` is Dm31 for normal and Dm32 (negative) for inverted ordering, as NuFIT has it.
    """

    s12sq: Array
    s23sq: Array
    s13sq: Array
    delta: Array
    Dm21: Array
    Dm3l: Array


def oscillation(masses: Array, U: Array, ordering: str = "NO") -> Oscillation:
    """Oscillation parameters, if the masses are ordered as given.

    Parameters
    ----------
    masses, U : arrays
        From `takagi`, in the basis of diagonal charged leptons; eV.
    ordering : {"NO", "IO"}
        Which of the three is nu_3: the heaviest or the lightest. A matrix of the other ordering gives mass
        differences that fit nothing.

    Raises
    ------
    InputError
        If the ordering is neither NO nor IO.
    """
    if ordering not in ORDERINGS:
        raise InputError(f"ordering: {ordering!r} is unknown; allowed are NO (normal) and IO (inverted).")
    positions = jnp.array(_POSITIONS[ordering])
    m, u = masses[positions], U[:, positions]
    p = jnp.abs(u) ** 2
    s13 = p[0, 2]
    c13 = 1 - s13
    s12, s23 = p[0, 1] / c13, p[1, 2] / c13
    # Jarlskog invariant and |U_mu1|^2 give sine and cosine of delta
    scale = jnp.sqrt(s12 * (1 - s12) * s23 * (1 - s23) * s13)
    jarlskog = jnp.imag(u[0, 1] * u[1, 2] * jnp.conj(u[0, 2] * u[1, 1]))
    sine = jarlskog / (scale * c13)
    cosine = (p[1, 0] - s12 * (1 - s23) - (1 - s12) * s23 * s13) / (2 * scale)
    delta = jnp.rad2deg(jnp.arctan2(sine, cosine)) % 360.0
    other = m[0] if ordering == "NO" else m[1]
    return Oscillation(s12, s23, s13, delta, m[1] ** 2 - m[0] ** 2, m[2] ** 2 - other**2)


def effective_mass(m: Complex[Array, "3 3"]) -> Array:
    """m_bb = |m_ee| of neutrinoless double beta decay, in the unit of `m`."""
    # a floor far below any sensitivity keeps the derivative of the modulus finite
    return jnp.sqrt(jnp.real(m[0, 0]) ** 2 + jnp.imag(m[0, 0]) ** 2 + 1e-24)
