"""From the paper's parameters to the couplings of leptoquarks that know one lepton flavour each."""

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
    """Leptoquarks that couple to one lepton flavour each, from the scalar parameters of a run card.

    Which fields there are is said by the masses (GeV): ``M1``, ``M3``, ``M2`` of S1, S3, R2 that couple to muons,
    ``M1tau`` of an S1 that couples to taus; alone, or S3 with one of the others. The couplings are those of
    arXiv:2103.13991 Eqs. (2), (5): ``eta33L``, ``eta32L``, ``eta31L`` for eta_i^3L, likewise ``eta1iL``, ``eta1iR``
    and, for taus, ``etaTau1iL``, ``etaTau1iR``; for R2 ``eta2iL`` couples the lepton doublet to u_R and ``eta2iR``
    couples e_R to q_L. Portals are ``lamH1``, ``lamH2``, ``lamH3``, ``kapH2``, ``kapH3``, ``kapH13`` (S1 of muons).

    What is absent is zero, except for couplings to the light q_L, which default to the U(2)_q spurion
    eta_1 = c_d V_td eta_3, eta_2 = c_s V_ts eta_3 with ``c_d``, ``c_s`` (default -1, see docs/conventions.md).

    Signs: lambda1L = eta1L, lambda1R = eta1R, lambda3L = -eta3L as in the Lagrangian Eq. (2) (only kapH13 can
    tell); y2_eq = eta2R, y2_lu = eta2L.

    Parameters
    ----------
    parameters : mapping of str to scalar
        Real or complex. Names that have no meaning for the matching (gX, mX, ...) are ignored.
    sm : SMParameters
        At the matching scale, down-aligned; gives V_td and V_ts.
    lepton : int
        Generation of all leptons but those of ``M1tau``.

    Raises
    ------
    InputError
        If there is no matching for the combination of fields.
    """
    v = top_row(sm.Yu)

    def scalar(name: str) -> Array:
        return jnp.asarray(parameters.get(name, 0.0))

    def light_left(name: str, default: str, element: Array, third: Array) -> Array:
        return (
            scalar(name)
            if name in parameters
            else jnp.asarray(parameters.get(default, -1.0)) * element * third
        )

    def column(components: tuple[Array, ...], lepton: int) -> Array:
        return jnp.stack([jnp.asarray(x, complex) for x in components])[:, None] * (
            jnp.arange(3) == lepton - 1
        )

    def left(prefix: str, chirality: str = "L", lepton: int = lepton) -> Array:
        """Couplings to q_L."""
        third = scalar(f"{prefix}3{chirality}")
        first = light_left(f"{prefix}1{chirality}", "c_d", v[0], third)
        second = light_left(f"{prefix}2{chirality}", "c_s", v[1], third)
        return column((first, second, third), lepton)

    def right(prefix: str, chirality: str = "R", lepton: int = lepton) -> Array:
        """Couplings to u_R."""
        return column(tuple(scalar(f"{prefix}{i}{chirality}") for i in (1, 2, 3)), lepton)

    s1 = S1(scalar("M1"), left("eta1"), right("eta1"), scalar("lamH1"))
    s1tau = S1(scalar("M1tau"), left("etaTau1", lepton=3), right("etaTau1", lepton=3), jnp.zeros(()))
    s3 = S3(scalar("M3"), -left("eta3"), scalar("lamH3"), scalar("kapH3"))
    r2 = R2(scalar("M2"), right("eta2", "L").T, left("eta2", "R").T, scalar("lamH2"), scalar("kapH2"))
    fields: dict[frozenset[str], Leptoquark] = {
        frozenset({"M1"}): s1,
        frozenset({"M3"}): s3,
        frozenset({"M2"}): r2,
        frozenset({"M1tau"}): s1tau,
        frozenset({"M1", "M3"}): S1S3(s1, s3, scalar("kapH13")),
        frozenset({"M1tau", "M3"}): S1S3(s1tau, s3, jnp.zeros(())),
        frozenset({"M2", "M3"}): R2S3(r2, s3),
    }
    masses = frozenset({"M1", "M1tau", "M2", "M3"} & set(parameters))
    if masses not in fields:
        given = " and ".join(sorted(masses)) or "no mass"
        raise InputError(
            f"there is no matching for {given}; allowed are M1, M1tau, M2, M3, and M3 with one of the others."
        )
    return fields[masses]
