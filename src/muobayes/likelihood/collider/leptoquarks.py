r"""Leptoquarks at colliders: what they add to Drell-Yan, and limits on their pair production.

Exchange of a scalar leptoquark, after a Fierz rearrangement, multiplies the product of a quark and a lepton
current by :math:`c/(M^2+\hat s x)` (`drell_yan`), with

===== ========================= ============================= =========================
      quark and lepton          c                             coupling
===== ========================= ============================= =========================
S1    up L, lepton L            +1/2 |(V* lambda1L)_i|^2      q_i l S1
S1    up R, lepton R            +1/2 |lambda1R_i|^2           u_i e S1
S3    up L, lepton L            +1/2 |(V* lambda3L)_i|^2      q_i l S3
S3    down L, lepton L          +|lambda3L_i|^2               q_i l S3
R2    up R, lepton L            -1/2 |y2_lu_i|^2              u_i lbar R2*
R2    up L, lepton R            -1/2 |(V* y2_eq)_i|^2         q_i ebar R2*
R2    down L, lepton R          -1/2 |y2_eq_i|^2              q_i ebar R2*
===== ========================= ============================= =========================

Initial states of two different flavours are left out: they are suppressed by off-diagonal couplings.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from ...errors import InputError, did_you_mean
from ...matching.couplings import R2, S1, S3
from ._data import read
from .drell_yan import Exchange

__all__ = ["PairLimit", "join", "leptoquark_exchange", "pair_limit", "pair_log_likelihood"]


def leptoquark_exchange(leptoquark: S1 | S3 | R2, ckm: Array, lepton: int = 2) -> Exchange:
    """The Drell-Yan amplitude of one leptoquark.

    Parameters
    ----------
    leptoquark : S1, S3 or R2
        Couplings as in `muobayes.matching`.
    ckm : (3, 3) complex
        The quark doublets are (V^dagger u_L, d_L).
    lepton : {1, 2, 3}
        Generation of the charged leptons.
    """
    up, down = jnp.zeros((2, 2, 2)), jnp.zeros((3, 2, 2))  # quark, quark chirality, lepton chirality
    number = lepton - 1

    def doublet(coupling: Array) -> tuple[Array, Array]:
        return jnp.abs(jnp.conj(ckm) @ coupling)[:2] ** 2, jnp.abs(coupling) ** 2

    if isinstance(leptoquark, S1):
        left, _ = doublet(leptoquark.lambda1L[:, number])
        up = up.at[:, 0, 0].set(left / 2)
        up = up.at[:, 1, 1].set(jnp.abs(leptoquark.lambda1R[:2, number]) ** 2 / 2)
    elif isinstance(leptoquark, S3):
        upper, lower = doublet(leptoquark.lambda3L[:, number])
        up, down = up.at[:, 0, 0].set(upper / 2), down.at[:, 0, 0].set(lower)
    else:
        upper, lower = doublet(leptoquark.y2_eq[number])
        up = up.at[:, 0, 1].set(-upper / 2)
        up = up.at[:, 1, 0].set(-(jnp.abs(leptoquark.y2_lu[number, :2]) ** 2) / 2)
        down = down.at[:, 0, 1].set(-lower / 2)
    # quarks in the order u, d, s, c, b
    strength = jnp.stack([up[0], down[0], down[1], up[1], down[2]])
    return Exchange(None, strength[None], jnp.reshape(jnp.asarray(leptoquark.M, float), 1))


def join(*exchanges: Exchange) -> Exchange:
    """Several contributions in one amplitude, interference included."""
    contacts = [e.contact for e in exchanges if e.contact is not None]
    return Exchange(
        sum(contacts[1:], contacts[0]) if contacts else None,
        jnp.concatenate([e.strength for e in exchanges]),
        jnp.concatenate([e.mass for e in exchanges]),
    )


class PairLimit(NamedTuple):
    """A limit on pair production: excluded mass, and ln(cross section/fb) at given masses (GeV)."""

    mass: float
    m: Array
    log_cross_section: Array


def pair_limit(kind: str) -> PairLimit:
    """The 95 % limit on the mass of S1 or S3 (``data/leptoquark_pairs.yaml``).

    Raises
    ------
    InputError
        If there is no limit for this leptoquark.
    """
    data = read("leptoquark_pairs")
    if kind not in data["limits"]:
        known = data["limits"]
        hint = did_you_mean(kind, known)
        raise InputError(f"pair production: no limit for {kind!r}{hint}; there are {', '.join(known)}.")
    table = data["cross_section"]
    return PairLimit(
        float(data["limits"][kind]["mass_GeV"]),
        jnp.asarray(table["m_GeV"], float),
        jnp.log(jnp.asarray(table["fb"], float)),
    )


def pair_log_likelihood(limit: PairLimit, mass: Array, branching: Array | float = 1.0) -> Array:
    """Log-likelihood of a search that found nothing: minus the signal, 3.00 events at the 95 % limit.

    The signal is proportional to the QCD cross section, which falls by a factor of 1.7 to 1.9 per 100 GeV, so
    that this is a smooth form of the limit; components of the multiplet are those of the experiment's limit.

    Parameters
    ----------
    limit : PairLimit
    mass : scalar
        GeV. Beyond the table (1 to 3 TeV) the cross section is continued as an exponential.
    branching : scalar
        Branching fraction to the searched-for final state, of each leptoquark.
    """
    shift = _log_cross_section(limit, mass) - _log_cross_section(limit, jnp.asarray(limit.mass))
    return -3.0 * branching**2 * jnp.exp(shift)


def _log_cross_section(limit: PairLimit, mass: Array) -> Array:
    inside = jnp.clip(mass, limit.m[0], limit.m[-1])
    slopes = jnp.diff(limit.log_cross_section) / jnp.diff(limit.m)
    below, above = jnp.minimum(mass - limit.m[0], 0.0), jnp.maximum(mass - limit.m[-1], 0.0)
    return jnp.interp(inside, limit.m, limit.log_cross_section) + slopes[0] * below + slopes[-1] * above
