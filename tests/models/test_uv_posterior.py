"""The card of the theory up to the Planck scale: its soft constraints as terms of a posterior."""

from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.inference.posterior import Posterior
from muobayes.models._build import parameter_reader
from muobayes.models._rooms import running_point, uv_room
from muobayes.models.catalogue import read_model
from muobayes.priors.distributions import prior_set
from muobayes.priors.uv_spec import parse_uv_priors
from muobayes.runcard import RunCard
from muobayes.running.flow import running_model
from muobayes.running.potential import higgs_mass_shift, muon_yukawa_shift
from muobayes.running.sm import sm_parameters
from muobayes.running.start import benchmark_start

CARD = Path(__file__).parents[2] / "runs" / "type-a-uv.yaml"
BENCHMARK = {  # arXiv:2103.13991, Sec. II; eta33L etc. as in its Fig. 2
    "eta33L": 0.43, "eta13L": 0.12, "eta13R": 0.12, "M1": 3e3, "M3": 3e3, "gX": 0.1, "epsBX": 0.1, "lamPhi": 0.1,
    **dict.fromkeys(("lamPhiH", "lamPhi1", "lamPhi3"), 1e-3),
    **dict.fromkeys(("lamH1", "lamH3", "kapH3", "kapH13", "lam1", "lam3", "kap3", "ups3"), 0.05),
    **dict.fromkeys(("lam13", "kap13", "ups13"), 0.05),
}  # fmt: skip


@pytest.fixture(scope="module")
def card():
    return RunCard.load(CARD)


@pytest.fixture(scope="module")
def constraints(card):
    """The posterior of the card without data: prior and soft constraints."""
    prior = prior_set(card.priors_of)
    read = parameter_reader(card, prior)
    room = uv_room(card.priors, card.entry, lambda parameters: parameters["M3"])

    def terms(x):
        return room.terms(read(x))

    return Posterior(
        prior, lambda x: jnp.sum(jnp.stack(list(terms(x).values()))), terms, lambda x: room.derived(read(x))
    )


@pytest.fixture(scope="module")
def value_and_gradient(constraints):
    return jax.jit(jax.value_and_grad(constraints.log_likelihood))


def _point(constraints, **changes):
    values = BENCHMARK | changes
    return jnp.array([values[name] for name in constraints.prior.names])


def test_the_card_samples_the_whole_theory(card):
    assert set(card.sampled) == set(BENCHMARK)
    assert len(card.sampled) >= 15
    assert None not in (card.priors.landau_pole, card.priors.stability, card.priors.perturbativity)


def test_the_benchmark_lies_inside_and_is_a_theory(constraints):
    x = _point(constraints)
    assert np.isfinite(float(constraints.prior.log_prob(x)))
    terms = constraints.terms(x)
    for name in ("landau_pole", "stability", "perturbativity"):
        assert float(terms[name]) == 0, name


def test_value_and_gradient_are_finite_all_over_the_prior(constraints, value_and_gradient):
    for x in constraints.prior.sample(jax.random.key(1), (64,)):
        value, gradient = value_and_gradient(x)
        assert np.isfinite(float(value)) and bool(jnp.all(jnp.isfinite(gradient))), x


def test_strong_couplings_are_finite_and_lead_back(constraints, value_and_gradient):
    """gX of 0.5 and 1, where X has its pole a few decades above: weights fall, gradients point to smaller gX."""
    i = constraints.prior.names.index("gX")
    values, gradients = zip(*(value_and_gradient(_point(constraints, gX=g)) for g in (0.1, 0.25, 0.5, 1.0)))
    assert bool(jnp.all(jnp.isfinite(jnp.stack(gradients))))
    assert all(b < a for a, b in pairwise(map(float, values)))
    assert all(float(g[i]) < 0 for g in gradients[1:])


def test_gradient_against_finite_differences(constraints, value_and_gradient):
    x = _point(constraints, gX=0.2, lamH3=-0.1)
    _, gradient = value_and_gradient(x)
    for name in ("gX", "lamH1", "eta33L", "M1"):
        i = constraints.prior.names.index(name)
        h = 1e-4 * max(1.0, float(x[i]))
        step = jnp.zeros_like(x).at[i].set(h)
        difference = float(value_and_gradient(x + step)[0] - value_and_gradient(x - step)[0]) / (2 * h)
        assert float(gradient[i]) == pytest.approx(difference, rel=2e-2, abs=1e-5), name


def test_tunings_are_those_of_equations_6_and_7(card):
    """The matching's thresholds against the closed forms of the paper, up to wave functions and small quarks."""
    entry, model, mu = card.entry, running_model("full"), 3000.0
    fixed = {n: p.value for n, p in card.priors_of.items() if p.type == "fixed"}
    point = {n: jnp.asarray(v) for n, v in (fixed | BENCHMARK | {"kapH13": 0.0, "M1": 2e3}).items()}
    tunings = running_point(entry, model, point, jnp.asarray(mu)).tunings
    sm = sm_parameters(mu)
    higgs = higgs_mass_shift(mu, 2e3, 0.05, 3e3, 0.05, 0.05)
    assert float(tunings["higgs"]) == pytest.approx(float(higgs / sm.muH2), rel=1e-3)
    v = np.conj(np.asarray(sm.Yu)[:, 2]) / np.linalg.norm(np.asarray(sm.Yu)[:, 2])
    left = 0.12 * jnp.array([-v[0], -v[1], 1.0])
    muon = muon_yukawa_shift(mu, 2e3, left, sm.Yu, jnp.array([0.0, 0.0, 0.12]))
    assert float(tunings["muon_yukawa"]) == pytest.approx(float(muon / sm.Ye[1, 1].real), rel=0.05)


def test_thresholds_are_logarithms_that_vanish_at_the_masses(card):
    """Couplings that leptoquarks do not have are kept; those of the SM are shifted in proportion to ln(mu/M)."""
    entry, model = card.entry, running_model("full")
    fixed = {n: p.value for n, p in card.priors_of.items() if p.type == "fixed"}
    shifts = []
    for mass in (3e3, 1.5e3, 0.75e3):
        point = {n: jnp.asarray(v) for n, v in (fixed | BENCHMARK | {"M1": mass, "M3": mass}).items()}
        shifts.append(running_point(entry, model, point, jnp.asarray(3e3)).start - benchmark_start(model))
    for name in ("g_X", "eps_BX", "eta_3L[3]", "lambda_3", "kappa_H13"):
        assert float(shifts[2][model.index(name)]) == pytest.approx(0, abs=1e-12), name
    for name in ("g_Y", "g_2", "g_3", "lambda_H"):
        at, half, quarter = (float(s[model.index(name)]) for s in shifts)
        assert at == pytest.approx(0, abs=1e-12) and abs(half) > 1e-5, name
        assert quarter == pytest.approx(2 * half, rel=1e-9), name


def test_derived_quantities_tell_the_weights(constraints):
    x = _point(constraints, gX=0.25)
    terms, derived = jax.jit(lambda x: (constraints.terms(x), constraints.derived(x)))(x)
    for name, value in terms.items():
        assert float(derived[f"log_weight_{name}"]) == pytest.approx(float(value))
    assert 10 < float(derived["log10_mu_pole"]) < 12


def test_a_model_without_beta_functions_is_refused():
    entry = read_model("sm")
    with pytest.raises(InputError, match="there are no beta functions for sm"):
        uv_room(parse_uv_priors({"stability": {}}), entry, lambda _: jnp.asarray(3e3))


@pytest.mark.parametrize("odd", [("eta13L", "eta13R", "kapH13"), ("eta33L", "kapH13")])
def test_the_sign_of_a_leptoquark_cannot_be_seen(constraints, odd):
    """S -> -S changes the sign of every coupling that is odd in S; kapH13 is odd in both S1 and S3."""
    terms = jax.jit(jax.vmap(constraints.terms))
    x = constraints.prior.sample(jax.random.key(4), (32,))
    mirrored = terms(x * jnp.array([-1.0 if name in odd else 1.0 for name in constraints.prior.names]))
    for name, values in terms(x).items():
        np.testing.assert_allclose(values, mirrored[name], rtol=1e-9, atol=1e-9, err_msg=name)
