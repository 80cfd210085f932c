"""From predictions to the log-likelihood of each term.

All Gaussian pieces of a term are linear in the residuals and are reduced, once and exactly, to the observables that a
model can move (the others are constants: conditioned out by a QR decomposition). The remaining densities are curves.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.linalg import block_diag

from ._nuisance import sm_nuisance_response
from ._varying import VaryingGaussian, build_varying
from .dataset import Dataset, Term, combine, correlation_factors, term_densities
from .densities import Curves, SplitNormals, stack_curves
from .measured import curve, moments, split_normal

__all__ = ["TermLikelihoods", "build_terms", "observable_uncertainties"]

_LARGE = 64  # observables of a Gaussian that is kept alone
_ROWS = 80  # of a triangular matrix that are multiplied together


class _Gaussians(eqx.Module):
    """chi^2 = |factor d + offset|^2 in the scaled shifts d of the moving observables, each row counted to its term."""

    members: np.ndarray
    by_term: Float[Array, "t r"]
    factor: Float[Array, "r m"]
    offset: Float[Array, " r"]

    def __call__(self, shift: Float[Array, " o"]) -> Float[Array, " t"]:
        change = self.factor @ shift[self.members]
        return self.by_term @ (-0.5 * change * (change + 2 * self.offset))


class _Densities(eqx.Module):
    """Non-Gaussian densities of all terms: which observable each one takes, and which term it belongs to."""

    members: np.ndarray
    by_term: Float[Array, "t n"]
    density: Curves | SplitNormals
    at_sm: Float[Array, " n"]

    def __call__(self, predictions: Float[Array, " o"]) -> Float[Array, " t"]:
        return self.by_term @ (self.density(predictions[self.members]) - self.at_sm)


class TermLikelihoods(eqx.Module):
    """log-likelihood of every term relative to the SM, from the predictions of the moving observables.

    Attributes
    ----------
    names : tuple of str
        Names of the terms.
    at_sm : (t,) array
        log-likelihood of each term in the SM (Gaussians without normalisation, others relative to their maximum).
    """

    names: tuple[str, ...] = eqx.field(static=True)
    at_sm: Float[Array, " t"]
    sm: Float[Array, " o"]
    scale: Float[Array, " o"]
    gaussians: tuple[_Gaussians, ...]
    varying: tuple[VaryingGaussian, ...]
    densities: tuple[_Densities, ...]

    def __call__(
        self, predictions: Float[Array, " o"], response: Float[Array, "o k"] | None = None
    ) -> Float[Array, " t"]:
        """(t,) log-likelihood differences to the SM; positive is better than the SM.

        Parameters
        ----------
        predictions : (o,) array
            Of the moving observables, flavio units.
        response : (o, k) array or None
            Their derivatives by nuisance directions, where theory covariances vary.
        """
        shift = (predictions - self.sm) / self.scale
        out = jnp.zeros(len(self.names))
        for gaussian in self.gaussians:
            out = out + gaussian(shift)
        for varying in self.varying:
            assert response is not None, "a varying covariance needs the derivatives"
            out = out + varying(shift, response / self.scale[:, None])
        for density in self.densities:
            out = out + density(predictions)
        return out


_Reduced = tuple[np.ndarray, np.ndarray, np.ndarray]  # members, factor (upper triangular), offset
Rows = tuple[np.ndarray, np.ndarray, list[int]]  # whitening matrix, whitened target, observables


def _whitened(mean: np.ndarray, covariance: np.ndarray, index: list[int]) -> Rows:
    sigma, factor = correlation_factors(covariance)
    whitening = np.linalg.inv(factor) / sigma
    return whitening, whitening @ mean, index


_Given = Mapping[str, tuple[np.ndarray, np.ndarray]]


def _joint_gaussian(
    term: Term, measurements: Mapping[str, Mapping[str, Any]], gaussians: _Given
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and total covariance of a Gaussian term, in the SM."""
    if term.name in gaussians:
        return gaussians[term.name]
    mean, covariance = combine(term, measurements)
    return mean, covariance + term.theory_covariance


def _gaussian_rows(
    term: Term, measurements: Mapping[str, Mapping[str, Any]], gaussians: _Given
) -> list[Rows]:
    """Every Gaussian piece of a term."""
    if term.kind == "gaussian":
        return [
            _whitened(*_joint_gaussian(term, measurements, gaussians), list(range(len(term.observables))))
        ]
    place = {o: i for i, o in enumerate(term.observables)}
    rows = []
    for density in term_densities(term, measurements):
        index = [place[o] for o in density["observables"]]
        if density["type"] == "MultivariateNormal":
            rows.append(_whitened(np.array(density["central_value"]), np.array(density["covariance"]), index))
        elif density["type"] == "Normal":
            sd = density["standard_deviation"]
            rows.append((np.array([[1 / sd]]), np.array([density["central_value"] / sd]), index))
    return rows


def _reduce(
    rows: Sequence[Rows],
    observables: Sequence[str],
    sm: np.ndarray,
    moving: Mapping[str, int],
    scale: np.ndarray,
) -> tuple[_Reduced | None, float]:
    """The Gaussian of the moving observables, and log L in the SM of all."""
    n = len(observables)
    matrix = np.zeros((sum(len(t) for _, t, _ in rows), n))
    target = np.zeros(len(matrix))
    start = 0
    for whitening, whitened_target, index in rows:
        stop = start + len(whitened_target)
        matrix[start:stop, index] = whitening
        target[start:stop] = whitened_target
        start = stop
    residual = matrix @ sm - target
    at_sm = -0.5 * float(residual @ residual)
    local = [i for i, o in enumerate(observables) if o in moving]
    if not local or not len(matrix):
        return None, at_sm
    members = np.array([moving[observables[i]] for i in local])
    q, r = np.linalg.qr(matrix[:, local] * scale[members])
    return (members, r, q.T @ residual), at_sm


def _by_term(terms: Sequence[int] | np.ndarray, number: int) -> Float[Array, "t n"]:
    """The matrix that adds up what belongs to each term."""
    return jnp.array(np.arange(number)[:, None] == np.asarray(terms), dtype=float)


def _trapezoids(gaussian: _Reduced) -> list[_Reduced]:
    """Rows of a triangular matrix a few at a time, so that most of the zeros are left out."""
    members, factor, offset = gaussian
    starts = np.linspace(0, len(offset), max(round(len(offset) / _ROWS), 1) + 1).astype(int)
    return [(members[i:], factor[i:j, i:], offset[i:j]) for i, j in pairwise(starts)]


def _joined(reduced: Sequence[tuple[int, _Reduced]], number: int) -> _Gaussians:
    """Gaussians of several terms as one block-diagonal one."""
    terms, pieces = zip(*reduced, strict=True)
    members, factors, offsets = zip(*pieces, strict=True)
    rows = np.repeat(terms, [len(o) for o in offsets])
    return _Gaussians(
        np.concatenate(members),
        _by_term(rows, number),
        jnp.array(block_diag(*factors)),
        jnp.array(np.concatenate(offsets)),
    )


def build_terms(
    dataset: Dataset,
    sm_predictions: Mapping[str, float],
    moving: Sequence[str],
    gaussians: _Given | None = None,
    varying: bool = False,
) -> TermLikelihoods:
    """Terms of a data set as functions of the moving observables.

    Parameters
    ----------
    dataset : Dataset
        Terms and measurements.
    sm_predictions : mapping
        SM prediction of every observable of the data set.
    moving : sequence of str
        Observables that are not constant, in the order of the predictions.
    gaussians : mapping or None
        Mean and total covariance that replace those of a Gaussian term, in the order of its observables.
    varying : bool
        Whether theory covariances vary with the Wilson coefficients.
    """
    place = {o: i for i, o in enumerate(moving)}
    sm_moving = np.array([sm_predictions[o] for o in moving])
    uncertainties = observable_uncertainties(dataset)
    scale = np.array(
        [
            uncertainties[o]["sigma"] if o in uncertainties else max(abs(sm_predictions[o]), 1e-300)
            for o in moving
        ]
    )
    at_sm = np.zeros(len(dataset.terms))
    reduced: list[tuple[int, _Reduced]] = []
    moved: list[VaryingGaussian] = []
    tables: list[tuple[int, int, Any]] = []
    splits: list[tuple[int, int, Any]] = []
    for index, term in enumerate(dataset.terms):
        sm = np.array([sm_predictions[o] for o in term.observables])
        rows = _gaussian_rows(term, dataset.measurements, gaussians or {})
        gaussian, value = _reduce(rows, term.observables, sm, place, scale)
        at_sm[index] += value
        response = (
            sm_nuisance_response(term.observables) if varying and term.kind == "gaussian" else np.zeros(1)
        )
        if gaussian is not None and response.any():
            given = _joint_gaussian(term, dataset.measurements, gaussians or {})
            own = np.arange(len(dataset.terms)) == index
            moved.append(build_varying(own, *given, term.observables, sm, response, place, scale))
        elif gaussian is not None:
            reduced.append((index, gaussian))
        if term.kind == "exact":
            for density in term_densities(term, dataset.measurements):
                if density["type"] in ("MultivariateNormal", "Normal"):
                    continue
                (key,) = density["observables"]
                split = density["type"] in ("AsymmetricNormal", "HalfNormal")
                at_sm[index] += _single(density, sm_predictions[key], split)
                if key in place:
                    (splits if split else tables).append((place[key], index, density))
    # a large one is better alone, the small ones are faster together
    large = [entry for entry in reduced if len(entry[1][0]) > _LARGE]
    small = [entry for entry in reduced if len(entry[1][0]) <= _LARGE]
    number = len(dataset.terms)
    pieces = [[(index, piece)] for index, gaussian in large for piece in _trapezoids(gaussian)]
    joined = [_joined(entries, number) for entries in (*pieces, small) if entries]
    densities = []
    if tables:
        densities.append(_stack(tables, stack_curves([curve(d) for _, _, d in tables]), sm_moving, number))
    if splits:
        columns = np.array([split_normal(d) for _, _, d in splits]).T
        densities.append(_stack(splits, SplitNormals(*map(jnp.array, columns)), sm_moving, number))
    return TermLikelihoods(
        tuple(t.name for t in dataset.terms),
        jnp.array(at_sm),
        jnp.array(sm_moving),
        jnp.array(scale),
        tuple(joined),
        tuple(moved),
        tuple(densities),
    )


def _single(density: Mapping[str, Any], prediction: float, split: bool) -> float:
    if split:
        return float(
            SplitNormals(*(jnp.array([v]) for v in split_normal(density)))(jnp.array([prediction]))[0]
        )
    return float(stack_curves([curve(density)])(jnp.array([prediction]))[0])


def _stack(
    entries: Sequence[tuple[int, int, Any]], density: Curves | SplitNormals, sm: np.ndarray, number: int
) -> _Densities:
    members, term = (np.array([e[k] for e in entries]) for k in (0, 1))
    return _Densities(members, _by_term(term, number), density, density(jnp.array(sm[members])))


def observable_uncertainties(dataset: Dataset) -> dict[str, dict[str, float]]:
    """Measurement and uncertainties of every observable, for pulls.

    Returns
    -------
    dict
        Observable -> ``exp`` (combined measurement), ``sigma_exp``, ``sigma_th``, ``sigma`` (total); flavio units.
    """
    out: dict[str, dict[str, float]] = {}
    for term in dataset.terms:
        if term.kind == "gaussian":
            mean, covariance = combine(term, dataset.measurements)
            theory = (
                np.sqrt(np.diag(term.theory_covariance)) if term.theory_covariance is not None else 0 * mean
            )
            for o, m, e, t in zip(term.observables, mean, np.sqrt(np.diag(covariance)), theory, strict=True):
                out[o] = {"exp": m, "sigma_exp": e, "sigma_th": float(t), "sigma": float(np.hypot(e, t))}
            continue
        weights: dict[str, list[tuple[float, float]]] = {}
        for density in term_densities(term, dataset.measurements):
            if density["type"] == "MultivariateNormal":
                sigma = np.sqrt(np.diag(np.array(density["covariance"])))
                singles = list(zip(density["observables"], density["central_value"], sigma, strict=True))
            else:
                singles = [(density["observables"][0], *moments(density))]
            for o, m, s in singles:
                weights.setdefault(o, []).append((m, s))
        for o, entries in weights.items():
            w = np.array([1 / s**2 for _, s in entries])
            average = float(w @ np.array([m for m, _ in entries]) / w.sum())
            error = float(w.sum() ** -0.5)
            out[o] = {"exp": average, "sigma_exp": error, "sigma_th": 0.0, "sigma": error}
    return out
