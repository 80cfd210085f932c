"""Importance sampling: the evidence and draws of a Gaussian, through a mixture, adaptation, and refusals."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from muobayes.errors import InputError
from muobayes.inference.diagnostics import diagnose_weights
from muobayes.inference.importance import (
    ImportanceOptions,
    WeightedPoints,
    run_importance,
    weighted_points,
)
from muobayes.inference.posterior import Posterior, Proposal
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import Uniform

PRIOR = prior_set({"a": Uniform(low=-1, high=1), "b": Uniform(low=-1, high=1)})
MEAN, SD = np.array([0.3, -0.2]), np.array([0.02, 0.1])
# the posterior is cut by nothing: its evidence is the Gaussian's mass over the area of the prior
LOG_Z = np.log(2 * np.pi * SD.prod() / 4)


def _terms(x):
    return {"data": -0.5 * jnp.sum(((x - MEAN) / SD) ** 2)}


def _from_halves(component, u):
    """Component 0 proposes the whole square, component 1 its right half only: both overlap there."""
    x = jnp.stack([jnp.where(component == 0, 2 * u[0] - 1, u[0]), 2 * u[1] - 1])
    density = (0.25 + jnp.where(x[0] > 0, 0.5, 0.0)) / 2
    # some points do not exist, and their x is not finite everywhere it could be
    return x, jnp.where(u[2] < 0.5, jnp.log(density / 2), jnp.inf)


def _posterior(draw=_from_halves):
    return Posterior(PRIOR, lambda x: _terms(x)["data"], _terms, proposal=Proposal(2, 3, draw))


@pytest.fixture(scope="module")
def result():
    return run_importance(
        _posterior(), ImportanceOptions(proposals=20_000, draws=500), 1, show_progress=False
    )


def test_evidence_within_its_error(result):
    points = result.points
    assert points.log_z_error < 0.02
    assert abs(points.log_z - LOG_Z) < 4 * points.log_z_error


def test_errors_have_the_right_size():
    """Thirty estimates: their pulls have a width of one (95 % of chi-squared)."""
    posterior = _posterior()
    found = [
        weighted_points(posterior, 2000, np.random.default_rng(k), show_progress=False) for k in range(30)
    ]
    pulls = np.array([(p.log_z - LOG_Z) / p.log_z_error for p in found])
    assert 16.8 < np.square(pulls).sum() < 47.0


def test_adaptation_pays(result):
    """Of the points of the unadapted proposal some one in thirty is worth a draw."""
    plain = np.random.default_rng(0).random((20_000, 2)) * 2 - 1
    weights = np.exp(-0.5 * np.square((plain - MEAN) / SD).sum(1))
    assert result.points.effective > 5 * weights.sum() ** 2 / np.square(weights).sum()


def test_draws_are_those_of_the_posterior(result):
    x = np.asarray(PRIOR.from_unconstrained(jnp.asarray(result.z[0, 0]))[0])
    assert -result.potential[0, 0] == pytest.approx(
        float(_posterior().log_prior_unconstrained(jnp.asarray(result.z[0, 0])) + _terms(x)["data"])
    )
    draws = 2 / (1 + np.exp(-result.z.reshape(-1, 2))) - 1
    assert result.z.shape == (4, 500, 2)
    # independent draws: a standard error of 1/sqrt(2000), at four standard deviations
    assert np.abs((draws.mean(0) - MEAN) / SD).max() < 4 / np.sqrt(2000)
    inside = np.mean(np.abs(draws[:, 0] - MEAN[0]) < SD[0])
    expected = norm.cdf(1) - norm.cdf(-1)
    assert abs(inside - expected) < 4 * np.sqrt(expected * (1 - expected) / 2000)
    assert result.distinct > 1500


def test_same_seed_same_draws(result):
    again = run_importance(
        _posterior(), ImportanceOptions(proposals=20_000, draws=500), 1, show_progress=False
    )
    assert np.array_equal(again.z, result.z)


def test_good_weights_give_no_warning_and_heavy_ones_do(result):
    x = 2 / (1 + np.exp(-result.z)) - 1
    assert diagnose_weights(PRIOR.names, x, result, PRIOR.turns).warnings == ()
    tail = np.random.default_rng(0).pareto(0.5, 5000)
    heavy = result._replace(points=WeightedPoints(np.zeros((5000, 2)), np.log(tail)), k_hat=2.0)
    warnings = diagnose_weights(PRIOR.names, x, heavy, PRIOR.turns).warnings
    assert any("k-hat is 2.00 > 0.7" in w for w in warnings)
    assert any("independent draws, less than 400" in w for w in warnings)


def test_refusals():
    without = Posterior(PRIOR, lambda x: _terms(x)["data"], _terms)
    with pytest.raises(InputError, match="offers no proposal for 'importance'; use 'nuts'"):
        run_importance(without, ImportanceOptions(), 1, show_progress=False)
    nowhere = _posterior(lambda component, u: (u[:2], jnp.inf))
    with pytest.raises(InputError, match=r"none of the points .* lies inside the priors"):
        run_importance(nowhere, ImportanceOptions(proposals=1000), 1, show_progress=False)
