"""Eq. (4) both ways, Eqs. (6) and (7), and the directions of the stability conditions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.running.flow import running_model
from muobayes.running.potential import (
    Masses,
    higgs_mass_shift,
    masses_from_potential,
    muon_yukawa_shift,
    potential_from_masses,
    v_phi,
)


@pytest.mark.parametrize("theta", [0.0, 1e-3, -0.2, 0.6])
@pytest.mark.parametrize("mphi", [60.0, 1500.0])
def test_masses_and_potential_are_inverse(theta, mphi):
    masses = Masses(174.0, 7071.0, 125.2, mphi, theta)
    np.testing.assert_allclose(
        masses_from_potential(potential_from_masses(masses)), masses, rtol=1e-9, atol=1e-12
    )


def test_small_angles_give_equation_4():
    v, w, mh, mphi, theta = 174.0, 7071.0, 125.2, 1500.0, 1e-4
    p = potential_from_masses(Masses(v, w, mh, mphi, theta))
    delta = mh**2 - mphi**2
    assert float(p.lamH) == pytest.approx((mh**2 - theta**2 * delta) / (2 * v**2))
    assert float(p.lamPhi) == pytest.approx((mphi**2 + theta**2 * delta) / w**2)
    assert float(p.lamPhiH) == pytest.approx(theta * delta / (2 * v * w))
    assert float(p.muH2) == pytest.approx((mh**2 - theta**2 * delta + theta * delta * w / v) / 2)
    assert float(p.muPhi2) == pytest.approx((mphi**2 + theta**2 * delta + theta * delta * v / w) / 2)


def test_potential_has_its_minimum_and_curvature_there():
    masses = Masses(174.0, 900.0, 125.2, 600.0, 0.15)
    p = potential_from_masses(masses)

    def energy(h, f):  # H = v + h/sqrt2, Phi = vPhi + f/sqrt2
        H2, F2 = (masses.v + h / jnp.sqrt(2.0)) ** 2, (masses.vPhi + f / jnp.sqrt(2.0)) ** 2
        return -p.muH2 * H2 - p.muPhi2 * F2 + p.lamH / 2 * H2**2 + p.lamPhi / 4 * F2**2 + p.lamPhiH * H2 * F2

    gradient = jax.grad(lambda x: energy(*x))(jnp.zeros(2))
    np.testing.assert_allclose(gradient, 0, atol=1e-6 * 600.0**2 * 900.0)
    spectrum, vectors = np.linalg.eigh(jax.hessian(lambda x: energy(*x))(jnp.zeros(2)))
    np.testing.assert_allclose(np.sqrt(spectrum), sorted((masses.mh, masses.mphi)), rtol=1e-8)
    assert abs(vectors[1, 0]) == pytest.approx(np.sin(0.15), rel=1e-6)


def test_vev_of_phi_at_the_benchmark():
    """m_X = 3 TeV, gX = 0.1, q = 3: 7.07 TeV; the paper's 14 TeV is twice that."""
    assert float(v_phi(3000.0, 0.1, 3)) == pytest.approx(7071.07, rel=1e-5)


def test_naturalness_of_the_benchmark():
    """Eq. (6) with 0.05 at M = mu = 3 TeV, and Eq. (7): half of y_mu at the best fit."""
    shift = float(higgs_mass_shift(3000.0, 3000.0, 0.05, 3000.0, 0.05, 0.05))
    assert shift == pytest.approx((9 * 0.1 + 3 * 0.05) * 9e6 / (16 * np.pi**2))
    Yu = np.diag([0, 0, 0.81])
    eta = 0.12 * np.array([0, 0, 1])
    change = float(muon_yukawa_shift(3000.0, 3000.0, eta, Yu, eta)) / 6.0e-4
    assert 0.3 < change < 0.6
    zero = jax.grad(lambda x: muon_yukawa_shift(3e3, 3e3, x * jnp.ones(3), Yu, eta))(0.0)
    assert np.isfinite(zero)


def _exact_s3(l3, k3, u3):
    """Minimum of the S3 potential for unit fields, from the eigenvalues of S^dagger S (colour times isospin)."""
    r = np.linspace(1 / 3, 1 / 2, 401)
    arc = l3 + k3 * (8 * r**2 - 4 * r + 1) + u3 * (1 - 2 * r) ** 2
    return min(arc.min(), l3 + (k3 + u3) / 3, l3 + k3 + u3) / 2


def test_directions_contain_the_stability_conditions_of_s3():
    model = running_model("full")
    state = jnp.zeros(len(model.names))
    rng = np.random.default_rng(0)
    for _ in range(50):
        l3, k3, u3 = rng.normal(size=3)
        big = state
        for name, value in (("lambda_3", l3), ("kappa_3", k3), ("upsilon_3", u3)):
            big = big.at[model.index(name)].set(value)
        for name in ("lambda_H", "lambda_1", "lambda_Phi"):
            big = big.at[model.index(name)].set(50.0)  # keeps the other fields out
        margin = float(model.stability_margin(big))
        exact = _exact_s3(l3, k3, u3)
        assert margin >= exact - 1e-9 or margin == pytest.approx(exact, abs=2e-2)
        if exact < 0:
            assert margin < 0.9 * exact


def test_mixed_directions_see_a_negative_portal():
    model = running_model("full")
    state = jnp.zeros(len(model.names))
    for name in ("lambda_H", "lambda_1", "lambda_3", "lambda_Phi"):
        state = state.at[model.index(name)].set(1.0)
    assert float(model.stability_margin(state)) > 0
    # |H|^2 |Phi|^2: positive down to -sqrt(lambda_H lambda_Phi/2) = -0.707
    for portal, stable in ((-0.6, True), (-0.85, False)):
        margin = float(model.stability_margin(state.at[model.index("lambda_PhiH")].set(portal)))
        assert (margin > 0) is stable
