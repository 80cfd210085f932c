"""Matching points and Wilson coefficients as files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, did_you_mean
from .couplings import R2, R2S3, S1, S1S3, S3, Leptoquark, SMParameters

__all__ = ["couplings_from_json", "sm_from_json", "wcxf_document"]

_MATRICES = {
    "s1": ("lambda1L", "lambda1R"),
    "s3": ("lambda3L",),
    "r2": ("y2_lu", "y2_eq"),
}
_REAL = {
    "s1": ("lambda_H1",),
    "s3": ("lambda_H3", "kappa_H3"),
    "r2": ("lambda_H2", "kappa_H2"),
}
_FIELDS = {"s1": S1, "s3": S3, "r2": R2}
_SM_SCALARS = ("g", "gp", "gs", "Lambda")
_SM_MATRICES = {"Gu": "Yu", "Gd": "Yd", "Ge": "Ye"}


def _number(document: Mapping[str, Any], key: str, where: str) -> float:
    if key not in document:
        raise InputError(f"{where}: {key} is missing{did_you_mean(key, document)}.")
    value = document[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"{where}: {key} must be a number, and is {value!r}.")
    return float(value)


def _complex(value: Any, shape: tuple[int, ...], where: str) -> np.ndarray:
    """Numbers or [re, im] pairs, nested to the shape."""
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape == (*shape, 2):
        array = array[..., 0] + 1j * array[..., 1]
    if array.shape != shape or not np.isfinite(array).all():
        size = "a number" if not shape else f"a {' x '.join(map(str, shape))} matrix"
        raise InputError(f"{where} must be {size} of real numbers or of pairs [re, im].")
    return array.astype(complex)


def couplings_from_json(model: str, document: Mapping[str, Any], where: str) -> tuple[Leptoquark, float]:
    """Couplings and matching scale (GeV) from a point of the format of the issue.

    Parameters
    ----------
    model : {"s1", "s3", "r2", "s1+s3", "r2+s3"}
    document : mapping
        ``M_GeV`` (two of ``M1_GeV``, ``M2_GeV``, ``M3_GeV`` for two fields), ``mu_M_GeV`` and ``couplings`` with
        the names of `S1`, `S3`, `R2`; portal couplings that are absent are zero, matrices are needed. Other keys
        are ignored.
    where : str
        Named in error messages.

    Raises
    ------
    InputError
        For a missing mass, scale or matrix, a wrong shape, or an unknown coupling.
    """
    given = document.get("couplings")
    if not isinstance(given, Mapping):
        raise InputError(f"{where}: there are no couplings; they are a dictionary under the key 'couplings'.")
    names = model.split("+")
    known = [name for field in names for name in _MATRICES[field] + _REAL[field]]
    known += ["kappa_H13"] if model == "s1+s3" else []
    for name in given:
        if name not in known:
            raise InputError(
                f"{where}: {model} has no coupling {name!r}{did_you_mean(name, known)}; "
                f"it has {', '.join(known)}."
            )

    def field(name: str) -> Any:
        for matrix in _MATRICES[name]:
            if matrix not in given:
                raise InputError(f"{where}: the coupling matrix {matrix} of {model} is missing.")
        values = {m: _complex(given[m], (3, 3), f"{where}: {m}") for m in _MATRICES[name]}
        for portal in _REAL[name]:
            value = _complex(given.get(portal, 0.0), (), f"{where}: {portal}")
            if value.imag:
                raise InputError(f"{where}: {portal} must be real.")
            values[portal] = value.real
        mass = f"M{name[1]}_GeV" if "+" in model else "M_GeV"
        return _FIELDS[name](M=_positive(document, mass, where), **values)

    first, *others = map(field, names)
    mu = _positive(document, "mu_M_GeV", where)
    if model == "s1+s3":
        mixing = _complex(given.get("kappa_H13", 0.0), (), f"{where}: kappa_H13")
        return S1S3(first, others[0], mixing), mu  # type: ignore[arg-type]
    return (R2S3(first, others[0]) if others else first), mu


def _positive(document: Mapping[str, Any], key: str, where: str) -> float:
    value = _number(document, key, where)
    if value <= 0:
        raise InputError(f"{where}: {key} must be positive, and is {value}.")
    return value


def sm_from_json(document: Mapping[str, Any], where: str) -> SMParameters:
    """Standard Model parameters from the entry ``SM``: g, gp, gs, Lambda and the matrices Gu, Gd, Ge."""
    for name in (*_SM_SCALARS, *_SM_MATRICES):
        if name not in document:
            raise InputError(
                f"{where}: SM lacks {name}; it needs {', '.join((*_SM_SCALARS, *_SM_MATRICES))}."
            )
    scalars = {name: _number(document, name, where) for name in _SM_SCALARS}
    matrices = {new: _complex(document[old], (3, 3), f"{where}: {old}") for old, new in _SM_MATRICES.items()}
    return SMParameters(**scalars, **matrices)  # type: ignore[arg-type]


def read_json(path: Path) -> Any:
    """A JSON file, with a sentence for the user when it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not JSON: {error}.") from None


def wcxf_document(values: Mapping[str, complex], scale: float) -> dict[str, Any]:
    """A WCxf file (arXiv:1712.05298) of SMEFT coefficients in the Warsaw basis.

    Parameters
    ----------
    values : mapping of str to complex
        GeV^-2; entries that are exactly zero are left out.
    scale : float
        GeV.
    """
    return {
        "eft": "SMEFT",
        "basis": "Warsaw",
        "scale": scale,
        "values": {
            name: {"Re": value.real, "Im": value.imag} if value.imag else value.real
            for name, value in values.items()
            if value
        },
    }
