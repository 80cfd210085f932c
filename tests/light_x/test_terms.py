"""Terms, named sets, Fig. 3, and the commands."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

from muobayes.cli import app
from muobayes.errors import InputError
from muobayes.likelihood.light_x.couplings import known_charges, x_point
from muobayes.likelihood.light_x.terms import check_mass, known_sets, light_x

RAYS = {
    "B-3Lmu_eps=gX": ("b-3lmu", 1.0),
    "B-3Lmu_eps=gX/10": ("b-3lmu", 0.1),
    "Lmu-Ltau_eps=gX/10": ("lmu-ltau", 0.1),
    "Lmu-Ltau_eps=-gX/10": ("lmu-ltau", -0.1),
}


def _open(likelihood, charges, r, mX):
    """Couplings within 2 sigma of the g-2 of 2021 that nothing excludes (chi^2 < 1.96^2, yields < 1), or
    None."""
    terms = {term.name: term for term in likelihood.terms}

    def survives(m, g):
        p = likelihood.predictions(x_point(charges, m, g, r * g))
        ok = jnp.abs(p["gminus2_mu"] - 251e-11) < 2 * 59e-11
        ok &= (p["ccfr"] < 0.82 + 1.96 * 0.28) & (p["borexino"] < 1.24)
        for name, value in p.items():
            if name not in terms:
                ok &= value < 1
        return ok

    g = jnp.geomspace(5e-5, 2e-2, 3000)
    allowed = np.asarray(jax.jit(jax.vmap(jax.vmap(survives, (None, 0)), (0, None)))(jnp.asarray(mX), g))
    return [(float(g[a].min()), float(g[a].max())) if a.any() else None for a in allowed]


@pytest.mark.parametrize("ray", RAYS)
@pytest.mark.parametrize("source", ["own tables", "limit files"])
def test_windows_of_fig_3(oracle, ray, source, request):
    """The open window of gX at each mass, to 5 %; above 2 m_mu the own tables know fewer searches."""
    model, r = RAYS[ray]
    folder = request.getfixturevalue("limit_files") if source == "limit files" else None
    entries = oracle("fig3_windows")["models"][ray]
    if folder is None:
        entries = [entry for entry in entries if 2e-3 < entry["mX"] < 0.2]
    charges = known_charges(model)
    windows = _open(
        light_x(charges, "fig3", folder=folder, superseded=True), charges, r, [e["mX"] for e in entries]
    )
    for entry, window in zip(entries, windows):
        if entry["allowed"] is None:
            # a sliver that a scan of 60 points misses is not an open window
            assert window is None or window[1] / window[0] < 1.03, entry
        else:
            assert window == pytest.approx(entry["allowed"], rel=0.05), entry


def test_light_x_of_b_3lmu_does_not_explain_g_minus_2():
    """With all constraints the point of the paper's window is excluded by COHERENT and by matter NSI, not
    by Fig. 3."""
    charges = known_charges("b-3lmu")
    point = x_point(charges, 0.02, 1.8e-4, 1.8e-5)
    full, fig3 = (light_x(charges, name) for name in ("full", "fig3"))
    log_l = {name: float(value) for name, value in full.log_likelihoods(point).items()}
    assert log_l["coherent_csi"] < -1e4
    assert log_l["matter_nsi"] < -1e5
    assert log_l["gminus2_mu"] > -0.1
    assert fig3.log_likelihood(point) > -3


def test_sum_and_order():
    charges = known_charges("lmu-ltau")
    likelihood = light_x(charges, "full")
    point = x_point(charges, 0.03, 5e-4, 0.0, loop=True)
    terms = likelihood.log_likelihoods(point)
    assert list(terms) == [n for n in known_sets()["full"] if n != "limit-files"]
    assert likelihood.log_likelihood(point) == pytest.approx(float(sum(terms.values())), rel=1e-14)
    assert set(likelihood.sources) == set(terms)


def test_data_sets_of_g_minus_2():
    charges = known_charges("lmu-ltau")
    heavy = x_point(charges, 100.0, 0.0, 0.0)
    for name, chi2 in (("paper2021", (251 / 59) ** 2), ("current", (38 / 63) ** 2)):
        term = light_x(charges, ["gminus2_mu"], {"gminus2_mu": name})
        assert -2 * term.log_likelihood(heavy) == pytest.approx(chi2, rel=1e-12)


@pytest.mark.parametrize("model", ["b-3lmu", "lmu-ltau"])
def test_finite_gradients_everywhere(model):
    charges = known_charges(model)
    likelihood = light_x(charges, "full")

    def f(u):
        g = jnp.exp(u[1])
        return likelihood.log_likelihood(x_point(charges, jnp.exp(u[0]), g, u[2] * g))

    rng = np.random.default_rng(2)
    points = jnp.asarray(
        np.column_stack(
            [rng.uniform(np.log(1e-3), np.log(10), 300), rng.uniform(-18, 0, 300), rng.uniform(-1, 1, 300)]
        )
    )
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(f)))(points)
    assert np.all(np.isfinite(values)) and np.all(np.isfinite(slopes))
    # against finite differences where the likelihood is of order one
    mild = points.at[:, 1].set(np.log(1e-6))[:20]
    exact = jax.jit(jax.vmap(jax.grad(f)))(mild)
    value = jax.jit(jax.vmap(f))
    for i in range(3):
        numeric = (value(mild.at[:, i].add(1e-6)) - value(mild.at[:, i].add(-1e-6))) / 2e-6
        np.testing.assert_allclose(exact[:, i], numeric, rtol=1e-4, atol=1e-5)


def test_vanishing_couplings_are_the_standard_model():
    charges = known_charges("b-3lmu")
    likelihood = light_x(charges, "full")
    predictions = likelihood.predictions(x_point(charges, 0.05, 0.0, 0.0))
    for name in ("ccfr", "charm2", "nutev", "borexino", "coherent_csi", "coherent_ar"):
        assert predictions[name] == pytest.approx(1.0, rel=1e-12)
    assert predictions["gminus2_mu"] == predictions["matter_nsi"] == predictions["na62-pi0"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"constraints": "ful"}, "did you mean 'full'"),
        ({"constraints": ["ccfr", "borexinо"]}, "constraints: 'borexinо' is unknown"),
        ({"datasets": {"gminus2_mu": "2021"}}, "did you mean 'paper2021'"),
        ({"datasets": {"g-2": "current"}}, "data set of 'g-2': unknown term"),
        ({"datasets": {"neff": "3"}}, "not a decoupling temperature"),
    ],
)
def test_unknown_names(options, message):
    with pytest.raises(InputError, match=message):
        light_x(known_charges("b-3lmu"), **options)


def test_masses_out_of_range():
    with pytest.raises(InputError, match="below 1 MeV"):
        check_mass(5e-4)
    likelihood = light_x(known_charges("b-3lmu"), ["na62-pi0"])
    check_mass(0.07, likelihood, ["na62-pi0"])
    with pytest.raises(
        InputError, match=r"na62-pi0: this limit holds from 0.0355 to 0.1195 GeV, not at mX = 0.2"
    ):
        check_mass(0.2, likelihood, ["na62-pi0"])


# commands

POINT = ["lightx", "--gX", "1.8e-4", "--mX", "20 MeV", "--epsBX", "1.8e-5"]


def test_command_lightx(tmp_path, monkeypatch):
    monkeypatch.delenv("MUOBAYES_LIMITS", raising=False)
    path = tmp_path / "out.json"
    result = CliRunner().invoke(
        app, [*POINT, "--model", "b-3lmu", "--json", str(path)], catch_exceptions=False
    )
    assert result.exit_code == 0
    document = json.loads(path.read_text())
    assert set(document) == {
        *("couplings", "width", "branching", "delta_a_mu", "trident", "borexino", "cevns", "log_likelihood")
    }
    assert set(document["trident"]) == {"CCFR", "CHARM-II", "NuTeV"}
    assert document["couplings"]["nu_mu"] == pytest.approx(-5.4e-4)
    assert document["branching"]["numu_numu"] + document["branching"]["e_e"] == pytest.approx(1, abs=1e-12)
    assert "matter_nsi disfavours this point most" in result.output


def test_command_takes_models_of_the_catalogue(tmp_path, monkeypatch):
    monkeypatch.delenv("MUOBAYES_LIMITS", raising=False)
    documents = []
    for model in ("b-3lmu", "type-b/b-3lmu"):
        path = tmp_path / "out.json"
        options = [*POINT, "--model", model, "--constraints", "ccfr", "--json", str(path)]
        CliRunner().invoke(app, options, catch_exceptions=False)
        documents.append(json.loads(path.read_text()))
    assert documents[0] == documents[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--mX", "0.5 MeV"], "below 1 MeV"),
        (["--mX", "20 MEV"], "unknown unit 'MEV'"),
        (["--model", "b-3lmuu"], "did you mean 'b-3lmu'"),
        (["--mixing", "photon", "--mX", "50"], "--mixing photon: it holds up to 10 GeV"),
        (["--constraints", "na62-pi0", "--mX", "0.2"], "this limit holds from"),
        (["--dataset", "current"], "write term=data set"),
    ],
)
def test_command_refuses(options, message, monkeypatch):
    monkeypatch.delenv("MUOBAYES_LIMITS", raising=False)
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(app, [*POINT, "--model", "b-3lmu", *options], catch_exceptions=False)


def test_plot(tmp_path, monkeypatch):
    monkeypatch.delenv("MUOBAYES_LIMITS", raising=False)
    from muobayes.report.figures.light_x import draw

    rng = np.random.default_rng(0)
    draws = (np.exp(rng.normal(-4, 0.2, 500)), np.exp(rng.normal(-8, 0.2, 500)), "type-b/b-3lmu")
    figure = draw("full", None, "current", draws, n=12)
    assert len(figure.axes) == 3
    figure.savefig(tmp_path / "fig.png")
    assert (tmp_path / "fig.png").stat().st_size > 10_000
