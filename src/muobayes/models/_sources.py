"""What a model's heavy fields add to the SMEFT at the matching scale: one source per mediator, summed on one support."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import InputError
from ..matching import PARTS, Leptoquark, SMParameters, at_scale, matching, muoquarks
from ..matching.heavy_x import current, heavy_x_matching, mix_bs, rotate_sb
from ..priors.spec import Fixed, PriorSpec
from ..running.sm import sm_parameters
from ..smeft.basis import component_index
from ..units import GEV, parse_energy
from .catalogue import ModelEntry

if TYPE_CHECKING:
    from ..runcard import RunCard

__all__ = [
    "SAMPLED_SCALE",
    "Parameters",
    "WilsonSource",
    "given_at",
    "leptoquarks_of",
    "matching_scale",
    "sm_at",
    "union_of",
    "wilson_sources",
]

SAMPLED_SCALE = "muM"  # name of the matching scale where it is a parameter

Parameters = Mapping[str, Float[Array, ""]]


class WilsonSource(NamedTuple):
    """A part of a model that generates Warsaw coefficients.

    Attributes
    ----------
    components : tuple of (str, str)
        WCxf name and "Re" or "Im" of each entry of the result.
    function : callable
        (parameters, SM couplings at mu, mu in GeV) -> coefficients in GeV^-2.
    """

    components: tuple[tuple[str, str], ...]
    function: Callable[[Parameters, SMParameters, Array], Array]


def sm_at(mu: Array | float) -> SMParameters:
    """Measured SM couplings run to the scale mu (GeV), as the matching takes them."""
    sm = sm_parameters(mu)
    return SMParameters(sm.g, sm.gp, sm.gs, sm.Lambda, sm.Yu, sm.Yd, sm.Ye)


def matching_scale(card: "RunCard") -> tuple[float | None, Callable[[Parameters], Array]]:
    """The fixed scale in GeV, if it is fixed, and the scale as a function of the parameters."""
    scale = card.matching.scale
    if scale.rstrip().endswith(tuple(GEV)):
        value = parse_energy(scale, "matching.scale")
        return value, lambda _: jnp.asarray(value)
    name = SAMPLED_SCALE if scale == "sampled" else scale
    return None, lambda parameters: parameters[name]


def given_at(card: "RunCard") -> float | None:
    """Where couplings are given if the matching scale is sampled (GeV): the geometric mean of the masses.

    From there they run to the matching scale, which so measures the orders that are missing. Otherwise None: couplings
    are those of the matching scale.
    """
    if card.matching.scale != "sampled":
        return None
    masses = [n for n in ("M1", "M2", "M3", "M1tau", "mX") if n in card.priors_of]
    return float(np.exp(np.mean([np.log(_typical(card.priors_of[m])) for m in masses])))


def _typical(prior: PriorSpec) -> float:
    if isinstance(prior, Fixed):
        return prior.value
    low, high = getattr(prior, "low", None), getattr(prior, "high", None)
    if low and high:
        return float(np.sqrt(low * high))
    typical = getattr(prior, "mean", 0.0) or getattr(prior, "median", 1e3)
    return float(typical)


_MASSES = {"S1": "M1", "S3": "M3", "R2": "M2", "S1tau": "M1tau"}


def _groups(entry: ModelEntry) -> list[tuple[str, ...]]:
    """Leptoquarks that are matched together: S3 with one other, further ones alone."""
    alone = [m for m in entry.mediators if m in _MASSES]
    if "S3" not in alone:
        return [(m,) for m in alone]
    others = [m for m in ("S1", "R2", "S1tau") if m in alone]
    return [("S3", *others[:1]), *((m,) for m in others[1:])]


def _couplings(group: Sequence[str], parameters: Parameters, sm: SMParameters) -> Leptoquark:
    foreign = {mass for field, mass in _MASSES.items() if field not in group}
    return muoquarks({n: v for n, v in parameters.items() if n not in foreign}, sm)


def leptoquarks_of(entry: ModelEntry, parameters: Parameters, sm: SMParameters) -> Leptoquark:
    """The leptoquarks of a model with at most two of them."""
    (group,) = _groups(entry)
    return _couplings(group, parameters, sm)


def _leptoquarks(
    group: tuple[str, ...], loop: int, only: frozenset[str] | None, given_at: float | None
) -> WilsonSource:
    """Leptoquarks that are matched together, each coupled to one lepton flavour."""
    leptons = tuple(sorted({3 if field == "S1tau" else 2 for field in group}))
    model = {
        frozenset({"S1"}): "s1",
        frozenset({"S1tau"}): "s1",
        frozenset({"S3"}): "s3",
        frozenset({"R2"}): "r2",
        frozenset({"S1", "S3"}): "s1+s3",
        frozenset({"S1tau", "S3"}): "s1+s3",
        frozenset({"R2", "S3"}): "r2+s3",
    }[frozenset(group)]
    prepared = matching(model, parts=PARTS if loop else ("tree",), leptons=leptons, aligned=True, only=only)

    def coefficients(parameters, sm, mu):
        if given_at is None:
            return prepared(_couplings(group, parameters, sm), sm, mu)
        couplings = _couplings(group, parameters, sm_at(given_at))
        return prepared(at_scale(couplings, given_at, mu, sm_at), sm, mu)

    return WilsonSource(prepared.components, coefficients)


def _heavy_x(entry: ModelEntry) -> WilsonSource:
    prepared = heavy_x_matching()
    charges = {field: float(q) for field, q in entry.charges.items()}

    def coefficients(parameters, sm, mu):
        x = current(charges, parameters["gX"], parameters["epsBX"], sm.gp)
        if "gbs" in parameters:
            x = mix_bs(x, parameters["gbs"])
        if "thetasb" in parameters:
            x = rotate_sb(x, parameters["thetasb"])
        return prepared(x, parameters["mX"])

    return WilsonSource(prepared.components, coefficients)


def wilson_sources(
    entry: ModelEntry, loop: int, only: frozenset[str] | None = None, given_at: float | None = None
) -> tuple[WilsonSource, ...]:
    """The sources of a model.

    Parameters
    ----------
    loop : {0, 1}
        Order of the matching of leptoquarks.
    only : frozenset of str, optional
        Coefficients other than these are not computed for leptoquarks.
    given_at : float, optional
        Scale in GeV at which the parameters are the couplings and masses of the leptoquarks; from there they run to
        the matching scale. By default they are given at the matching scale.
    """
    if loop not in (0, 1):
        raise InputError(f"matching.loop: {loop!r} is not available; allowed are 0 and 1.")
    sources = [_leptoquarks(group, loop, only, given_at) for group in _groups(entry)]
    if entry.x == "heavy":
        sources.append(_heavy_x(entry))
    return tuple(sources)


def union_of(
    sources: Sequence[WilsonSource],
) -> tuple[np.ndarray, Callable[[Parameters, SMParameters, Array], Array]]:
    """One support for all sources, and the sum of them on it.

    Returns
    -------
    support : (n,) int array
        Places in the real vector of `muobayes.smeft.basis`, ascending.
    function : callable
        (parameters, sm, mu) -> (n,) coefficients in GeV^-2.
    """
    index = component_index()
    places = [np.array([index[c] for c in s.components]) for s in sources]
    support = np.unique(np.concatenate(places)) if places else np.zeros(0, int)
    slots = [np.searchsorted(support, p) for p in places]

    def total(parameters, sm, mu):
        out = jnp.zeros(len(support))
        for source, slot in zip(sources, slots, strict=True):
            out = out.at[slot].add(source.function(parameters, sm, mu))
        return out

    return support, total
