"""New data in a run card: measurements added, replaced, dropped, or scaled for a projection. No JAX here.

Names are checked by the likelihood, which knows the observables and measurements of the data set.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Names = tuple[str, ...]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Symmetric(_Entry):
    """Statistical and systematic uncertainties, added in quadrature."""

    stat: Positive
    syst: Positive | None = None


class Asymmetric(_Entry):
    """Upward and downward uncertainties, both positive."""

    plus: Positive
    minus: Positive


def _uncertainty_kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    if not keys:
        return "number"
    return "asymmetric" if {"plus", "minus"} & set(keys) else "symmetric"


Uncertainty = Annotated[
    Annotated[Positive, Tag("number")]
    | Annotated[Symmetric, Tag("symmetric")]
    | Annotated[Asymmetric, Tag("asymmetric")],
    Discriminator(_uncertainty_kind),
]


class _Data(_Entry):
    name: str | None = None
    source: str | None = None
    replaces: Names = ()


class Value(_Data):
    """One measured number: Gaussian, or a two-sided Gaussian where the uncertainty is asymmetric."""

    observable: str
    value: Real
    uncertainty: Uncertainty


class UpperLimit(_Data):
    """A one-sided limit on a non-negative observable."""

    observable: str
    upper_limit: Positive
    confidence: Annotated[float, Field(strict=True, gt=0.5, lt=1)]


class Block(_Data):
    """Several measured numbers with their correlation."""

    observables: Names
    values: tuple[Real, ...]
    uncertainties: tuple[Positive, ...]
    correlation: tuple[tuple[Real, ...], ...]

    @model_validator(mode="after")
    def _is_consistent(self) -> "Block":
        n = len(self.observables)
        if n < 2:
            raise ValueError("a correlated block needs at least two observables")
        for key in ("values", "uncertainties", "correlation"):
            if len(getattr(self, key)) != n:
                raise ValueError(
                    f"{key} has {len(getattr(self, key))} entries, but there are {n} observables"
                )
        rho = self.correlation
        for i in range(n):
            if len(rho[i]) != n:
                raise ValueError(f"row {i + 1} of correlation has {len(rho[i])} entries, but must have {n}")
            if rho[i][i] != 1:
                raise ValueError(f"correlation[{i}][{i}] is {rho[i][i]:g}, but must be 1")
            for j in range(i):
                if rho[i][j] != rho[j][i]:
                    raise ValueError(f"correlation is not symmetric at [{i}][{j}]")
        if not _positive_definite(rho):
            raise ValueError("correlation is not positive definite")
        return self


def _positive_definite(matrix: tuple[tuple[float, ...], ...]) -> bool:
    """Whether the Cholesky factor exists (by hand: a card is checked without loading any array library)."""
    n = len(matrix)
    factor = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(factor[i][k] * factor[j][k] for k in range(j))
            if i == j:
                if rest <= 0:
                    return False
                factor[i][i] = rest**0.5
            else:
                factor[i][j] = rest / factor[j][j]
    return True


class Drop(_Entry):
    """Measurements of the data set that are left out."""

    drop: Names


class Scale(_Entry):
    """Uncertainties of the data set multiplied by a factor: a projection to more data or better theory.

    A projection's central values stay where they are, unless ``center: sm`` moves them to the prediction.
    """

    scale: Names
    experiment: Positive = 1.0
    theory: Positive = 1.0
    center: Literal["data", "sm"] = "data"


def _entry_kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    for key, kind in (
        ("drop", "drop"),
        ("scale", "scale"),
        ("upper_limit", "limit"),
        ("observables", "block"),
    ):
        if key in keys:
            return kind
    return "value"


Measurement = Annotated[
    Annotated[Value, Tag("value")]
    | Annotated[UpperLimit, Tag("limit")]
    | Annotated[Block, Tag("block")]
    | Annotated[Drop, Tag("drop")]
    | Annotated[Scale, Tag("scale")],
    Discriminator(_entry_kind),
]
