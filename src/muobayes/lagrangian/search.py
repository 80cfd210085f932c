"""All anomaly-free, vector-like, quark-universal U(1)_X of small charges for which leptoquarks are safe."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from .consistency import safe_leptoquarks
from .fields import LEPTOQUARKS, expand_charges, leptoquark_type
from .textures import NeutrinoTexture, neutrino_texture

__all__ = ["Assignment", "search", "vectorlike_assignments"]

LeptonCharges = tuple[int, int, int]


class Assignment(NamedTuple):
    """Charges of quarks, of the lepton generations, of Phi and the leptoquarks; the neutrino texture."""

    quark: int
    leptons: LeptonCharges
    phi: int
    leptoquarks: dict[str, Fraction]
    neutrinos: NeutrinoTexture


def vectorlike_assignments(bound: int) -> Iterator[tuple[int, LeptonCharges]]:
    """Coprime integer charges (q; e, mu, tau), all within +-bound, up to a common sign.

    Vector-like charges with three nu_R leave one condition, SU(2)^2 X (that of Y^2 X is the same, all others
    vanish identically): 9 q + e + mu + tau = 0. At bound 10 there are 418; with the trivial one (a dark
    photon, all charges zero) that is the 419 of arXiv:2203.13731.
    """
    span = range(-bound, bound + 1)
    for quark in range(bound + 1):
        for electron in span:
            for muon in span:
                charges = (quark, electron, muon, -9 * quark - electron - muon)
                first = next((charge for charge in charges if charge), 0)
                if abs(charges[3]) <= bound and first > 0 and gcd(*charges) == 1:
                    yield quark, charges[1:]


def search(bound: int, mediators: Mapping[str, int]) -> Iterator[Assignment]:
    """Assignments with safe leptoquarks: one lepton generation each, baryon number up to dimension five.

    Parameters
    ----------
    bound : int
        Largest absolute value of a fermion's charge.
    mediators : mapping
        Leptoquark -> generation of the leptons it should couple to (2 for a muoquark); its charge follows.

    Yields
    ------
    Assignment
        One for each charge of Phi, among those that give some pair of right-handed neutrinos a mass, with
        which no operator breaks baryon number. ``neutrinos`` says whether the seesaw is realistic, too.
    """
    names = tuple(mediators)
    for quark, leptons in vectorlike_assignments(bound):
        short = {kind: Fraction(quark) for kind in ("q", "u", "d")}
        for generation, charge in enumerate(leptons, start=1):
            short |= {f"{kind}{generation}": Fraction(charge) for kind in ("l", "e", "nu")}
        for name, generation in mediators.items():
            short[name] = _leptoquark_charge(name, quark, leptons[generation - 1])
        for phi in _phi_charges(leptons):
            charges = expand_charges(short | {"Phi": Fraction(phi)}, names)
            if safe_leptoquarks(charges, names):
                found = {name: charges[name] for name in names}
                yield Assignment(quark, leptons, phi, found, neutrino_texture(charges))


def _leptoquark_charge(name: str, quark: int, lepton: int) -> Fraction:
    """Charge that makes q l S (antitriplets) or qbar e R (triplets, e coming in) neutral."""
    antitriplet = LEPTOQUARKS[leptoquark_type(name)].su3 == -3
    return Fraction(-quark - lepton if antitriplet else quark - lepton)


def _phi_charges(leptons: LeptonCharges) -> list[int]:
    """Charges of Phi that can give some pair of right-handed neutrinos a mass."""
    return sorted({abs(a + b) for a in leptons for b in leptons} - {0})
