"""Checkpoints: damage, other runs, full disks."""

import errno
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.inference.checkpoint import Checkpoint, arrays_to_tree, tree_to_arrays


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "run" / "nuts.npz", {"seed": 1, "jax": "0.10"})


def _save(checkpoint, *values):
    for value in values:
        checkpoint.save({"x": np.array([value, np.nan]), "n": np.array(3)})


def test_nothing_there(checkpoint):
    assert checkpoint.load() is None


def test_newest_generation_comes_back(checkpoint):
    _save(checkpoint, 1.0, 2.0)
    content = checkpoint.load()
    assert set(content) == {"x", "n"} and content["n"] == 3
    np.testing.assert_array_equal(content["x"], [2.0, np.nan])
    assert checkpoint.older.exists()


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty", "text"])
def test_damaged_newest_falls_back_and_says_so(checkpoint, caplog, damage):
    _save(checkpoint, 1.0, 2.0)
    data = bytearray(checkpoint.path.read_bytes())
    data[len(data) // 3] ^= 1
    changed = {"truncated": data[:-100], "one bit": data, "empty": b"", "text": b"not an archive"}
    checkpoint.path.write_bytes(changed[damage])
    assert checkpoint.load()["x"][0] == 1.0
    assert "damaged" in caplog.text and str(checkpoint.path) in caplog.text


def test_killed_between_the_two_moves(checkpoint):
    _save(checkpoint, 1.0, 2.0)
    checkpoint.path.unlink()
    assert checkpoint.load()["x"][0] == 1.0


def test_both_damaged_is_an_error(checkpoint):
    _save(checkpoint, 1.0, 2.0)
    checkpoint.path.write_bytes(b"")
    checkpoint.older.write_bytes(b"")
    with pytest.raises(InputError, match="every checkpoint is damaged"):
        checkpoint.load()


def test_altered_content_is_noticed(checkpoint):
    """A well-formed archive whose numbers do not belong to its SHA-256."""
    _save(checkpoint, 1.0)
    with np.load(checkpoint.path) as file:
        content = dict(file)
    np.savez(checkpoint.path, **(content | {"x": np.array([5.0, 5.0])}))
    with pytest.raises(InputError, match="damaged"):
        checkpoint.load()


def test_another_run_is_refused_with_the_difference(checkpoint):
    _save(checkpoint, 1.0)
    other = Checkpoint(checkpoint.path, {"seed": 2, "jax": "0.10", "card": "abc"})
    with pytest.raises(InputError, match=r"card was 'absent', now 'abc'; seed was 1, now 2"):
        other.load()


def test_full_disk_is_one_sentence_and_loses_nothing(checkpoint, monkeypatch):
    _save(checkpoint, 1.0, 2.0)

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="the disk is full"):
        _save(checkpoint, 3.0)
    monkeypatch.undo()
    assert checkpoint.load()["x"][0] == 2.0
    assert sorted(p.name for p in checkpoint.path.parent.iterdir()) == ["nuts.npz", "nuts.previous.npz"]


def test_no_pickle_inside(checkpoint):
    _save(checkpoint, 1.0)
    with np.load(checkpoint.path, allow_pickle=False) as file:
        assert json.loads(str(file["fingerprint"])) == checkpoint.fingerprint


def test_pytrees_and_random_keys_round_trip():
    tree = {"a": jnp.arange(3), "key": jax.random.key(7), "b": (jnp.array(True), jnp.array(0.1))}
    back = arrays_to_tree(jax.eval_shape(lambda: tree), tree_to_arrays(tree, "t"), "t")
    assert jax.random.uniform(back["key"]) == jax.random.uniform(tree["key"])
    assert back["b"][0].dtype == bool and back["b"][1] == tree["b"][1]
