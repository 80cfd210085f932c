"""The dimuon and di-tau searches, pair production and the Higgs boson: oracles, limits, gradients."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from muobayes.errors import InputError
from muobayes.likelihood.collider import higgs
from muobayes.likelihood.collider.ditau import atlas_ditau, ditau_excess, ditau_log_likelihood
from muobayes.likelihood.collider.drell_yan import no_exchange
from muobayes.likelihood.collider.leptoquarks import leptoquark_exchange, pair_limit, pair_log_likelihood
from muobayes.likelihood.collider.resonance import (
    atlas_dimuon,
    narrow_width_cross_section,
    resonance_log_likelihood,
    signal,
)
from muobayes.likelihood.collider.sector import collider_sector
from muobayes.likelihood.collider.tail import cms_dimuon_tail, profiled_poisson, tail_log_likelihood
from muobayes.likelihood.collider.x_boson import heavy_x, width
from muobayes.likelihood.light_x.couplings import known_charges
from muobayes.matching.couplings import S1
from muobayes.models._sources import sm_at
from muobayes.models.catalogue import resolve_model

B3LMU = known_charges("b-3lmu")
ATLAS, CMS, TAUS = atlas_dimuon(), cms_dimuon_tail(), atlas_ditau()


@jax.jit
def atlas(mX: float, gX: float) -> jax.Array:
    return -2 * resonance_log_likelihood(ATLAS, heavy_x(B3LMU, mX, gX, 0.0))


@jax.jit
def cms(mX: float, gX: float) -> jax.Array:
    return -2 * tail_log_likelihood(CMS, no_exchange(), heavy_x(B3LMU, mX, gX, 0.0))


def limit(function, mX: float) -> float:
    """gX where -2 ln L is 2.71 above its smallest value for gX >= 0."""
    couplings = np.geomspace(1e-4, 3, 500)
    values = np.asarray(jax.vmap(lambda g: function(mX, g))(couplings))
    best = min(values.min(), 0.0)
    first = np.flatnonzero((values > best + 2.71) & (np.arange(500) > values.argmin()))[0]
    return brentq(lambda g: float(function(mX, g)) - best - 2.71, couplings[first - 1], couplings[first])


def test_heavy_x_oracle(oracles: Path) -> None:
    """Yields within 1 %, limits within 2 % (in coupling), as the check numbers' README asks."""
    oracle = json.loads((oracles / "light_x" / "heavy_x.json").read_text())
    for p in oracle["points"]:
        x = heavy_x(B3LMU, p["mX"], p["gX"], 0.0)
        assert float(width(x)) == pytest.approx(p["Gamma"], rel=1e-4)
        assert float(narrow_width_cross_section(x)) == pytest.approx(p["sigmaBR_NWA_fb"], rel=1e-2)
        if p["atlas_S"] > 0.05:  # below, X is off shell in the data, and the window's edge decides
            assert float(jnp.sum(signal(ATLAS, x))) == pytest.approx(p["atlas_S"], rel=1e-2)
        assert float(atlas(p["mX"], p["gX"])) == pytest.approx(p["atlas_d2lnL"], rel=2e-2, abs=2e-3)
        assert float(cms(p["mX"], p["gX"])) == pytest.approx(p["cms_d2lnL"], rel=1e-2, abs=6e-3)
    for entry in oracle["limits"]:
        assert limit(atlas, entry["mX"]) == pytest.approx(entry["gX95"], rel=2e-2)
    for entry in oracle["cms_tail"]:
        assert limit(cms, entry["mX"]) == pytest.approx(entry["gX95"], rel=2e-2)
    scan = oracle["cms_contact_scan"]
    for c, expected in zip(scan["c"], scan["d2lnL"]):
        contact = no_exchange()._replace(contact=jnp.full((5, 2, 2), (c * 1e-3) ** 2))
        assert float(-2 * tail_log_likelihood(CMS, contact)) == pytest.approx(expected, rel=2e-3)


def test_the_benchmark_of_the_seed_is_excluded() -> None:
    """gX = 0.1, mX = 3 TeV: 0.58 fb and 37 events near 3 TeV, where ATLAS sees about one."""
    x = heavy_x(B3LMU, 3000.0, 0.1, 0.0)
    assert float(narrow_width_cross_section(x)) == pytest.approx(0.58, rel=2e-2)
    assert float(jnp.sum(signal(ATLAS, x))) == pytest.approx(37, rel=2e-2)
    assert float(atlas(3000.0, 0.1)) > 50
    assert float(atlas(10000.0, 0.1) + cms(10000.0, 0.1)) < 0.5


def test_no_new_physics_changes_nothing() -> None:
    charges = {name: float(q) for name, q in resolve_model("type-a/b-3lmu").charges.items()}
    searches = collider_sector(charges, (), "heavy", sm_at(2000.0))

    @jax.jit
    def terms(gX: jax.Array) -> dict[str, jax.Array]:
        return searches({"gX": gX, "mX": jnp.asarray(2000.0), "epsBX": jnp.asarray(0.0)})

    values, slopes = jax.jit(lambda g: jax.jvp(terms, (g,), (1.0,)))(0.0)
    assert set(values) == {"CMS dimuon tail", "ATLAS ditau tail", "ATLAS dimuon resonance"}
    assert all(abs(float(value)) < 1e-9 for value in values.values())
    assert all(np.isfinite(float(slope)) for slope in slopes.values())


@pytest.mark.parametrize("function", [atlas, cms])
def test_gradients(function) -> None:
    derivative = jax.jit(jax.grad(function, (0, 1)))
    for mX, gX in ((700.0, 0.02), (1732.0, 0.05), (3100.0, 0.3), (8000.0, 0.5)):
        gradient = derivative(mX, gX)
        for i, step in enumerate((1e-4 * mX, 1e-5 * gX)):
            shift = np.zeros(2)
            shift[i] = step
            numeric = float(function(mX + shift[0], gX + shift[1]) - function(mX - shift[0], gX - shift[1]))
            assert float(gradient[i]) == pytest.approx(numeric / (2 * step), rel=1e-3, abs=1e-6)


def test_likelihood_is_continuous_in_the_mass() -> None:
    """A narrow X does not jump when bins enter the window or its pole crosses bin edges."""
    masses = jnp.linspace(900.0, 1500.0, 601)
    tail = cms_dimuon_tail(resolution=True)

    def folded(mX: jax.Array) -> jax.Array:
        return -2 * tail_log_likelihood(tail, no_exchange(), heavy_x(B3LMU, mX, 0.01, 0.0))

    for function in (folded, lambda m: atlas(m, 0.01)):
        values = jax.jit(jax.vmap(function))(masses)
        assert float(jnp.max(jnp.abs(jnp.diff(values)))) < 0.03 * float(jnp.max(values) - jnp.min(values))


def test_resolution_does_not_matter_for_a_tail() -> None:
    contact = no_exchange()._replace(contact=jnp.full((5, 2, 2), (0.06e-3) ** 2))
    folded, plain = (
        float(tail_log_likelihood(cms_dimuon_tail(resolution=r), contact)) for r in (True, False)
    )
    assert folded == pytest.approx(plain, rel=0.2)


def minus_log(y: np.ndarray, observed: float, expected: float, uncertainty: float) -> float:
    rate = y[0] ** 2
    log = observed * np.log(rate) if observed else 0.0
    return rate - log + (rate - expected) ** 2 / (2 * uncertainty**2)


def test_profiled_poisson_against_a_minimiser() -> None:
    for observed, expected, uncertainty in (
        (0.0, 0.3, 0.1),
        (12.0, 7.0, 2.0),
        (3.0, 3.0, 1.0),
        (0.0, 1e-3, 0.05),
    ):
        arguments = (observed, expected, uncertainty)
        options = {"xatol": 1e-9, "fatol": 1e-12}
        best = minimize(minus_log, [expected**0.5], arguments, method="Nelder-Mead", options=options).fun
        saturated = observed - (observed * np.log(observed) if observed else 0.0)
        got = profiled_poisson(jnp.asarray(observed), jnp.asarray(expected), jnp.asarray(uncertainty))
        assert float(got) == pytest.approx(saturated - best, abs=1e-7)


def tauphilic(eta: float, mass: float) -> S1:
    zero = jnp.zeros((3, 3), complex)
    return S1(mass, zero, zero.at[1, 2].set(eta), 0.0)


def test_ditau_tail_bounds_the_charm_coupling() -> None:
    """Charm and taus at 1.5 TeV: the data allow couplings around 1 and exclude 2 (arXiv:2103.12504)."""

    def chi2(eta: float) -> float:
        return float(
            -2 * ditau_log_likelihood(TAUS, leptoquark_exchange(tauphilic(eta, 1500.0), jnp.eye(3), 3))
        )

    assert abs(chi2(0.7)) < 1
    assert chi2(2.0) > 10
    excess = ditau_excess(TAUS, leptoquark_exchange(tauphilic(2.0, 1500.0), jnp.eye(3), 3))
    assert float(excess[-1]) > 5
    heavier = ditau_excess(TAUS, leptoquark_exchange(tauphilic(4.0, 3000.0), jnp.eye(3), 3))
    assert float(heavier[-1]) > float(excess[-1])  # the same coupling/mass, with less of a propagator


def test_pair_limits() -> None:
    limits = {kind: pair_limit(kind) for kind in ("S1", "S3")}
    for kind, mass in (("S1", 1400.0), ("S3", 1700.0)):
        assert float(pair_log_likelihood(limits[kind], jnp.asarray(mass))) == pytest.approx(-3.0)
    masses = jnp.linspace(500.0, 6000.0, 500)
    values = pair_log_likelihood(limits["S1"], masses)
    assert bool(jnp.all(jnp.diff(values) > 0)) and bool(jnp.all(jnp.isfinite(values)))
    assert float(values[-1]) > -1e-4
    assert float(pair_log_likelihood(limits["S1"], 1400.0, 0.5)) == pytest.approx(-0.75)
    with pytest.raises(InputError, match="no limit for 'S2'"):
        pair_limit("S2")


def test_higgs_oracle(oracles: Path) -> None:
    for p in json.loads((oracles / "light_x" / "misc.json").read_text())["higgs_XX"]["points"]:
        w = p["mX"] / (p["qPhi"] * p["gX"])
        invisible = higgs.width_to_x(p["theta"], p["mX"], w)
        assert float(invisible) == pytest.approx(p["Gamma_hXX_GeV"], rel=1e-5)
        assert float(higgs.branching_invisible(p["theta"], invisible)) == pytest.approx(p["BRinv"], rel=1e-5)


def test_goldstone_equivalence() -> None:
    """For mX -> 0 with w fixed, h -> XX is h -> phi phi of massless Goldstone bosons."""
    assert float(higgs.width_to_x(0.01, 1e-3, 40.0)) == pytest.approx(
        float(higgs.width_to_phi(0.01, 0.0, 40.0)), rel=1e-6
    )
    assert float(higgs.width_to_x(0.01, 63.0, 40.0)) == 0.0
    assert bool(jnp.isfinite(jax.grad(higgs.width_to_x, 1)(0.01, 62.7, 40.0)))


def test_equation_4_against_the_mass_matrix() -> None:
    """Eq. (4) gives a potential whose minimum and masses come back, up to order theta^3 and theta^4."""
    m_phi, theta, v_phi, v = 400.0, 0.01, 1200.0, 174.104
    p = higgs.potential(m_phi, theta, v_phi, v)
    # stationary at (v, v_phi)
    assert -2 * p.mu2H * v + 2 * p.lamH * v**3 + 2 * p.lamPhiH * v * v_phi**2 == pytest.approx(0, abs=1e-6)
    assert -2 * p.mu2Phi * v_phi + p.lamPhi * v_phi**3 + 2 * p.lamPhiH * v**2 * v_phi == pytest.approx(
        0, abs=1e-5
    )
    mass = np.array(
        [
            [2 * p.lamH * v**2, 2 * p.lamPhiH * v * v_phi],
            [2 * p.lamPhiH * v * v_phi, p.lamPhi * v_phi**2],
        ],
        float,
    )
    values, vectors = np.linalg.eigh(mass)
    assert np.sqrt(values) == pytest.approx([higgs.M_H, m_phi], rel=1e-6)
    assert abs(vectors[1, 0] / vectors[0, 0]) == pytest.approx(theta, rel=1e-3)
    mass_back, theta_back = higgs.mixing(p.lamPhi, p.lamPhiH, v_phi, v)
    assert float(mass_back) == pytest.approx(m_phi, rel=1e-4)
    assert float(theta_back) == pytest.approx(theta, rel=1e-2)


def test_invisible_likelihood() -> None:
    """The observed limit lies 1.645 sigma above the centre; the SM is the reference."""
    data = higgs.invisible_higgs()
    assert float(higgs.invisible_log_likelihood(data, 0.0)) == 0.0
    assert (0.107 - data.centre) / data.sigma == pytest.approx(1.645)
    with pytest.raises(InputError, match="no limit of 'LEP'"):
        higgs.invisible_higgs("LEP")


def test_light_window_needs_a_small_mixing_angle() -> None:
    """(gX, mX) = (5e-4, 20 MeV), q = 1: BR_inv = 0.107 at |theta| = 6.3e-3."""
    w = 0.02 / 5e-4
    theta = brentq(
        lambda t: float(higgs.branching_invisible(t, higgs.width_to_x(t, 0.02, w))) - 0.107, 1e-4, 1e-1
    )
    assert theta == pytest.approx(6.3e-3, rel=2e-2)


def test_higgs_point_of_a_light_x() -> None:
    """v_Phi = 28 GeV at the g-2 point of Lmu-Ltau; no portal, no invisible decays; h -> phi phi adds to h -> XX."""
    none = higgs.higgs_point(1.0, 5e-4, 0.02, 0.1, 0.0)
    assert float(none.v_phi) == pytest.approx(0.02 / 5e-4 / 2**0.5)
    assert float(none.m_phi) == pytest.approx(0.1**0.5 * float(none.v_phi))
    assert float(none.branching_invisible) == 0.0
    open_, closed = (higgs.higgs_point(1.0, 5e-4, 0.02, lam, 1e-3) for lam in (0.1, 6.0))
    assert float(open_.m_phi) < higgs.M_H / 2 < float(closed.m_phi)
    w = 40.0
    assert float(closed.width_invisible) == pytest.approx(float(higgs.width_to_x(closed.theta, 0.02, w)))
    assert float(open_.width_invisible) > 1.9 * float(higgs.width_to_x(open_.theta, 0.02, w))
    gradient = jax.grad(lambda lam: higgs.higgs_point(1.0, 5e-4, 0.02, 0.1, lam).branching_invisible)
    assert np.isfinite(float(gradient(0.0)))
