"""What besides the SMEFT likelihood speaks about a model: light X, colliders, and the theory up to the Planck scale.

A room takes the parameters of a point and returns log-likelihoods by name, relative to the SM, and derived quantities.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from ..errors import InputError
from ..lagrangian.textures import neutrino_texture
from ..likelihood.collider.sector import collider_sector
from ..likelihood.light_x.couplings import Charges, charges_from, x_point
from ..likelihood.light_x.gminus2 import delta_a
from ..likelihood.light_x.terms import known_sets, light_x
from ..likelihood.neutrino.mixing import effective_mass, takagi
from ..likelihood.neutrino.seesaw import seesaw
from ..likelihood.neutrino.terms import NeutrinoData, dataset_of, neutrino_terms
from ..matching import thresholds
from ..priors.uv import UVWeights, uv_weights
from ..priors.uv_spec import UVPriors
from ..running.flow import RunningModel, running_model
from ..running.sm import sm_parameters
from ..running.start import start_state
from ._sources import Parameters, leptoquarks_of, sm_at
from .catalogue import ModelEntry

if TYPE_CHECKING:
    from ..runcard import RunCard

__all__ = [
    "Room",
    "RunningPoint",
    "card_neutrino_data",
    "collider_room",
    "light_x_charges",
    "light_x_room",
    "light_x_shift",
    "neutrino_room",
    "running_point",
    "uv_room",
    "v_Phi_of",
]

Values = dict[str, Array]
_NO_X = 1e-30  # gX at which X is not there
_ORDERINGS = {"normal": "NO", "inverted": "IO"}  # a card's words: YAML reads a bare NO as false


def _nothing(_: Parameters) -> Values:
    return {}


class Room(NamedTuple):
    """Log-likelihoods by name relative to the SM, and derived quantities, of a point."""

    terms: Callable[[Parameters], Values]
    derived: Callable[[Parameters], Values] = _nothing


# --- light X --------------------------------------------------------------------------------------------------------


def light_x_charges(entry: ModelEntry) -> Charges:
    """Charges of the SM fermions and Phi, as the light-X terms take them."""
    assert entry.gauge is not None
    kept = {f: str(q) for f, q in entry.charges.items() if f not in entry.mediators}
    return charges_from(kept, f"model {entry.name}")


def _kinetic_mixing(parameters: Parameters) -> Array:
    """epsBX itself, or its ratio to gX."""
    if "rBX" in parameters:
        return parameters["rBX"] * parameters["gX"]
    return parameters.get("epsBX", jnp.zeros(()))


def light_x_shift(entry: ModelEntry) -> dict[str, Callable[[Parameters], Array]]:
    """What a light X adds to observables of the SMEFT likelihood: Delta a_mu and Delta a_e; nothing without one."""
    if entry.x != "light":
        return {}
    charges = light_x_charges(entry)

    def shift(lepton: str) -> Callable[[Parameters], Array]:
        def delta(parameters: Parameters) -> Array:
            point = x_point(charges, parameters["mX"], parameters["gX"], _kinetic_mixing(parameters))
            return delta_a(point, lepton)  # type: ignore[arg-type]

        return delta

    return {"a_mu": shift("mu"), "a_e": shift("e")}


def light_x_room(card: "RunCard", entry: ModelEntry, counted_elsewhere: tuple[str, ...]) -> Room:
    """The constraints on a light X that the card chooses, without those that the SMEFT likelihood has."""
    charges = light_x_charges(entry)
    chosen = card.likelihood.light_x
    names = known_sets()[chosen] if isinstance(chosen, str) and chosen in known_sets() else chosen
    if not isinstance(names, str):
        names = tuple(n for n in names if n not in counted_elsewhere)
    likelihood = light_x(charges, names, folder=card.likelihood.limits)
    nothing = likelihood.log_likelihoods(
        x_point(charges, jnp.asarray(1.0), jnp.asarray(_NO_X), jnp.zeros(()))
    )
    at_sm = {name: float(value) for name, value in nothing.items()}

    def terms(parameters: Parameters) -> Values:
        point = x_point(charges, parameters["mX"], parameters["gX"], _kinetic_mixing(parameters))
        return {name: v - at_sm[name] for name, v in likelihood.log_likelihoods(point).items()}

    def derived(parameters: Parameters) -> Values:
        point = x_point(charges, parameters["mX"], parameters["gX"], _kinetic_mixing(parameters))
        return {"delta_a_mu_X": delta_a(point, "mu"), "epsBX": _kinetic_mixing(parameters)}

    return Room(terms, derived)


# --- colliders ------------------------------------------------------------------------------------------------------


def collider_room(entry: ModelEntry) -> Room:
    """Dilepton searches, pair production of leptoquarks, and invisible Higgs decays."""
    charges = {field: float(q) for field, q in entry.charges.items()}
    return Room(collider_sector(charges, entry.mediators, entry.x, sm_at(3e3)))


# --- neutrinos ------------------------------------------------------------------------------------------------------


def card_neutrino_data(card: "RunCard") -> NeutrinoData:
    """The measurements that a card's data set and ordering stand for."""
    return dataset_of(card.dataset, _ORDERINGS[card.likelihood.neutrino_ordering])


def v_Phi_of(entry: ModelEntry) -> Callable[[Parameters], Array]:
    """v_Phi = mX/(sqrt2 |q_Phi| gX) in GeV, as a function of the parameters."""
    unit = 2**0.5 * abs(float(entry.charges["Phi"]))
    return lambda parameters: parameters["mX"] / (unit * parameters["gX"])


def neutrino_room(card: "RunCard", entry: ModelEntry) -> Room:
    """Oscillations for the card's ordering, the sum of masses, and neutrinoless double beta decay.

    Zero at the best fit of each: massless neutrinos, which the other rooms take as their reference, fit nothing.
    """
    sector = seesaw(neutrino_texture(entry.charges), entry.parameters)
    data, v_Phi = card_neutrino_data(card), v_Phi_of(entry)

    def masses(parameters: Parameters) -> Array:
        return sector.light_masses(parameters, v_Phi(parameters))

    def derived(parameters: Parameters) -> Values:
        m = masses(parameters)
        return {"sum_m_eV": jnp.sum(takagi(m)[0]), "m_bb_eV": effective_mass(m)}

    return Room(lambda parameters: neutrino_terms(data, masses(parameters)), derived)


# --- the theory above -----------------------------------------------------------------------------------------------

_RUNNING_MODELS = {  # gauge group and mediators -> beta functions
    ("U(1)_{B-3Lmu}", ("S1", "S3")): "full",
    ("U(1)_{Lmu-Ltau}", ("S1", "S3")): "lmu-ltau",
    ("U(1)_{B-3Lmu}", ("S3",)): "type-b",
    ("U(1)_{Lmu-Ltau}", ("S3",)): "type-b-lmu-ltau",
    ("U(1)_{B-3Lmu}", ("R2", "S3")): "r2",
}


class RunningPoint(NamedTuple):
    """Where the flow of a model's couplings starts, and how much its masses and Yukawas are shifted there."""

    start: Array
    tunings: Values


def running_point(entry: ModelEntry, model: RunningModel, parameters: Parameters, mu: Array) -> RunningPoint:
    """The running couplings of the full theory at the matching scale, one-loop thresholds included.

    Parameters
    ----------
    entry : ModelEntry
    model : RunningModel
    parameters : mapping
        Every parameter of the model by its name in run cards.
    mu : scalar
        Matching scale in GeV.

    Returns
    -------
    RunningPoint
        ``tunings``: |delta muH2|/muH2 and |delta y_mu|/y_mu, arXiv:2103.13991 Eqs. (6) and (7).
    """
    sm, running = sm_at(mu), sm_parameters(mu)
    shifts = thresholds(leptoquarks_of(entry, parameters, sm), sm, mu)
    with_mixing = {**parameters, "epsBX": _kinetic_mixing(parameters)}
    tunings = {
        "higgs": jnp.abs(shifts.mu_H2) / running.muH2,
        "muon_yukawa": jnp.abs(shifts.Ye[1, 1]) / jnp.abs(running.Ye[1, 1]),
    }
    return RunningPoint(start_state(model, with_mixing, running, shifts), tunings)


def uv_room(priors: UVPriors, entry: ModelEntry, scale: Callable[[Parameters], Array]) -> Room:
    """Landau poles, stability, perturbativity and naturalness as soft constraints.

    They are counted as likelihood terms (log-weights, zero where satisfied), so that an evidence includes the part of
    the prior that they remove. Derived quantities are what they judge, and the log-weights (``log_weight_...``), which
    tell how much of the prior each of them removes.
    """
    group = entry.gauge.group if entry.gauge else ""
    key = (group, tuple(sorted(entry.mediators)))
    if key not in _RUNNING_MODELS:
        raise InputError(
            f"priors: there are no beta functions for {entry.name}; there are some for "
            + ", ".join(f"{' + '.join(m)} of {g}" for g, m in _RUNNING_MODELS)
            + "."
        )
    model = running_model(_RUNNING_MODELS[key])

    def evaluate(parameters: Parameters) -> UVWeights:
        mu = scale(parameters)
        point = running_point(entry, model, parameters, mu)
        return uv_weights(priors, model, point.start, mu, point.tunings)

    def derived(parameters: Parameters) -> Values:
        weights = evaluate(parameters)
        return weights.derived | {f"log_weight_{name}": w for name, w in weights.log_weights.items()}

    return Room(lambda parameters: evaluate(parameters).log_weights, derived)
