"""Directions in field space along which a potential must not be negative.

The quartic potential is linear in its couplings, so every direction gives one linear inequality, and the conditions
of stability are the extreme ones among them. They are found here from a net of directions: one, two or all components
of each multiplet with relative phases, in all mixtures of multiplets. The inequalities are necessary; the net
contains the known conditions, such as lambda_3 + kappa_3 + upsilon_3 >= 0 (arXiv:2103.13991).
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from .model import Model

__all__ = ["potential_rows", "stability_rows"]

SAMPLES = 20_000
DRAWS = 20_000
KEPT = 400
WEIGHTS = np.arange(5) / 4


def potential_rows(model: Model, fields: np.ndarray) -> np.ndarray:
    """The operator of each quartic coupling at field values.

    Parameters
    ----------
    model : Model
    fields : (n, n_complex) complex array

    Returns
    -------
    (n, n_quartics) array
        V = rows @ couplings, in the order of ``model.quartic_symbols``.
    """
    real = np.stack([fields.real, fields.imag], axis=2).reshape(len(fields), -1) * np.sqrt(2)
    out = np.zeros((len(fields), len(model.quartic_symbols)))
    for k, symbol in enumerate(model.quartic_symbols):
        for legs, value in model.operators[symbol].items():
            weight = float(np.real(value)) / math.prod(math.factorial(n) for n in Counter(legs).values())
            out[:, k] += weight * np.prod(real[:, list(legs)], axis=1)
    return out


def _shape(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A normalised multiplet: one component, two with a relative phase, or colour locked to isospin."""
    size = math.prod(shape)
    vector = np.zeros(size, dtype=complex)
    kind = rng.integers(3) if size > 1 else 0
    if kind == 2 and len(shape) == 2:
        matrix = np.zeros(shape, dtype=complex)
        weights = rng.choice(WEIGHTS[1:], min(shape))
        matrix[range(min(shape)), range(min(shape))] = weights
        if min(shape) > 1 and rng.integers(2):
            # an isotropic vector in the plane of two isospin components, as favoured by a negative kappa_3
            matrix[0, 1], matrix[1, 0] = 1j * weights[0], -1j * weights[1]
        vector = matrix.ravel()
    else:
        chosen = rng.choice(size, min(size, 1 + (kind > 0)), replace=False)
        vector[chosen] = 1j ** rng.integers(0, 4, len(chosen))
    return vector / np.linalg.norm(vector)


def _mirrored(model: Model, rows: np.ndarray) -> np.ndarray:
    """Rows and what they become where a multiplet changes its sign: no condition may depend on that."""
    for field in model.scalars.values():
        members = range(2 * field.first, 2 * (field.first + field.size))
        odd = [
            sum(leg in members for leg in next(iter(model.operators[s]))) % 2 for s in model.quartic_symbols
        ]
        rows = np.concatenate([rows, rows * np.where(odd, -1.0, 1.0)])
    return np.unique(rows + 0.0, axis=0)  # adding zero turns -0 into 0


def stability_rows(model: Model) -> np.ndarray:
    """Rows r with r @ (quartic couplings) = V in a direction of unit length; all must be non-negative."""
    rng = np.random.default_rng(20)
    scalars = list(model.scalars.values())
    fields = np.zeros((SAMPLES, sum(f.size for f in scalars)), dtype=complex)
    for n in range(SAMPLES):
        weights = rng.choice(WEIGHTS, len(scalars)) * (rng.random(len(scalars)) < rng.uniform(0.3, 1))
        if not weights.any():
            weights[rng.integers(len(scalars))] = 1
        for field, w in zip(scalars, np.sqrt(weights / weights.sum())):
            if w:
                fields[n, field.first : field.first + field.size] = w * _shape(rng, field.shape)
    rows = np.unique(np.round(potential_rows(model, fields), 12), axis=0)
    hits: Counter[int] = Counter()
    for _ in range(DRAWS // 1000):
        draws = rng.normal(size=(1000, rows.shape[1])) * rng.choice([0.03, 0.3, 1.0], (1000, rows.shape[1]))
        hits.update((rows @ draws.T).argmin(axis=0).tolist())
    kept = sorted(row for row, _ in hits.most_common(KEPT))
    return _mirrored(model, rows[kept])
