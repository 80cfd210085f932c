"""Evaluate the templates for a model and project them on its couplings.

The beta tensor is never built: gauge covariance says that a few of its components fix the beta functions of all
couplings, so the templates are contracted with a sparse projector on those components. That the remaining
components agree is checked separately (`projection_residual`).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.linalg import qr

from .model import Model
from .sparse import Tensor, contract, total
from .templates import BLOCKS, GAUGE, QUARTIC, YUKAWA

__all__ = ["BetaTensors", "beta_rows", "prepare", "projection_residual"]

K = "#"  # the index that labels couplings


@dataclass(frozen=True)
class BetaTensors:
    """A model's tensors and building blocks, with polynomial or numeric entries, and the projectors."""

    tensors: Mapping[str, Tensor]
    projectors: Mapping[str, Tensor]
    labels: Mapping[str, list[str]]


def _traced(expression: str) -> tuple[str, float]:
    return (expression[3:], 2.0) if expression.startswith("Tr ") else (expression, 1.0)


def prepare(model: Model, values: np.ndarray | None = None) -> BetaTensors:
    """Building blocks and projectors, numeric if the `values` of the model's symbols are given."""
    tensors = dict(model.tensors)
    if values is not None:
        tensors = {name: t.substituted(values) for name, t in tensors.items()}
    for name, out, expression in BLOCKS:
        body, factor = _traced(expression)
        block = contract(body, tensors, out)
        # scalar- and gauge-space blocks are real; for traces the real part is half of the doubled trace
        tensors[name] = (block if out == "ij" else block.real()).scaled(factor)
    words = tensors["G"].mono.shape[1]
    projectors = {
        "gauge": _gauge_projector(model, words),
        "yukawa": _projector(model, model.yukawa_symbols, words),
        "quartic": _projector(model, model.quartic_symbols, words),
    }
    labels = {
        "gauge": [s.replace("G_", "b_") for s in model.gauge_symbols],
        "yukawa": model.yukawa_symbols,
        "quartic": model.quartic_symbols,
    }
    return BetaTensors(tensors, projectors, labels)


def _gauge_projector(model: Model, words: int) -> Tensor:
    pairs = list(itertools.combinations_with_replacement(range(len(model.abelian)), 2))
    pairs += [(model.gauge_index[g][2],) * 2 for g in ("su2", "su3")]  # a diagonal generator of each factor
    rows = [((k, A, B), (0,) * words, 0.5) for k, (A, B) in enumerate(pairs)]
    rows += [((k, B, A), (0,) * words, 0.5) for k, (A, B) in enumerate(pairs)]
    return Tensor.from_rows(rows, 3, words)


def _projector(model: Model, symbols: list[str], words: int) -> Tensor:
    """E with beta_k = Re sum E_k,index beta_index on a minimal set of components, symmetrised over the legs."""
    entries = sorted({_canonical(index) for s in symbols for index in model.operators[s]})
    rank = 3 if symbols and len(next(iter(model.operators[symbols[0]]))) == 3 else 4
    if not symbols:
        return Tensor.from_rows([], rank + 1, words)
    where = {e: n for n, e in enumerate(entries)}
    matrix = np.zeros((len(entries), len(symbols)), dtype=np.clongdouble)
    for k, s in enumerate(symbols):
        for index, value in model.operators[s].items():
            matrix[where[_canonical(index)], k] = value
    stacked = np.concatenate([matrix.real, matrix.imag])
    pivots = qr(stacked.T.astype(float), pivoting=True, mode="r")[1][: len(symbols)]
    block = stacked[pivots]
    inverse = np.linalg.inv(block.astype(float)).astype(np.longdouble)
    inverse = inverse @ (
        2 * np.eye(len(symbols)) - block @ inverse
    )  # to extended precision, by Newton's step
    rows = []
    for column, pivot in enumerate(pivots):
        index, phase = entries[pivot % len(entries)], (1.0 if pivot < len(entries) else -1j)
        orders = [(0, 1, 2), (0, 2, 1)] if rank == 3 else list(itertools.permutations(range(4)))
        for order in orders:
            legs = tuple(index[o] for o in order)
            rows += [
                ((k, *legs), (0,) * words, inverse[k, column] * phase / len(orders))
                for k in range(len(symbols))
                if abs(inverse[k, column]) > 1e-12
            ]
    return Tensor.from_rows(rows, rank + 1, words)


def _canonical(index: tuple[int, ...]) -> tuple[int, ...]:
    return (index[0], *sorted(index[1:])) if len(index) == 3 else tuple(sorted(index))


KINDS = {"gauge": (GAUGE, "AB"), "yukawa": (YUKAWA, "aij"), "quartic": (QUARTIC, "abcd")}


def beta_rows(prepared: BetaTensors, kind: str, loop: int, projector: Tensor | None = None) -> Tensor:
    """The beta functions of one kind ("gauge", "yukawa", "quartic") and loop order: rows (coupling; monomial).

    For "gauge" these are the b_AB of d G/dln(mu) = G b G, otherwise d(coupling)/dln(mu); a factor
    (16 pi^2)^-loop is left out.
    """
    templates, legs = KINDS[kind]
    projector = prepared.projectors[kind] if projector is None else projector
    if not len(projector):
        return Tensor.from_rows([], 1, projector.mono.shape[1])
    parts = []
    for coefficient, expression in templates[loop]:
        body, factor = _traced(expression)
        term = contract(body, prepared.tensors, K, first=[(projector, K + legs)])
        ratio = Fraction(coefficient)
        parts.append(term.real().scaled(factor * ratio.numerator / np.longdouble(ratio.denominator)))
    return total(parts)


def projection_residual(model: Model, values: np.ndarray, kind: str, loop: int, samples: int = 60) -> float:
    """How far a beta tensor is from the span of the model's operators, relative to its size.

    Compares components of the beta tensor with what the extracted beta functions of the couplings imply for
    them. It vanishes to rounding if the engine is gauge covariant and the operator basis complete.

    Parameters
    ----------
    model : Model
    values : (n,) array
        Values of all symbols of the model, in their order.
    kind : {"yukawa", "quartic"}
    loop : int
    samples : int
        Number of components that are compared, drawn from those that the operators reach at all and from
        random ones.
    """
    prepared = prepare(model, values)
    symbols = prepared.labels[kind]
    extracted = np.zeros(len(symbols))
    rows = beta_rows(prepared, kind, loop)
    extracted[rows.idx[:, 0]] = rows.val.real
    rng = np.random.default_rng(7)
    support = sorted({_canonical(index) for s in symbols for index in model.operators[s]})
    chosen = [support[n] for n in rng.permutation(len(support))[:samples]]
    sizes = (
        (model.n_scalars, model.n_fermions, model.n_fermions) if kind == "yukawa" else (model.n_scalars,) * 4
    )
    chosen += [_canonical(tuple(int(i) for i in rng.integers(0, sizes))) for _ in range(samples)]
    chosen = list(dict.fromkeys(chosen))
    worst, size = 0.0, 0.0
    # at most 127 components are labelled by one projector; the imaginary part is read off with a phase
    for start in range(0, len(chosen), 100):
        part = chosen[start : start + 100]
        for phase in (1.0, -1j) if kind == "yukawa" else (1.0,):
            found = np.zeros(len(part))
            tensor = beta_rows(prepared, kind, loop, _component_projector(part, phase))
            found[tensor.idx[:, 0]] = tensor.val.real
            expected = np.array(
                [
                    sum(
                        (x * model.operators[s].get(index, 0) * phase).real
                        for s, x in zip(symbols, extracted)
                        if x
                    )
                    for index in (tuple(c) for c in part)
                ]
            )
            worst = max(worst, float(np.abs(found - expected).max()))
            size = max(size, float(np.abs(expected).max()))
    return worst / size


def _component_projector(components: list[tuple[int, ...]], phase: complex) -> Tensor:
    rows = []
    for k, index in enumerate(components):
        orders = [(0, 1, 2), (0, 2, 1)] if len(index) == 3 else list(itertools.permutations(range(4)))
        rows += [((k, *(index[o] for o in order)), (), phase / len(orders)) for order in orders]
    return Tensor.from_rows(rows, len(components[0]) + 1, 0)
