"""Sparse tensors whose entries are polynomials in real symbols (or plain numbers), and their contraction.

A tensor is a list of rows (indices, monomial, coefficient). A monomial is packed into 64-bit words with four bits
per exponent, so that multiplying monomials is adding words; a numeric tensor has no words. Contracting two
tensors is a sort-merge join on their common indices followed by adding up equal rows, all of it vectorised.
Polynomial coefficients are kept in extended precision, so that the rational numbers behind them can be recognised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Tensor", "contract", "contract_all", "monomial_words", "total", "unpack_exponents"]

BITS = 4
PER_WORD = 64 // BITS
MAX_ROWS = 6_000_000  # rows of one join, a bound on memory


@dataclass(frozen=True)
class Tensor:
    """Rows of a sparse tensor: indices (n, rank), packed monomials (n, words), coefficients (n,)."""

    idx: np.ndarray
    mono: np.ndarray
    val: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[tuple], rank: int, words: int) -> Tensor:
        """From (index tuple, words, coefficient) triples; equal rows are added up."""
        idx = np.array([r[0] for r in rows], dtype=np.int64).reshape(len(rows), rank)
        mono = np.array([r[1] for r in rows], dtype=np.uint64).reshape(len(rows), words)
        return cls(idx, mono, np.array([r[2] for r in rows], dtype=np.clongdouble))._collected()

    def __len__(self) -> int:
        return len(self.val)

    def scaled(self, factor: complex | np.number) -> Tensor:
        return Tensor(self.idx, self.mono, self.val * factor)

    def conj(self) -> Tensor:
        return Tensor(self.idx, self.mono, self.val.conj())

    def real(self) -> Tensor:
        return Tensor(self.idx, self.mono, self.val.real + 0j)

    def transposed(self, *order: int) -> Tensor:
        return Tensor(self.idx[:, order], self.mono, self.val)

    def substituted(self, values: np.ndarray) -> Tensor:
        """The numeric tensor at given values of all symbols."""
        exponents = unpack_exponents(self.mono, len(values))
        factor = np.prod(np.where(exponents > 0, values[None, :] ** exponents, 1.0), axis=1)
        empty = np.zeros((len(self), 0), dtype=np.uint64)
        return Tensor(self.idx, empty, (self.val * factor).astype(complex))._collected()

    def _collected(self) -> Tensor:
        if not len(self):
            return self
        h = _hash(self.idx, self.mono)
        order = np.argsort(h, kind="stable")
        starts = np.flatnonzero(np.diff(h[order], prepend=h[order[0]] ^ np.uint64(1)))
        val = np.add.reduceat(self.val[order], starts)
        keep = np.abs(val) > 1e-13 * np.add.reduceat(np.abs(self.val[order]), starts)
        first = order[starts[keep]]
        return Tensor(self.idx[first], self.mono[first], val[keep])


def _concatenated(parts: Sequence[Tensor]) -> Tensor:
    if len(parts) == 1:
        return parts[0]
    return Tensor(
        np.concatenate([p.idx for p in parts]),
        np.concatenate([p.mono for p in parts]),
        np.concatenate([p.val for p in parts]),
    )._collected()


def total(parts: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape."""
    return _concatenated(list(parts))


def _hash(idx: np.ndarray, mono: np.ndarray) -> np.ndarray:
    """A 64-bit mixing hash of each row; with fewer than 1e7 rows a collision has probability below 1e-5."""
    h = np.zeros(len(idx), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in [_packed(idx, list(range(idx.shape[1]))).astype(np.uint64), *mono.T]:
            h = (h ^ column) * np.uint64(0xBF58476D1CE4E5B9)
            h ^= h >> np.uint64(31)
            h *= np.uint64(0x94D049BB133111EB)
            h ^= h >> np.uint64(29)
    return h


def _packed(idx: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """Index columns as one integer (seven bits each are enough: no index exceeds 127)."""
    key = np.zeros(len(idx), dtype=np.int64)
    for c in columns:
        key = (key << 7) | idx[:, c]
    return key


def monomial_words(symbol: int | None, n_symbols: int) -> tuple[int, ...]:
    """The packed monomial of one symbol to the first power (or of 1)."""
    words = [0] * -(-n_symbols // PER_WORD)
    if symbol is not None:
        words[symbol // PER_WORD] = 1 << (BITS * (symbol % PER_WORD))
    return tuple(words)


def unpack_exponents(mono: np.ndarray, n_symbols: int) -> np.ndarray:
    """Exponents (n, n_symbols) of packed monomials."""
    out = np.zeros((len(mono), n_symbols), dtype=np.int64)
    for s in range(n_symbols):
        shift = np.uint64(BITS * (s % PER_WORD))
        out[:, s] = (mono[:, s // PER_WORD] >> shift) & np.uint64(2**BITS - 1)
    return out


def _diagonal(tensor: Tensor, letters: str) -> tuple[Tensor, str]:
    """Restrict to equal values of a letter that occurs twice in one tensor."""
    unique = "".join(dict.fromkeys(letters))
    if len(unique) == len(letters):
        return tensor, letters
    mask = np.ones(len(tensor), dtype=bool)
    for position, letter in enumerate(letters):
        mask &= tensor.idx[:, position] == tensor.idx[:, letters.index(letter)]
    columns = [letters.index(letter) for letter in unique]
    return Tensor(tensor.idx[mask][:, columns], tensor.mono[mask], tensor.val[mask]), unique


class _Matches:
    """The rows of B that share the common indices with each row of A."""

    def __init__(self, a: Tensor, la: str, b: Tensor, lb: str):
        shared = [letter for letter in la if letter in lb]
        key_b = _packed(b.idx, [lb.index(s) for s in shared])
        self.order = np.argsort(key_b, kind="stable")
        key_b = key_b[self.order]
        key_a = _packed(a.idx, [la.index(s) for s in shared])
        self.start = np.searchsorted(key_b, key_a, "left")
        self.count = np.searchsorted(key_b, key_a, "right") - self.start
        self.size = int(self.count.sum())


def _join(a: Tensor, la: str, b: Tensor, lb: str, keep: str, m: _Matches) -> tuple[Tensor, str]:
    letters = "".join(s for s in dict.fromkeys(la + lb) if s in keep)
    bounds = np.searchsorted(np.cumsum(m.count), np.arange(MAX_ROWS, m.size + MAX_ROWS, MAX_ROWS))
    parts: list[Tensor] = []
    low = 0
    for high in [*(bounds + 1), len(a)]:
        high = min(high, len(a))
        if high <= low and parts:
            continue
        count = m.count[low:high]
        rows_a = np.repeat(np.arange(low, high), count)
        offset = np.arange(len(rows_a)) - np.repeat(np.cumsum(count) - count, count)
        rows_b = m.order[m.start[rows_a] + offset]
        columns = [a.idx[rows_a, la.index(s)] if s in la else b.idx[rows_b, lb.index(s)] for s in letters]
        idx = np.stack(columns, axis=1) if columns else np.zeros((len(rows_a), 0), dtype=np.int64)
        parts.append(Tensor(idx, a.mono[rows_a] + b.mono[rows_b], a.val[rows_a] * b.val[rows_b])._collected())
        low = high
    return _concatenated(parts), letters


def contract_all(factors: Sequence[tuple[Tensor, str]], out: str) -> Tensor:
    """Contract a product of tensors, given with their index letters, to the letters `out`.

    Starts from the first factor and always joins the factor that makes the fewest rows.
    """
    prepared = [_diagonal(t, letters) for t, letters in factors]
    (current, letters), rest = prepared[0], prepared[1:]
    while rest:
        candidates = [
            (_Matches(current, letters, t, lt), n) for n, (t, lt) in enumerate(rest) if set(letters) & set(lt)
        ]
        matches, chosen = min(candidates, key=lambda c: c[0].size)
        tensor, lt = rest.pop(chosen)
        keep = out + "".join(other for _, other in rest)
        current, letters = _join(current, letters, tensor, lt, keep, matches)
    if set(letters) != set(out):
        raise ValueError(f"indices {letters!r} are left where {out!r} were wanted")
    return current.transposed(*(letters.index(s) for s in out))


def contract(expression: str, tensors: Mapping[str, Tensor], out: str, first: Sequence = ()) -> Tensor:
    """Contract an expression such as ``"Y:aim C2F:mj"`` (name:letters) to the letters `out`."""
    factors = [(tensors[name], letters) for name, letters in (f.split(":") for f in expression.split())]
    return contract_all([*first, *factors], out)
