"""Priors against scipy, quadrature, round trips, and far tails."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from muobayes.errors import InputError
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import Fixed, LogNormal, LogUniform, Normal, Periodic, Uniform
from muobayes.running.potential import higgs_mass_shift

CASES = {
    "uniform": (Uniform(low=-1.5, high=4), stats.uniform(-1.5, 5.5)),
    "loguniform": (LogUniform(low=1e-3, high=1e4), stats.loguniform(1e-3, 1e4)),
    "periodic": (Periodic(low=-math.pi, high=math.pi), stats.uniform(-math.pi, 2 * math.pi)),
    "normal": (Normal(mean=3, sd=0.5), stats.norm(3, 0.5)),
    "normal above": (Normal(mean=3, sd=2, low=0), stats.truncnorm(-1.5, np.inf, 3, 2)),
    "normal below": (Normal(mean=3, sd=2, high=-1), stats.truncnorm(-np.inf, -2, 3, 2)),
    "normal far tail": (Normal(mean=0, sd=1, low=8), stats.truncnorm(8, np.inf)),
    "normal between": (Normal(mean=3, sd=2, low=0, high=4), stats.truncnorm(-1.5, 0.5, 3, 2)),
    "lognormal": (LogNormal(median=3, sd=0.4), stats.lognorm(0.4, scale=3)),
}


@pytest.fixture(params=CASES, ids=str)
def case(request):
    spec, reference = CASES[request.param]
    return prior_set({"x": spec}), reference


def _density_on_line(prior):
    def log_density(z):
        x, log_jacobian = prior.from_unconstrained(z)
        return prior.log_prob(x) + log_jacobian

    return log_density


def test_density_is_that_of_scipy(case):
    prior, reference = case
    x = reference.ppf(np.linspace(0.001, 0.999, 101))
    ours = jax.vmap(prior.log_prob)(x[:, None])
    np.testing.assert_allclose(ours, reference.logpdf(x), rtol=1e-9, atol=1e-9)


def test_density_vanishes_outside_the_support(case):
    prior, _ = case
    for end, step in zip(prior.bounds[0], (-1e-6, 1e-6)):
        if math.isfinite(end):
            assert prior.log_prob(jnp.array([end + step])) == -math.inf
            assert math.isfinite(prior.log_prob(jnp.array([end])))


def test_quantiles_are_those_of_scipy(case):
    prior, reference = case
    u = np.linspace(0.001, 0.999, 101)
    np.testing.assert_allclose(jax.vmap(prior.from_unit_cube)(u[:, None])[:, 0], reference.ppf(u), rtol=1e-7)


def test_unconstrained_round_trip(case):
    prior, reference = case
    x = reference.ppf(np.linspace(0.001, 0.999, 51))[:, None]
    back, _ = jax.vmap(prior.from_unconstrained)(jax.vmap(prior.to_unconstrained)(x))
    np.testing.assert_allclose(back, x, rtol=1e-10)


def test_jacobian_is_the_derivative(case):
    prior, _ = case
    if prior.periodic[0]:
        pytest.skip("a phase also carries the weight of its image: tested by its normalisation")
    for z in (-3.0, 0.2, 4.0):
        slope = jax.jacobian(lambda z: prior.from_unconstrained(z)[0])(jnp.array([z]))[0, 0]
        log_jacobian = prior.from_unconstrained(jnp.array([z]))[1]
        np.testing.assert_allclose(log_jacobian, jnp.log(slope), rtol=1e-8, atol=1e-10)


def test_density_on_the_line_is_normalised(case):
    prior, _ = case
    density = jax.jit(lambda z: jnp.exp(_density_on_line(prior)(jnp.array([z]))))
    total = sum(integrate.quad(density, a, b, epsabs=1e-11)[0] for a, b in ((-80, -4), (-4, 4), (4, 80)))
    assert total == pytest.approx(1, abs=1e-8)


def test_draws_follow_the_prior(case):
    """Kolmogorov-Smirnov; both kinds of draws, false-alarm rate 1e-4 each, fixed seed."""
    prior, reference = case
    direct = prior.sample(jax.random.key(1), (4000,))[:, 0]
    z = prior.sample_unconstrained(jax.random.key(2), (4000,))
    walked = jax.vmap(prior.from_unconstrained)(z)[0]
    assert stats.kstest(np.asarray(direct), reference.cdf).pvalue > 1e-4
    assert stats.kstest(np.asarray(walked)[:, 0], reference.cdf).pvalue > 1e-4


def test_gradients_are_finite_at_extreme_values(case):
    prior, _ = case
    for z in (-1e6, -1e3, -40.0, 0.0, 40.0, 1e3, 1e6):
        value, gradient = jax.value_and_grad(_density_on_line(prior))(jnp.array([z]))
        x, _ = prior.from_unconstrained(jnp.array([z]))
        assert jnp.isfinite(value) and jnp.isfinite(gradient).all() and jnp.isfinite(x).all()
        assert prior.bounds[0][0] <= x[0] <= prior.bounds[0][1]


def test_images_of_a_phase_are_one_point():
    prior = prior_set({"phi": Periodic(low=0, high=2)})
    z = jnp.array([0.3])
    images = jnp.array([0.3 + 4.0 * k for k in range(-12, 13)])[:, None]
    x, _ = jax.vmap(prior.from_unconstrained)(images)
    np.testing.assert_allclose(x[:, 0], prior.from_unconstrained(z)[0][0], rtol=1e-12)
    weights = jnp.exp(jax.vmap(_density_on_line(prior))(images))
    assert 4 * weights.sum() == pytest.approx(1, abs=1e-12)


def test_draws_of_a_phase_spread_over_its_images():
    """The walker's density f/4 is a uniform variable plus a logistic one: variance 4/3 + pi^2/3 (5 sigma)."""
    z = prior_set({"phi": Periodic(low=0, high=2)}).sample_unconstrained(jax.random.key(3), (20000,))[:, 0]
    expected = 4 / 3 + math.pi**2 / 3
    assert float(z.var()) == pytest.approx(expected, rel=5 * math.sqrt(3 / 20000))


def test_circle_is_cut_opposite_to_its_centre():
    prior = prior_set({"phi": Periodic(low=0, high=2), "a": Uniform(low=0, high=1), "m": Fixed(value=4)})
    assert prior.turns == (2.0, None)
    cut = prior.unwrapped({"phi": 1.9})
    assert cut.bounds[0] == (pytest.approx(0.9), pytest.approx(2.9))
    assert cut.names == prior.names and cut.fixed == prior.fixed
    np.testing.assert_allclose(prior.wrap(jnp.array([2.9, 0.5])), [0.9, 0.5])


def test_joint_prior_is_the_product_and_keeps_the_order():
    prior = prior_set({name: spec for name, (spec, _) in CASES.items()} | {"M": Fixed(value=3000)})
    assert prior.names == tuple(CASES) and prior.fixed == {"M": 3000.0} and prior.size == len(CASES)
    x = jnp.array([float(reference.ppf(0.3)) for _, reference in CASES.values()])
    expected = sum(reference.logpdf(reference.ppf(0.3)) for _, reference in CASES.values())
    assert float(prior.log_prob(x)) == pytest.approx(expected, rel=1e-9)


def test_nothing_sampled():
    prior = prior_set({"M": Fixed(value=3000)})
    assert prior.sample(jax.random.key(0), (3,)).shape == (3, 0)
    assert prior.from_unit_cube(jnp.zeros(0)).shape == (0,)
    assert float(prior.log_prob(jnp.zeros(0))) == 0


def test_prior_without_support_is_refused():
    with pytest.raises(InputError, match=r"'g'.*no support"):
        prior_set({"g": Normal(mean=0, sd=1, low=50)})


def _cross(mass):
    specs = {"a": Uniform(low=-1.5, high=1.5), "M": LogUniform(low=1e3, high=1e4)}
    product = {"partner": "a", "size": 3e-3} | ({"mass": "M"} if mass else {})
    specs |= {"b": Uniform.model_validate({"low": -2, "high": 2, "product": product})}
    scaled = {"mean": 0, "sd": 0.1, "scaling": {"mass": "M", "power": -2}}
    return prior_set(specs | ({"c": Normal.model_validate(scaled)} if mass else {}))


def _round_trip(prior):
    """Draws and where the maps take them: there and back, and the Jacobian by differentiation."""
    x = prior.sample(jax.random.key(5), (300,))
    z = jax.vmap(prior.to_unconstrained)(x)
    back, log_jacobian = jax.vmap(prior.from_unconstrained)(z)
    np.testing.assert_allclose(back, x, rtol=1e-9)
    matrix = jax.vmap(jax.jacfwd(lambda z: prior.from_unconstrained(z)[0]))(z)
    np.testing.assert_allclose(jnp.linalg.slogdet(matrix)[1], log_jacobian, rtol=1e-7)
    return x, z


@pytest.mark.parametrize("mass", [False, True])
def test_straight_coordinates_of_a_product_leave_the_prior_as_it_is(mass):
    """Round trip, Jacobian by differentiation, and an odd map: it is the same density in other coordinates."""
    prior = _cross(mass)
    x, z = _round_trip(prior)
    flip = jnp.array([-1.0, 1.0, -1.0, 1.0])[: prior.size]
    np.testing.assert_allclose(jax.vmap(prior.from_unconstrained)(z * flip)[0], x * flip, rtol=1e-9)


def test_straight_coordinates_make_the_width_of_a_product_the_same_everywhere():
    """d(a b)/dq is the stated size times (M/TeV)^2 along the arm on which a is 0.1 to 1."""
    prior = _cross(mass=True)
    for a, mass in ((0.1, 2e3), (-0.4, 4e3), (1.0, 2e3)):
        z = prior.to_unconstrained(jnp.array([a, mass, 0.0, 0.0]))
        slope = a * jax.jacfwd(lambda z: prior.from_unconstrained(z)[0])(z)[2, 2]
        assert abs(slope) == pytest.approx(3e-3 * (mass / 1e3) ** 2, rel=0.5)


def test_scaled_coordinates_have_a_unit_that_goes_like_a_power_of_the_mass():
    prior = _cross(mass=True)
    z = jnp.array([[0.0, m, 0.0, 0.0] for m in (-1.0, 0.0, 2.0)])
    slopes = jax.vmap(jax.jacfwd(lambda z: prior.from_unconstrained(z)[0]))(z)[:, 3, 3]
    masses = jax.vmap(prior.from_unconstrained)(z)[0][:, 1]
    np.testing.assert_allclose(slopes * masses**2, 0.1 * 1e7, rtol=1e-9)


@pytest.mark.parametrize("power", [1, 2])
def test_scaled_coordinates_of_a_coupling_are_those_of_the_prior_where_it_vanishes(power):
    """The same prior, and a unit that goes from a power of mass/coupling to one."""
    scaling = {"mass": "M", "power": power, "coupling": "g", "size": 800}
    prior = prior_set(
        {
            "r": Uniform.model_validate({"low": -1, "high": 1, "scaling": scaling}),
            "M": LogUniform(low=1e-3, high=1.0),
            "g": LogUniform(low=1e-6, high=1e-2),
        }
    )
    _round_trip(prior)
    for mass, coupling, width in ((0.02, 1e-3, 0.025), (0.1, 1e-3, 0.1 / 0.8), (0.8, 1e-6, 1.0)):
        point = prior.to_unconstrained(jnp.array([0.0, mass, coupling]))
        slope = jax.jacfwd(lambda z: prior.from_unconstrained(z)[0])(point)[0, 0]
        assert slope == pytest.approx(0.5 * width**power, rel=0.01)


def test_scaling_with_half_a_coupling_is_refused():
    with pytest.raises(ValueError, match="coupling and size belong together"):
        Uniform.model_validate({"low": -1, "high": 1, "scaling": {"mass": "M", "power": 1, "coupling": "g"}})


def _needle():
    """Three couplings of two fields; their sum shifts a squared mass."""
    shift = {"size": 0.4, "terms": {"a": [3, "M"], "b": [3, "M"], "c": [1, "N"]}}
    return prior_set(
        {
            "M": LogUniform(low=1e3, high=1e4),
            "N": LogUniform(low=1e3, high=1e4),
            "b": Normal(mean=0, sd=0.1),
            "a": Normal.model_validate({"mean": 0, "sd": 0.1, "mass_shift": shift}),
            "c": Normal(mean=0, sd=0.2),
        }
    )


def test_upright_coordinates_of_a_sum_leave_the_prior_as_it_is():
    """Round trip and Jacobian by differentiation."""
    prior = _needle()
    x = prior.sample(jax.random.key(5), (300,))
    z = jax.vmap(prior.to_unconstrained)(x)
    back, log_jacobian = jax.vmap(prior.from_unconstrained)(z)
    np.testing.assert_allclose(back, x, rtol=1e-9)
    matrix = jax.vmap(jax.jacfwd(lambda z: prior.from_unconstrained(z)[0]))(z)
    np.testing.assert_allclose(jnp.linalg.slogdet(matrix)[1], log_jacobian, rtol=1e-9, atol=1e-9)


def test_upright_coordinate_is_the_sum_that_equation_6_has():
    """sinh(u) is the shift of muH2 in units of size x 3/(16 pi^2) TeV^2, wherever one walks in the others."""
    prior = _needle()
    z = jax.random.normal(jax.random.key(6), (50, 5)) * 1.5
    mass3, mass1, kappa, lambda3, lambda1 = jax.vmap(prior.from_unconstrained)(z)[0].T
    shift = higgs_mass_shift(mass3, mass1, lambda1, mass3, lambda3, kappa)
    np.testing.assert_allclose(shift, 0.4e6 * 3 / (16 * np.pi**2) * jnp.sinh(z[:, 3]), rtol=1e-9)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"b": [3, "M"], "a": [3, "M"]}, "the first 'a' with a positive weight"),
        ({"a": [3, "M"]}, "two or more"),
        ({"a": [3, "M"], "M": [3, "M"]}, "'M' must have a normal prior about zero without ends"),
        ({"a": [3, "M"], "b": [3, "MM"]}, "did you mean 'M'"),
    ],
)
def test_wrong_sums_are_refused(terms, message):
    specs = {"M": LogUniform(low=1e3, high=1e4), "b": Normal(mean=0, sd=0.1)}
    shift = {"mean": 0, "sd": 0.1, "mass_shift": {"size": 0.4, "terms": terms}}
    with pytest.raises(InputError, match=message):
        prior_set(specs | {"a": Normal.model_validate(shift)})


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ({"partner": "c", "size": 1e-3}, "'c' must have a uniform prior"),
        ({"partner": "M", "size": 1e-3}, "'M' must have a uniform prior"),
        ({"partner": "a", "size": 1e-3, "mass": "MM"}, "did you mean 'M'"),
        ({"partner": "a", "size": 1e-3, "mass": "a"}, "'a' must have a log-uniform prior"),
    ],
)
def test_wrong_products_are_refused(product, message):
    specs = {"a": Uniform(low=-1.5, high=1.5), "M": LogUniform(low=1e3, high=1e4)}
    with pytest.raises(InputError, match=message):
        prior_set(specs | {"b": Uniform.model_validate({"low": -2, "high": 2, "product": product})})
