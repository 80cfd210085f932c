"""The folders of an exchange: which observables go into which file, and the files themselves.

``fixed``: everything, coefficients at the scale of each observable, one custom basis per term; jelli 0.1 loads it.
``running``: what lives in one WCxf basis at one scale, so that jelli can run from the SMEFT; jelli 0.1 loads it.
``standard``: everything as POPxf 1.0 defines it, with lists of scales where an observable needs two.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import block_diag

from ..artifacts import load
from ..likelihood.dataset import DATA, Term, load_dataset
from ..likelihood.predictions import sm_prediction
from ..likelihood.smeft import sm_predictions
from . import predictions as p
from .correlations import write_correlations
from .measurements import constraints

__all__ = ["load_predictions", "stem", "write_popxf"]

NOMINAL_SCALE = 91.1876  # of custom bases, whose coefficients each state their own scale
PDFXF = "https://json.schemastore.org/pdfxf-1.0.json"


def load_predictions() -> dict[str, Any]:
    """The exported predictions."""
    return load(DATA / "predictions.json.gz", kind="predictions")


def stem(term: Term) -> str:
    """Name of a term without the ending of smelli's files."""
    return term.name.removesuffix(".yaml")


def write_popxf(folder: Path, dataset: str = "current") -> dict[str, dict[str, int]]:
    """Write a data set for other programs.

    Parameters
    ----------
    folder : Path
        Gets the folders ``fixed``, ``running`` and ``standard``; existing files of these names are replaced.
    dataset : str
        Name of the data set.

    Returns
    -------
    dict
        Term -> number of observables in each folder.

    Raises
    ------
    InputError
        If there is no such data set.
    """
    data, artifact = load_dataset(dataset), load_predictions()
    terms, sm = data.terms, sm_predictions(data)
    counts: dict[str, dict[str, int]] = {}
    running: list[tuple[Term, list[str]]] = []
    for term in terms:
        groups = _by_frames(artifact, term.observables)
        measured = {"$schema": PDFXF, **constraints(term, data.measurements)}
        common = {
            "sm": sm,
            "shifts": {o: sm[o] - sm_prediction(o) for o in term.observables if o in data.sm_values},
            "uncertainties": _uncertainties(term),
        }
        _write_fixed(folder / "fixed" / stem(term), artifact, term, measured, common)
        counts[stem(term)] = {"fixed": len(term.observables), "running": 0, "standard": 0}
        for frames, observables in groups.items():
            counts[stem(term)]["standard"] += len(observables)
            name = f"{stem(term)}.{_label(frames)}.json"
            _write_json(folder / "standard" / name, _standard(artifact, frames, observables, common))
            if len(frames) == 1:
                counts[stem(term)]["running"] += len(observables)
                running.append((term, observables))
                _write_json(folder / "running" / name, _running(artifact, frames[0], observables, common))
    _write_running_correlations(folder / "running" / "theory.hdf5", terms, running)
    return counts


def _uncertainties(term: Term) -> dict[str, float] | None:
    if term.theory_covariance is None:
        return None
    return dict(zip(term.observables, np.sqrt(np.diag(term.theory_covariance)).tolist(), strict=True))


def _by_frames(artifact: p.Artifact, observables: Sequence[str]) -> dict[tuple[p.Frame, ...], list[str]]:
    """Observables by the frames they need; constants go where most of the others are."""
    groups: dict[tuple[p.Frame, ...], list[str]] = {}
    for o in observables:
        frames = p.frames_of(artifact, artifact["observables"][o]["components"])
        groups.setdefault(frames, []).append(o)
    constants = groups.pop((), [])
    if constants:
        largest = max((f for f in groups if len(f) == 1), key=lambda f: len(groups[f]))
        groups[largest] += constants
    return groups


def _label(frames: Iterable[p.Frame]) -> str:
    return "+".join(f"{f.eft}-{f.scale:.6g}" for f in frames)


def _names(artifact: p.Artifact, observables: Sequence[str], name) -> list[str]:
    places = p.coefficients_of(artifact, p.components_of(artifact, observables))
    return sorted({name(artifact["variables"][i]) for i in places})


def _write_fixed(
    folder: Path, artifact: p.Artifact, term: Term, measured: Mapping[str, Any], common: Mapping[str, Any]
) -> None:
    names = _names(artifact, term.observables, p.fixed_name)
    basis = {"name": f"muobayes {stem(term)}", "parameters": {n: "C" for n in names}}
    document = p.document(
        artifact,
        term.observables,
        {"custom": {"name": basis["name"]}},
        NOMINAL_SCALE,
        parameters=names,
        jelli=True,
        **common,
    )
    _write_json(folder / "basis.json", basis)
    _write_json(folder / f"{stem(term)}.json", document)
    _write_json(folder / "measurements.json", measured)
    if term.theory_covariance is not None:
        observables = term.observables
        write_correlations(folder / "theory.hdf5", [observables], observables, term.theory_covariance)


def _wcxf(artifact: p.Artifact, frame: p.Frame, observables: Sequence[str]) -> dict[str, Any]:
    places = p.coefficients_of(artifact, p.components_of(artifact, observables))
    sectors = sorted({artifact["variables"][i][3] for i in places})
    basis: dict[str, Any] = {"eft": frame.eft, "basis": frame.basis}
    # all of the Warsaw basis without baryon and lepton number violation is one (super)sector
    return {"wcxf": basis | {"sectors": ["dB=dL=0"] if frame.eft == "SMEFT" else sectors}}


def _running(
    artifact: p.Artifact, frame: p.Frame, observables: Sequence[str], common: Mapping[str, Any]
) -> dict[str, Any]:
    return p.document(
        artifact,
        observables,
        _wcxf(artifact, frame, observables),
        frame.scale,
        parameters=_names(artifact, observables, p.wcxf_name),
        jelli=True,
        **common,
    )


def _standard(
    artifact: p.Artifact, frames: Sequence[p.Frame], observables: Sequence[str], common: Mapping[str, Any]
) -> dict[str, Any]:
    components = p.components_of(artifact, observables)
    by_component = [p.frames_of(artifact, [c]) for c in components]
    one_basis = len({f[:2] for f in frames}) == 1 and all(len(f) <= 1 for f in by_component)
    scale: float | list[float] = NOMINAL_SCALE
    if one_basis:
        scale = frames[0].scale if len(frames) == 1 else [(f or frames)[0].scale for f in by_component]
    return p.document(
        artifact,
        observables,
        _wcxf(artifact, frames[0], observables)
        if one_basis
        else {
            "custom": {"name": "muobayes", "parameters": "coefficient|EFT|scale in GeV, WCxf basis flavio"}
        },
        scale,
        parameters=_names(artifact, observables, p.wcxf_name if one_basis else p.fixed_name),
        jelli=False,
        **common,
    )


def _write_running_correlations(
    path: Path, terms: Sequence[Term], documents: Sequence[tuple[Term, list[str]]]
) -> None:
    """One file for all Gaussian terms, because jelli correlates all of them (here with zero between terms)."""
    gaussian = [t for t in terms if t.theory_covariance is not None]
    names = [o for t in gaussian for o in t.observables]
    covariance = block_diag(*(t.theory_covariance for t in gaussian))
    write_correlations(path, [o for t, o in documents if t.theory_covariance is not None], names, covariance)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False))
