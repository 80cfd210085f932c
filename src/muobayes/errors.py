"""What a user is told when something he gave cannot be used: one sentence, with the nearest right name."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


class InputError(Exception):
    """A user's input cannot be used. The message is one sentence: where, what, and what is allowed."""


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """A hint at the nearest allowed name, or an empty string.

    Parameters
    ----------
    name : str
        What the user wrote.
    allowed : iterable of str
        The names that would have been accepted.

    Examples
    --------
    >>> did_you_mean("nlvie", ["nlive", "seed"])
    " (did you mean 'nlive'?)"
    """
    names = list(allowed)
    same = [n for n in names if n.lower() == name.lower()]
    matches = same or get_close_matches(name, names, n=1, cutoff=0.5)
    if not matches:
        lowered = {n.lower(): n for n in names}
        matches = [lowered[m] for m in get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.5)]
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def pick(table: Mapping[str, Any], key: str, where: str) -> Any:
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
