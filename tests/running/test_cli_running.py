"""The commands as a user types them."""

import json

import pytest
from typer.testing import CliRunner

from muobayes.cli import app
from muobayes.errors import InputError

runner = CliRunner()


def _run(*arguments: str):
    return runner.invoke(app, [str(a) for a in arguments], catch_exceptions=True)


def test_beta_of_a_file(tmp_path):
    point = tmp_path / "point.json"
    point.write_text(json.dumps({"couplings": {"g_Y": 0.36, "g_2": 0.65, "g_3": 1.1, "lambda_H": 0.25}}))
    out = tmp_path / "beta.json"
    result = _run("beta", "sm", "--couplings", point, "--loops", "1,1,1", "--json", out)
    assert result.exit_code == 0, result.output
    beta = json.loads(out.read_text())["beta"]
    assert list(beta) == ["1"]
    assert beta["1"]["g_3"] == pytest.approx(-7 * 1.1**3)


def test_flow_of_a_model_tells_the_pole(tmp_path):
    out = tmp_path / "flow.json"
    result = _run("flow", "type-a/b-3lmu", "--set", "gX=0.25", "--tolerance", "1e-6", "--json", out)
    assert result.exit_code == 0, result.output
    assert "Landau pole" in result.output
    document = json.loads(out.read_text())
    assert document["outcome"] == "pole"
    assert 1e10 < document["mu_end_GeV"] < 2e11
    assert len(document["mu_GeV"]) == len(document["flow"]["g_X"])


def test_figure(tmp_path):
    result = _run("plot", "flow", "full", "-o", tmp_path / "fig2.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "fig2.png").stat().st_size > 10_000 and (tmp_path / "fig2.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("flow", "ful"), "did you mean 'full'"),
        (("flow", "full", "--set", "gX"), "write coupling=number"),
        (("flow", "full", "--set", "gXX=1"), "no running coupling"),
        (("flow", "full", "--scale", "3"), "no unit"),
        (("flow", "full", "--until", "1 TeV"), "upwards"),
        (("flow", "full", "--loops", "3,2"), "three numbers"),
        (("flow", "full", "--qPhi", "x"), "rational number"),
        (("flow", "sm", "--qPhi", "1"), "no parameter 'qPhi'"),
        (("beta", "full", "--couplings", "absent.json"), "cannot be read"),
        (("generate-beta", "smm"), "did you mean 'sm'"),
    ],
)
def test_wrong_input_gets_one_sentence(arguments, message):
    result = _run(*arguments)
    assert isinstance(result.exception, InputError), result.output
    assert message in str(result.exception)
