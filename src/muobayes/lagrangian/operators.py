"""Gauge-invariant operators with leptoquarks up to dimension five, counted exactly with group characters.

Two fermions, or none, and scalars: derivatives and field strengths add nothing new with a leptoquark at this
dimension, since the equations of motion turn them into the operators listed here (arXiv:2103.13991,
footnote 3, finds the same field content). An operator stands for itself and its Hermitian conjugate.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, combinations_with_replacement
from typing import NamedTuple

from .fields import CHIRAL_FERMIONS, FERMION_NAMES, LEPTOQUARKS, leptoquark_type

__all__ = ["Operator", "allowed", "sm_invariant_operators"]

_SU3_WEIGHTS = {1: [(0, 0)], 3: [(1, 0), (-1, 1), (0, -1)], -3: [(-1, 0), (1, -1), (0, 1)]}
# Positive roots of SU(3) x SU(2) x SU(2)_spin in the basis of weights used below.
_POSITIVE_ROOTS = ((2, -1, 0, 0), (-1, 2, 0, 0), (1, 1, 0, 0), (0, 0, 2, 0), (0, 0, 0, 2))

_Weight = tuple[int, int, int, int]


class _Field(NamedTuple):
    """A left-handed Weyl fermion or a complex scalar, or (``conjugate``) the conjugate of a scalar."""

    name: str
    conjugate: bool
    fermion: bool
    su3: int
    su2: int
    hypercharge: Fraction
    baryon: Fraction


class Operator(NamedTuple):
    """A product of fields that the SM gauge group and Lorentz symmetry allow.

    ``content`` maps a field's name to its net power (a conjugated field counts -1), so that the operator's
    charge under any U(1) is the sum of power times charge. ``text`` names the operator for a reader; a bar or
    a dagger marks conjugates, generations are the digits.
    """

    text: str
    content: tuple[tuple[str, int], ...]
    dimension: int
    baryon: Fraction

    def charge(self, charges: Mapping[str, Fraction]) -> Fraction:
        """Charge under a U(1) with the given charges of the fields."""
        return sum((power * charges[name] for name, power in self.content), Fraction(0))

    def leptons(self) -> tuple[int, ...]:
        """Generations of the leptons in the operator."""
        return tuple(int(name[-1]) for name, _ in self.content if name[:-1] in ("l", "e", "nu"))

    def leptoquarks(self) -> int:
        """Number of leptoquark fields (net powers, absolute)."""
        fermions = {*FERMION_NAMES, "H", "Phi"}
        return sum(abs(power) for name, power in self.content if name not in fermions)


def allowed(operators: Iterable[Operator], charges: Mapping[str, Fraction]) -> list[Operator]:
    """The operators that are neutral under U(1)_X with these charges."""
    return [operator for operator in operators if operator.charge(charges) == 0]


@lru_cache(maxsize=32)
def sm_invariant_operators(mediators: tuple[str, ...], dimension: int) -> tuple[Operator, ...]:
    """Every operator of this dimension that holds a leptoquark and is invariant under the SM, before U(1)_X.

    Parameters
    ----------
    mediators : tuple of str
        Names of the scalar leptoquarks.
    dimension : {4, 5}
        Mass dimension: Yukawa couplings and quartics are of dimension 4 (cubic terms have dimension 3).
    """
    fermions = [_fermion(name) for name in FERMION_NAMES]
    scalars = [field for name in ("H", "Phi", *mediators) for field in _scalars(name)]
    leptoquarks = set(mediators)
    operators = []
    for pair in ((), *combinations_with_replacement(fermions, 2)):
        for rest in combinations_with_replacement(scalars, dimension - (3 if pair else 0)):
            fields = (*pair, *rest)
            if (
                leptoquarks.isdisjoint(field.name for field in rest)
                or sum(field.hypercharge for field in fields) != 0
                or not _triality_free(fields)
                or (not pair and _is_conjugate_of_listed(rest))
            ):
                continue
            if _invariants(_multiplicities(fields)) > 0:
                operators.append(_operator(fields, dimension))
    return tuple(operators)


def _fermion(name: str) -> _Field:
    field = CHIRAL_FERMIONS[name[:-1]]
    sign = 1 if field.left_handed else -1
    su3 = sign * field.su3 if field.su3 == 3 else 1
    return _Field(
        name, not field.left_handed, True, su3, field.su2, sign * field.hypercharge, sign * field.baryon
    )


def _scalars(name: str) -> tuple[_Field, _Field]:
    if name == "H":
        su3, su2, y, baryon = 1, 2, Fraction(1, 2), Fraction(0)
    elif name == "Phi":
        su3, su2, y, baryon = 1, 1, Fraction(0), Fraction(0)
    else:
        leptoquark = LEPTOQUARKS[leptoquark_type(name)]
        su3, su2, y, baryon = leptoquark.su3, leptoquark.su2, leptoquark.hypercharge, leptoquark.baryon
    conjugate = -su3 if abs(su3) == 3 else 1
    return (
        _Field(name, False, False, su3, su2, y, baryon),
        _Field(name, True, False, conjugate, su2, -y, -baryon),
    )


def _triality_free(fields: tuple[_Field, ...]) -> bool:
    """Necessary for a colour singlet, and cheap: triplets minus antitriplets is a multiple of three."""
    return sum(field.su3 // 3 for field in fields if abs(field.su3) == 3) % 3 == 0


def _is_conjugate_of_listed(scalars: tuple[_Field, ...]) -> bool:
    """Of a scalar operator and its conjugate keep one: the one whose field list comes first."""
    conjugated = sorted((field.name, not field.conjugate) for field in scalars)
    return conjugated < sorted((field.name, field.conjugate) for field in scalars)


def _multiplicities(fields: tuple[_Field, ...]) -> tuple[tuple[int, int, bool, int], ...]:
    """(su3, su2, fermion, how often) of each distinct field, all that the number of invariants depends on."""
    counts = Counter(fields)
    return tuple(sorted((field.su3, field.su2, field.fermion, count) for field, count in counts.items()))


@lru_cache(maxsize=4096)
def _invariants(multiplicities: tuple[tuple[int, int, bool, int], ...]) -> int:
    """Number of invariants in the product of (anti)symmetric powers, from the Weyl character formula.

    The constant term of the product's character times prod_{positive roots} (1 - e^root) counts the singlets.
    """
    character: Counter[_Weight] = Counter({(0, 0, 0, 0): 1})
    for su3, su2, fermion, count in multiplicities:
        states = [
            (a, b, isospin, spin)
            for a, b in _SU3_WEIGHTS[su3]
            for isospin in range(1 - su2, su2, 2)
            for spin in ((-1, 1) if fermion else (0,))
        ]
        choose = combinations if fermion else combinations_with_replacement
        power = Counter(_total(chosen) for chosen in choose(states, count))
        character = _product(character, power)
    for root in _POSITIVE_ROOTS:
        character = _product(character, Counter({(0, 0, 0, 0): 1, root: -1}))
    return character[0, 0, 0, 0]


def _total(weights: Iterable[_Weight]) -> _Weight:
    a, b, isospin, spin = (sum(component) for component in zip(*weights, strict=True))
    return a, b, isospin, spin


def _product(left: Counter[_Weight], right: Counter[_Weight]) -> Counter[_Weight]:
    product: Counter[_Weight] = Counter()
    for weight, multiplicity in left.items():
        for other, factor in right.items():
            product[_total((weight, other))] += multiplicity * factor
    return product


def _operator(fields: tuple[_Field, ...], dimension: int) -> Operator:
    content: Counter[str] = Counter()
    for field in fields:
        content[field.name] += -1 if field.conjugate else 1
    baryon = sum((field.baryon for field in fields), Fraction(0))
    net = tuple((name, power) for name, power in content.items() if power)
    fermions = [field for field in fields if field.fermion]
    # Two right-handed fields read better unbarred: print the Hermitian conjugate.
    flip = bool(fermions) and all(field.conjugate for field in fermions)
    text = " ".join(_symbol(field, flip) for field in fields)
    return Operator(text, net, dimension, baryon)


def _symbol(field: _Field, flip: bool) -> str:
    conjugate = field.conjugate != flip
    if field.fermion:
        return f"{field.name[:-1]}bar{field.name[-1]}" if conjugate else field.name
    return f"{field.name}†" if conjugate else field.name
