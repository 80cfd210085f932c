"""Both estimators of the evidence against quadrature, from the same card."""

import json

import numpy as np
import pytest
import toy

from muobayes import _evidence, evidence
from muobayes.runcard import RunCard


def exact_log_z():
    """The toy factorises: one quadrature per coupling, flat prior on [-1.5, 1.5]."""
    grid = np.linspace(-1.5, 1.5, 400_001)
    total = 0.0
    for name, term in (("eta33L", "R_K(*)"), ("eta13L", "(g-2)_mu")):
        gain = 0.5 * toy.TERMS[term] * (1 - (grid**2 / toy.BEST[name] ** 2 - 1) ** 2)
        total += np.log(np.mean(np.exp(gain)))
    return total


@pytest.mark.slow
def test_two_estimators_agree_with_quadrature(finished):
    card = RunCard.from_dict({**toy.CARD, "output": str(finished.path)})
    found = evidence(card, build=toy.build, show_progress=False)
    assert [e.estimator for e in found] == ["nested sampling", "bridge sampling"]
    for estimate in found:
        # Two estimates at 4 sigma: a false alarm in 8000 changes of seed.
        assert abs(estimate.log_z - exact_log_z()) < 4 * estimate.error
        assert estimate.error < 0.2
    stored = json.loads((finished.path / "evidence.json").read_text())
    assert [e["log_z"] for e in stored["estimates"]] == [e.log_z for e in found]


def test_the_run_is_that_of_the_catalogue(monkeypatch):
    """Only `run`'s own posterior has pulls, the explanation of a light X, and other matching scales."""

    class AskedError(Exception):
        pass

    def asked(_card, *, build, show_progress):
        raise AskedError(build)

    monkeypatch.setattr(_evidence, "run", asked)
    with pytest.raises(AskedError) as found:
        evidence(RunCard.from_dict(toy.CARD), show_progress=False)
    assert found.value.args == (None,)
