"""Calibration passes for a correct likelihood and catches one whose errors are 1.3 times too large."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.inference.posterior import Posterior
from muobayes.inference.sbc import simulation_based_calibration, uniformity
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import Normal, Uniform

PRIOR = prior_set({"a": Normal(mean=0, sd=1), "b": Uniform(low=-1, high=1)})
DESIGN = jnp.asarray(np.random.default_rng(0).normal(size=(12, 2)))
ERROR = 0.3


def _simulate(key, x):
    return DESIGN @ x + ERROR * jax.random.normal(key, (12,))


def _posterior_with(scale):
    def posterior_of(data):
        def log_likelihood(x):
            return -0.5 * jnp.sum(((data - DESIGN @ x) / (scale * ERROR)) ** 2)

        return Posterior(PRIOR, log_likelihood, lambda x: {"all": log_likelihood(x)})

    return posterior_of


@pytest.mark.parametrize("scale, passes", [(1.0, True), (1.3, False)])
def test_correct_likelihood_passes_and_broken_one_is_caught(scale, passes):
    """False-alarm rate 1e-3 over all quantities, fixed seed."""
    result = simulation_based_calibration(
        PRIOR, _simulate, _posterior_with(scale), 1, simulations=200, thin=2, warmup=150
    )
    assert result.names == ("a", "b", "log likelihood") and result.ranks.shape == (200, 3)
    assert result.passed is passes, result.sentence
    assert ("passed" if passes else "FAILED") in result.sentence


def test_uniformity_has_its_false_alarm_rate():
    """2000 uniform samples: the corrected p-value is below 5 % at most about 5 % of the time (4 sigma)."""
    random = np.random.default_rng(0)
    alarms = np.mean([uniformity(random.integers(0, 100, 200), 99) < 0.05 for _ in range(2000)])
    assert alarms < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 2000)


DISTORTIONS = {
    "bias": lambda u: u**1.6,
    "width": lambda u: 0.5 + (u - 0.5) * 0.8,
    "clumps": lambda u: np.floor(4 * u) / 4 + 0.125,
}


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_bias_width_and_clumps_are_seen(distortion):
    u = np.random.default_rng(0).random(300)
    assert uniformity((DISTORTIONS[distortion](u) * 100).astype(int), 99) < 1e-3
