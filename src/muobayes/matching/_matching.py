"""The matching as a function: couplings, Standard Model and scale in, Warsaw coefficients out."""

from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..errors import InputError, did_you_mean
from ..smeft.basis import coefficients
from ._contraction import Contraction, Element, contraction
from ._tables import MODELS, rows
from .couplings import R2, R2S3, S1, S1S3, S3, Leptoquark, SMParameters

__all__ = ["PARTS", "Matching", "evaluate", "masks", "match", "matching"]

PARTS = ("tree", "loop", "mixed")
FIELDS: dict[str, type[Leptoquark]] = {c.model: c for c in (S1, S3, R2, S1S3, R2S3)}

# Index permutations that leave an operator unchanged, besides the identity.
_EXCHANGE = ((2, 3, 0, 1),)
_SYMMETRIES = dict.fromkeys(("ll", "qq1", "qq3", "uu", "dd"), _EXCHANGE) | {
    "ee": (*_EXCHANGE, (2, 1, 0, 3), (0, 3, 2, 1))
}


@dataclass(frozen=True, eq=False)
class Matching:
    """Matching of one model with a fixed pattern of zeros; get it from `matching`.

    Attributes
    ----------
    components : tuple of (str, str)
        WCxf name and ``"Re"`` or ``"Im"`` of each entry of the result, in the order of
        `muobayes.smeft.basis`. All other coefficients vanish identically.
    """

    model: str
    components: tuple[tuple[str, str], ...]
    _table: Contraction
    _select: np.ndarray

    def __call__(self, couplings: Leptoquark, sm: SMParameters, mu: Array | float) -> Array:
        """Non-redundant Warsaw coefficients at the scale mu.

        Parameters
        ----------
        couplings : S1, S3, R2, S1S3 or R2S3
            MS-bar at mu; masses in GeV.
        sm : SMParameters
            At mu.
        mu : scalar
            Matching scale in GeV.

        Returns
        -------
        Array
            Shape ``(len(components),)``, GeV^-2.
        """
        values = evaluate_jit(self._table, couplings, sm, mu)
        return jnp.concatenate([values.real, values.imag])[self._select]

    def to_wcxf(self, vector: Array) -> dict[str, complex]:
        """The entries of a result by WCxf name (outside of traced code)."""
        values: dict[str, complex] = {}
        for (name, part), x in zip(self.components, np.asarray(vector).tolist()):
            values[name] = values.get(name, 0j) + (x if part == "Re" else 1j * x)
        return values


def evaluate(table: Contraction, couplings: Leptoquark, sm: SMParameters, mu: Array | float) -> Array:
    """The values of a table at a point, complex."""
    scalars = couplings.scalars() | {"g": sm.g, "gp": sm.gp, "gs": sm.gs, "Lam": sm.Lambda}
    for i in "123":
        if f"M{i}" in scalars:
            scalars[f"1/M{i}^2"] = 1 / jnp.asarray(scalars[f"M{i}"]) ** 2
            scalars[f"L{i}"] = 2 * jnp.log(jnp.asarray(scalars[f"M{i}"]) / mu)
    matrices = couplings.matrices() | {"Yu": sm.Yu, "Yd": sm.Yd, "Ye": sm.Ye, "identity": jnp.eye(3)}
    return table(scalars, {name: jnp.asarray(m, complex) for name, m in matrices.items()})


evaluate_jit = jax.jit(evaluate, static_argnums=0)


def masks(model: str, leptons: tuple[int, ...] = (1, 2, 3), aligned: bool = False) -> dict[str, np.ndarray]:
    """Where the matrices of a model can be non-zero, each (3, 3) bool."""
    active = np.isin([1, 2, 3], leptons)
    result = {"identity": np.eye(3, dtype=bool), "Yu": np.ones((3, 3), bool)}
    result |= dict.fromkeys(("Yd", "Ye"), np.eye(3, dtype=bool) if aligned else np.ones((3, 3), bool))
    for name, kinds in FIELDS[model].leptoquark_matrices.items():
        by_row = np.broadcast_to(active[:, None], (3, 3))
        result[name] = by_row if kinds[0] in "le" else by_row.T
    return result


@lru_cache(maxsize=64)
def matching(
    model: str,
    *,
    parts: tuple[str, ...] = PARTS,
    leptons: tuple[int, ...] = (1, 2, 3),
    aligned: bool = False,
    only: frozenset[str] | None = None,
) -> Matching:
    """Prepare the matching of a model: what can be non-zero is worked out once, here.

    Parameters
    ----------
    model : {"s1", "s3", "r2", "s1+s3", "r2+s3"}
        The leptoquarks.
    parts : tuple of str
        Which of ``"tree"``, ``"loop"`` (one field) and ``"mixed"`` (one loop with both fields) to add up.
    leptons : tuple of int
        The lepton generations that the leptoquarks couple to; ``(2,)`` for muoquarks. Entries of the coupling
        matrices that belong to others are ignored.
    aligned : bool
        Whether Yd and Ye are diagonal; if so, fewer coefficients can be non-zero.
    only : frozenset of str, optional
        WCxf names that are wanted; the others are not computed.

    Returns
    -------
    Matching
        The same object for the same arguments, so that it can be a static argument of a jitted function.

    Raises
    ------
    InputError
        For a model or a part that does not exist.
    """
    if model not in MODELS:
        raise InputError(
            f"no matching for {model!r}{did_you_mean(model, MODELS)}; known are {', '.join(MODELS)}."
        )
    if unknown := [p for p in parts if p not in PARTS]:
        raise InputError(f"{unknown[0]!r} is no part of the matching; the parts are {', '.join(PARTS)}.")
    chosen = [row for row in rows(model) if row.part in parts]
    elements, orbits = _elements({row.operator for row in chosen}, only)
    table = contraction(chosen, orbits, elements, masks(model, leptons, aligned))
    n = len(table.elements)
    names = [op + "_" * bool(ix) + "".join(str(i + 1) for i in ix) for op, ix in table.elements]
    components = [
        (name, part, k + n * (part == "Im"))
        for k, name in enumerate(names)
        for part in (("Re",) if coefficients()[name] else ("Re", "Im"))
    ]
    return Matching(
        model,
        tuple((name, part) for name, part, _ in components),
        table,
        np.array([k for *_, k in components], np.int32),
    )


def _elements(
    operators: set[str], only: frozenset[str] | None = None
) -> tuple[tuple[Element, ...], dict[str, dict[tuple[int, ...], int]]]:
    """Non-redundant elements of operators in the order of the basis, and which index tuples belong to each.

    A non-redundant coefficient is the sum of the tensor over the index tuples that its symmetries identify.
    """
    elements: list[Element] = []
    orbits: dict[str, dict[tuple[int, ...], int]] = {op: {} for op in operators}
    for name in coefficients():
        operator, _, digits = name.partition("_")
        if operator in operators and (only is None or name in only):
            index = tuple(int(d) - 1 for d in digits)
            for symmetry in ((0, 1, 2, 3), *_SYMMETRIES.get(operator, ())):
                orbits[operator][tuple(index[i] for i in symmetry) if len(index) == 4 else index] = len(
                    elements
                )
            elements.append((operator, index))
    return tuple(elements), orbits


def match(couplings: Leptoquark, sm: SMParameters, mu: Array | float, *, loop: int = 1) -> dict[str, Array]:
    """Non-redundant Warsaw coefficients by WCxf name, complex, GeV^-2.

    Convenient for a look at one point and differentiable; inside a likelihood use `matching`, whose result
    is one vector and which computes only what the pattern of couplings allows.

    Parameters
    ----------
    couplings : S1, S3, R2, S1S3 or R2S3
        MS-bar at mu.
    sm : SMParameters
        At mu.
    mu : scalar
        Matching scale in GeV.
    loop : {0, 1}
        Tree level, or tree level and one loop.
    """
    if loop not in (0, 1):
        raise InputError(f"matching at {loop!r} loops is not available; allowed are 0 and 1.")
    prepared = matching(couplings.model, parts=PARTS if loop else ("tree",))
    values = evaluate_jit(prepared._table, couplings, sm, mu)
    names = dict.fromkeys(name for name, _ in prepared.components)
    return dict(zip(names, values))
