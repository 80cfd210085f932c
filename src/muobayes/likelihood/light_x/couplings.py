r"""Couplings of the gauge boson X to every Standard-Model fermion, with kinetic mixing, at any momentum.

With :math:`L = \tfrac{1}{2}\varepsilon B_{\mu\nu}X^{\mu\nu}` and the same sign of both gauge terms in the
covariant derivative, X couples to a chiral fermion at momentum transfer :math:`q^2` with

.. math::
    g_f(q^2) = g_X Q_X + \varepsilon\Big[g_Y Y + s_W\,\frac{m_Z^2}{m_Z^2-q^2}\,g_Z\,(T_3 - s_W^2 Q)\Big],

because the mixing is proportional to :math:`q^2` and reaches the fermion through the photon and the Z. An X
on its mass shell (widths, production) has :math:`q^2 = m_X^2`; scattering far below the Z has
:math:`q^2 \simeq 0` for every mX. The pole is cut off by the width of the Z (the dispersive part is kept),
which is the right description while :math:`|\varepsilon| s_W m_Z < \Gamma_Z/2`, that is
:math:`|\varepsilon| < 0.028`.

Two normalisations of the mixing:

- ``photon`` (the paper's): :math:`g_f = g_X Q_X + e\,\varepsilon\,Q`, for an X far below the Z.
- ``hypercharge``: the formula above; its limit below the Z is :math:`c_W e\,\varepsilon\,Q`.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError, did_you_mean, pick
from ._data import read
from .inputs import INPUTS, Inputs

__all__ = [
    "FERMIONS",
    "Charges",
    "Couplings",
    "Mixing",
    "XPoint",
    "charges_from",
    "index",
    "known_charges",
    "loop_mixing",
    "x_couplings",
    "x_point",
]

FERMIONS = ("nu_e", "nu_mu", "nu_tau", "e", "mu", "tau", "u", "c", "t", "d", "s", "b")
"""Order of the fermions in every array of couplings."""

Mixing = Literal["photon", "hypercharge"]

_Q_EM = np.repeat([0.0, -1.0, 2 / 3, -1 / 3], 3)
_T3 = np.repeat([0.5, -0.5, 0.5, -0.5], 3)
_COLOURS = np.repeat([1.0, 1.0, 3.0, 3.0], 3)
# where the charge of each chirality stands in a model's table: lepton and quark doublets, then the singlets
_LEFT = (*("l1", "l2", "l3"), *("l1", "l2", "l3"), *("q1", "q2", "q3"), *("q1", "q2", "q3"))
_RIGHT = (*(None, None, None), *("e1", "e2", "e3"), *("u1", "u2", "u3"), *("d1", "d2", "d3"))
_OTHER = ("H", "Phi", "S1", "S3", "R2")
_FAMILIES = ("q", "u", "d", "l", "e", "nu")


def index(fermion: str) -> int:
    """Position of a fermion in arrays of couplings."""
    return FERMIONS.index(fermion)


class Charges(NamedTuple):
    """U(1)_X charges of the left- and right-handed fermions, in the order of `FERMIONS`, and of Phi.

    Attributes
    ----------
    left, right : (12,) float
        The right-handed entries of the neutrinos are zero: the states at low energy are left-handed.
    phi : float
        Charge of the scalar that gives X its mass.
    """

    left: np.ndarray
    right: np.ndarray
    phi: float


class Couplings(NamedTuple):
    """Chiral couplings of X, in the order of `FERMIONS`; ``left`` and ``right`` are (12,) real."""

    left: Array
    right: Array

    @property
    def vector(self) -> Array:
        """(left + right)/2: the coupling to the vector current."""
        return 0.5 * (self.left + self.right)

    @property
    def axial(self) -> Array:
        """(right - left)/2: the coupling to the axial current."""
        return 0.5 * (self.right - self.left)


class XPoint(NamedTuple):
    """A point of the light-X sector, as every term reads it.

    Attributes
    ----------
    mX : scalar
        Mass of X in GeV.
    gX, eps : scalar
        Gauge coupling and (total tree-level) kinetic mixing.
    low : Couplings
        At zero momentum transfer: scattering, g-2.
    shell : Couplings
        At ``q2 = mX**2``: widths and production.
    """

    mX: Array
    gX: Array
    eps: Array
    low: Couplings
    shell: Couplings


def charges_from(table: Mapping[str, str | float], where: str = "charges") -> Charges:
    """Charges from a model's table, such as ``{q: 1/3, l2: -3, e2: -3, Phi: 3}``.

    Parameters
    ----------
    table : mapping
        Field name -> exact rational. A family (``q, u, d, l, e, nu``) may be given as one entry for all
        generations or by generation (``q1, q2, q3``); what is absent is neutral.
    where : str
        Named in the error message.

    Raises
    ------
    InputError
        If a field is unknown, a charge is not a number, or a family is given twice.

    Examples
    --------
    >>> float(charges_from({"l2": -3, "e2": -3, "q": "1/3", "u": "1/3", "d": "1/3"}).left[1])
    -3.0
    """
    allowed = {f"{f}{i}" for f in _FAMILIES for i in (1, 2, 3)} | set(_FAMILIES) | set(_OTHER)
    values: dict[str, float] = {}
    for field, text in table.items():
        if field not in allowed:
            raise InputError(
                f"{where}: unknown field {field!r}{did_you_mean(field, allowed)}; "
                f"allowed are {', '.join(sorted(allowed))}."
            )
        try:
            charge = float(Fraction(str(text)))
        except (ValueError, ZeroDivisionError):
            raise InputError(
                f"{where}: the charge of {field} is {text!r}, not a number such as -3 or 1/3."
            ) from None
        for name in [f"{field}{i}" for i in (1, 2, 3)] if field in _FAMILIES else [field]:
            if name in values:
                raise InputError(f"{where}: the charge of {name} is given twice (by {field!r} as well).")
            values[name] = charge
    left = np.array([values.get(name, 0.0) for name in _LEFT])
    right = np.array([0.0 if name is None else values.get(name, 0.0) for name in _RIGHT])
    return Charges(left, right, values.get("Phi", 0.0))


def known_charges(model: str) -> Charges:
    """Charges of the two assignments of the paper, by name (``data/charges.yaml``).

    Raises
    ------
    InputError
        If the name is unknown.
    """
    entry = pick(read("charges"), model.lower(), "model")
    return charges_from(entry["charges"], f"model {model}")


def x_couplings(
    charges: Charges, gX: Array, eps: Array, q2: Array, mixing: Mixing = "photon", inputs: Inputs = INPUTS
) -> Couplings:
    """Chiral couplings of X to every fermion at momentum transfer `q2`.

    Parameters
    ----------
    charges : Charges
    gX, eps : scalar
        Gauge coupling; kinetic mixing (normalised as `mixing` says).
    q2 : scalar
        GeV^2; ``mX**2`` on the mass shell, 0 for scattering far below the Z.
    mixing : {'photon', 'hypercharge'}
        See the module.

    Returns
    -------
    Couplings
    """
    if mixing == "photon":
        shift_left = shift_right = inputs.e * eps * jnp.asarray(_Q_EM)
    else:
        sw2 = inputs.sw2_mz
        gY, gZ = inputs.e / (1 - sw2) ** 0.5, inputs.e / (sw2 * (1 - sw2)) ** 0.5
        distance = inputs.mZ**2 - q2
        pole = inputs.mZ**2 * distance / (distance**2 + (inputs.mZ * inputs.GammaZ) ** 2)
        # exactly one at q2 = 0, so that the neutrinos decouple from the mixing there
        pole = pole * (1 + (inputs.GammaZ / inputs.mZ) ** 2)
        z_left, z_right = _T3 - sw2 * _Q_EM, -sw2 * _Q_EM
        shift_left = eps * (gY * (_Q_EM - _T3) + sw2**0.5 * gZ * pole * z_left)
        shift_right = eps * (gY * _Q_EM + sw2**0.5 * gZ * pole * z_right)
    neutrinos = np.arange(12) < 3
    return Couplings(
        gX * jnp.asarray(charges.left) + shift_left,
        jnp.where(neutrinos, 0.0, gX * jnp.asarray(charges.right) + shift_right),
    )


def _vacuum_polarisation(t: Array) -> Array:
    """Real part of ``int_0^1 dx x(1-x) ln(1 - t x(1-x))`` for t = q2/m^2, in closed form."""
    small = jnp.abs(t) < 0.05
    series = -t / 30 - t**2 / 280 - t**3 / 1890 - t**4 / 11088 - t**5 / 60060
    s = jnp.where(small, 1.0, t)
    bound = (s > 0) & (s < 4)
    w = jnp.sqrt(jnp.where(bound, jnp.maximum(4 / s - 1, 1e-12), 1.0))
    v = jnp.sqrt(jnp.where(bound, 4.0, jnp.maximum(1 - 4 / s, 1e-30)))
    wave = jnp.where(bound, 2 * w * jnp.arctan(1 / w), v * jnp.log(jnp.abs((v + 1) / (v - 1))))
    closed = -5 / 18 - 2 / (3 * s) + (1 + 2 / s) * wave / 6
    return jnp.where(small, series, closed)


def loop_mixing(charges: Charges, gX: Array, q2: Array, inputs: Inputs = INPUTS) -> Array:
    r"""Kinetic mixing induced by the charged leptons, real part, in the ``photon`` normalisation.

    .. math:: \varepsilon(q^2) = \frac{e g_X}{2\pi^2}\sum_f Q_X Q\int_0^1 dx\,x(1-x)\ln[m_f^2 - x(1-x)q^2]

    It is a prediction where the trace of :math:`N_c Q_X Q` over all fermions vanishes without the quarks,
    as in U(1)_{Lmu-Ltau}: there :math:`\varepsilon(0) = (e g_X/12\pi^2)\ln(m_\tau^2/m_\mu^2) = g_X/69`, for
    mixing that vanishes far above the tau mass.

    Parameters
    ----------
    charges : Charges
    gX, q2 : scalar
        `q2` in GeV^2, of either sign.

    Returns
    -------
    scalar

    Raises
    ------
    InputError
        If the mixing is not finite for these charges: then it is a free parameter of the model.
    """
    vector = 0.5 * (charges.left + charges.right)
    if abs(np.sum(_COLOURS * _Q_EM * vector)) > 1e-12 or np.any(vector[6:] != 0):
        raise InputError(
            "loop mixing: it is calculable only where quarks are neutral under X and the leptons' charges "
            "add up to zero (such as Lmu-Ltau); for other charges epsBX is a parameter."
        )
    total = jnp.zeros(())
    for name, mass in (("e", inputs.m_e), ("mu", inputs.m_mu), ("tau", inputs.m_tau)):
        weight = vector[index(name)] * _Q_EM[index(name)]
        total = total + weight * (np.log(mass**2) / 6 + _vacuum_polarisation(jnp.asarray(q2) / mass**2))
    return inputs.e * gX / (2 * np.pi**2) * total


def x_point(
    charges: Charges,
    mX: Array,
    gX: Array,
    eps: Array,
    mixing: Mixing = "photon",
    loop: bool = False,
    inputs: Inputs = INPUTS,
) -> XPoint:
    """The point of the light-X sector that every term reads.

    Parameters
    ----------
    charges : Charges
    mX : scalar
        GeV.
    gX, eps : scalar
    mixing : {'photon', 'hypercharge'}
    loop : bool
        Add the mixing induced by lepton loops (`loop_mixing`) to `eps`.

    Returns
    -------
    XPoint
    """
    mX, gX, eps = jnp.asarray(mX, float), jnp.asarray(gX, float), jnp.asarray(eps, float)
    q2 = mX**2

    def total(at: Array) -> Array:
        return eps + loop_mixing(charges, gX, at, inputs) if loop else eps

    zero = jnp.zeros_like(q2)
    return XPoint(
        mX,
        gX,
        eps,
        low=x_couplings(charges, gX, total(zero), zero, mixing, inputs),
        shell=x_couplings(charges, gX, total(q2), q2, mixing, inputs),
    )
