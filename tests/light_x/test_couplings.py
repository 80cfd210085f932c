"""Charges as data, kinetic mixing at any momentum, loop-induced mixing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from muobayes.errors import InputError
from muobayes.likelihood.light_x.couplings import (
    FERMIONS,
    charges_from,
    index,
    known_charges,
    loop_mixing,
    x_couplings,
    x_point,
)
from muobayes.likelihood.light_x.inputs import INPUTS


def test_paper_couplings():
    """g_mu = -3 gX - e eps, g_p = gX + e eps, g_n = gX (arXiv:2103.13991, Sec. III)."""
    g = x_couplings(known_charges("b-3lmu"), 2e-4, 3e-5, 0.0).vector
    u, d = g[index("u")], g[index("d")]
    assert g[index("mu")] == pytest.approx(-3 * 2e-4 - INPUTS.e * 3e-5, rel=1e-14)
    assert 2 * u + d == pytest.approx(2e-4 + INPUTS.e * 3e-5, rel=1e-14)
    assert u + 2 * d == pytest.approx(2e-4, rel=1e-14)


def test_mixing_far_below_and_above_the_z():
    """Below the Z the mixing couples to c_W e Q, above it to g_Y Y; the photon convention is the first with
    c_W = 1."""
    charges = known_charges("lmu-ltau")
    c_w = (1 - INPUTS.sw2_mz) ** 0.5
    low = x_couplings(charges, 0.0, 1.0, 0.0, "hypercharge")
    photon = x_couplings(charges, 0.0, 1.0, 0.0, "photon")
    np.testing.assert_allclose(low.left, c_w * photon.left, atol=1e-15)
    np.testing.assert_allclose(low.right, c_w * photon.right, atol=1e-15)
    high = x_couplings(charges, 0.0, 1.0, 1e10, "hypercharge")
    g_y = INPUTS.e / c_w
    expected = {"nu_e": (-0.5, 0.0), "e": (-0.5, -1.0), "u": (1 / 6, 2 / 3), "d": (1 / 6, -1 / 3)}
    for name, (left, right) in expected.items():
        assert high.left[index(name)] == pytest.approx(g_y * left, abs=1e-6)
        assert high.right[index(name)] == pytest.approx(g_y * right, abs=1e-6)


def test_smooth_through_the_z():
    """Couplings and their derivatives are finite and continuous on both sides of the Z, and the axial part
    changes sign."""
    charges = known_charges("b-3lmu")

    def g(m):
        return x_couplings(charges, 1e-3, 1e-3, m**2, "hypercharge").right[index("e")]

    m = np.linspace(80, 100, 401)
    values, slopes = jax.vmap(jax.value_and_grad(g))(jnp.asarray(m))
    assert np.all(np.isfinite(values)) and np.all(np.isfinite(slopes))
    np.testing.assert_allclose(np.diff(values), 0.05 * 0.5 * (slopes[1:] + slopes[:-1]), atol=2e-6)


@pytest.mark.parametrize("t", [-100.0, -1.0, -0.04, 0.04, 0.06, 1.0, 3.9, 100.0])
def test_loop_mixing_is_the_feynman_integral(t):
    q2 = t * INPUTS.m_mu**2

    def integrand(x, mass):
        return x * (1 - x) * np.log(abs(mass**2 - x * (1 - x) * q2))

    def integral(mass):
        return 2 * quad(integrand, 0, 0.5, args=(mass,), limit=400, epsabs=1e-13)[0]

    expected = INPUTS.e / (2 * np.pi**2) * (integral(INPUTS.m_tau) - integral(INPUTS.m_mu))
    assert loop_mixing(known_charges("lmu-ltau"), 1.0, q2) == pytest.approx(expected, rel=1e-7)


def test_loop_mixing_at_rest():
    eps = loop_mixing(known_charges("lmu-ltau"), 1.0, 0.0)
    closed = INPUTS.e / (12 * np.pi**2) * np.log(INPUTS.m_tau**2 / INPUTS.m_mu**2)
    assert eps == pytest.approx(closed, rel=1e-13)
    assert 1 / eps == pytest.approx(69, abs=0.5)
    point = x_point(known_charges("lmu-ltau"), 0.02, 1e-3, 0.0, loop=True)
    assert point.low.vector[index("e")] == pytest.approx(-INPUTS.e * 1e-3 * closed, rel=1e-12)


def test_loop_mixing_is_refused_where_it_is_a_parameter():
    with pytest.raises(InputError, match="calculable only where quarks are neutral"):
        loop_mixing(known_charges("b-3lmu"), 1.0, 0.0)


def test_charges_by_generation():
    charges = charges_from(
        {"q1": "1/3", "q2": "1/3", "q3": "-2/3", "u3": "-2/3", "l1": 1, "e1": 1, "Phi": "1/2"}
    )
    assert charges.left[index("b")] == pytest.approx(-2 / 3)
    assert charges.right[index("b")] == 0
    assert charges.left[index("nu_e")] == charges.right[index("e")] == 1
    assert charges.phi == 0.5
    assert len(charges.left) == len(FERMIONS)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"q4": 1}, "unknown field 'q4'"),
        ({"q": "a third"}, "the charge of q is 'a third', not a number"),
        ({"q": 1, "q2": 1}, "the charge of q2 is given twice"),
    ],
)
def test_broken_charges(table, message):
    with pytest.raises(InputError, match=message):
        charges_from(table)


def test_unknown_model():
    with pytest.raises(InputError, match="did you mean 'b-3lmu'"):
        known_charges("b-3mu")
