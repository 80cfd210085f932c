"""Comparisons of cards: reuse of finished runs, refusals, warnings, the three outputs, and the whole chain."""

import hashlib
import json
import math
import shutil
from io import StringIO

import numpy as np
import pytest
import toy
import yaml
from rich.console import Console
from test_evidence import exact_log_z
from typer.testing import CliRunner

from muobayes._evidence import stored_evidence
from muobayes.cli import app
from muobayes.comparison import compare_cards, prepare_all
from muobayes.errors import InputError
from muobayes.provenance import data_checksums
from muobayes.report.compare import comparison_text
from muobayes.runcard import RunCard


@pytest.fixture
def copies(finished, tmp_path):
    """Two finished runs of the toy card with stored evidences, as cards by name."""
    cards = {}
    for name, log_z in (("narrow", 10.0), ("wide", 2.0)):
        shutil.copytree(finished.path, tmp_path / name)
        card = RunCard.from_dict({**toy.CARD, "output": str(tmp_path / name)})
        estimates = [
            {"estimator": "nested sampling", "log_z": log_z, "error": 0.1, "note": ""},
            {"estimator": "bridge sampling", "log_z": None, "error": None, "note": "Pareto k-hat 0.9"},
        ]
        record = {"card": card.fingerprint, "nested": card.evidence.model_dump(), "estimates": estimates}
        (tmp_path / name / "evidence.json").write_text(json.dumps(record))
        cards[name] = card
    return cards


def _never(card):
    raise AssertionError("a finished run must not be built again")


def test_finished_runs_are_reused_and_ranked(copies, tmp_path):
    (found,) = compare_cards([copies], tmp_path / "out", build=_never, show_progress=False)
    assert [row.name for row in found.table.rows] == ["narrow", "wide", "sm"]
    narrow, wide, sm = found.table.rows
    assert wide.log_bayes_factor == pytest.approx(-8) and wide.scale == "decisive"
    assert (sm.log_z, sm.error, sm.best_minus_two_log_likelihood) == (0, 0, 0)
    # two terms of the toy come on top of the data set's own observables
    assert narrow.observables == sm.observables + 2 > 400
    assert narrow.best_minus_two_log_likelihood == pytest.approx(-sum(toy.TERMS.values()), abs=1e-6)
    assert "narrow: no bridge sampling (Pareto k-hat 0.9)." in found.table.warnings


def test_evidence_with_other_options_is_made_again(copies):
    """The draws stay: only what nested sampling was asked for has changed."""
    card = copies["narrow"]
    assert [e.estimator for e in stored_evidence(card)] == ["nested sampling", "bridge sampling"]
    other = RunCard.from_dict({**toy.CARD, "output": card.output, "evidence": {"live": 100}})
    assert other.fingerprint == card.fingerprint
    assert stored_evidence(other) is None


def test_priors_of_two_flat_couplings(copies, tmp_path):
    """Flat priors that the posterior does not touch: each of the two couplings costs ln(factor)."""
    (found,) = compare_cards([copies], tmp_path / "out", build=_never, show_progress=False)
    changes = {s.factor: s.delta_log_z for s in found.models[0].sensitivity}
    assert changes == {f: pytest.approx(-2 * math.log(f), abs=1e-9) for f in (2.0, 10.0)}
    assert any(
        "The prior's volume decides: with the priors of wide's couplings 10" in w and "behind sm" in w
        for w in found.table.warnings
    )


def test_outputs_agree(copies, tmp_path):
    found = compare_cards([copies], tmp_path / "out", build=_never, show_progress=False)
    (record,) = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert record["dataset"] == "paper2021"
    assert [row["log_z"] for row in record["rows"]] == [row.log_z for row in found[0].table.rows]
    assert record["estimates"]["narrow"][1]["log_z"] is None
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    console = Console(width=200, file=StringIO())
    console.print(comparison_text(found))
    for text in ("decisive", "refused", "0.00 (exact)", "Pareto k-hat 0.9"):
        assert text in page and text in console.file.getvalue()
    assert "<script" not in page and "http" not in page


def test_different_data_are_refused(copies, tmp_path):
    copies["wide"] = copies["wide"].model_copy(
        update={
            "likelihood": copies["wide"].likelihood.model_copy(update={"exclude": ("likelihood_ewpt.yaml",)})
        }
    )
    with pytest.raises(InputError, match=r"narrow and wide do not see the same data.*likelihood\.exclude is"):
        compare_cards([copies], tmp_path / "out", build=_never, show_progress=False)


def test_light_x_sets_differ():
    """Two light-X models need the same constraints; a model without X sees either set at its SM value."""
    base = {"dataset": "paper2021", "output": "nowhere"}
    one = RunCard.from_dict({"model": "type-b/b-3lmu", "likelihood": {"light_x": "fig3"}, **base})
    two = RunCard.from_dict({"model": "type-b/lmu-ltau", "likelihood": {"light_x": "full"}, **base})
    heavy = RunCard.from_dict({"model": "type-a/b-3lmu", **base})
    prepare_all([{"one": one, "heavy": heavy}])
    with pytest.raises(InputError, match=r"light_x is fig3 in one and full in two"):
        prepare_all([{"one": one, "two": two}])


def _record_checksum(folder, **changed):
    content = yaml.safe_load((folder / "run.yaml").read_text())
    content["provenance"]["data"] |= changed
    (folder / "run.yaml").write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    "name", ["likelihood/data/paper2021.dataset.json.gz", "likelihood/collider/data/cms_dimuon_2021.yaml"]
)
def test_runs_of_other_data_files_are_refused(copies, tmp_path, name):
    _record_checksum(tmp_path / "wide", **{name: "0" * 64})
    with pytest.raises(InputError, match=rf"wide: this run was made with another {name} \(checksums differ"):
        compare_cards([copies], tmp_path / "out", build=_never, show_progress=False)


def test_data_files_of_other_models_do_not_matter(copies, tmp_path):
    _record_checksum(tmp_path / "wide", **{"likelihood/neutrino/data/nufit.yaml": "0" * 64})
    compare_cards([copies], tmp_path / "out", build=_never, show_progress=False)


def test_limit_files_have_checksums(tmp_path):
    (tmp_path / "limits").mkdir()
    path = tmp_path / "limits" / "mine.lmt"
    path.write_text("# mass lower\n0.01 1e-3\n0.02 1e-3\n")
    before = data_checksums(str(tmp_path))
    assert before["limits/limits/mine.lmt"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert before.keys() >= {"likelihood/light_x/data/limits/na64e-2019.yaml", "smeft/data/evolution.npz"}
    path.write_text("# mass lower\n0.01 2e-3\n0.02 1e-3\n")
    after = data_checksums(str(tmp_path))
    assert {n for n in before if before[n] != after[n]} == {"limits/limits/mine.lmt"}


def test_orderings_are_different_data(tmp_path):
    base = {"model": "neutrinos/b-3lmu", "output": str(tmp_path / "none")}
    one = RunCard.from_dict(base)
    two = RunCard.from_dict(base | {"likelihood": {"neutrino_ordering": "inverted"}})
    with pytest.raises(InputError, match=r"neutrino data is normal in one and inverted in two"):
        prepare_all([{"one": one, "two": two}])


def test_command_refuses_bad_input(tmp_path):
    card = tmp_path / "a.yaml"
    card.write_text("model: type-a/b-3lmu\n")
    for arguments, message in (
        ([str(card), "--datasets", "paper2012"], "unknown data set 'paper2012'"),
        ([str(card), str(card)], "two cards are called 'a'"),
        ([str(tmp_path / "none.yaml")], "none.yaml"),
    ):
        result = CliRunner().invoke(app, ["compare", *arguments])
        assert isinstance(result.exception, InputError) and message in str(result.exception)


@pytest.mark.slow
def test_whole_chain_on_two_data_sets(tmp_path):
    """Draws and evidence of both data sets from nothing; the paper's against quadrature; then nothing is left to do."""
    groups = [
        {"toy": RunCard.from_dict({**toy.CARD, "dataset": name, "output": str(tmp_path / name)})}
        for name in ("paper2021", "current")
    ]
    first = compare_cards(groups, tmp_path / "out", build=toy.build, show_progress=False)
    paper = first[0].table.rows[0]
    assert paper.name == "toy" and abs(paper.log_z - exact_log_z()) < 4 * paper.error
    assert [each.dataset for each in first] == ["paper2021", "current"]
    assert np.hypot(*[e.error for e in first[0].models[0].evidences]) < 0.3
    again = compare_cards(groups, tmp_path / "out", build=_never, show_progress=False)
    assert [each.table.rows for each in again] == [each.table.rows for each in first]
