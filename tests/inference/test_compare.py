"""The table of models: arithmetic, refusals, and warnings."""

import math

import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.inference.compare import ModelEvidence, combined, compare, dimensionality, information, jeffreys
from muobayes.inference.prior_sensitivity import Sensitivity
from muobayes.inference.result import Evidence


def _model(name, *log_z, checksum="a" * 20, **changes):
    evidences = [Evidence(f"estimator {i}", z, 0.1) for i, z in enumerate(log_z)]
    parts = ModelEvidence(name, "current", checksum, evidences, np.zeros((4, 100)), -5.0, 300, 3)
    return parts._replace(**changes)


def test_ranking_and_bayes_factors():
    table = compare([_model("sm", -20.0, -20.1), _model("type-a", -10.0), _model("type-b", -11.0)])
    assert [row.name for row in table.rows] == ["type-a", "type-b", "sm"]
    best, second, last = table.rows
    assert best.scale == "favoured" and best.log_bayes_factor == 0 == best.log_bayes_factor_error
    assert second.log_bayes_factor == pytest.approx(-1) and second.scale == "barely worth mentioning"
    assert second.log_bayes_factor_error == pytest.approx(0.1 * math.sqrt(2))
    assert last.log_z == pytest.approx(-20.05) and last.scale == "decisive"
    assert best.best_minus_two_log_likelihood == 10 and best.observables == 300
    assert table.warnings == []


def test_different_data_are_refused():
    with pytest.raises(InputError, match="fitted to different data"):
        compare([_model("sm", -1.0), _model("type-a", -1.0, checksum="b" * 20)])


@pytest.mark.parametrize(
    "bayes_factor, word", [(2, "barely"), (5, "substantial"), (20, "strong"), (50, "very"), (200, "dec")]
)
def test_grades_of_jeffreys(bayes_factor, word):
    assert jeffreys(math.log(bayes_factor)).startswith(word) and jeffreys(-math.log(bayes_factor)).startswith(
        word
    )


def test_disagreeing_estimators_are_named():
    (warning,) = compare([_model("type-a", -10.0, -11.0)]).warnings
    assert "disagree by 7.1 sigma" in warning


def test_levels_of_the_likelihood_are_no_parameters():
    """Half of the posterior 6 nats below the other: 2 var(ln L) = 18."""
    levels = np.repeat([[-6.0], [0.0]], 100, axis=1)
    (warning,) = compare([_model("type-b", -10.0, log_likelihood=levels)]).warnings
    assert "dim. is 18.0 with 3 parameters" in warning


def test_refused_estimate_is_left_out_and_named():
    evidences = [
        Evidence("nested sampling", -3.0, 0.2),
        Evidence("bridge sampling", math.nan, math.nan, "k-hat is 0.9"),
    ]
    assert combined(evidences) == (-3.0, 0.2)
    (warning,) = compare([_model("type-a", evidences=evidences)]).warnings
    assert "no bridge sampling (k-hat is 0.9)" in warning
    with pytest.raises(InputError, match=r"no evidence \(k-hat"):
        combined(evidences[1:])


def test_model_without_parameters_has_an_exact_evidence():
    assert combined([Evidence("exact", -7.0, 0.0)]) == (-7.0, 0.0)


def test_prior_that_decides_is_named():
    change = Sensitivity("couplings", 10.0, -4.6, 0.0, "")
    table = compare([_model("sm", -20.0), _model("type-a", -17.0, sensitivity=[change])])
    assert (
        "priors of type-a's couplings 10 times as wide (ln Z -4.60), it falls behind sm" in table.warnings[0]
    )


def test_dimensionality_and_information_of_a_gaussian():
    """ln L = -chi^2_d/2 along the posterior of a Gaussian: 2 var = d, <ln L> = -d/2."""
    log_likelihood = -0.5 * np.random.default_rng(0).chisquare(5, (4, 20000))
    assert dimensionality(log_likelihood) == pytest.approx(5, rel=0.05)
    assert information(log_likelihood, -10.0) == pytest.approx(7.5, rel=0.01)
