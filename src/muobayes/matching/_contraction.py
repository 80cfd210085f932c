"""From rows to numbers: a flat table of products, built once, evaluated by gathers and segmented sums.

Every row is (scalars) x (chain) x (chain), a chain being a product of 3x3 matrices with two free indices. So
one evaluation is: stack the matrices, multiply them to chains in at most three batched products, form the
weights from the scalars, and sum weight x chain element x chain element into the output elements. What
cannot be non-zero (by the pattern of zeros of the matrices) never enters the table; rows of one structure
share one weight.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import pi

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from ._tables import Link, Row

__all__ = ["LOOP", "Contraction", "Element", "contraction"]

LOOP = 1 / (16 * pi**2)
Element = tuple[str, tuple[int, ...]]
Links = tuple[Link, ...]


@dataclass(frozen=True, eq=False)
class Contraction:
    """The flat table of a set of rows. Build with `contraction`; call with scalars and matrices.

    Attributes
    ----------
    elements : tuple of (operator, indices)
        What the entries of the result are.
    leaves, products
        The chain matrices: first the single matrices, then batches of products (left, left transposed,
        right, right transposed) of earlier ones.
    tokens, monomials
        The scalars, and products of them as columns of positions in (1, *tokens).
    weights : (3, n)
        Coefficient, monomial, number of the weight that it adds to.
    terms : (4, m)
        Element, weight, and the two entries of chain matrices.
    """

    elements: tuple[Element, ...]
    leaves: tuple[Link, ...]
    products: tuple[np.ndarray, ...]
    tokens: tuple[str, ...]
    monomials: np.ndarray
    weight_coefficients: np.ndarray
    weights: np.ndarray
    terms: np.ndarray

    def __call__(self, scalars: Mapping[str, ArrayLike], matrices: Mapping[str, Array]) -> Array:
        """Values of `elements`, complex, shape (n,)."""
        chains = jnp.stack([_leaf(matrices[x.matrix], x) for x in self.leaves])
        for left, left_transposed, right, right_transposed in self.products:
            a = _transposed(chains[left], left_transposed)
            b = _transposed(chains[right], right_transposed)
            chains = jnp.concatenate([chains, (a[:, :, :, None] * b[:, None, :, :]).sum(2)])
        entries = jnp.concatenate([chains.reshape(-1), jnp.ones(1, complex)])

        values = jnp.stack([jnp.ones((), complex), *(_token(scalars, token) for token in self.tokens)])
        monomials = values[self.monomials[0]]
        for factor in self.monomials[1:]:
            monomials = monomials * values[factor]
        monomial, weight = self.weights
        weights = _segment_sum(monomials[monomial] * self.weight_coefficients, weight)

        element, weight, left, right = self.terms
        return _segment_sum(weights[weight] * entries[left] * entries[right], element)


def _segment_sum(values: Array, segments: np.ndarray) -> Array:
    return jax.ops.segment_sum(values, segments, int(segments[-1]) + 1, indices_are_sorted=True)


def _transposed(batch: Array, which: np.ndarray) -> Array:
    return jnp.where(which[:, None, None].astype(bool), jnp.swapaxes(batch, 1, 2), batch)


def _leaf(matrix: Array, link: Link) -> Array:
    matrix = jnp.conj(matrix) if link.conjugated else matrix
    return matrix.T if link.transposed else matrix


def _factors(token: str) -> tuple[str, ...]:
    """A power ``x^n`` as n factors x, so that few scalars are computed; 1/M^2 is one scalar."""
    base, _, power = token.partition("^")
    return (token,) if "/" in token or not power else (base,) * int(power)


def _token(scalars: Mapping[str, ArrayLike], token: str) -> Array:
    """The value of ``x``, ``x*`` (conjugate) or ``x + y``."""
    if token in scalars:
        return jnp.asarray(scalars[token], complex)
    names = token.rstrip("*").split(" + ")
    value = jnp.sum(jnp.stack([jnp.asarray(scalars[name], complex) for name in names]))
    return jnp.conj(value) if token.endswith("*") else value


def contraction(
    rows: Iterable[Row],
    orbits: Mapping[str, Mapping[tuple[int, ...], int]],
    elements: tuple[Element, ...],
    masks: Mapping[str, np.ndarray],
) -> Contraction:
    """Build the flat table.

    Parameters
    ----------
    rows : iterable of Row
        What to add up.
    orbits : mapping
        Operator -> index tuple (0-based; empty for an operator without flavour) -> number of the output
        element that it is counted in. Tuples that are absent are redundant and not computed.
    elements : tuple
        The output elements that the numbers refer to; those that cannot be non-zero are dropped from the
        result.
    masks : mapping
        Matrix name -> (3, 3) bool, where it can be non-zero.
    """
    weights: dict[tuple, list[tuple[float, tuple[str, ...]]]] = {}
    terms: dict[tuple, list[tuple[int, list]]] = {}
    for row in rows:
        structure = (row.operator, row.chains)
        if structure not in terms:
            terms[structure] = list(_non_zero(row, orbits[row.operator], masks))
        if terms[structure]:
            scale = 1.0 if row.part == "tree" else LOOP
            parts = weights.setdefault(structure, [])
            scalars = tuple(factor for token in row.scalars for factor in _factors(token))
            if row.const:
                parts.append((scale * float(row.const), scalars))
            if row.log:
                parts.append((scale * float(row.log), (*scalars, row.log_name)))

    products = {p: None for parts in weights.values() for _, p in parts}
    tokens = tuple(dict.fromkeys(token for p in products for token in p))
    number = {token: i + 1 for i, token in enumerate(tokens)}
    degree = max(map(len, products))
    monomials = [[number[t] for t in p] + [0] * (degree - len(p)) for p in products]
    position = {p: i for i, p in enumerate(products)}
    flat_weights = [(c, position[p], w) for w, parts in enumerate(weights.values()) for c, p in parts]

    bank = _ChainBank(links for _, chains in weights for links in (chain.links for chain in chains))
    flat_terms = sorted(
        (element, w, *(bank.entry(*at) for at in where), *[bank.one] * (2 - len(where)))
        for w, structure in enumerate(weights)
        for element, where in terms[structure]
    )
    used = {old: new for new, old in enumerate(sorted({t[0] for t in flat_terms}))}
    return Contraction(
        elements=tuple(elements[i] for i in used),
        leaves=tuple(links[0] for links in bank.levels[0]),
        products=bank.products(),
        tokens=tokens,
        monomials=np.array(monomials, np.int32).T,
        weight_coefficients=np.array([c for c, _, _ in flat_weights]),
        weights=np.array([w[1:] for w in flat_weights], np.int32).T,
        terms=np.array([(used[t[0]], *t[1:]) for t in flat_terms], np.int32).T,
    )


def _non_zero(
    row: Row, orbit: Mapping[tuple[int, ...], int], masks: Mapping[str, np.ndarray]
) -> Iterator[tuple[int, list[tuple[Links, int, int]]]]:
    """Every output element that the row contributes to, with the entries of its chains."""
    patterns = []
    for chain in row.chains:
        pattern = np.eye(3, dtype=bool)
        for link in chain.links:
            pattern = pattern @ (masks[link.matrix].T if link.transposed else masks[link.matrix])
        patterns.append(pattern)
    for index, element in orbit.items():
        at = dict(zip("prst", index))
        where = [(chain.links, at[chain.first], at[chain.last]) for chain in row.chains]
        if all(pattern[i, j] for pattern, (_, i, j) in zip(patterns, where)):
            yield element, where


class _ChainBank:
    """The chains that rows need and the products that make them, level by level from earlier ones."""

    def __init__(self, chains: Iterable[Links]):
        self.levels: list[list[Links]] = []
        self._level: dict[Links, int] = {}
        for links in chains:
            self._add(links)
        self._position = {
            links: i for i, links in enumerate(links for level in self.levels for links in level)
        }
        self.one = 9 * len(self._position)
        """Position of the number 1, which follows the entries of all chains."""

    @staticmethod
    def _canonical(links: Links) -> tuple[Links, bool]:
        """Read from its other end a chain is transposed: which of the two is stored, and whether flipped."""
        backwards = tuple(link.reversed() for link in reversed(links))
        return (backwards, True) if backwards < links else (links, False)

    @staticmethod
    def _halves(links: Links) -> tuple[Links, Links]:
        return links[: len(links) // 2], links[len(links) // 2 :]

    def _add(self, links: Links) -> int:
        links, _ = self._canonical(links)
        if links not in self._level:
            level = 0 if len(links) == 1 else 1 + max(self._add(half) for half in self._halves(links))
            self.levels += [[] for _ in range(level + 1 - len(self.levels))]
            self.levels[level].append(links)
            self._level[links] = level
        return self._level[links]

    def _locate(self, links: Links) -> tuple[int, bool]:
        stored, transposed = self._canonical(links)
        return self._position[stored], transposed

    def entry(self, links: Links, i: int, j: int) -> int:
        """Position of element (i, j) of a chain among the entries of all chains."""
        position, transposed = self._locate(links)
        return 9 * position + (3 * j + i if transposed else 3 * i + j)

    def products(self) -> tuple[np.ndarray, ...]:
        """For each level above the first: left, left transposed, right, right transposed."""
        return tuple(
            np.array(
                [[x for half in self._halves(links) for x in self._locate(half)] for links in level], np.int32
            ).T
            for level in self.levels[1:]
        )
