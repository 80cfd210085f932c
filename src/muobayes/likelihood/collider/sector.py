"""The collider terms of a whole model, as one function of its parameters by name."""

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import Array

from ...matching.couplings import R2, S1, S3, SMParameters
from ...matching.muoquarks import muoquarks
from ..light_x.couplings import charges_from, index
from .ditau import atlas_ditau, ditau_log_likelihood
from .drell_yan import Exchange, no_exchange
from .higgs import higgs_point, invisible_higgs, invisible_log_likelihood
from .leptoquarks import join, leptoquark_exchange, pair_limit, pair_log_likelihood
from .resonance import atlas_dimuon, resonance_log_likelihood
from .tail import cms_dimuon_tail, tail_log_likelihood
from .x_boson import HeavyX, heavy_x

__all__ = ["collider_sector"]

_MASSES = {"S1": "M1", "S3": "M3", "R2": "M2", "S1tau": "M1tau"}
_LEPTONS = {"S1": 2, "S3": 2, "R2": 2, "S1tau": 3}
_PAIR_LIMITS = {"S1": "S1", "S3": "S3"}

Parameters = Mapping[str, Array]


def collider_sector(
    charges: Mapping[str, float], mediators: tuple[str, ...], x: str, sm: SMParameters
) -> Callable[[Parameters], dict[str, Array]]:
    """What colliders say about a model, each term a log-likelihood relative to the SM.

    Parameters
    ----------
    charges : mapping
        U(1)_X charges of q1 ... nu3, H and Phi; others are ignored.
    mediators : tuple of str
        Leptoquarks of the catalogue: S1, S3, R2 (to muons), S1tau.
    x : {"none", "decoupled", "light", "heavy"}
        What the gauge boson does; only a heavy one is searched for in dileptons, a light one in Higgs decays.
    sm : SMParameters
        Its Yukawa matrices give the CKM elements of the couplings (at any scale near the TeV).

    Returns
    -------
    callable
        (parameters by name) -> terms. Names: ``CMS dimuon tail``, ``ATLAS dimuon resonance``, ``ATLAS ditau
        tail``, ``S1 pair production``, ``S3 pair production``, ``invisible Higgs decays``, as far as they
        apply.
    """
    fermions = {name: charge for name, charge in charges.items() if name not in mediators}
    x_charges = charges_from(fermions)
    ckm = jnp.conj(jnp.asarray(sm.Yu)) / jnp.linalg.norm(jnp.asarray(sm.Yu), axis=0)
    ckm = ckm.T  # the up-type Yukawa matrix of the down-aligned basis is V^dagger times a diagonal one
    heavy = x == "heavy"
    muons = heavy or any(_LEPTONS[m] == 2 for m in mediators)
    taus = heavy or any(_LEPTONS[m] == 3 for m in mediators)
    tail = cms_dimuon_tail(resolution=True) if muons else None
    ditau = atlas_ditau() if taus else None
    resonance = atlas_dimuon() if heavy else None
    pairs = {m: pair_limit(_PAIR_LIMITS[m]) for m in mediators if m in _PAIR_LIMITS}
    higgs = invisible_higgs() if x == "light" else None

    def boson(parameters: Parameters) -> HeavyX:
        point = heavy_x(
            x_charges, parameters["mX"], parameters["gX"], parameters["epsBX"], fermions.get("H", 0.0)
        )
        if "gbs" in parameters:
            return point._replace(gbs=parameters["gbs"])
        if "thetasb" not in parameters:
            return point
        # rotating s_L and b_L shares the difference of their charges
        s, b, theta = index("s"), index("b"), parameters["thetasb"]
        left = point.couplings.left
        difference = left[b] - left[s]
        shift, off_diagonal = difference * jnp.sin(theta) ** 2, difference * jnp.sin(theta) * jnp.cos(theta)
        couplings = point.couplings._replace(left=left.at[s].add(shift).at[b].add(-shift))
        return point._replace(couplings=couplings, gbs=off_diagonal)

    def exchange(parameters: Parameters, lepton: int) -> Exchange:
        parts = [no_exchange()]
        for mediator in mediators:
            if _LEPTONS[mediator] == lepton:
                others = {_MASSES[m] for m in mediators if m != mediator}
                own = {name: value for name, value in parameters.items() if name not in others}
                leptoquark = muoquarks(own, sm)
                assert isinstance(leptoquark, S1 | S3 | R2)  # one mass, one field
                parts.append(leptoquark_exchange(leptoquark, ckm, lepton))
        return join(*parts)

    def terms(parameters: Parameters) -> dict[str, Array]:
        found = {}
        point = boson(parameters) if heavy else None
        if tail is not None:
            found["CMS dimuon tail"] = tail_log_likelihood(tail, exchange(parameters, 2), point)
        if ditau is not None:
            found["ATLAS ditau tail"] = ditau_log_likelihood(ditau, exchange(parameters, 3), point)
        if resonance is not None and point is not None:
            found["ATLAS dimuon resonance"] = resonance_log_likelihood(resonance, point)
        for mediator, limit in pairs.items():
            found[f"{mediator} pair production"] = pair_log_likelihood(limit, parameters[_MASSES[mediator]])
        if higgs is not None:
            names = ("gX", "mX", "lamPhi", "lamPhiH")
            invisible = higgs_point(fermions["Phi"], *(jnp.asarray(parameters[n]) for n in names))
            found["invisible Higgs decays"] = invisible_log_likelihood(higgs, invisible.branching_invisible)
        return found

    return terms
