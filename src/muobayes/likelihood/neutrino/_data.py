"""Reading the data files of this room: one per experiment or global fit."""

from functools import partial

from .._documents import document

read = partial(document, __package__)
