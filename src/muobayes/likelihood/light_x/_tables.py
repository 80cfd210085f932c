"""Reading tables of numbers that a user gives: columns separated by blanks, '#' starts a comment."""

from pathlib import Path

import numpy as np

from ...errors import InputError


def read_table(path: Path, columns: int) -> np.ndarray:
    """The numbers of a file, one row per line.

    Parameters
    ----------
    path : Path
    columns : int
        How many numbers every line must have.

    Returns
    -------
    (n, columns) float

    Raises
    ------
    InputError
        With the line that cannot be used, and what it should hold.
    """
    rows = []
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the file cannot be read ({error}).") from None
    for number, line in enumerate(lines, start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            row = [float(word) for word in words]
        except ValueError:
            raise InputError(f"{path}, line {number}: {line.strip()!r} is not a row of numbers.") from None
        if len(row) != columns or not np.all(np.isfinite(row)):
            raise InputError(
                f"{path}, line {number}: {columns} finite numbers are needed, not {line.strip()!r}."
            )
        rows.append(row)
    if len(rows) < 2:
        raise InputError(f"{path}: at least two rows of {columns} numbers are needed, {len(rows)} found.")
    table = np.array(rows)
    if np.any(np.diff(table[:, 0]) < 0):
        at = int(np.argmax(np.diff(table[:, 0]) < 0))
        raise InputError(
            f"{path}: the masses must not decrease, but {table[at + 1, 0]:g} follows {table[at, 0]:g}."
        )
    return table
