r"""The heavy X as colliders see it: chiral couplings, width, branching fraction.

.. math::
    \Gamma(X\to f\bar f) = \frac{N_c m_X}{12\pi}\beta
        \Big[g_V^2\Big(1+\frac{2m_f^2}{m_X^2}\Big) + g_A^2\beta^2\Big],
    \quad \Gamma(X\to\nu_L\bar\nu_L) = \frac{g_\nu^2m_X}{24\pi},\quad
    \Gamma(X\to WW,\,Zh) = \frac{g_H^2 m_X}{48\pi}\ \text{each}

The last two are the Goldstone-boson limit, with :math:`g_H = g_X Q_H + \varepsilon g_Y/2`. Heavy right-handed
neutrinos and leptoquarks are not among the decay products.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ..light_x.couplings import FERMIONS, Charges, Couplings, index, x_couplings
from ..light_x.inputs import INPUTS
from ._data import read

__all__ = ["G_PRIME", "HeavyX", "branching_mumu", "heavy_x", "width"]

_INPUTS = read("inputs")
# the electric charge at the electroweak scale, not at zero momentum
_WEAK_SCALE = INPUTS._replace(e=(4 * np.pi / _INPUTS["alpha_mz_inverse"]["value"]) ** 0.5)
G_PRIME = _WEAK_SCALE.e / (1 - _WEAK_SCALE.sw2_mz) ** 0.5
"""Hypercharge coupling g' at the electroweak scale."""
_MASSES = np.array([_INPUTS["masses_GeV"]["value"].get(name, 0.0) for name in FERMIONS])
_COLOURS = np.array([3.0 if name in "uctdsb" else 1.0 for name in FERMIONS])
_NEUTRINO = np.array([name.startswith("nu") for name in FERMIONS])


class HeavyX(NamedTuple):
    """A heavy X.

    Mass (GeV), chiral couplings on its mass shell, coupling to the Higgs current, and the coupling ``gbs`` of
    ``X_mu sbar_L gamma^mu b_L + h.c.``
    """

    mX: Array
    couplings: Couplings
    gH: Array
    gbs: Array | float = 0.0


def heavy_x(charges: Charges, mX: Array, gX: Array, epsBX: Array, higgs_charge: float = 0.0) -> HeavyX:
    """X with charges that are diagonal in the mass basis.

    Parameters
    ----------
    charges : Charges
        From `muobayes.likelihood.light_x.couplings.charges_from`.
    mX, gX, epsBX : scalar
        Mass in GeV, gauge coupling, kinetic mixing with hypercharge.
    higgs_charge : float
        U(1)_X charge of the Higgs doublet.

    Notes
    -----
    The mixing is that of hypercharge at ``q2 = mX**2``, its full mass dependence included.
    """
    mX, gX, epsBX = jnp.asarray(mX, float), jnp.asarray(gX, float), jnp.asarray(epsBX, float)
    couplings = x_couplings(charges, gX, epsBX, mX**2, mixing="hypercharge", inputs=_WEAK_SCALE)
    return HeavyX(mX, couplings, gX * higgs_charge + epsBX * G_PRIME / 2)


def _fermion_widths(x: HeavyX) -> Array:
    ratio = (_MASSES / x.mX) ** 2
    phase_space = 1 - 4 * ratio
    # a tiny floor keeps the derivative of the square root finite at the threshold
    beta = jnp.where(phase_space > 0, jnp.sqrt(jnp.maximum(phase_space, 1e-14)), 0.0)
    vector, axial = x.couplings.vector, x.couplings.axial
    dirac = _COLOURS * beta / (12 * np.pi) * (vector**2 * (1 + 2 * ratio) + axial**2 * beta**2)
    return x.mX * jnp.where(_NEUTRINO, x.couplings.left**2 / (24 * np.pi), dirac)


def width(x: HeavyX) -> Array:
    """Total width in GeV."""
    bosons = x.gH**2 / (24 * np.pi)
    bottom_strange = 2 * 3 * x.gbs**2 / (24 * np.pi)
    return jnp.sum(_fermion_widths(x)) + x.mX * (bosons + bottom_strange)


def branching_mumu(x: HeavyX) -> Array:
    """Branching fraction to a muon pair; zero for an X without couplings."""
    total = width(x)
    return jnp.where(total > 0, _fermion_widths(x)[index("mu")] / jnp.where(total > 0, total, 1.0), 0.0)
