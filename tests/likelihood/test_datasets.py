"""The data sets that ship with the package: complete, consistent with each other, and as their sources state them."""

import numpy as np
import pytest

from muobayes._measurements import Drop
from muobayes.likelihood.changes import apply_measurements, compare_datasets
from muobayes.likelihood.dataset import combine, correlation_factors, datasets, load_dataset
from muobayes.likelihood.measured import moments
from muobayes.likelihood.point import evaluate_point
from muobayes.likelihood.predictions import observable_info
from muobayes.likelihood.smeft import sm_predictions
from muobayes.likelihood.terms import build_terms, observable_uncertainties
from muobayes.runcard import DATASETS

QUARKS = "fast_likelihood_quarks.yaml"


def test_cards_may_name_every_data_set():
    assert set(DATASETS) == set(datasets())


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_complete(name):
    """Every observable is measured and predicted, exactly; covariances are positive definite; the SM has a likelihood."""
    dataset = load_dataset(name)
    for term in dataset.terms:
        measured = {
            o
            for m in term.measurements
            for c in dataset.measurements[m]["constraints"]
            for o in c["observables"]
        }
        assert set(term.observables) <= measured
        assert max(observable_info(o)["residual"] for o in term.observables) < 1e-4
        if term.theory_covariance is not None:
            correlation_factors(combine(term, dataset.measurements)[1] + term.theory_covariance)
    terms = build_terms(dataset, sm_predictions(dataset), ())
    assert np.all(np.isfinite(terms.at_sm))


def test_latest_keeps_the_theory_of_current():
    """Predictions and theory covariances of common observables are the same numbers."""
    current, latest = (load_dataset(name) for name in ("current", "latest"))
    for old in current.terms:
        new = latest.term(old.name)
        common = [o for o in old.observables if o in new.observables]
        assert common
        if old.theory_covariance is not None:
            before, after = (
                t.theory_covariance[np.ix_(*2 * [[t.observables.index(o) for o in common]])]
                for t in (old, new)
            )
            np.testing.assert_array_equal(before, after)


def test_new_bins_vary_with_the_old_ones():
    """Theory errors of CMS's bins and of the overlapping ones of LHCb are almost the same error."""
    term = load_dataset("latest").term(QUARKS)
    covariance, sigma = term.theory_covariance, np.sqrt(np.diag(term.theory_covariance))
    place = {o: i for i, o in enumerate(term.observables)}
    for name in ("FL", "P1", "P2", "P4p", "P5p"):
        for new, old in (("4.3, 6.0", "4.0, 6.0"), ("14.18, 16.0", "15.0, 19.0")):
            a, b = (place[f'["<{name}>(B0->K*mumu)", {q2}]'] for q2 in (new, old))
            assert covariance[a, b] > 0.8 * sigma[a] * sigma[b]
            assert sigma[a] == pytest.approx(sigma[b], rel=0.5)


@pytest.mark.parametrize(
    ("observable", "measurements", "value", "sigma"),
    [
        ("m_W", 2, 80.3634, 0.0079),  # weighted mean of 80.3692(133) and 80.3602(99)
        ("Rtaul(B->D*lnu)", 1, 0.288, 0.012),
        ('["<P5p>(B0->K*mumu)", 4.3, 6.0]', 1, -0.435, 0.102),
        ('["<P4p>(B0->K*mumu)", 14.18, 16.0]', 1, -1.159 / 2, 0.057 / 2),  # halved: LHCb's normalisation
    ],
)
def test_latest_measures_what_its_sources_state(observable, measurements, value, sigma):
    dataset = load_dataset("latest")
    found = [
        name
        for name, m in dataset.measurements.items()
        if any(observable in c["observables"] for c in m["constraints"])
    ]
    numbers = observable_uncertainties(dataset)[observable]
    assert len(found) == measurements
    assert numbers["exp"] == pytest.approx(value, abs=0.03 * sigma)
    assert numbers["sigma_exp"] == pytest.approx(sigma, rel=0.03)


def test_limits_of_latest_are_limits():
    """Half-normal densities reach the stated confidence at the stated limit."""
    measurements = load_dataset("latest").measurements
    for name, limit, sigmas in (
        ("KL->pinunu KOTO 2024", 2.2e-9, 1.6449),
        ("MEG II mu->egamma 2025", 1.5e-13, 1.6449),
        ("CMS Z->emu 2025", 1.9e-7, 1.9600),
    ):
        (density,) = measurements[name]["constraints"]
        assert sigmas * density["standard_deviation"] == pytest.approx(limit, rel=1e-4)
        assert moments(density)[0] > 0


def test_changes_are_the_difference_of_log_likelihoods():
    """Measurement by measurement at a point: what its own removal changes, in the order of its effect."""
    point = {"lq1_2223": 4e-10, "lq3_2223": 4e-10, "phiD": 3e-9}
    current, latest = (load_dataset(name) for name in ("current", "latest"))
    changes = compare_datasets(current, latest, point, 3e3)
    listed = {c.measurement: c for c in changes}
    assert listed["CMS B->K*mumu 2024 4.3-6"].change == "new"
    assert listed["m_W Tevatron"].change == "gone"
    assert [abs(c.effect) for c in changes] == sorted((abs(c.effect) for c in changes), reverse=True)
    without = apply_measurements(latest, [Drop(drop=("m_W CMS 2024",))])
    full, rest = (evaluate_point(d, point, 3e3)["log_likelihood"]["global"] for d in (latest, without))
    assert listed["m_W CMS 2024"].effect == pytest.approx(full - rest, rel=1e-6)
    assert abs(full - rest) > 0.1


@pytest.mark.export
def test_an_extended_covariance_is_that_of_one_gaussian():
    """x, y, z of one Gaussian in which y depends on z through x alone; x and z known, x and y drawn together."""
    pytest.importorskip("smelli", reason="needs smelli (muobayes[export])")
    from muobayes.export.covariance import extended_covariance

    rng = np.random.default_rng(1)
    known = np.array([[1.0, 0.3, 0.2], [0.3, 4.0, -0.5], [0.2, -0.5, 0.5]])  # x0, x1, z
    slopes, rest = np.array([[0.5, -2.0], [1.0, 0.1]]), np.diag([0.09, 0.01])
    across = slopes @ known[:2]
    expected = np.block([[known, across.T], [across, slopes @ known[:2, :2] @ slopes.T + rest]])
    x = rng.multivariate_normal([0, 0], known[:2, :2], 4000)
    y = x @ slopes.T + rng.multivariate_normal([0, 0], rest, 4000)
    keys, matrix = extended_covariance(["x0", "x1", "z"], known, ["x1", "y0", "x0", "y1"], _columns(x, y))
    assert keys == ["x0", "x1", "z", "y0", "y1"]
    np.testing.assert_array_equal(matrix[:3, :3], known)
    np.testing.assert_allclose(matrix, expected, rtol=0.02, atol=0.02)
    correlation_factors(matrix)


def _columns(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.column_stack([x[:, 1], y[:, 0], x[:, 0], y[:, 1]])
