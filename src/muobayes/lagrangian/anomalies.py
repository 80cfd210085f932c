"""Gauge and gravitational anomalies of SM x U(1)_X, in exact rational arithmetic."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from .fields import CHIRAL_FERMIONS, VectorlikeFermion

__all__ = ["anomalies", "left_handed_fermions"]

# Dynkin index of an SU(2) representation in units of that of the doublet, 1/2.
_SU2_INDEX = {1: 0, 2: 1, 3: 4}


class Weyl(NamedTuple):
    """One left-handed Weyl multiplet: su3 is 1, 3 or -3 (antitriplet)."""

    su3: int
    su2: int
    hypercharge: Fraction
    charge: Fraction


def left_handed_fermions(
    charges: Mapping[str, Fraction], extra: Iterable[VectorlikeFermion] = ()
) -> list[Weyl]:
    """All fermions as left-handed Weyl fields; a right-handed one enters as its conjugate.

    Parameters
    ----------
    charges : mapping
        U(1)_X charges of q1 ... nu3 as `fields.expand_charges` gives them.
    extra : iterable of VectorlikeFermion
        Fermions beyond the SM with three right-handed neutrinos.
    """
    fermions = []
    for kind, field in CHIRAL_FERMIONS.items():
        sign = 1 if field.left_handed else -1
        su3 = sign * field.su3 if field.su3 == 3 else 1
        fermions += [
            Weyl(su3, field.su2, sign * field.hypercharge, sign * charges[f"{kind}{generation}"])
            for generation in (1, 2, 3)
        ]
    for pair in extra:
        conjugate = -pair.su3 if pair.su3 == 3 else 1
        fermions.append(Weyl(pair.su3, pair.su2, pair.hypercharge, pair.charge_left))
        fermions.append(Weyl(conjugate, pair.su2, -pair.hypercharge, -pair.charge_right))
    return fermions


def anomalies(
    charges: Mapping[str, Fraction], extra: Iterable[VectorlikeFermion] = ()
) -> dict[str, Fraction]:
    """Every anomaly coefficient of SU(3) x SU(2) x U(1)_Y x U(1)_X; all vanish in a consistent model.

    Returns
    -------
    dict
        Name -> sum over left-handed Weyl fermions, with the Dynkin index of a fundamental counted as 1. The
        last, ``SU(2) global``, is the number of doublets (triplet index counted) modulo 2 (Witten).

    Examples
    --------
    >>> from muobayes.lagrangian.fields import expand_charges
    >>> b_minus_3lmu = {"q": Fraction(1, 3), "u": Fraction(1, 3), "d": Fraction(1, 3), "Phi": Fraction(3)}
    >>> b_minus_3lmu |= {"l2": Fraction(-3), "e2": Fraction(-3), "nu2": Fraction(-3)}
    >>> any(anomalies(expand_charges(b_minus_3lmu, ())).values())
    False
    """
    sums: dict[str, Fraction] = {
        name: Fraction(0)
        for name in (
            "SU(3)^3",
            "SU(3)^2 Y",
            "SU(2)^2 Y",
            "Y^3",
            "gravity^2 Y",
            "SU(3)^2 X",
            "SU(2)^2 X",
            "Y^2 X",
            "Y X^2",
            "X^3",
            "gravity^2 X",
            "SU(2) global",
        )
    }
    for su3, su2, y, x in left_handed_fermions(charges, extra):
        colours, coloured = abs(su3), abs(su3) == 3
        states, index = colours * su2, _SU2_INDEX[su2] * colours
        sums["SU(3)^3"] += (su3 // 3 if coloured else 0) * su2
        sums["SU(3)^2 Y"] += coloured * su2 * y
        sums["SU(3)^2 X"] += coloured * su2 * x
        sums["SU(2)^2 Y"] += index * y
        sums["SU(2)^2 X"] += index * x
        sums["Y^3"] += states * y**3
        sums["Y^2 X"] += states * y**2 * x
        sums["Y X^2"] += states * y * x**2
        sums["X^3"] += states * x**3
        sums["gravity^2 Y"] += states * y
        sums["gravity^2 X"] += states * x
        sums["SU(2) global"] += index
    sums["SU(2) global"] %= 2
    return sums
