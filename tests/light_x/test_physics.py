"""g-2, trident, Borexino, COHERENT, matter and N_eff against closed forms and independent numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from muobayes.likelihood.light_x import cevns, gminus2, matter, scattering, trident
from muobayes.likelihood.light_x._data import read
from muobayes.likelihood.light_x.couplings import Couplings, XPoint, index, known_charges, x_point
from muobayes.likelihood.light_x.inputs import INPUTS

MODELS = {"B-3Lmu": "b-3lmu", "Lmu-Ltau": "lmu-ltau"}


def _only_muons(mX, g_mu, g_nu, right=None):
    """X that couples to muons and nu_mu alone."""
    left = np.zeros(12)
    left[index("mu")], left[index("nu_mu")] = g_mu, g_nu
    g = Couplings(jnp.asarray(left), jnp.zeros(12).at[index("mu")].set(g_mu if right is None else right))
    return XPoint(jnp.asarray(mX), jnp.asarray(0.0), jnp.asarray(0.0), g, g)


# (g-2)


def test_g_minus_2_limits():
    """1 and 2/(3 r^2) for the vector, -10/(3 r^2) for the axial coupling; exact over fifteen decades."""
    assert gminus2.loop_vector(1e-7) == pytest.approx(1.0, rel=1e-6)
    for r in (1e3, 1e6, 1e8):
        assert r**2 * gminus2.loop_vector(r) == pytest.approx(2 / 3, rel=1e-4)
        assert r**2 * gminus2.loop_axial(r) == pytest.approx(-10 / 3, rel=1e-4)


@pytest.mark.parametrize("r", [0.01, 0.1, 0.7, 1.0, 1.5, 1.9])
def test_g_minus_2_closed_form(r):
    q = r * r
    s = np.sqrt(4 * q - q * q)
    J = 2 / s * (np.arctan((2 - q) / s) + np.arctan(q / s))
    closed = 1 - 2 * q - 2 * q * (2 - q) * np.log(r) - q * (q * q - 4 * q + 2) * J
    assert gminus2.loop_vector(r) == pytest.approx(closed, rel=1e-11)


@pytest.mark.parametrize("r", [0.01, 0.2, 2.0, 30.0])
def test_g_minus_2_against_adaptive_quadrature(r):
    vector = quad(
        lambda x: 2 * x**2 * (1 - x) / (x**2 + (1 - x) * r**2), 0, 1, epsabs=0, epsrel=1e-11, limit=200
    )
    assert gminus2.loop_vector(r) == pytest.approx(vector[0], rel=1e-9)
    step = 1e-5 * r
    slope = (gminus2.loop_vector(r + step) - gminus2.loop_vector(r - step)) / (2 * step)
    assert jax.grad(gminus2.loop_vector)(r) == pytest.approx(float(slope), rel=1e-7)


def test_g_minus_2_numbers(oracle):
    data = oracle("gminus2")
    for p in data["points"]:
        r = p["mX"] / data["meta"]["m_mu"]
        assert gminus2.loop_vector(r) == pytest.approx(p["FV"], rel=1e-7)
        assert gminus2.loop_axial(r) == pytest.approx(p["FA"], rel=1e-7)
        assert gminus2.delta_a(_only_muons(p["mX"], 1e-3, 0.0)) == pytest.approx(p["amu_gV_1e_3"], rel=1e-7)
    best = data["bands"]["paper_era_251(59)e-11"][2]
    gX = best["gX_B3Lmu_eps=gX/10_best"]
    point = x_point(known_charges("b-3lmu"), best["mX"], gX, 0.1 * gX)
    assert gminus2.delta_a(point) == pytest.approx(251e-11, rel=2e-7)


# trident


@pytest.mark.parametrize(("experiment", "name"), [("CCFR", "ccfr"), ("CHARMII", "charm2")])
def test_trident_numbers(oracle, experiment, name):
    data = oracle("trident")[experiment]
    table = trident.trident_table(**read(name)["beam"])
    assert table.sigma_sm * INPUTS.hbarc2_cm2 == pytest.approx(data["sigma_SM_cm2"], rel=1e-6)
    for p in data["points"]:
        assert trident.sigma_ratio(_only_muons(p["mX"], 1.0, p["gg"]), table) == pytest.approx(
            p["ratio"], rel=1e-5
        )


def test_trident_structure_functions(oracle):
    for p in oracle("trident")["structure_functions"]:
        F = trident.structure_functions(np.array(p["l2"]), np.array(p["Q2"]))
        for name, value in F.items():
            assert value == pytest.approx(p[name], rel=1e-7)


def test_trident_heavy_limit_and_chirality():
    """Heavy X is a contact term; V and A of an X with left-handed muons shift alike, so only C_V + C_A
    moves."""
    table = trident.trident_table(160.0, 26, 56.0)
    m = 2e3
    x = INPUTS.v2 / m**2
    C_V, C_A = 0.5 + 2 * INPUTS.sw2_mz, 0.5
    V, A = table.vector.sum(), table.axial.sum()
    expected = ((C_V + x * 0.5) ** 2 * V + (C_A + x * 0.5) ** 2 * A) / table.sigma_sm
    assert trident.sigma_ratio(_only_muons(m, 1.0, 1.0, right=0.0), table) == pytest.approx(
        expected, rel=1e-4
    )


# scattering


def test_borexino_numbers(oracle):
    data, own = oracle("borexino"), read("borexino")
    setup = scattering.electron_scattering(own["lines"], own["flavours"])
    for key, value in data["sm_cross_sections_cm2"].items():
        neutrino, keV = key.split("_")
        sigma = scattering.electron_cross_section(
            float(keV) * 1e-6, {"nue": "nu_e", "numu": "nu_mu"}[neutrino]
        )
        assert sigma == pytest.approx(value, rel=1e-7)
    for p in data["points"]:
        point = x_point(known_charges(MODELS[p["model"]]), p["mX"], p["gX"], p["r"] * p["gX"])
        assert scattering.rate_ratio(point, setup) == pytest.approx(p["ratio"], rel=1e-6)


def test_coherent_numbers(oracle):
    data = oracle("cevns")
    for target in ("CsI", "Ar"):
        own = read(f"coherent_{target.lower()}")
        for suffix, threshold in (("", 0.0), ("_th", own["threshold_keV"])):
            setup = cevns.cevns(own["nuclei"], threshold)
            for p in data["points"]:
                point = x_point(known_charges(MODELS[p["model"]]), p["mX"], p["gX"], p["r"] * p["gX"])
                ratio = cevns.cross_section_ratio(point, setup)
                assert ratio == pytest.approx(p[target + suffix], rel=5e-5)


def test_whole_mass_numbers_change_little():
    """The data files take N = A - Z from atomic weights; whole numbers give the same within the error of
    the theory."""
    point = x_point(known_charges("b-3lmu"), 0.02, 2e-5, 2e-6)
    standard = read("coherent_csi")["nuclei"]
    whole = [{"Z": n["Z"], "A": round(n["A"])} for n in standard]
    a, b = (cevns.cross_section_ratio(point, cevns.cevns(nuclei, 8.0)) for nuclei in (standard, whole))
    assert a == pytest.approx(float(b), rel=5e-3)


def test_spectra_are_normalised():
    """Without recoil each flavour contributes one neutrino."""
    for flavour in ("line", "nu_mu_bar", "nu_e"):
        assert cevns._flux_integral(flavour, np.array([1e-18]), 100.0) == pytest.approx(1.0, rel=1e-9)


# matter


def test_matter_nsi(oracle):
    for p in oracle("misc")["nsi_B-3Lmu"]["points"]:
        point = x_point(known_charges("b-3lmu"), p["mX"], p["gX"], 0.3 * p["gX"])
        nsi = matter.earth_nsi(point, read("matter_nsi")["neutrons_per_electron"])
        assert nsi[1] == pytest.approx(p["eps_mumu_Earth"], rel=1e-6)


def test_kinetic_mixing_drops_out_of_neutral_matter():
    point = x_point(known_charges("lmu-ltau"), 0.02, 1e-3, 0.5)
    np.testing.assert_allclose(matter.earth_nsi(point, 1.051), 0.0, atol=1e-9)


def test_n_eff(oracle):
    for p in oracle("misc")["neff"]:
        assert matter.n_eff(1e-3 * p["mX_MeV"], p["n"], p["Tdec_MeV"]) == pytest.approx(p["Neff"], rel=1e-6)
    massless = 3 * 2 * np.pi**2 / 45
    assert matter.x_entropy(1e-6) == pytest.approx(massless, rel=1e-5)
    assert matter.n_eff(1.0, 2, 2.3) == pytest.approx(3.0, abs=1e-12)
