"""From the paper's parameters to the couplings of leptoquarks that know one lepton flavour only."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from ..errors import InputError
from .couplings import R2, R2S3, S1, S1S3, S3, Leptoquark, SMParameters

__all__ = ["muoquarks", "top_row"]


def top_row(Yu: Array) -> Array:
    """(V_td, V_ts, V_tb) from the up-quark Yukawa matrix of the down-aligned basis, Yu = V^dagger diag(y).

    Parameters
    ----------
    Yu : (3, 3) complex

    Returns
    -------
    Array
        Shape (3,), complex.
    """
    column = jnp.conj(jnp.asarray(Yu)[:, 2])
    return column / jnp.sqrt(jnp.sum(jnp.abs(column) ** 2))


def muoquarks(parameters: Mapping[str, ArrayLike], sm: SMParameters, lepton: int = 2) -> Leptoquark:
    """S1, S3, R2, or S3 with S1 or R2, coupled to one lepton generation, from the scalar parameters of a run card.

    Which fields there are is said by the masses ``M1``, ``M3``, ``M2`` (GeV). The couplings are those of
    arXiv:2103.13991 Eqs. (2), (5): ``eta3i L`` as ``eta31L, eta32L, eta33L``, likewise ``eta1iL``,
    ``eta1iR``; for R2 ``eta2iL`` couples the lepton doublet to u_R and ``eta2iR`` couples e_R to q_L.
    Portals are ``lamH1``, ``lamH2``, ``lamH3``, ``kapH2``, ``kapH3``, ``kapH13``.

    What is absent is zero, except for couplings to the light q_L, which default to the U(2)_q spurion
    eta_1 = c_d V_td eta_3, eta_2 = c_s V_ts eta_3 with ``c_d``, ``c_s`` (default -1, see
    docs/conventions.md).

    Signs: lambda1L = eta1L, lambda1R = eta1R, lambda3L = -eta3L as in the Lagrangian Eq. (2) (only kapH13
    can tell); y2_eq = eta2R, y2_lu = eta2L.

    Parameters
    ----------
    parameters : mapping of str to scalar
        Real or complex. Names that have no meaning for the matching (gX, mX, ...) are ignored.
    sm : SMParameters
        At the matching scale, down-aligned; gives V_td and V_ts.
    lepton : int
        Generation that the leptoquarks couple to.
    """
    v = top_row(sm.Yu)
    active = jnp.arange(3) == lepton - 1

    def scalar(name: str) -> Array:
        return jnp.asarray(parameters.get(name, 0.0))

    def light_left(name: str, default: str, element: Array, third: Array) -> Array:
        return (
            scalar(name)
            if name in parameters
            else jnp.asarray(parameters.get(default, -1.0)) * element * third
        )

    def left(field: int, chirality: str) -> Array:
        third = scalar(f"eta{field}3{chirality}")
        first = light_left(f"eta{field}1{chirality}", "c_d", v[0], third)
        second = light_left(f"eta{field}2{chirality}", "c_s", v[1], third)
        return jnp.stack([jnp.asarray(x, complex) for x in (first, second, third)])

    def right(field: int, chirality: str) -> Array:
        return jnp.stack([jnp.asarray(scalar(f"eta{field}{i}{chirality}"), complex) for i in (1, 2, 3)])

    def by_quark(vector: Array) -> Array:
        return vector[:, None] * active

    masses = {name for name in ("M1", "M2", "M3") if name in parameters}
    s1 = S1(scalar("M1"), by_quark(left(1, "L")), by_quark(right(1, "R")), scalar("lamH1"))
    s3 = S3(scalar("M3"), -by_quark(left(3, "L")), scalar("lamH3"), scalar("kapH3"))
    r2 = R2(
        scalar("M2"), by_quark(right(2, "L")).T, by_quark(left(2, "R")).T, scalar("lamH2"), scalar("kapH2")
    )
    fields: dict[frozenset[str], Leptoquark] = {
        frozenset({"M1"}): s1,
        frozenset({"M3"}): s3,
        frozenset({"M2"}): r2,
        frozenset({"M1", "M3"}): S1S3(s1, s3, scalar("kapH13")),
        frozenset({"M2", "M3"}): R2S3(r2, s3),
    }
    if frozenset(masses) not in fields:
        given = " and ".join(sorted(masses)) or "no mass"
        raise InputError(f"there is no matching for {given}; allowed are M1, M2, M3, and M3 with M1 or M2.")
    return fields[frozenset(masses)]
