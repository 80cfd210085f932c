"""Evidences are calibrated over 20 seeds: errors are neither too small nor too large.

With 20 pulls, the mean of a perfect estimator has a standard deviation of 0.22 and the width one of 0.16;
allowed are 4.
"""

import pytest
from calibration import calibrate
from targets import TARGETS

SEEDS = 20
MEAN, WIDTH = 4 * 0.22, 4 * 0.16


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 5, 10, 20])
@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("estimator", ["bridge", "nested"])
def test_pulls(estimator, name, n):
    c = calibrate(estimator, name, n, SEEDS)
    assert c.refused <= SEEDS / 2
    assert abs(c.pulls.mean()) < MEAN
    assert c.pulls.std(ddof=1) < 1 + WIDTH
