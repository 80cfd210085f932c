"""SM couplings at the matching scale."""

import jax
import numpy as np
import pytest

from muobayes.running.sm import sm_parameters, sm_scale_range
from muobayes.running.sm_inputs import SMInputs, ckm, couplings_at_top


def test_table_starts_from_the_measured_inputs():
    inputs = SMInputs()
    start, tabulated = couplings_at_top(inputs), sm_parameters(inputs.mt_pole)
    for name in ("gs", "g", "gp", "Lambda", "muH2", "Yu", "Yd", "Ye"):
        np.testing.assert_allclose(getattr(tabulated, name), start[name], rtol=1e-7, atol=1e-10, err_msg=name)


def test_inputs_reproduce_the_reference_point():
    """arXiv:1307.3536, Eqs. (56)-(60), at the masses of that paper."""
    old = SMInputs(mt_pole=173.34, mh=125.15, mW=80.384, alpha_s=0.1184)
    found = couplings_at_top(old)
    expected = {"gs": 1.1666, "g": 0.64779, "gp": 0.35830, "Lambda": 0.25208}
    assert {n: pytest.approx(found[n]) for n in expected} == expected
    assert found["Yu"][2, 2] == pytest.approx(0.93690 * ckm(old)[2, 2].conj())


def test_ckm_is_unitary_with_the_measured_wolfenstein_parameters():
    inputs = SMInputs()
    v = ckm(inputs)
    np.testing.assert_allclose(v @ v.conj().T, np.eye(3), atol=1e-14)
    apex = -v[0, 0] * v[0, 2].conj() / (v[1, 0] * v[1, 2].conj())
    assert apex == pytest.approx(inputs.ckm_rhobar + 1j * inputs.ckm_etabar, abs=1e-12)


def test_couplings_at_three_tev_match_an_independent_flow(oracles):
    """The same inputs as there would give 1e-6; the present masses and alpha_s shift the top by half a per cent."""
    at = sm_parameters(3000.0)
    assert float(at.gp) == pytest.approx(0.36422, rel=1e-3)
    assert float(at.g) == pytest.approx(0.63326, rel=1e-3)
    assert float(at.gs) == pytest.approx(1.00286, rel=2e-3)
    assert float(np.linalg.norm(at.Yu[:, 2])) == pytest.approx(0.81482, rel=7e-3)


def test_derivative_in_the_scale_is_the_beta_function():
    slope = jax.grad(lambda mu: sm_parameters(mu).g)(3000.0) * 3000.0
    g = float(sm_parameters(3000.0).g)
    one_loop = -19 / 6 * g**3 / (16 * np.pi**2)
    assert float(slope) == pytest.approx(one_loop, rel=0.05)


def test_down_aligned_basis_and_range():
    low, high = sm_scale_range()
    for mu in (low, 1e3, 1e10, high):
        at = sm_parameters(mu)
        left = np.asarray(at.Yu) / np.linalg.norm(at.Yu, axis=0)
        np.testing.assert_allclose(left.conj().T @ left, np.eye(3), atol=1e-6)
        assert np.count_nonzero(np.asarray(at.Yd)) == np.count_nonzero(np.asarray(at.Ye)) == 3
    np.testing.assert_allclose(sm_parameters(2 * high).gs, sm_parameters(high).gs)


@pytest.mark.crosscheck
def test_running_agrees_with_wilson():
    """wilson (arXiv:1804.05033) runs at one loop from its own inputs at 91 GeV: per cent agreement at 3 TeV."""
    peer = pytest.importorskip("wilson", reason="wilson is an optional peer (make setup-crosscheck)")
    from wilson.run.smeft import SMEFT

    couplings = SMEFT(peer.Wilson({}, scale=3000, eft="SMEFT", basis="Warsaw").wc).C_in
    at = sm_parameters(3000.0)
    for name, mine in (("g", at.g), ("gp", at.gp), ("gs", at.gs)):
        assert float(mine) == pytest.approx(float(np.real(couplings[name])), rel=3e-2), name
    assert float(abs(at.Yu[2, 2])) == pytest.approx(float(abs(couplings["Gu"][2, 2])), rel=4e-2)
