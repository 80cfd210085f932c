"""The invariant counter against Hilbert series, and the seed's statements on leptoquark couplings."""

from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement, product

import pytest

from muobayes.lagrangian import operators
from muobayes.lagrangian.consistency import check
from muobayes.lagrangian.operators import allowed, sm_invariant_operators
from muobayes.lagrangian.search import search
from muobayes.models.catalogue import model_names, read_model


def count(*content: tuple[int, int, bool, int]) -> int:
    return operators._invariants(tuple(sorted(content)))


def test_invariants_of_known_products() -> None:
    """3 x 3bar, 3 x 3 x 3, antisymmetry of colour, and 8 singlets are textbook results."""
    assert count((3, 1, False, 1), (-3, 1, False, 1)) == 1
    assert count((3, 1, False, 3)) == 0  # three identical colour triplets: epsilon vanishes
    assert count((3, 3, False, 3)) == 1  # epsilon in colour and isospin
    assert count((1, 2, False, 2)) == 0  # H eps H = 0
    assert count((1, 2, False, 1), (1, 2, False, 1)) == 1
    assert count((1, 1, True, 2)) == 1  # Majorana mass
    assert count((1, 2, True, 2), (1, 2, False, 2)) == 1  # Weinberg operator


def test_qqql_has_57_components() -> None:
    """Hilbert series of dimension six, three generations (arXiv:1512.03433): 57 operators q q q l."""
    total = 0
    for quarks in combinations_with_replacement((1, 2, 3), 3):
        powers = sorted(Counter(quarks).values())
        total += 3 * count(*((3, 2, True, power) for power in powers), (1, 2, True, 1))
    assert total == 57


def test_flavour_symmetry_of_diquarks() -> None:
    """q q S1* is symmetric (6 components), q q S3* antisymmetric (3) in generations (arXiv:1603.04993)."""
    renormalisable = sm_invariant_operators(("S1", "S3"), 4)
    diquarks = [op.text for op in renormalisable if op.baryon != 0 and op.text.startswith("q")]
    assert sum(text.endswith("S1†") for text in diquarks) == 6
    assert sorted(text for text in diquarks if text.endswith("S3†")) == [
        "q1 q2 S3†",
        "q1 q3 S3†",
        "q2 q3 S3†",
    ]
    assert not any(op.baryon for op in sm_invariant_operators(("R2",), 4))


def test_r2_violates_baryon_number_at_dimension_five_without_a_symmetry() -> None:
    """d d H* R2 is the well-known operator (arXiv:1304.6119): antisymmetric in generations."""
    violating = [op.text for op in sm_invariant_operators(("R2",), 5) if op.baryon != 0]
    assert {"dbar1 dbar2 H R2†", "d1 d2 H† R2"} & set(violating)
    assert not any("1 dbar1" in text or "d1 d1" in text for text in violating)


def test_footnote_3_field_content() -> None:
    """Baryon-number violation up to dimension five needs SSS, qSS or qqS, of charge +-8, +-5, +-2."""
    charges = read_model("type-a/b-3lmu").charges
    quark, leptoquark = charges["q1"], charges["S1"]
    for dimension in (4, 5):
        for op in sm_invariant_operators(("S1", "S3"), dimension):
            if op.baryon == 0:
                continue
            quarks = sum(p for name, p in op.content if name[0] in "qud")
            scalars = sum(p for name, p in op.content if name in ("S1", "S3"))
            assert (abs(quarks), abs(scalars)) in {(0, 3), (1, 2), (2, 1)}
            assert abs(quarks * quark + scalars * leptoquark) in {8, 5, 2}


@pytest.mark.parametrize("name", [name for name in model_names() if "b-3lmu" in name])
def test_b_minus_3lmu_protects_baryon_number(name: str) -> None:
    model = read_model(name)
    assert check(model.charges, model.mediators).baryon_number_safe


def test_lmu_ltau_allows_q_s3_phi_q() -> None:
    """Section II D: the minimal Phi of charge one allows it; a Phi of charge two does not."""
    model = read_model("type-b/lmu-ltau")
    result = check(model.charges, model.mediators)
    assert [op.text for op in result.baryon_violation] == [
        "q1 q2 Phi† S3†",
        "q1 q3 Phi† S3†",
        "q2 q3 Phi† S3†",
    ]
    assert check({**model.charges, "Phi": Fraction(2)}, model.mediators).baryon_number_safe


def test_s1_of_b3_l2_has_diquark_couplings() -> None:
    """q3 l2 S1 and q3 q3 S1* together: proton decay already at dimension four, which R2 avoids."""
    with_s1, with_r2 = read_model("type-c/b3-l2"), read_model("type-c/b3-l2-r2")
    violating = check(with_s1.charges, with_s1.mediators).baryon_violation
    assert [op.text for op in violating] == ["q3 q3 S1†", "u3 d3 S1†"]
    assert check(with_r2.charges, with_r2.mediators).baryon_number_safe


@pytest.mark.parametrize("name", [name for name in model_names() if name != "sm"])
def test_each_leptoquark_has_its_lepton_flavour(name: str) -> None:
    model = read_model(name)
    for leptoquark in check(model.charges, model.mediators).leptoquarks:
        expected = "tauquark" if leptoquark.name == "S1tau" else "muoquark"
        assert leptoquark.character == expected


def test_muoquark_couplings_of_the_seed_lagrangian() -> None:
    """Eq. (2): q l2 S3, q l2 S1, u mu S1, d nu_mu S1, each for three quark generations, and nothing else."""
    model = read_model("type-a/b-3lmu")
    couplings = {lq.name: lq for lq in check(model.charges, model.mediators).leptoquarks}
    assert {op.text for op in couplings["S3"].lepton_quark} == {f"q{i} l2 S3" for i in (1, 2, 3)}
    assert {op.text for op in couplings["S1"].lepton_quark} == {
        f"{quark} S1" for i in (1, 2, 3) for quark in (f"q{i} l2", f"u{i} e2", f"d{i} nu2")
    }


def test_quartics_of_the_seed_potential() -> None:
    """Field content of Eq. (5), and how often each occurs; S1 S3 S3* S3* is missing there."""
    model = read_model("type-a/b-3lmu")
    renormalisable = allowed(sm_invariant_operators(model.mediators, 4), model.charges)
    quartics = {op.text for op in renormalisable if not op.leptons()}
    portals = {f"{pair} {lq} {lq}†" for pair in ("H H†", "Phi Phi†") for lq in ("S1", "S3")} | {"H H† S1 S3†"}
    self_couplings = {"S1 S1 S1† S1†", "S3 S3 S3† S3†", "S1 S1† S3 S3†", "S1 S1 S3† S3†"}
    assert quartics - portals - self_couplings == {"S1 S3 S3† S3†"}
    assert quartics >= portals | self_couplings
    s1, s3, conjugate_s1, conjugate_s3 = (-3, 1, False), (-3, 3, False), (3, 1, False), (3, 3, False)
    assert count((*s3, 2), (*conjugate_s3, 2)) == 3  # lam3, kap3, ups3
    assert count((*s1, 1), (*conjugate_s1, 1), (*s3, 1), (*conjugate_s3, 1)) == 2  # lam13, kap13
    assert count((*s1, 2), (*conjugate_s3, 2)) == 1  # ups13
    assert count((*s1, 1), (*s3, 1), (*conjugate_s3, 2)) == 1


def test_search_finds_the_seed_group() -> None:
    """With S1 and S3 muoquarks and a realistic seesaw, B-3Lmu is one of two solutions up to charge nine."""
    found = [a for a in search(9, {"S1": 2, "S3": 2}) if a.neutrinos.realistic]
    assert (1, (0, -9, 0), 9) in [(a.quark, a.leptons, a.phi) for a in found]
    assert {a.leptons for a in found} == {(0, -9, 0), (-9, 9, -9)}
    assert all(a.leptoquarks["S3"] == -a.quark - a.leptons[1] for a in found)


def test_charges_add_up_for_every_allowed_operator() -> None:
    for name, dimension in product(("combined/lmu-ltau", "type-c/b3-l2-r2"), (4, 5)):
        model = read_model(name)
        for op in allowed(sm_invariant_operators(model.mediators, dimension), model.charges):
            assert op.charge(model.charges) == 0
