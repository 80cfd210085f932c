"""Exact sign symmetries: eta -> -eta gives the same posterior, and that is one answer, not two modes.

A model declares which parameters may change sign together; here the declaration is verified on numbers, and
draws are folded onto one representative. The evidence always counts the full prior volume: estimators
symmetrise their proposals over the group instead of cutting the prior.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float

from ..errors import InputError, did_you_mean
from .evaluation import evaluate
from .posterior import Posterior

__all__ = ["Fold", "SignSymmetry", "fold_signs", "sign_symmetry"]

_TOLERANCE = 1e-9


class SignSymmetry(NamedTuple):
    """The sign symmetries that a posterior has.

    Attributes
    ----------
    generators : (g, n) array of bool
        Independent symmetries; True where a parameter changes its sign.
    group : (2**g, n) array of +-1
        All products of generators, the identity first.
    notes : tuple of str
        For each declared symmetry that was not used: why.
    """

    generators: np.ndarray
    group: np.ndarray
    notes: tuple[str, ...]


class Fold(NamedTuple):
    """Draws on one representative of each orbit, and the sentence that documents it.

    Attributes
    ----------
    x : (..., n)
        Folded draws.
    signs : (..., n) array of +-1
        What the draws were multiplied with.
    sentence : str
        Empty when nothing was folded.
    """

    x: np.ndarray
    signs: np.ndarray
    sentence: str


def sign_symmetry(posterior: Posterior, key: Array, points: int = 32) -> SignSymmetry:
    """The declared symmetries that hold numerically, at random prior points.

    Raises
    ------
    InputError
        If a declaration names a parameter that the model does not have, or one that does not hold for the
        likelihood although the prior is symmetric (a wrong declaration would corrupt every result).
    """
    prior = posterior.prior
    x = np.asarray(prior.sample(key, (points,)))
    here = evaluate(posterior, x)
    kept, notes = [], []
    for symmetry in posterior.symmetries:
        label = ", ".join(symmetry)
        for name in symmetry:
            if name not in prior.names and name not in prior.fixed:
                hint = did_you_mean(name, [*prior.names, *prior.fixed])
                raise InputError(f"symmetry of {label}: there is no parameter {name!r}{hint}.")
        if pinned := [name for name in symmetry if prior.fixed.get(name, 0.0) != 0.0]:
            notes.append(f"fixed {', '.join(pinned)} breaks the sign symmetry of {label}.")
            continue
        flips = np.array([name in symmetry for name in prior.names])
        signs = np.where(flips, -1.0, 1.0)
        there = evaluate(posterior, x * signs)
        if not np.allclose(there.log_prior, here.log_prior, rtol=0, atol=_TOLERANCE):
            notes.append(f"the prior breaks the sign symmetry of {label}.")
            continue
        change = np.abs(there.log_likelihood - here.log_likelihood)
        if (change / np.maximum(1.0, np.abs(here.log_likelihood))).max() > _TOLERANCE:
            raise InputError(
                f"symmetry of {label}: the log-likelihood changes by {change.max():.3g}; the "
                "declaration is wrong."
            )
        kept.append(flips)
    generators = _independent(np.array(kept, bool).reshape(-1, prior.size), np.arange(prior.size))[0]
    return SignSymmetry(generators, _group(generators), tuple(notes))


def _independent(generators: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Row-reduce over GF(2): independent generators, each with a column that only it flips."""
    rows = generators.copy()
    pivots: list[int] = []
    reduced: list[np.ndarray] = []
    for column in order:
        if not any(hits := rows[:, column]):
            continue
        first = rows[np.flatnonzero(hits)[0]].copy()
        rows[hits] ^= first
        reduced = [row ^ first if row[column] else row for row in reduced] + [first]
        pivots.append(int(column))
    return np.array(reduced, bool).reshape(-1, generators.shape[1]), pivots


def _group(generators: np.ndarray) -> np.ndarray:
    group = np.ones((1, generators.shape[1]))
    for flips in generators:
        group = np.concatenate([group, group * np.where(flips, -1.0, 1.0)])
    return group


def fold_signs(
    symmetry: SignSymmetry,
    x: Float[np.ndarray, "... n"],
    names: tuple[str, ...],
    like: Float[np.ndarray, "... n"] | None = None,
) -> Fold:
    """Fold draws so that for each symmetry one parameter is not negative.

    The parameter made positive is the one whose size is known best, because a parameter compatible with zero
    cannot tell two mirror images apart.

    Parameters
    ----------
    symmetry : SignSymmetry
    x : (..., n)
        Draws: parameters, or unconstrained points (the maps of symmetric priors are odd).
    names : tuple of str
        Parameter names, for the sentence.
    like : (..., n), optional
        Draws, folded or not, that say which parameters are known best; by default those that are folded. Two samples
        that are to be compared must be folded alike.
    """
    if not len(symmetry.generators):
        return Fold(x, np.ones_like(x), "")
    size = np.abs((x if like is None else like).reshape(-1, x.shape[-1]))
    known = size.mean(0) / np.maximum(size.std(0), 1e-300)
    generators, pivots = _independent(symmetry.generators, np.argsort(-known, kind="stable"))
    signs = np.ones_like(x)
    for flips, pivot in zip(generators, pivots):
        negative = (x[..., pivot] * signs[..., pivot]) < 0
        signs = np.where(negative[..., None] & flips, -signs, signs)
    what = "; ".join(
        f"({', '.join(n for n, flip in zip(names, flips) if flip)}) -> -(...) with {names[pivot]} >= 0"
        for flips, pivot in zip(generators, pivots)
    )
    return Fold(x * signs, signs, f"Draws are folded by exact sign symmetries of the posterior: {what}.")
