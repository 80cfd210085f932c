"""A data set: its terms, its measurements, and the changes that a run card asks for. Plain data, no JAX.

`load_dataset` reads the exported artifact. `combine` turns the measurements of a Gaussian term into one mean and
covariance, exactly: each measurement contributes the inverse of its covariance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ..artifacts import load, read_meta
from ..errors import InputError, did_you_mean
from .measured import marginal, moments

DATA = Path(str(files("muobayes.likelihood"))) / "data"


@dataclass(frozen=True)
class Term:
    """A part of the likelihood that a report names.

    Attributes
    ----------
    name : str
        As in smelli.
    kind : str
        "gaussian" (one pseudo-measurement with experimental and theory covariance) or "exact" (each measurement's own
        density, theory errors neglected), as smelli treats it.
    observables : tuple of str
        Keys of the observables.
    measurements : tuple of str
        Names of the measurements.
    theory_covariance : ndarray or None
        (n, n), of the SM predictions, for Gaussian terms.
    """

    name: str
    kind: str
    observables: tuple[str, ...]
    measurements: tuple[str, ...]
    theory_covariance: np.ndarray | None = None


@dataclass(frozen=True)
class Dataset:
    """Terms and measurements; ``sm_values`` replaces SM predictions (e.g. a_mu of another White Paper)."""

    name: str
    terms: tuple[Term, ...]
    measurements: Mapping[str, Mapping[str, Any]]
    sm_values: Mapping[str, float]
    checksum: str

    def term(self, name: str) -> Term:
        """The term of this name; an unknown one is refused with the nearest right name."""
        for term in self.terms:
            if term.name == name:
                return term
        names = [t.name for t in self.terms]
        raise InputError(f"data set {self.name}: there is no term {name!r}{did_you_mean(name, names)}.")

    def select(self, include: Sequence[str] | None, exclude: Sequence[str] = ()) -> "Dataset":
        """Only some of the terms."""
        for name in (*(include or ()), *exclude):
            self.term(name)
        kept = tuple(
            t for t in self.terms if (include is None or t.name in include) and t.name not in exclude
        )
        return replace(self, terms=kept)


@cache
def datasets() -> tuple[str, ...]:
    """Names of the data sets that ship with the package."""
    return tuple(sorted(p.name.split(".")[0] for p in DATA.glob("*.dataset.json.gz")))


@cache
def load_dataset(name: str) -> Dataset:
    """A data set that ships with the package.

    Raises
    ------
    InputError
        If there is no such data set, or its file was altered.
    """
    if name not in datasets():
        allowed = ", ".join(datasets())
        raise InputError(
            f"dataset: there is no {name!r}{did_you_mean(name, datasets())}; allowed are {allowed}."
        )
    path = DATA / f"{name}.dataset.json.gz"
    document = load(path, kind="dataset")
    covariances = load(DATA / f"{name}.theory.npz", kind="theory covariance")
    terms = tuple(
        Term(
            term,
            d["kind"],
            tuple(d["observables"]),
            tuple(d["measurements"]),
            covariances.get(term),
        )
        for term, d in document["terms"].items()
    )
    return Dataset(name, terms, document["measurements"], document["sm_values"], read_meta(path)["sha256"])


def correlation_factors(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations and the Cholesky factor of the correlation matrix.

    Covariances of flavour observables span 45 orders of magnitude; only their correlations can be factorised.
    """
    sigma = np.sqrt(np.diag(covariance))
    return sigma, np.linalg.cholesky(covariance / np.outer(sigma, sigma))


def _precision(covariance: np.ndarray) -> np.ndarray:
    sigma, factor = correlation_factors(covariance)
    inverse = np.linalg.inv(factor) / sigma
    return inverse.T @ inverse


def term_densities(term: Term, measurements: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The densities of a term's measurements, each for the observables of this term."""
    wanted = set(term.observables)
    every = (d for name in term.measurements for d in measurements[name]["constraints"])
    return [marginal(d, wanted) for d in every if wanted & set(d["observables"])]


def combine(term: Term, measurements: Mapping[str, Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all measurements of a term's observables, each density by its first two moments.

    Parameters
    ----------
    term : Term
        With ``n`` observables, every one of them measured.
    measurements : mapping
        Of the data set.

    Returns
    -------
    mean, covariance : ndarray
        Shapes (n,), (n, n).
    """
    place = {o: i for i, o in enumerate(term.observables)}
    n = len(place)
    precision, weighted = np.zeros((n, n)), np.zeros(n)
    for density in term_densities(term, measurements):
        index = [place[o] for o in density["observables"]]
        if density["type"] == "MultivariateNormal":
            mean, covariance = np.array(density["central_value"]), np.array(density["covariance"])
        else:
            center, sd = moments(density)
            mean, covariance = np.array([center]), np.array([[sd**2]])
        p = _precision(covariance)
        precision[np.ix_(index, index)] += p
        weighted[index] += p @ mean
    scale = np.sqrt(np.diag(precision))
    correlation = np.linalg.inv(precision / np.outer(scale, scale))
    covariance = correlation / np.outer(scale, scale)
    return covariance @ weighted, (covariance + covariance.T) / 2
