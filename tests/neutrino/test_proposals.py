"""Proposals for the seesaws: their points are what they say, and their density is right."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.inference.evaluation import evaluate
from muobayes.inference.importance import weighted_points
from muobayes.inference.posterior import Posterior, Proposal
from muobayes.inference.seeds import named_key
from muobayes.likelihood.neutrino import proposals
from muobayes.likelihood.neutrino.draws import draw_one_zero, draw_two_zeros
from muobayes.likelihood.neutrino.low_energy import inverse_mass
from muobayes.likelihood.neutrino.mixing import oscillation, takagi
from muobayes.likelihood.neutrino.terms import neutrino_data, neutrino_terms
from muobayes.models import build
from muobayes.models._rooms import v_Phi_of
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


def _with_errors(model, ordering, factor, broadening=0.7):
    """The posterior of a model if oscillations were measured with errors `factor` times as large."""
    card = RunCard.from_dict({"model": f"neutrinos/{model}", "dataset": "paper2021"})
    posterior = build(card)
    data = neutrino_data(ordering, "4.0")
    plus, minus = (jax.tree.map(lambda v: factor * v, part) for part in (data.plus, data.minus))
    data = data._replace(plus=plus, minus=minus)
    room = build(card)
    v_Phi = float(v_Phi_of(card.entry)(room.prior.fixed))
    names, make = {
        "b-3lmu": (proposals.B_3LMU, proposals.b_3lmu_draw),
        "lmu-ltau": (proposals.LMU_LTAU, proposals.lmu_ltau_draw),
    }[model]
    bounds = dict(zip(posterior.prior.names, posterior.prior.bounds))
    from muobayes.lagrangian.textures import neutrino_texture
    from muobayes.likelihood.neutrino.seesaw import seesaw

    sector = seesaw(neutrino_texture(card.entry.charges), posterior.prior.names)

    def terms(x):
        return neutrino_terms(data, sector.light_masses(dict(zip(posterior.prior.names, x)), v_Phi))

    draw = make({n: bounds[n] for n in names[0]}, data, v_Phi, broadening)
    return Posterior(
        posterior.prior,
        lambda x: sum(terms(x).values()),
        terms,
        proposal=_as_proposal(draw, posterior.prior, (*names[0], *names[1])),
    )
