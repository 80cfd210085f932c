"""The soft constraints on the theory above the matching scale, as users write them. No JAX here.

Violations d in units of a width cost log w = 1 - sqrt(1 + d^2): a Gaussian near the edge, an exponential far from it.

In a run card::

    priors:
      landau_pole: {above: 1.22e19 GeV, coupling: 4pi, width: 2.3}
      stability: {width: 0.01}
      perturbativity: {bound: 4pi, width: 2.3}
      naturalness: {higgs: 1, muon_yukawa: 1}

Each block is optional; ``{}`` switches it on with its defaults.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..errors import InputError, did_you_mean
from ..units import parse_energy

__all__ = ["LandauPole", "Naturalness", "Perturbativity", "Stability", "UVPriors", "parse_uv_priors"]

M_PLANCK_GEV = 1.22e19
DECADE = 2.3  # e-folds


def _energy(value: Any) -> Any:
    return parse_energy(value, "scale") if isinstance(value, str) else value


def _coupling(value: Any) -> Any:
    """A number, or a multiple of pi such as ``4pi``."""
    match = re.fullmatch(r"\s*(\d*\.?\d*)\s*\*?\s*pi\s*", value) if isinstance(value, str) else None
    return float(match.group(1) or 1) * math.pi if match else value


Energy = Annotated[float, BeforeValidator(_energy), Field(gt=0, allow_inf_nan=False)]
CouplingBound = Annotated[float, BeforeValidator(_coupling), Field(gt=0, allow_inf_nan=False)]
Width = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LandauPole(_Block):
    """No coupling reaches `coupling` below the scale `above`.

    d = s/width with the missing e-folds s of a flow that has a pole below `above` (docs/running.md), else 0. `width` in
    e-folds; a decade is by how much the Planck mass and the reduced one differ (a factor 5) and thresholds move a pole.
    """

    above: Energy = M_PLANCK_GEV
    coupling: CouplingBound = 4 * math.pi
    width: Width = DECADE


class Stability(_Block):
    """The quartic potential is nowhere negative up to the scale `until`.

    d = (p (1 - f) + f/4)/width with the root mean square p, over the scales of the flow, of
    m/sqrt(1 + (4 m)^2 + (4 q)^2), where m is the depth of the most negative direction, V = -m for fields of unit length,
    and q the largest |quartic coupling|; f is the missing part of the range if there is a pole. The SM's own metastable
    potential has p = 0.007.
    """

    until: Energy = M_PLANCK_GEV
    width: Width = 0.01


class Perturbativity(_Block):
    """All |couplings| stay below `bound` up to the scale `until`.

    d = n/width with the number n of e-folds on which the largest coupling g exceeds `bound`, each weighted with
    (1 - (bound/g)^2)^2; the missing e-folds of a flow with a pole count in full (docs/running.md).
    """

    until: Energy = M_PLANCK_GEV
    bound: CouplingBound = math.sqrt(4 * math.pi)
    width: Width = DECADE


class Naturalness(_Block):
    """Radiative shifts do not exceed what they shift: arXiv:2103.13991, Eqs. (6) and (7).

    With the tuning D = |delta muH2|/muH2, or |delta y_mu|/y_mu, log w = -ln(1 + (D/limit)^2)/2: a cancellation to
    one part in D costs a factor D, its probability. `higgs` and `muon_yukawa` are the limits; null switches one
    of them off.
    """

    higgs: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = 1.0
    muon_yukawa: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = 1.0


class UVPriors(_Block):
    """The soft constraints of a run; those that are None are off."""

    landau_pole: LandauPole | None = None
    stability: Stability | None = None
    perturbativity: Perturbativity | None = None
    naturalness: Naturalness | None = None

    @property
    def needs_flow(self) -> bool:
        """Whether the couplings must be run."""
        return any((self.landau_pole, self.stability, self.perturbativity))


_BLOCKS: dict[str, type[_Block]] = {
    "landau_pole": LandauPole,
    "stability": Stability,
    "perturbativity": Perturbativity,
    "naturalness": Naturalness,
}


def parse_uv_priors(blocks: Mapping[str, Any]) -> UVPriors:
    """Validate the ``priors`` section of a run card.

    Raises
    ------
    InputError
        Naming the block, the entry, its value and what is allowed.
    """
    parsed: dict[str, Any] = {}
    for name, content in blocks.items():
        if name not in _BLOCKS:
            hint = did_you_mean(name, _BLOCKS)
            raise InputError(f"priors: {name!r} is no soft constraint{hint}; there are {', '.join(_BLOCKS)}.")
        if content is False:
            continue
        block = _BLOCKS[name]
        try:
            parsed[name] = block.model_validate({} if content in (None, True) else content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(["priors", name, *(str(p) for p in first["loc"])])
            if first["type"] == "extra_forbidden":
                known = block.model_fields
                hint = did_you_mean(str(first["loc"][-1]), known)
                raise InputError(f"{where} is unknown{hint}; known are {', '.join(known)}.") from None
            raise InputError(f"{where}: {first['input']!r} is wrong: {first['msg'].lower()}.") from None
    return UVPriors(**parsed)
