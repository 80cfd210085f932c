"""Luminosities, pole integration, and the limits that connect resonance, contact term and leptoquark."""

import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from muobayes.likelihood.collider import drell_yan
from muobayes.likelihood.collider.drell_yan import bins, cross_sections, no_exchange, standard_model
from muobayes.likelihood.collider.leptoquarks import join, leptoquark_exchange
from muobayes.likelihood.collider.luminosity import QUARKS, luminosities
from muobayes.likelihood.collider.resonance import narrow_width_cross_section
from muobayes.likelihood.collider.x_boson import branching_mumu, heavy_x, width
from muobayes.likelihood.light_x.couplings import charges_from, known_charges
from muobayes.matching import SMParameters, match
from muobayes.matching.couplings import R2, S1, S3

B3LMU = known_charges("b-3lmu")


def test_luminosities_against_the_tables(oracles: Path) -> None:
    """0.1 % of PDF4LHC21 as tabulated, away from isolated points that are off themselves."""
    for entry in json.loads((oracles / "light_x" / "heavy_x.json").read_text())["lumi"]:
        values = luminosities(jnp.asarray(entry["m"]))
        for quark, value in zip(QUARKS, values):
            assert float(value) == pytest.approx(entry[quark], rel=1e-3)


def test_luminosities_are_smooth_and_positive() -> None:
    m = jnp.linspace(150.0, 12000.0, 4000)
    values = luminosities(m)
    assert values.shape == (5, 4000)
    assert bool(jnp.all(values > 0)) and bool(jnp.all(jnp.isfinite(values)))
    slope = jax.vmap(jax.grad(lambda x: jnp.sum(jnp.log(luminosities(x)))))(m)
    assert bool(jnp.all(slope < 0))
    assert float(jnp.max(jnp.abs(jnp.diff(jnp.log(values[1:]), axis=1)))) < 0.08


def test_width_and_branching() -> None:
    """Gamma = 15.5 gX^2 mX/(12 pi) and BR(mumu) = 9/15.5 for B-3Lmu far above the top."""
    x = heavy_x(B3LMU, 5e4, 0.1, 0.0)
    assert float(width(x)) == pytest.approx(15.5 * 0.01 * 5e4 / (12 * np.pi), rel=1e-6)
    assert float(branching_mumu(x)) == pytest.approx(9 / 15.5, rel=1e-6)
    neutral = heavy_x(B3LMU, 1e3, 0.0, 0.0)
    assert float(branching_mumu(neutral)) == 0.0


def test_mixing_alone_decays_like_hypercharge() -> None:
    """Far above the Z: widths proportional to N_c (Y_L^2 + Y_R^2), and 1/4 for each Goldstone pair."""
    x = heavy_x(charges_from({"Phi": 1}), 1e6, 0.0, 0.1)
    hypercharges = {"l": -1 / 2, "e": -1, "q": 1 / 6, "u": 2 / 3, "d": -1 / 3}
    gY2 = 4 * np.pi / 128 / (1 - 0.2312)
    fermions = 3 * (
        2 * hypercharges["l"] ** 2
        + hypercharges["e"] ** 2
        + 3 * (2 * hypercharges["q"] ** 2 + hypercharges["u"] ** 2 + hypercharges["d"] ** 2)
    )
    # one Weyl fermion: g^2 m/(24 pi); each of two complex scalars, of hypercharge 1/2: g^2 m/(48 pi)
    expected = 0.01 * gY2 * 1e6 / (24 * np.pi) * (fermions + 2 * 0.25 / 2)
    assert float(width(x)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("gX", [0.003, 0.1, 1.0])
def test_pole_is_integrated_exactly(gX: float) -> None:
    """Weights against adaptive quadrature with a steep function, bins below, around and above the pole."""
    mX = 1040.0
    x = heavy_x(B3LMU, mX, gX, 0.0)
    b = bins(np.array([900.0, 1000.0, 1100.0, 1300.0]))
    weights = drell_yan._pole_weights(b, x)
    pole = mX**2 - 1j * float(drell_yan._pole_width(x))
    for i in range(3):
        low, high = float(b.centre[i] - b.half[i]), float(b.centre[i] + b.half[i])
        points = [mX**2] if low < mX**2 < high else None
        exact = [
            quad(lambda s, p=part: p((1e6 / s) ** 3 / (s - pole)), low, high, points=points, limit=3000)[0]
            for part in (np.real, np.imag)
        ]
        got = complex(jnp.sum(weights[i] * (1e6 / b.s[i]) ** 3))
        assert got == pytest.approx(complex(*exact), rel=2e-4)


def test_switch_of_quadrature_is_invisible() -> None:
    """Just inside and just outside of the exact region the weights agree to 1e-8."""
    b = bins(np.array([1000.0, 1050.0]))
    for sign in (-1, 1):
        near, far = (
            drell_yan._pole_weights(
                b, heavy_x(B3LMU, float((b.centre[0] + sign * d * b.half[0]) ** 0.5), 0.1, 0.0)
            )
            * d
            for d in (7.9999999, 8.0000001)
        )
        assert np.allclose(near, far, rtol=1e-6)


def test_narrow_resonance_is_the_narrow_width_cross_section() -> None:
    x = heavy_x(B3LMU, 2000.0, 0.01, 0.0)
    b = bins(np.array([1900.0, 2100.0]))
    peak = float(cross_sections(b, no_exchange(), x)[0] - cross_sections(b, no_exchange())[0])
    # interference is odd around the pole; what is left of it is a few per mille
    assert peak == pytest.approx(float(narrow_width_cross_section(x)), rel=2e-2)


def test_heavy_x_becomes_a_contact_term() -> None:
    x = heavy_x(B3LMU, 1e5, 0.1, 0.0)
    b = bins(np.array([500.0, 1000.0, 2000.0]))
    contact = no_exchange()._replace(contact=jnp.full((5, 2, 2), (0.1 / 1e5) ** 2))
    sm = cross_sections(b, no_exchange())
    assert np.allclose(cross_sections(b, no_exchange(), x) - sm, cross_sections(b, contact) - sm, rtol=1e-3)


def quark_tensor(values: dict[str, complex], operator: str, lepton_first: bool = True) -> np.ndarray:
    """C[p, r] of two quarks with muons, completed by hermiticity."""
    out = np.zeros((3, 3), complex)
    for p in range(3):
        for r in range(3):
            for a, b, conjugate in ((p, r, False), (r, p, True)):
                index = f"22{a + 1}{b + 1}" if lepton_first else f"{a + 1}{b + 1}22"
                value = values.get(f"{operator}_{index}")
                if value is not None:
                    out[p, r] = np.conj(value) if conjugate else value
    return out


def up_diagonal(ckm: np.ndarray, coefficient: np.ndarray) -> np.ndarray:
    """Diagonal of a coefficient of q-bar q, rotated from the down to the up basis."""
    return (ckm @ coefficient @ ckm.conj().T).diagonal().real


def test_heavy_leptoquarks_become_the_warsaw_coefficients() -> None:
    """c/M^2 of each chirality against the tree-level matching: lq1 -+ lq3, eu, lu, qe."""
    rng = np.random.default_rng(4)
    mass = 5000.0

    def matrix() -> jax.Array:
        return jnp.asarray(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))

    ckm = jnp.asarray(np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))[0])
    sm = SMParameters(0.65, 0.36, 1.1, 0.25, *(jnp.zeros((3, 3), complex),) * 3)
    for leptoquark in (
        S1(mass, matrix(), matrix(), 0.0),
        S3(mass, matrix(), 0.0, 0.0),
        R2(mass, matrix(), matrix(), 0.0, 0.0),
    ):
        values = {name: complex(value) for name, value in match(leptoquark, sm, mass, loop=0).items()}
        tensor = partial(quark_tensor, values)
        exchange = leptoquark_exchange(leptoquark, ckm, 2)
        got = np.asarray(exchange.strength[0]) / mass**2

        up_basis = partial(up_diagonal, np.asarray(ckm))
        left = up_basis(tensor("lq1") - tensor("lq3"))
        down = (tensor("lq1") + tensor("lq3")).diagonal().real
        assert got[[0, 3], 0, 0] == pytest.approx(left[:2], abs=1e-12)
        assert got[[1, 2, 4], 0, 0] == pytest.approx(down, abs=1e-12)
        assert got[[0, 3], 1, 1] == pytest.approx(tensor("eu").diagonal().real[:2], abs=1e-12)
        assert got[[0, 3], 1, 0] == pytest.approx(tensor("lu").diagonal().real[:2], abs=1e-12)
        assert got[[0, 3], 0, 1] == pytest.approx(up_basis(tensor("qe", False))[:2], abs=1e-12)
        assert got[[1, 2, 4], 0, 1] == pytest.approx(tensor("qe", False).diagonal().real, abs=1e-12)


def test_leptoquark_exchange_against_a_brute_force_angle() -> None:
    """One quark, one chirality: integrate dsigma/dcos with the propagator at u by hand."""
    zero = jnp.zeros((3, 3), complex)
    leptoquark = S1(1000.0, zero, zero.at[0, 1].set(1.5), 0.0)
    b = bins(np.array([1000.0, 1010.0]))
    exchange = leptoquark_exchange(leptoquark, jnp.eye(3), 2)
    got = float(cross_sections(b, exchange)[0] - cross_sections(b, no_exchange())[0])

    def integrand(m: float) -> float:
        s = m * m
        sm = complex(standard_model(jnp.asarray(s))[0, 1, 1])
        lumi = float(luminosities(jnp.asarray(m))[0])

        def angular(cosine: float) -> float:
            lq = 1.125 / (1e6 + s * (1 + cosine) / 2)
            # dsigma/dcos = s/(32 pi 3 4 ...) (1 + cos)^2: normalised to s/(144 pi) |A|^2 for constant A
            return 3 / 8 * (1 + cosine) ** 2 * (abs(sm + lq) ** 2 - abs(sm) ** 2)

        return 2 * m * lumi / (144 * np.pi) * quad(angular, -1, 1)[0] * 3.893794e11

    assert got == pytest.approx(quad(integrand, 1000.0, 1010.0, epsrel=1e-6)[0], rel=1e-5)
    both = join(exchange, no_exchange())
    assert float(cross_sections(b, both)[0]) == pytest.approx(
        float(cross_sections(b, exchange)[0]), rel=1e-12
    )


def test_bottom_strange_production() -> None:
    """A rotation of s and b keeps the width; the peak through gbs alone is its narrow-width cross section."""
    x = heavy_x(
        charges_from({"q3": "1/3", "u3": "1/3", "d3": "1/3", "l2": -1, "e2": -1, "Phi": 1}), 1000.0, 0.1, 0.0
    )
    s, b, theta = 10, 11, 0.3
    left, c, sine = x.couplings.left, np.cos(theta), np.sin(theta)
    rotated = x._replace(
        couplings=x.couplings._replace(left=left.at[s].set(left[b] * sine**2).at[b].set(left[b] * c**2)),
        gbs=left[b] * sine * c,
    )
    assert float(width(rotated)) == pytest.approx(float(width(x)), rel=1e-4)  # up to m_b^2/mX^2
    only = x._replace(
        couplings=x.couplings._replace(left=left.at[6:].set(0.0), right=left.at[6:].set(0.0)), gbs=0.01
    )
    wide = bins(np.array([950.0, 1050.0]))
    peak = float(cross_sections(wide, no_exchange(), only)[0] - cross_sections(wide, no_exchange())[0])
    assert peak == pytest.approx(float(narrow_width_cross_section(only)), rel=1e-2)
