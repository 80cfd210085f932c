"""The commands as a user types them."""

import os
import subprocess
import sys
from pathlib import Path

import arviz
import numpy as np
import pytest
import toy
import xarray as xr
import yaml

from muobayes.cli import main

HERE = Path(__file__).parent


@pytest.fixture
def muobayes(monkeypatch, capsys):
    """Run a command line; returns exit code, output and errors."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["muobayes", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return stop.value.code, captured.out, captured.err

    return call


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(toy.CARD))
    return path


def test_check_of_a_valid_card(muobayes, card):
    code, out, _ = muobayes("check", card)
    assert code == 0
    assert "the card is valid" in out
    assert "eta33L, eta13L, eta13R = eta13L" in out


def test_check_prints_the_resolved_card(muobayes, card):
    code, out, _ = muobayes("check", card, "--resolved", "--dataset", "current")
    assert code == 0
    assert yaml.safe_load(out)["dataset"] == "current"
    assert yaml.safe_load(out)["parameters"]["M3"] == "3000.0 GeV"


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_bad_card_ends_with_one_sentence_and_exit_code_2(muobayes, tmp_path, command):
    path = tmp_path / "bad.yaml"
    path.write_text("model: type-a/b-3lmu\nsampler: {chans: 4}\n")
    code, out, err = muobayes(command, path)
    assert (code, out) == (2, "")
    assert err.startswith(
        f"muobayes: {path}, line 2: sampler.chans: unknown key 'chans' (did you mean 'chains'?)"
    )
    assert err.count("\n") == 1 and "Traceback" not in err


def test_init_writes_a_valid_card_and_never_overwrites(muobayes, tmp_path):
    path = tmp_path / "mine.yaml"
    assert muobayes("init", path, "--model", "tau/s1")[0] == 0
    assert muobayes("check", path)[0] == 0
    code, _, err = muobayes("init", path)
    assert (code, err) == (2, f"muobayes: {path}: the file exists; choose another name.\n")


def test_init_of_an_unknown_model(muobayes, tmp_path):
    code, _, err = muobayes("init", tmp_path / "mine.yaml", "--model", "tau/s2")
    assert code == 2 and "did you mean 'tau/s1'?" in err


def test_run_of_a_finished_card_says_so(muobayes, card, finished):
    code, out, _ = muobayes("run", card, "--output", finished.path)
    assert code == 0
    assert out.startswith(f"{finished.path}: this run is finished")
    assert "median" not in out


def test_run_can_show_a_finished_result(muobayes, card, finished):
    code, out, _ = muobayes("run", card, "--output", finished.path, "--show-if-finished")
    assert code == 0
    assert "median" in out and "36.25" in out


def test_run_refuses_the_folder_of_another_run(muobayes, card, finished):
    code, _, err = muobayes("run", card, "--output", finished.path, "--seed", "3")
    assert code == 2 and "holds another run (seed: 1 there, 3 here)" in err


def test_strict_fails_when_chains_are_not_good(muobayes, card, finished):
    assert finished.diagnostics["warnings"]  # 500 draws are too few for 400 effective ones
    assert muobayes("run", card, "--output", finished.path, "--strict")[0] == 1


def test_report_of_a_folder_without_a_run(muobayes, tmp_path):
    code, _, err = muobayes("report", tmp_path)
    assert code == 2 and "not the folder of a finished run" in err


_PROGRAM = """
import sys
sys.path.insert(0, {here!r})
import muobayes.models, toy
muobayes.models.build = toy.build
import muobayes.observables
muobayes.observables.point_table = toy.observe
from muobayes.cli import main
main()
"""


# Ctrl-C after the first checkpoint, whatever else the machine is doing.
_INTERRUPTED = """
import os, signal
from muobayes.inference.checkpoint import Checkpoint
def save(self, *arguments, _save=Checkpoint.save):
    Checkpoint.save = _save
    _save(self, *arguments)
    os.kill(os.getpid(), signal.SIGINT)
Checkpoint.save = save
"""


def _start(*arguments, before=""):
    command = [sys.executable, "-c", before + _PROGRAM.format(here=str(HERE)), *map(str, arguments)]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def test_ctrl_c_and_resume_give_the_draws_of_an_undisturbed_run(card, finished, tmp_path):
    output = tmp_path / "stopped"
    with _start("run", card, "--output", output, before=_INTERRUPTED) as process:
        _, err = process.communicate()
    assert process.returncode == 130, err
    last = err.strip().splitlines()[-1]
    assert last.startswith("muobayes: NUTS was stopped at iteration") and last.endswith(
        f"--output {output} --resume"
    )
    with _start("run", card, "--output", output) as process:
        assert "unfinished run of this card; continue it with --resume" in process.communicate()[1]
    assert process.returncode == 2
    with _start("run", card, "--output", output, "--resume") as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert "36.25" in out
    resumed = arviz.from_netcdf(str(output / "posterior.nc"))
    xr.testing.assert_identical(resumed["posterior"].drop_attrs(), finished.idata["posterior"].drop_attrs())
    assert np.array_equal(resumed["sample_stats"].energy, finished.idata["sample_stats"].energy)
