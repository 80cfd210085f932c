"""What a long loop owes its user: progress that can be read, and a clean stop when asked."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["RunInterruptedError", "Ticker", "graceful_stop", "ticker", "worker_count"]

Ticker = Callable[[int, str], None]
_LINE_EVERY_SECONDS = 30.0


class RunInterruptedError(Exception):
    """The run was asked to stop; its state is on disk. The command line exits with 130."""

    exit_code = 130


def worker_count(tasks: int) -> int:
    """Threads worth starting for a number of independent tasks: at most the cores this process may use."""
    return max(
        1,
        min(tasks, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1),
    )


@contextmanager
def graceful_stop() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a request that the loop polls; a second signal acts as it always does.

    Yields
    ------
    callable
        Returns True once a stop was requested.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    requested = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def request(_number: int, _frame: FrameType | None) -> None:
        requested.set()
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in signals:
        signal.signal(number, request)
    try:
        yield requested.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ticker(label: str, total: int | None, done: int = 0, show: bool = True) -> Iterator[Ticker]:
    """Report progress: a bar on a terminal, otherwise a plain line each half minute and at the end.

    Parameters
    ----------
    label : str
        What is running.
    total : int or None
        Number of iterations, None when it is not known beforehand.
    done : int
        Iterations done by an earlier, interrupted run.

    Yields
    ------
    callable
        ``tick(done, note)``: iterations done so far and a short note (divergences, evidence so far).
    """
    console = Console(stderr=True)
    if not show:
        yield lambda done, note: None
    elif console.is_terminal:
        columns = (
            "[progress.description]{task.description}",
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, TextColumn("{task.fields[note]}"), console=console) as bar:
            task = bar.add_task(label, total=total, completed=done, note="")
            yield lambda done, note: bar.update(task, completed=done, note=note)
    else:
        yield _line_printer(label, total, done)


def _line_printer(label: str, total: int | None, begun: int) -> Ticker:
    start = time.monotonic()
    last = [start - _LINE_EVERY_SECONDS]

    def tick(done: int, note: str) -> None:
        now = time.monotonic()
        if now - last[0] < _LINE_EVERY_SECONDS and done != total:
            return
        last[0] = now
        rate = (done - begun) / max(now - start, 1e-9)
        goal = "" if total is None else f"/{total}"
        left = "" if total is None or rate == 0 else f", {(total - done) / rate:.0f} s left"
        print(f"{label}: iteration {done}{goal}, {rate:.1f}/s, {note}{left}", file=sys.stderr, flush=True)

    return tick
