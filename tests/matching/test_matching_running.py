"""The leptoquark couplings at another scale, against the general one-loop formulas in components."""

import jax
import numpy as np
import pytest
import uv_theory

from muobayes.matching import at_scale, slopes
from muobayes.matching._contraction import LOOP
from muobayes.running.sm import sm_parameters


def _fields(couplings):
    return couplings.fields() if "+" in couplings.model else (couplings,)


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_slopes(random_point, model):
    couplings, sm = random_point.couplings[model], random_point.sm
    matrices = couplings.matrices() | {"Yu": sm.Yu, "Yd": sm.Yd, "Ye": sm.Ye}
    beta, mass = uv_theory.one_loop(matrices, sm.g, sm.gp, sm.gs)
    for field, slope in zip(_fields(couplings), _fields(slopes(couplings, sm))):
        found, expected = slope.M / field.M, LOOP * mass[field.model.upper()] / 2
        assert found == pytest.approx(expected, rel=1e-12)
        for name in field.leptoquark_matrices:
            np.testing.assert_allclose(getattr(slope, name), LOOP * beta[name], rtol=0, atol=1e-15)


@pytest.fixture
def natural(random_point):
    """Couplings of natural size."""
    return {name: jax.tree.map(lambda x: 0.3 * x, c) for name, c in random_point.couplings.items()}


@pytest.mark.parametrize("model", ["s1+s3", "r2+s3"])
def test_there_and_back(natural, model):
    """One step over a factor of two is good to 1e-7, and it can be undone."""
    many = couplings = natural[model]
    for k in range(8):
        many = at_scale(many, 1000.0 * 2 ** (k / 8), 1000.0 * 2 ** ((k + 1) / 8), sm_parameters)
    far = at_scale(couplings, 1000.0, 2000.0, sm_parameters)
    for one, other in ((far, many), (at_scale(far, 2000.0, 1000.0, sm_parameters), couplings)):
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other)):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("model", ["s1+s3", "r2+s3"])
def test_down_quarks_stay_diagonal(natural, model):
    """A small step, then the eigenvectors of the SM's Yd Yd^dagger, which the step makes non-diagonal."""
    couplings, step = natural[model], 1e-4
    sm = sm_parameters(3000.0)
    beta, _ = uv_theory.one_loop({"Yu": sm.Yu, "Yd": sm.Yd, "Ye": sm.Ye}, sm.g, sm.gp, sm.gs)
    Yd = sm.Yd + step * LOOP * beta["Yd"]
    _, U = np.linalg.eigh(Yd @ Yd.conj().T)
    U = U * np.exp(-1j * np.angle(np.diagonal(U)))
    expected = jax.tree.map(
        lambda x, s: np.asarray(x + step * s), couplings, slopes(couplings, sm)
    ).matrices()
    for name in expected:
        if name in ("lambda1L", "lambda3L"):
            expected[name] = U.T @ expected[name]
        elif name == "y2_eq":
            expected[name] = expected[name] @ U
    found = at_scale(couplings, 3000.0, 3000.0 * np.exp(step), sm_parameters).matrices()
    for name, matrix in expected.items():
        np.testing.assert_allclose(found[name], matrix, rtol=0, atol=1e-10)
