"""Reading the data files of this room: physical inputs, charges, one file per experiment."""

from functools import partial
from importlib.resources import files

from .._documents import document

read = partial(document, __package__)


def names(folder: str) -> list[str]:
    """The names (without ``.yaml``) of the documents in ``data/<folder>``."""
    entries = (files(__package__) / "data" / folder).iterdir()
    return sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".yaml"))
