"""A likelihood with the shape of the real one, in closed form.

Two measurements of 1 +- 1/sqrt(h), of which the SM predicts 0: the square of one coupling each over that of its best
fit. Hence 2 Delta log L = h (1 - (prediction - 1)^2), and h at the best fit.
"""

import jax.numpy as jnp
import numpy as np
import pandas as pd

from muobayes.inference.posterior import Posterior
from muobayes.priors.distributions import prior_set

CARD = {
    "model": "type-a/b-3lmu",
    "dataset": "paper2021",
    "parameters": {"eta13R": {"equals": "eta13L"}},
    "sampler": {"chains": 2, "warmup": 200, "draws": 250},
    "plane": {"x": "eta33L", "y": "eta13L", "points": 30},
}
BEST = {"eta33L": 0.4, "eta13L": 0.12}
COUPLING = {"R_K(*)": "eta33L", "(g-2)_mu": "eta13L"}
HEIGHT = {
    "paper2021": {"R_K(*)": 20.25, "(g-2)_mu": 16.0},
    "current": {"R_K(*)": 4.0, "(g-2)_mu": 9.0},
}
TERMS = HEIGHT["paper2021"]


def predictions(parameters):
    return {term: (parameters[name] / BEST[name]) ** 2 for term, name in COUPLING.items()}


def build(card):
    prior = prior_set(card.priors_of)
    heights = HEIGHT[card.dataset]

    def terms(x):
        predicted = predictions({name: x[prior.names.index(name)] for name in BEST})
        return {term: 0.5 * heights[term] * (1 - jnp.square(predicted[term] - 1)) for term in COUPLING}

    def log_likelihood(x):
        return sum(terms(x).values())

    return Posterior(prior, log_likelihood, terms, symmetries=(("eta33L",), ("eta13L",)))


def observe(card, parameters):
    table = pd.DataFrame({"prediction": predictions(parameters)})
    table["sigma"] = [HEIGHT[card.dataset][term] ** -0.5 for term in table.index]
    table = table.assign(
        name=table.index, term=table.index, measurements="toy", source="none", exp=1.0, sm=0.0,
        sigma_exp=table.sigma, sigma_th=0.0, pull_sm=-1 / table.sigma, pull=(table.prediction - 1) / table.sigma,
    )  # fmt: skip
    assert np.isfinite(table.pull).all()
    return table.rename_axis("observable")
