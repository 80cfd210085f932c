"""The leptoquark couplings at another scale, against the general one-loop formulas in components."""

import jax
import numpy as np
import pytest
import uv_theory

from muobayes.matching import at_scale, slopes
from muobayes.matching._contraction import LOOP


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


@pytest.mark.parametrize("model", ["s1+s3", "r2+s3"])
def test_there_and_back(random_point, model):
    """One step over a factor of two, for couplings of natural size: good to 1e-7, and it can be undone."""
    sm = random_point.sm
    couplings = jax.tree.map(lambda x: 0.3 * x, random_point.couplings[model])

    def fixed(mu):
        return sm

    many = couplings
    for k in range(8):
        many = at_scale(many, 1000.0 * 2 ** (k / 8), 1000.0 * 2 ** ((k + 1) / 8), fixed)
    far = at_scale(couplings, 1000.0, 2000.0, fixed)
    for one, other in ((far, many), (at_scale(far, 2000.0, 1000.0, fixed), couplings)):
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other)):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7)


def test_first_step_is_along_the_slopes(random_point):
    couplings, sm = random_point.couplings["s1+s3"], random_point.sm
    _, start = jax.jvp(lambda t: at_scale(couplings, 1e3, 1e3 * np.e**t, lambda mu: sm), (0.0,), (1.0,))
    for a, b in zip(jax.tree.leaves(start), jax.tree.leaves(slopes(couplings, sm))):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-16)
