"""The InferenceData of a run, and its way through netCDF."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.inference.nuts import NutsOptions, run_nuts
from muobayes.inference.posterior import Posterior
from muobayes.inference.result import Evidence, inference_data, load_result, save_result
from muobayes.inference.symmetry import sign_symmetry
from muobayes.priors.distributions import prior_set
from muobayes.priors.spec import Fixed, LogUniform, Uniform

OPTIONS = NutsOptions(chains=2, warmup=100, draws=60, chunk=80)


def _terms(x):
    return {"R_K": -50 * (x[0] ** 2 - 0.25) ** 2, "g-2": -2 * jnp.log(x[1] / 2000) ** 2}


@pytest.fixture(scope="module")
def data():
    prior = prior_set(
        {"eta33L": Uniform(low=-1, high=1), "M1": LogUniform(low=1e3, high=1e4), "M3": Fixed(value=3000)}
    )
    posterior = Posterior(
        prior,
        lambda x: sum(_terms(x).values()),
        _terms,
        lambda x: {"ratio": x[0] ** 2 / x[1]},
        (("eta33L",),),
    )
    draws = run_nuts(posterior, OPTIONS, 3, show_progress=False)
    symmetry = sign_symmetry(posterior, jax.random.key(0))
    return inference_data(
        posterior,
        draws,
        symmetry,
        OPTIONS,
        3,
        units={"M1": "GeV"},
        labels={"eta33L": r"\eta_3^{3L}"},
        observed={"R_K": 0.846, "spectrum": [1.0, 2.0]},
        evidence=[Evidence("bridge sampling", -3.2, 0.1)],
        attributes={"model": "type-a/b-3lmu", "checksums": {"data": "abc"}},
    )


def test_groups_and_shapes(data):
    assert set(data.groups()) == {"posterior", "sample_stats", "log_likelihood", "prior", "observed_data"}
    assert set(data.posterior) == {"eta33L", "M1", "ratio"} == set(data.prior)
    assert data.posterior["eta33L"].shape == (2, 60)
    assert set(data.log_likelihood) == {"R_K", "g-2"}
    assert data.observed_data["R_K"].values == [0.846]


def test_terms_add_up_and_belong_to_the_draws(data):
    total = sum(data.log_likelihood[name] for name in data.log_likelihood)
    np.testing.assert_allclose(total.values, data.sample_stats["log_likelihood"].values, rtol=1e-12)
    x = data.posterior
    np.testing.assert_allclose(data.log_likelihood["R_K"], -50 * (x["eta33L"] ** 2 - 0.25) ** 2, rtol=1e-9)
    np.testing.assert_allclose(x["ratio"], x["eta33L"] ** 2 / x["M1"], rtol=1e-12)


def test_draws_are_folded_and_the_attributes_say_so(data):
    assert (data.posterior["eta33L"] >= 0).all()
    assert "eta33L >= 0" in data.posterior.attrs["folding"]


def test_file_round_trip(data, tmp_path):
    path = tmp_path / "new" / "posterior.nc"
    save_result(data, path)
    save_result(data, path)
    assert [p.name for p in path.parent.iterdir()] == ["posterior.nc"]
    back = load_result(path)
    for group in data.groups():
        for name in data[group]:
            np.testing.assert_array_equal(back[group][name], data[group][name])
    attributes = back.posterior.attrs
    assert attributes["seed"] == 3 and attributes["model"] == "type-a/b-3lmu"
    assert json.loads(attributes["fixed"]) == {"M3": 3000.0}
    assert json.loads(attributes["evidence"])[0]["log_z"] == -3.2
    assert json.loads(attributes["versions"])["muobayes"]
    assert back.posterior["M1"].attrs["units"] == "GeV"
    assert back.posterior["eta33L"].attrs["label"] == r"\eta_3^{3L}"


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(InputError, match="there is no result here"):
        load_result(tmp_path / "posterior.nc")
    (tmp_path / "posterior.nc").write_bytes(b"not netCDF")
    with pytest.raises(InputError, match="not a readable result"):
        load_result(tmp_path / "posterior.nc")
