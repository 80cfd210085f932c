"""Couplings and masses of the leptoquarks at another scale of the full theory, at one loop.

What is matched at different scales must be one theory: only with its running couplings does the one-loop matching
compensate the running of the SMEFT.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from ._contraction import LOOP
from .couplings import R2, S1, S3, Leptoquark, SMParameters

__all__ = ["at_scale", "slopes"]

_MATRICES = ("lambda1L", "lambda1R", "lambda3L", "y2_lu", "y2_eq")


def slopes(couplings: Leptoquark, sm: SMParameters) -> Leptoquark:
    """d/dln(mu) of all Yukawa couplings and masses, in the place of each.

    One-loop MS-bar beta functions of Machacek and Vaughn, Nucl. Phys. B236 (1984) 221, and for masses of
    hep-ph/0211440, for the fields of 2003.12525 and R2: wave functions of fermions and leptoquarks, and the vertex
    with a Higgs between quark and lepton. Portals do not run (two loops in the dimension-six coefficients);
    quartic couplings among leptoquarks, which the matching absorbs into the masses, do not enter.

    Parameters
    ----------
    couplings : S1, S3, R2, S1S3 or R2S3
        MS-bar at a scale; masses in GeV.
    sm : SMParameters
        At the same scale.
    """
    zero = jnp.zeros((3, 3))
    given = dict.fromkeys(_MATRICES, zero) | couplings.matrices()
    L, R, T, A, B = (jnp.asarray(given[name]) for name in _MATRICES)
    Yu, Yd, Ye = sm.Yu, sm.Yd, sm.Ye
    gp2, g2, gs2 = sm.gp**2, sm.g**2, sm.gs**2

    # Wave functions: matrices that multiply the index of the field in qbar, u, e, lbar; gauge bosons apart.
    q = (Yu @ _dag(Yu) + Yd @ _dag(Yd) + jnp.conj(L @ _dag(L) + 3 * T @ _dag(T)) + _dag(B) @ B) / 2
    u = _dag(Yu) @ Yu + jnp.conj(R @ _dag(R)) / 2 + _dag(A) @ A
    e = _dag(Ye) @ Ye + 3 / 2 * _dag(R) @ R + 3 * B @ _dag(B)
    l = (Ye @ _dag(Ye) + 3 * _dag(L) @ L + 9 * _dag(T) @ T + 3 * A @ _dag(A)) / 2
    leg = {"s1": 2 * _square(L) + _square(R), "s3": 2 * _square(T), "r2": _square(A) + _square(B)}

    casimir = {
        "q": gp2 / 36 + 3 / 4 * g2 + 4 / 3 * gs2,
        "u": 4 / 9 * gp2 + 4 / 3 * gs2,
        "l": gp2 / 4 + 3 / 4 * g2,
        "e": gp2,
        "s1": gp2 / 9 + 4 / 3 * gs2,
        "s3": gp2 / 9 + 2 * g2 + 4 / 3 * gs2,
        "r2": 49 / 36 * gp2 + 3 / 4 * g2 + 4 / 3 * gs2,
    }
    yukawas = {
        "lambda1L": jnp.conj(q) @ L + L @ l + 2 * jnp.conj(Yu) @ R @ _dag(Ye),
        "lambda1R": jnp.conj(u) @ R + R @ e + 4 * Yu.T @ L @ Ye,
        "lambda3L": jnp.conj(q) @ T + T @ l,
        "y2_lu": l @ A + A @ u + 2 * Ye @ B @ Yu,
        "y2_eq": e @ B + B @ q + 2 * _dag(Ye) @ A @ _dag(Yu),
    }

    def of_field(field: S1 | S3 | R2) -> S1 | S3 | R2:
        self_energy = leg[field.model]
        values = [LOOP * (self_energy - 3 * casimir[field.model]) * field.M]
        for name, (first, second) in field.leptoquark_matrices.items():
            gauge = 3 * (casimir[first] + casimir[second])
            values.append(LOOP * (yukawas[name] + (self_energy - gauge) * given[name]))
        constant = jax.tree.map(lambda x: jnp.zeros_like(x), field)
        return eqx.tree_at(_running, constant, values)

    if isinstance(couplings, S1 | S3 | R2):
        return of_field(couplings)
    constant = jax.tree.map(lambda x: jnp.zeros_like(x), couplings)
    return eqx.tree_at(
        lambda pair: pair.fields(), constant, tuple(of_field(field) for field in couplings.fields())
    )


def at_scale(
    couplings: Leptoquark,
    mu: Array | float,
    new_mu: Array | float,
    sm_at: Callable[[Array | float], SMParameters],
) -> Leptoquark:
    """The same theory at another scale: one fourth-order Runge-Kutta step in ln(mu), 1e-7 for a factor of two.

    Quarks are in the Warsaw basis at either scale: running makes Yd non-diagonal, and the doublets are rotated back.

    Parameters
    ----------
    couplings : S1, S3, R2, S1S3 or R2S3
        MS-bar at ``mu``.
    mu, new_mu : scalar
        GeV.
    sm_at : callable
        Scale in GeV -> Standard Model parameters, Yd and Ye diagonal.

    Returns
    -------
    S1, S3, R2, S1S3 or R2S3
        MS-bar at ``new_mu``.
    """
    step = jnp.log(jnp.asarray(new_mu) / mu)
    start, middle, end = (sm_at(mu * jnp.exp(x * step)) for x in (0.0, 0.5, 1.0))

    def moved(slope: Leptoquark, x: float) -> Leptoquark:
        return jax.tree.map(lambda value, s: value + x * step * s, couplings, slope)

    first = _aligned_slopes(couplings, start)
    second = _aligned_slopes(moved(first, 0.5), middle)
    third = _aligned_slopes(moved(second, 0.5), middle)
    fourth = _aligned_slopes(moved(third, 1.0), end)
    mean = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, first, second, third, fourth)
    return moved(mean, 1.0)


def _aligned_slopes(couplings: Leptoquark, sm: SMParameters) -> Leptoquark:
    """`slopes` in the basis in which Yd is diagonal at every scale.

    Below the leptoquarks dYd/dln(mu) = X Yd + ... with X = 3/2 (Yd Yd^dagger - Yu Yu^dagger)/(16 pi^2)
    (hep-ph/0211440) turns the eigenvectors of Yd Yd^dagger by dU = U A; q = U q', and couplings to q follow.
    """
    X = 3 / 2 * LOOP * (sm.Yd @ _dag(sm.Yd) - sm.Yu @ _dag(sm.Yu))
    squares = jnp.abs(jnp.diagonal(sm.Yd)) ** 2
    total, difference = squares[:, None] + squares, squares - squares[:, None] + jnp.eye(3)
    A = jnp.where(jnp.eye(3, dtype=bool), 0.0, X * total / difference)

    def turned(field: S1 | S3 | R2, slope: S1 | S3 | R2) -> S1 | S3 | R2:
        names = [name for name, kinds in field.leptoquark_matrices.items() if "q" in kinds]
        first = [field.leptoquark_matrices[name][0] == "q" for name in names]
        change = [A.T @ getattr(field, n) if f else getattr(field, n) @ A for n, f in zip(names, first)]
        values = [getattr(slope, n) + c for n, c in zip(names, change)]
        return eqx.tree_at(lambda c: [getattr(c, n) for n in names], slope, values)

    slope = slopes(couplings, sm)
    if isinstance(couplings, S1 | S3 | R2):
        return turned(couplings, slope)  # type: ignore[arg-type]
    fields = [turned(f, s) for f, s in zip(couplings.fields(), slope.fields())]  # type: ignore[union-attr, arg-type]
    return eqx.tree_at(lambda pair: pair.fields(), slope, tuple(fields))


def _running(field: S1 | S3 | R2) -> list[Array]:
    return [field.M, *(getattr(field, name) for name in field.leptoquark_matrices)]


def _dag(matrix: Array) -> Array:
    return jnp.conj(matrix).T


def _square(matrix: Array) -> Array:
    """Tr(matrix^dagger matrix)."""
    return jnp.sum(jnp.abs(matrix) ** 2)
