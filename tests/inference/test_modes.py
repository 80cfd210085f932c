"""Modes are divided by valleys of the posterior, and by nothing that a sampler has found."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from targets import make

from muobayes.inference.jumps import scout
from muobayes.inference.modes import weigh_modes
from muobayes.inference.nested import NestedOptions, run_nested
from muobayes.inference.nuts import NutsOptions, run_nuts
from muobayes.inference.symmetry import sign_symmetry
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import LogUniform, Periodic, Uniform

BOX = Uniform(low=-10, high=10)


def _modes(prior, x):
    """Of independent draws (m, n), in four chains; they stand for the points of nested sampling, too."""
    chains = x[: len(x) // 4 * 4].reshape(4, -1, x.shape[-1])
    return weigh_modes(prior, chains, x, np.full(len(x), -np.log(len(x))), 0.0)


def _log_likelihood(x):
    """Two windows in a mass m, which meet in a plateau at small couplings g that holds half of the posterior."""
    log_m, log_g = jnp.log(x[0]), jnp.log(x[1])
    wanted = jnp.logaddexp(-0.5 * ((log_g - 0.3 * (log_m - 4)) / 0.2) ** 2, -5.0)
    excluded = jnp.exp(-0.5 * ((log_m - 4.2) / 0.25) ** 2) + (log_m - 4.2) ** 2 / 10
    return wanted - 20 * excluded * jax.nn.sigmoid((log_g + 3) / 0.2)


WINDOWS = make({"m": LogUniform(low=1.0, high=1000.0), "g": LogUniform(low=1e-3, high=10.0)}, _log_likelihood)
LOG_M, LOG_G = np.linspace(0, np.log(1000), 801), np.linspace(np.log(1e-3), np.log(10), 801)


@pytest.fixture(scope="module")
def density():
    """Of the windows, on the grid of ln m and ln g; the prior is flat there."""
    points = jnp.exp(jnp.stack(jnp.meshgrid(LOG_M, LOG_G, indexing="ij"), axis=-1))
    density = np.exp(np.asarray(jax.jit(jax.vmap(jax.vmap(_log_likelihood)))(points)))
    return density / density.sum()


def _truth(density, mode):
    """What the exact posterior holds within the ends of a mode."""
    inside = np.ones(density.shape, bool)
    for name, along in (("m", LOG_M[:, None]), ("g", LOG_G[None])):
        low, high = np.log(mode.ends.get(name, (1e-9, 1e9)))
        inside &= (along >= low) & (along < high)
    return float(density[inside].sum())


def test_windows_that_meet_are_divided_where_the_posterior_is_thin(density):
    """A division by components fitted to draws gave one mode, or two with 0.78 and 0.22, depending on the seed."""
    for seed in range(10):
        random = np.random.default_rng(seed)
        i = random.choice(density.size, 4000, p=density.ravel())
        x = np.exp(np.stack([LOG_M[i // len(LOG_G)], LOG_G[i % len(LOG_G)]], axis=-1))
        plateau, *windows = _modes(WINDOWS.prior, x)
        low, high = sorted(windows, key=lambda mode: mode.median["m"])
        assert plateau.ends == {"g": (1e-3, pytest.approx(0.13, rel=0.3))}
        assert low.ends["m"] == (1.0, high.ends["m"][0]) and high.ends["m"][1] == 1000.0
        assert low.ends["m"][1] == pytest.approx(66, rel=0.1)
        for mode in (plateau, low, high):
            assert mode.weight == pytest.approx(_truth(density, mode), abs=4 * mode.error)


@pytest.mark.slow
def test_both_samplers_weigh_the_windows(density):
    symmetry = sign_symmetry(WINDOWS, jax.random.key(0))
    options = NutsOptions(chains=2, warmup=300, draws=2000)
    of_nested = NestedOptions(live=200, runs=2, steps_per_dimension=3)
    pulls = []
    for seed in range(8):
        nested = run_nested(WINDOWS, of_nested, seed, show_progress=False)
        scouted = scout(WINDOWS, symmetry, nested, seed, options.chains, options.warmup + options.draws)
        draws = run_nuts(WINDOWS, options, seed, jumps=scouted.chains, show_progress=False)
        x = np.asarray(jax.vmap(jax.vmap(WINDOWS.constrain))(draws.z))
        points = np.asarray(jax.vmap(WINDOWS.constrain)(nested.z))
        modes = weigh_modes(WINDOWS.prior, x, points, nested.log_weight, nested.drift)
        assert len(modes) == 3
        for mode in modes:
            truth = _truth(density, mode)
            pulls += [(mode.weight - truth) / mode.error, (mode.nested_weight - truth) / mode.nested_error]
    # The weights of a run add up to one, and the drift is the worst case: 32 pulls of at most unit width.
    assert np.abs(pulls).max() < 4
    assert np.sqrt(np.mean(np.square(pulls))) < 1.5


def test_islands_in_two_parameters_are_found_one_after_another():
    random = np.random.default_rng(1)
    weights = np.array([0.5, 0.3, 0.2])
    island = random.choice(3, 4000, p=weights)
    x = np.array([[-5, -5], [5, -5], [5, 5]])[island] + random.normal(0, 0.2, (4000, 2))
    modes = _modes(prior_set({"a": BOX, "b": BOX}), x)
    assert [m.weight for m in modes] == pytest.approx([np.mean(island == k) for k in range(3)])
    assert [m.nested_weight for m in modes] == pytest.approx([m.weight for m in modes])
    assert set(modes[0].ends) == {"a"} or set(modes[0].ends) == {"a", "b"}


def test_mode_on_the_cut_of_a_circle_is_one():
    random = np.random.default_rng(2)
    x = np.where(random.uniform(size=4000) < 0.6, 0.0, 2.5) + random.normal(0, 0.2, 4000)
    prior = prior_set({"phase": Periodic(low=0, high=2 * np.pi)})
    heavy, light = _modes(prior, np.mod(x, 2 * np.pi)[:, None])
    assert heavy.weight == pytest.approx(0.6, abs=0.03) and light.weight == pytest.approx(0.4, abs=0.03)
    (begin, end), (other_begin, other_end) = heavy.ends["phase"], light.ends["phase"]
    assert begin > end and other_begin < 2.5 < other_end
    assert (begin, end) == pytest.approx((other_end, other_begin))


@pytest.mark.parametrize(("correlation", "length"), [(0.0, 1000), (0.95, 1000), (0.0, 100), (0.7, 300)])
def test_one_mode_is_not_divided(correlation, length):
    """Neither tails nor the bumps of few or autocorrelated draws are modes."""
    scale = {"low": -1e4, "high": 1e4}
    prior = prior_set({name: Uniform(**scale) for name in ("normal", "student", "skewed", "flat")})
    for seed in range(10):
        random = np.random.default_rng(seed)
        noise = random.normal(size=(4, length, 6))
        for k in range(1, length):
            noise[:, k] = correlation * noise[:, k - 1] + np.sqrt(1 - correlation**2) * noise[:, k]
        student = noise[..., 1] / np.sqrt(np.square(noise[..., 2:5]).mean(-1))
        uniform = np.arctan2(noise[..., 5], noise[..., 4])
        x = np.stack([noise[..., 0], student, np.exp(noise[..., 5]), uniform], axis=-1)
        flat = x.reshape(-1, 4)
        modes = weigh_modes(prior, x, flat, np.full(len(flat), -np.log(len(flat))), 0.0)
        assert len(modes) == 1 and modes[0].ends == {} and modes[0].weight == 1.0
