"""Anomalies: textbook combinations of B and L, hypercharge mixing, and the count of arXiv:2203.13731."""

from fractions import Fraction

import pytest

from muobayes.lagrangian.anomalies import anomalies
from muobayes.lagrangian.fields import CHIRAL_FERMIONS, VectorlikeFermion, expand_charges
from muobayes.lagrangian.search import vectorlike_assignments
from muobayes.models.catalogue import model_names, read_model

BARYON = {kind: Fraction(1, 3) for kind in ("q", "u", "d")}


def lepton_number(generation: int) -> dict[str, Fraction]:
    return {f"{kind}{generation}": Fraction(1) for kind in ("l", "e", "nu")}


def full(charges: dict[str, Fraction]) -> dict[str, Fraction]:
    return expand_charges(charges | {"Phi": Fraction(0)}, ())


@pytest.mark.parametrize("name", [name for name in model_names() if name != "sm"])
def test_catalogue_models_are_anomaly_free(name: str) -> None:
    model = read_model(name)
    assert model.gauge is not None
    extra = [field.as_field() for field in model.gauge.fermions.values()]
    assert not any(anomalies(model.charges, extra).values())


def test_baryon_and_lepton_number_anomalies() -> None:
    """Per generation: SU(2)^2 B = SU(2)^2 L = 1 and Y^2 B = Y^2 L = -1/2 (the classic B + L anomaly)."""
    baryon, muon = anomalies(full(BARYON)), anomalies(full(lepton_number(2)))
    assert baryon["SU(2)^2 X"] == 3
    assert baryon["Y^2 X"] == Fraction(-3, 2)
    assert muon["SU(2)^2 X"] == 1
    assert muon["Y^2 X"] == Fraction(-1, 2)
    assert baryon["SU(3)^2 X"] == baryon["gravity^2 X"] == muon["X^3"] == muon["gravity^2 X"] == 0


def test_standard_model_alone_is_anomaly_free() -> None:
    assert not any(anomalies(full({})).values())


def test_without_right_handed_neutrinos_b_minus_3lmu_would_be_anomalous() -> None:
    """nu_R cancels X^3 and gravity^2 X: without it they are left."""
    charges = read_model("type-a/b-3lmu").charges
    without = dict(charges) | {"nu2": Fraction(0)}
    assert anomalies(without)["X^3"] == -27
    assert anomalies(without)["gravity^2 X"] == -3


def test_mixing_with_hypercharge_keeps_anomaly_freedom() -> None:
    charges = read_model("type-a/lmu-ltau").charges
    shifted = dict(charges)
    for kind, field in CHIRAL_FERMIONS.items():
        for generation in (1, 2, 3):
            shifted[f"{kind}{generation}"] += Fraction(5, 7) * field.hypercharge
    assert not any(anomalies(shifted).values())


def test_extra_fermions_count() -> None:
    vector = VectorlikeFermion(3, 2, Fraction(1, 6), Fraction(1), Fraction(1))
    chiral = VectorlikeFermion(3, 2, Fraction(1, 6), Fraction(1), Fraction(0))
    charges = full({})
    assert not any(anomalies(charges, [vector]).values())
    left = anomalies(charges, [chiral])
    assert (left["SU(3)^2 X"], left["SU(2)^2 X"], left["X^3"]) == (2, 3, 6)
    assert left["Y^2 X"] == Fraction(1, 6)


def test_number_of_vectorlike_assignments() -> None:
    """418 with charges up to ten; with the all-neutral dark photon the 419 of arXiv:2203.13731."""
    assignments = list(vectorlike_assignments(10))
    assert len(assignments) == 418 == len(set(assignments))
    for quark, (electron, muon, tau) in assignments:
        charges = {kind: Fraction(quark) for kind in ("q", "u", "d")}
        for generation, charge in enumerate((electron, muon, tau), start=1):
            charges |= {f"{kind}{generation}": Fraction(charge) for kind in ("l", "e", "nu")}
        assert not any(anomalies(full(charges)).values())
