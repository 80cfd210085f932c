"""A proposal density fitted to draws: a mixture of Student t distributions.

A Gaussian mixture is fitted by expectation maximisation with full covariances; the number of components minimises an
information criterion: Akaike's for the density that is closest to that of the draws, the Bayesian one where components
cost time. Each Gaussian is then replaced by the Student t of the same mean and scale: a proposal
with Gaussian tails is thinner than the posterior in some corner, and importance weights there have no bound. One more
component with the draws' overall mean and covariance, and the heaviest tails, covers what lies between and far outside,
such as the ends of a bent ridge, for which there were too few draws to fit (a defensive mixture: T. Hesterberg,
Technometrics 37 (1995) 185).
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import gammaln, logsumexp

__all__ = ["Mixture", "fit_mixture"]

_OVERALL_WEIGHT = 0.1
_DEGREES, _OVERALL_DEGREES = 5.0, 1.0
_LOG_2PI = np.log(2 * np.pi)


class Mixture(NamedTuple):
    """Student t distributions with five degrees of freedom; the last one spans all draws and has one (Cauchy).

    Attributes
    ----------
    log_weights : (k,)
    means : (k, n)
    factors : (k, n, n)
        Lower Cholesky factors of the scale matrices.
    """

    log_weights: Float[np.ndarray, " k"]
    means: Float[np.ndarray, "k n"]
    factors: Float[np.ndarray, "k n n"]

    @property
    def _degrees(self) -> np.ndarray:
        return np.append(np.full(len(self.means) - 1, _DEGREES), _OVERALL_DEGREES)

    def log_prob(self, z: Float[Array, "m n"] | np.ndarray) -> Float[Array, " m"]:
        """Normalised log-density, traceable."""
        n, v = z.shape[1], self._degrees[:, None]
        y = jnp.einsum("kij,kmj->kmi", jnp.linalg.inv(self.factors), z[None] - self.means[:, None])
        norm = gammaln((v + n) / 2) - gammaln(v / 2) - 0.5 * n * np.log(v * np.pi)
        log_det = jnp.log(jnp.diagonal(self.factors, axis1=1, axis2=2)).sum(1)
        log_t = norm - 0.5 * (v + n) * jnp.log1p((y**2).sum(-1) / v)
        return jax.nn.logsumexp(log_t - log_det[:, None] + self.log_weights[:, None], axis=0)

    def sample(self, random: np.random.Generator, m: int) -> Float[np.ndarray, "m n"]:
        """Independent draws."""
        component = random.choice(len(self.means), m, p=np.exp(self.log_weights))
        z = random.standard_normal((m, self.means.shape[1]))
        degrees = self._degrees[component]
        z = z / np.sqrt(random.chisquare(degrees) / degrees)[:, None]
        return self.means[component] + np.einsum("mij,mj->mi", self.factors[component], z)


def _mahalanobis(z: np.ndarray, mean: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, float]:
    y = (z - mean) @ np.linalg.inv(factor).T
    return (y**2).sum(1), float(np.log(np.diag(factor)).sum())


def fit_mixture(
    z: Float[np.ndarray, "m n"],
    random: np.random.Generator,
    max_components: int = 12,
    iterations: int = 200,
    *,
    criterion: Literal["akaike", "bayes"] = "akaike",
) -> Mixture:
    """Fit to draws; the data are whitened first, so that one regularisation suits every problem."""
    n = z.shape[1]
    price = 2.0 if criterion == "akaike" else np.log(len(z))  # of a parameter, in -2 ln L
    centre = z.mean(0)
    overall = np.linalg.cholesky(np.cov(z.T).reshape(n, n) + 1e-12 * np.diag(z.var(0) + 1e-300))
    white = (z - centre) @ np.linalg.inv(overall).T
    # Each component needs enough points to determine its own covariance.
    limit = max(1, min(max_components, len(z) // (10 * (n + 1))))
    fits = [_expectation_maximisation(white, 1, random, iterations, price)]
    # More components until two in a row have not paid.
    while len(fits) < limit and min(fit[1] for fit in fits[-2:]) <= min(fit[1] for fit in fits):
        fits.append(_expectation_maximisation(white, len(fits) + 1, random, iterations, price))
    weights, means, factors = min(fits, key=lambda fit: fit[1])[0]
    return Mixture(
        np.log(np.append(weights * (1 - _OVERALL_WEIGHT), _OVERALL_WEIGHT)),
        np.vstack([means @ overall.T + centre, centre]),
        np.concatenate([overall @ factors, overall[None]]),
    )


def _expectation_maximisation(
    z: np.ndarray, k: int, random: np.random.Generator, iterations: int, price: float
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], float]:
    """Weights, means and factors of k components, and their information criterion."""
    m, n = z.shape
    means = _spread_centres(z, k, random)
    nearest = ((z[:, None] - means) ** 2).sum(-1).argmin(1)
    responsibility = np.eye(k)[nearest]
    log_likelihood = -np.inf
    for _ in range(iterations):
        count = responsibility.sum(0) + 1e-10
        weights = count / count.sum()
        means = responsibility.T @ z / count[:, None]
        factors = np.empty((k, n, n))
        for j in range(k):
            shifted = z - means[j]
            # One pseudo-count of the whitened unit covariance keeps small components regular.
            covariance = ((responsibility[:, j, None] * shifted).T @ shifted + 0.1 * np.eye(n)) / (
                count[j] + 0.1
            )
            factors[j] = np.linalg.cholesky(covariance)
        log_joint = np.empty((m, k))
        for j in range(k):
            square, log_det = _mahalanobis(z, means[j], factors[j])
            log_joint[:, j] = np.log(weights[j]) - 0.5 * (square + n * _LOG_2PI) - log_det
        log_density = logsumexp(log_joint, axis=1)
        responsibility = np.exp(log_joint - log_density[:, None])
        before, log_likelihood = log_likelihood, log_density.sum()
        if log_likelihood - before < 1e-4 * m / 100:
            break
    parameters = k * (1 + n + n * (n + 1) / 2) - 1
    return (weights, means, factors), -2 * log_likelihood + parameters * price


def _spread_centres(z: np.ndarray, k: int, random: np.random.Generator) -> np.ndarray:
    """Starting centres far from one another (k-means++)."""
    centres = [z[random.integers(len(z))]]
    while len(centres) < k:
        distance = ((z[:, None] - np.array(centres)) ** 2).sum(-1).min(1)
        centres.append(z[random.choice(len(z), p=distance / distance.sum())])
    return np.array(centres)
