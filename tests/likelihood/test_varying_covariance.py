"""Theory covariances that move with the Wilson coefficients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.likelihood._nuisance import build_nuisance_response, sm_nuisance_response
from muobayes.likelihood.dataset import combine, load_dataset
from muobayes.likelihood.point import evaluate_point
from muobayes.likelihood.predictions import named_forms, sm_polynomials
from muobayes.likelihood.smeft import all_observables, build_smeft_likelihood, sm_predictions
from muobayes.smeft.basis import to_vector

TERM = "fast_likelihood_quarks.yaml"
MU = 3e3
# some C9 = -C10 = -0.6 of muons, with a right-handed part
POINT = {"lq3_2223": 2e-9, "lq1_2223": 1e-9, "qe_2322": -1e-9, "ld_2223": 1e-9}


def _likelihood(**options):
    vector = to_vector(POINT)
    support = np.flatnonzero(vector)
    likelihood = build_smeft_likelihood(
        load_dataset("current"), support, mu=MU, theory_covariance="varying", **options
    )
    return likelihood, jnp.asarray(vector[support]), np.log(MU)


def test_the_term_is_the_normal_density_with_the_covariance_at_the_point():
    likelihood, x, log_mu = _likelihood()
    dataset = load_dataset("current")
    term = dataset.term(TERM)
    mean, experiment = combine(term, dataset.measurements)
    every = list(all_observables(dataset))
    rows = [every.index(o) for o in term.observables]
    sm = np.array([sm_predictions(dataset)[o] for o in term.observables])
    in_sm = sm_nuisance_response(term.observables)
    rest = experiment + term.theory_covariance - in_sm @ in_sm.T

    def log_density(prediction, response):
        covariance = rest + response @ response.T
        sigma = np.sqrt(np.diag(covariance))  # the observables span many orders of magnitude
        sign, log_det = np.linalg.slogdet(covariance / np.outer(sigma, sigma))
        assert sign == 1
        residual = (prediction - mean) / sigma
        chi2 = residual @ np.linalg.solve(covariance / np.outer(sigma, sigma), residual)
        return -0.5 * (chi2 + log_det) - np.log(sigma).sum()

    prediction, response = (np.asarray(f(x, log_mu))[rows] for f in (likelihood.predict, likelihood.response))
    expected = log_density(prediction, response) - log_density(sm, in_sm)
    value = likelihood(x, log_mu)[likelihood.terms.names.index(TERM)]
    np.testing.assert_allclose(value, expected, atol=1e-6)
    fixed = build_smeft_likelihood(dataset, np.flatnonzero(to_vector(POINT)), mu=MU)
    assert abs(value - fixed(x, log_mu)[fixed.terms.names.index(TERM)]) > 0.05  # it makes a difference


def test_observables_that_do_not_move_are_conditioned_out_exactly():
    full, x, log_mu = _likelihood()
    samples = np.asarray(x) * np.linspace(-1, 1, 9)[:, None]
    restricted, _, _ = _likelihood(samples=samples, log_mus=np.full(9, log_mu))
    assert len(restricted.predictions.observables) < len(full.predictions.observables)
    # what is dropped moves nothing by more than 1e-4 standard deviations
    np.testing.assert_allclose(restricted(x, log_mu), full(x, log_mu), atol=5e-3)


def test_gradient():
    likelihood, x, log_mu = _likelihood(samples=None)
    scale = 1e-9
    total = jax.jit(lambda u: likelihood(scale * u, log_mu).sum())
    u, direction = x / scale, jnp.array(np.random.default_rng(1).normal(size=x.shape))
    _, slope = jax.jvp(total, (u,), (direction,))
    reverse = jax.grad(total)(u) @ direction
    h = 1e-4
    numerical = (total(u + h * direction) - total(u - h * direction)) / (2 * h)
    np.testing.assert_allclose([slope, reverse], numerical, rtol=1e-5)


def test_a_batch_of_points():
    """Samplers evaluate many points at once; a batched factorisation by LAPACK once never returned."""
    likelihood, x, log_mu = _likelihood()
    factors = np.linspace(-1, 1, 50)
    every = jax.jit(jax.vmap(lambda x: likelihood(x, log_mu)))
    for _ in range(3):
        found = every(factors[:, None] * np.asarray(x))
    np.testing.assert_allclose(found[-1], likelihood(x, log_mu), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found[0], likelihood(-x, log_mu), rtol=1e-9, atol=1e-9)


def test_the_sm_is_the_point_without_new_physics():
    likelihood, x, log_mu = _likelihood()
    observables = likelihood.predictions.observables
    np.testing.assert_allclose(
        likelihood.response(0 * x, log_mu), sm_nuisance_response(observables), rtol=1e-12, atol=1e-300
    )
    np.testing.assert_allclose(likelihood(0 * x, log_mu), 0.0, atol=1e-9)


def test_relative_uncertainty_of_a_rate_proportional_to_c10_squared():
    """BR(Bs -> mu mu) = N |C10(SM) + C|^2: the relative error of N is constant, that of C10(SM) depends on C."""
    likelihood, x, log_mu = _likelihood()
    i = likelihood.predictions.observables.index("BR(Bs->mumu)")
    sm = likelihood.predict(0 * x, log_mu)[i]

    def relative(x):
        return np.asarray(likelihood.response(x, log_mu)[i] / likelihood.predict(x, log_mu)[i])

    def share(x):  # 1/(1 + C/C10(SM)) - 1
        return np.sqrt(sm / likelihood.predict(x, log_mu)[i]) - 1

    assert np.linalg.norm(relative(0 * x)) > 0.01
    changes = [(relative(u * x) - relative(0 * x)) / share(u * x) for u in (0.3, 0.6, 1.0)]
    assert np.linalg.norm(changes[2]) > 1e-3
    for change in changes[:2]:
        np.testing.assert_allclose(change, changes[2], atol=2e-3 * np.linalg.norm(changes[2]))


def test_the_principal_directions_explain_the_theory_covariance():
    """Of every b -> s mu mu observable they leave little of smelli's own covariance, which comes from random draws."""
    dataset = load_dataset("current")
    term = dataset.term(TERM)
    beyond = ("KL->", "KS->", "->pimumu", "Bs->K*")  # other quark transitions
    rows = [
        i for i, o in enumerate(term.observables) if "mumu)" in o and not any(decay in o for decay in beyond)
    ]
    assert len(rows) > 150
    response = sm_nuisance_response(term.observables)[rows]
    _, experiment = combine(term, dataset.measurements)
    theory, explained = np.diag(term.theory_covariance)[rows], np.square(response).sum(axis=1)
    assert (np.abs(theory - explained) / (theory + np.diag(experiment)[rows]) < 0.05).all()


def test_observables_without_derivatives_do_not_move():
    names, _ = named_forms(["a_mu", "m_W"])
    response = build_nuisance_response(["a_mu", "m_W"], ())
    assert not response(jnp.asarray(sm_polynomials(names)), jnp.zeros(0)).any()


def test_predict_shows_the_uncertainties_of_the_point():
    fixed, varying = (
        evaluate_point(load_dataset("current"), {"lq3_2223": 2e-9}, MU, theory_covariance=choice)
        for choice in ("sm", "varying")
    )
    key = "BR(Bs->mumu)"
    for result in (fixed, varying):
        o = result["observables"][key]
        result["relative"] = o["sigma_th"] / o["prediction"]
        assert o["pull"] == pytest.approx(
            (o["prediction"] - o["exp"]) / np.hypot(o["sigma_th"], o["sigma_exp"])
        )
    sm = fixed["observables"][key]["sigma_th"] / fixed["observables"][key]["sm"]
    assert varying["relative"] == pytest.approx(sm, rel=0.1)  # C10 of the SM counts less or more
    assert fixed["relative"] != pytest.approx(sm, rel=0.2)
    others = [t for t in fixed["log_likelihood"] if t not in (TERM, "global")]
    assert [fixed["log_likelihood"][t] for t in others] == pytest.approx(
        [varying["log_likelihood"][t] for t in others]
    )


def test_an_unknown_choice_is_refused():
    with pytest.raises(InputError, match="allowed are sm, varying"):
        build_smeft_likelihood(load_dataset("current"), np.array([0]), mu=MU, theory_covariance="variable")
