"""Finished parts of an export, kept in files: an interrupted export goes on where it stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["keep"]


def keep(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file that is there only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as stream:
        write(stream)
    temporary.replace(path)
