"""Shifts of the renormalisable couplings when the leptoquarks are integrated out."""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Complex, Float

from ._contraction import Contraction, Element, contraction
from ._matching import evaluate_jit, masks
from ._tables import rows
from .couplings import Leptoquark, SMParameters

__all__ = ["Thresholds", "thresholds"]


class Thresholds(NamedTuple):
    """Coupling of the SMEFT minus coupling of the full theory, both MS-bar at the matching scale."""

    g: Float[Array, ""]
    gp: Float[Array, ""]
    gs: Float[Array, ""]
    Lambda: Float[Array, ""]
    mu_H2: Float[Array, ""]
    """GeV^2; V contains -mu_H2 |H|^2."""
    Yu: Complex[Array, "3 3"]
    Yd: Complex[Array, "3 3"]
    Ye: Complex[Array, "3 3"]


_SCALARS = {"g": "g", "gp": "gp", "gs": "gs", "Lam": "Lambda", "muH2": "mu_H2"}
_MATRICES = ("Yu", "Yd", "Ye")


@lru_cache
def _table(model: str) -> Contraction:
    elements: list[Element] = [(name, ()) for name in _SCALARS]
    elements += [(name, ij) for name in _MATRICES for ij in product(range(3), repeat=2)]
    orbits: dict[str, dict[tuple[int, ...], int]] = {}
    for number, (name, index) in enumerate(elements):
        orbits.setdefault(name, {})[index] = number
    return contraction(rows(model, "thresholds"), orbits, tuple(elements), masks(model))


def thresholds(couplings: Leptoquark, sm: SMParameters, mu: Array | float) -> Thresholds:
    """One-loop thresholds of the renormalisable couplings; at tree level there are none.

    The Higgs mass and the muon Yukawa coupling are arXiv:2103.13991 Eqs. (6) and (7), here for all flavours
    and with the wave functions of quarks and leptons. With the potential of its Eq. (5) both leptoquarks
    enter Eq. (6) with the same sign. Terms suppressed by mu_H^2/M^2 are dropped.

    Parameters
    ----------
    couplings : S1, S3, R2, S1S3 or R2S3
        MS-bar at mu.
    sm : SMParameters
        At mu.
    mu : scalar
        Matching scale in GeV.

    Returns
    -------
    Thresholds
        To be added to the couplings of the full theory.
    """
    table = _table(couplings.model)
    values = dict(zip(table.elements, evaluate_jit(table, couplings, sm, mu)))

    def value(name: str, *index: int) -> Array:
        return values.get((name, index), jnp.zeros((), complex))

    return Thresholds(
        **{field: value(name).real for name, field in _SCALARS.items()},
        **{m: jnp.array([[value(m, i, j) for j in range(3)] for i in range(3)]) for m in _MATRICES},
    )
