"""What is dropped as irrelevant changes no prediction."""

import numpy as np

from muobayes.likelihood.dataset import load_dataset
from muobayes.likelihood.point import to_vector
from muobayes.likelihood.predictions import build_predictions
from muobayes.likelihood.smeft import build_smeft_likelihood
from muobayes.likelihood.terms import observable_uncertainties

OBSERVABLES = ("a_mu", "BR(Bs->mumu)", "DeltaM_s", "m_W", "BR(B+->taunu)")
SUPPORT = np.flatnonzero(
    to_vector(
        dict.fromkeys(
            ("lq3_2223", "lq1_2223", "lq3_3313", "lequ3_2233", "ll_1221", "qq1_2323", "phil3_22"), 1.0
        )
    )
)


def test_coefficients_that_only_move_the_ckm_matrix_are_kept():
    """B -> tau nu, an input of the extraction but in no data set, moves Vub and with it K and B mixing."""
    dataset, mu = load_dataset("current"), 3e3
    vector = to_vector({"lq3_3313": 1e-9, "lq3_3333": 2e-8})
    support = np.flatnonzero(vector)
    x, log_mu = vector[support], np.log(mu)
    samples = x * np.linspace(-1, 1, 9)[:, None]
    likelihood = build_smeft_likelihood(
        dataset, support, mu=mu, samples=samples, log_mus=np.full(len(samples), log_mu)
    )
    restricted = likelihood.predictions
    full = build_predictions(restricted.observables, support, mu=mu)
    assert abs(full.ckm_shifts(x, log_mu)[-1][2]) > 1e-5  # Vub
    uncertainties = observable_uncertainties(dataset)
    sigma = [uncertainties[o]["sigma"] for o in restricted.observables]
    np.testing.assert_array_less(
        np.abs(likelihood.predict(x, log_mu) - full(x, log_mu)), 1e-3 * np.array(sigma)
    )


def test_few_combinations_of_coefficients_hold_for_the_whole_prior():
    """Found at some points, they are exact at others, far outside of these, too."""
    evolution = build_predictions(OBSERVABLES, SUPPORT, mu=3e3).evolution
    rng = np.random.default_rng(4)
    directions = rng.normal(size=(3, len(SUPPORT)))

    def coefficients(couplings):  # three couplings, up to the fourth power
        u, v, w = couplings.T
        return np.stack([u * v, w**2, u**2 * w**2], axis=1) @ directions * 1e-8

    combinations, few = evolution.combined(coefficients(rng.normal(size=(60, 3))))
    assert combinations.shape == (3, len(SUPPORT))
    for x in coefficients(20 * rng.normal(size=(5, 3))):
        np.testing.assert_allclose(
            few(combinations @ x, 8.0),
            evolution(x, 8.0),
            rtol=1e-9,
            atol=1e-11 * np.abs(evolution(x, 8.0)).max(),
        )
        np.testing.assert_allclose(
            few.by_ckm @ (combinations @ x),
            evolution.by_ckm @ x,
            rtol=1e-8,
            atol=1e-11 * np.abs(evolution.by_ckm @ x).max(),
        )
