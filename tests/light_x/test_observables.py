"""The table of observables counts what a light X adds to g-2, as the likelihood does."""

import jax.numpy as jnp
import pytest

from muobayes.likelihood.light_x.couplings import known_charges, x_point
from muobayes.likelihood.light_x.gminus2 import delta_a
from muobayes.observables import point_table
from muobayes.runcard import RunCard


def test_light_x_shifts_g_minus_2() -> None:
    card = RunCard.from_dict({"model": "type-b/b-3lmu", "dataset": "paper2021"})
    fixed = {
        name: parameter.prior.value for name, parameter in card.parameters.items() if name not in card.sampled
    }
    point = fixed | {"eta33L": 0.0, "M3": 3e3, "gX": 1.8e-4, "mX": 0.02, "rBX": 0.1}
    table = point_table(card, point).loc["a_mu"]
    shift = float(delta_a(x_point(known_charges("b-3lmu"), jnp.asarray(0.02), 1.8e-4, 1.8e-5), "mu"))
    assert table.prediction - table.sm == pytest.approx(shift, rel=1e-4)
    assert abs(table.pull) < 1 < 4 < abs(table.pull_sm)
