"""Predictions and likelihoods against smelli's own numbers, at random points of the SMEFT."""

import json
from pathlib import Path

import numpy as np
import pytest

from muobayes.likelihood.dataset import load_dataset
from muobayes.likelihood.point import evaluate_point, read_gaussians


@pytest.fixture(scope="module")
def random_points():
    import os

    folder = Path(os.environ.get("MUOBAYES_ORACLES", Path(__file__).parents[3] / "shared" / "oracles")) / "likelihood"
    if not folder.is_dir():
        pytest.skip(f"the check numbers are not at {folder} (set MUOBAYES_ORACLES)")
    return folder, json.loads((folder / "random_points.json").read_text())


def _point(document, entry, mode, gaussians, dataset):
    values = {name: complex(*v) for name, v in entry["wcs"].items()}
    result = evaluate_point(
        dataset,
        values,
        document["scale_GeV"],
        gaussians=gaussians,
        accuracy=mode,
        ckm="refit",
        smelli_compatible=True,
    )
    return result, entry[mode]


def _points(document):
    return [(e, m) for e in document["points"] for m in ("leadinglog", "integrate") if e.get(m)]


def test_every_prediction_is_smellis(random_points):
    """1e-3 relative or one per cent of the uncertainty, for all observables at all points."""
    _, document = random_points
    dataset = load_dataset("current")
    failures = []
    for entry, mode in _points(document):
        result, reference = _point(document, entry, mode, None, dataset)
        for key, expected in zip(document["observables"], reference["predictions"], strict=True):
            o = result["observables"][key]
            sigma = np.hypot(o["sigma_exp"], o["sigma_th"])
            deviation = abs(o["prediction"] - expected)
            if deviation > 1e-3 * abs(expected) and deviation > 0.01 * sigma:
                failures.append((entry["index"], mode, key, o["prediction"], expected, deviation / sigma))
    assert not failures, failures[:20]


def test_every_term_is_smellis(random_points):
    """|Delta(-2 log L)| <= 0.1 for every term that smelli can evaluate, with smelli's own Gaussians."""
    folder, document = random_points
    dataset = load_dataset("current")
    gaussians = read_gaussians(folder / document["fast_gaussian_file"], dataset)
    failures = []
    for entry, mode in _points(document):
        result, reference = _point(document, entry, mode, gaussians, dataset)
        for name, expected in reference["delta_log_likelihood"].items():
            if expected is None or name == "global":
                continue
            deviation = 2 * abs(result["log_likelihood"][name] - expected)
            if deviation > 0.1:
                failures.append((entry["index"], mode, name, result["log_likelihood"][name], expected))
    assert not failures, failures
