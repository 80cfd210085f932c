"""What a report says about soft constraints, on draws for which it is known."""

import arviz as az
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.report.constraints import constraint_table


def _data(log_weight, seed=3):
    """A flat prior x, y in (0, 1); the posterior is the prior times exp(log_weight(x))."""
    rng = np.random.default_rng(seed)
    x, y = rng.random((2, 1, 200_000))
    kept = rng.random(x.shape) < np.exp(log_weight(x))
    groups = {"prior": (x, y), "posterior": (x[kept][None], y[kept][None])}
    return az.from_dict(
        **{g: {"x": a, "y": b, "log_weight_wall": log_weight(a)} for g, (a, b) in groups.items()}
    )


def test_what_a_constraint_removes_and_moves():
    """w = exp(-2 x): below 1/2 from x = ln2/2; <w> = (1 - e^-2)/2; the means of x with and without it are known."""
    table = constraint_table(_data(lambda x: -2 * x), ("y", "x"))
    assert list(table.index) == ["wall", "all together"]
    row = table.loc["wall"]
    z = (1 - np.exp(-2)) / 2
    mean = (1 - 3 * np.exp(-2)) / 4 / z
    sd = np.sqrt((1 - 5 * np.exp(-2)) / 4 / z - mean**2)
    assert row.removed == pytest.approx(1 - np.log(2) / 2, abs=0.005)
    assert row.prior == pytest.approx(z, rel=0.01)
    assert row.posterior == pytest.approx((1 - np.exp(-4)) / 4 / z, rel=0.01)
    assert row.moved == "x"
    assert row["shift"] == pytest.approx((mean - 0.5) / sd, rel=0.02)
    assert row.prior_draws == pytest.approx(2e5 * z**2 / ((1 - np.exp(-4)) / 4), rel=0.01)


def test_a_constraint_that_is_satisfied_does_nothing():
    table = constraint_table(_data(np.zeros_like), ("x", "y"))
    assert (
        (table.removed == 0).all() and (table.posterior == 1).all() and (table["shift"].abs() < 1e-12).all()
    )


def test_a_run_without_constraints_is_told_so():
    draws = az.from_dict(prior={"x": np.zeros((1, 4))}, posterior={"x": np.zeros((1, 4))})
    with pytest.raises(InputError, match="no soft constraints"):
        constraint_table(draws, ("x",))
