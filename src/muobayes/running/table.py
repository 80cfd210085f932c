"""Polynomial beta functions at run time: the table of a model as a JAX function, fast alone and in batches.

Every monomial is a product of two elements of a pool (1, the symbols, products of two and of three of them) and the
beta functions are a dense matrix per kind times the vector of its monomials. Points are the columns of a matrix,
so that under `vmap` the products stay contiguous and the sums become matrix products.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Float

from .. import artifacts
from ..errors import InputError, did_you_mean

__all__ = ["KIND", "BetaTable", "Polynomials", "load_table", "polynomials", "table_names", "table_path"]

KIND = "beta functions as polynomials"
KINDS = ("gauge", "yukawa", "quartic")
TABLES = Path(__file__).parent / "tables"
BATCH = 64  # columns evaluated at once, so that the pool stays in the cache

Monomial = tuple[int, ...]


class BetaTable(NamedTuple):
    """Beta functions of a model as exact polynomials.

    ``terms[kind][loop]`` holds rows (output, monomial as a sorted tuple of symbol positions, coefficient) for
    the kinds gauge, yukawa, quartic; a factor (16 pi^2)^-loop is left out. The gauge outputs ``b_*`` are the
    matrix b of dG/dln(mu) = G b G, with the squared couplings G among the symbols; the other outputs are
    d(coupling)/dln(mu).
    """

    model: str
    variant: str
    abelian: tuple[str, ...]
    parameters: dict[str, Fraction]
    symbols: tuple[str, ...]
    outputs: dict[str, tuple[str, ...]]
    terms: dict[str, dict[int, list[tuple[int, Monomial, Fraction]]]]
    stability: Float[np.ndarray, "k q"]
    """Rows r with r @ (quartic couplings) = V in a direction of field space of unit length."""
    benchmark: dict[str, float]
    """Couplings beyond the SM at the model's benchmark point, scale 3 TeV; the others are zero there."""


def table_path(model: str, variant: str) -> Path:
    """Where the table of a model's variant is kept."""
    return TABLES / f"{model}-{variant}.json.gz"


def table_names() -> list[tuple[str, str]]:
    """(model, variant) of the tables that ship with the package."""
    stems = (p.name.removesuffix(".json.gz").rsplit("-", 1) for p in sorted(TABLES.glob("*.json.gz")))
    return [(model, variant) for model, variant in stems]


@lru_cache(maxsize=8)
def load_table(model: str, variant: str = "heavy") -> BetaTable:
    """The beta functions of a model.

    Parameters
    ----------
    model : str
        Name of the model, e.g. ``full``.
    variant : str
        Which couplings run: ``heavy`` (third generation and muon) or another table of the model.

    Raises
    ------
    InputError
        If there is no such table.
    """
    if (model, variant) not in table_names():
        names = [m for m, v in table_names() if v == variant]
        hint = did_you_mean(model, names)
        raise InputError(
            f"no beta functions of {model!r} ({variant}) are tabulated{hint}; there are {', '.join(names)}."
        )
    document = artifacts.load(table_path(model, variant), kind=KIND)
    terms = {
        kind: {
            int(loop): [(int(k), tuple(m), Fraction(c)) for k, m, c in rows]
            for loop, rows in document["terms"][kind].items()
        }
        for kind in KINDS
    }
    return BetaTable(
        document["model"],
        document["variant"],
        tuple(document["abelian"]),
        {k: Fraction(v) for k, v in document["parameters"].items()},
        tuple(document["symbols"]),
        {kind: tuple(document["outputs"][kind]) for kind in KINDS},
        terms,
        np.asarray(document["stability"]),
        document["benchmark"],
    )


class _Block(NamedTuple):
    """Outputs of one kind: `matrix` times the products pool[left] * pool[right]."""

    left: np.ndarray
    right: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True, eq=False)
class Polynomials:
    """Polynomials of a fixed table, loop orders and charges: a map from the symbols to the outputs.

    Attributes
    ----------
    symbols, outputs : tuple of str
        What the entries of the argument and of the result are.
    """

    symbols: tuple[str, ...]
    outputs: tuple[str, ...]
    _pairs: tuple[np.ndarray, np.ndarray]
    _triples: tuple[np.ndarray, np.ndarray]
    _blocks: tuple[_Block, ...]

    def __call__(self, x: Float[Array, " n"]) -> Float[Array, " m"]:
        """The outputs at one point; differentiable, and efficient under `vmap`."""
        return self._columns(x[:, None])[:, 0]

    def _evaluate(self, x: Float[Array, "n b"]) -> Float[Array, "m b"]:
        pool = jnp.concatenate([jnp.ones_like(x[:1]), x])
        for left, right in (self._pairs, self._triples):
            pool = jnp.concatenate([pool, pool[left] * pool[right]])
        return jnp.concatenate([b.matrix @ (pool[b.left] * pool[b.right]) for b in self._blocks])

    @cached_property
    def _columns(self):
        value = _merging(self._evaluate)
        pullback = _merging(lambda x, w: jax.vjp(self._evaluate, x)[1](w)[0])

        @jax.custom_vjp
        def columns(x):
            return value(x)

        columns.defvjp(lambda x: (value(x), x), lambda x, w: (pullback(x, w),))
        return columns


def _merging(function):
    """A function of columns whose `vmap` lays further points beside each other as more columns."""

    @custom_vmap
    def merged(*arrays):
        columns = arrays[0].shape[1]
        if columns <= BATCH:
            return function(*arrays)
        n = -(-columns // BATCH)
        padded = [jnp.pad(a, ((0, 0), (0, n * BATCH - columns)), mode="edge") for a in arrays]
        chunks = tuple(jnp.moveaxis(a.reshape(a.shape[0], n, BATCH), 1, 0) for a in padded)
        out = jax.lax.map(lambda chunk: function(*chunk), chunks)
        return jnp.moveaxis(out, 0, 1).reshape(out.shape[1], n * BATCH)[:, :columns]

    @merged.def_vmap
    def _rule(size, in_batched, *arrays):
        full = [a if b else jnp.broadcast_to(a, (size, *a.shape)) for a, b in zip(arrays, in_batched)]
        out = merged(*(jnp.moveaxis(a, 0, 1).reshape(a.shape[1], -1) for a in full))
        return jnp.moveaxis(out.reshape(out.shape[0], size, -1), 1, 0), True

    return merged


def polynomials(
    table: BetaTable,
    loops: tuple[int, int, int] = (3, 2, 2),
    parameters: Mapping[str, Fraction | float] | None = None,
) -> Polynomials:
    """The beta functions at chosen loop orders and charges as one polynomial map, loop factors included.

    Parameters
    ----------
    table : BetaTable
    loops : (gauge, yukawa, quartic)
        Highest loop orders; 0 switches the running of a kind off.
    parameters : mapping, optional
        Charges that the model leaves open (``qPhi``); by default those of its description.

    Raises
    ------
    InputError
        If a loop order is not tabulated or a parameter unknown.
    """
    for wanted, (kind, known) in zip(loops, table.terms.items()):
        if not 0 <= wanted <= max(known):
            raise InputError(
                f"loops: the {kind} beta functions of {table.model} are known to {max(known)} loops, not {wanted}."
            )
    for name in parameters or {}:
        if name not in table.parameters:
            raise InputError(
                f"{table.model} has no parameter {name!r}{did_you_mean(name, table.parameters)}."
            )
    values = {**table.parameters, **(parameters or {})}
    charge = {n: float(values[s]) for n, s in enumerate(table.symbols) if s in values}
    couplings = tuple(s for s in table.symbols if s not in values)
    collected: list[dict[Monomial, dict[int, float]]] = []
    for highest, by_loop in zip(loops, table.terms.values()):
        rows: dict[Monomial, dict[int, float]] = {}
        for loop in range(1, highest + 1):
            for k, monomial, coefficient in by_loop[loop]:
                value = float(coefficient) / (16 * np.pi**2) ** loop
                for s in monomial:
                    value *= charge.get(s, 1.0)
                row = rows.setdefault(tuple(s for s in monomial if s not in charge), {})
                row[k] = row.get(k, 0.0) + value
        collected.append(rows)
    return _planned(couplings, tuple(table.outputs.values()), collected)


def _planned(
    couplings: tuple[str, ...],
    outputs: tuple[tuple[str, ...], ...],
    collected: list[dict[Monomial, dict[int, float]]],
) -> Polynomials:
    """Choose the pool and lay out the matrices."""
    n = len(couplings)
    pool: set[Monomial] = {(), *((s,) for s in range(n))}
    pair_of: dict[Monomial, Monomial] = {}
    monomials = sorted({m for rows in collected for m in rows}, key=lambda m: (-len(m), m))
    split = {m: _split(m, pool, pair_of) for m in monomials}
    order = sorted(pool, key=lambda m: (len(m), m))
    position = {m: i for i, m in enumerate(order)}
    pairs, triples = ([m for m in order if len(m) == size] for size in (2, 3))

    def places(parts) -> np.ndarray:
        return np.array([position[p] for p in parts], dtype=np.int32)

    blocks = []
    for rows, names in zip(collected, outputs):
        matrix = np.zeros((len(names), len(rows)))
        for column, row in enumerate(rows.values()):
            for k, value in row.items():
                matrix[k, column] = value
        blocks.append(_Block(places(split[m][0] for m in rows), places(split[m][1] for m in rows), matrix))
    return Polynomials(
        couplings,
        tuple(name for names in outputs for name in names),
        (places(m[:1] for m in pairs), places(m[1:] for m in pairs)),
        (places(pair_of[m] for m in triples), places(_without(m, pair_of[m]) for m in triples)),
        tuple(blocks),
    )


def _without(monomial: Monomial, part: Monomial) -> Monomial:
    rest = list(monomial)
    for s in part:
        rest.remove(s)
    return tuple(rest)


def _split(monomial: Monomial, pool: set, pair_of: dict[Monomial, Monomial]) -> tuple[Monomial, Monomial]:
    """Two factors of at most three symbols each, from the pool where possible, added to it where not."""
    size = -(-len(monomial) // 2)
    parts = sorted({(p, _without(monomial, p)) for p in combinations(monomial, size)})
    left, right = min(parts, key=lambda p: sum(len(q) for q in p if q not in pool))
    for part in (left, right):
        if len(part) == 3 and part not in pool:
            pair_of[part] = min(combinations(part, 2), key=lambda p: p not in pool)
            pool.add(pair_of[part])
        pool.add(part)
    return left, right
