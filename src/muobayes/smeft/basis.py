"""The Warsaw basis of the SMEFT as a real vector: names, order, and what is real.

Names and the choice of non-redundant elements are those of the WCxf basis ``SMEFT / Warsaw`` (arXiv:1712.05298;
operators of arXiv:1008.4884), of dimension six and without baryon-number violation: 2499 real numbers.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np

from ..errors import InputError, did_you_mean


@cache
def coefficients() -> dict[str, bool]:
    """Every non-redundant coefficient: WCxf name -> whether it is real, in the order of the basis."""
    return dict(json.loads((files("muobayes.smeft") / "data" / "warsaw.json").read_text()))


@cache
def real_components() -> tuple[tuple[str, str], ...]:
    """The order of the real vector: pairs of WCxf name and ``"Re"`` or ``"Im"``; 2499 entries."""
    return tuple(
        (name, part)
        for name, is_real in coefficients().items()
        for part in (("Re",) if is_real else ("Re", "Im"))
    )


@cache
def component_index() -> dict[tuple[str, str], int]:
    """Position of each (name, part) in the real vector."""
    return {component: i for i, component in enumerate(real_components())}


def to_vector(values: Mapping[str, complex]) -> np.ndarray:
    """The real vector of a set of coefficients.

    Parameters
    ----------
    values : mapping of str to complex
        WCxf name -> value in GeV^-2; absent ones are zero.

    Returns
    -------
    ndarray
        Shape (2499,), GeV^-2.

    Raises
    ------
    InputError
        If a name is not in the basis, or a real coefficient has an imaginary part.

    Examples
    --------
    >>> int(np.count_nonzero(to_vector({"lq1_2223": 1e-7 + 2e-7j})))
    2
    """
    vector = np.zeros(len(real_components()))
    index = component_index()
    for name, value in values.items():
        if name not in coefficients():
            hint = did_you_mean(name, coefficients())
            raise InputError(f"{name!r} is not a coefficient of the WCxf basis SMEFT/Warsaw{hint}.")
        vector[index[name, "Re"]] = np.real(value)
        if not coefficients()[name]:
            vector[index[name, "Im"]] = np.imag(value)
        elif np.imag(value) != 0:
            raise InputError(f"{name} is real in the Warsaw basis, but its value is {value}.")
    return vector
