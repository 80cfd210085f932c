"""Data drawn from the likelihood of a run card, and the posterior of such data: for calibration by simulation.

Every Gaussian of the likelihood is simulated with its full covariance (the theory's included). A measurement with a
density of its own is a location family: the likelihood depends on prediction minus measured value, so that the
density of that difference is the one to draw from. Run as a script, it calibrates the models of `CARDS`:

    python tests/models/simulated.py [NAMES] [SIMULATIONS] [BROKEN]

prints the verdicts for the likelihood as it is, and (BROKEN = 1.3) with all errors 1.3 times too large.
"""

import sys
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from muobayes.inference.posterior import Posterior
from muobayes.inference.sbc import SbcResult, simulation_based_calibration
from muobayes.likelihood.densities import SplitNormals
from muobayes.models._build import parameter_reader, smeft_of
from muobayes.priors.distributions import prior_set
from muobayes.runcard import RunCard

# One sign of each coupling whose sign is a symmetry, and the prior ranges of a fit rather than of a discovery: a chain of
# a few hundred iterations must find its way in each of hundreds of posteriors.
CARDS = {
    "type-a": {
        "model": "type-a/b-3lmu",
        "parameters": {
            "kapH13": 0,
            "eta33L": {"prior": {"type": "uniform", "low": 0.0, "high": 1.0}},
            "eta13L": {"prior": {"type": "uniform", "low": 0.0, "high": 0.3}},
            "eta13R": {"equals": "eta13L"},
        },
    },
    "type-a-r2": {
        "model": "type-a-r2/b-3lmu",
        "parameters": {
            "eta33L": {"prior": {"type": "uniform", "low": 0.0, "high": 1.0}},
            "eta23L": {"prior": {"type": "uniform", "low": 0.0, "high": 0.3}},
            "eta23R": {"equals": "eta23L"},
        },
    },
    "tau-s1": {
        "model": "tau/s1",
        "matching": {"loop": 1, "scale": "1.5 TeV"},
        "parameters": {
            "etaTau13L": {"prior": {"type": "uniform", "low": 0.0, "high": 1.5}},
            "etaTau12R": {"prior": {"type": "uniform", "low": -1.5, "high": 1.5}},
        },
    },
}


class Data(NamedTuple):
    """What was measured: an offset for each row of the Gaussians, a shift of each other density."""

    offsets: tuple[Float[Array, " r"], ...]
    shifts: tuple[Float[Array, " n"], ...]


class Simulator:
    """Simulated data of a card, and their posterior.

    Parameters
    ----------
    card : RunCard
        Of a model whose likelihood is that of the SMEFT alone.
    """

    def __init__(self, card: RunCard) -> None:
        self.prior = prior_set(card.priors_of)
        smeft = smeft_of(card, self.prior)
        read = parameter_reader(card, self.prior)
        self.terms = smeft.likelihood.terms
        self.tables = tuple(_inverse_cumulative(each.density) for each in self.terms.densities)

        def predictions(x):
            c, log_mu = smeft.coefficients(read(x))
            return smeft.likelihood.predict(c, log_mu)

        self.predictions = predictions

    def simulate(self, key: Array, x: Array) -> Data:
        """Data drawn at a point."""
        predictions = self.predictions(x)
        distance = (predictions - self.terms.sm) / self.terms.scale
        keys = iter(jax.random.split(key, len(self.terms.gaussians) + len(self.terms.densities)))
        offsets = tuple(
            jax.random.normal(next(keys), g.offset.shape) - g.factor @ distance[g.members]
            for g in self.terms.gaussians
        )
        shifts = []
        for each, (u, probability) in zip(self.terms.densities, self.tables):
            uniform = jax.random.uniform(next(keys), (len(each.members),))
            shifts.append(predictions[each.members] - jax.vmap(jnp.interp)(uniform, probability, u))
        return Data(offsets, tuple(shifts))

    def posterior(self, data: Data, errors: float = 1.0) -> Posterior:
        """The posterior of simulated data, with a likelihood whose errors are multiplied by a factor."""

        def log_likelihood(x):
            predictions = self.predictions(x)
            distance = (predictions - self.terms.sm) / self.terms.scale
            value = 0.0
            for gaussian, offset in zip(self.terms.gaussians, data.offsets):
                change = gaussian.factor @ distance[gaussian.members]
                value += -0.5 * jnp.sum(change * (change + 2 * offset))
            for each, shift in zip(self.terms.densities, data.shifts):
                value += jnp.sum(each.density(predictions[each.members] - shift))
            return value / errors**2

        return Posterior(self.prior, log_likelihood, lambda x: {"all": log_likelihood(x)})

    def calibrate(self, simulations: int, errors: float = 1.0, seed: int = 1) -> SbcResult:
        """Ranks of the truth."""
        return simulation_based_calibration(
            self.prior,
            self.simulate,
            lambda data: self.posterior(data, errors),
            seed,
            simulations=simulations,
            thin=2,
            warmup=200,
        )


def _inverse_cumulative(density) -> tuple[np.ndarray, np.ndarray]:
    """Grids (n, m) of the argument of each density, and the probability below it."""
    if isinstance(density, SplitNormals):
        low, high = density.center - 8 * density.left, density.center + 8 * density.right
    else:
        reach = 3 * (density.x[:, -1] - density.x[:, 0])
        low, high = density.x[:, 0] - reach, density.x[:, -1] + reach
    grid = jnp.linspace(low, high, 20001)
    value = np.exp(np.asarray(jax.lax.map(density, grid)).T)
    probability = np.cumsum(value, axis=1) - value / 2
    return np.asarray(grid.T), probability / value.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    chosen = sys.argv[1].split(",") if len(sys.argv) > 1 and sys.argv[1] else list(CARDS)
    simulations = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    factors = (1.0, *map(float, sys.argv[3:]))
    for name in chosen:
        simulator = Simulator(RunCard.from_dict({"dataset": "paper2021", **CARDS[name]}))
        for errors in factors:
            result = simulator.calibrate(simulations, errors)
            p_values = ", ".join(f"{n} {p:.2g}" for n, p in zip(result.names, result.p_values))
            print(f"{name}, errors x {errors:g}: {result.sentence} [{p_values}]", flush=True)
