"""Points at which another program can be compared with this one: coefficients, predictions, log-likelihoods."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..likelihood._expressions import evaluate_groups, group_expressions
from ..likelihood._polynomials import build_polynomials
from ..likelihood.dataset import Dataset, Term, load_dataset
from ..likelihood.predictions import sm_prediction
from ..likelihood.smeft import sm_predictions
from ..likelihood.terms import build_terms, observable_uncertainties
from .files import load_predictions, stem
from .predictions import Artifact, coefficients_of, components_of, fixed_name

__all__ = ["check_points", "term_likelihood"]

DEEPEST = -30.0


def check_points(dataset: str = "current", number: int = 5, seed: int = 1) -> dict[str, list[dict[str, Any]]]:
    """Random points in the coefficients of each term, with what this package finds there.

    The coefficients are drawn so that each alone moves the most sensitive observable by a part of its uncertainty, and
    shrunk together where log L would be worse than -30 (densities end at -50 in the exchange files).

    Parameters
    ----------
    dataset : str
        Name of the data set.
    number : int
        Points per term.
    seed : int
        Of the random numbers.

    Returns
    -------
    dict
        Term -> list of ``coefficients`` (name -> [Re, Im], named as in the folder ``fixed``), ``predictions``
        (observable -> value, flavio units), ``log_likelihood`` (relative to the SM).
    """
    data, artifact = load_dataset(dataset), load_predictions()
    rng = np.random.default_rng(seed)
    return {
        stem(term): _of_term(replace(data, terms=(term,)), term, artifact, number, rng) for term in data.terms
    }


class _TermFunctions(NamedTuple):
    """A term as a function of its low-energy coefficients: their places, predictions, and log L of the predictions."""

    places: list[int]
    predict: Callable[[Array], Array]
    log_likelihood: Callable[[Array], Array]


def _functions(data: Dataset, term: Term, artifact: Artifact) -> _TermFunctions:
    names = components_of(artifact, term.observables)
    places = coefficients_of(artifact, names)
    polynomials = build_polynomials([artifact["components"][c] for c in names], places)
    forms = [artifact["observables"][o] for o in term.observables]
    groups = group_expressions([(f["expression"], [names.index(c) for c in f["components"]]) for f in forms])
    sm = sm_predictions(data)
    offset = jnp.array([sm[o] - sm_prediction(o) for o in term.observables])
    terms = build_terms(data, sm, term.observables)

    def predict(y: Array) -> Array:
        return evaluate_groups(groups, polynomials(y), len(term.observables)) + offset

    return _TermFunctions(places, predict, lambda predictions: terms(predictions)[0])


def term_likelihood(dataset: str, name: str) -> tuple[Callable[[Array], Array], dict[tuple[str, str], int]]:
    """log L of one term relative to the SM, as a function of its low-energy coefficients.

    Parameters
    ----------
    dataset : str
    name : str
        Of the term, as its folder in the exchange files.

    Returns
    -------
    function : callable
        (n,) -> scalar.
    places : dict
        (name of the coefficient in the folder ``fixed``, "Re" or "Im") -> place.
    """
    data, artifact = load_dataset(dataset), load_predictions()
    (term,) = (t for t in data.terms if stem(t) == name)
    functions = _functions(replace(data, terms=(term,)), term, artifact)
    variables = [artifact["variables"][i] for i in functions.places]
    places = {(fixed_name(v), v[5]): i for i, v in enumerate(variables)}
    return lambda y: functions.log_likelihood(functions.predict(y)), places


def _of_term(
    data: Dataset, term: Term, artifact: Artifact, number: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    functions = _functions(data, term, artifact)
    places, predict = functions.places, jax.jit(functions.predict)
    likelihood = jax.jit(functions.log_likelihood)
    sigma = observable_uncertainties(data)
    step = _steps(predict, np.array([sigma[o]["sigma"] for o in term.observables]), len(places))
    points = []
    for _ in range(number):
        y = step * rng.normal(size=len(places)) * rng.uniform(0.5, 2.0) / np.sqrt(len(places))
        predictions = predict(y)
        while not likelihood(predictions) > DEEPEST:
            y, predictions = y / 2, predict(y / 2)
        points.append(
            {
                "coefficients": _named(artifact, places, y),
                "predictions": dict(zip(term.observables, np.asarray(predictions).tolist(), strict=True)),
                "log_likelihood": float(likelihood(predictions)),
            }
        )
    return points


def _steps(predict, sigma: np.ndarray, number: int) -> np.ndarray:
    """Sizes of the coefficients, alone, that move the most sensitive observable by about one uncertainty."""
    jacobian = np.asarray(jax.jit(jax.jacfwd(predict))(jnp.zeros(number)))
    curvature = np.asarray(
        jax.jit(
            jax.vmap(
                lambda e: jax.jvp(lambda y: jax.jvp(predict, (y,), (e,))[1], (jnp.zeros(number),), (e,))[1]
            )
        )(jnp.eye(number))
    ).T
    linear = np.abs(jacobian / sigma[:, None]).max(axis=0)
    quadratic = np.abs(curvature / sigma[:, None] / 2).max(axis=0)
    sensitivity = np.maximum(linear, np.sqrt(quadratic))
    return np.divide(1.0, sensitivity, out=np.zeros(number), where=sensitivity > 0)


def _named(artifact: Artifact, places: list[int], y: np.ndarray) -> dict[str, list[float]]:
    out: dict[str, list[float]] = {}
    for i, value in zip(places, y.tolist(), strict=True):
        variable = artifact["variables"][i]
        out.setdefault(fixed_name(variable), [0.0, 0.0])[variable[5] == "Im"] = value
    return out
