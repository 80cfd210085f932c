"""From a card to a folder: the numbers against closed forms, the files against their description."""

import html.parser
import shutil

import arviz
import numpy as np
import pytest
import toy
import xarray as xr

from muobayes.errors import InputError
from muobayes.job import run
from muobayes.report.results import Results
from muobayes.report.write import write_report
from muobayes.runcard import RunCard
from muobayes.rundir import RunDir


def test_best_fit_is_the_analytic_one(finished):
    best = finished.best_fit
    assert best["two_delta_logL"] == pytest.approx(sum(toy.TERMS.values()), abs=1e-9)
    assert best["terms"] == pytest.approx(toy.TERMS, abs=1e-9)
    assert {name: best["parameters"][name] for name in toy.BEST} == pytest.approx(toy.BEST, rel=1e-5)
    assert best["parameters"]["eta13R"] == best["parameters"]["eta13L"]
    assert best["parameters"]["M3"] == 3000.0


@pytest.mark.parametrize(("name", "term"), [("eta33L", "R_K(*)"), ("eta13L", "(g-2)_mu")])
def test_quantiles_agree_with_quadrature(finished, name, term):
    grid = np.linspace(0, 1.5, 200_001)
    density = np.exp(-0.5 * toy.TERMS[term] * (grid**2 / toy.BEST[name] ** 2 - 1) ** 2)
    cumulative = np.cumsum(density) / density.sum()
    draws = finished.draws(name)
    for column, probability in (("low68", 0.16), ("median", 0.5), ("high68", 0.84)):
        exact = np.interp(probability, cumulative, grid)
        error = float(arviz.mcse(draws, method="quantile", prob=probability))
        # Six quantiles at 4 standard errors: a false alarm in 2600 changes of seed.
        assert abs(finished.summary.loc[name, column] - exact) < 4 * error


def test_folder_holds_what_the_readme_says(finished):
    names = {p.name for p in finished.path.iterdir()}
    assert names >= {
        "run.yaml", "run.log", "posterior.nc", "best_fit.json", "summary.csv", "report.html",
        "corner.png", "corner.pdf", "fig1.png", "fig1.pdf", "chains.png", "gains.png", "pulls.png",
        "plane.nc", "observables.csv", "changes.json", "checkpoint",
    }  # fmt: skip
    assert set(finished.idata.groups()) >= {"posterior", "sample_stats", "log_likelihood", "prior"}
    assert set(finished.idata["log_likelihood"].data_vars) == set(toy.TERMS)
    assert not [name for name in names if name.endswith(".new")]


def test_resolved_card_repeats_the_run(finished):
    card = RunCard.load(finished.path / "run.yaml")
    assert card.fingerprint == RunCard.from_dict(toy.CARD).fingerprint
    assert card.provenance["versions"].keys() >= {"jax", "numpyro", "numpy"}
    assert all(len(checksum) == 64 for checksum in card.provenance["data"].values())


def test_a_finished_run_is_not_run_again(finished):
    def refuse(_card):
        raise AssertionError("the posterior was built")

    again = run(finished.card, build=refuse)
    assert again.best_fit == finished.best_fit


def test_plane_is_highest_at_the_best_fit(finished):
    plane = finished.plane
    top = plane.total.argmax(("y", "x"))
    step = float(plane.x[1] - plane.x[0]), float(plane.y[1] - plane.y[0])
    assert abs(abs(float(plane.x[top["x"]])) - toy.BEST["eta33L"]) <= step[0]
    assert abs(abs(float(plane.y[top["y"]])) - toy.BEST["eta13L"]) <= step[1]
    assert plane.x[0] < 0 < plane.x[-1] and plane.y[0] < 0 < plane.y[-1]
    xr.testing.assert_allclose(plane.log_likelihood.sum("group"), plane.total)


def test_observables_at_the_best_fit(finished):
    table = finished.observables.set_index("observable")
    assert table.pull_sm.to_dict() == pytest.approx({t: -np.sqrt(h) for t, h in toy.TERMS.items()})
    assert np.abs(table.pull).max() < 1e-4
    assert finished.idata["observed_data"].exp.sel(observable="R_K(*)") == 1.0


def test_what_the_other_data_set_says(finished):
    seen = finished.changes
    assert seen["dataset"] == "current"
    assert seen["terms"] == pytest.approx(toy.HEIGHT["current"], abs=1e-9)  # the same point is best for both
    assert seen["best_fit"]["terms"] == pytest.approx(toy.HEIGHT["current"], abs=1e-9)
    assert list(finished.gains) == ["paper2021", "current, same point", "current, own best fit"]


class _Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [(tag, key, value) for key, value in attrs if key in ("src", "href", "srcset")]


def test_report_is_self_contained(finished):
    text = (finished.path / "report.html").read_text(encoding="utf-8")
    links = _Links()
    links.feed(text)
    assert links.found
    assert all(value.startswith("data:image/png;base64,") for _, _, value in links.found)
    assert "<script" not in text and "@import" not in text and "url(" not in text


def test_report_tells_the_numbers(finished):
    text = (finished.path / "report.html").read_text(encoding="utf-8")
    for needed in ("36.2", "R_K(*)", "(g-2)_mu", "paper2021", "folded by exact sign symmetries", "seed 1"):
        assert needed in text
    for warning in finished.diagnostics["warnings"]:
        assert warning.split(":")[0] in text


def test_report_is_a_function_of_the_files(finished, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(finished.path, copy)
    before = (copy / "report.html").read_bytes()
    (copy / "report.html").unlink()
    (copy / "corner.png").unlink()
    write_report(copy)
    assert (copy / "report.html").read_bytes() == before


def test_results_of_something_else(tmp_path):
    with pytest.raises(InputError, match=r"not the folder of a finished run \(run.yaml is missing\)"):
        _ = Results(tmp_path).folder


def test_nothing_sampled(tmp_path):
    card = RunCard.from_dict({"model": "sm", "output": str(tmp_path / "run")})
    with pytest.raises(InputError, match="nothing is sampled"):
        run(card, build=toy.build)


def test_misspelt_term_of_a_plane_is_told_before_sampling(tmp_path):
    plane = {**toy.CARD["plane"], "groups": {"anomaly": ["R_K"]}}
    card = RunCard.from_dict({**toy.CARD, "plane": plane, "output": str(tmp_path / "run")})
    with pytest.raises(
        InputError, match=r"plane.groups.anomaly: unknown term 'R_K' \(did you mean 'R_K\(\*\)'"
    ):
        run(card, build=toy.build)


def test_full_disk(finished, tmp_path):
    """/dev/full refuses every byte with the error of a full disk."""
    folder = RunDir(tmp_path / "run")
    shutil.copytree(finished.path, folder.path)
    folder.report.unlink()
    folder.summary.unlink()
    folder.summary.symlink_to("/dev/full")
    card = finished.card.model_copy(update={"output": str(folder.path), "provenance": None})
    with pytest.raises(InputError, match="the disk is full; make room, then continue with --resume"):
        run(card, build=toy.build, observe=toy.observe, show_progress=False)
    folder.summary.unlink()
    results = run(card, build=toy.build, observe=toy.observe, show_progress=False)
    assert results.best_fit == finished.best_fit
