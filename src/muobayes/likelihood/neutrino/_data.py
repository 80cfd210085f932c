"""Reading the data files of this room, one per experiment or global fit."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ...errors import InputError, did_you_mean


@cache
def read(name: str) -> dict[str, Any]:
    """The YAML document ``data/<name>.yaml`` of this room."""
    return yaml.safe_load((files(__package__) / "data" / f"{name}.yaml").read_text(encoding="utf-8"))


def pick(table: dict[str, Any], key: str, where: str) -> Any:
    """``table[key]``, or one sentence that names what is allowed.

    Raises
    ------
    InputError
        If `key` is not in `table`.
    """
    if key not in table:
        hint = did_you_mean(key, table)
        raise InputError(f"{where}: {key!r} is unknown{hint}; allowed are {', '.join(table)}.")
    return table[key]
