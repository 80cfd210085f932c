"""Versioned, checksummed data files: what the offline steps write and the fit reads. JSON and npz, no pickles.

An artifact is a file beside a manifest ``<file name>.meta.json`` that states its kind, the inputs and versions it
was made with, and the SHA-256 of the file. `load` verifies the checksum before it hands out a single number.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ._files import complete, write_text
from .errors import InputError


def _meta_path(path: Path) -> Path:
    return path.with_name(path.name + ".meta.json")


def save(path: Path, content: Mapping[str, Any], *, kind: str, inputs: Mapping[str, Any]) -> None:
    """Write an artifact and its manifest, each in one atomic step.

    Parameters
    ----------
    path : Path
        Ends in ``.json``, ``.json.gz`` (any JSON document) or ``.npz`` (name -> numeric array).
    content : mapping
        What is stored.
    kind : str
        What the file is, checked by `load`.
    inputs : mapping
        Versions, options and sources that the content was made from.
    """
    if path.suffix == ".npz":
        buffer = BytesIO()
        arrays: dict[str, Any] = {k: np.asarray(v) for k, v in content.items()}
        np.savez_compressed(buffer, **arrays)
        data = buffer.getvalue()
    else:
        data = json.dumps(content, sort_keys=True, allow_nan=False).encode()
        if path.suffix == ".gz":
            data = gzip.compress(data, mtime=0)
    with complete(path) as fresh:
        fresh.write_bytes(data)
    meta = {"kind": kind, "inputs": dict(inputs), "sha256": hashlib.sha256(data).hexdigest()}
    write_text(_meta_path(path), json.dumps(meta, indent=1, sort_keys=True))


def read_meta(path: Path) -> dict[str, Any]:
    """The manifest of an artifact: ``kind``, ``inputs``, ``sha256``."""
    try:
        return json.loads(_meta_path(path).read_text())
    except FileNotFoundError:
        raise InputError(
            f"{path}: the artifact or its manifest {_meta_path(path).name} is missing."
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{_meta_path(path)}: the manifest cannot be read ({error}).") from None


def load(path: Path, *, kind: str) -> dict[str, Any]:
    """Read an artifact after verifying its kind and checksum.

    Returns
    -------
    dict
        The JSON document, or name -> array for an ``.npz`` file.

    Raises
    ------
    InputError
        If the file is missing, unreadable, of another kind, or was altered.
    """
    meta = read_meta(path)
    if meta["kind"] != kind:
        raise InputError(f"{path}: this artifact is a {meta['kind']!r}, but a {kind!r} is needed.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the artifact cannot be read ({error.strerror}).") from None
    if hashlib.sha256(data).hexdigest() != meta["sha256"]:
        raise InputError(
            f"{path}: the file was altered (its SHA-256 differs from its manifest); export it again."
        )
    if path.suffix == ".npz":
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
