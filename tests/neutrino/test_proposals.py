"""Proposals for the seesaws: their points are what they say, and their density is right."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.inference.importance import weighted_points
from muobayes.inference.posterior import Posterior, Proposal
from muobayes.inference.seeds import named_key
from muobayes.lagrangian.textures import neutrino_texture
from muobayes.likelihood.neutrino import proposals
from muobayes.likelihood.neutrino.draws import draw_one_zero
from muobayes.likelihood.neutrino.low_energy import inverse_mass
from muobayes.likelihood.neutrino.mixing import oscillation, takagi
from muobayes.likelihood.neutrino.seesaw import seesaw
from muobayes.likelihood.neutrino.terms import neutrino_data, neutrino_terms
from muobayes.models import build
from muobayes.models._rooms import v_Phi_of
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import LogUniform
from muobayes.runcard import RunCard

RATIOS = (((1, 2), (0, 1)), ((0, 1), (0, 2)))


def _uniform(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).random(shape))


def _found(low, m, ordering):
    masses, U = jax.vmap(takagi)(m)
    seen = jax.vmap(lambda masses, U: oscillation(masses, U, ordering))(masses, U)
    exists = np.asarray(low.exists)
    pairs = [(getattr(seen, n), getattr(low.numbers, n)) for n in ("s12sq", "s23sq", "s13sq", "delta")]
    pairs += [(seen.Dm21, jnp.exp(low.numbers.log_Dm21)), (jnp.abs(seen.Dm3l), jnp.exp(low.numbers.log_Dm3l))]
    pairs.append((masses.min(1), jnp.exp(low.numbers.log_lightest)))
    return [(np.asarray(a)[exists], np.asarray(b)[exists]) for a, b in pairs]


@pytest.mark.parametrize("ordering", ["NO", "IO"])
def test_drawn_numbers_belong_to_a_matrix_with_one_zero(ordering):
    """Through the Takagi factorisation of the package, which knows nothing of triangles; both branches."""
    data = neutrino_data(ordering, "4.0")
    u, branch = _uniform(1, 4000, 9), jnp.arange(4000) % 3
    low = jax.jit(jax.vmap(lambda k, u: draw_one_zero(k, u, data, RATIOS, 2.0)))(branch, u)
    K = jax.vmap(lambda n, s: inverse_mass(n, s, ordering))(low.numbers, low.mirror)
    for seen, drawn in _found(low, jnp.linalg.inv(K), ordering):
        assert len(seen) > 20
        np.testing.assert_allclose(seen, drawn, rtol=1e-7)
    exists = np.asarray(low.exists)
    assert {0, 1, 2} == set(np.asarray(branch)[exists])
    assert np.abs(np.asarray(K[:, 1, 1]) / np.abs(K).max((1, 2)))[exists].max() < 1e-12


def _as_proposal(draw, prior, names):
    place = jnp.array([names.index(n) for n in prior.names])

    def point(component, u):
        moduli, phases, log_density = draw.draw(component, u)
        return jnp.concatenate([moduli, jnp.mod(phases, 2 * jnp.pi)])[place], log_density

    return Proposal(draw.components, draw.dimension, point)


MODELS = {
    "b-3lmu": (proposals.B_3LMU, proposals.b_3lmu_draw),
    "lmu-ltau": (proposals.LMU_LTAU, proposals.lmu_ltau_draw),
}
NEAR = {  # a point of each posterior, in the order of the model's moduli (GeV)
    "b-3lmu": (5.51e-07, 2.59e-06, 6.33e-06, 7.66e-06, 5.14e-08, 5.06e04, 4.08e04, 0.0118, 0.0019),
    "lmu-ltau": (9.65e-07, 2.14e-06, 3.33e-07, 233, 177, 0.00592, 0.00113),
}


def _wide(model, ordering, factor, broadening=0.7, near=None):
    """The posterior of a model if oscillations were measured with errors `factor` times as large.

    With ``near`` the moduli lie within a factor of that size of a point, so that prior draws find the posterior.
    """
    (moduli, phases), make = MODELS[model]
    card = RunCard.from_dict({"model": f"neutrinos/{model}", "dataset": "paper2021"})
    specs = dict(card.priors_of)
    if near:
        specs |= {n: LogUniform(low=v / near, high=v * near) for n, v in zip(moduli, NEAR[model])}
    prior = prior_set(specs)
    data = neutrino_data(ordering, "4.0")
    plus, minus = (jax.tree.map(lambda v: factor * v, part) for part in (data.plus, data.minus))
    data = data._replace(plus=plus, minus=minus)
    v_Phi = float(v_Phi_of(card.entry)(prior.fixed))
    sector = seesaw(neutrino_texture(card.entry.charges), prior.names)

    def terms(x):
        return neutrino_terms(data, sector.light_masses(dict(zip(prior.names, x)), v_Phi))

    bounds = dict(zip(prior.names, prior.bounds))
    draw = make({n: bounds[n] for n in moduli}, data, v_Phi, broadening)
    proposal = _as_proposal(draw, prior, (*moduli, *phases))
    return Posterior(prior, lambda x: sum(terms(x).values()), terms, proposal=proposal)


@eqx.filter_jit
def _log_likelihoods(posterior, x):
    return jax.lax.map(posterior.log_likelihood, x, batch_size=4096)


@pytest.mark.parametrize("model", MODELS)
def test_points_lie_in_the_box(model):
    posterior = _wide(model, "NO", 1.0)
    proposal = posterior.proposal
    u = _uniform(3, 300, proposal.dimension)
    component = jnp.zeros(300, int)
    x, log_density = jax.jit(jax.vmap(proposal.draw))(component, u)
    exists = np.isfinite(np.asarray(log_density))
    assert exists.sum() > 100
    log_prior = np.asarray(jax.vmap(posterior.prior.log_prob)(x))
    assert np.isfinite(log_prior[exists]).all()


def test_tubes_reach_the_corners_of_the_box():
    """alpha, beta and kappa from the parameters themselves; the box has six decades to each side."""
    posterior = _wide("b-3lmu", "NO", 1.0)
    u, tube = _uniform(4, 6000, posterior.proposal.dimension), jnp.arange(6000) % 3
    x, log_density = jax.jit(jax.vmap(posterior.proposal.draw))(tube, u)
    exists = np.isfinite(np.asarray(log_density))
    p = dict(zip(posterior.prior.names, np.asarray(x)[exists].T))
    root = np.sqrt(p["MR33"] / p["MR11"])
    tangents = (
        p["ynu31"] / p["ynu33"] * root,
        p["ynu11"] / p["ynu13"] * root,
        p["yPhi23"] / p["yPhi12"] / root,
    )
    for k, tangent in enumerate(tangents):
        mine = tangent[np.asarray(tube)[exists] == k]
        assert mine.min() < 2e-4 and mine.max() > 5e3


@pytest.mark.parametrize(("ordering", "solves_for"), [("NO", 5), ("IO", 1)])
def test_density_by_finite_differences(ordering, solves_for):
    """Lmu-Ltau: x is smooth in u, and the density is |du/dx| times the share of a branch, and of a root of several.

    u[6] < 0.2: what could be solved for is drawn, Dm21 follows, and u[3] is free. The other branch adds nothing there,
    far from the measured Dm21. Beyond, Dm21 is drawn and delta or s23sq solved for, 0.8 over the number of roots.
    """
    posterior = _wide("lmu-ltau", ordering, 1.0)
    draw = jax.jit(jax.vmap(lambda u: posterior.proposal.draw(jnp.asarray(0), u)))
    for position, unused, roots in ((0.1, 3, (1,)), (0.5, solves_for, (1, 2, 3, 4))):
        u = np.array(_uniform(5, 200, 10))
        u[:, 6] = position
        free = [k for k in range(10) if k not in (6, unused)]
        x, log_density = (np.asarray(v) for v in draw(jnp.asarray(u)))
        ok = np.isfinite(log_density)
        ends = [[draw(jnp.asarray(u + h * np.eye(10)[k]))[0][ok] for k in free] for h in (1e-6, -1e-6)]
        columns = np.moveaxis(np.subtract(*ends) / 2e-6 / x[ok], 0, -1)
        inverse = -np.linalg.slogdet(columns)[1] - np.log(x[ok]).sum(1)
        share = np.exp(log_density[ok] - inverse) / (0.2 if position < 0.2 else 0.8)
        assert share.min() > (1 - 2e-3) / max(roots)  # another branch can only add
        right = [np.isclose(share, 1 / n, rtol=2e-3) for n in roots]
        assert np.any(right, axis=0).sum() > 20


@pytest.mark.slow
@pytest.mark.parametrize(("model", "factor", "near"), [("b-3lmu", 6.0, 2.0), ("lmu-ltau", 10.0, 3.0)])
def test_evidence_is_that_of_prior_draws(model, factor, near):
    """With wide errors and a small box plain prior draws find the posterior; at four standard deviations."""
    posterior = _wide(model, "NO", factor, near=near)
    x = posterior.prior.sample(named_key(1, "check"), (1_000_000,))
    values = np.asarray(_log_likelihoods(posterior, x))
    weight = np.where(np.isnan(values), 0.0, np.exp(values))
    log_z, error = np.log(weight.mean()), weight.std() / weight.mean() / np.sqrt(len(weight))
    points = weighted_points(posterior, 50_000, np.random.default_rng(1), show_progress=False)
    assert error < 0.2 and points.log_z_error < 0.1
    assert abs(points.log_z - log_z) < 4 * np.hypot(error, points.log_z_error)


@pytest.mark.slow
def test_two_proposals_give_the_same_evidence():
    found = [
        weighted_points(
            _wide("b-3lmu", "NO", 1.0, broadening), 20_000, np.random.default_rng(1), show_progress=False
        )
        for broadening in (0.6, 0.9)
    ]
    assert max(p.log_z_error for p in found) < 0.05
    assert abs(found[0].log_z - found[1].log_z) < 4 * np.hypot(*(p.log_z_error for p in found))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"model": "type-a/b-3lmu"}, "type-a/b-3lmu has no proposal for 'importance'.*use 'nuts'"),
        (
            {"model": "neutrinos/lmu-ltau", "parameters": {"ynu11": 1e-6}},
            "needs exactly ynu11, .* to be sampled",
        ),
        (
            {
                "model": "neutrinos/lmu-ltau",
                "parameters": {"ynu11": {"prior": {"type": "uniform", "low": 0, "high": 1e-4}}},
            },
            "prior of 'ynu11': 'importance' needs a log-uniform prior",
        ),
        (
            {
                "model": "neutrinos/lmu-ltau",
                "parameters": {"argMR23": {"prior": {"type": "periodic", "low": 0, "high": 3}}},
            },
            "prior of 'argMR23': 'importance' needs a periodic prior over a full turn",
        ),
    ],
)
def test_cards_without_a_proposal_are_refused(content, told):
    with pytest.raises(InputError, match=told):
        build(RunCard.from_dict({**content, "sampler": {"type": "importance"}}))
