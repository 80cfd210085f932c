"""Files that are complete or not there, whatever happens while they are written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["complete", "write_text"]


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """Where to write what appears at ``path``, in one step, when it is complete; one writer at a time.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "new" / "numbers.txt"
    >>> with complete(path) as fresh:
    ...     _ = fresh.write_text("1 2 3")
    ...     path.exists()
    False
    >>> path.read_text()
    '1 2 3'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        yield fresh
        with fresh.open("rb") as stream:
            os.fsync(stream.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a file in one step."""
    with complete(path) as fresh:
        fresh.write_text(text, encoding="utf-8")
