"""One run, one folder: its files, whose it is, and the rules that keep a result from being overwritten."""

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import InputError
from .runcard import RunCard

__all__ = ["RunDir", "State", "full_disk_told", "logged", "prepare"]

_log = logging.getLogger("muobayes")


State = Literal["new", "unfinished", "finished"]


@dataclass(frozen=True)
class RunDir:
    """The files of a run. ``report`` is written last: where it is, the run is finished."""

    path: Path

    @property
    def card(self) -> Path:
        """The resolved card with seeds, versions and checksums."""
        return self.path / "run.yaml"

    @property
    def checkpoint(self) -> Path:
        """Folder of the sampler's checkpoints."""
        return self.path / "checkpoint"

    @property
    def posterior(self) -> Path:
        """ArviZ InferenceData."""
        return self.path / "posterior.nc"

    @property
    def best_fit(self) -> Path:
        """Parameters, terms and 2 Delta log L of the best fit."""
        return self.path / "best_fit.json"

    @property
    def summary(self) -> Path:
        """The posterior table."""
        return self.path / "summary.csv"

    @property
    def observables(self) -> Path:
        """Predictions, measurements and pulls."""
        return self.path / "observables.csv"

    @property
    def plane(self) -> Path:
        """The grid behind Fig. 1."""
        return self.path / "plane.nc"

    @property
    def changes(self) -> Path:
        """The best fit as another data set sees it."""
        return self.path / "changes.json"

    @property
    def explanation(self) -> Path:
        """The light X that explains (g-2)_mu best, and what contradicts it."""
        return self.path / "explanation.json"

    @property
    def matching_scale(self) -> Path:
        """What matching at half and at twice the scale changes at the best fit."""
        return self.path / "matching_scale.json"

    @property
    def modes(self) -> Path:
        """The modes of the posterior with their weights by both samplers."""
        return self.path / "modes.json"

    @property
    def log(self) -> Path:
        """What happened, with times."""
        return self.path / "run.log"

    @property
    def report(self) -> Path:
        """The self-contained page."""
        return self.path / "report.html"

    @property
    def state(self) -> State:
        """Whether there is a run, and whether it is finished."""
        if not self.card.exists():
            return "new"
        return "finished" if self.report.exists() else "unfinished"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder: a second run in it is refused. The lock ends with the process, however it ends."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                owner = lock.read().strip() or "unknown"
                raise InputError(
                    f"{self.path}: another run (process {owner}) is writing into this folder; "
                    "wait for it, or choose another folder with --output."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield


def prepare(card: RunCard, *, resume: bool = False, force: bool = False) -> tuple[RunDir, State]:
    """Decide what a run may do with its output folder; with ``force``, move an old run aside.

    Returns
    -------
    (RunDir, state)
        ``new``: run from the start; ``unfinished``: continue; ``finished``: nothing to do.

    Raises
    ------
    InputError
        If the folder holds something that would be overwritten, or ``resume`` and ``force`` are both given.
    """
    if resume and force:
        raise InputError("--resume and --force exclude each other: continue the old run, or move it aside.")
    assert card.output is not None
    folder = RunDir(Path(card.output))
    if folder.path.exists() and not folder.path.is_dir():
        raise InputError(f"output: {folder.path} is a file; name a folder.")
    if folder.state == "new":
        if folder.path.is_dir() and (strangers := _strangers(folder.path)):
            raise InputError(
                f"output: {folder.path} holds files that are not a run ({', '.join(strangers)}); "
                "choose another folder with --output."
            )
        return folder, "new"
    if force:
        with folder.locked():
            _move_aside(folder.path)
        return folder, "new"
    if changes := _changes(RunCard.load(folder.card), card):
        raise InputError(
            f"output: {folder.path} holds another run ({changes}); "
            "choose another folder with --output, or move the old run aside with --force."
        )
    if folder.state == "unfinished" and not resume:
        raise InputError(
            f"output: {folder.path} holds an unfinished run of this card; "
            "continue it with --resume, or move it aside with --force."
        )
    return folder, folder.state


def _strangers(path: Path) -> list[str]:
    names = sorted(p.name for p in path.iterdir() if p.name != ".lock")
    return [*names[:3], "..."] if len(names) > 3 else names


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.old-{number}")).exists():
        number += 1
    path.rename(aside)
    return aside


def _changes(old: RunCard, new: RunCard) -> str:
    """Which keys decide a different result, with their values: ``seed: 1 there, 3 here``."""
    if old.fingerprint == new.fingerprint:
        return ""
    skipped = {"output", "plane", "provenance"}
    there, here = old.model_dump(mode="json", exclude=skipped), new.model_dump(mode="json", exclude=skipped)
    found = []
    for key, value in there.items():
        if value == here[key]:
            continue
        if isinstance(value, dict) and isinstance(here[key], dict):
            inner = [k for k in value | here[key] if value.get(k) != here[key].get(k)]
            found.append(f"{key}.{inner[0]} differs" if len(inner) == 1 else f"{key} differs")
        elif isinstance(value, str | int):
            found.append(f"{key}: {value} there, {here[key]} here")
        else:
            found.append(f"{key} differs")
    return "; ".join(found)


@contextmanager
def full_disk_told(path: Path) -> Iterator[None]:
    """Turn the operating system's "no space left" into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(f"{path}: the disk is full; make room, then continue with --resume.") from None


class _LogFile(logging.FileHandler):
    """A log that cannot be written (full disk) does not end a run, whose results may still find room."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Copy what the package says into the run's log, with times."""
    handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = _log.level
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(level)
        handler.close()
