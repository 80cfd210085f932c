r"""Drell-Yan pairs with new physics at leading order: photon, Z, a resonance X, contact terms, leptoquarks.

For each quark q and pair of chiralities the amplitude that multiplies the product of currents is

.. math::
    A(\hat s, x) = \frac{e^2Q_qQ_\ell}{\hat s} + \frac{g_Z^2g_qg_\ell}{\hat s-m_Z^2+im_Z\Gamma_Z}
        + \frac{g^X_qg^X_\ell}{\hat s-m_X^2+im_X\Gamma_X} + C + \sum_k\frac{c_k}{M_k^2+\hat s x},
    \qquad \frac{d\hat\sigma}{d\hat s}\propto\int_0^1 3x^2\,dx\,|A|^2,

where x = -u/s for equal and -t/s for opposite chiralities: that is the momentum that leptoquarks of fermion
number 2 (S1, S3) and 0 (R2) carry. L contains C times the product of currents, and
:math:`\hat\sigma = \hat s/(144\pi)\sum|A|^2`. Luminosities are those of `luminosity`.

Bins are integrated with four Gauss-Legendre nodes each; where the pole of X is near, the rest of the
integrand is interpolated between the nodes and the pole is integrated exactly (Legendre functions of the
second kind), so that an arbitrarily narrow X, its interference, and the limit of a contact term all come
out of one formula.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..light_x.couplings import index
from ._data import read
from .luminosity import QUARKS, bottom_strange, luminosities
from .x_boson import HeavyX, width

__all__ = [
    "Bins",
    "Exchange",
    "bins",
    "cross_sections",
    "lorentzian_weights",
    "no_exchange",
    "spectrum",
    "standard_model",
]

_INPUTS = {name: entry["value"] for name, entry in read("inputs").items() if name != "masses_GeV"}
_E2 = 4 * np.pi / _INPUTS["alpha_mz_inverse"]
_SW2 = _INPUTS["sw2"]
_CHARGE = np.array([2 / 3 if q in "uc" else -1 / 3 for q in QUARKS])
_T3 = np.array([0.5 if q in "uc" else -0.5 for q in QUARKS])
_IN_X = np.array([index(q) for q in QUARKS])
# Z couplings, axis 0: quark, axis 1: left, right.
_Z_QUARK = np.stack([_T3 - _SW2 * _CHARGE, -_SW2 * _CHARGE], axis=1)
_Z_LEPTON = np.array([-0.5 + _SW2, _SW2])
_NODES = 4
_T, _W = np.polynomial.legendre.leggauss(_NODES)
_X, _WX = np.polynomial.legendre.leggauss(12)
_X, _WX = (_X + 1) / 2, 1.5 * ((_X + 1) / 2) ** 2 * _WX
# P_n(t_k) (2n+1)/2 w_k: from the values at the nodes to Legendre coefficients
_TO_LEGENDRE = np.polynomial.legendre.legvander(_T, _NODES - 1) * (np.arange(_NODES) + 0.5) * _W[:, None]
# Beyond this distance from the pole (in half-widths of the bin) plain quadrature is as good as round-off.
_FAR = 8.0


class Bins(NamedTuple):
    """Bins in the dilepton mass, with everything at their nodes that no parameter changes.

    Nodes in shat (GeV^2), centres and half-widths in shat, L_q (5, bins, nodes), and the photon and Z amplitude
    (GeV^-2) times L_q (5, 2, 2, bins, nodes) and its square times L_q (bins, nodes).
    """

    s: Array
    centre: Array
    half: Array
    luminosity: Array
    amplitude: Array
    square: Array


class Exchange(NamedTuple):
    """Contact terms and leptoquarks. Axes: quark (`QUARKS`), quark chirality, lepton chirality (left, right).

    Attributes
    ----------
    contact : (5, 2, 2) real or None
        GeV^-2.
    strength : (n, 5, 2, 2) real
        c_k, dimensionless: S1 +|eta|^2/2 and so on (`leptoquarks`).
    mass : (n,) array
        GeV.
    """

    contact: Array | None
    strength: Array
    mass: Array


def no_exchange() -> Exchange:
    """Neither contact terms nor leptoquarks."""
    return Exchange(None, jnp.zeros((0, 5, 2, 2)), jnp.zeros(0))


def bins(edges: np.ndarray) -> Bins:
    """Prepare bins with the given edges (GeV)."""
    low, high = np.asarray(edges[:-1], float) ** 2, np.asarray(edges[1:], float) ** 2
    centre, half = (high + low) / 2, (high - low) / 2
    s = centre[:, None] + half[:, None] * _T
    luminosity = np.asarray(jax.jit(luminosities)(np.sqrt(s)))
    amplitude = standard_model(s)
    square = np.einsum("abcij,aij->ij", np.abs(amplitude) ** 2, luminosity)
    amplitude = amplitude * luminosity[:, None, None]
    return Bins(*map(jnp.asarray, (s, centre, half, luminosity, amplitude, square)))


def standard_model(s: np.ndarray) -> np.ndarray:
    """Photon and Z amplitude at shat = `s` (...): (5, 2, 2, ...) complex, GeV^-2; charged leptons."""
    shape = (5, 2, 2) + (1,) * s.ndim
    photon = -_E2 * np.broadcast_to(_CHARGE[:, None, None], (5, 2, 2)).reshape(shape)
    z = _E2 / (_SW2 * (1 - _SW2)) * (_Z_QUARK[:, :, None] * _Z_LEPTON).reshape(shape)
    propagator = s - _INPUTS["mZ"] ** 2 + 1j * _INPUTS["mZ"] * _INPUTS["GammaZ"]
    return photon / s + z / propagator


def cross_sections(b: Bins, exchange: Exchange, x: HeavyX | None = None, lepton: str = "mu") -> Array:
    """Cross section of each bin, without cuts, in fb: the sum of `spectrum` over the nodes."""
    return jnp.sum(spectrum(b, exchange, x, lepton), axis=1)


def spectrum(b: Bins, exchange: Exchange, x: HeavyX | None = None, lepton: str = "mu") -> Array:
    """What each node contributes to the cross section of its bin; fold it with a response, or add it up.

    Parameters
    ----------
    b : Bins
    exchange : Exchange
    x : HeavyX, optional
    lepton : {"e", "mu", "tau"}

    Returns
    -------
    (bins, nodes) array
        fb, without cuts.
    """
    # |SM + contact + sum_k c_k/(...)|^2, averaged over the angle: only the moments of the propagators depend on it.
    # Written as products of matrices and vectors: XLA hands products of matrices over to threads, however small they are.
    real, contact = 2 * jnp.real(b.amplitude), exchange.contact

    def interference(coupling: Array) -> Array:
        """With the SM: sum over quarks and chiralities, with the luminosities."""
        return jnp.einsum("abc,abcij->ij", coupling, real)

    def overlap(left: Array, right: Array) -> Array:
        """The same for the product of two couplings."""
        return jnp.einsum("a,aij->ij", jnp.sum(left * right, axis=(1, 2)), b.luminosity)

    propagators = [1 / (mass**2 + b.s[..., None] * _X) for mass in exchange.mass]  # (bins, nodes, x)
    means = [propagator @ _WX for propagator in propagators]
    total = b.square
    if contact is not None:
        total = total + interference(contact) + overlap(contact, contact)
    for k, (c, mean) in enumerate(zip(exchange.strength, means)):
        total = total + mean * (interference(c) + (0 if contact is None else overlap(2 * c, contact)))
        for l in range(k + 1):
            product = (propagators[k] * propagators[l]) @ _WX
            total = total + (1 if k == l else 2) * product * overlap(c, exchange.strength[l])
    total = total * b.half[:, None] * _W
    if x is not None:
        left, right = x.couplings.left, x.couplings.right
        quark = jnp.stack([left[_IN_X], right[_IN_X]], axis=1)
        muon = jnp.stack([left[index(lepton)], right[index(lepton)]])
        g = quark[:, :, None] * muon
        slow = jnp.einsum("abc,abcij->ij", g, jnp.conj(b.amplitude))
        if contact is not None:
            slow = slow + overlap(g, contact)
        for c, mean in zip(exchange.strength, means):
            slow = slow + mean * overlap(c, g)
        strength = overlap(g, g) + x.gbs**2 * jnp.sum(muon**2) * bottom_strange(b.luminosity)
        total = total + 2 * jnp.real(slow * _pole_weights(b, x)) + strength * lorentzian_weights(b, x)
    return total / (144 * np.pi) * _INPUTS["gev2_fb"]


def lorentzian_weights(b: Bins, x: HeavyX) -> Array:
    """Weights w with int f(s)/[(s - mX^2)^2 + mX^2 Gamma^2] ds = sum_k w_k f(s_k): (bins, nodes), GeV^-2."""
    # |1/(s - z)|^2 = -Im[1/(s - z)]/(mX Gamma)
    return -jnp.imag(_pole_weights(b, x)) / _pole_width(x)


def _pole_width(x: HeavyX) -> Array:
    """mX Gamma in GeV^2; a decoupled X keeps a width that is tiny but not zero, and no coupling."""
    return x.mX * jnp.maximum(width(x), 1e-13 * x.mX)


def _pole_weights(b: Bins, x: HeavyX) -> Array:
    """Weights w with int f(s)/(s - mX^2 + i mX Gamma) ds = sum_k w_k f(s_k), for each bin: (bins, nodes)."""
    pole = x.mX**2 - 1j * _pole_width(x)
    zeta = (pole - b.centre) / b.half
    near = jnp.square(zeta.real) + jnp.square(zeta.imag) < _FAR**2
    # Real functions in place of complex logarithms and divisions, which are slow; the imaginary part is negative.
    real, imag = jnp.where(near, zeta.real, 2.0), jnp.where(near, zeta.imag, 0.0)
    square = jnp.square(imag)
    log = 0.25 * jnp.log((jnp.square(real + 1) + square) / (jnp.square(real - 1) + square))
    angle = 0.5 * jnp.arctan2(-2 * imag, jnp.square(real) + square - 1)
    z = jax.lax.complex(real, imag)
    q = [jax.lax.complex(log, angle)]
    q.append(z * q[0] - 1)
    for n in range(2, _NODES):
        q.append(((2 * n - 1) * z * q[n - 1] - (n - 1) * q[n - 2]) / n)
    exact = -2 * jnp.einsum("kn,ni->ik", _TO_LEGENDRE, jnp.stack(q))
    distance, depth = b.s - x.mX**2, _pole_width(x)
    size = jnp.where(near[:, None], 1.0, jnp.square(distance) + depth**2)
    plain = b.half[:, None] * _W / size * jax.lax.complex(distance, jnp.broadcast_to(-depth, distance.shape))
    return jnp.where(near[:, None], exact, plain)
