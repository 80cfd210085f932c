"""Reading the data files of this room: inputs, parton luminosities, one file per experiment."""

from functools import partial

from .._documents import document

read = partial(document, __package__)
