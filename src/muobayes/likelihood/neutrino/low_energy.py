r"""Mass matrices with one or two vanishing entries of the inverse, from low-energy numbers: explicit, no diagonalisation.

With :math:`m_\nu^{-1} = U^*\,\mathrm{diag}(y_i)\,U^\dagger`, :math:`|y_i| = 1/m_i`, every entry is linear in the y_i.

One zero, :math:`(m_\nu^{-1})_{\mu\mu} = 0`: three complex numbers of moduli :math:`|U_{\mu i}|^2/m_i` add up to zero,
a triangle. Angles, delta and masses fix it up to its mirror image, if it closes. Two zeros, or one zero and the ratio t
of two entries: y is the cross product of two rows, so that angles, delta and t fix the ratios of the masses.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Complex, Float

from .mixing import pmns

__all__ = ["Numbers", "Ratio", "Shape", "closing", "inverse_mass", "masses", "row", "shape"]

_LIGHTEST_FIRST = {"NO": (0, 1, 2), "IO": (2, 0, 1)}

Ratio = tuple[tuple[int, int], tuple[int, int]]
"""Two entries of the inverse, flavours counted 0, 1, 2: t is the first over the second."""


class Numbers(NamedTuple):
    """Low-energy numbers, each a scalar.

    Attributes
    ----------
    s12sq, s23sq, s13sq : squared sines of the angles
    delta : degrees
    log_Dm21, log_Dm3l : logarithms of Dm21 and of \\|Dm3l\\| (l = 1 for normal, 2 for inverted ordering) in eV^2
    log_lightest : logarithm of the lightest mass in eV
    """

    s12sq: Array
    s23sq: Array
    s13sq: Array
    delta: Array
    log_Dm21: Array
    log_Dm3l: Array
    log_lightest: Array

    def mixing(self) -> Complex[Array, "3 3"]:
        """The mixing matrix without Majorana phases."""
        return pmns(self.s12sq, self.s23sq, self.s13sq, self.delta)


def masses(numbers: Numbers, ordering: str) -> Float[Array, "3"]:
    """m_1, m_2, m_3 in eV."""
    square, Dm21, Dm3l = (jnp.exp(v) for v in (2 * numbers.log_lightest, numbers.log_Dm21, numbers.log_Dm3l))
    if ordering == "NO":
        return jnp.sqrt(jnp.stack([square, square + Dm21, square + Dm3l]))
    return jnp.sqrt(jnp.stack([square + Dm3l - Dm21, square + Dm3l, square]))


def row(U: Complex[Array, "3 3"], entry: tuple[int, int]) -> Complex[Array, "3"]:
    """Coefficients of the y_i in an entry of the inverse mass matrix."""
    return jnp.conj(U[entry[0]] * U[entry[1]])


def _triangle(numbers: Numbers, ordering: str) -> tuple[Array, Array, Array]:
    """Mixing matrix, sides of the triangle, and the cosine between the sides that are not the lightest state's."""
    U = numbers.mixing()
    sides = jnp.abs(U[1]) ** 2 / masses(numbers, ordering)
    a, b, c = (sides[i] for i in _LIGHTEST_FIRST[ordering])
    return U, sides, (a**2 - b**2 - c**2) / (2 * b * c)


def closing(numbers: Numbers, ordering: str) -> Array:
    """The triangle closes exactly if this is between -1 and 1: it is the cosine of one of its outer angles."""
    return _triangle(numbers, ordering)[2]


def inverse_mass(numbers: Numbers, mirror: Array, ordering: str) -> Complex[Array, "3 3"]:
    """The inverse of m_nu in 1/eV, with (m_nu^-1)_mumu = 0, up to phases of the charged leptons.

    Parameters
    ----------
    numbers : Numbers
        With \\|`closing`\\| < 1; what does not close is evaluated at the nearest end.
    mirror : scalar
        1 or -1: which of the two Majorana solutions.
    ordering : {"NO", "IO"}
    """
    U, sides, cosine = _triangle(numbers, ordering)
    a, b, c = _LIGHTEST_FIRST[ordering]
    angle = mirror * jnp.arccos(jnp.clip(cosine, -1 + 1e-15, 1 - 1e-15))
    turned = sides[b] * jnp.exp(1j * angle)
    edges = jnp.zeros(3, complex).at[b].set(turned).at[c].set(sides[c]).at[a].set(-turned - sides[c])
    conjugate = jnp.conj(U)
    return (conjugate * (edges / conjugate[1] ** 2)) @ conjugate.T


class Shape(NamedTuple):
    """What two conditions on the inverse imply for given angles and delta.

    Attributes
    ----------
    top, bottom : scalar
        Dm21/\\|Dm3l\\| is their quotient; the ordering is as wanted exactly if both are positive.
    log_squares : (3,)
        Logarithms of the squared masses, up to a common constant.
    mirror : scalar
        The sign that `inverse_mass` needs.
    y : (3,) complex
    """

    top: Array
    bottom: Array
    log_squares: Float[Array, "3"]
    mirror: Array
    y: Complex[Array, "3"]


def shape(U: Complex[Array, "3 3"], ratio: Ratio, t: Array | float, ordering: str) -> Shape:
    """The y_i for which the (mu mu) entry vanishes and `ratio` is `t`, and their masses."""
    first, second = ratio
    y = jnp.cross(row(U, (1, 1)), row(U, first) - t * row(U, second))
    q = jnp.abs(y) ** 2
    q = q / q.sum()
    top = q[2] * (q[0] - q[1])
    bottom = q[1] * (q[0] - q[2]) if ordering == "NO" else q[0] * (q[2] - q[1])
    _, b, c = _LIGHTEST_FIRST[ordering]
    edges = y * row(U, (1, 1))
    mirror = jnp.where(jnp.imag(edges[b] * jnp.conj(edges[c])) < 0, -1.0, 1.0)
    return Shape(top, bottom, -jnp.log(q), mirror, y)
