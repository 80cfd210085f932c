"""A neutrino card from the command line to a folder, by importance sampling; and from the folder back."""

import sys

import numpy as np
import pytest
import yaml

from muobayes.cli import main
from muobayes.inference.result import load_result
from muobayes.report.results import Results
from muobayes.runcard import RunCard

CARD = {
    "model": "neutrinos/lmu-ltau",
    "dataset": "paper2021",
    "sampler": {"type": "importance", "proposals": 4000, "chains": 2, "draws": 250},
    "seed": 3,
}
LOG_Z = (-35.672, 0.001)  # of 200 000 proposals, docs/neutrino.md


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neutrinos")
    card = folder / "card.yaml"
    card.write_text(yaml.safe_dump(CARD | {"output": str(folder / "run")}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["muobayes", "run", str(card)])
        with pytest.raises(SystemExit) as stop:
            main()
    assert stop.value.code == 0
    return card, Results(folder / "run")


@pytest.mark.slow
def test_evidence_and_tail_of_the_weights_are_read_back(ran):
    _, results = ran
    record = results.diagnostics
    log_z, error = record["log_z"]
    assert abs(log_z - LOG_Z[0]) < 4 * np.hypot(error, LOG_Z[1]) and error < 0.05
    assert record["proposals"] == CARD["sampler"]["proposals"]
    assert record["k-hat"] < 0.7 and 1000 < record["effective"] < record["proposals"]
    assert results.modes is None and not results.modes_sentence


@pytest.mark.slow
def test_draws_are_the_posterior_of_two_zeros(ran):
    """Both zeros fix the sum of masses far above what oscillations alone need, and m_bb with it."""
    data = load_result(ran[1].folder.posterior)
    assert dict(data["posterior"].sizes) == {"chain": 2, "draw": 250}
    low, high = np.quantile(data["posterior"]["sum_m_eV"], (0.025, 0.975))
    assert 0.10 < low < 0.12 and 0.15 < high < 0.18
    total = sum(np.asarray(term) for term in data["log_likelihood"].data_vars.values())
    np.testing.assert_allclose(total, data["sample_stats"]["log_likelihood"], rtol=1e-10)
    assert 2 * total.max() <= ran[1].best_fit["two_delta_logL"] + 1e-6


@pytest.mark.slow
def test_the_report_shows_neutrinos_only(ran):
    _, results = ran
    assert set(results.best_fit["terms"]) == {
        "neutrino oscillations", "sum of neutrino masses", "neutrinoless double beta decay",
    }  # fmt: skip
    assert results.observables is None and not (results.path / "pulls.png").exists()
    page = results.folder.report.read_text(encoding="utf-8")
    assert "Observables</h2>" not in page
    assert "against the SM" not in page
    assert "× 10⁻" in page and "0.0000" not in page.split("This run")[0].split("<footer")[0]


@pytest.mark.slow
def test_a_finished_run_is_found(ran, monkeypatch, capsys):
    card, results = ran
    before = results.folder.posterior.stat().st_mtime_ns
    monkeypatch.setattr(sys, "argv", ["muobayes", "run", str(card), "--resume"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0 and results.folder.posterior.stat().st_mtime_ns == before
    assert "this run is finished" in capsys.readouterr().out
    assert RunCard.load(results.folder.card).sampler.proposals == CARD["sampler"]["proposals"]
