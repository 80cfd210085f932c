"""NUTS and nested sampling see the same numbers; a posterior that samplers cannot use is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.inference.evaluation import check_posterior
from muobayes.inference.nested import run_nested
from muobayes.inference.nuts import run_nuts
from muobayes.inference.posterior import Posterior
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import Fixed, LogUniform, Normal, Periodic, Uniform

PRIOR = prior_set(
    {
        "eta": Uniform(low=-2, high=2),
        "M": LogUniform(low=1e3, high=1e4),
        "phase": Periodic(low=0, high=2 * np.pi),
        "nuisance": Normal(mean=0, sd=1),
    }
)


def _terms(x):
    return {"a": -(x[0] ** 2) * 1e3 / x[1], "b": jnp.cos(x[2]) - x[3] ** 2}


def _posterior(**changes):
    parts = {"prior": PRIOR, "log_likelihood": lambda x: sum(_terms(x).values()), "terms": _terms}
    return Posterior(**(parts | changes))


def test_both_samplers_see_the_same_numbers():
    posterior = _posterior()
    z = PRIOR.sample_unconstrained(jax.random.key(0), (200,))
    nuts = -jax.jit(jax.vmap(posterior.potential))(z)
    nested = jax.jit(jax.vmap(posterior.log_prior_unconstrained))(z)
    nested += jax.jit(jax.vmap(posterior.log_likelihood_unconstrained))(z)
    np.testing.assert_allclose(nuts, nested, rtol=0, atol=1e-10)
    x = jax.vmap(posterior.constrain)(z)
    direct = jax.vmap(posterior.log_likelihood)(x)
    unconstrained = jax.vmap(posterior.log_likelihood_unconstrained)(z)
    np.testing.assert_allclose(direct, unconstrained, rtol=0, atol=1e-10)


def test_good_posterior_passes():
    check_posterior(_posterior(), jax.random.key(0))


def test_infinite_likelihood_is_named():
    with pytest.raises(InputError, match=r"log-posterior is nan at eta = .*, M = "):
        check_posterior(_posterior(log_likelihood=lambda x: jnp.log(x[0] - 3)), jax.random.key(0))


def test_infinite_gradient_is_named():
    spike = _posterior(log_likelihood=lambda x: jnp.sqrt(jnp.maximum(x[0] - 3, 0)), terms=lambda x: {})
    with pytest.raises(InputError, match="gradient of the log-posterior along eta"):
        check_posterior(spike, jax.random.key(0))


def test_terms_that_do_not_add_up_are_refused():
    with pytest.raises(InputError, match="terms add up to"):
        check_posterior(_posterior(terms=lambda x: {"a": _terms(x)["a"]}), jax.random.key(0))


@pytest.mark.parametrize("run", [run_nuts, run_nested])
def test_nothing_to_sample_is_one_sentence(run):
    fixed = Posterior(prior_set({"M": Fixed(value=1)}), lambda x: jnp.array(-2.5), lambda x: {})
    with pytest.raises(InputError, match=r"every parameter of the model is fixed.*ln Z = -2\.5"):
        run(fixed, None, 1)
