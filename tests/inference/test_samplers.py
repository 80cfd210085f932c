"""Every sampler and every evidence estimator on every analytic target.

Statistical tests with fixed seeds. Each comparison allows 4 standard deviations: a false alarm has a
probability of 6e-5, and about 2e-3 for this whole module, should the seeds ever change.
"""

from functools import cache

import arviz as az
import jax
import numpy as np
import pytest
from targets import TARGETS, Target, first_parameter

from muobayes.errors import InputError
from muobayes.inference.bridge import bridge_evidence
from muobayes.inference.nested import NestedOptions, NestedResult, run_nested
from muobayes.inference.nuts import Draws, NutsOptions, run_nuts
from muobayes.inference.symmetry import sign_symmetry

ALLOWED = 4.0
DIMENSION = 3
NUTS = NutsOptions(warmup=500, draws=1000, chunk=100)
NESTED = NestedOptions(live=100, runs=3, batch=20, chunk=10)
# The compilation of nested sampling dominates these tests: the targets on which it can fail in a way of its
# own.
NESTED_TARGETS = ("skewed", "mirrored", "phases", "at_a_wall")


@cache
def _target(name: str, n: int = DIMENSION) -> Target:
    return TARGETS[name](n)


@cache
def _draws(name: str, n: int = DIMENSION, seed: int = 1) -> Draws:
    return run_nuts(_target(name, n).posterior, NUTS, seed, show_progress=False)


@cache
def _nested(name: str) -> NestedResult:
    return run_nested(_target(name).posterior, NESTED, 1, show_progress=False)


def _constrained(name: str, z: np.ndarray, n: int = DIMENSION) -> np.ndarray:
    return np.asarray(jax.jit(jax.vmap(_target(name, n).posterior.constrain))(z.reshape(-1, n))).reshape(
        z.shape
    )


def test_runs_that_contradict_each_other_are_told():
    """Volumes explain 0.1 each: runs 0.1 apart are one posterior, runs 1 apart have not converged."""
    result = _nested(NESTED_TARGETS[0])
    apart = np.array([-1.0, 0.0, 1.0])
    explained = result._replace(statistical_error=0.1 / np.sqrt(3))
    assert explained._replace(log_z_runs=-3 + 0.1 * apart).disagreement == ""
    found = explained._replace(log_z_runs=-3 + apart).disagreement
    assert found.startswith("not converged: the runs by themselves find -4.00, -3.00, -2.00")


@pytest.mark.parametrize("name", TARGETS)
def test_nuts_moments(name):
    target = _target(name)
    values = first_parameter(name, _constrained(name, _draws(name).z))
    error = float(az.mcse(values, method="mean"))
    assert abs(values.mean() - target.mean) < ALLOWED * error
    second = (values - target.mean) ** 2
    assert abs(second.mean() - target.sd**2) < ALLOWED * float(az.mcse(second, method="mean"))


@pytest.mark.parametrize("name", TARGETS)
def test_bridge_evidence(name):
    target = _target(name)
    symmetry = sign_symmetry(target.posterior, jax.random.key(0))
    result = bridge_evidence(target.posterior, _draws(name).z, symmetry, 1)
    assert not result.refusal
    assert result.log_z_error < 0.05
    assert abs(result.log_z - target.log_z) < ALLOWED * result.log_z_error


@pytest.mark.parametrize("name", NESTED_TARGETS)
def test_nested_evidence_and_moments(name):
    target, result = _target(name), _nested(name)
    assert result.log_z_error < 0.3
    assert abs(result.log_z - target.log_z) < ALLOWED * result.log_z_error
    weight = np.exp(result.log_weight)
    values = first_parameter(name, _constrained(name, result.z))
    error = target.sd * np.sqrt((weight**2).sum())
    assert abs(weight @ values - target.mean) < ALLOWED * error


def test_information_is_the_divergence_from_the_prior():
    """Independent coordinates in a box: H = n [ln(width) - entropy of one coordinate]."""
    # Entropy of the skew-normal by quadrature.
    x = np.linspace(-6, 8, 20001)
    density = np.exp(
        np.log(2) - x**2 / 2 - np.log(2 * np.pi) / 2 + np.asarray(jax.scipy.special.log_ndtr(5 * x))
    )
    entropy = -np.trapezoid(density * np.log(np.maximum(density, 1e-300)), x)
    assert _nested("skewed").information == pytest.approx(DIMENSION * (np.log(14) - entropy), rel=0.1)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"steps_per_dimension": 1}, "fewer than 2"),
        ({"batch": 150}, "allowed is 1 to live/2 = 50"),
        ({"live": 6, "batch": 2}, "3 parameters need at least 8 live points"),
    ],
)
def test_options_that_bias_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        run_nested(_target("skewed").posterior, NESTED._replace(**change), 1, show_progress=False)
