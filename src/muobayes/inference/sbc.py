"""Simulation-based calibration: does the sampler, with this likelihood, recover what was put in?

Draw parameters from the prior, simulate data from them, sample the posterior of these data, and count how
many draws lie below the truth. If likelihood, simulator and sampler belong together, these ranks are uniform,
for every parameter and for the log-likelihood itself (which sees errors of the likelihood's width that a
single parameter hides).

References
----------
S. Talts et al., arXiv:1804.06788; M. Modrak et al., arXiv:2211.02383 (the log-likelihood as a test quantity).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy import stats

from ..priors.distributions import PriorSet
from .control import worker_count
from .nuts import NutsOptions, sample_chain
from .posterior import Posterior
from .seeds import named_key

__all__ = ["SbcResult", "simulation_based_calibration", "uniformity"]


class SbcResult(NamedTuple):
    """Ranks and what they say.

    Attributes
    ----------
    names : tuple of str
        The parameters, then "log likelihood".
    ranks : (simulations, len(names)) int
        Between 0 and ``draws``.
    draws : int
    p_values : (len(names),)
        Smallest of the tests of `uniformity`, times their number.
    false_alarm : float
        Probability that a perfect posterior fails, over all quantities and tests.
    """

    names: tuple[str, ...]
    ranks: np.ndarray
    draws: int
    p_values: np.ndarray
    false_alarm: float

    @property
    def passed(self) -> bool:
        """Whether the ranks are uniform at the stated false-alarm rate."""
        return bool(self.p_values.min() * len(self.p_values) > self.false_alarm)

    @property
    def sentence(self) -> str:
        """The verdict."""
        worst = int(self.p_values.argmin())
        verdict = "passed" if self.passed else "FAILED"
        return (
            f"Simulation-based calibration {verdict}: {len(self.ranks)} simulations, smallest p-value "
            f"{self.p_values[worst]:.2g} ({self.names[worst]}); a correct posterior fails with probability "
            f"{self.false_alarm:g}."
        )


def uniformity(ranks: np.ndarray, draws: int, bins: int = 10) -> float:
    """Corrected p-value that ranks are uniform on 0 .. draws: mean, spread and chi-squared, times three.

    Mean and spread have the power: a biased or a too wide posterior moves them first.
    """
    u = (ranks + 0.5) / (draws + 1)
    m = len(u)
    grid = (np.arange(draws + 1) + 0.5) / (draws + 1) - 0.5
    mean = (u - 0.5).mean() / np.sqrt((grid**2).mean() / m)
    spread = (((u - 0.5) ** 2).mean() - (grid**2).mean()) / ((grid**2).std() / np.sqrt(m))
    counts, _ = np.histogram(u, bins, (0, 1))
    expected = np.histogram(grid + 0.5, bins, (0, 1))[0] / (draws + 1) * m
    p_values = (
        2 * stats.norm.sf(abs(mean)),
        2 * stats.norm.sf(abs(spread)),
        stats.chisquare(counts, expected).pvalue,
    )
    return float(min(1.0, 3 * min(p_values)))


def simulation_based_calibration(
    prior: PriorSet,
    simulate: Callable[[Array, Array], Any],
    posterior_of: Callable[[Any], Posterior],
    seed: int,
    *,
    simulations: int = 300,
    draws: int = 99,
    thin: int = 4,
    warmup: int = 300,
    false_alarm: float = 1e-3,
) -> SbcResult:
    """Rank the truth among posterior draws, over data simulated from the prior.

    Parameters
    ----------
    prior : PriorSet
    simulate : callable
        ``simulate(key, x)`` returns data (arrays) drawn at parameters x; traceable.
    posterior_of : callable
        Data -> `Posterior`; traceable.
    seed, simulations : int
    draws, thin, warmup : int
        Of the single chain of each simulation; every ``thin``-th of its draws is ranked.
    false_alarm : float
        Of the verdict, over all quantities.
    """
    options = NutsOptions(chains=1, warmup=warmup, draws=draws * thin)

    def ranks(key: Array) -> Array:
        key_x, key_data, key_start, key_chain = jax.random.split(key, 4)
        truth = prior.sample(key_x)
        posterior = posterior_of(simulate(key_data, truth))
        z = sample_chain(posterior, options, prior.sample_unconstrained(key_start), key_chain)[
            thin - 1 :: thin
        ]
        x = jax.vmap(posterior.constrain)(z)
        below = (x < truth).sum(0)
        likelihood = jax.vmap(posterior.log_likelihood)(x)
        return jnp.append(below, (likelihood < posterior.log_likelihood(truth)).sum())

    workers = worker_count(simulations)
    compiled = jax.jit(lambda keys: jax.lax.map(ranks, keys))
    keys = jax.random.split(named_key(seed, "calibration"), -(-simulations // workers) * workers)
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(lambda part: np.asarray(compiled(part)), keys.reshape(workers, -1))
    counted = np.concatenate(list(parts))[:simulations]
    names = (*prior.names, "log likelihood")
    p_values = np.array([uniformity(counted[:, i], draws) for i in range(len(names))])
    return SbcResult(names, counted, draws, p_values, false_alarm)
