"""Jumps leave the posterior invariant and give separate modes their weights."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.inference.jumps import draw_jumps, scout, try_jump
from muobayes.inference.mixture import fit_mixture
from muobayes.inference.modes import weigh_modes
from muobayes.inference.nested import NestedOptions, run_nested
from muobayes.inference.nuts import NutsOptions, run_nuts
from muobayes.inference.posterior import Posterior
from muobayes.inference.symmetry import fold_signs, sign_symmetry
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import Uniform

HEAVY = 0.8
NAMES = ("a", "b")


def _two_islands(symmetric: bool = False) -> Posterior:
    """Two narrow Gaussians in a, 60 widths apart, with weights 0.8 and 0.2; with a mirror image in b if asked."""
    prior = prior_set({name: Uniform(low=-10, high=10) for name in NAMES})

    def log_likelihood(x):
        a, b = x[0], jnp.abs(x[1]) - 4 if symmetric else x[1]
        first = jnp.log(HEAVY) - 0.5 * ((a + 3) / 0.1) ** 2
        second = jnp.log(1 - HEAVY) - 0.5 * ((a - 3) / 0.1) ** 2
        return jnp.logaddexp(first, second) - 0.5 * (b / 0.5) ** 2

    symmetries = (("b",),) if symmetric else ()
    return Posterior(prior, log_likelihood, lambda x: {"all": log_likelihood(x)}, symmetries=symmetries)


@pytest.mark.parametrize("symmetric", [False, True])
def test_modes_get_their_weights(symmetric):
    posterior = _two_islands(symmetric)
    symmetry = sign_symmetry(posterior, jax.random.key(0))
    nested = run_nested(
        posterior, NestedOptions(live=200, runs=2, steps_per_dimension=3), seed=1, show_progress=False
    )
    options = NutsOptions(chains=2, warmup=300, draws=1500)
    scouted = scout(posterior, symmetry, nested, 1, options.chains, options.warmup + options.draws)
    start = jnp.tile(jnp.asarray(posterior.prior.to_unconstrained(jnp.array([3.0, 4.0]))), (2, 1))
    draws = run_nuts(posterior, options, 1, start=start, jumps=scouted.chains, show_progress=False)
    x = np.asarray(jax.vmap(jax.vmap(posterior.constrain))(draws.z))
    heavy = (x[..., 0] < 0).mean()
    assert heavy == pytest.approx(HEAVY, abs=0.05)
    if symmetric:
        assert (x[..., 1] > 0).mean() == pytest.approx(0.5, abs=0.05)
    assert 0.1 < draws.jumped.mean() < 1

    folded = fold_signs(symmetry, x, NAMES).x
    points = fold_signs(symmetry, np.asarray(jax.vmap(posterior.constrain)(scouted.z)), NAMES, like=x).x
    modes = weigh_modes(posterior.prior, folded, points, scouted.log_weight, scouted.drift)
    assert len(modes) == 2
    for mode, weight in zip(modes, (HEAVY, 1 - HEAVY)):
        assert abs(mode.weight - weight) < 4 * mode.error + 0.01
        assert abs(mode.nested_weight - weight) < 4 * mode.nested_error + 0.02
    assert modes[0].median["a"] == pytest.approx(-3, abs=0.1)


def test_error_of_a_mode_is_its_scatter():
    """Walkers do not cross from island to island, so that the shares of the live points drift."""
    posterior = _two_islands(symmetric=True)
    options = NestedOptions(live=100, runs=1, steps_per_dimension=2, batch=50)
    pulls = []
    for seed in range(40):
        found = run_nested(posterior, options, seed, show_progress=False)
        inside = np.asarray(jax.vmap(posterior.constrain)(found.z))[:, 0] < 0
        weight = np.exp(found.log_weight)
        error = np.sqrt(HEAVY * (1 - HEAVY) * (np.sum(weight**2) + found.drift))
        pulls.append((weight[inside].sum() - HEAVY) / error)
    # 40 pulls: 4 standard deviations of their mean and of their width.
    assert abs(np.mean(pulls)) < 4 / np.sqrt(40)
    assert abs(np.std(pulls, ddof=1) - 1) < 4 / np.sqrt(80)


def test_without_jumps_a_chain_stays_where_it_starts():
    posterior = _two_islands()
    start = jnp.asarray(posterior.prior.to_unconstrained(jnp.array([3.0, 0.0])))[None]
    draws = run_nuts(
        posterior, NutsOptions(chains=1, warmup=200, draws=200), 1, start=start, show_progress=False
    )
    assert not draws.jumped.any()
    assert (np.asarray(jax.vmap(posterior.constrain)(draws.z[0]))[:, 0] > 0).all()


def test_a_bad_proposal_is_harmless():
    """A proposal far too wide for the target: accepted rarely, and the stationary distribution stays."""
    prior = prior_set({"a": Uniform(low=-10, high=10)})

    def log_likelihood(x):
        return -0.5 * (x[0] / 0.3) ** 2

    posterior = Posterior(prior, log_likelihood, lambda x: {"all": log_likelihood(x)})
    random = np.random.default_rng(1)
    mixture = fit_mixture(random.normal(0.5, 1.0, (2000, 1)), random)
    jumps = draw_jumps(mixture, np.ones((1, 1)), jax.random.key(3), 20000)

    class State(dict):
        __getattr__ = dict.__getitem__

        def _replace(self, **changes):
            return State(self | changes)

    def step(state, i):
        moved, accepted = try_jump(posterior, jumps, i, State(state))
        return dict(moved), (moved["z"][0], accepted)

    z = jnp.zeros(1)
    first = {"z": z, "potential_energy": posterior.potential(z), "z_grad": jax.grad(posterior.potential)(z)}
    _, (z, accepted) = jax.lax.scan(step, first, jnp.arange(20000))
    x = np.asarray(jax.vmap(lambda z: posterior.constrain(z[None])[0])(z))
    assert 0.01 < accepted.mean() < 0.5
    assert x.std() == pytest.approx(0.3, rel=0.05)
    assert x.mean() == pytest.approx(0.0, abs=0.02)
