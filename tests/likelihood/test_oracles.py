"""Predictions and likelihoods against smelli's own numbers, at random points of the SMEFT."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from smelli_terms import comparisons

# One point in every run of the tests (both accuracies); the others, at 10 s each, with the slow tests.
POINTS = [
    pytest.param(0, id="point0"),
    *(pytest.param(i, id=f"point{i}", marks=pytest.mark.slow) for i in range(1, 6)),
]


@functools.cache
def _comparison(folder: Path, index: int):
    """(point and accuracy, ours, smelli's) of a point, the Gaussians those of the stored numbers."""
    number = len(json.loads((folder / "random_points.json").read_text())["points"])
    if index >= number:
        pytest.skip(f"the check numbers have {number} points")
    return list(comparisons(folder, [index]))


@pytest.mark.parametrize("index", POINTS)
def test_every_prediction_is_smellis(oracles, index):
    """1e-3 relative or one per cent of the uncertainty, for all observables."""
    comparison = _comparison(oracles / "likelihood", index)
    failures = []
    for accuracy, ours, reference in comparison:
        for key, expected in reference["predictions"].items():
            o = ours["observables"][key]
            sigma = np.hypot(o["sigma_exp"], o["sigma_th"])
            deviation = abs(o["prediction"] - expected)
            if deviation > 1e-3 * abs(expected) and deviation > 0.01 * sigma:
                failures.append((accuracy, key, o["prediction"], expected, deviation / sigma))
    assert not failures, failures[:20]


@pytest.mark.parametrize("index", POINTS)
def test_every_term_is_smellis(oracles, index):
    """|Delta(-2 log L)| <= 0.1 for every term that smelli can evaluate, with smelli's own Gaussians."""
    comparison = _comparison(oracles / "likelihood", index)
    failures = []
    for accuracy, ours, reference in comparison:
        for name, expected in reference["delta_log_likelihood"].items():
            if expected is None or name == "global":
                continue
            deviation = 2 * abs(ours["log_likelihood"][name] - expected)
            if deviation > 0.1:
                failures.append((accuracy, name, ours["log_likelihood"][name], expected))
    assert not failures, failures
