"""The collider terms by name: what a posterior adds up and a report lists."""

from typing import NamedTuple

from jax import Array

from .ditau import DiTau, atlas_ditau, ditau_log_likelihood
from .drell_yan import Exchange
from .resonance import Resonance, atlas_dimuon, resonance_log_likelihood
from .tail import Tail, cms_dimuon_tail, tail_log_likelihood
from .x_boson import HeavyX

__all__ = ["ColliderData", "collider_data", "dilepton_terms"]


class ColliderData(NamedTuple):
    """The dilepton data sets of this room."""

    resonance: Resonance
    muons: Tail
    taus: DiTau


def collider_data() -> ColliderData:
    """Load all dilepton data once."""
    return ColliderData(atlas_dimuon(), cms_dimuon_tail(resolution=True), atlas_ditau())


def dilepton_terms(
    data: ColliderData, muons: Exchange, taus: Exchange, x: HeavyX | None = None
) -> dict[str, Array]:
    """Log-likelihood ratios to the SM of the dilepton searches.

    The resonance search of ATLAS and the tail of CMS are different experiments, so both may see the same X.

    Parameters
    ----------
    data : ColliderData
    muons, taus : Exchange
        Leptoquarks and contact terms in each channel: `leptoquark_exchange` or `no_exchange`.
    x : HeavyX, optional

    Returns
    -------
    dict
        ``CMS dimuon tail``, ``ATLAS ditau tail``, and with X ``ATLAS dimuon resonance``.
    """
    terms = {
        "CMS dimuon tail": tail_log_likelihood(data.muons, muons, x),
        "ATLAS ditau tail": ditau_log_likelihood(data.taus, taus, x),
    }
    if x is not None:
        terms["ATLAS dimuon resonance"] = resonance_log_likelihood(data.resonance, x)
    return terms
