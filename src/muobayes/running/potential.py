"""The scalar potential: Eq. (4) both ways, and the radiative shifts of Eqs. (6) and (7) of arXiv:2103.13991.

Eq. (3) is V = -muH2 |H|^2 - muPhi2 |Phi|^2 + lamH/2 |H|^4 + lamPhi/4 |Phi|^4 + lamPhiH |Phi|^2 |H|^2 with the minimum
at <H> = v = 174 GeV and <Phi> = vPhi, H = v + h/sqrt2, Phi = vPhi + phi/sqrt2: this is the convention in which Eq. (4)
holds. In it the kinetic term gives m_X = sqrt2 |q_Phi| gX vPhi; the paper's vPhi = sqrt2 m_X/(3 gX) is twice that.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

__all__ = [
    "Masses",
    "Potential",
    "higgs_mass_shift",
    "masses_from_potential",
    "muon_yukawa_shift",
    "potential_from_masses",
    "v_phi",
]


class Potential(NamedTuple):
    """Parameters of Eq. (3); muH2 and muPhi2 in GeV^2."""

    lamH: Float[Array, ""]
    lamPhi: Float[Array, ""]
    lamPhiH: Float[Array, ""]
    muH2: Float[Array, ""]
    muPhi2: Float[Array, ""]


class Masses(NamedTuple):
    """Vacuum expectation values and radial masses in GeV; theta in (-pi/4, pi/4), h being mostly the Higgs."""

    v: Float[Array, ""]
    vPhi: Float[Array, ""]
    mh: Float[Array, ""]
    mphi: Float[Array, ""]
    theta: Float[Array, ""]


def v_phi(mX: ArrayLike, gX: ArrayLike, q_phi: ArrayLike) -> Float[Array, ""]:
    """<Phi> in GeV from the mass of X: m_X/(sqrt2 |q_Phi| gX), without the corrections of order eps_BX^2."""
    return jnp.asarray(mX) / (jnp.sqrt(2.0) * jnp.abs(q_phi) * gX)


def potential_from_masses(masses: Masses) -> Potential:
    """Eq. (4), exact in the mixing angle: its theta and theta^2 are sin(theta) cos(theta) and sin(theta)^2 here."""
    v, w, mh, mphi, theta = (jnp.asarray(x, float) for x in masses)
    delta = mh**2 - mphi**2
    hh = mh**2 - jnp.sin(theta) ** 2 * delta
    pp = mphi**2 + jnp.sin(theta) ** 2 * delta
    mixed = jnp.sin(theta) * jnp.cos(theta) * delta
    return Potential(
        lamH=hh / (2 * v**2),
        lamPhi=pp / w**2,
        lamPhiH=mixed / (2 * v * w),
        muH2=(hh + mixed * w / v) / 2,
        muPhi2=(pp + mixed * v / w) / 2,
    )


def masses_from_potential(potential: Potential) -> Masses:
    """The inverse of `potential_from_masses`.

    The potential must have its minimum at non-zero v and vPhi and |theta| below pi/4; otherwise entries of the
    result are NaN.
    """
    lam, lamPhi, portal, muH2, muPhi2 = (jnp.asarray(x, float) for x in potential)
    determinant = lam * lamPhi / 2 - portal**2
    v2 = (lamPhi / 2 * muH2 - portal * muPhi2) / determinant
    w2 = (lam * muPhi2 - portal * muH2) / determinant
    v, w = jnp.sqrt(v2), jnp.sqrt(w2)
    hh, pp, mixed = 2 * lam * v2, lamPhi * w2, 2 * portal * v * w
    theta = jnp.arctan(2 * mixed / (hh - pp)) / 2
    split = (hh - pp) / jnp.cos(2 * theta)
    mh2, mphi2 = (hh + pp + split) / 2, (hh + pp - split) / 2
    return Masses(v, w, jnp.sqrt(mh2), jnp.sqrt(mphi2), theta)


def higgs_mass_shift(
    mu: ArrayLike,
    M1: ArrayLike = 1.0,
    lamH1: ArrayLike = 0.0,
    M3: ArrayLike = 1.0,
    lamH3: ArrayLike = 0.0,
    kapH3: ArrayLike = 0.0,
) -> Float[Array, ""]:
    """The one-loop contribution of S1 and S3 to muH2 in GeV^2: Eq. (6), up to terms of order muH2^2/M^2.

    With V_13 of Eq. (5) both leptoquarks enter with the same, positive sign (Eq. (6) prints S3 with a minus).

    Parameters
    ----------
    mu : float
        Matching scale in GeV.
    M1, M3 : float
        Leptoquark masses in GeV.
    lamH1, lamH3, kapH3 : float
        Portal couplings at `mu`.
    """

    def loop(mass: ArrayLike) -> Array:
        return jnp.square(mass) * (1 + 2 * jnp.log(jnp.asarray(mu) / mass)) / (16 * jnp.pi**2)

    return 9 * (jnp.asarray(lamH3) + kapH3) * loop(M3) + 3 * jnp.asarray(lamH1) * loop(M1)


def muon_yukawa_shift(
    mu: ArrayLike, M1: ArrayLike, eta1L: Array, Yu: Array, eta1R: Array
) -> Float[Array, ""]:
    """Modulus of the non-multiplicative shift of y_mu by S1: Eq. (7).

    Parameters
    ----------
    mu, M1 : float
        Matching scale and S1 mass in GeV.
    eta1L, eta1R : (3,) arrays
        Couplings by quark generation.
    Yu : (3, 3) array
        Up-quark Yukawa matrix at `mu`, q index first.
    """
    factor = 3 / (16 * jnp.pi**2) * (1 + 2 * jnp.log(jnp.asarray(mu) / M1))
    amplitude = factor * jnp.einsum("i,ij,j->", jnp.conj(eta1L), Yu, eta1R)
    square = jnp.real(amplitude) ** 2 + jnp.imag(amplitude) ** 2
    # the square root of zero has no derivative; 1e-24 is far below any Yukawa coupling
    return jnp.sqrt(square + 1e-48)
