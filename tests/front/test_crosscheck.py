"""The shipped cards of a comparison against an independent nested sampler in its unit cube (extra ``crosscheck``)."""

from pathlib import Path

import jax
import numpy as np
import pytest

from muobayes.inference.nested import NestedOptions, run_nested
from muobayes.models import build
from muobayes.priors.spec import LogUniform, Uniform
from muobayes.runcard import RunCard

RUNS = Path(__file__).parents[2] / "runs"


def transform(prior):
    """Unit cube -> parameters: the inverse cumulative distribution of each flat prior."""

    def point(u):
        x = np.empty(len(u))
        for i, spec in enumerate(prior.specs):
            assert isinstance(spec, Uniform | LogUniform), "the card has flat priors only"
            low, high = spec.low, spec.high
            x[i] = low + (high - low) * u[i] if isinstance(spec, Uniform) else low * (high / low) ** u[i]
        return x

    return point


def dynesty_evidence(posterior, seed=5):
    """ln Z and its error."""
    dynesty = pytest.importorskip("dynesty", reason="dynesty is not installed (extra crosscheck)")
    log_likelihood = jax.jit(posterior.log_likelihood)
    sampler = dynesty.NestedSampler(
        lambda x: float(log_likelihood(x)),
        transform(posterior.prior),
        posterior.prior.size,
        nlive=500,
        sample="rslice",
        rstate=np.random.default_rng(seed),
    )
    sampler.run_nested(print_progress=False)
    return sampler.results.logz[-1], sampler.results.logzerr[-1]


@pytest.mark.slow
@pytest.mark.crosscheck
@pytest.mark.parametrize("dataset", ["paper2021", "current"])
@pytest.mark.parametrize("name", [path.stem for path in sorted(RUNS.glob("compare-*.yaml"))])
def test_evidence_against_dynesty(name, dataset):
    posterior = build(RunCard.load(RUNS / f"{name}.yaml", dataset=dataset))
    theirs, their_error = dynesty_evidence(posterior)
    ours = run_nested(posterior, NestedOptions(), seed=1, show_progress=False)
    print(f"dynesty {theirs:.2f} +- {their_error:.2f}, nested {ours.log_z:.2f} +- {ours.log_z_error:.2f}")
    assert abs(theirs - ours.log_z) < 3 * np.hypot(their_error, ours.log_z_error)
