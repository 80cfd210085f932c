"""The offline step: write every artifact that ships with the package. Resumable; finished parts lie in a cache folder."""

import json
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import flavio
import flavio.classes
import numpy as np
import smelli
import wilson

from ..artifacts import load, save
from ..errors import InputError
from ..likelihood.dataset import load_dataset
from ..likelihood.terms import observable_uncertainties
from ._fixed_wilson import FixedWilson
from ._forms import Observable, name_and_arguments, value
from ._polynomial import Point, evaluate_all, step
from .covariance import draw_predictions, extended_covariance, read_draws
from .evolution import export_evolution
from .measurements import (
    aligned_covariance,
    dataset_specification,
    dataset_terms,
    export_dataset,
    parameter_values,
    smelli_theory_covariances,
)
from .nuisance import COEFFICIENTS, export_nuisance
from .nuisance import prove as prove_nuisance
from .predictions import CKM_PARAMETERS, _coefficient_from_json, export_predictions, observable_key

PACKAGE = Path(__file__).parents[1]
PREDICTIONS = PACKAGE / "likelihood" / "data" / "predictions.json.gz"
EVOLUTION = PACKAGE / "smeft" / "data" / "evolution.npz"
NUISANCE = PREDICTIONS.with_name("nuisance.npz")
LABELS = PACKAGE / "report" / "data" / "observable_labels.json"
DATASETS = ("current", "latest", "paper2021")
CKM_INPUTS: tuple[Observable, ...] = ("RKpi(P+->munu)", "BR(B->Xcenu)", "BR(B+->taunu)", "DeltaM_d/DeltaM_s")
# Of the size of the SM prediction or of the value, whichever is larger.
MAX_RESIDUAL = 1e-4
MAX_DEVIATION = 0.01  # of the total uncertainty, of its derivative by a nuisance direction
Report = Callable[[str], None]


def versions() -> dict[str, str]:
    """Versions of the programs that the artifacts come from."""
    return {"flavio": flavio.__version__, "smelli": smelli.__version__, "wilson": wilson.__version__}


def all_observables() -> list[Observable]:
    """Every observable of every data set, and the inputs of the CKM scheme."""
    found: dict[str, Observable] = {observable_key(o): o for o in CKM_INPUTS}
    for name in DATASETS:
        for term in dataset_terms(name).values():
            found |= {observable_key(o): o for o in term["observables"]}
    return [found[k] for k in sorted(found)]


def run_predictions(cache: Path, processes: int, report: Report) -> None:
    """Export the predictions, prove them at independent points, and write the artifact."""
    par = parameter_values({})
    observables = all_observables()
    document = export_predictions(observables, par, cache, versions(), processes=processes, report=report)
    residuals = prove(observables, document, par, processes)
    failures = {k: r for k, r in residuals.items() if r > MAX_RESIDUAL}
    if failures:
        raise RuntimeError(f"not exact: {failures}")
    for key, residual in residuals.items():
        document["observables"][key]["residual"] = residual
    document["ckm"] = {n: par[n] for n in CKM_PARAMETERS}
    report(f"{len(observables)} observables, worst deviation from flavio {max(residuals.values()):.1e}")
    save(
        PREDICTIONS,
        document,
        kind="predictions",
        inputs=versions()
        | {
            "ckm scheme": "CKMSchemeRmuBtaunuBxlnuDeltaM",
            "normalisation": "flavio units; coefficients as in WCxf, at the scale of each frame",
            "worst relative deviation from flavio": max(residuals.values()),
        },
    )


def prove(
    observables: list[Observable],
    document: dict[str, Any],
    par: dict[str, float],
    processes: int,
    points: int = 2,
) -> dict[str, float]:
    """Worst relative deviation of every observable from flavio, at random points that built nothing."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(7)
    variables = [_coefficient_from_json(v) for v in document["variables"]]
    constants = {name: c["constant"] for name, c in document["components"].items()}
    expressions = [document["observables"][observable_key(o)] for o in observables]

    def ours(components: dict[str, float]) -> np.ndarray:
        return np.array([value(e["expression"], e["components"], components) for e in expressions])

    def flavios(x: np.ndarray, which: Sequence[int]) -> np.ndarray:
        """Each observable by itself: nothing is shared here."""
        wilson = FixedWilson(dict(zip(variables, x, strict=True)))
        named = [name_and_arguments(observables[i]) for i in which]
        predictions = [
            flavio.Observable[name].prediction_par(par, wilson, *arguments) for name, arguments in named
        ]
        return np.real(predictions)

    steps = np.array([step(v) for v in variables])
    parts = [range(i, len(observables), 20) for i in range(20)]
    in_sm = np.abs(ours(constants))
    worst, theirs = np.zeros(len(observables)), np.empty(len(observables))
    for x in 0.5 * steps * rng.normal(size=(points, len(steps))):
        found = evaluate_all(flavios, [Point(x, part) for part in parts], processes)
        for part, values in zip(parts, found, strict=True):
            theirs[part] = values
        polynomials = {name: _polynomial_value(c, x) for name, c in document["components"].items()}
        size = np.maximum(np.maximum(np.abs(theirs), in_sm), 1e-300)
        worst = np.maximum(worst, np.abs(ours(polynomials) - theirs) / size)
    return {observable_key(o): float(w) for o, w in zip(observables, worst, strict=True)}


def _polynomial_value(component: dict[str, Any], x: np.ndarray) -> float:
    value = component["constant"] + sum(c * x[i] for i, c in component["linear"])
    return value + sum(c * x[i] * x[j] for i, j, c in component["quadratic"])


def run_evolution(cache: Path, report: Report) -> None:
    """Export the evolution operators for the variables of the predictions."""
    document = load(PREDICTIONS, kind="predictions")
    variables = [_coefficient_from_json(v) for v in document["variables"]]
    arrays = export_evolution(variables, document["ckm"], cache, report)
    save(
        EVOLUTION,
        arrays,
        kind="evolution",
        inputs=versions()
        | {"from": "SMEFT/Warsaw", "matching": "tree level at 91.1876 GeV", "ckm": document["ckm"]},
    )


def _released_covariances(name: str, cache: Path) -> tuple[dict[str, tuple[list[str], np.ndarray]], str]:
    """The covariances that smelli ships, and its version: the one that a data set names, if it lies in the cache folder.

    A release is a folder ``smelli-VERSION`` in the cache folder, with the content of its package's ``data/cache``.
    """
    version = dataset_specification(name).get("smelli")
    folder = cache / f"smelli-{version}"
    if version and folder.is_dir():
        return smelli_theory_covariances(folder), version
    return smelli_theory_covariances(), smelli.__version__


def _drawn_observables(name: str, cache: Path) -> list[Observable]:
    """What must be drawn for a data set: the Gaussian observables that smelli does not know, and their neighbours.

    Neighbours are the same quantities in other bins of q2, which share form factors and hadronic corrections. If a
    data set has no base, everything is drawn.
    """
    covariances, _ = _released_covariances(name, cache)
    found: dict[str, Observable] = {}
    for term, d in dataset_terms(name).items():
        if d["kind"] != "gaussian":
            continue
        keys, _ = covariances[term]
        new = {name_and_arguments(o)[0] for o in d["observables"] if observable_key(o) not in keys}
        every = new and "base" not in dataset_specification(name)
        found |= {observable_key(o): o for o in d["observables"] if every or name_and_arguments(o)[0] in new}
    return list(found.values())


def run_covariances(
    cache: Path, number: int, processes: int, report: Report, datasets: Iterable[str] = DATASETS
) -> None:
    """Draw SM predictions for the theory covariances that smelli does not ship."""
    for name in datasets:
        if observables := _drawn_observables(name, cache):
            report(f"theory covariance of {name}: {len(observables)} observables")
            draw_predictions(observables, number, cache / "draws" / name, processes=processes, report=report)


def _theory_covariance(name: str, term: str, observables: list[str], cache: Path) -> tuple[np.ndarray, str]:
    """Smelli's own covariance where it knows every observable; extended by, or else that of, the draws."""
    covariances, version = _released_covariances(name, cache)
    keys, matrix = covariances[term]
    origin = f"shipped with smelli {version}"
    if set(observables) <= set(keys):
        return aligned_covariance(keys, matrix, observables), origin
    extends = "base" in dataset_specification(name)
    wanted = [observable_key(o) for o in _drawn_observables(name, cache)]
    drawn, draws = read_draws(cache / "draws" / name, wanted)
    if missing := [o for o in observables if o not in drawn and not (extends and o in keys)]:
        raise InputError(
            f"the theory covariance lacks {missing[0]}; run `muobayes export covariances` first."
        )
    number = f"{len(draws)} draws of flavio's parameters"
    if not extends:
        return aligned_covariance(drawn, np.cov(draws.T), observables), number
    known = len(keys)
    keys, matrix = extended_covariance(keys, matrix, drawn, draws)
    origin += f", extended by {len(keys) - known} observables with {number}"
    return aligned_covariance(keys, matrix, observables), origin


def run_dataset(name: str, cache: Path, report: Report) -> None:
    """Export a data set: measurements and theory covariances."""
    document = export_dataset(name)
    covariances, origin = {}, {}
    for term, d in document["terms"].items():
        if d["kind"] == "gaussian":
            covariances[term], origin[term] = _theory_covariance(name, term, d["observables"], cache)
    par = parameter_values(document["parameters"])
    document["sm_values"] = {}
    for parameter, change in document["parameters"].items():
        observable = parameter.removesuffix(" SM")
        document["sm_values"][observable] = float(
            flavio.Observable[observable].prediction_par(par, FixedWilson())
        )
        for term, covariance in covariances.items():
            keys = document["terms"][term]["observables"]
            if observable in keys:
                i = keys.index(observable)
                covariance[i, :] = covariance[:, i] = 0.0
                covariance[i, i] = float(change["uncertainty"]) ** 2
    folder = PREDICTIONS.parent
    source = versions() | {"theory covariance": origin}
    save(folder / f"{name}.dataset.json.gz", document, kind="dataset", inputs=source)
    save(folder / f"{name}.theory.npz", covariances, kind="theory covariance", inputs=source)
    counted = sum(len(d["observables"]) for d in document["terms"].values())
    report(f"data set {name}: {counted} observables, {len(document['measurements'])} measurements")


def run_nuisance(cache: Path, processes: int, report: Report) -> None:
    """Export how b -> s predictions move with flavio's parameters, for theory covariances that vary; and prove it."""
    sigma: dict[str, float] = {}
    for name in DATASETS:
        dataset = load_dataset(name)
        wanted = {o for term in dataset.terms if term.kind == "gaussian" for o in term.observables}
        sigma |= {o: u["sigma"] for o, u in observable_uncertainties(dataset).items() if o in wanted}
    par = parameter_values({})
    every = {observable_key(o): o for o in all_observables()}
    observables = {key: every[key] for key in sorted(sigma)}
    arrays, record = export_nuisance(
        observables, sigma, par, cache, versions(), processes=processes, report=report
    )
    deviation = prove_nuisance(arrays, observables, sigma, par)
    report(f"{record}, largest deviation from flavio {deviation:.1e} total uncertainties")
    if deviation > MAX_DEVIATION:
        raise RuntimeError(
            f"derivatives by nuisance directions are off by {deviation:.2g} total uncertainties"
        )
    save(
        NUISANCE,
        arrays | {"coefficients": np.array(COEFFICIENTS)},
        kind="nuisance",
        inputs=versions() | record | {"largest deviation from flavio, in total uncertainties": deviation},
    )


def run_labels(report: Report) -> None:
    """Export how flavio typesets every observable with predictions."""
    keys = load(PREDICTIONS, kind="predictions")["observables"]
    names = sorted({json.loads(key)[0] if key.startswith("[") else key for key in keys})
    labels = {name: flavio.classes.Observable[name].tex for name in names}
    save(LABELS, labels, kind="observable labels", inputs=versions())
    report(f"labels of {len(labels)} observables")
