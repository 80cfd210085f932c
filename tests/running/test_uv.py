"""Soft constraints: what they allow, how they fall off, and that a sampler can follow them."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.priors.uv import naturalness_weights, uv_weights
from muobayes.priors.uv_spec import Naturalness, parse_uv_priors
from muobayes.running.flow import flow, running_model
from muobayes.running.start import benchmark_start

ALL = {"landau_pole": {}, "stability": {}, "perturbativity": {"bound": "4pi"}, "naturalness": {}}


@pytest.fixture(scope="module")
def model():
    return running_model("full")


def test_benchmark_is_allowed(model):
    tunings = {"higgs": jnp.array(0.0), "muon_yukawa": jnp.array(0.0)}
    weights = uv_weights(parse_uv_priors(ALL), model, benchmark_start(model), 3000.0, tunings)
    assert set(weights.log_weights) == {
        "landau_pole",
        "stability",
        "perturbativity",
        "naturalness_higgs",
        "naturalness_muon_yukawa",
    }
    assert float(weights.total) == pytest.approx(0.0, abs=1e-12)
    assert float(weights.derived["log10_mu_pole"]) == pytest.approx(math.log10(1.22e19))


@pytest.mark.parametrize(
    "blocks", [{name: {}} for name in ("landau_pole", "stability", "perturbativity")] + [ALL]
)
def test_weights_fall_and_lead_back(model, blocks):
    """Along gX the pole comes down to the start and the bound below it: weights fall, and gradients point back."""
    priors = parse_uv_priors(blocks)

    @jax.jit
    @jax.vmap
    @jax.value_and_grad
    def weight(start):
        return uv_weights(priors, model, start, 3000.0).total

    gX = model.index("g_X")
    scan = jnp.array(
        [0.1, 0.16, 0.2, 0.25, 0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 11.0, 13.0, 20.0]
    )
    values, gradients = weight(jax.vmap(lambda g: benchmark_start(model).at[gX].set(g))(scan))
    assert values[0] == 0 and gradients[0, gX] == 0
    assert bool(jnp.all(jnp.diff(values) < 0))
    assert bool(jnp.all(gradients[1:, gX] < 0)) and bool(jnp.all(jnp.isfinite(gradients)))
    if set(blocks) != {"stability"}:  # a deep instability says little more when it becomes deeper
        assert bool(jnp.all(scan[1:] * gradients[1:, gX] < -0.1))


@pytest.mark.parametrize("name", ["lambda_3", "eta_3L[3]"])
def test_weights_are_continuous_where_the_start_leaves_the_allowed_couplings(model, name):
    priors = parse_uv_priors(ALL)
    i = model.index(name)
    values = 4 * np.pi + jnp.array([-1e-5, 1e-5])
    start = benchmark_start(model)
    below, above = jax.vmap(lambda v: uv_weights(priors, model, start.at[i].set(v), 3000.0).total)(values)
    nothing_left = (
        np.log(1.22e19 / 3000) / 2.3
    )  # decades of both widths; and an instability of 1/4 in units of 0.01
    lowest = 2 * (1 - np.hypot(1, nothing_left)) + 1 - np.hypot(1, 0.25 / 0.01)
    assert below < lowest and abs(float(above - below)) < 1e-2


def test_instability_is_seen(model):
    """A root mean square depth of p costs p/width, less where the quartic couplings themselves are large."""
    priors = parse_uv_priors({"stability": {"width": 0.01}})
    start = benchmark_start(model, {"lamH3": -0.3})
    weights = uv_weights(priors, model, start, 3000.0)
    path = flow(model, start, 3000.0, points=24, rtol=1e-4, atol=1e-6).couplings
    margins, largest = model.stability_margin(path), jnp.abs(model.quartics(path)).max(axis=1)
    assert (
        float(weights.derived["stability_margin"]) == pytest.approx(float(margins.min()))
        and margins.min() < 0
    )
    counted = jnp.maximum(-margins, 0) / jnp.sqrt(1 + 16 * margins**2 + 16 * largest**2)
    expected = float(jnp.sqrt(jnp.mean(counted**2))) / 0.01
    assert float(weights.log_weights["stability"]) == pytest.approx(1 - math.hypot(1, expected), rel=1e-6)


def test_no_cliff_where_a_pole_enters_the_range(model):
    """While gX brings its pole down by more than ten e-folds, no weight falls by more than 1.5 per e-fold."""
    priors = parse_uv_priors({"landau_pole": {}, "stability": {}, "perturbativity": {}})
    gX = jnp.linspace(0.14, 0.2, 61)
    starts = jax.vmap(lambda g: benchmark_start(model).at[model.index("g_X")].set(g))(gX)
    found = jax.jit(jax.vmap(lambda s: uv_weights(priors, model, s, 3000.0)))(starts)
    ends = found.derived["log10_mu_pole"] * math.log(10)
    assert float(ends[0] - ends[-1]) > 10
    for name, weights in found.log_weights.items():
        steepest = jnp.abs(jnp.diff(weights)) / jnp.maximum(jnp.abs(jnp.diff(ends)), 0.3)
        assert float(steepest.max()) < 1.5, name


def test_integral_along_the_flow_against_a_fine_grid(model):
    """The e-folds on which a coupling exceeds 0.3, weighted as perturbativity does, by the trapezoidal rule."""

    def strong(ln_mu, state):
        ratio = 0.3 / jnp.maximum(jnp.max(model.sizes(state, 0.3)), 0.3)
        return (1 - ratio**2) ** 2

    path = flow(model, benchmark_start(model), 3000.0, points=2000, rtol=1e-8, atol=1e-10, integrand=strong)
    values = jax.vmap(strong)(path.ln_mu, path.couplings)
    expected = float(jnp.trapezoid(values, path.ln_mu))
    assert expected > 3
    assert float(path.integral) == pytest.approx(expected, rel=1e-3)


def test_naturalness_is_the_probability_of_a_cancellation():
    tunings = {"higgs": jnp.array(100.0), "muon_yukawa": jnp.array(0.5)}
    weights = naturalness_weights(Naturalness(higgs=1, muon_yukawa=None), tunings)
    assert list(weights) == ["naturalness_higgs"]
    assert float(jnp.exp(weights["naturalness_higgs"])) == pytest.approx(1 / 100, rel=1e-4)


def test_nothing_switched_on_runs_nothing(model):
    weights = uv_weights(parse_uv_priors({}), model, benchmark_start(model), 3000.0)
    assert weights.log_weights == {} and float(weights.total) == 0


def test_spec_reads_units_and_multiples_of_pi():
    block = parse_uv_priors({"landau_pole": {"above": "1e16 GeV", "coupling": "2pi"}}).landau_pole
    assert block is not None
    assert block.above == 1e16 and block.coupling == pytest.approx(2 * np.pi)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"landau_poles": {}}, "did you mean 'landau_pole'"),
        (
            {"landau_pole": {"aboove": "1e16 GeV"}},
            "priors.landau_pole.aboove is unknown.*did you mean 'above'",
        ),
        ({"landau_pole": {"above": "1e16"}}, "has no unit"),
        ({"stability": {"width": -1}}, "priors.stability.width: -1 is wrong"),
        ({"naturalness": {"higgs": "much"}}, "priors.naturalness.higgs: 'much' is wrong"),
    ],
)
def test_faulty_blocks_are_refused(blocks, message):
    with pytest.raises(InputError, match=message):
        parse_uv_priors(blocks)
