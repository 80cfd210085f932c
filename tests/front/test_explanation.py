"""Can a light X explain (g-2)_mu: the point that is found, who contradicts it, and how the report says so."""

import json
import shutil

import jax.numpy as jnp
import pytest

from muobayes.explanation import explanation
from muobayes.likelihood.light_x.couplings import known_charges, x_point
from muobayes.likelihood.light_x.gminus2 import delta_a
from muobayes.likelihood.light_x.terms import light_x
from muobayes.report.results import Results
from muobayes.report.write import write_report
from muobayes.runcard import RunCard


@pytest.fixture(scope="module")
def b3lmu():
    card = {"model": "type-b/b-3lmu", "dataset": "paper2021", "likelihood": {"light_x": "fig3"}}
    return explanation(RunCard.from_dict(card))


def test_point_explains_the_measurement(b3lmu):
    """Delta a_mu of the point is the measured one (251e-11, arXiv:2104.03281), by the one-loop formula itself."""
    point = x_point(known_charges("b-3lmu"), *(b3lmu["point"][n] for n in ("mX", "gX", "epsBX")))
    assert b3lmu["delta_a_mu"] == pytest.approx(251e-11, rel=1e-3)
    assert float(delta_a(point, "mu")) == pytest.approx(b3lmu["delta_a_mu"], rel=1e-9)


def test_b3lmu_is_excluded_by_coherent(b3lmu):
    worst, gain = next(iter(b3lmu["terms"].items()))
    assert worst == "coherent_csi" and gain < -100
    assert b3lmu["total"] < -1000
    likelihood = light_x(known_charges("b-3lmu"), ["coherent_csi", "ccfr"])

    def at(gX, epsBX):
        point = x_point(known_charges("b-3lmu"), b3lmu["point"]["mX"], gX, epsBX)
        return likelihood.log_likelihoods(point)

    here = at(b3lmu["point"]["gX"], b3lmu["point"]["epsBX"])
    nothing = at(jnp.asarray(1e-30), jnp.asarray(0.0))
    for name in here:
        assert 2 * float(here[name] - nothing[name]) == pytest.approx(b3lmu["terms"][name], rel=1e-6)


def test_models_without_light_x_have_nothing_to_say():
    assert explanation(RunCard.from_dict({"model": "type-a/b-3lmu"})) is None


def test_report_says_who_excludes_it(b3lmu, finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished.path, folder)
    assert Results(folder).verdict == ""
    (folder / "explanation.json").write_text(json.dumps(b3lmu))
    verdict = Results(folder).verdict
    assert "It is excluded by coherent_csi" in verdict and "This run leaves out coherent_csi" in verdict
    page = write_report(folder).read_text()
    assert verdict in page and "Can the light X explain (g\N{MINUS SIGN}2)<sub>" in page


def test_report_of_a_light_x_that_survives(b3lmu, finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished.path, folder)
    (folder / "explanation.json").write_text(json.dumps(b3lmu | {"terms": {"ccfr": -0.4}, "total": 17.4}))
    assert "No other experiment outweighs it: 2 Δ log L = 17.4" in Results(folder).verdict
