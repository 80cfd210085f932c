"""An output folder belongs to one run: nothing is overwritten, two runs never share it."""

import subprocess
import sys
import textwrap

import pytest

from muobayes.errors import InputError
from muobayes.runcard import RunCard
from muobayes.rundir import RunDir, prepare


def card_for(path, **more):
    return RunCard.from_dict({"model": "type-a/b-3lmu", "output": str(path), **more})


def start(card):
    """Leave what a run leaves that was killed right after its start."""
    folder = RunDir(prepare(card)[0].path)
    with folder.locked():
        folder.card.write_text(card.to_yaml())
    return folder


def finish(card):
    folder = start(card)
    folder.report.write_text("done")
    return folder


def test_new_folder(tmp_path):
    folder, state = prepare(card_for(tmp_path / "a" / "b"))
    assert (folder.path, state) == (tmp_path / "a" / "b", "new")
    assert not folder.path.exists()


def test_unfinished_run_needs_a_decision(tmp_path):
    card = card_for(tmp_path / "run")
    start(card)
    with pytest.raises(InputError, match="unfinished run of this card; continue it with --resume"):
        prepare(card)
    assert prepare(card, resume=True)[1] == "unfinished"


def test_finished_run_of_the_same_card_is_found(tmp_path):
    card = card_for(tmp_path / "run")
    finish(card)
    for resume in (False, True):
        assert prepare(card, resume=resume)[1] == "finished"


@pytest.mark.parametrize("resume", [False, True])
def test_another_run_is_never_overwritten(tmp_path, resume):
    finish(card_for(tmp_path / "run"))
    other = card_for(tmp_path / "run", seed=3, parameters={"M3": "2 TeV"})
    with pytest.raises(InputError) as refusal:
        prepare(other, resume=resume)
    assert str(refusal.value) == (
        f"output: {tmp_path / 'run'} holds another run (parameters.M3 differs; seed: 1 there, 3 here); "
        "choose another folder with --output, or move the old run aside with --force."
    )


def test_force_moves_the_old_run_aside(tmp_path):
    card = card_for(tmp_path / "run")
    for number in (1, 2):
        finish(card)
        assert prepare(card, force=True)[1] == "new"
        assert (tmp_path / f"run.old-{number}" / "report.html").read_text() == "done"
        assert not (tmp_path / "run").exists()


def test_resume_and_force_exclude_each_other(tmp_path):
    with pytest.raises(InputError, match="exclude each other"):
        prepare(card_for(tmp_path / "run"), resume=True, force=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_with_other_files_is_left_alone(tmp_path, force):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"holds files that are not a run \(thesis.tex\)"):
        prepare(card_for(tmp_path), force=force)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_output_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; name a folder"):
        prepare(card_for(tmp_path / "file"))


def test_two_runs_cannot_share_a_folder(tmp_path):
    holder = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from muobayes.rundir import RunDir
        with RunDir(Path(sys.argv[1])).locked():
            print("locked", flush=True)
            sys.stdin.read()
        """
    )
    command = [sys.executable, "-c", holder, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        with (
            pytest.raises(InputError, match=f"another run .process {other.pid}. is writing"),
            RunDir(tmp_path).locked(),
        ):
            pass
        other.kill()
    with RunDir(tmp_path).locked():  # a killed run leaves no lock behind
        pass
