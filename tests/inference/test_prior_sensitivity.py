"""Widened priors against evidences in closed form."""

import math

import numpy as np
import pytest

from muobayes.inference.prior_sensitivity import prior_sensitivity, widened
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import LogNormal, LogUniform, Normal, Periodic, Uniform


def test_flat_priors_cost_the_logarithm_of_their_width():
    prior = prior_set({"eta": Uniform(low=-1, high=1), "M": LogUniform(low=1e3, high=1e5)})
    random = np.random.default_rng(0)
    x = np.stack(
        [random.normal(0.2, 0.05, (4, 500)), np.exp(random.normal(math.log(1e4), 0.1, (4, 500)))], axis=-1
    )
    rows = prior_sensitivity(prior, x, {"couplings": ["eta", "kappa"], "masses": ["M"], "all": ["eta", "M"]})
    assert [(r.group, r.factor) for r in rows][:3] == [("couplings", 2), ("couplings", 10), ("masses", 2)]
    expected = [-math.log(2), -math.log(10)] * 2 + [-2 * math.log(2), -2 * math.log(10)]
    np.testing.assert_allclose([r.delta_log_z for r in rows], expected, rtol=1e-9)
    assert all(r.caveat == "" and r.error == 0 for r in rows)


def test_gaussian_prior_against_its_closed_form():
    """Likelihood N(1, 0.5), prior N(0, s): Z = N(1; 0, s^2 + 0.25). 4 standard errors."""

    def log_z(s):
        return -0.5 * (1 / (s**2 + 0.25) + math.log(2 * math.pi * (s**2 + 0.25)))

    random = np.random.default_rng(0)
    x = 0.8 + math.sqrt(0.2) * random.normal(size=(4, 2000, 1))
    for row in prior_sensitivity(prior_set({"a": Normal(mean=0, sd=1)}), x, {"couplings": ["a"]}):
        assert row.caveat == ""
        assert abs(row.delta_log_z - (log_z(row.factor) - log_z(1))) < 4 * row.error


def test_posterior_at_the_end_of_its_prior_is_a_lower_bound():
    x = np.random.default_rng(0).random((4, 500, 1))
    (row,) = prior_sensitivity(prior_set({"a": Uniform(low=-1, high=1)}), x, {"couplings": ["a"]}, (2.0,))
    assert "lower bound" in row.caveat and "prior of a" in row.caveat


@pytest.mark.parametrize(
    "spec, wide",
    [
        (Uniform(low=-1, high=3), Uniform(low=-3, high=5)),
        (Uniform(low=0, high=3), Uniform(low=0, high=6)),
        (LogUniform(low=1, high=100), LogUniform(low=0.1, high=1000)),
        (Normal(mean=1, sd=2, low=0), Normal(mean=1, sd=4, low=0)),
        (LogNormal(median=3, sd=0.5), LogNormal(median=3, sd=1)),
        (Periodic(low=0, high=1), Periodic(low=0, high=1)),
    ],
)
def test_twice_as_wide(spec, wide):
    result = widened(spec, 2)
    assert type(result) is type(wide)
    assert result.model_dump() == pytest.approx(wide.model_dump())
