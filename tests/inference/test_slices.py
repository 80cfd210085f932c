"""The walk of nested sampling by itself: its stationary distribution is the prior inside the contour."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from targets import make

from muobayes.inference.nested import _directions, inner_moves
from muobayes.inference.slices import Point, slice_walk
from muobayes.priors.spec import Normal

WALKERS, RADIUS = 2000, 1.0


def _ring(x):
    """Highest on a circle: the region above a floor is an annulus, which no straight line follows."""
    return -jnp.square(jnp.sqrt(x @ x) - RADIUS)


POSTERIOR = make({name: Normal(mean=0, sd=1) for name in "ab"}, _ring)
FLOOR = -(0.3**2)


def _radius_cdf(r):
    """Of the prior, within the annulus."""
    low, high = (np.exp(-0.5 * edge**2) for edge in (RADIUS - 0.3, RADIUS + 0.3))
    return (low - np.exp(-0.5 * np.clip(r, 0.7, 1.3) ** 2)) / (low - high)


def _inside(z):
    return Point(z, POSTERIOR.log_prior_unconstrained(z), POSTERIOR.log_likelihood_unconstrained(z))


def _walk(start_z, moves):
    keys = jax.random.split(jax.random.key(1), len(start_z))
    walk = jax.vmap(
        lambda key, z: slice_walk(
            POSTERIOR,
            moves,
            key,
            _inside(z),
            jnp.asarray(FLOOR),
            lambda key: jnp.array([0.9, 0.6]) * jax.random.normal(key, (2,)),
        )
    )
    return jax.jit(walk)(keys, start_z)


def test_distribution_from_one_corner():
    """All walkers start at one point; 40 moves later they are spread over the annulus as the prior is."""
    end, _ = _walk(jnp.tile(jnp.array([0.75, 0.0]), (WALKERS, 1)), 40)
    radius, angle = np.hypot(*end.z.T), np.arctan2(end.z[:, 1], end.z[:, 0])
    # Three tests at 1e-4 each, with a fixed seed.
    assert stats.kstest(radius, _radius_cdf).pvalue > 1e-4
    assert stats.kstest(angle, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-4
    assert abs(stats.spearmanr(radius, np.abs(angle)).statistic) < 3.9 / np.sqrt(WALKERS)


def test_one_move_leaves_the_distribution_as_it_is():
    """Not only its limit: exact draws stay exact after a single move, and each has moved."""
    rng = np.random.default_rng(2)
    low, high = (np.exp(-0.5 * edge**2) for edge in (RADIUS - 0.3, RADIUS + 0.3))
    radius = np.sqrt(-2 * np.log(low - rng.random(WALKERS) * (low - high)))
    angle = rng.uniform(-np.pi, np.pi, WALKERS)
    start = jnp.asarray(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    end, _ = _walk(start, 1)
    assert (end.z != start).any(axis=1).all()
    assert stats.kstest(np.hypot(*end.z.T), _radius_cdf).pvalue > 1e-4


def test_the_end_is_inside_and_its_numbers_are_those_of_the_point():
    end, calls = _walk(jnp.tile(jnp.array([0.75, 0.0]), (50, 1)), 5)
    assert (end.log_likelihood > FLOOR).all()
    assert end.log_prior == pytest.approx(np.asarray(jax.vmap(_inside)(end.z).log_prior), abs=1e-12)
    assert end.log_likelihood == pytest.approx(np.asarray(jax.vmap(_inside)(end.z).log_likelihood), abs=1e-12)
    assert (calls >= 5 * 3).all(), "two ends and one draw for each move"


def test_moves_grow_with_the_cube_of_many_dimensions():
    assert [inner_moves(5, n) for n in (1, 5, 10, 20)] == [5, 25, 50, 400]


def test_pairs_have_the_shape_of_a_mode():
    """Two flat modes far apart: the covariance of all points is long across them, half of the pairs are not."""
    rng = np.random.default_rng(3)
    points = np.concatenate([side + rng.normal(size=(100, 2)) * [0.1, 1] for side in ([-5000, 0], [5000, 0])])
    factor = jnp.linalg.cholesky(jnp.cov(points.T))
    drawn = jax.vmap(_directions(jnp.asarray(points), jnp.asarray(200), factor))(
        jax.random.split(jax.random.key(4), 4000)
    )
    within = np.abs(drawn[:, 0]) < 1
    assert within.mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 4000))
    assert np.std(drawn[within], axis=0) == pytest.approx([0.1 * np.sqrt(2), np.sqrt(2)], rel=0.1)
