"""The neutrino models as posteriors: the same numbers as the sector by itself, finite gradients, periodic phases."""

import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.inference.evaluation import check_posterior
from muobayes.inference.seeds import named_key
from muobayes.lagrangian.textures import neutrino_texture
from muobayes.likelihood.neutrino.seesaw import seesaw
from muobayes.likelihood.neutrino.terms import neutrino_data, neutrino_terms
from muobayes.models import build
from muobayes.runcard import RunCard


@pytest.fixture(scope="module", params=["neutrinos/b-3lmu", "neutrinos/lmu-ltau"])
def posterior(request):
    return build(RunCard.from_dict({"model": request.param, "dataset": "paper2021"}))


def test_finite_everywhere_with_phases_on_circles(posterior):
    check_posterior(posterior, named_key(1, "check"), points=50)
    periodic = {n for n, p in zip(posterior.prior.names, posterior.prior.periodic) if p}
    assert periodic == {n for n in posterior.prior.names if n.startswith("arg")} != set()


def test_terms_are_those_of_the_sector():
    """v_Phi = m_X/(sqrt2 |q_Phi| gX), with the data of the paper's time."""
    card = RunCard.from_dict({"model": "neutrinos/lmu-ltau", "dataset": "paper2021"})
    posterior = build(card)
    x = posterior.prior.sample(named_key(2, "check"), (1,))[0]
    values = posterior.prior.fixed | {n: float(v) for n, v in zip(posterior.prior.names, x)}
    m = seesaw(neutrino_texture(card.entry.charges), values).light_masses(
        values, values["mX"] / (np.sqrt(2) * values["gX"])
    )
    expected = neutrino_terms(neutrino_data("NO", "4.0", "planck2018", "2016"), m)
    got = posterior.terms(jnp.asarray(x))
    assert {n: float(v) for n, v in got.items()} == pytest.approx({n: float(v) for n, v in expected.items()})
