r"""Widths and branching fractions of X.

.. math::
    \Gamma(X\to f\bar f) = \frac{N_c m_X}{12\pi}\beta\Big[g_V^2\Big(1+\frac{2m_f^2}{m_X^2}\Big)
    + g_A^2\beta^2\Big],\qquad \Gamma(X\to\nu_L\bar\nu_L) = \frac{g_\nu^2 m_X}{24\pi},\qquad \beta =
    \sqrt{1-4m_f^2/m_X^2}

Light quarks decay as hadrons (`hadrons`), charm, bottom and top perturbatively above their thresholds.
Below 2 m_e the decay to three photons is suppressed by alpha^4 and neglected beside neutrinos.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ._data import read
from .couplings import FERMIONS, Couplings, index
from .hadrons import FINAL_STATES, HadronTables, hadron_widths

__all__ = ["CHANNELS", "INVISIBLE", "Widths", "widths"]

_MASSES = read("widths")["masses"]
_FERMIONS = ("e", "mu", "tau", "c", "b", "t")
_M = np.array([_MASSES[name] for name in _FERMIONS])
_NC = np.array([1.0, 1.0, 1.0, 3.0, 3.0, 3.0])
_INDEX = np.array([index(name) for name in _FERMIONS])

INVISIBLE = ("nue_nue", "numu_numu", "nutau_nutau")
CHANNELS = (
    *INVISIBLE,
    *(f"{name}_{name}" for name in _FERMIONS),
    *FINAL_STATES,
)
"""Names of the decay channels, in the order of `Widths.partial`."""


class Widths(NamedTuple):
    """Partial widths in GeV, in the order of `CHANNELS`."""

    partial: Array

    @property
    def total(self) -> Array:
        """Total width in GeV."""
        return jnp.sum(self.partial)

    @property
    def branching(self) -> Array:
        """Branching fractions, in the order of `CHANNELS`; zero where X cannot decay."""
        total = self.total
        return jnp.where(total > 0, self.partial / jnp.where(total > 0, total, 1.0), 0.0)


def widths(mX: Array, couplings: Couplings, tables: HadronTables) -> Widths:
    """Partial widths of X.

    Parameters
    ----------
    mX : scalar
        GeV.
    couplings : Couplings
        On the mass shell (``XPoint.shell``).
    tables : HadronTables

    Returns
    -------
    Widths
    """
    neutrinos = couplings.left[: FERMIONS.index("e")] ** 2 * mX / (24 * np.pi)
    ratio = (_M / mX) ** 2
    phase_space = 1 - 4 * ratio
    # a tiny floor keeps the derivative of the square root finite at the threshold
    beta = jnp.where(phase_space > 0, jnp.sqrt(jnp.maximum(phase_space, 1e-14)), 0.0)
    vector, axial = couplings.vector[_INDEX], couplings.axial[_INDEX]
    charged = _NC * mX / (12 * np.pi) * beta * (vector**2 * (1 + 2 * ratio) + axial**2 * beta**2)
    return Widths(jnp.concatenate([neutrinos, charged, hadron_widths(mX, couplings, tables)]))
