"""Best fits and profiles against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from targets import make

from muobayes.errors import InputError
from muobayes.inference.nuts import starting_points
from muobayes.inference.optimum import find_optimum, profile
from muobayes.priors.spec import Fixed, Normal, Uniform

COVARIANCE = np.array([[0.04, 0.03, 0.0], [0.03, 0.09, -0.02], [0.0, -0.02, 0.25]])
PRECISION = jnp.asarray(np.linalg.inv(COVARIANCE))
CENTRE = jnp.array([0.3, -0.2, 0.5])
NAMES = ("a", "b", "c")


def _gaussian(x):
    return -0.5 * (x - CENTRE) @ PRECISION @ (x - CENTRE)


@pytest.fixture(scope="module")
def box():
    return make(dict.fromkeys(NAMES, Uniform(low=-3, high=3)) | {"M": Fixed(value=3000)}, _gaussian)


def _starts(posterior, m=4):
    return np.asarray(starting_points(posterior, jax.random.key(0), m))


def test_maximum_likelihood_of_a_gaussian(box):
    best = find_optimum(box, _starts(box))
    np.testing.assert_allclose(best.x, CENTRE, atol=1e-6)
    assert best.parameters["M"] == 3000 and best.agreeing == best.starts == 4
    assert best.terms == {"all": pytest.approx(0, abs=1e-10)}
    assert best.two_delta_log_likelihood(-5.0) == pytest.approx(10)
    assert best.on_wall == ()


def test_narrow_bent_valley():
    """Rosenbrock's function: minimum at (1, 1)."""
    posterior = make(
        {"a": Uniform(low=-3, high=3), "b": Uniform(low=-3, high=9)},
        lambda x: -100 * (x[1] - x[0] ** 2) ** 2 - (1 - x[0]) ** 2,
    )
    np.testing.assert_allclose(find_optimum(posterior, _starts(posterior)).x, [1, 1], atol=1e-5)


def test_maximum_a_posteriori_has_no_jacobian():
    """Gaussian x Gaussian: the maximum of the density of x itself."""
    posterior = make({"a": Normal(mean=0, sd=1)}, lambda x: -0.5 * ((x[0] - 1) / 0.5) ** 2)
    assert find_optimum(posterior, _starts(posterior), "posterior").x[0] == pytest.approx(0.8, abs=1e-6)
    truncated = make({"a": Normal(mean=0, sd=1, low=-1, high=9)}, lambda x: -0.5 * ((x[0] - 1) / 0.5) ** 2)
    assert find_optimum(truncated, _starts(truncated), "posterior").x[0] == pytest.approx(0.8, abs=1e-6)


def test_optimum_on_the_wall_is_reported():
    posterior = make({"a": Uniform(low=0, high=1)}, lambda x: 3 * x[0])
    best = find_optimum(posterior, _starts(posterior))
    assert best.on_wall == ("a",) and best.log_likelihood == pytest.approx(3, abs=1e-5)


def test_profile_of_a_gaussian_is_its_marginal(box):
    grid = np.linspace(-1, 1, 9)
    line = profile(box, {"b": grid}, np.asarray(CENTRE))
    np.testing.assert_allclose(line.log_likelihood, -0.5 * (grid + 0.2) ** 2 / 0.09, atol=1e-7)
    np.testing.assert_allclose(line.x[:, 1], grid)


def test_profile_in_a_plane(box):
    axes = {"c": np.linspace(-0.5, 1.5, 4), "a": np.linspace(-0.2, 0.8, 5)}
    plane = profile(box, axes, np.asarray(CENTRE))
    marginal = np.linalg.inv(COVARIANCE[np.ix_([2, 0], [2, 0])])
    difference = np.stack(np.meshgrid(axes["c"] - 0.5, axes["a"] - 0.3, indexing="ij"), axis=-1)
    expected = -0.5 * np.einsum("...i,ij,...j", difference, marginal, difference)
    np.testing.assert_allclose(plane.log_likelihood, expected, atol=1e-7)


def test_plane_of_all_parameters_is_a_scan():
    posterior = make(dict.fromkeys("ab", Uniform(low=-3, high=3)), lambda x: -(x[0] ** 2) - 2 * x[1])
    plane = profile(posterior, {"b": np.array([0.0, 1.0]), "a": np.array([0.0, 2.0, 3.0])}, np.zeros(2))
    np.testing.assert_allclose(plane.log_likelihood, [[0, -4, -9], [-2, -6, -11]])


def test_bad_axes(box):
    with pytest.raises(InputError, match="'aa' is not a sampled parameter"):
        profile(box, {"aa": np.zeros(2)}, np.asarray(CENTRE))
    with pytest.raises(InputError, match="must lie in its prior's support, -3 to 3"):
        profile(box, {"a": np.array([0.0, 4.0])}, np.asarray(CENTRE))
