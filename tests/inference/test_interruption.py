"""A run that was killed, at any moment and in any way, gives the very draws of a run that was not."""

import signal
import subprocess
import sys
from pathlib import Path

import interrupted_run
import numpy as np
import pytest
from interrupted_run import FINGERPRINT, run

from muobayes.inference.checkpoint import Checkpoint
from muobayes.inference.control import RunInterruptedError
from muobayes.inference.nuts import run_nuts


class _Killed(Exception):
    """Stands for a power cut right after a checkpoint."""


class _Saboteur(Checkpoint):
    """Interrupts the run after a number of saves, by an exception or by a real signal to this process."""

    def interrupt_after(self, saves, how):
        object.__setattr__(self, "countdown", saves)
        object.__setattr__(self, "how", how)
        return self

    def save(self, arrays):
        super().save(arrays)
        object.__setattr__(self, "countdown", self.countdown - 1)
        if self.countdown == 0:
            if self.how is _Killed:
                raise _Killed
            signal.raise_signal(self.how)


def _same(resumed, expected):
    for name, value in expected.items():
        np.testing.assert_array_equal(resumed[name], value, err_msg=name)


@pytest.mark.parametrize("sampler", ["nuts", "nested"])
def test_interruptions_leave_no_trace_in_the_draws(sampler, tmp_path):
    """Cut off early on, stopped by both polite signals, then to the end; bit for bit the same."""
    path = tmp_path / f"{sampler}.npz"
    with pytest.raises(_Killed):
        run(sampler, _Saboteur(path, FINGERPRINT).interrupt_after(2, _Killed))
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        with pytest.raises(RunInterruptedError, match=f"its state is in {path}") as stop:
            run(sampler, _Saboteur(path, FINGERPRINT).interrupt_after(3, number))
        assert stop.value.exit_code == 130
        assert signal.getsignal(number) is before
    _same(run(sampler, Checkpoint(path, FINGERPRINT)), run(sampler, None))


def test_killed_process_leaves_no_trace_in_the_draws(tmp_path):
    """kill -9 of a real process, in warm-up and among the draws."""
    script = Path(interrupted_run.__file__)
    for saves in (3, 5):
        command = [sys.executable, str(script), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(saves):
                assert process.stdout.readline() == "saved\n"
            process.kill()
        assert process.returncode == -signal.SIGKILL
    _same(run("nuts", Checkpoint(tmp_path / "nuts.npz", FINGERPRINT)), run("nuts", None))


def test_finished_run_is_not_run_again(tmp_path):
    path = tmp_path / "nuts.npz"
    first = run("nuts", Checkpoint(path, FINGERPRINT))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("muobayes.inference.nuts._advance", lambda *_: pytest.fail("sampled again"))
        _same(run("nuts", Checkpoint(path, FINGERPRINT)), first)


def test_draws_do_not_depend_on_the_chunk_length():
    short, long = (
        run_nuts(interrupted_run.POSTERIOR, interrupted_run.NUTS._replace(chunk=c), 5, show_progress=False)
        for c in (20, 250)
    )
    _same(short._asdict(), long._asdict())
