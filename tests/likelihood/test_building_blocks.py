"""Expressions, polynomials, densities: the pieces of the likelihood, against closed forms."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from muobayes.likelihood import densities, measured
from muobayes.likelihood._ckm import _factors, _from_factors
from muobayes.likelihood._expressions import evaluate, evaluate_groups, group_expressions
from muobayes.likelihood._polynomials import build_polynomials
from muobayes.likelihood.dataset import Term, combine
from muobayes.smeft.evolution import CKM_PARAMETERS


def test_expressions_are_arithmetic_and_nothing_else():
    assert evaluate("p0/(2*sqrt(-p1*p2))", {"p0": 3.0, "p1": -4.0, "p2": 1.0}) == pytest.approx(0.75)
    for forbidden in (
        "__import__('os')",
        "p0.real",
        "[p0]",
        "p0 if p1 else p2",
        "open(p0)",
        "unknown",
        "p0**p1",
    ):
        with pytest.raises(ValueError, match="not allowed"):
            evaluate(forbidden, {"p0": 1.0, "p1": 1.0, "p2": 1.0})


def test_observables_keep_their_order_whatever_their_expressions():
    forms = [("p0/p1", [0, 1]), ("p0", [2]), ("p0/p1", [2, 0]), ("p0", [1])]
    values = jnp.array([2.0, 4.0, 10.0])
    np.testing.assert_allclose(evaluate_groups(group_expressions(forms), values, 4), [0.5, 10.0, 5.0, 4.0])


def _random_components(rng, number, variables):
    components = []
    for _ in range(number):
        own = rng.choice(variables, size=rng.integers(0, 4), replace=False)
        components.append(
            {
                "constant": rng.normal(),
                "linear": [[int(v), rng.normal()] for v in own],
                "linear_by_ckm": {
                    n: [[int(v), rng.normal()] for v in own[1:]]
                    for n in ("Vub", "gamma")
                    if rng.random() < 0.7
                },
                "quadratic": [[int(v), int(w), rng.normal()] for v in own for w in own],
                "by_ckm": {n: list(rng.normal(size=4)) for n in CKM_PARAMETERS},
            }
        )
    return components


def test_polynomials_in_blocks_are_the_polynomials():
    rng = np.random.default_rng(1)
    components = _random_components(rng, 60, np.arange(12))
    active = [0, 2, 3, 5, 7, 8, 11]
    polynomials = build_polynomials(components, active)
    y, shift = rng.normal(size=len(active)), 0.1 * rng.normal(size=4)
    full = np.zeros(12)
    full[active] = y
    for shifted in (None, shift):
        expected = []
        for c in components:
            lin = sum(x * full[v] for v, x in c["linear"])
            quad = sum(x * full[v] * full[w] for v, w, x in c["quadratic"])
            if shifted is None:
                expected.append(c["constant"] + lin + quad)
            else:
                response = sum(
                    np.array(c["by_ckm"][n]) * s for n, s in zip(CKM_PARAMETERS, shifted, strict=True)
                )
                curvature = sum(
                    c["by_ckm"][n][3] * s**2 / 2 for n, s in zip(CKM_PARAMETERS, shifted, strict=True)
                )
                own = sum(
                    shifted[CKM_PARAMETERS.index(n)] * x * full[v]
                    for n, rows in c["linear_by_ckm"].items()
                    for v, x in rows
                )
                expected.append(
                    c["constant"]
                    + response[0]
                    + curvature
                    + (lin + own) * (1 + response[1])
                    + quad * (1 + response[2])
                )
        np.testing.assert_allclose(polynomials(jnp.array(y), shifted), expected, rtol=1e-12, atol=1e-12)


def test_tables_are_exact_inside_and_parabolas_outside():
    x = np.linspace(0, 2, 41)
    y = stats.norm(0.8, 0.3).pdf(x)
    curves = densities.stack_curves([measured.table(x, y), measured.table(x[:20], y[:20])])
    inside = np.linspace(0.01, 1.9, 57)
    expected = np.log(np.interp(inside, x, y) / y.max())
    values = jax.vmap(lambda p: curves(jnp.array([p, 0.5]))[0])(inside)
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12)
    far = jnp.array([-40.0, 3.0, 100.0, 1e6])
    value, slope = jax.vmap(jax.value_and_grad(lambda p: curves(jnp.array([p, 0.5]))[0]))(far)
    assert np.isfinite(value).all() and np.isfinite(slope).all()
    assert slope[0] > 0 and (slope[1:] < 0).all() and (np.diff(value[1:]) < 0).all()


@pytest.mark.parametrize("end", [0.0, 2.0])
def test_tails_continue_value_and_slope(end):
    x = np.linspace(0, 2, 201)
    curves = densities.stack_curves([measured.table(x, np.exp(-0.5 * ((x - 1) / 0.5) ** 2))])
    eps = 1e-7
    low, high = (float(curves(jnp.array([end + s * eps]))[0]) for s in (-1, 1))
    assert abs(high - low) < 1e-5
    slopes = [float(jax.grad(lambda p: curves(jnp.array([p]))[0])(end + s * 1e-4)) for s in (-1, 1)]
    assert slopes[0] == pytest.approx(slopes[1], rel=2e-2)


@pytest.mark.parametrize(
    "density",
    [
        {"type": "HalfNormal", "central_value": 0.0, "standard_deviation": 2.0},
        {"type": "AsymmetricNormal", "central_value": 1.0, "left_deviation": 0.5, "right_deviation": 2.0},
        {"type": "GammaPositive", "a": 3.5, "loc": 0.0, "scale": 0.7},
    ],
)
def test_moments_by_quadrature(density):
    if density["type"] == "HalfNormal":
        grid = np.linspace(0, 20, 200_001)
        pdf = stats.halfnorm(scale=2.0).pdf(grid)
    elif density["type"] == "AsymmetricNormal":
        grid = np.linspace(-6, 20, 200_001)
        pdf = np.exp(-0.5 * ((grid - 1) / np.where(grid < 1, 0.5, 2.0)) ** 2)
    else:
        grid = np.linspace(0, 40, 200_001)
        pdf = stats.gamma(3.5, scale=0.7).pdf(grid)
    mean = np.trapezoid(grid * pdf, grid) / np.trapezoid(pdf, grid)
    sd = np.sqrt(np.trapezoid((grid - mean) ** 2 * pdf, grid) / np.trapezoid(pdf, grid))
    np.testing.assert_allclose(measured.moments(density), [mean, sd], rtol=2e-3)


def test_upper_limit_has_its_quantile():
    d = measured.gaussian_upper_limit(3.0, 0.9)
    assert stats.halfnorm(scale=d["standard_deviation"]).cdf(3.0) == pytest.approx(0.9)


def test_combination_is_the_weighted_average_whatever_the_units():
    scales = np.array([1e-40, 1.0, 1e5])
    rng = np.random.default_rng(3)
    a = rng.normal(size=(3, 3))
    covariance = (a @ a.T + np.eye(3)) * np.outer(scales, scales)
    mean = scales * np.array([1.0, 2.0, 3.0])
    measurements = {
        "block": {
            "constraints": [
                {
                    "type": "MultivariateNormal",
                    "observables": ["x", "y", "z"],
                    "central_value": mean.tolist(),
                    "covariance": covariance.tolist(),
                }
            ]
        },
        "single": {
            "constraints": [
                {
                    "type": "Normal",
                    "observables": ["y"],
                    "central_value": 2.5,
                    "standard_deviation": 0.4,
                }
            ]
        },
    }
    term = Term("t", "gaussian", ("x", "y", "z"), ("block", "single"))
    got_mean, got_covariance = combine(term, measurements)
    unit = covariance / np.outer(scales, scales)
    precision = np.linalg.inv(unit) + np.diag([0, 1 / 0.4**2, 0])
    expected = np.linalg.inv(precision)
    np.testing.assert_allclose(got_covariance / np.outer(scales, scales), expected, rtol=1e-9)
    weighted = np.linalg.inv(unit) @ (mean / scales) + np.array([0, 2.5 / 0.4**2, 0])
    np.testing.assert_allclose(got_mean / scales, expected @ weighted, rtol=1e-9)


def test_there_is_a_ckm_matrix_however_absurd_the_inputs():
    """Physical prefactors come back exactly; vanishing, negative and huge ones give a matrix with finite slopes."""
    central = jnp.array([0.22, 0.042, 0.0037, 1.2])
    np.testing.assert_allclose(jnp.stack(_from_factors(_factors(central))), central, rtol=1e-12)
    extremes = [0.0, -1.0, 1e-30, 0.5, 1e30, -1e300]
    factors = jnp.array(list(itertools.product(extremes, repeat=4)))
    found = jax.vmap(lambda f: jnp.stack(_from_factors(f)))(factors)
    slopes = jax.vmap(jax.jacobian(lambda f: jnp.stack(_from_factors(f))))(factors)
    assert np.isfinite(found).all() and np.isfinite(slopes).all()
    assert (found > 0).all() and (found[:, 1:3] < 1 / np.sqrt(2)).all()
