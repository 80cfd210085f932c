r"""Tree-level matching of a heavy gauge boson X to the SMEFT, for arbitrary flavour-dependent charges.

X couples to
:math:`J^\mu = \sum_\psi \bar\psi\gamma^\mu g_\psi\psi + g_H\,H^\dagger i\overleftrightarrow{D}^\mu H`.
Kinetic mixing :math:`\tfrac12\varepsilon B_{\mu\nu}X^{\mu\nu}` is removed by :math:`B\to B+\varepsilon X`,
which adds :math:`\varepsilon g' Y` to every coupling; that is exact at dimension six. What X leaves behind is

.. math:: L = -\frac{1}{2m_X^2}\,J_\mu J^\mu

(arXiv:1711.10391, the singlet vector), from which all four-fermion and Higgs-current coefficients follow.
:math:`m_X^2` is the coefficient of :math:`X_\mu X^\mu/2`; the pole mass differs by :math:`O(\varepsilon^2)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Complex

from ..smeft.basis import coefficients
from ._matching import _elements

__all__ = ["HeavyXMatching", "XCurrent", "current", "heavy_x_matching", "mix_bs", "rotate_sb"]

# Warsaw operators of two different currents (-g g'/mX^2) and of one current squared (-g g/(2 mX^2)).
_PRODUCTS = {
    "lq1": ("l", "q"),
    "lu": ("l", "u"),
    "ld": ("l", "d"),
    "le": ("l", "e"),
    "eu": ("e", "u"),
    "ed": ("e", "d"),
    "qe": ("q", "e"),
    "ud1": ("u", "d"),
    "qu1": ("q", "u"),
    "qd1": ("q", "d"),
}
_SQUARES = {"ll": "l", "qq1": "q", "uu": "u", "dd": "d", "ee": "e"}
_HIGGS = {"phil1": "l", "phie": "e", "phiq1": "q", "phiu": "u", "phid": "d"}
_HYPERCHARGE = {"q": 1 / 6, "u": 2 / 3, "d": -1 / 3, "l": -1 / 2, "e": -1.0}

Matrix = Complex[Array, "3 3"]


class XCurrent(NamedTuple):
    """Couplings of X to the SM currents, in the Warsaw (down-aligned) flavour basis; Hermitian matrices.

    Attributes
    ----------
    q, u, d, l, e : (3, 3) complex
    H : scalar
        Coupling to the Higgs current.
    """

    q: Matrix
    u: Matrix
    d: Matrix
    l: Matrix
    e: Matrix
    H: Array


def current(charges: Mapping[str, float], gX: Array, epsBX: Array, gp: Array) -> XCurrent:
    """The current of X for charges that are diagonal in the Warsaw flavour basis.

    Parameters
    ----------
    charges : mapping
        Field (q1 ... e3, H) -> charge, as `muobayes.models.catalogue.ModelEntry.charges` gives them.
    gX, epsBX, gp : scalar
        Gauge coupling, kinetic mixing, and the hypercharge coupling g', all at the matching scale.

    Returns
    -------
    XCurrent
    """

    gX, mixing = jnp.asarray(gX, float), jnp.asarray(epsBX * gp, float)

    def coupling(kind: str) -> Matrix:
        own = np.array([float(charges[f"{kind}{i}"]) for i in (1, 2, 3)])
        return jnp.diag(gX * own + mixing * _HYPERCHARGE[kind]).astype(complex)

    q, u, d, l, e = (coupling(kind) for kind in "qudle")
    return XCurrent(q, u, d, l, e, H=gX * float(charges["H"]) + mixing / 2)


def mix_bs(x: XCurrent, gbs: Array) -> XCurrent:
    """Add ``gbs X_mu sbar_L gamma^mu b_L + h.c.``, as vector-like quarks induce it (arXiv:1403.1269)."""
    gbs = jnp.asarray(gbs)
    q = x.q.at[1, 2].add(gbs).at[2, 1].add(jnp.conj(gbs))
    return x._replace(q=q)


def rotate_sb(x: XCurrent, theta: Array) -> XCurrent:
    """Rotate s_L and b_L of the interaction basis into the mass basis by theta (arXiv:2009.02197)."""
    c, s = jnp.cos(theta), jnp.sin(theta)
    rotation = jnp.eye(3).at[1:, 1:].set(jnp.stack([c, s, -s, c]).reshape(2, 2))
    return x._replace(q=rotation @ x.q @ rotation.T)


@dataclass(frozen=True, eq=False)
class HeavyXMatching:
    """The matching as a function of an `XCurrent` and mX; get it from `heavy_x_matching`.

    Attributes
    ----------
    components : tuple of (str, str)
        WCxf name and ``"Re"`` or ``"Im"`` of each entry of the result, in the order of the basis.
    """

    components: tuple[tuple[str, str], ...]
    _slots: dict[str, np.ndarray]
    _size: int
    _select: np.ndarray

    def __call__(self, x: XCurrent, mX: Array) -> Array:
        """Non-redundant Warsaw coefficients.

        Parameters
        ----------
        x : XCurrent
        mX : scalar
            GeV.

        Returns
        -------
        Array
            Shape ``(len(components),)``, GeV^-2.
        """
        tensors = {op: -_outer(getattr(x, a), getattr(x, b)) for op, (a, b) in _PRODUCTS.items()}
        tensors |= {op: -_outer(getattr(x, a), getattr(x, a)) / 2 for op, a in _SQUARES.items()}
        tensors |= {op: -x.H * getattr(x, a) for op, a in _HIGGS.items()}
        # (H+ i D H)^2 = 4 |H+ D H|^2 + |H|^2 box |H|^2 up to a total derivative
        tensors |= {"phiD": jnp.reshape(-2 * x.H**2, 1) + 0j, "phiBox": jnp.reshape(-(x.H**2) / 2, 1) + 0j}
        values = jnp.concatenate([tensors[op].reshape(-1) for op in self._slots])
        slots = np.concatenate(list(self._slots.values()))
        # entries that are complex conjugates of listed ones go to a last slot, which is dropped
        sums = jax.ops.segment_sum(values, slots, self._size + 1)[:-1] / mX**2
        return jnp.concatenate([sums.real, sums.imag])[self._select]

    def to_wcxf(self, vector: Array) -> dict[str, complex]:
        """The entries of a result by WCxf name (outside of traced code)."""
        values: dict[str, complex] = {}
        for (name, part), value in zip(self.components, np.asarray(vector).tolist()):
            values[name] = values.get(name, 0j) + (value if part == "Re" else 1j * value)
        return values


def _outer(a: Matrix, b: Matrix) -> Array:
    return a[:, :, None, None] * b[None, None, :, :]


@lru_cache(maxsize=1)
def heavy_x_matching() -> HeavyXMatching:
    """Prepare the matching: which tensor entries add up to which non-redundant coefficient."""
    operators = (*_PRODUCTS, *_SQUARES, *_HIGGS, "phiD", "phiBox")
    elements, orbits = _elements(set(operators))
    size = len(elements)
    slots = {}
    for operator in operators:
        rank = 4 if operator in _PRODUCTS or operator in _SQUARES else 2 if operator in _HIGGS else 0
        slots[operator] = np.array([orbits[operator].get(index, size) for index in np.ndindex((3,) * rank)])
    names = [op + "_" * bool(index) + "".join(str(i + 1) for i in index) for op, index in elements]
    chosen = [
        (name, part, k + size * (part == "Im"))
        for k, name in enumerate(names)
        for part in (("Re",) if coefficients()[name] else ("Re", "Im"))
    ]
    return HeavyXMatching(
        tuple((name, part) for name, part, _ in chosen),
        slots,
        size,
        np.array([k for *_, k in chosen]),
    )
