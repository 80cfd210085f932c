"""Theory correlations of POPxf documents as HDF5, addressed as jelli does: by a hash of the observables' names."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

__all__ = ["write_correlations"]


def block_id(*groups: Iterable[str]) -> str:
    """Address of a block: MD5 of the sorted names of its rows and columns."""
    escaped = (
        "|".join(n.replace("\\", "\\\\").replace("|", "\\|") for n in sorted(group)) for group in groups
    )
    return hashlib.md5("||".join(escaped).encode()).hexdigest()


def write_correlations(
    path: Path, documents: Sequence[Sequence[str]], names: Sequence[str], covariance: np.ndarray
) -> None:
    """Write the correlations of the SM predictions between all pairs of documents.

    Parameters
    ----------
    path : Path
        HDF5 file.
    documents : sequence of sequences of str
        Observables of each document.
    names : sequence of str
        Observables of the covariance.
    covariance : (n, n) array
        Of their SM predictions.
    """
    import h5py

    sigma = np.sqrt(np.diag(covariance))
    safe = np.where(sigma > 0, sigma, 1.0)
    correlation = covariance / np.outer(safe, safe)
    np.fill_diagonal(correlation, 1.0)
    place = {n: i for i, n in enumerate(names)}
    with h5py.File(path, "w") as file:
        file.attrs["$schema"] = "https://json.schemastore.org/popxf-h5-1.0.json"
        for k, rows in enumerate(documents):
            for columns in documents[: k + 1]:
                block = correlation[np.ix_([place[o] for o in rows], [place[o] for o in columns])]
                group = file.create_group(block_id(rows, columns))
                data = group.create_dataset("data", data=block[:, :, None, None], track_times=False)
                data.attrs["scale"] = 1.0
                group["row_names"] = np.array(rows, dtype=h5py.string_dtype())
                group["col_names"] = np.array(columns, dtype=h5py.string_dtype())
