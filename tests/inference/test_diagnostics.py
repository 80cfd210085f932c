"""Each kind of bad chain gets its own sentence; good chains get none."""

import numpy as np
import pytest

from muobayes.inference.diagnostics import diagnose
from muobayes.inference.nuts import Draws


def _draws(random, shape=(4, 1000), **changes):
    parts = {
        "z": np.zeros((*shape, 1)),
        "potential": np.zeros(shape),
        "energy": random.normal(size=shape),
        "accept_prob": np.ones(shape),
        "step_size": np.ones(shape),
        "num_steps": np.full(shape, 7),
        "diverging": np.zeros(shape, bool),
        "jumped": np.zeros(shape, bool),
    }
    return Draws(**(parts | changes))


@pytest.fixture
def random():
    return np.random.default_rng(0)


def _diagnose(x, draws, turn=None):
    return diagnose(("eta33L",), x[..., None], draws, (turn,), 10)


def test_good_chains_pass(random):
    result = _diagnose(random.normal(size=(4, 1000)), _draws(random))
    assert result.good and result.parameters["eta33L"].r_hat < 1.01


def test_chains_in_different_modes(random):
    x = random.normal(size=(4, 1000)) + np.array([0, 0, 0, 5])[:, None]
    assert any("R-hat is above 1.01 for eta33L" in w for w in _diagnose(x, _draws(random)).warnings)


def test_slow_chains(random):
    x = np.cumsum(random.normal(size=(4, 1000)), axis=1)
    warnings = _diagnose(x, _draws(random)).warnings
    assert any("bulk ESS < 400 for eta33L" in w for w in warnings)


def test_chain_that_never_moved_is_not_good(random):
    assert not _diagnose(np.ones((4, 1000)) + np.arange(4)[:, None], _draws(random)).good


def test_divergences(random):
    x, few, many = random.normal(size=(4, 1000)), np.zeros((4, 1000), bool), np.zeros((4, 1000), bool)
    few[0, :4], many[0, :5] = True, True
    assert _diagnose(x, _draws(random, diverging=few)).good
    result = _diagnose(x, _draws(random, diverging=many))
    assert result.divergences == 5 and "0.12 % of the trajectories diverged" in result.warnings[0]


def test_slow_energy(random):
    energy = np.cumsum(random.normal(size=(4, 1000)), axis=1)
    assert "E-BFMI is" in _diagnose(random.normal(size=(4, 1000)), _draws(random, energy=energy)).warnings[0]


def test_trajectories_at_the_limit(random):
    draws = _draws(random, num_steps=np.full((4, 1000), 1023))
    assert "raise max_tree_depth" in _diagnose(random.normal(size=(4, 1000)), draws).warnings[0]


def test_phase_on_its_cut_is_one_mode(random):
    """Half of the draws just above 0, half just below 2 pi: one mode on a circle, two on the line."""

    wrapped = np.mod(random.normal(0, 0.1, (4, 1000)), 2 * np.pi)
    assert _diagnose(wrapped, _draws(random), 2 * np.pi).good
