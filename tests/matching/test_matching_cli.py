"""``muobayes match`` as a user calls it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from muobayes.cli import app, main
from muobayes.errors import InputError
from muobayes.smeft.basis import coefficients

MUONS = ["--set", "eta33L=0.43", "--set", "M3=3 TeV", "--scale", "3 TeV"]


def run(*arguments):
    result = CliRunner().invoke(app, ["match", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_wcxf_file(tmp_path):
    path = tmp_path / "out.json"
    run("s3", *MUONS, "--wcxf", str(path))
    document = json.loads(path.read_text())
    assert (document["eft"], document["basis"], document["scale"]) == ("SMEFT", "Warsaw", 3000.0)
    assert set(document["values"]) <= set(coefficients())
    assert all(isinstance(document["values"][n], float) for n in document["values"] if coefficients()[n])
    assert document["values"]["lq1_2233"] == pytest.approx(0.75 * 0.43**2 / 9e6, rel=0.05)


def test_catalogue_model_is_the_pair(tmp_path):
    portals = [f"{name}=0.05" for name in ("lamH1", "lamH3", "kapH3", "kapH13")]
    options = list(MUONS)
    for setting in ("eta13L=0.12", "eta13R=0.12", "M1=3 TeV", *portals):
        options += ["--set", setting]
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    run("s1+s3", *options, "--json", str(files[0]))
    run("type-a/b-3lmu", *options, "--json", str(files[1]))
    a, b = (json.loads(f.read_text()) for f in files)
    assert a == b and set(a) == {"tree", "loop", "mixed"}
    assert a["mixed"] and set(a["mixed"]) <= set(a["loop"])


def test_tree_level_prints_a_table():
    output = run("s3", *MUONS, "--loop", "0").splitlines()
    assert output[0] == "12 non-vanishing coefficients at 3000 GeV (s3, 0 loop)"
    assert output[-1].startswith("lq3_2233")


def test_point_from_a_file(tmp_path):
    """Measured couplings stand in for an absent SM; what is given is used."""
    matrix = np.zeros((3, 3, 2))
    matrix[2, 1, 0] = 0.4
    point = {"M_GeV": 2000, "mu_M_GeV": 1500, "couplings": {"lambda3L": matrix.tolist()}, "note": "ignored"}
    path, out = tmp_path / "point.json", tmp_path / "out.json"
    path.write_text(json.dumps(point))
    run("s3", "--couplings", str(path), "--json", str(out))
    measured = json.loads(out.read_text())
    assert set(measured) == {"tree", "loop"}
    assert measured["tree"]["lq1_2233"] == pytest.approx([0.75 * 0.16 / 4e6, 0.0])
    zero = np.zeros((3, 3)).tolist()
    point["SM"] = {"g": 0, "gp": 0, "gs": 0, "Lambda": 0, "Gu": zero, "Gd": zero, "Ge": zero}
    path.write_text(json.dumps(point))
    run("s3", "--couplings", str(path), "--json", str(out), "--scale", "2 TeV")
    box = json.loads(out.read_text())["loop"]
    assert set(box) == {"lq1_2233", "lq3_2233", "qq1_3333", "qq3_3333", "ll_2222"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["s3"], "give the couplings either with --set or with --couplings"),
        (["s5", *MUONS], "unknown model 's5'"),
        (["sm", *MUONS], "has no leptoquark; the matching knows"),
        (["combined/lmu-ltau-s1", *MUONS], "has S1tau and S1 and S3; the matching knows"),
        (["s3", "--set", "eta3L=1", "--scale", "3 TeV"], "did you mean 'eta33L'"),
        (["type-a/b-3lmu", "--set", "gX=1", "--scale", "3 TeV"], "the matching does not depend on it"),
        (["s3", "--set", "eta33L"], "write parameter=value"),
        (["s3", "--set", "eta33L=big", "--set", "M3=3 TeV"], "'big' is not a number"),
        (["s3", "--set", "eta33L=nan", "--set", "M3=3 TeV"], "'nan' is not a number"),
        (["s1+s3", "--set", "M1=1 GeV", "--set", "M3=1e6 GeV", "--scale", "3 TeV"], "are too different"),
        (["s3", "--set", "lamH3=1j", "--set", "M3=3 TeV"], "lamH3: it must be real"),
        (["s3", "--set", "M3=3"], "has no unit"),
        (["s3", "--set", "eta33L=1", "--scale", "3 TeV"], "a positive mass is needed"),
        (["s3", *MUONS[:4]], "--scale is missing"),
        (["s3", *MUONS[:4], "--scale", "3 MeV"], "the matching scale must be between"),
        (["s3", *MUONS, "--loop", "2"], "allowed are 0 and 1"),
        (["s3", "--couplings", "absent.json"], "absent.json does not exist"),
        (
            ["type-a/b-3lmu", "--couplings", "absent.json"],
            "--couplings needs one of s1, s3, r2, s1+s3, r2+s3",
        ),
    ],
)
def test_mistakes(arguments, sentence):
    with pytest.raises(InputError) as caught:
        run(*arguments)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"couplings": None}, "there are no couplings"),
        ({"couplings": {}}, "the coupling matrix lambda3L of s3 is missing"),
        ({"couplings": {"lambda3l": [[0] * 3] * 3}}, "did you mean 'lambda3L'"),
        ({"couplings": {"lambda1l": [[0] * 3] * 3}}, "s3 has no coupling 'lambda1l'"),
        ({"couplings": {"lambda3L": [[1, 2], [3, 4]]}}, "must be a 3 x 3 matrix"),
        ({"couplings": {"lambda3L": [[0] * 3] * 3, "kappa_H3": [0, 1]}}, "kappa_H3 must be real"),
        ({"M_GeV": "3 TeV"}, "M_GeV must be a number"),
        ({"M_GeV": -1}, "M_GeV must be positive"),
        ({"mu_M_GeV": None}, "mu_M_GeV must be a number"),
        ({"SM": {"g": 1}}, "SM lacks gp"),
    ],
)
def test_mistakes_in_a_file(tmp_path, change, sentence):
    point = {"M_GeV": 2000, "mu_M_GeV": 1500, "couplings": {"lambda3L": [[0] * 3] * 3}} | change
    path = tmp_path / "point.json"
    path.write_text(json.dumps(point))
    with pytest.raises(InputError) as caught:
        run("s3", "--couplings", str(path))
    assert sentence in str(caught.value)


def test_a_missing_number_is_named(tmp_path):
    path = tmp_path / "point.json"
    path.write_text(json.dumps({"m_GeV": 2000, "mu_M_GeV": 1500, "couplings": {"lambda3L": [[0] * 3] * 3}}))
    with pytest.raises(InputError, match=r"M_GeV is missing \(did you mean 'm_GeV'\?\)"):
        run("s3", "--couplings", str(path))


def test_files_that_cannot_be_used(tmp_path, monkeypatch, capsys):
    for arguments in (
        ["--couplings", str(tmp_path)],
        [*MUONS, "--json", str(tmp_path / "absent" / "out.json")],
    ):
        monkeypatch.setattr("sys.argv", ["muobayes", "match", "s3", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        message = capsys.readouterr().err
        assert caught.value.code == 2 and message.startswith("muobayes: ") and "cannot be used" in message


def test_file_that_is_not_json(tmp_path):
    path = tmp_path / "point.json"
    path.write_text("M: 3")
    with pytest.raises(InputError, match="is not JSON"):
        run("s3", "--couplings", str(path))
