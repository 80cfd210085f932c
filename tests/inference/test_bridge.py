"""The fitted proposal, and when bridge sampling refuses."""

import jax
import numpy as np
import pytest
from scipy import integrate
from targets import TARGETS, make

from muobayes.inference.bridge import bridge_evidence
from muobayes.inference.mixture import fit_mixture
from muobayes.inference.symmetry import sign_symmetry
from muobayes.priors.spec import Normal, Uniform


def _two_modes(random, m=3000):
    side = random.random(m) < 0.3
    return np.where(side, -4.0, 3.0)[:, None] + random.normal(size=(m, 1)) * np.where(side, 0.5, 1.0)[:, None]


def test_mixture_is_normalised_and_finds_both_modes():
    mixture = fit_mixture(_two_modes(np.random.default_rng(0)), np.random.default_rng(1))

    def on_a_circle(angle):  # z = tan(angle): the tails end
        z = np.tan(angle)
        return np.exp(mixture.log_prob(np.array([[z]]))[0]) * (1 + z**2)

    edge = np.pi / 2 - 1e-9
    total, _ = integrate.quad(on_a_circle, -edge, edge, points=np.arctan([-4, 3]), limit=200)
    assert total == pytest.approx(1, abs=1e-6)
    gaussians = mixture.means[:-1, 0]
    assert np.abs(gaussians + 4).min() < 0.1 and np.abs(gaussians - 3).min() < 0.1


def test_mixture_samples_its_own_density():
    """E[1/q] over a region is its volume; 4 standard errors."""
    mixture = fit_mixture(_two_modes(np.random.default_rng(0)), np.random.default_rng(1))
    z = mixture.sample(np.random.default_rng(2), 20000)
    inside = np.abs(z[:, 0]) < 5
    inverse = np.where(inside, np.exp(-mixture.log_prob(z)), 0.0)
    assert abs(inverse.mean() - 10) < 4 * inverse.std() / np.sqrt(len(z))


def test_evidence_of_independent_draws_is_exact_within_its_error():
    """Draws made directly, of a triangle in a box: no sampler involved; 4 standard errors."""
    posterior = make({"x": Uniform(low=0, high=2)}, lambda x: jax.numpy.log(x[0]))
    random = np.random.default_rng(0)
    x = 2 * np.sqrt(random.random((4, 1000, 1)))
    z = np.asarray(jax.vmap(jax.vmap(posterior.prior.to_unconstrained))(x))
    result = bridge_evidence(posterior, z, sign_symmetry(posterior, jax.random.key(0)), 1)
    assert result.log_z_error < 0.01
    assert abs(result.log_z) < 4 * result.log_z_error


def test_one_mirror_image_suffices():
    """Draws from one image only, or from both: the evidence counts the full prior volume either way."""
    target = TARGETS["mirrored"](2)
    symmetry = sign_symmetry(target.posterior, jax.random.key(0))
    random = np.random.default_rng(0)
    x = 1 + 0.1 * random.normal(size=(4, 1000, 2))
    for signs in (1.0, np.where(random.random((4, 1000, 1)) < 0.5, -1.0, 1.0)):
        z = np.asarray(jax.vmap(jax.vmap(target.posterior.prior.to_unconstrained))(x * signs))
        result = bridge_evidence(target.posterior, z, symmetry, 1)
        assert abs(result.log_z - target.log_z) < 4 * result.log_z_error < 0.05


def test_draws_that_miss_the_bulk_are_refused_with_a_reason():
    """A likelihood that grows tenfold where the chains never were."""
    posterior = make({"x": Uniform(low=-10, high=10)}, lambda x: -jax.numpy.abs(x[0]) / 2)
    z = np.random.default_rng(0).normal(0, 0.01, (4, 1000, 1))
    result = bridge_evidence(posterior, z, sign_symmetry(posterior, jax.random.key(0)), 1)
    assert np.isnan(result.log_z) and result.k_hat > 0.7
    assert "misses part of the posterior" in result.refusal


def test_a_posterior_that_is_not_a_number_somewhere_is_refused_with_a_reason():
    """Where the tails of the proposal look, not the draws."""
    posterior = make({"x": Uniform(low=-10, high=10)}, lambda x: jax.numpy.sqrt(25 - x[0] ** 2))
    z = np.random.default_rng(0).normal(0, 0.3, (4, 1000, 1))
    result = bridge_evidence(posterior, z, sign_symmetry(posterior, jax.random.key(0)), 1)
    assert np.isnan(result.log_z)
    assert "not a number at" in result.refusal


def test_a_likelihood_that_overflows_where_the_prior_is_nothing_does_not_matter():
    """A Gaussian prior and a likelihood that is inf - inf beyond 1e3 of its standard deviations."""
    posterior = make(
        {"x": Normal(mean=0, sd=1)}, lambda x: 0.0 * jax.numpy.where(abs(x[0]) > 1e3, np.inf, 0.0)
    )
    z = np.random.default_rng(0).normal(0, 1, (4, 2000, 1))
    result = bridge_evidence(posterior, z, sign_symmetry(posterior, jax.random.key(0)), 1)
    assert abs(result.log_z) < 4 * result.log_z_error < 0.05
