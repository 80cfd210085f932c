"""Priors as a user writes them, in a model's catalogue entry or a run card. Data only: no JAX here.

The normalised densities and their transforms, which the samplers use, are in `muobayes.priors.distributions`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ..units import GEV, parse_energy


def _number(value: object) -> object:
    """Accept "3 TeV" wherever a number with the dimension of an energy is allowed."""
    if isinstance(value, str) and value.strip().endswith(tuple(GEV)):
        return parse_energy(value, "prior")
    return value


Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]


class _Prior(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fixed(_Prior):
    """Not sampled: the parameter has this value."""

    type: Literal["fixed"] = "fixed"
    value: Number


class _Interval(_Prior):
    low: Number
    high: Number

    @model_validator(mode="after")
    def _has_support(self) -> "_Interval":
        if not self.low < self.high:
            raise ValueError(f"no support: low ({self.low:g}) must be below high ({self.high:g})")
        return self


class Product(BaseModel):
    """Data know the product of a parameter and ``partner`` to about ``size``, times (``mass``/TeV)^2 if a mass is named.

    This is no part of the prior; it tells samplers how to walk (`muobayes.priors.coordinates`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    partner: str
    size: float = Field(gt=0)
    mass: str | None = None


class Scaling(BaseModel):
    """Data know a parameter to a width that goes like ``mass`` to some ``power``.

    With a ``coupling``, the width goes like (mass/coupling)^power where mass/coupling is below ``size`` (GeV), and is
    that of the prior where it is above: where the coupling vanishes, data know nothing.

    This is no part of the prior; it tells samplers how to walk (`muobayes.priors.coordinates`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    mass: str
    power: float
    coupling: str | None = None
    size: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _together(self) -> "Scaling":
        if (self.coupling is None) != (self.size is None):
            raise ValueError("coupling and size belong together")
        return self


class MassShift(BaseModel):
    """Data know the sum over ``terms`` of weight x coupling x mass^2 (1 + ln(mu^2/mass^2)) to ``size``, in TeV^2.

    Each term is ``coupling: [weight, mass]``; the first coupling carries the block, and mu is its mass. This is no part
    of the prior; it tells samplers how to walk (`muobayes.priors.coordinates`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    size: float = Field(gt=0)
    terms: dict[str, tuple[float, str]]


class Uniform(_Interval):
    """Flat between ``low`` and ``high``."""

    type: Literal["uniform"] = "uniform"
    product: Product | None = None
    scaling: Scaling | None = None


class LogUniform(_Interval):
    """Flat in the logarithm between ``low`` > 0 and ``high``."""

    type: Literal["loguniform"] = "loguniform"

    @model_validator(mode="after")
    def _is_positive(self) -> "LogUniform":
        if self.low <= 0:
            raise ValueError(f"a log-uniform prior needs low > 0, not {self.low:g}")
        return self


class Periodic(_Interval):
    """Flat on a circle: ``low`` and ``high`` are the same point (phases)."""

    type: Literal["periodic"] = "periodic"


class Normal(_Prior):
    """Gaussian, optionally truncated to [low, high]."""

    type: Literal["normal"] = "normal"
    mean: Number
    sd: Number = Field(gt=0)
    low: Number | None = None
    high: Number | None = None
    scaling: Scaling | None = None
    mass_shift: MassShift | None = None

    @model_validator(mode="after")
    def _has_support(self) -> "Normal":
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"no support: low ({self.low:g}) must be below high ({self.high:g})")
        return self


class LogNormal(_Prior):
    """The logarithm is Gaussian around ln(median) with width ``sd`` (in e-folds)."""

    type: Literal["lognormal"] = "lognormal"
    median: Number = Field(gt=0)
    sd: float = Field(gt=0)


PriorSpec = Annotated[
    Fixed | Uniform | LogUniform | Periodic | Normal | LogNormal,
    Field(discriminator="type"),
]
