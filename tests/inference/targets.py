"""Posteriors with known evidence and known moments, for every sampler: one harness.

Each target states ln Z exactly (to the probability cut off by its box, below 1e-6) and the mean and standard
deviation of its first parameter.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate, stats

from muobayes.inference.posterior import Posterior
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import LogUniform, Normal, Periodic, PriorSpec, Uniform

LOG_2PI = math.log(2 * math.pi)


class Target(NamedTuple):
    posterior: Posterior
    log_z: float
    mean: float
    sd: float


def make(specs: dict[str, PriorSpec], log_likelihood: Callable, symmetries: tuple = ()) -> Posterior:
    return Posterior(
        prior_set(specs), log_likelihood, lambda x: {"all": log_likelihood(x)}, symmetries=symmetries
    )


def _box(n: int, low: float, high: float) -> tuple[dict[str, PriorSpec], float]:
    return {f"x{i}": Uniform(low=low, high=high) for i in range(n)}, -n * math.log(high - low)


def gaussian(n: int) -> Target:
    """Independent Gaussians of width 0.15 in the box (-1.5, 1.5)."""
    sd = 0.15
    specs, log_volume = _box(n, -1.5, 1.5)

    def log_likelihood(x):
        return -0.5 * jnp.sum((x / sd) ** 2) - n * (math.log(sd) + 0.5 * LOG_2PI)

    return Target(make(specs, log_likelihood), log_volume, 0.0, sd)


def correlated(n: int) -> Target:
    """Gaussian likelihood with correlation 0.9 between all pairs, Gaussian prior: all in closed form."""
    spread, centre, prior_sd = 0.2, 0.5, 1.0
    covariance = spread**2 * (0.1 * np.eye(n) + 0.9)
    precision = np.linalg.inv(covariance)
    log_norm = -0.5 * (n * LOG_2PI + np.linalg.slogdet(covariance)[1])

    def log_likelihood(x):
        return log_norm - 0.5 * (x - centre) @ jnp.asarray(precision) @ (x - centre)

    marginal = stats.multivariate_normal(np.full(n, centre), covariance + prior_sd**2 * np.eye(n))
    posterior_covariance = np.linalg.inv(precision + np.eye(n) / prior_sd**2)
    mean = posterior_covariance @ precision @ np.full(n, centre)
    posterior = make({f"x{i}": Normal(mean=0, sd=prior_sd) for i in range(n)}, log_likelihood)
    log_z = float(marginal.logpdf(np.zeros(n)))
    return Target(posterior, log_z, float(mean[0]), float(posterior_covariance[0, 0] ** 0.5))


def skewed(n: int) -> Target:
    """Skew-normal in each direction (shape 5): no symmetry that could hide a sign error."""
    shape = 5.0
    specs, log_volume = _box(n, -6, 8)

    def log_likelihood(x):
        return jnp.sum(math.log(2) - 0.5 * x**2 - 0.5 * LOG_2PI + jax.scipy.special.log_ndtr(shape * x))

    delta = shape / math.hypot(1, shape)
    mean = delta * math.sqrt(2 / math.pi)
    return Target(make(specs, log_likelihood), log_volume, mean, math.sqrt(1 - mean**2))


def bimodal(n: int) -> Target:
    """Two Gaussian modes 4 sigma apart along the diagonal, with weights 2:1."""
    specs, log_volume = _box(n, -10, 10)
    shift = 2 / math.sqrt(n)

    def log_likelihood(x):
        left, right = -0.5 * jnp.sum((x + shift) ** 2), -0.5 * jnp.sum((x - shift) ** 2)
        return jnp.logaddexp(left + math.log(1 / 3), right + math.log(2 / 3)) - 0.5 * n * LOG_2PI

    mean = shift / 3
    return Target(make(specs, log_likelihood), log_volume, mean, math.sqrt(1 + shift**2 - mean**2))


def mirrored(n: int) -> Target:
    """Two exact mirror images 20 sigma apart: x -> -x, as for eta -> -eta. The moments are those of |x0|."""
    specs, log_volume = _box(n, -3, 3)
    sd = 0.1

    def log_likelihood(x):
        images = [-0.5 * jnp.sum(((x - side) / sd) ** 2) for side in (-1.0, 1.0)]
        return jnp.logaddexp(*images) - math.log(2) - n * (math.log(sd) + 0.5 * LOG_2PI)

    return Target(make(specs, log_likelihood, (tuple(specs),)), log_volume, 1.0, sd)


def banana(n: int) -> Target:
    """A Gaussian bent along a parabola (Haario's twist); the twist has unit Jacobian."""
    bend = 0.5
    specs, log_volume = _box(n, -30, 30)

    def log_likelihood(x):
        straight = x.at[1].add(-bend * (x[0] ** 2 - 1))
        return -0.5 * jnp.sum(straight**2) - 0.5 * n * LOG_2PI

    return Target(make(specs, log_likelihood), log_volume, 0.0, 1.0)


def funnel(n: int) -> Target:
    """Neal's funnel with a neck of unit width: x_i has variance exp(v)."""
    half = 60.0
    specs = {"v": Normal(mean=0, sd=1)} | {f"x{i}": Uniform(low=-half, high=half) for i in range(n - 1)}

    def log_likelihood(x):
        return jnp.sum(-0.5 * x[1:] ** 2 * jnp.exp(-x[0]) - 0.5 * x[0] - 0.5 * LOG_2PI)

    def inside(v):
        return stats.norm.pdf(v) * (1 - 2 * stats.norm.sf(half * np.exp(-v / 2))) ** (n - 1)

    log_z = math.log(integrate.quad(inside, -12, 12)[0]) - (n - 1) * math.log(2 * half)
    return Target(make(specs, log_likelihood), log_z, 0.0, 1.0)


def at_a_wall(n: int) -> Target:
    """Exponential likelihoods against the lower wall of a box, and a mass that is flat in its logarithm."""
    specs: dict[str, PriorSpec] = {f"x{i}": Uniform(low=0, high=20) for i in range(n - 1)}
    specs |= {"M": LogUniform(low=1.0, high=100.0)}

    def log_likelihood(x):
        return -jnp.sum(x[:-1]) - 0.5 * ((jnp.log(x[-1]) - 2) / 0.1) ** 2 - math.log(0.1) - 0.5 * LOG_2PI

    log_z = (n - 1) * (math.log(-math.expm1(-20)) - math.log(20)) - math.log(math.log(100))
    return Target(make(specs, log_likelihood), log_z, 1.0, 1.0)


def phases(n: int) -> Target:
    """Von Mises distributions whose modes sit on the cut of their circles; the moments are those of cos."""
    kappa = 4.0
    specs = {f"phi{i}": Periodic(low=0, high=2 * math.pi) for i in range(n)}
    ratio = float(jax.scipy.special.i1e(kappa) / jax.scipy.special.i0e(kappa))

    def log_likelihood(x):
        return kappa * jnp.sum(jnp.cos(x))

    log_z = n * (math.log(jax.scipy.special.i0e(kappa)) + kappa)
    return Target(make(specs, log_likelihood), log_z, ratio, math.sqrt(1 - ratio / kappa - ratio**2))


TARGETS: dict[str, Callable[[int], Target]] = {
    f.__name__: f
    for f in (gaussian, correlated, skewed, bimodal, mirrored, banana, funnel, at_a_wall, phases)
}


def first_parameter(name: str, x: np.ndarray) -> np.ndarray:
    """What ``Target.mean`` and ``Target.sd`` refer to."""
    if name == "mirrored":
        return np.abs(x[..., 0])
    return np.cos(x[..., 0]) if name == "phases" else x[..., 0]
