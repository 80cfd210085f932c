"""The fields: Weyl fermions of the SM with three right-handed neutrinos, Higgs, Phi, scalar leptoquarks.

Fermion charges are quoted for the chiral fields as a physicist writes them (q and l left-handed, u, d, e, nu
right-handed); `Weyl` turns the right-handed ones into left-handed conjugates, in which anomalies and Lorentz
invariants are simple. Everything here is exact (`fractions.Fraction`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..errors import InputError, did_you_mean

__all__ = [
    "CHIRAL_FERMIONS",
    "FERMION_NAMES",
    "LEPTOQUARKS",
    "Leptoquark",
    "VectorlikeFermion",
    "expand_charges",
    "leptoquark_type",
]


@dataclass(frozen=True)
class ChiralFermion:
    """One SM multiplet: SU(3) and SU(2) dimensions, hypercharge, baryon and lepton number, chirality."""

    su3: int
    su2: int
    hypercharge: Fraction
    baryon: Fraction
    lepton: int
    left_handed: bool


_THIRD = Fraction(1, 3)
CHIRAL_FERMIONS = {
    "q": ChiralFermion(3, 2, Fraction(1, 6), _THIRD, 0, True),
    "u": ChiralFermion(3, 1, Fraction(2, 3), _THIRD, 0, False),
    "d": ChiralFermion(3, 1, Fraction(-1, 3), _THIRD, 0, False),
    "l": ChiralFermion(1, 2, Fraction(-1, 2), Fraction(0), 1, True),
    "e": ChiralFermion(1, 1, Fraction(-1), Fraction(0), 1, False),
    "nu": ChiralFermion(1, 1, Fraction(0), Fraction(0), 1, False),
}
FERMION_NAMES = tuple(f"{kind}{generation}" for kind in CHIRAL_FERMIONS for generation in (1, 2, 3))


@dataclass(frozen=True)
class Leptoquark:
    """A scalar leptoquark: colour triplet (su3 = 3) or antitriplet (-3), SU(2) dimension, hypercharge."""

    su3: int
    su2: int
    hypercharge: Fraction

    @property
    def baryon(self) -> Fraction:
        """Baryon number that a lepton-quark coupling gives it (fixed by triality)."""
        return _THIRD if self.su3 == 3 else -_THIRD


# Names and quantum numbers as in the review arXiv:1603.04993, Table 1 (scalars).
LEPTOQUARKS = {
    "S1tilde": Leptoquark(-3, 1, Fraction(4, 3)),
    "S1bar": Leptoquark(-3, 1, Fraction(-2, 3)),
    "S1": Leptoquark(-3, 1, Fraction(1, 3)),
    "S3": Leptoquark(-3, 3, Fraction(1, 3)),
    "R2tilde": Leptoquark(3, 2, Fraction(1, 6)),
    "R2": Leptoquark(3, 2, Fraction(7, 6)),
}


@dataclass(frozen=True)
class VectorlikeFermion:
    """A further fermion, with U(1)_X charges of its left- and right-handed part (equal if vector-like)."""

    su3: int
    su2: int
    hypercharge: Fraction
    charge_left: Fraction
    charge_right: Fraction


def leptoquark_type(name: str) -> str:
    """The representation behind a mediator's name, its longest known prefix: ``S1tau`` is an S1.

    Raises
    ------
    InputError
        If the name starts with no known leptoquark.
    """
    matches = [known for known in LEPTOQUARKS if name.startswith(known)]
    if not matches:
        raise InputError(
            f"mediators: unknown leptoquark {name!r}{did_you_mean(name, LEPTOQUARKS)}; "
            f"allowed are {', '.join(LEPTOQUARKS)}, each with an optional suffix such as S1tau."
        )
    return max(matches, key=len)


def expand_charges(charges: Mapping[str, Fraction], mediators: tuple[str, ...]) -> dict[str, Fraction]:
    """U(1)_X charges of every field from the short form of a catalogue entry.

    Parameters
    ----------
    charges : mapping
        Keys: a kind of fermion (``q``, all generations), one fermion (``q3``), ``H``, ``Phi`` or a mediator.
        A single fermion's charge overrides that of its kind; fermions and H that are not named are neutral.
    mediators : tuple of str
        Leptoquarks; their charges and that of Phi must be given.

    Returns
    -------
    dict
        Field name -> charge, in the order q1 ... nu3, H, Phi, mediators.

    Raises
    ------
    InputError
        For an unknown field, or a mediator or Phi without a charge.
    """
    allowed = (*CHIRAL_FERMIONS, *FERMION_NAMES, "H", "Phi", *mediators)
    for name in charges:
        if name not in allowed:
            raise InputError(
                f"gauge.charges: unknown field {name!r}{did_you_mean(name, allowed)}; allowed are "
                f"q, u, d, l, e, nu (with or without a generation 1-3), H, Phi and the mediators."
            )
    for name in ("Phi", *mediators):
        if name not in charges:
            raise InputError(f"gauge.charges: the charge of {name} is missing.")
    full = {name: charges.get(name, charges.get(name[:-1], Fraction(0))) for name in FERMION_NAMES}
    full["H"] = charges.get("H", Fraction(0))
    return full | {name: charges[name] for name in ("Phi", *mediators)}
