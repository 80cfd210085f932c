"""What a model's heavy fields add to the SMEFT at the matching scale: one source per mediator, summed on one support."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import InputError
from ..matching import PARTS, SMParameters, matching, muoquarks
from ..matching.heavy_x import current, heavy_x_matching, mix_bs, rotate_sb
from ..running.sm import sm_parameters
from ..smeft.basis import component_index
from .catalogue import ModelEntry

__all__ = ["Parameters", "WilsonSource", "sm_at", "union_of", "wilson_sources"]

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


_RENAMED = {  # a tauphilic S1 has the couplings of S1, to the third lepton generation
    "S1tau": {"etaTau13L": "eta13L", "etaTau12R": "eta12R", "etaTau13R": "eta13R", "M1tau": "M1"},
}
_MASSES = {"S1": "M1", "S3": "M3", "R2": "M2"}


def _leptoquarks(fields: Sequence[str], loop: int) -> WilsonSource:
    """Leptoquarks that are matched together, coupled to muons; or the tauphilic S1."""
    lepton = 3 if fields == ["S1tau"] else 2
    names = [f.removesuffix("tau") for f in fields]
    model = "+".join(sorted(n.lower() for n in names))
    prepared = matching(model, parts=PARTS if loop else ("tree",), leptons=(lepton,), aligned=True)
    renamed = _RENAMED.get(fields[0], {})
    foreign = {mass for field, mass in _MASSES.items() if field not in names}

    def coefficients(parameters, sm, mu):
        own = {n: v for n, v in parameters.items() if n not in foreign}
        if renamed:
            kept = {n: v for n, v in own.items() if n in ("c_d", "c_s")}
            own = kept | {new: parameters[old] for old, new in renamed.items()}
        return prepared(muoquarks(own, sm, lepton), sm, mu)

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


def wilson_sources(entry: ModelEntry, loop: int) -> tuple[WilsonSource, ...]:
    """The sources of a model. S1 and S3 are matched together; other pairs have no common one-loop terms here."""
    if loop not in (0, 1):
        raise InputError(f"matching.loop: {loop!r} is not available; allowed are 0 and 1.")
    together = [m for m in entry.mediators if m in ("S1", "S3")]
    alone = [m for m in entry.mediators if m not in together]
    sources = [_leptoquarks(group, loop) for group in ([together] if together else []) + [[m] for m in alone]]
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
