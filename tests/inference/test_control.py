"""Progress lines, polite stops, and named random streams."""

import signal
import threading

import jax
import pytest

from muobayes.inference.control import graceful_stop, ticker, worker_count
from muobayes.inference.seeds import _USES, named_key


def test_progress_without_a_terminal_is_plain_lines(capsys):
    with ticker("NUTS", 100) as tick:
        tick(50, "warm-up")
        tick(75, "0 divergences")  # within half a minute of the line before: not printed
        tick(100, "2 divergences")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("NUTS: iteration 50/100, ") and "s left" in lines[0]
    assert "2 divergences" in lines[1]


def test_progress_can_be_silent_and_open_ended(capsys):
    with ticker("nested sampling", None, show=False) as tick:
        tick(1, "")
    assert capsys.readouterr().err == ""
    with ticker("nested sampling", None) as tick:
        tick(1, "ln Z so far -3")
    assert "iteration 1, " in capsys.readouterr().err


@pytest.fixture
def python_handles_sigint():
    """Python's own handler: a shell starts its background jobs with SIGINT ignored, and a test run inherits that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_second_signal_acts_as_always(python_handles_sigint):
    with pytest.raises(KeyboardInterrupt), graceful_stop() as requested:
        signal.raise_signal(signal.SIGINT)
        assert requested()
        signal.raise_signal(signal.SIGINT)


def test_no_handlers_in_other_threads():
    seen = []

    def work():
        with graceful_stop() as requested:
            seen.append(requested())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_workers():
    assert worker_count(1) == 1 and worker_count(1000) >= 1


def test_streams_are_distinct_and_reproducible():
    numbers = {float(jax.random.uniform(named_key(3, use))) for use in _USES}
    assert len(numbers) == len(_USES) == len(set(_USES.values()))
    assert float(jax.random.uniform(named_key(3, "nuts"))) in numbers
    with pytest.raises(KeyError):
        named_key(3, "unheard-of")
