"""The catalogue's data, what a user writes in a model file, and the three commands."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from muobayes.cli import app
from muobayes.errors import InputError
from muobayes.models.catalogue import model_names, read_model, read_model_file, resolve_model

MINIMAL = {
    "name": "my/model",
    "title": "a model",
    "reference": "none",
    "gauge": {"group": "U(1)_X", "charges": {"l2": 1, "e2": 1, "nu2": 1, "l3": -1, "e3": -1, "nu3": -1}},
    "mediators": ["S3"],
    "x": "decoupled",
    "sectors": ["leptoquark-s3"],
    "use": ["s3", "spurion"],
}
MINIMAL["gauge"]["charges"] |= {"Phi": 1, "S3": "-1"}  # type: ignore[index]


def write(folder: Path, **changes: object) -> Path:
    document = json.loads(json.dumps(MINIMAL)) | changes
    path = folder / "model.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def test_catalogue_holds_the_models_of_table_i() -> None:
    names = set(model_names())
    assert names >= {"sm", "type-a/b-3lmu", "type-a/lmu-ltau", "type-b/b-3lmu", "type-b/lmu-ltau"}
    assert names >= {"type-c/lmu-ltau", "type-c/b3-l2", "tau/s1", "combined/lmu-ltau", "type-a-r2/b-3lmu"}
    assert model_names()[0] == "sm"


@pytest.mark.parametrize("name", model_names())
def test_entry_is_complete(name: str) -> None:
    entry = read_model(name)
    assert entry.name == name
    masses = {"S1": "M1", "S3": "M3", "R2": "M2", "S1tau": "M1tau"}
    assert {masses[mediator] for mediator in entry.mediators} <= set(entry.parameters)
    assert ("gX" in entry.parameters) == (entry.x != "none")
    assert ("light-x" in entry.sectors) == (entry.x == "light")
    assert ("heavy-x" in entry.sectors) == (entry.x == "heavy")
    for parameter in entry.parameters.values():
        assert parameter.prior.type in (
            "fixed",
            "uniform",
            "loguniform",
            "periodic",
            "normal",
        )  # all normalised
        assert parameter.latex and parameter.description


def test_own_model_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, parameters={"eta33L": {"prior": {"type": "uniform", "low": -1, "high": 1}}})
    entry = read_model_file(path)
    assert entry == resolve_model(str(path))
    assert entry.parameters["eta33L"].prior.high == 1  # type: ignore[union-attr]
    assert entry.parameters["eta33L"].latex == r"\eta_3^{3L}"
    assert "M3" in entry.parameters


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gauge": {"group": "X", "charges": {"qq": 1, "Phi": 1, "S3": 1}}}, "unknown field 'qq'"),
        ({"gauge": {"group": "X", "charges": {"Phi": 1}}}, "the charge of S3 is missing"),
        ({"gauge": {"group": "X", "charges": {"Phi": 0.33, "S3": 1}}}, "a charge must be exact"),
        ({"gauge": {"group": "X", "charges": {"Phi": "one", "S3": 1}}}, "'one' is not a rational number"),
        ({"gauge": {"group": "X", "charges": {"Phi": "1/0", "S3": 1}}}, "'1/0' is not a rational number"),
        ({"mediators": ["Q7"]}, "unknown leptoquark 'Q7'"),
        ({"sectors": ["leptoquark-s2"]}, "unknown sector 'leptoquark-s2' (did you mean 'leptoquark-s"),
        ({"use": ["spuriom"]}, "unknown parameter block 'spuriom' (did you mean 'spurion'?)"),
        ({"meditors": ["S3"]}, "unknown key (did you mean 'mediators'?)"),
        ({"x": "none"}, "x is none exactly if there is no gauge group"),
        ({"parameters": {"eta33L": {"prior": {"type": "uniform", "low": 2, "high": 1}}}}, "no support"),
        ({"parameters": [1]}, "a mapping from names"),
    ],
)
def test_bad_model_files(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_model_file(write(tmp_path, **changes))
    text = str(error.value)
    assert message in text
    assert text.startswith(str(tmp_path)) and "\n" not in text and text.endswith(".")


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_model_file(tmp_path / "nowhere.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1")
    with pytest.raises(InputError, match="not a YAML file"):
        read_model_file(tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    with pytest.raises(InputError, match="a model is a mapping"):
        read_model_file(tmp_path / "list.yaml")
    with pytest.raises(InputError, match=r"did you mean 'type-a/b-3lmu'\?"):
        read_model("type-a/b-3lmuu")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.output


def test_models_command() -> None:
    listing = run("models")
    assert all(name in listing for name in model_names())
    shown = run("models", "type-b/b-3lmu")
    assert "U(1)_{B-3Lmu}; X is light" in shown and "loguniform" in shown and "S3 8/3" in shown


def test_consistency_command(tmp_path: Path) -> None:
    output = run("consistency", "type-a/lmu-ltau", "--json", str(tmp_path / "out.json"))
    assert "q q Phi† S3† (12, 13, 23)" in output and "type C^R" in output
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["anomaly_free"] is True and document["baryon_number_safe"] is False
    assert document["leptoquarks"]["S3"]["character"] == "muoquark"
    with pytest.raises(InputError, match="has no U"):
        run("consistency", "sm")
    with pytest.raises(InputError, match="choose a largest charge between"):
        run("consistency", "type-a/b-3lmu", "--search", "99")


def test_search_command(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    output = run("consistency", "type-a/b-3lmu", "--search", "9", "--realistic", "--json", str(path))
    assert "319 anomaly-free assignments" in output
    assert [row["leptons"] for row in json.loads(path.read_text())["safe"]] == [[-9, 9, -9], [0, -9, 0]]


def test_new_model_command(tmp_path: Path) -> None:
    card = tmp_path / "mine.yaml"
    assert "wrote" in run("new-model", str(card))
    checked = run("new-model", str(card))
    assert "anomalies: all vanish" in checked and "S1 is a muoquark" in checked
    with pytest.raises(InputError, match="ends in"):
        run("new-model", str(tmp_path / "mine.txt"))


def test_catalogue_needs_no_jax() -> None:
    code = "import sys, muobayes.models.catalogue, muobayes.cli.models; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
