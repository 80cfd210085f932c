r"""Parton luminosities at 13 TeV as a smooth function of the mass.

:math:`L_q(m)` is defined by :math:`d\sigma/d\hat s = L_q/\hat s\;\hat\sigma(q\bar q)`, both beam orderings
included. Cubic B-splines in :math:`\sqrt m` hold :math:`\ln L_q` (d, s, c, b) and :math:`L_u/L_d`; the source
and the accuracy stand in ``data/parton_luminosities.yaml``.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from ._data import read

__all__ = ["QUARKS", "bottom_strange", "luminosities"]

QUARKS = ("u", "d", "s", "c", "b")
"""Order of the quarks in every array of this room."""

_TABLE = read("parton_luminosities")
_LOW, _HIGH = (float(x) ** 0.5 for x in _TABLE["range_GeV"])
_N = int(_TABLE["intervals"])
_COEFFICIENTS = np.array([_TABLE["coefficients"][name] for name in ("u_over_d", "d", "s", "c", "b")])
# L_u/L_d becomes negative at 5.5 TeV, as the ubar density of the set does; a luminosity must not.
_SOFT = 1e-3


def luminosities(m: Array) -> Array:
    """L_q(m) for the quarks in the order of `QUARKS`.

    Parameters
    ----------
    m : (...) array
        Invariant mass in GeV. Between 200 GeV and 8 TeV as fitted; outside, the logarithm is continued as a
        straight line in sqrt(m).

    Returns
    -------
    (5, ...) array
        Dimensionless, positive.
    """
    position = (jnp.sqrt(m) - _LOW) / (_HIGH - _LOW) * _N
    inside = jnp.clip(position, 0.0, _N)
    interval = jnp.clip(jnp.floor(inside), 0, _N - 1).astype(int)
    x = inside - interval
    weights = (
        (1 - x) ** 3 / 6,
        (3 * x**3 - 6 * x**2 + 4) / 6,
        (-3 * x**3 + 3 * x**2 + 3 * x + 1) / 6,
        x**3 / 6,
    )
    slopes = (-((1 - x) ** 2) / 2, (3 * x**2 - 4 * x) / 2, (-3 * x**2 + 2 * x + 1) / 2, x**2 / 2)
    table = jnp.asarray(_COEFFICIENTS)
    near = [table[:, interval + k] for k in range(4)]
    value = jnp.stack([w * c for w, c in zip(weights, near)]).sum(0)
    slope = jnp.stack([w * c for w, c in zip(slopes, near)]).sum(0)
    outside = position - inside
    logarithms = value[1:] + slope[1:] * outside
    ratio = 0.5 * (value[0] + jnp.sqrt(value[0] ** 2 + _SOFT**2))
    others = jnp.exp(logarithms)
    return jnp.concatenate([(ratio * others[0])[None], others])


def bottom_strange(luminosity: Array) -> Array:
    """Luminosity of b sbar and s bbar together, both beam orderings, from those of `luminosities`.

    The geometric mean of the s and b luminosities: exact for sea quarks of the same shape, an upper bound
    otherwise.
    """
    return 2 * jnp.sqrt(luminosity[QUARKS.index("s")] * luminosity[QUARKS.index("b")])
