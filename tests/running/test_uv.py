"""Soft constraints: what they allow, how they fall off, and that a sampler can follow them."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.priors.uv import naturalness_weights, uv_weights
from muobayes.priors.uv_spec import Naturalness, parse_uv_priors
from muobayes.running.flow import running_model
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
    "largest",
    [
        2.0,
        # beyond 4 pi the flow ends where it starts, and the weight is flat there (docs/validation.md)
        pytest.param(
            11.0, marks=pytest.mark.xfail(strict=True, reason="no gradient back from a start at the pole")
        ),
    ],
)
def test_weights_fall_and_lead_back(model, largest):
    """Along gX the pole comes down, the weight falls, and its gradient points back to smaller gX."""
    priors = parse_uv_priors({"landau_pole": {"width": 2}})

    @jax.jit
    @jax.vmap
    @jax.value_and_grad
    def weight(gX):
        start = benchmark_start(model).at[model.index("g_X")].set(gX)
        return uv_weights(priors, model, start, 3000.0).total

    values, slopes = weight(jnp.array([0.1, 0.16, 0.25, 0.5, 1.0, largest]))
    assert values[0] == 0 and slopes[0] == 0
    assert bool(jnp.all(jnp.diff(values) < 0))
    assert bool(jnp.all(slopes[1:] < 0)) and bool(jnp.all(jnp.isfinite(slopes)))


def test_instability_is_seen(model):
    priors = parse_uv_priors({"stability": {"width": 0.01}})
    start = benchmark_start(model, {"lamH3": -0.9})
    weights = uv_weights(priors, model, start, 3000.0)
    assert float(weights.derived["stability_margin"]) < 0
    assert float(weights.log_weights["stability"]) == pytest.approx(
        1 - math.hypot(1, float(weights.derived["stability_margin"]) / 0.01)
    )


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
