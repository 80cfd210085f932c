"""Is a U(1)_X model of muoquarks consistent, and does its symmetry protect what it should?

Anomalies, the leptons and quarks that each leptoquark couples to, baryon number, and the neutrino textures.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from .anomalies import anomalies
from .fields import VectorlikeFermion
from .operators import Operator, allowed, sm_invariant_operators
from .textures import NeutrinoTexture, Pattern, neutrino_texture, yukawa_texture

__all__ = ["Consistency", "LeptoquarkCouplings", "check", "safe_leptoquarks"]


class LeptoquarkCouplings(NamedTuple):
    """Renormalisable Yukawa couplings of one leptoquark that all gauge symmetries allow."""

    name: str
    lepton_quark: tuple[Operator, ...]
    diquark: tuple[Operator, ...]

    @property
    def lepton_generations(self) -> tuple[int, ...]:
        return tuple(sorted({g for operator in self.lepton_quark for g in operator.leptons()}))

    @property
    def character(self) -> str:
        """``muoquark`` if it couples to second-generation leptons only, and so on."""
        names = {(): "no leptoquark", (1,): "electroquark", (2,): "muoquark", (3,): "tauquark"}
        return names.get(self.lepton_generations, "leptoquark without a lepton flavour")


class Consistency(NamedTuple):
    """The result of `check`."""

    anomalies: dict[str, Fraction]
    leptoquarks: tuple[LeptoquarkCouplings, ...]
    baryon_violation: tuple[Operator, ...]
    flavour_violation: tuple[Operator, ...]
    neutrinos: NeutrinoTexture
    yukawas: dict[str, Pattern]

    @property
    def anomaly_free(self) -> bool:
        return not any(self.anomalies.values())

    @property
    def baryon_number_safe(self) -> bool:
        """No operator up to dimension five violates baryon number."""
        return not self.baryon_violation


def check(
    charges: Mapping[str, Fraction],
    mediators: tuple[str, ...],
    extra: Iterable[VectorlikeFermion] = (),
) -> Consistency:
    """Check a set of U(1)_X charges.

    Parameters
    ----------
    charges : mapping
        Exact charges of q1 ... nu3, H, Phi and the mediators (`fields.expand_charges`).
    mediators : tuple of str
        Scalar leptoquarks.
    extra : iterable of VectorlikeFermion
        Further fermions; they count in the anomalies.

    Returns
    -------
    Consistency
        ``flavour_violation`` lists the dimension-five couplings of a leptoquark to a lepton of another
        generation than its renormalisable ones: suppressed by v_Phi over the cutoff, not absent.
    """
    renormalisable = allowed(sm_invariant_operators(mediators, 4), charges)
    dimension_five = allowed(sm_invariant_operators(mediators, 5), charges)
    couplings = tuple(_couplings(name, renormalisable) for name in mediators)
    generations = {coupling.name: set(coupling.lepton_generations) for coupling in couplings}
    return Consistency(
        anomalies=anomalies(charges, extra),
        leptoquarks=couplings,
        baryon_violation=tuple(op for op in (*renormalisable, *dimension_five) if op.baryon != 0),
        flavour_violation=tuple(
            op
            for op in dimension_five
            if len(op.leptons()) == 1
            and op.baryon == 0
            and any(
                name in generations and op.leptons()[0] not in generations[name] for name, _ in op.content
            )
        ),
        neutrinos=neutrino_texture(charges),
        yukawas={
            f"{left}-{right}": yukawa_texture(charges, left, right)
            for left, right in (("q", "u"), ("q", "d"), ("l", "e"))
        },
    )


def safe_leptoquarks(charges: Mapping[str, Fraction], mediators: tuple[str, ...]) -> bool:
    """Every mediator couples to one lepton generation only, and baryon number holds up to dimension five.

    The two conditions that `search` asks for; `check` gives the full account.
    """
    renormalisable = allowed(sm_invariant_operators(mediators, 4), charges)
    if any(op.baryon != 0 for op in renormalisable):
        return False
    if any(len(_couplings(name, renormalisable).lepton_generations) != 1 for name in mediators):
        return False
    return not any(op.baryon != 0 for op in allowed(sm_invariant_operators(mediators, 5), charges))


def _couplings(name: str, operators: Iterable[Operator]) -> LeptoquarkCouplings:
    """Yukawa couplings: dimension-four operators of one leptoquark and two fermions."""
    own = [
        op for op in operators if op.leptoquarks() == 1 and len(op.content) <= 3 and name in dict(op.content)
    ]
    return LeptoquarkCouplings(
        name,
        tuple(op for op in own if op.leptons()),
        tuple(op for op in own if not op.leptons()),
    )
