"""Which models offer a proposal for importance sampling, and for which cards."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jax import Array

from ..errors import InputError
from ..inference.posterior import Proposal
from ..likelihood.neutrino.proposals import B_3LMU, LMU_LTAU, SeesawDraw, b_3lmu_draw, lmu_ltau_draw
from ..priors.distributions import PriorSet
from ..priors.spec import LogUniform, Periodic
from ._rooms import card_neutrino_data, v_Phi_of
from .catalogue import ModelEntry

if TYPE_CHECKING:
    from ..runcard import RunCard

__all__ = ["proposal_of"]

_SEESAWS: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], Callable[..., SeesawDraw]]] = {
    "U(1)_{B-3Lmu}": (B_3LMU, b_3lmu_draw),
    "U(1)_{Lmu-Ltau}": (LMU_LTAU, lmu_ltau_draw),
}


def proposal_of(card: "RunCard", entry: ModelEntry, prior: PriorSet) -> Proposal:
    """The proposal of a card that is to be sampled by importance.

    Raises
    ------
    InputError
        If the model has none, or not for these priors.
    """
    group = entry.gauge.group if entry.gauge else ""
    if entry.sectors != ("neutrinos",) or entry.mediators or entry.x != "decoupled" or group not in _SEESAWS:
        raise InputError(
            f"sampler.type: {entry.name} has no proposal for 'importance', only neutrinos/b-3lmu and "
            "neutrinos/lmu-ltau have; use 'nuts'."
        )
    (moduli, phases), make = _SEESAWS[group]
    if set(prior.names) != {*moduli, *phases}:
        raise InputError(
            f"sampler.type: 'importance' needs exactly {', '.join((*moduli, *phases))} to be sampled; "
            f"the card samples {', '.join(prior.names)}."
        )
    specs = dict(zip(prior.names, prior.specs))
    for name, spec in specs.items():
        if name in moduli and not isinstance(spec, LogUniform):
            raise InputError(f"prior of {name!r}: 'importance' needs a log-uniform prior.")
        if name in phases and not (
            isinstance(spec, Periodic) and math.isclose(spec.high - spec.low, 2 * math.pi)
        ):
            raise InputError(f"prior of {name!r}: 'importance' needs a periodic prior over a full turn.")
    bounds = dict(zip(prior.names, prior.bounds))
    data, v_Phi = (
        card_neutrino_data(card),
        float(v_Phi_of(entry)({n: jnp.asarray(v) for n, v in prior.fixed.items()})),
    )
    seesaw = make({name: bounds[name] for name in moduli}, data, v_Phi)
    place = np.array([(*moduli, *phases).index(name) for name in prior.names])
    starts = jnp.array([bounds[name][0] for name in phases])

    def draw(component: Array, u: Array) -> tuple[Array, Array]:
        sizes, angles, log_density = seesaw.draw(component, u)
        wrapped = starts + jnp.mod(angles - starts, 2 * math.pi)
        return jnp.concatenate([sizes, wrapped])[place], log_density

    return Proposal(seesaw.components, seesaw.dimension, draw)
