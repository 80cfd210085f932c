"""Neutrino data: normalisations of the terms, limits, two-zero predictions, and bad input."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import halfnorm

from muobayes.errors import InputError
from muobayes.likelihood.neutrino.mixing import Oscillation, pmns
from muobayes.likelihood.neutrino.terms import (
    double_beta_log_likelihood,
    neutrino_data,
    neutrino_terms,
    oscillation_log_likelihood,
    sum_log_likelihood,
)
from muobayes.likelihood.neutrino.two_zeros import two_zero_predictions

TWO_ZEROS = {
    "D1R_minor": ([(1, 1), (1, 2)], True),
    "A2_texture": ([(0, 0), (0, 2)], False),
    "CR_minor": ([(1, 1), (2, 2)], True),
}


def test_two_zero_predictions(oracles: Path) -> None:
    """D1^R, A2 and C^R: all solutions, delta, masses and m_bb; none where the oracle has none."""
    for entry in json.loads((oracles / "light_x" / "misc.json").read_text())["two_zero_minors"].values():
        p = entry["params"]
        inputs = Oscillation(p["s12"], p["s23"], p["s13"], p["d"], p["m21"], p["m3l"])
        for name, (zeros, minors) in TWO_ZEROS.items():
            got = two_zero_predictions(zeros, minors, inputs)
            assert len(got) == len(entry[name])
            for solution, expected in zip(got, entry[name]):
                assert solution.delta == pytest.approx(expected["delta_deg"], abs=6e-3)
                assert solution.masses[0] == pytest.approx(expected["m1"], rel=1e-5)
                assert solution.total == pytest.approx(expected["sum"], rel=1e-5)
                assert solution.m_bb == pytest.approx(expected["mbb"], rel=1e-4, abs=1e-12)
                matrix = np.linalg.inv(solution.matrix) if minors else solution.matrix
                assert max(abs(matrix[a]) for a in zeros) < 1e-9 * np.abs(matrix).max()


def test_d1_r_is_the_texture_a2() -> None:
    """The two vanishing minors of D1^R imply m_ee = m_etau = 0, hence no neutrinoless double beta decay."""
    inputs = Oscillation(0.31, 0.582, 0.0224, 0.0, 7.39e-5, 2.525e-3)
    minors = two_zero_predictions(*TWO_ZEROS["D1R_minor"], inputs)
    texture = two_zero_predictions(*TWO_ZEROS["A2_texture"], inputs)
    for a, b in zip(minors, texture):
        assert a.delta == pytest.approx(b.delta)
        assert a.matrix == pytest.approx(b.matrix, abs=1e-12)
    # and there is none for inverted ordering
    assert two_zero_predictions(*TWO_ZEROS["D1R_minor"], inputs._replace(Dm3l=-2.512e-3)) == []


def test_oscillation_term_at_its_best_fit() -> None:
    for release in ("4.0", "5.2", "6.0"):
        for ordering in ("NO", "IO"):
            data = neutrino_data(ordering, release)
            assert float(oscillation_log_likelihood(data, data.best)) == pytest.approx(0.0)
            one_sigma = data.best._replace(s23sq=data.best.s23sq + data.plus.s23sq)
            assert float(oscillation_log_likelihood(data, one_sigma)) == pytest.approx(-0.5)
            wider = data.best._replace(Dm21=data.best.Dm21 + data.plus.Dm21)
            assert float(oscillation_log_likelihood(data, wider)) == pytest.approx(-0.5, rel=0.04)
            below = data.best._replace(s12sq=data.best.s12sq - 2 * data.minus.s12sq)
            assert float(oscillation_log_likelihood(data, below)) == pytest.approx(-2.0)


def test_phase_term_is_periodic_and_smooth() -> None:
    data = neutrino_data("NO", "6.0")
    deltas = jnp.linspace(0.0, 720.0, 2881)
    values = jax.vmap(lambda d: oscillation_log_likelihood(data, data.best._replace(delta=d)))(deltas)
    assert np.asarray(values[:1440]) == pytest.approx(np.asarray(values[1440:2880]), abs=1e-9)
    assert float(jnp.max(jnp.abs(jnp.diff(values)))) < 0.05
    one_sigma = data.best._replace(delta=data.best.delta + data.plus.delta)
    assert float(oscillation_log_likelihood(data, one_sigma)) == pytest.approx(-0.5, rel=0.03)


def test_limits_are_where_they_were_published() -> None:
    """95 % of the half-Gaussian lie below the limit on the sum; 90 % of the rate below that of m_bb."""
    data = neutrino_data(mass_sum="planck2018", double_beta="2024")
    density = lambda s: float(jnp.exp(sum_log_likelihood(data, s)))  # noqa: E731
    assert quad(density, 0, 0.12)[0] / quad(density, 0, 1)[0] == pytest.approx(0.95, abs=1e-3)
    single = data._replace(m_bb_limits=(0.05, 0.05 * (1 + 1e-9)))
    assert float(double_beta_log_likelihood(single, 0.05)) == pytest.approx(
        halfnorm.logpdf(1.645) - halfnorm.logpdf(0), rel=1e-6
    )
    assert float(double_beta_log_likelihood(data, 0.0)) == pytest.approx(0.0)


def test_terms_of_a_good_and_a_bad_matrix() -> None:
    data = neutrino_data()
    u = pmns(0.308, 0.47, 0.02215, 212.0)
    masses = np.sqrt([1e-6, 1e-6 + 7.49e-5, 1e-6 + 2.513e-3])
    good = neutrino_terms(data, jnp.asarray(u @ np.diag(masses) @ u.T))
    assert set(good) == {"neutrino oscillations", "sum of neutrino masses", "neutrinoless double beta decay"}
    assert float(good["neutrino oscillations"]) == pytest.approx(0.0, abs=1e-6)
    assert float(sum(good.values())) > -1
    bad = neutrino_terms(data, jnp.asarray(10 * u @ np.diag(masses) @ u.T))
    assert float(bad["neutrino oscillations"]) < -1000  # ln(100) in both mass differences
    assert all(np.isfinite(float(value)) for value in bad.values())


def test_bad_choices() -> None:
    for arguments, message in (
        ({"nufit": "6.1"}, "nufit: '6.1' is unknown"),
        ({"ordering": "normal"}, "ordering: 'normal' is unknown"),
        ({"mass_sum": "planck"}, r"mass_sum: 'planck' is unknown \(did you mean 'planck2018'\?\)"),
        ({"double_beta": "2030"}, "double_beta: '2030' is unknown"),
    ):
        with pytest.raises(InputError, match=message):
            neutrino_data(**arguments)
