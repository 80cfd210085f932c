"""Which entries of the Yukawa and neutrino mass matrices a U(1)_X allows, and what that leaves of m_nu."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

__all__ = ["NeutrinoTexture", "neutrino_texture", "yukawa_texture"]

Pattern = tuple[tuple[bool, ...], ...]
_FLAVOURS = ("e", "mu", "tau")
_PAIRS = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
# Names of two zeros of a symmetric 3 x 3 matrix (hep-ph/0201008); with a superscript R if in its inverse.
_TWO_ZEROS = {
    frozenset({(0, 0), (0, 1)}): "A1",
    frozenset({(0, 0), (0, 2)}): "A2",
    frozenset({(1, 1), (0, 2)}): "B1",
    frozenset({(2, 2), (0, 1)}): "B2",
    frozenset({(1, 1), (0, 1)}): "B3",
    frozenset({(2, 2), (0, 2)}): "B4",
    frozenset({(1, 1), (2, 2)}): "C",
    frozenset({(1, 1), (1, 2)}): "D1",
    frozenset({(2, 2), (1, 2)}): "D2",
    frozenset({(0, 0), (1, 1)}): "E1",
    frozenset({(0, 0), (2, 2)}): "E2",
    frozenset({(0, 0), (1, 2)}): "E3",
    frozenset({(0, 1), (0, 2)}): "F1",
    frozenset({(0, 1), (1, 2)}): "F2",
    frozenset({(0, 2), (1, 2)}): "F3",
}
# Primes as "generic" entries: a polynomial that is not identically zero does not vanish there by accident.
_GENERIC = (
    (101, 211, 307, 401, 503, 601, 701, 809, 907),
    (1009, 1103, 1201, 1301, 1409, 1511, 1601, 1709, 1801),
)


class NeutrinoTexture(NamedTuple):
    """What the charges allow of y_nu, M_R and y_Phi, and the structural zeros that the seesaw inherits.

    ``y_nu[i][j]`` couples l_i to nu_j; ``M_R`` needs no Phi, ``y_Phi`` needs one. ``massless`` counts light
    neutrinos without a mass; ``mixed`` says that m_nu links all three flavours, as the oscillations demand;
    ``zeros`` and ``minors`` are the vanishing elements of m_nu and of its inverse, ``name`` the name of a
    two-zero texture or minor ("" otherwise).
    """

    y_nu: Pattern
    M_R: Pattern
    y_Phi: Pattern
    massless: int
    mixed: bool
    zeros: tuple[tuple[str, str], ...]
    minors: tuple[tuple[str, str], ...]
    name: str

    @property
    def realistic(self) -> bool:
        """At most one massless neutrino, and all three flavours mix."""
        return self.massless <= 1 and self.mixed


def yukawa_texture(charges: Mapping[str, Fraction], left: str, right: str) -> Pattern:
    """Allowed entries [i][j] of the Yukawa coupling of H to ``left``_i and ``right``_j (``q``, ``u`` say)."""
    # qbar u Htilde and lbar nu Htilde hold the conjugate Higgs; qbar d H and lbar e H the Higgs itself.
    higgs = -charges["H"] if right in ("u", "nu") else charges["H"]
    return tuple(
        tuple(charges[f"{right}{j}"] + higgs == charges[f"{left}{i}"] for j in (1, 2, 3)) for i in (1, 2, 3)
    )


def neutrino_texture(charges: Mapping[str, Fraction]) -> NeutrinoTexture:
    """Neutrino textures of a type-I seesaw with the scalar Phi (arXiv:2103.13991, Eqs. (2) and (8))."""
    nu = [charges[f"nu{i}"] for i in (1, 2, 3)]
    phi = charges["Phi"]
    y_nu = yukawa_texture(charges, "l", "nu")
    bare = tuple(tuple(a + b == 0 for b in nu) for a in nu)
    with_phi = tuple(tuple(phi != 0 and a + b in (phi, -phi) for b in nu) for a in nu)

    majorana = tuple(tuple(a or b for a, b in zip(*rows)) for rows in zip(bare, with_phi))
    dirac = _generic(y_nu, _GENERIC[0])
    heavy = _symmetric(_generic(majorana, _GENERIC[1]))
    inverse_heavy = _inverse(heavy)
    if inverse_heavy is None:  # the lepton number that survives keeps some neutrinos Dirac or massless
        return NeutrinoTexture(y_nu, bare, with_phi, 3, False, (), (), "")
    light = _product(_product(dirac, inverse_heavy), _transpose(dirac))
    inverse_light = _inverse(light)
    zeros = _zeros(light)
    minors = _zeros(inverse_light) if inverse_light is not None else ()
    name = _TWO_ZEROS.get(frozenset(zeros), "")
    if not name and frozenset(minors) in _TWO_ZEROS:
        name = _TWO_ZEROS[frozenset(minors)] + "^R"
    return NeutrinoTexture(
        y_nu, bare, with_phi, 3 - _rank(light), _is_connected(light), _labels(zeros), _labels(minors), name
    )


_Matrix = list[list[Fraction]]


def _generic(pattern: Pattern, entries: tuple[int, ...]) -> _Matrix:
    return [[Fraction(entries[3 * i + j] if pattern[i][j] else 0) for j in range(3)] for i in range(3)]


def _symmetric(matrix: _Matrix) -> _Matrix:
    return [[matrix[min(i, j)][max(i, j)] for j in range(3)] for i in range(3)]


def _product(left: _Matrix, right: _Matrix) -> _Matrix:
    return [
        [sum((left[i][k] * right[k][j] for k in range(3)), Fraction(0)) for j in range(3)] for i in range(3)
    ]


def _transpose(matrix: _Matrix) -> _Matrix:
    return [list(row) for row in zip(*matrix)]


def _cofactor(matrix: _Matrix, i: int, j: int) -> Fraction:
    (a, b), (c, d) = [[matrix[r][s] for s in range(3) if s != j] for r in range(3) if r != i]
    return (-1) ** (i + j) * (a * d - b * c)


def _inverse(matrix: _Matrix) -> _Matrix | None:
    determinant = sum((matrix[0][j] * _cofactor(matrix, 0, j) for j in range(3)), Fraction(0))
    if determinant == 0:
        return None
    return [[_cofactor(matrix, j, i) / determinant for j in range(3)] for i in range(3)]


def _rank(matrix: _Matrix) -> int:
    if _inverse(matrix) is not None:
        return 3
    if any(_cofactor(matrix, i, j) != 0 for i in range(3) for j in range(3)):
        return 2
    return int(any(entry != 0 for row in matrix for entry in row))


def _is_connected(matrix: _Matrix) -> bool:
    """Off-diagonal entries link all three flavours: two of the three must be present."""
    return sum(matrix[i][j] != 0 for i, j in ((0, 1), (0, 2), (1, 2))) >= 2


def _zeros(matrix: _Matrix) -> tuple[tuple[int, int], ...]:
    return tuple((i, j) for i, j in _PAIRS if matrix[i][j] == 0)


def _labels(entries: tuple[tuple[int, int], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((_FLAVOURS[i], _FLAVOURS[j]) for i, j in entries)
