"""What is dropped as irrelevant changes no prediction."""

import numpy as np

from muobayes.likelihood.dataset import load_dataset
from muobayes.likelihood.point import to_vector
from muobayes.likelihood.predictions import build_predictions
from muobayes.likelihood.smeft import build_smeft_likelihood
from muobayes.likelihood.terms import observable_uncertainties


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
        np.abs(restricted(x[likelihood.columns], log_mu) - full(x, log_mu)), 1e-3 * np.array(sigma)
    )
