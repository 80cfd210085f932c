"""A stand-in for flavio's Wilson coefficients that skips all running: values are set at the scale of the observable.

flavio asks for coefficients by (sector, scale, EFT). Answering from a table lets one evaluation cost milliseconds,
and records what an observable depends on.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import flavio
from flavio.physics.eft import sectors_flavio2wcxf
from wilson import wcxf


class Frame(NamedTuple):
    """Where a coefficient lives: EFT, WCxf basis and renormalisation scale in GeV."""

    eft: str
    basis: str
    scale: float


class Coefficient(NamedTuple):
    """One real number: frame, WCxf sector, WCxf name, and "Re" or "Im"."""

    frame: Frame
    sector: str
    name: str
    part: str


_EFT_BY_FLAVOURS = {5: "WET", 4: "WET-4", 3: "WET-3"}


class FixedWilson(flavio.WilsonCoefficients):
    """Coefficients given directly in the frames in which flavio asks for them.

    Attributes
    ----------
    requests : set of (Frame, sector)
        What was asked for so far.
    """

    def __init__(self, values: Mapping[Coefficient, float] | None = None) -> None:
        super().__init__()
        self.requests: set[tuple[Frame, str]] = set()
        self._table: dict[Frame, dict[str, complex]] = {}
        for coefficient, value in (values or {}).items():
            frame = self._table.setdefault(coefficient.frame, {})
            unit = 1 if coefficient.part == "Re" else 1j
            frame[coefficient.name] = frame.get(coefficient.name, 0) + unit * value

    def __hash__(self) -> int:
        return id(self)

    def get_wcxf(self, sector, scale, par, eft="WET", basis="flavio", nf_out=None):
        """An object with item access, as flavio's electroweak and Higgs functions use it."""
        frame, sector = self._request(sector, scale, eft, basis, nf_out)
        return dict.fromkeys(coefficients_of(frame, sector), 0j) | self._table.get(frame, {})

    def get_wc(self, sector, scale, par, eft="WET", basis="flavio", nf_out=None):
        frame, sector = self._request(sector, scale, eft, basis, nf_out)
        table = self._table.get(frame, {})
        return {name: table.get(name, 0) for name in coefficients_of(frame, sector)}

    def _request(self, sector, scale, eft, basis, nf_out):
        frame = Frame(_EFT_BY_FLAVOURS.get(nf_out, eft), basis, float(scale))
        sector = sectors_flavio2wcxf.get(sector, sector)
        self.requests.add((frame, sector))
        return frame, sector


@cache
def coefficients_of(frame: Frame, sector: str) -> dict[str, bool]:
    """WCxf names of a sector -> whether the coefficient is real."""
    basis = wcxf.Basis[frame.eft, frame.basis]
    sectors = basis.sectors.values() if sector == "all" else [basis.sectors[sector]]
    return {name: bool(info and info.get("real")) for block in sectors for name, info in block.items()}


def real_coefficients(frame: Frame, sector: str) -> list[Coefficient]:
    """Every real number in a sector."""
    return [
        Coefficient(frame, sector, name, part)
        for name, is_real in coefficients_of(frame, sector).items()
        for part in (("Re",) if is_real else ("Re", "Im"))
    ]
