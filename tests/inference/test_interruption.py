"""A run that was killed, at any moment and in any way, gives the very draws of a run that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import interrupted_run
import numpy as np
import pytest

from muobayes.inference.nuts import run_nuts

SCRIPT = Path(interrupted_run.__file__)


def _start(sampler: str, folder: Path) -> subprocess.Popen:
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    command = [sys.executable, str(SCRIPT), sampler, str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def _stop_after(process: subprocess.Popen, saves: int, number: signal.Signals) -> tuple[int, str]:
    for _ in range(saves):
        assert process.stdout.readline() == "saved\n"
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


@pytest.mark.parametrize("sampler", ["nuts", "nested"])
def test_kill_terminate_and_interrupt_leave_no_trace_in_the_draws(sampler, tmp_path):
    """kill -9 in warm-up, then SIGTERM, then SIGINT, then to the end; bit for bit the same."""
    assert _stop_after(_start(sampler, tmp_path), 2, signal.SIGKILL)[0] == -signal.SIGKILL
    for number in (signal.SIGTERM, signal.SIGINT):
        code, output = _stop_after(_start(sampler, tmp_path), 1, number)
        assert code == 130 and "continue with --resume" in output
    last = _start(sampler, tmp_path)
    last.communicate(timeout=120)
    assert last.returncode == 0
    with np.load(tmp_path / "draws.npz") as resumed:
        for name, expected in interrupted_run.run(sampler, None).items():
            np.testing.assert_array_equal(resumed[name], expected, err_msg=name)


def test_draws_do_not_depend_on_the_chunk_length():
    posterior = interrupted_run.TARGETS["skewed"](3).posterior
    runs = [
        run_nuts(posterior, interrupted_run.NUTS._replace(chunk=c), 5, show_progress=False) for c in (7, 250)
    ]
    for name, a, b in zip(runs[0]._fields, *runs):
        np.testing.assert_array_equal(a, b, err_msg=name)
