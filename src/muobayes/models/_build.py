"""From a run card to a posterior: one pure function of the sampled parameters, composed of the rooms below."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import InputError, did_you_mean
from ..inference.posterior import Posterior
from ..inference.seeds import named_key
from ..likelihood.changes import apply_measurements
from ..likelihood.dataset import Dataset, load_dataset
from ..likelihood.smeft import SmeftLikelihood, build_smeft_likelihood
from ..priors.distributions import PriorSet, prior_set
from ..priors.spec import Fixed, LogUniform, PriorSpec
from ..priors.uv_spec import UVPriors
from ..smeft.basis import real_components
from ._proposals import proposal_of
from ._rooms import Room, collider_room, light_x_room, light_x_shift, neutrino_room, uv_room
from ._sources import SAMPLED_SCALE, Parameters, given_at, matching_scale, sm_at, union_of, wilson_sources
from .catalogue import ModelEntry

if TYPE_CHECKING:
    from ..runcard import RunCard

__all__ = ["SmeftOfCard", "build", "card_dataset", "parameter_reader", "smeft_of"]

_PROBES = 400  # prior draws at which an observable or a term must not move to be treated as a constant
_CONSTANT = 1e-3  # a collider term that never changes log L by more than this is left out


def parameter_reader(card: "RunCard", prior: PriorSet) -> Callable[[Float[Array, " n"]], dict[str, Array]]:
    """x -> every parameter of the model by name: sampled, fixed and tied ones."""

    def read(x):
        values = {name: jnp.asarray(value) for name, value in prior.fixed.items()}
        values |= {name: x[i] for i, name in enumerate(prior.names)}
        return values | {name: values[target] for name, target in card.ties.items()}

    return read


def card_dataset(card: "RunCard") -> Dataset:
    """The data set of a card with its changes, and the terms that it selects."""
    dataset = apply_measurements(load_dataset(card.dataset), card.measurements)
    names = {t.name for t in dataset.terms}
    include, exclude = card.likelihood.include, card.likelihood.exclude
    return dataset.select(
        None if include is None else [n for n in include if n in names], [n for n in exclude if n in names]
    )


def _priors(card: "RunCard") -> dict[str, PriorSpec]:
    priors = dict(card.priors_of)
    if (centre := given_at(card)) is not None:
        priors[SAMPLED_SCALE] = LogUniform(low=centre / 2, high=2 * centre)
    return priors


class SmeftOfCard(NamedTuple):
    """The SMEFT likelihood of what the heavy fields of a card generate.

    Attributes
    ----------
    likelihood : SmeftLikelihood
    coefficients : callable
        Parameters by name -> Warsaw coefficients at the matching scale (GeV^-2), and the logarithm of that scale in GeV.
    shifts : dict
        Observable -> what a light X adds to it, as a function of the parameters.
    """

    likelihood: SmeftLikelihood
    coefficients: Callable[[Parameters], tuple[Array, Array]]
    shifts: dict[str, Callable[[Parameters], Array]]


def smeft_of(card: "RunCard", prior: PriorSet) -> SmeftOfCard:
    """The SMEFT likelihood of a card, restricted to what its prior can move."""
    entry, dataset = card.entry, card_dataset(card)
    fixed_mu, scale = matching_scale(card)
    at = given_at(card)
    read = parameter_reader(card, prior)
    fixed_sm = sm_at(fixed_mu) if fixed_mu is not None else None

    def coefficients_of(wilson):
        def coefficients(parameters: Parameters) -> tuple[Array, Array]:
            mu = scale(parameters)
            return wilson(parameters, sm_at(mu) if fixed_sm is None else fixed_sm, mu), jnp.log(mu)

        return coefficients

    support, everything = union_of(wilson_sources(entry, card.matching.loop, given_at=at))
    probes = prior.sample(named_key(card.seed, "probes"), (_PROBES,))
    samples, log_mus = jax.jit(jax.vmap(lambda x: coefficients_of(everything)(read(x))))(probes)
    kept = np.flatnonzero(np.abs(np.asarray(samples)).max(axis=0) > 0)
    measured = {o for term in dataset.terms for o in term.observables}
    shifts = {o: delta for o, delta in light_x_shift(entry).items() if o in measured}
    likelihood = build_smeft_likelihood(
        dataset,
        support[kept],
        samples=np.asarray(samples)[:, kept],
        log_mus=np.asarray(log_mus),
        always=tuple(shifts),
        mu=fixed_mu,
        theory_covariance=card.likelihood.theory_covariance,
    )
    needed = support[kept][likelihood.columns]
    names = frozenset(real_components()[i][0] for i in needed)
    reduced, wilson = union_of(wilson_sources(entry, card.matching.loop, names, at))
    likelihood = eqx.tree_at(lambda l: l.columns, likelihood, np.searchsorted(reduced, needed))
    return SmeftOfCard(likelihood, coefficients_of(wilson), shifts)


def _smeft_room(card: "RunCard", prior: PriorSet) -> tuple[Room, set[str]]:
    """The SMEFT likelihood as a room, and the observables to which a light X adds."""
    likelihood, coefficients, shifts = smeft_of(card, prior)

    def terms(parameters: Parameters) -> dict[str, Array]:
        c, log_mu = coefficients(parameters)
        values = likelihood(c, log_mu, {o: delta(parameters) for o, delta in shifts.items()})
        return {name: values[i] for i, name in enumerate(likelihood.terms.names)}

    return Room(terms), set(shifts)


def _selected(card: "RunCard", room: Room) -> Room:
    """A room without the terms that the card leaves out by name."""
    include, exclude = card.likelihood.include, card.likelihood.exclude

    def terms(parameters: Parameters) -> dict[str, Array]:
        return {
            name: value
            for name, value in room.terms(parameters).items()
            if (include is None or name in include) and name not in exclude
        }

    return Room(terms, room.derived)


def _without_constants(card: "RunCard", room: Room, prior: PriorSet) -> Room | None:
    """A room without the terms that the prior cannot move, or none."""
    read = parameter_reader(card, prior)
    probes = prior.sample(named_key(card.seed, "probes"), (_PROBES,))
    values = jax.jit(jax.vmap(lambda x: room.terms(read(x))))(probes)
    moving = {name for name, v in values.items() if np.ptp(np.asarray(v)) > _CONSTANT}
    if not moving:
        return None

    def terms(parameters: Parameters) -> dict[str, Array]:
        return {name: value for name, value in room.terms(parameters).items() if name in moving}

    return Room(terms, room.derived)


def _symmetries(entry: ModelEntry, card: "RunCard", sampled: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Fields whose sign can be absorbed: each leptoquark alone, or S1 and S3 together if kapH13 links them."""
    couplings = {
        "S1": ("eta13L", "eta13R", "eta12R", "eta12L", "eta11L", "eta11R"),
        "S3": ("eta33L", "eta32L", "eta31L"),
        "R2": ("eta23L", "eta23R", "eta22L"),
        "S1tau": ("etaTau13L", "etaTau12R", "etaTau13R"),
    }
    groups = {m: couplings[m] for m in entry.mediators if m in couplings}
    link = card.parameters.get("kapH13")
    linked = link is not None and not (isinstance(link.prior, Fixed) and link.prior.value == 0)
    if linked and "kapH13" in sampled:
        groups |= {m: (*groups[m], "kapH13") for m in ("S1", "S3") if m in groups}
    elif linked and "S1" in groups and "S3" in groups:
        groups["S1"] = groups["S1"] + groups.pop("S3")
    found = []
    for names in groups.values():
        priors = [card.priors_of.get(n) for n in names]
        pinned = [p for p in priors if isinstance(p, Fixed) and p.value != 0]
        moving = tuple(n for n in names if n in sampled)
        if moving and not pinned:
            found.append(moving)
    return tuple(found)


def build(card: "RunCard") -> Posterior:
    """The posterior of a run card.

    Parameters
    ----------
    card : RunCard
        Validated.

    Returns
    -------
    Posterior
        Prior, log-likelihood relative to the SM, its terms, derived quantities, and the sign symmetries.

    Raises
    ------
    InputError
        If an artifact is missing or altered, or the card asks for what the model does not have.
    """
    entry = card.entry
    prior = prior_set(_priors(card))
    proposal = proposal_of(card, entry, prior) if card.sampler.type == "importance" else None
    read = parameter_reader(card, prior)
    _, scale = matching_scale(card)
    rooms: list[Room] = []
    shifted: set[str] = set()
    known = [t.name for t in load_dataset(card.dataset).terms]

    def select(room: Room) -> Room:
        known.extend(jax.eval_shape(lambda x: room.terms(read(x)), jnp.zeros(len(prior.names))))
        return _selected(card, room)

    if entry.mediators or entry.x == "heavy":
        smeft, shifted = _smeft_room(card, prior)
        rooms.append(smeft)
        collider = select(collider_room(entry))
        if (kept := _without_constants(card, collider, prior)) is not None:
            rooms.append(kept)
    if entry.x == "light":
        counted = {"a_mu": "gminus2_mu", "a_e": "gminus2_e"}
        light = light_x_room(card, entry, tuple(counted[o] for o in shifted))
        rooms.append(select(light))
    if "neutrinos" in entry.sectors:
        rooms.append(select(neutrino_room(card, entry)))
    for name in (*(card.likelihood.include or ()), *card.likelihood.exclude):
        if name not in known:
            raise InputError(
                f"likelihood: there is no term {name!r}{did_you_mean(name, known)}; "
                f"the terms of this model are {', '.join(known)}."
            )
    if card.priors != UVPriors():
        at = given_at(card)
        rooms.append(uv_room(card.priors, entry, scale if at is None else lambda _: jnp.asarray(at)))

    def terms(x: Float[Array, " n"]) -> dict[str, Array]:
        parameters = read(x)
        return {name: value for room in rooms for name, value in room.terms(parameters).items()}

    def log_likelihood(x: Float[Array, " n"]) -> Float[Array, ""]:
        return sum(terms(x).values(), jnp.zeros(()))

    def derived(x: Float[Array, " n"]) -> dict[str, Array]:
        parameters = read(x)
        return {name: value for room in rooms for name, value in room.derived(parameters).items()}

    return Posterior(prior, log_likelihood, terms, derived, _symmetries(entry, card, prior.names), proposal)
