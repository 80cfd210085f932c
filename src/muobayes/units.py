"""Energies and masses as a user writes them ("3 TeV"), as numbers in GeV inside."""

import re

from .errors import InputError, did_you_mean

GEV = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z]*)\s*")


def parse_energy(text: str | float, where: str) -> float:
    """An energy in GeV from a text such as ``"3 TeV"``.

    Parameters
    ----------
    text : str or float
        What the user wrote; a bare number is refused, because its unit would be a guess.
    where : str
        The key or option that is named in the error message.

    Returns
    -------
    float
        The energy in GeV.

    Raises
    ------
    InputError
        If the unit is missing or unknown, or the text is not a quantity.

    Examples
    --------
    >>> parse_energy("3 TeV", "M3")
    3000.0
    """
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        raise InputError(f"{where}: {text!r} is not an energy; write for example '3 TeV'.")
    number, unit = match.groups()
    if not unit:
        raise InputError(
            f"{where}: {text!r} has no unit; write for example '{number} GeV' or '{number} TeV'."
        )
    if unit not in GEV:
        hint = did_you_mean(unit, GEV)
        raise InputError(f"{where}: unknown unit {unit!r}{hint}; allowed are {', '.join(GEV)}.")
    return float(number) * GEV[unit]
