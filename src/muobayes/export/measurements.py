"""Export of a data set: terms, measurements with their exact probability densities, and theory covariances.

A data set is stated by names only (`datasets/<name>.yaml`); the numbers come from flavio's data base, where every
measurement carries its INSPIRE key, or from the data set's own entries, which carry theirs.
"""

import pickle
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import flavio
import numpy as np
import smelli
import yaml
from flavio.statistics import probability as pdf

from ..likelihood.measured import marginal
from ._forms import Observable, name_and_arguments
from .predictions import observable_key


def _distribution(d: pdf.ProbabilityDistribution) -> dict[str, Any]:
    """A probability density as data. Tables stand for densities without a closed form."""
    if isinstance(d, pdf.MultivariateNormalDistribution):
        return {
            "type": "MultivariateNormal",
            "central_value": list(map(float, d.central_value)),
            "covariance": np.asarray(d.covariance).tolist(),
        }
    if isinstance(d, pdf.NormalDistribution):
        return {
            "type": "Normal",
            "central_value": d.central_value,
            "standard_deviation": d.standard_deviation,
        }
    if isinstance(d, pdf.AsymmetricNormalDistribution):
        return {
            "type": "AsymmetricNormal",
            "central_value": d.central_value,
            "right_deviation": d.right_deviation,
            "left_deviation": d.left_deviation,
        }
    if isinstance(d, pdf.HalfNormalDistribution):
        return {
            "type": "HalfNormal",
            "central_value": d.central_value,
            "standard_deviation": d.standard_deviation,
        }
    if isinstance(d, pdf.GammaDistributionPositive):
        return {"type": "GammaPositive", "a": d.a, "loc": d.loc, "scale": d.scale}
    if isinstance(d, pdf.NumericalDistribution):
        x, y = _thinned(np.asarray(d.x, float), np.asarray(d.y_norm, float))
        return {"type": "Numerical", "x": _rounded(x), "y": _rounded(y)}
    raise TypeError(f"no export for a {type(d).__name__}")


def _thinned(x: np.ndarray, y: np.ndarray, tolerance: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """A table with fewer points, whose linear interpolation has the same logarithm to 1e-4 wherever it matters.

    What lies more than ten standard deviations down in log L (below exp(-50) of the maximum) is left out.
    """
    keep = np.flatnonzero(y > y.max() * np.exp(-50))
    x, y = x[keep[0] : keep[-1] + 1], y[keep[0] : keep[-1] + 1]
    chosen, start = [0], 0
    while start < len(x) - 1:
        stop, step = start + 1, 1
        while stop + step < len(x) and _straight(x, y, start, stop + step, tolerance):
            stop += step
            step *= 2
        while step > 1:
            step //= 2
            if stop + step < len(x) and _straight(x, y, start, stop + step, tolerance):
                stop += step
        chosen.append(stop)
        start = stop
    return x[chosen], y[chosen]


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{v:.9g}") for v in values]


def _straight(x: np.ndarray, y: np.ndarray, start: int, stop: int, tolerance: float) -> bool:
    inner = slice(start + 1, stop)
    line = y[start] + (y[stop] - y[start]) * (x[inner] - x[start]) / (x[stop] - x[start])
    return bool(np.all(np.abs(line - y[inner]) <= tolerance * y[inner]))


def measurement(
    name: str, observables: Iterable[Observable], factors: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """A measurement of flavio's data base, restricted to some observables (the others are integrated over).

    Parameters
    ----------
    name, observables : str, iterable
        The measurement, and what to keep of it.
    factors : mapping or None
        flavio's name of an observable -> what its numbers are multiplied by, where they follow another convention.
    """
    wanted = set(observables)
    source = flavio.Measurement[name]
    constraints = []
    for density, constrained in source._constraints:
        keep = [i for i, o in enumerate(constrained) if o in wanted]
        if keep:
            exported = _distribution(density) | {"observables": [observable_key(o) for o in constrained]}
            if factors:
                scale = np.array([factors.get(name_and_arguments(o)[0], 1.0) for o in constrained])
                exported["central_value"] = (scale * exported["central_value"]).tolist()
                exported["covariance"] = (np.outer(scale, scale) * exported["covariance"]).tolist()
            constraints.append(marginal(exported, [exported["observables"][i] for i in keep]))
    return {"inspire": source.inspire or "", "url": source.url or "", "constraints": constraints}


def _smelli_terms() -> dict[str, dict[str, Any]]:
    """The terms of the installed smelli: their observables and measurements."""
    likelihood = smelli.GlobalLikelihood()
    terms: dict[str, dict[str, Any]] = {}
    for name, term in likelihood.fast_likelihoods.items():
        terms[name] = {
            "kind": "gaussian",
            "observables": list(term.observables),
            "measurements": sorted(term.full_measurement_likelihood.get_measurements),
        }
    for name, term in likelihood.likelihoods.items():
        terms[name] = {
            "kind": "exact",
            "observables": list(term.observables),
            "measurements": sorted(term.measurement_likelihood.get_measurements),
        }
    return terms


def _as_observable(item: Any) -> Observable:
    return tuple(item) if isinstance(item, list) else item


def dataset_terms(name: str) -> dict[str, dict[str, Any]]:
    """Terms of a data set by name: those of its base, with its changes applied."""
    spec = dataset_specification(name)
    if "base" in spec:
        terms = dataset_terms(spec["base"])
    elif spec["terms"] == "smelli":
        terms = _smelli_terms()
    else:
        terms = {
            term: d | {"observables": [_as_observable(o) for o in d["observables"]]}
            for term, d in spec["terms"].items()
        }
    for term, change in spec.get("changes", {}).items():
        d = terms[term]
        dropped = set(change.get("drop", ()))
        if unknown := dropped - set(d["measurements"]):
            raise ValueError(f"{name}: {term} has no measurement {sorted(unknown)}")
        added = change.get("add", [])
        d["measurements"] = sorted((set(d["measurements"]) - dropped) | set(added))
        new = [_as_observable(o) for o in change.get("observables", [])]
        d["observables"] = d["observables"] + [o for o in new if o not in d["observables"]]
    return terms


def dataset_specification(name: str) -> dict[str, Any]:
    """The text of a data set: base, terms, changes, factors, parameters, own measurements."""
    return yaml.safe_load((files("muobayes.export") / "datasets" / f"{name}.yaml").read_text())


def _own_measurements(name: str) -> dict[str, Any]:
    spec = dataset_specification(name)
    inherited = _own_measurements(spec["base"]) if "base" in spec else {}
    return inherited | spec.get("measurements", {})


def export_dataset(name: str) -> dict[str, Any]:
    """A data set as one JSON document.

    Returns
    -------
    dict
        ``terms`` (kind, title, observables, measurements), ``measurements`` (source and densities), ``parameters``
        (flavio parameters that differ from the default, e.g. the SM value of a_mu).
    """
    terms = dataset_terms(name)
    own = _own_measurements(name)
    every = [o for d in terms.values() for o in d["observables"]]
    names = sorted({m for d in terms.values() for m in d["measurements"]})
    factors = dataset_specification(name).get("factors", {})
    measurements = {m: own[m] if m in own else measurement(m, every, factors.get(m)) for m in names}
    for d in terms.values():
        measured = {
            o for m in d["measurements"] for c in measurements[m]["constraints"] for o in c["observables"]
        }
        d["observables"] = [o for o in d["observables"] if observable_key(o) in measured]
    return {
        "name": name,
        "terms": {
            term: d | {"observables": [observable_key(o) for o in d["observables"]]}
            for term, d in terms.items()
        },
        "measurements": measurements,
        "parameters": _parameters(name),
    }


def _parameters(name: str) -> dict[str, Any]:
    spec = dataset_specification(name)
    inherited = _parameters(spec["base"]) if "base" in spec else {}
    return inherited | spec.get("parameters", {})


def smelli_theory_covariances(folder: Path | None = None) -> dict[str, tuple[list[str], np.ndarray]]:
    """The SM covariances that smelli ships (or that lie in a folder), by term: observables and matrix."""
    folder = folder or Path(smelli.__file__).parent / "data" / "cache"
    out = {}
    for path in sorted(folder.glob("fast_likelihood_*_CKMScheme*.p")):
        with path.open("rb") as stream:
            content = pickle.load(stream)  # smelli's own file; read at export time only
        keys = [observable_key(o) for o in content["observables"]]
        out[path.name.split("_CKMScheme")[0]] = (keys, np.asarray(content["covariance"]))
    return out


def aligned_covariance(keys: Sequence[str], matrix: np.ndarray, wanted: Sequence[str]) -> np.ndarray:
    """Rows and columns of a covariance in the order of ``wanted``; observables without theory error get zeros."""
    position = {k: i for i, k in enumerate(keys)}
    index = [position.get(k, -1) for k in wanted]
    out = np.zeros((len(wanted), len(wanted)))
    have = [i for i, j in enumerate(index) if j >= 0]
    take = [index[i] for i in have]
    out[np.ix_(have, have)] = matrix[np.ix_(take, take)]
    return out


def parameter_values(changes: Mapping[str, Any]) -> dict[str, float]:
    """flavio's default parameters at the CKM point that smelli extracts, with the changes of a data set."""
    par = dict(smelli.GlobalLikelihood().par_dict_sm)
    unknown = set(changes) - set(par)
    if unknown:
        raise ValueError(f"unknown flavio parameters {sorted(unknown)}")
    return par | {k: float(v["value"]) for k, v in changes.items()}
