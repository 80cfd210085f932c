"""What of the predictions a model can feel: found once, at points that cover its prior.

An observable, a coefficient or a derivative counts if leaving it out would shift some observable by more than a
negligible part of its uncertainty at one of the points. The rest is dropped before anything is compiled.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..smeft.evolution import Evolution
from .predictions import Predictions, Restriction

__all__ = ["Relevance", "relevance"]

NEGLIGIBLE = 1e-5  # of an observable's uncertainty
_BATCH = 40  # points that are evaluated together; low-energy coefficients are left out one by one at the first batch


class Relevance(NamedTuple):
    """Observables that move, places in x that matter, and what is needed in between."""

    observables: tuple[str, ...]
    columns: np.ndarray
    restriction: Restriction


def relevance(
    predictions: Predictions,
    samples: np.ndarray,
    log_mus: np.ndarray,
    sm: Mapping[str, float],
    sigma: Mapping[str, float],
    always: Sequence[str] = (),
) -> Relevance:
    """Find out what matters.

    Parameters
    ----------
    predictions : Predictions
        Of all observables.
    samples : (k, n_x) array
        Warsaw coefficients at points that cover the prior, GeV^-2.
    log_mus : (k,) array
        ln(mu_M / GeV) of each.
    sm, sigma : mapping
        SM prediction and total uncertainty of every observable.
    always : sequence of str
        Observables that count as moving in any case.
    """
    evolution = predictions.evolution
    x, log_mu = jnp.asarray(samples), jnp.asarray(log_mus)
    y = np.asarray(jax.jit(jax.vmap(evolution))(x, log_mu))
    derivatives = samples @ np.asarray(evolution.by_ckm).T
    shifts = [np.asarray(s) for s in jax.jit(jax.vmap(predictions.ckm_shifts))(x, log_mu)]
    batch = jax.jit(jax.vmap(predictions.at))
    names = np.array(predictions.observables)
    limit = np.array([sigma[o] for o in names])

    def at(y: np.ndarray, shift: np.ndarray) -> np.ndarray:
        pieces = range(0, len(y), _BATCH)
        return np.concatenate([np.asarray(batch(y[i : i + _BATCH], shift[i : i + _BATCH])) for i in pieces])

    def with_shift(shift: np.ndarray) -> np.ndarray:
        return at(y + _response(evolution, derivatives, shift), shift)

    full = with_shift(shifts[-1])
    reach = np.abs(full - np.array([sm[o] for o in names])).max(axis=0)
    moves = ~(reach < NEGLIGIBLE * limit) | np.isin(names, always)

    def effect(changed: np.ndarray, reference: np.ndarray) -> float:
        return float((np.abs(changed - reference) / limit)[:, moves].max(initial=0.0))

    few, fixed = y[:_BATCH], np.zeros((min(len(y), _BATCH), 4))
    reference = at(few, fixed)
    weight = np.array([effect(at(_without(few, i), fixed), reference) for i in range(y.shape[1])])
    if (scheme := predictions.scheme) is not None:  # its inputs need not be among the observables
        extract = jax.jit(jax.vmap(lambda y, x: scheme(y, evolution.by_ckm @ x)))
        for i in scheme.places:
            shift = np.asarray(extract(_without(few, i), x[:_BATCH]))
            moved = at(few + _response(evolution, derivatives[:_BATCH], shift), shift)
            weight[i] = max(weight[i], effect(moved, full[:_BATCH]))
    kept = weight > NEGLIGIBLE
    importance = weight / np.maximum(np.abs(y).max(axis=0), 1e-300)  # for one unit of y

    operators = np.abs(np.asarray(evolution.operators)).max(axis=0)
    share = (importance[kept, None] * operators[kept]).sum(axis=0) * np.abs(samples).max(axis=0)

    inputs = tuple(p for p in range(4) if effect(with_shift(_without(shifts[-1], p)), full) > NEGLIGIBLE)
    converged = [effect(with_shift(s), full) <= NEGLIGIBLE for s in shifts]
    moved = np.abs(derivatives * shifts[-1][:, evolution.ckm_parameters]).max(axis=0, initial=0.0)
    pairs = np.flatnonzero(moved * importance[evolution.ckm_rows] > NEGLIGIBLE)
    variables = np.array(predictions.variables)
    return Relevance(
        tuple(names[moves].tolist()),
        np.flatnonzero(share > NEGLIGIBLE),
        Restriction(
            frozenset(variables[kept].tolist()),
            inputs,
            converged.index(True) + 1,
            frozenset(
                (int(evolution.ckm_parameters[k]), int(variables[evolution.ckm_rows[k]])) for k in pairs
            ),
        ),
    )


def _without(values: np.ndarray, column: int) -> np.ndarray:
    out = values.copy()
    out[:, column] = 0.0
    return out


def _response(evolution: Evolution, derivatives: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Shift of y (k, n_y) that goes with a shift of the CKM parameters (k, 4)."""
    out = np.zeros((len(shift), evolution.operators.shape[1]))
    np.add.at(out.T, evolution.ckm_rows, (derivatives * shift[:, evolution.ckm_parameters]).T)
    return out
