"""How many separate modes a posterior has, and what each of them weighs, by two samplers.

Components of a fitted mixture belong to one mode if the posterior density along the straight line between their means
has no deep valley, directly or through others that hold a sizeable part of the posterior. Draws are counted to the mode
of the component that they most likely come from.
"""

from typing import NamedTuple

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.sparse.csgraph import connected_components

from .evaluation import evaluate
from .mixture import Mixture
from .posterior import Posterior

__all__ = ["Mode", "components_by_mode", "weigh_modes"]

_VALLEY = 0.3  # a valley is deep if the density falls below this part of the lower one of both means
_STEPS = 15
_SMALL = 0.05  # components with less weight neither make a mode nor join two


class Mode(NamedTuple):
    """A mode of a posterior.

    Attributes
    ----------
    median : dict of str to float
        Of each sampled parameter among the draws of the mode.
    weight, error : float
        Part of the posterior by NUTS, and its Monte Carlo error.
    nested_weight, nested_error : float
        The same by nested sampling.
    """

    median: dict[str, float]
    weight: float
    error: float
    nested_weight: float
    nested_error: float


def components_by_mode(posterior: Posterior, mixture: Mixture) -> np.ndarray:
    """Number of the mode of each fitted component (k - 1,); small components join the nearest large one."""
    means, weights = mixture.means[:-1], np.exp(mixture.log_weights[:-1])
    large = np.flatnonzero(weights > _SMALL * weights.sum())
    path = np.linspace(0, 1, _STEPS)
    pairs = [(i, j) for i in large for j in large if i < j]
    linked = np.zeros((len(large), len(large)), bool)
    if pairs:
        lines = np.array([means[i] + path[:, None] * (means[j] - means[i]) for i, j in pairs])
        density = _log_density(posterior, lines.reshape(-1, means.shape[1])).reshape(len(pairs), -1)
        lower = np.minimum(density[:, 0], density[:, -1])
        for (i, j), joined in zip(pairs, density.min(axis=1) > lower + np.log(_VALLEY)):
            linked[np.searchsorted(large, i), np.searchsorted(large, j)] = joined
    _, label = connected_components(linked, directed=False)
    to_large = ((means[:, None] - means[large]) ** 2).sum(-1).argmin(1)
    return label[to_large]


def _log_density(posterior: Posterior, z: np.ndarray) -> np.ndarray:
    x, log_jacobian = jax.vmap(posterior.prior.from_unconstrained)(jnp.asarray(z))
    found = evaluate(posterior, np.asarray(x))
    return found.log_likelihood + found.log_prior + np.asarray(log_jacobian)


def weigh_modes(
    mixture: Mixture,
    labels: np.ndarray,
    names: tuple[str, ...],
    z: Float[np.ndarray, "chains draws n"],
    x: Float[np.ndarray, "chains draws n"],
    nested_z: Float[np.ndarray, "m n"],
    nested_log_weight: Float[np.ndarray, " m"],
    nested_drift: float,
) -> list[Mode]:
    """The modes with their weights, the heaviest first.

    Parameters
    ----------
    mixture, labels
        The fit, and `components_by_mode`.
    names : tuple of str
        The sampled parameters.
    z, x : (chains, draws, n)
        Draws of NUTS, folded by the sign symmetries: unconstrained, and as parameters.
    nested_z, nested_log_weight : (m, n), (m,)
        Folded points of nested sampling, and their normalised weights.
    nested_drift : float
        `NestedResult.drift`.
    """
    of_draw = labels[mixture.component_of(z.reshape(-1, z.shape[-1]))].reshape(z.shape[:2])
    of_point, weight = labels[mixture.component_of(nested_z)], np.exp(nested_log_weight)
    variance = np.sum(weight**2) + nested_drift
    found = []
    for mode in np.unique(labels):
        inside = of_draw == mode
        nested = float(weight[of_point == mode].sum())
        median = np.median(x[inside], axis=0) if inside.any() else np.full(len(names), np.nan)
        found.append(
            Mode(
                {name: float(value) for name, value in zip(names, median)},
                float(inside.mean()),
                float(az.mcse(inside.astype(float))),
                nested,
                float(np.sqrt(max(nested * (1 - nested), 0.0) * variance)),
            )
        )
    return sorted(found, key=lambda m: -m.weight)
