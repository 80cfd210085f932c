"""Neutrino textures of the seed (Section II D) and of two-zero minors (arXiv:1907.04042)."""

from fractions import Fraction

from muobayes.lagrangian.fields import expand_charges
from muobayes.lagrangian.textures import neutrino_texture
from muobayes.models.catalogue import read_model


def vectorlike(electron: int, muon: int, tau: int, phi: int) -> dict[str, Fraction]:
    charges = {"Phi": Fraction(phi)}
    for generation, charge in enumerate((electron, muon, tau), start=1):
        charges |= {f"{kind}{generation}": Fraction(charge) for kind in ("l", "e", "nu")}
    return expand_charges(charges, ())


def test_b_minus_3lmu() -> None:
    """y_nu: an e-tau block and a muon entry; M_N full but for its (2,2) entry; one vanishing minor."""
    texture = neutrino_texture(read_model("type-a/b-3lmu").charges)
    assert texture.y_nu == ((True, False, True), (False, True, False), (True, False, True))
    assert texture.M_R == ((True, False, True), (False, False, False), (True, False, True))
    assert texture.y_Phi == ((False, True, False), (True, False, True), (False, True, False))
    assert texture.realistic
    assert texture.zeros == ()
    assert texture.minors == (("mu", "mu"),)


def test_minimal_lmu_ltau_is_c_r() -> None:
    texture = neutrino_texture(read_model("type-a/lmu-ltau").charges)
    assert texture.name == "C^R"
    assert texture.realistic


def test_lmu_ltau_without_a_suitable_scalar_does_not_mix_the_electron() -> None:
    texture = neutrino_texture(vectorlike(0, 1, -1, 5))
    assert texture.massless == 0
    assert not texture.mixed
    assert not texture.realistic
    assert texture.zeros == (("e", "mu"), ("e", "tau"), ("mu", "mu"), ("tau", "tau"))


def test_a_singular_majorana_matrix_is_not_realistic() -> None:
    texture = neutrino_texture(vectorlike(1, 2, -3, 7))
    assert (texture.massless, texture.realistic, texture.minors) == (3, False, ())


def test_universal_charges_allow_everything() -> None:
    """B-L like charges with a Phi of twice the charge: no zeros at all."""
    texture = neutrino_texture(vectorlike(1, 1, 1, 2))
    assert texture.y_Phi == ((True,) * 3,) * 3
    assert (texture.zeros, texture.minors, texture.name) == ((), (), "")
