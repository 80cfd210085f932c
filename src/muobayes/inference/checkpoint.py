"""Checkpoints that survive a kill at any moment: npz files, two generations, checked before they are used.

A checkpoint file holds named arrays, a fingerprint (what the run was started with), and the SHA-256 of all
that. It is written beside the old one and moved into place, so that at least one complete generation always
exists.
"""

import errno
import hashlib
import json
import logging
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError

__all__ = ["Checkpoint", "arrays_to_tree", "tree_to_arrays"]

_log = logging.getLogger("muobayes")
Tree = TypeVar("Tree")


class _CorruptError(Exception):
    """The file is not a complete checkpoint."""


def tree_to_arrays(tree: Any, prefix: str) -> dict[str, np.ndarray]:
    """The leaves of a pytree as numbered numpy arrays; random keys as their raw numbers."""
    return {
        f"{prefix}{i:03d}": np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)
        for i, leaf in enumerate(jax.tree.leaves(tree))
    }


def arrays_to_tree(like: Tree, arrays: Mapping[str, np.ndarray], prefix: str) -> Tree:
    """Put arrays from `tree_to_arrays` back into the structure of ``like`` (its leaves may be abstract)."""
    leaves, structure = jax.tree.flatten(like)
    new = []
    for i, leaf in enumerate(leaves):
        if (name := f"{prefix}{i:03d}") not in arrays:
            raise InputError(
                "the checkpoint was written by another version of this program: start the run anew."
            )
        stored = jnp.asarray(arrays[name])
        new.append(jax.random.wrap_key_data(stored) if _is_key(leaf) else stored.astype(leaf.dtype))
    return jax.tree.unflatten(structure, new)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """Where a run keeps its state, and what the run is.

    Attributes
    ----------
    path : Path
        The newest generation; the older one is ``<stem>.previous.npz`` beside it.
    fingerprint : mapping
        Everything the draws depend on (card, versions, seed), as JSON values. A checkpoint that was made with
        another fingerprint is refused.
    """

    path: Path
    fingerprint: Mapping[str, Any]

    @property
    def older(self) -> Path:
        """The previous generation."""
        return self.path.with_name(f"{self.path.stem}.previous.npz")

    def save(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a new generation.

        Raises
        ------
        InputError
            If the disk is full or not writable. The earlier generations are untouched.
        """
        content = dict(arrays) | {"fingerprint": np.array(json.dumps(dict(self.fingerprint), sort_keys=True))}
        buffer = BytesIO()
        np.savez(buffer, **content, sha256=np.array(_digest(content)))  # type: ignore[arg-type]
        fresh = self.path.with_name(f".{self.path.name}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as stream:
                stream.write(buffer.getbuffer())
                stream.flush()
                os.fsync(stream.fileno())
            if self.path.exists():
                self.path.replace(self.older)
            fresh.replace(self.path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            cause = "the disk is full" if full else error.strerror
            raise InputError(
                f"{self.path}: the checkpoint cannot be written ({cause}); the last one is safe: make room, "
                "then continue with --resume."
            ) from None

    def load(self) -> dict[str, np.ndarray] | None:
        """The newest complete generation, or None when there is no checkpoint.

        Raises
        ------
        InputError
            If every generation is damaged, or the run's fingerprint has changed.
        """
        damaged = []
        for path in (self.path, self.older):
            if not path.exists():
                continue
            try:
                content = _read(path)
            except _CorruptError as error:
                damaged.append(path)
                _log.warning("%s is damaged (%s); trying the generation before it.", path, error)
                continue
            self._compare(json.loads(str(content.pop("fingerprint"))))
            return content
        if damaged:
            raise InputError(
                f"{', '.join(map(str, damaged))}: every checkpoint is damaged; start the run anew."
            )
        return None

    def _compare(self, stored: Mapping[str, Any]) -> None:
        now = json.loads(json.dumps(dict(self.fingerprint)))
        differences = [
            f"{name} was {stored.get(name, 'absent')!r}, now {now.get(name, 'absent')!r}"
            for name in sorted(stored.keys() | now.keys())
            if stored.get(name) != now.get(name)
        ]
        if differences:
            raise InputError(
                f"{self.path}: the checkpoint belongs to another run ({'; '.join(differences)}); "
                "restore these or start anew."
            )


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise _CorruptError(type(error).__name__) from None
    if "fingerprint" not in content or str(content.pop("sha256", "")) != _digest(content):
        raise _CorruptError("its SHA-256 does not match")
    return content
