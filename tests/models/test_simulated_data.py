"""Posteriors of three models of the catalogue are calibrated; errors 1.3 times too large are caught by the same test."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from simulated import CARDS, Simulator

from muobayes.runcard import RunCard


@pytest.fixture(scope="module", params=CARDS)
def simulator(request):
    return Simulator(RunCard.from_dict({"dataset": "paper2021", **CARDS[request.param]}))


@pytest.mark.slow
@pytest.mark.parametrize("errors, passes", [(1.0, True), (1.3, False)])
def test_ranks_of_the_truth(simulator, errors, passes):
    """False-alarm rate 1e-3 over all quantities, fixed seed."""
    result = simulator.calibrate(150, errors)
    assert result.passed is passes, result.sentence


@pytest.mark.slow
@pytest.mark.parametrize("errors, holds", [(1.0, True), (1.3, False)])
def test_slope_at_the_truth_has_the_variance_of_the_curvature(simulator, errors, holds):
    """Over data drawn from the likelihood: E[g] = 0 and E[g^2] = -E[H]; 4 standard errors of 400 data."""
    x = simulator.prior.sample(jax.random.key(3))

    def slopes(key):
        log_likelihood = simulator.posterior(simulator.simulate(key, x), errors).log_likelihood
        return jax.grad(log_likelihood)(x), jnp.diagonal(jax.hessian(log_likelihood)(x))

    keys = jax.random.split(jax.random.key(4), 400)
    gradient, curvature = map(np.asarray, jax.jit(lambda k: jax.lax.map(slopes, k, batch_size=50))(keys))
    assert (abs(gradient.mean(0)) < 4 * gradient.std(0) / 20).all()
    excess = gradient**2 + curvature
    assert (abs(excess.mean(0)) < 4 * excess.std(0) / 20).all() == holds
