"""The dependence of the likelihood on the matching scale, at the best fit of Fig. 1 of arXiv:2103.13991."""

from pathlib import Path

import numpy as np
import pytest

from muobayes.cli.point import read_point
from muobayes.errors import InputError
from muobayes.inference.evaluation import evaluate
from muobayes.matching_scale import scale_dependence, scale_uncertainty
from muobayes.models import build
from muobayes.runcard import RunCard

FIG1 = Path(__file__).parents[2] / "runs" / "fig1.yaml"


@pytest.mark.slow
def test_one_loop_terms_at_least_halve_it():
    card = RunCard.load(FIG1)
    gains = scale_dependence(card, read_point(card, ["eta33L=0.403", "eta13L=0.121"]))
    assert gains.attrs["given_at"] == 3000.0
    np.testing.assert_allclose(gains.mu, [1500.0, 3000.0, 6000.0])
    at_card_scale = gains.sel(mu=3000.0)
    np.testing.assert_allclose(
        at_card_scale.sel(case="one loop"), at_card_scale.sel(case="one loop, couplings not run"), atol=1e-9
    )
    groups = {name: list(terms) for name, terms in card.plane.groups.items()} | {
        "all": list(gains.term.values)
    }
    for name, terms in groups.items():
        tree, loop, _ = np.ptp(gains.sel(term=terms).sum("term").values, axis=1)
        assert loop < tree / 2, name


def test_a_model_without_leptoquarks_has_none():
    card = RunCard.from_dict({"model": "sm"})
    assert scale_uncertainty(card, {}) is None
    with pytest.raises(InputError, match="no leptoquark"):
        scale_dependence(card, {})


@pytest.mark.slow
def test_a_sampled_scale_leaves_the_point_where_it_is():
    """With `scale: sampled` couplings are given at the masses' mean: along muM only missing orders change log L."""
    content = {
        "model": "type-a/b-3lmu",
        "dataset": "paper2021",
        "parameters": {"M1": "3 TeV", "M3": "3 TeV", "eta13R": {"equals": "eta13L"}, "kapH13": 0},
        "matching": {"loop": 1, "scale": "sampled"},
    }
    posterior = build(RunCard.from_dict(content))
    assert posterior.prior.names == ("eta33L", "eta13L", "muM")
    x = np.array([[0.40, 0.12, mu] for mu in (1500.0, 2100.0, 3000.0, 4300.0, 6000.0)])
    terms = evaluate(posterior, x).terms
    changes = {name: float(np.ptp(2 * values)) for name, values in terms.items()}
    assert max(changes.values()) < 0.05, changes
