"""Comparing models by evidence: one table, and the reasons not to believe it.

References
----------
H. Jeffreys, Theory of Probability (1961), App. B (scale); W. Handley and P. Lemos, arXiv:1903.06682 (Bayesian
model dimensionality d = 2 var(ln L), information D = <ln L> - ln Z, averages over the posterior).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..errors import InputError
from .prior_sensitivity import Sensitivity
from .result import Evidence

__all__ = [
    "DISAGREEMENT",
    "Comparison",
    "ModelEvidence",
    "Row",
    "combined",
    "compare",
    "deviations_apart",
    "dimensionality",
    "information",
    "jeffreys",
]

DISAGREEMENT = 3.0  # combined standard deviations between two estimators: at least one of them is then wrong
_SPREAD = 1.5  # of ln L: a Gaussian posterior has a dimensionality of one per parameter, and fewer with flat directions


class ModelEvidence(NamedTuple):
    """What a comparison needs to know about one model on one data set.

    Attributes
    ----------
    name : str
    dataset : str
    checksum : str
        Of the data set and the list of likelihood terms: equal exactly when the likelihoods see the same
        data.
    evidences : sequence of Evidence
        By independent estimators.
    log_likelihood : (chains, draws)
        Along the posterior.
    best_log_likelihood : float
    observables : int
    parameters : int
        Sampled ones.
    sensitivity : sequence of Sensitivity
    """

    name: str
    dataset: str
    checksum: str
    evidences: Sequence[Evidence]
    log_likelihood: np.ndarray
    best_log_likelihood: float
    observables: int
    parameters: int
    sensitivity: Sequence[Sensitivity] = ()


class Row(NamedTuple):
    """One line of the table; Bayes factors are against the model of the highest evidence.

    Attributes
    ----------
    name : str
    log_z, error : float
        Of all estimators combined.
    log_bayes_factor, log_bayes_factor_error : float
        ln Z - ln Z of the favoured model; 0 for itself.
    scale : str
        Jeffreys' words for the evidence against this model.
    best_minus_two_log_likelihood : float
    observables : int
    dimensionality, information : float
    """

    name: str
    log_z: float
    error: float
    log_bayes_factor: float
    log_bayes_factor_error: float
    scale: str
    best_minus_two_log_likelihood: float
    observables: int
    dimensionality: float
    information: float


class Comparison(NamedTuple):
    """The table, best model first, and what a reader must know before using it."""

    rows: list[Row]
    warnings: list[str]


def jeffreys(log_bayes_factor: float) -> str:
    """Jeffreys' words for the strength of evidence, from |ln B| (grades at powers of sqrt(10))."""
    grades = ("barely worth mentioning", "substantial", "strong", "very strong", "decisive")
    return grades[min(int(abs(log_bayes_factor) / (0.5 * np.log(10))), len(grades) - 1)]


def dimensionality(log_likelihood: Float[np.ndarray, "chains draws"]) -> float:
    """Effective number of parameters, 2 var(ln L) (arXiv:1903.06682, Eq. 11)."""
    return 2 * float(log_likelihood.var())


def information(log_likelihood: Float[np.ndarray, "chains draws"], log_z: float) -> float:
    """Kullback-Leibler divergence from prior to posterior in nats, <ln L> - ln Z."""
    return float(log_likelihood.mean()) - log_z


def combined(evidences: Sequence[Evidence]) -> tuple[float, float]:
    """Weighted mean of the estimates that were given, with the error of the best one.

    The estimators share the likelihood but no random numbers; the error is not shrunk by averaging, because
    one that is off is off systematically.
    """
    given = [e for e in evidences if np.isfinite(e.log_z)]
    if not given:
        raise InputError(
            "; ".join(f"{e.estimator}: no evidence ({e.note})" for e in evidences) or "no evidence given."
        )
    if exact := [e for e in given if e.error == 0]:  # a model without free parameters
        return exact[0].log_z, 0.0
    weight = np.array([1 / e.error**2 for e in given])
    return float(weight @ [e.log_z for e in given] / weight.sum()), min(e.error for e in given)


def compare(models: Sequence[ModelEvidence]) -> Comparison:
    """Rank models on the same data.

    Raises
    ------
    InputError
        If the models were fitted to different data: their evidences are not comparable.
    """
    first = models[0]
    for model in models[1:]:
        if model.checksum != first.checksum:
            raise InputError(
                f"{model.name} ({model.dataset}) and {first.name} ({first.dataset}) were fitted to different data "
                f"(checksums {model.checksum[:12]} and {first.checksum[:12]}); their evidences cannot be compared."
            )
    values = [combined(model.evidences) for model in models]
    best = int(np.argmax([log_z for log_z, _ in values]))
    rows = []
    for i, (model, (log_z, error)) in enumerate(zip(models, values)):
        factor = log_z - values[best][0]
        rows.append(
            Row(
                model.name,
                log_z,
                error,
                factor,
                0.0 if i == best else float(np.hypot(error, values[best][1])),
                "favoured" if i == best else jeffreys(factor),
                -2 * model.best_log_likelihood,
                model.observables,
                dimensionality(model.log_likelihood),
                information(model.log_likelihood, log_z),
            )
        )
    rows.sort(key=lambda row: -row.log_z)
    warnings = [warning for model in models for warning in _warnings(model)]
    return Comparison(rows, warnings + _prior_decides(models, rows))


def deviations_apart(one: Evidence, two: Evidence) -> float:
    """How far two estimates are apart, in combined standard deviations."""
    return float(abs(one.log_z - two.log_z) / np.hypot(one.error, two.error))


def _warnings(model: ModelEvidence) -> list[str]:
    found = [
        f"{model.name}: no {e.estimator} ({e.note})." for e in model.evidences if not np.isfinite(e.log_z)
    ]
    given = [e for e in model.evidences if np.isfinite(e.log_z)]
    for i, a in enumerate(given):
        for b in given[i + 1 :]:
            sigma = deviations_apart(a, b)
            if sigma > DISAGREEMENT:
                found.append(
                    f"{model.name}: {a.estimator} ({a.log_z:.2f} +- {a.error:.2f}) and {b.estimator} "
                    f"({b.log_z:.2f} +- {b.error:.2f}) disagree by {sigma:.1f} sigma."
                )
    if (dim := dimensionality(model.log_likelihood)) > _SPREAD * max(model.parameters, 1):
        found.append(
            f"{model.name}: dim. is {dim:.1f} with {model.parameters} parameters: parts of the posterior differ in "
            "ln L, and dim. measures their distance, not a number of parameters."
        )
    return found


def _prior_decides(models: Sequence[ModelEvidence], rows: Sequence[Row]) -> list[str]:
    """A ranking that one widened prior would overturn; of a group of parameters, the smallest factor that does."""
    by_name = {row.name: row for row in rows}
    found = []
    for model in models:
        row = by_name[model.name]
        rivals = [r for r in rows if r.name != model.name and r.log_z < row.log_z]
        told = set()
        for change in sorted(model.sensitivity, key=lambda change: change.factor):
            if change.group in told:
                continue
            if overtaken := [r.name for r in rivals if row.log_z + change.delta_log_z < r.log_z]:
                told.add(change.group)
                found.append(
                    f"The prior's volume decides: with the priors of {model.name}'s {change.group} {change.factor:g} "
                    f"times as wide (ln Z {change.delta_log_z:+.2f}), it falls behind {', '.join(overtaken)}."
                )
    return found
