"""Whether a light X can explain (g-2)_mu: the best point that does, and which experiment contradicts it.

At a fixed mass and a fixed ratio of mixing to coupling, Delta a_mu is proportional to gX^2: the coupling that explains
the measurement follows without search, and a grid of masses and ratios is all there is to look at.
"""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from .likelihood.light_x.couplings import x_point
from .likelihood.light_x.gminus2 import delta_a
from .likelihood.light_x.terms import known_sets, light_x
from .likelihood.predictions import sm_prediction
from .likelihood.terms import observable_uncertainties
from .models._build import card_dataset
from .models._rooms import light_x_charges
from .priors.spec import Fixed, PriorSpec

if TYPE_CHECKING:
    from .runcard import RunCard

__all__ = ["explanation"]

_ANOMALY = 2.0  # standard deviations from which on there is something to explain
_MASSES, _RATIOS = 45, 21
_NO_X = 1e-30


def explanation(card: "RunCard") -> dict[str, Any] | None:
    """The light X that explains (g-2)_mu best within the card's priors of mX and epsBX/gX, judged by all constraints.

    Parameters
    ----------
    card : RunCard
        Of a model with a light X; others, and data without the anomaly, give None.

    Returns
    -------
    dict or None
        ``delta_a_mu``, ``sigma`` (what is to be explained), ``pull``; ``point`` (mX in GeV, gX, epsBX); ``terms``:
        2 Delta log L against the SM of every constraint of the set ``full`` but (g-2)_mu itself, worst first;
        ``total``: their sum and the gain pull^2; ``counted``: which of them the card uses.
    """
    if card.entry.x != "light" or not {"mX", "rBX"} <= set(card.priors_of):
        return None
    dataset = card_dataset(card)
    if not any("a_mu" in term.observables for term in dataset.terms):
        return None
    measured = observable_uncertainties(dataset)["a_mu"]
    wanted = measured["exp"] - dataset.sm_values.get("a_mu", sm_prediction("a_mu"))
    pull = wanted / measured["sigma"]
    if pull < _ANOMALY:
        return None
    charges = light_x_charges(card.entry)
    names = [name for name in known_sets()["full"] if name != "gminus2_mu"]
    constraints = light_x(charges, names, folder=card.likelihood.limits)

    def at(mass: jax.Array, ratio: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        unit = delta_a(x_point(charges, mass, jnp.asarray(1.0), ratio), "mu")
        gX = jnp.sqrt(wanted / unit)
        return gX, constraints.log_likelihoods(x_point(charges, mass, gX, ratio * gX))

    masses = np.geomspace(*_range(card.priors_of["mX"]), _MASSES)
    ratios = np.linspace(*_range(card.priors_of["rBX"]), _RATIOS)
    mass, ratio = (jnp.asarray(v.ravel()) for v in np.meshgrid(masses, ratios, indexing="ij"))
    gX, terms = jax.jit(lambda m, r: jax.lax.map(lambda p: at(*p), (m, r), batch_size=64))(mass, ratio)
    nothing = constraints.log_likelihoods(x_point(charges, mass[0], jnp.asarray(_NO_X), jnp.zeros(())))
    best = int(np.argmax(np.sum([np.asarray(v) for v in terms.values()], axis=0)))
    gains = {name: 2 * float(v[best] - nothing[name]) for name, v in terms.items()}
    chosen = card.likelihood.light_x
    return {
        "delta_a_mu": wanted,
        "sigma": measured["sigma"],
        "pull": pull,
        "point": {
            "mX": float(mass[best]),
            "gX": float(gX[best]),
            "epsBX": float(ratio[best] * gX[best]),
        },
        "terms": dict(sorted(gains.items(), key=lambda item: item[1])),
        "total": sum(gains.values()) + pull**2,
        "counted": list(
            known_sets()[chosen] if isinstance(chosen, str) and chosen in known_sets() else chosen
        ),
    }


def _range(prior: PriorSpec) -> tuple[float, float]:
    if isinstance(prior, Fixed):
        return prior.value, prior.value
    return prior.low, prior.high  # type: ignore[union-attr, return-value]
