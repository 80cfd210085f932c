"""The neutrino models as posteriors: the same numbers as the sector by itself, finite gradients, periodic phases."""

import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
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


@pytest.mark.parametrize(("word", "ordering"), [("normal", "NO"), ("inverted", "IO")])
def test_terms_are_those_of_the_sector(word, ordering):
    """v_Phi = m_X/(sqrt2 |q_Phi| gX), with the data of the paper's time."""
    likelihood = {"neutrino_ordering": word}
    card = RunCard.from_dict(
        {"model": "neutrinos/lmu-ltau", "dataset": "paper2021", "likelihood": likelihood}
    )
    posterior = build(card)
    x = posterior.prior.sample(named_key(2, "check"), (1,))[0]
    values = posterior.prior.fixed | {n: float(v) for n, v in zip(posterior.prior.names, x)}
    m = seesaw(neutrino_texture(card.entry.charges), values).light_masses(
        values, values["mX"] / (np.sqrt(2) * values["gX"])
    )
    expected = neutrino_terms(neutrino_data(ordering, "4.0", "planck2018", "2016"), m)
    got = posterior.terms(jnp.asarray(x))
    assert {n: float(v) for n, v in got.items()} == pytest.approx({n: float(v) for n, v in expected.items()})


def test_unknown_ordering_is_refused():
    told = r"neutrino_ordering: 'IO' is not allowed; allowed are normal, inverted\.$"
    with pytest.raises(InputError, match=told):
        RunCard.from_dict({"model": "neutrinos/b-3lmu", "likelihood": {"neutrino_ordering": "IO"}})
