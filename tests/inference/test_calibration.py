"""Evidences are calibrated over 20 seeds in 2 to 20 dimensions: errors are neither too small nor too large.

The goal is a mean of the pulls within 0.3 and a width of 0.8 to 1.3. The 20 pulls of one dimension know the mean of a
perfect estimator to 0.22 and its width to 0.16, so that one in four would miss the goal by chance: it is asserted for
the 80 pulls of a target, and what 20 pulls can tell (4 standard deviations beyond a perfect estimator) for each
dimension. Hours of work: the environment variable MUOBAYES_CALIBRATION may name a file that keeps every estimate
(`calibration.py`).
"""

import os
from pathlib import Path

import numpy as np
import pytest
from calibration import calibrate

FILE = Path(given) if (given := os.environ.get("MUOBAYES_CALIBRATION")) else None
SEEDS = range(20)
DIMENSIONS = (2, 5, 10, 20)
MEAN, NARROW, WIDE = 0.3, 0.8, 1.3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian", "correlated", "skewed", "bimodal", "banana"])
@pytest.mark.parametrize("estimator", ["bridge", "nested"])
def test_pulls(estimator, name):
    found = [calibrate(estimator, name, n, SEEDS, FILE) for n in DIMENSIONS]
    assert [c.refused for c in found] == [0] * len(found)
    for c in found:
        assert abs(c.pulls.mean()) < 4 / np.sqrt(len(c.pulls))
        assert c.pulls.std(ddof=1) < 1 + 4 / np.sqrt(2 * len(c.pulls))
    pulls = np.concatenate([c.pulls for c in found])
    assert abs(pulls.mean()) < MEAN
    assert NARROW < pulls.std(ddof=1) < WIDE
