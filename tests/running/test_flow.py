"""The flow: benchmark of arXiv:2103.13991, poles, gradients, and input that must not break it."""

import json
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.running.flow import M_PLANCK, Outcome, flow, running_model
from muobayes.running.sm import sm_parameters
from muobayes.running.start import benchmark_start, coupling_name, start_state

MU = 3000.0
# Off-diagonal Yukawas that the spurion generates; the independent program leaves them out of its flow.
OFF_DIAGONAL = ("Y_u[1,3]", "Y_u[2,3]", "Y_d[1,3]", "Y_d[2,3]")


@pytest.fixture(scope="module")
def full():
    return running_model("full")


def _run(oracles, n):
    run = json.loads((oracles / "rge" / "benchmark_flow.json").read_text())["runs"][n]
    model = running_model(
        "full", "flavour", tuple(run["loop_orders_gauge_yukawa_quartic"]), frozen=OFF_DIAGONAL
    )
    start = jnp.array([run["flow"][name][0] if name in run["flow"] else 0.0 for name in model.names])
    return run, model, start


@pytest.mark.parametrize("n", [4, 7])
def test_benchmark_flow_of_an_independent_program(oracles, n):
    """All couplings at all scales; the difference is a few 1e-8, the accuracy of the other program."""
    run, model, start = _run(oracles, n)
    scales = np.array(run["mu_GeV"])
    result = flow(model, start, MU, scales[-1], points=len(scales), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.exp(result.ln_mu), scales, rtol=1e-12)
    assert result.outcome == Outcome.END
    for name, values in run["flow"].items():
        found = result.couplings[:, model.index(name)]
        np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-9, err_msg=name)


def test_pole_of_an_independent_program(oracles):
    run, model, start = _run(oracles, 5)
    result = flow(model, start, MU, rtol=1e-9, atol=1e-11)
    assert result.outcome == Outcome.POLE
    assert np.exp(result.ln_mu_end) == pytest.approx(run["scale_maxabs_gt_4pi_GeV"], rel=1e-6)


def test_benchmark_has_no_pole_and_is_stable_up_to_the_planck_scale(full):
    result = flow(full, benchmark_start(full), MU, points=25)
    assert result.outcome == Outcome.END
    assert float(result.ln_mu_end) == pytest.approx(np.log(M_PLANCK))
    assert float(jnp.min(full.stability_margin(result.couplings))) >= 0
    end = dict(zip(full.names, np.asarray(result.end)))
    assert end["upsilon_3"] < 0 < end["lambda_3"] + end["kappa_3"] + end["upsilon_3"]


def test_kinetic_mixing_grows_by_a_fifth_wherever_it_starts(full):
    """0.18, 0.24, 0.30 from -0.1, 0, 0.1; the paper says 0.2."""
    i = full.index("eps_BX")
    starts = jnp.stack([benchmark_start(full, {"epsBX": e}) for e in (-0.1, 0.0, 0.1)])
    growth = jax.vmap(lambda x: flow(full, x, MU).end[i] - x[i])(starts)
    assert bool(jnp.all((growth > 0.18) & (growth < 0.31)))
    assert bool(jnp.all(jnp.diff(growth) > 0))


@pytest.mark.parametrize(("gX", "low", "high"), [(0.15, 1e17, 1.22e19), (0.25, 1e10, 2e11)])
def test_larger_gauge_couplings_bring_the_pole_down(full, gX, low, high):
    result = flow(full, benchmark_start(full, {"gX": gX}), MU)
    assert result.outcome == Outcome.POLE
    assert low < np.exp(result.ln_mu_end) < high


def test_growth_of_the_phi_portals_depends_on_its_charge():
    """lambda_Phix(mu_M) = 0 grows to 1e-3 for q_Phi = 1/2, as the paper says, but to several 1e-2 for 3."""
    off = dict.fromkeys(("lamPhiH", "lamPhi1", "lamPhi3"), 0.0)
    ends = {}
    for q in (Fraction(3), Fraction(1, 2)):
        model = running_model("full", parameters={"qPhi": q})
        end = flow(model, benchmark_start(model, off), MU).end
        ends[q] = max(abs(float(end[model.index(coupling_name(model, n))])) for n in off)
    assert 5e-4 < ends[Fraction(1, 2)] < 5e-3
    assert 20 < ends[Fraction(3)] / ends[Fraction(1, 2)] < 60


def test_one_loop_gauge_couplings_in_closed_form():
    model = running_model("sm", loops=(1, 0, 0))
    start = start_state(model, {}, sm_parameters(MU))
    result = flow(model, start, MU, 1e16, rtol=1e-10, atol=1e-12)
    t = np.log(1e16 / MU)
    for i, b in enumerate((41 / 6, -19 / 6, -7)):
        expected = (float(start[i]) ** -2 - b * t / (8 * np.pi**2)) ** -0.5
        assert float(result.end[i]) == pytest.approx(expected, rel=1e-8)
    np.testing.assert_array_equal(result.end[3:], start[3:])


def test_gradients_of_the_end_and_of_the_pole(full):
    """Reverse mode through the adaptive steps against finite differences."""

    def end(x):
        return flow(full, x, MU, rtol=1e-9, atol=1e-11).end[full.index("lambda_3")]

    def pole(x):
        return flow(full, x, MU, rtol=1e-9, atol=1e-11).ln_mu_end

    for function, changes in ((end, {}), (pole, {"gX": 0.25})):
        x = benchmark_start(full, changes)
        gradient = jax.jit(jax.grad(function))(x)
        fast = jax.jit(function)
        for name in ("g_X", "lambda_3", "eta_3L[3]"):
            step = jnp.zeros_like(x).at[full.index(name)].set(1e-5)
            difference = (fast(x + step) - fast(x - step)) / 2e-5
            assert gradient[full.index(name)] == pytest.approx(float(difference), rel=2e-4, abs=1e-4), name


def test_anything_finite_or_not_gives_a_finite_answer_with_a_reason(full):
    """Stiff, wild and broken starts side by side in one batch."""
    base = benchmark_start(full)
    wild = jnp.stack(
        [
            base,
            base.at[full.index("lambda_3")].set(8.0),
            base.at[full.index("lambda_3")].set(50.0),
            base.at[full.index("g_X")].set(3.0),
            base.at[full.index("eps_BX")].set(0.985),
            base.at[full.index("eps_BX")].set(1.5),
            base.at[full.index("lambda_3")].set(jnp.nan),
            base.at[full.index("g_X")].set(jnp.inf),
            base.at[full.index("lambda_1")].set(-8.0),
            jnp.zeros_like(base),
        ]
    )

    def summary(x):
        result = flow(full, x, MU, points=5)
        return result.ln_mu_end + result.end.sum() + result.couplings.sum(), result

    (_, result), gradient = jax.jit(jax.vmap(jax.value_and_grad(summary, has_aux=True)))(wild)
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in result)
    assert bool(jnp.all(jnp.isfinite(gradient)))
    outcomes = [Outcome(int(o)) for o in result.outcome]
    assert outcomes[0] is Outcome.END
    assert outcomes[2] is outcomes[5] is Outcome.START
    assert outcomes[6] is outcomes[7] is Outcome.NOT_FINITE
    assert outcomes[9] is Outcome.END
    assert result.ln_mu_end[2] < np.log(MU) <= result.ln_mu_end[1] < np.log(MU * 10)


def test_pole_scale_is_continuous_through_the_start():
    """From a pole just above the start to a start beyond the bound, the scale only moves down."""
    model = running_model("full")
    i = model.index("lambda_3")
    values = jnp.array([12.0, 12.5, 4 * jnp.pi - 1e-6, 4 * jnp.pi + 1e-6, 13.0, 20.0])
    base = benchmark_start(model)
    scales = jax.vmap(lambda v: flow(model, base.at[i].set(v), MU).ln_mu_end)(values)
    assert bool(jnp.all(jnp.diff(scales) < 1e-5))
    assert float(scales[2]) == pytest.approx(np.log(MU), abs=1e-4)


@pytest.mark.parametrize("name", ["full", "lmu-ltau", "lq_noX"])
def test_stability_does_not_depend_on_the_sign_of_a_leptoquark(name):
    """S1 -> -S1 changes the signs of two quartic couplings, and nothing else."""
    model, odd = running_model(name), ("kappa_H13", "xi_13")
    states = jax.random.normal(jax.random.key(1), (200, len(model.names)))
    mirrored = states * jnp.array([-1.0 if name in odd else 1.0 for name in model.names])
    np.testing.assert_allclose(model.stability_margin(states), model.stability_margin(mirrored), rtol=1e-12)


def test_wrong_names_are_refused(full):
    with pytest.raises(InputError, match="did you mean 'lamH3'"):
        benchmark_start(full, {"lamH33": 1.0})
    with pytest.raises(InputError, match="no coupling 'y_top'"):
        running_model("full", frozen=("y_top",))
