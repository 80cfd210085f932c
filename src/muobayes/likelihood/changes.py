"""Changes of a data set: new measurements from a run card, and the difference between two data sets at a point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from ..errors import InputError, did_you_mean
from .dataset import Dataset, Term
from .measured import gaussian_upper_limit
from .point import evaluate_point
from .predictions import observable_key, readable_name
from .smeft import all_observables, sm_predictions
from .terms import build_terms

if TYPE_CHECKING:
    from .._measurements import Measurement

__all__ = ["Change", "apply_measurements", "compare_datasets"]


def apply_measurements(dataset: Dataset, entries: Sequence["Measurement"]) -> Dataset:
    """A data set with the measurements of a run card added, replaced, dropped or rescaled.

    A new measurement joins the term of its observables: they must be observables of one term of the data set.

    Raises
    ------
    InputError
        For an observable or measurement that does not exist, with the nearest right name.
    """
    for number, entry in enumerate(entries):
        dataset = _apply(dataset, entry, f"measurements[{number}]")
    return dataset


def _apply(dataset: Dataset, entry: Any, where: str) -> Dataset:
    if hasattr(entry, "drop"):
        return _without(dataset, entry.drop, f"{where}.drop")
    if hasattr(entry, "scale"):
        return _projected(dataset, entry, f"{where}.scale")
    dataset = _without(dataset, entry.replaces, f"{where}.replaces")
    constraint = _constraint(entry, where)
    name = entry.name or f"card: {', '.join(readable_name(o) for o in constraint['observables'])}"
    term = _term_of(dataset, constraint["observables"], where)
    measurement = {"inspire": entry.source or "", "url": "", "constraints": [constraint]}
    terms = tuple(
        replace(t, measurements=(*t.measurements, name)) if t.name == term.name else t for t in dataset.terms
    )
    return replace(dataset, terms=terms, measurements={**dataset.measurements, name: measurement})


def _constraint(entry: Any, where: str) -> dict[str, Any]:
    if hasattr(entry, "observables"):
        sigma = np.array(entry.uncertainties)
        return {
            "type": "MultivariateNormal",
            "observables": [observable_key(o, f"{where}.observables") for o in entry.observables],
            "central_value": list(entry.values),
            "covariance": (np.array(entry.correlation) * np.outer(sigma, sigma)).tolist(),
        }
    observables = [observable_key(entry.observable, f"{where}.observable")]
    if hasattr(entry, "upper_limit"):
        return gaussian_upper_limit(entry.upper_limit, entry.confidence) | {"observables": observables}
    u = entry.uncertainty
    if hasattr(u, "plus"):
        density = {
            "type": "AsymmetricNormal",
            "central_value": entry.value,
            "right_deviation": u.plus,
            "left_deviation": u.minus,
        }
    else:
        width = u if isinstance(u, float) else float(np.hypot(u.stat, u.syst or 0.0))
        density = {"type": "Normal", "central_value": entry.value, "standard_deviation": width}
    return density | {"observables": observables}


def _term_of(dataset: Dataset, observables: Sequence[str], where: str) -> Term:
    for term in dataset.terms:
        if set(observables) <= set(term.observables):
            return term
    names = ", ".join(readable_name(o) for o in observables)
    raise InputError(
        f"{where}: {names} is not in one term of the data set {dataset.name}, so its theory error is unknown."
    )


def _measurement_names(dataset: Dataset, names: Sequence[str], where: str) -> tuple[str, ...]:
    for name in names:
        if name not in dataset.measurements:
            hint = did_you_mean(name, dataset.measurements)
            raise InputError(f"{where}: the data set {dataset.name} has no measurement {name!r}{hint}.")
    return tuple(names)


def _without(dataset: Dataset, names: Sequence[str], where: str) -> Dataset:
    dropped = set(_measurement_names(dataset, names, where))
    if not dropped:
        return dataset
    kept = {n: m for n, m in dataset.measurements.items() if n not in dropped}
    return replace(dataset, measurements=kept, terms=tuple(_restricted(t, kept) for t in dataset.terms))


def _restricted(term: Term, measurements: Mapping[str, Mapping[str, Any]]) -> Term:
    """A term without what nobody measures any more."""
    left = tuple(m for m in term.measurements if m in measurements)
    measured = {o for m in left for c in measurements[m]["constraints"] for o in c["observables"]}
    keep = [i for i, o in enumerate(term.observables) if o in measured]
    covariance = term.theory_covariance
    if covariance is not None:
        covariance = covariance[np.ix_(keep, keep)]
    observables = tuple(term.observables[i] for i in keep)
    return replace(term, measurements=left, observables=observables, theory_covariance=covariance)


def _projected(dataset: Dataset, entry: Any, where: str) -> Dataset:
    """Uncertainties multiplied by factors; names are "all", terms, or measurements (these have no theory error)."""
    terms = {t.name: t for t in dataset.terms}
    chosen: set[str] = set()
    measurements: set[str] = set()
    for name in entry.scale:
        if name == "all" or name in terms:
            some = terms.values() if name == "all" else [terms[name]]
            chosen |= {t.name for t in some}
            measurements |= {m for t in some for m in t.measurements}
        elif name in dataset.measurements:
            if entry.theory != 1:
                raise InputError(f"{where}: {name!r} is a measurement; theory errors belong to a term.")
            measurements.add(name)
        else:
            hint = did_you_mean(name, [*terms, *dataset.measurements, "all"])
            raise InputError(f"{where}: {name!r} is no term or measurement of {dataset.name}{hint}.")
    sm = sm_predictions(dataset) if entry.center == "sm" else None
    changed = {
        n: _scaled(m, entry.experiment, sm) if n in measurements else m
        for n, m in dataset.measurements.items()
    }
    rescaled = tuple(
        replace(t, theory_covariance=t.theory_covariance * entry.theory**2)
        if t.name in chosen and t.theory_covariance is not None
        else t
        for t in dataset.terms
    )
    return replace(dataset, measurements=changed, terms=rescaled)


def _scaled(measurement: Mapping[str, Any], factor: float, sm: Mapping[str, float] | None) -> dict[str, Any]:
    """A measurement with its uncertainties multiplied by a factor, and centred on the SM if predictions are given."""
    return {
        **measurement,
        "constraints": [_scaled_density(d, factor, sm) for d in measurement["constraints"]],
    }


def _scaled_density(
    density: Mapping[str, Any], factor: float, sm: Mapping[str, float] | None
) -> dict[str, Any]:
    d = dict(density)
    for width in ("standard_deviation", "left_deviation", "right_deviation", "scale"):
        if width in d:
            d[width] *= factor
    center = None if sm is None else [sm[o] for o in d["observables"]]
    if d["type"] == "MultivariateNormal":
        d["covariance"] = (np.array(d["covariance"]) * factor**2).tolist()
        d["central_value"] = d["central_value"] if center is None else center
    elif d["type"] == "Numerical":
        x = np.array(d["x"])
        mode = x[int(np.argmax(d["y"]))]
        d["x"] = ((mode if center is None else center[0]) + factor * (x - mode)).tolist()
    elif center is not None and d["type"] in ("Normal", "AsymmetricNormal"):
        d["central_value"] = center[0]
    return d


@dataclass(frozen=True)
class Change:
    """A measurement that one data set has and the other has not, and its effect.

    Attributes
    ----------
    measurement, change, observables : str
        Its name, "new" or "gone", and what it measures.
    effect : float
        What it alone changes in log L(point) - log L(SM) of the data set that has it; positive if it favours the point
        in the newer data set.
    """

    measurement: str
    change: str
    observables: str
    effect: float


def compare_datasets(old: Dataset, new: Dataset, values: Mapping[str, complex], scale: float) -> list[Change]:
    """Every measurement that differs between two data sets, sorted by its effect on the log-likelihood of a point."""
    changes = []
    for dataset, other, change, sign in ((new, old, "new", 1.0), (old, new, "gone", -1.0)):
        point = evaluate_point(dataset, values, scale)["observables"]
        for name, measurement in dataset.measurements.items():
            if other.measurements.get(name, {}).get("constraints") == measurement["constraints"]:
                continue
            affected = dataset.select([t.name for t in dataset.terms if name in t.measurements])
            rest = _without(affected, (name,), name)
            effect = _log_likelihood(affected, point) - _log_likelihood(rest, point)
            measured = [o for c in measurement["constraints"] for o in c["observables"]]
            label = readable_name(measured[0]) + (
                f" and {len(measured) - 1} more" if len(measured) > 1 else ""
            )
            changes.append(Change(name, change, label, sign * effect))
    return sorted(changes, key=lambda c: -abs(c.effect))


def _log_likelihood(dataset: Dataset, point: Mapping[str, Mapping[str, float]]) -> float:
    """log L relative to the SM at given predictions."""
    keys = all_observables(dataset)
    terms = build_terms(dataset, sm_predictions(dataset), keys)
    return float(jnp.sum(terms(jnp.array([point[key]["prediction"] for key in keys]))))
