"""The run card: everything a user decides about a run, validated completely before anything heavy is loaded.

`RunCard.load` reads a YAML card and fills in every default; whatever is wrong is told at once, each problem
with its line, its key, its value, what is allowed and the nearest right name. No JAX here.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo

from ._measurements import Measurement
from ._parameters import Parameter, check_parameters, written
from ._problems import Problem, allowed, problems_of, unknown
from ._yaml import Lines, read
from .errors import InputError, did_you_mean
from .models.catalogue import ModelEntry, resolve_model
from .priors.spec import Fixed, PriorSpec
from .priors.uv_spec import UVPriors
from .units import parse_energy

__all__ = [
    "DATASETS",
    "SCALE_RANGE_GEV",
    "Importance",
    "Likelihood",
    "Matching",
    "Nested",
    "Nuts",
    "Parameter",
    "Plane",
    "RunCard",
]

DATASETS = ("paper2021", "current", "latest")
SCALE_RANGE_GEV = (200.0, 20_000.0)
"""Matching scales that the evolution operators cover."""

Count = Annotated[int, Field(strict=True, ge=1)]
Fraction = Annotated[float, Field(strict=True, gt=0, lt=1)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def _ascending(span: tuple[float, float]) -> tuple[float, float]:
    if not span[0] < span[1]:
        raise ValueError(f"the range must ascend, but {span[0]:g} is not below {span[1]:g}")
    return span


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Matching(_Section):
    """Loop order, and the matching scale: an energy, the name of a mass, or ``sampled`` (as ``muM``)."""

    loop: Literal[0, 1] = 1
    scale: str = "3 TeV"


class Likelihood(_Section):
    """Which terms count: all (``include`` not given) or some, without those in ``exclude``.

    ``light_x`` chooses the constraints on a light X: a named set or a list of names; ``limits`` is a folder with
    limit files of one's own. ``neutrino_ordering`` says which neutrino mass ordering the oscillation data are read for.
    ``theory_covariance``: theory uncertainties of b -> s mu mu as in the SM, or moving with C9 and C10.
    """

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    light_x: str | tuple[str, ...] = "full"
    limits: str | None = None
    neutrino_ordering: Literal["normal", "inverted"] = "normal"
    theory_covariance: Literal["sm", "varying"] = "sm"


class Nuts(_Section):
    """The No-U-Turn sampler."""

    type: Literal["nuts"] = "nuts"
    chains: Count = 4
    warmup: Count = 1000
    draws: Count = 1000
    target_accept: Fraction = 0.9
    max_tree_depth: Annotated[int, Field(strict=True, ge=1, le=15)] = 10
    dense_mass: bool = True
    jumps: bool = False
    """Nested sampling first finds the modes; after each trajectory an independent proposal may lead to another one."""


class Nested(_Section):
    """Nested sampling for the evidence: several independent runs, merged. Options as in `muobayes.inference.nested`."""

    live: Annotated[int, Field(strict=True, ge=20)] = 500
    runs: Count = 4
    steps_per_dimension: Annotated[int, Field(strict=True, ge=2)] = 5
    remaining: Fraction = 0.01
    batch: Count = Field(default_factory=lambda given: min(50, given.get("live", 500) // 2))


class Importance(_Section):
    """Importance sampling with the model's own proposal. Options as in `muobayes.inference.importance`."""

    type: Literal["importance"] = "importance"
    proposals: Annotated[int, Field(strict=True, ge=1000)] = 200_000
    chains: Count = 4
    draws: Count = 1000


def _sampler_kind(value: Any) -> Any:
    return value.get("type", "nuts") if isinstance(value, dict) else getattr(value, "type", None)


Sampler = Annotated[
    Annotated[Nuts, Tag("nuts")] | Annotated[Importance, Tag("importance")],
    Discriminator(_sampler_kind),
]


Range = Annotated[tuple[Finite, Finite], AfterValidator(_ascending)]


class Plane(_Section):
    """A two-parameter figure: regions of groups of terms, and of all of them, around the best fit.

    ``groups`` names terms by what they are called in the figure; ranges are in GeV for masses.
    """

    x: str
    y: str
    x_range: Range | None = None
    y_range: Range | None = None
    groups: dict[str, tuple[str, ...]] = {}
    points: Annotated[int, Field(strict=True, ge=10, le=1000)] = 120


def _switched(blocks: Any) -> Any:
    """``stability:`` or ``stability: true`` is the constraint with its defaults, ``false`` is none."""
    if not isinstance(blocks, dict):
        return blocks
    return {
        name: {} if block in (None, True) else block for name, block in blocks.items() if block is not False
    }


class RunCard(_Section):
    """A validated run card with all defaults filled in.

    ``parameters`` holds every parameter of the model, in the order of its catalogue entry.
    """

    model: str
    dataset: str = "current"
    parameters: dict[str, Parameter] = {}
    matching: Matching = Matching()
    likelihood: Likelihood = Likelihood()
    measurements: tuple[Measurement, ...] = ()
    priors: Annotated[UVPriors, BeforeValidator(_switched)] = UVPriors()
    sampler: Sampler = Nuts()
    evidence: Nested = Nested()
    plane: Plane | None = None
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 1
    output: str | None = None
    provenance: dict[str, Any] | None = None

    @property
    def entry(self) -> ModelEntry:
        """The model's entry in the catalogue."""
        return resolve_model(self.model)

    @property
    def priors_of(self) -> dict[str, PriorSpec]:
        """Prior of every parameter that is not tied to another."""
        return {name: p.prior for name, p in self.parameters.items() if p.prior is not None}

    @property
    def ties(self) -> dict[str, str]:
        """Tied parameter -> the parameter that it equals."""
        return {name: p.equals for name, p in self.parameters.items() if p.equals is not None}

    @property
    def sampled(self) -> tuple[str, ...]:
        """Names of the sampled parameters."""
        return tuple(name for name, prior in self.priors_of.items() if not isinstance(prior, Fixed))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that decides the draws (not where they are written, what is plotted, or the evidence)."""
        content = self.model_dump(mode="json", exclude={"output", "plane", "evidence", "provenance", "model"})
        content["model"] = self.entry.model_dump(
            mode="json", include={"name", "gauge", "mediators", "x", "sectors"}
        )
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @classmethod
    def load(cls, path: str | Path, **overrides: Any) -> "RunCard":
        """Read and validate a YAML run card.

        Parameters
        ----------
        path : path
            The card. A ``run.yaml`` of a finished run is a card, too.
        **overrides
            Keys of the card that are replaced (``dataset="current"``); ``None`` keeps the card's value.

        Raises
        ------
        InputError
            Naming every problem with its line, key, value, what is allowed, and the nearest right name.
        """
        path = Path(path)
        content, lines = read(path)
        given = {key: value for key, value in overrides.items() if value is not None}
        if isinstance(content, dict):
            content = {**content, **given}
            content.setdefault("output", str(Path("runs") / "output" / path.stem))
            if _is_file(content.get("model")):
                content["model"] = str((path.parent / content["model"]).resolve())
        return _parse(content, str(path), {p: n for p, n in lines.items() if p[0] not in given})

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "RunCard":
        """Validate a card given as nested dictionaries (the same keys as in YAML)."""
        return _parse(dict(content), "run card", {})

    def to_yaml(self) -> str:
        """The card as YAML that `load` reads back unchanged; energies carry their unit."""
        content = self.model_dump(mode="json", exclude_none=True)
        # A null inside a block of `priors` is a choice (one measure switched off); elsewhere it is a default.
        soft = self.priors.model_dump(mode="json")
        content["priors"] = {name: block for name, block in soft.items() if block is not None}
        known = self.entry.parameters
        content["parameters"] = {n: written(p, known[n].unit) for n, p in self.parameters.items()}
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]


def _parse(content: Any, where: str, lines: Lines) -> RunCard:
    if not isinstance(content, dict):
        raise InputError(f"{where}: a run card is a mapping of keys; {allowed(RunCard.model_fields)}.")
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for key in content:
        if key not in RunCard.model_fields:
            problems.append(Problem((str(key),), unknown("key", key, RunCard.model_fields)))
    for key, field in RunCard.model_fields.items():
        if content.get(key) is None:
            if field.is_required():
                problems.append(Problem((), f"the key '{key}' is missing"))
            else:
                values[key] = field.get_default(call_default_factory=True)
        elif key != "parameters":
            try:
                values[key] = _adapter(field).validate_python(content[key])
            except ValidationError as error:
                problems += problems_of(error, field.annotation, (key,))
    if "dataset" in values and values["dataset"] not in DATASETS:
        problems.append(Problem(("dataset",), unknown("data set", values["dataset"], DATASETS)))
    if "model" in values:
        try:
            entry = resolve_model(values["model"])
        except InputError as error:
            problems.append(Problem(("model",), str(error).removeprefix("model: ").rstrip(".")))
        else:
            values["parameters"], found = check_parameters(content.get("parameters") or {}, entry)
            problems += found or _check_uses(values, entry)
    if problems:
        raise InputError(_message(problems, where, lines))
    return RunCard(**values)


def _message(problems: list[Problem], where: str, lines: Lines) -> str:
    def line_of(problem: Problem) -> int:
        path = problem.path
        while path and path not in lines:
            path = path[:-1]
        return lines[path] if path else 0

    told = []
    for problem in sorted(problems, key=line_of):
        line = f"line {line_of(problem)}: " if line_of(problem) else ""
        told.append(line + (f"{problem.location}: " if problem.path else "") + problem.message + ".")
    if len(told) == 1:
        return f"{where}{', ' if told[0].startswith('line ') else ': '}{told[0]}"
    return f"{where} has {len(told)} problems:\n" + "\n".join(f"  {text}" for text in told)


def _is_file(model: Any) -> bool:
    return isinstance(model, str) and model.endswith((".yaml", ".yml"))


def _check_uses(values: Mapping[str, Any], entry: ModelEntry) -> list[Problem]:
    """Where other sections depend on parameters: the matching scale, the axes of the plane, the number of live points."""
    found = []
    parameters: dict[str, Parameter] = values["parameters"]
    free = [n for n, p in parameters.items() if p.prior is not None and not isinstance(p.prior, Fixed)]
    if nested := values.get("evidence"):
        if nested.live < (least := 2 * (len(free) + 1)):
            found.append(
                Problem(
                    ("evidence", "live"),
                    f"{nested.live} is too few for {len(free)} parameters; allowed is {least} and more",
                )
            )
        if nested.batch > nested.live // 2:
            found.append(
                Problem(
                    ("evidence", "batch"),
                    f"{nested.batch} is more than half of the {nested.live} live points",
                )
            )
    if matching := values.get("matching"):
        masses = [n for n, p in entry.parameters.items() if p.unit == "GeV" and n.startswith("M")]
        if message := _scale_problem(matching.scale, masses, parameters):
            found.append(Problem(("matching", "scale"), message))
    if plane := values.get("plane"):
        for axis in ("x", "y"):
            name = getattr(plane, axis)
            if name in parameters and name not in free:
                found.append(
                    Problem(
                        ("plane", axis),
                        f"{name!r} is not sampled; {allowed(free) if free else 'no parameter of the card is'}",
                    )
                )
            elif name not in free:
                found.append(Problem(("plane", axis), unknown("parameter", name, free)))
    return found


def _scale_problem(scale: str, masses: list[str], parameters: Mapping[str, Parameter]) -> str | None:
    """Why a matching scale is not allowed, if it is not."""
    names = [*masses, "sampled"]
    if scale == "sampled":
        return None
    if scale in masses:
        prior = parameters[scale].prior
        edges = [getattr(prior, key, None) for key in ("value", "low", "high")] if prior else []
        values = [edge for edge in edges if edge is not None]
    elif scale[:1].isalpha():
        hint = did_you_mean(scale, names)
        return f"unknown scale {scale!r}{hint}; allowed are an energy ('3 TeV'), {', '.join(names)}"
    else:
        try:
            values = [parse_energy(scale, "")]
        except InputError as error:
            return str(error).removeprefix(": ").rstrip(".")
    low, high = SCALE_RANGE_GEV
    outside = [value for value in values if not low <= value <= high]
    if not outside:
        return None
    where = f"{scale!r}" if scale not in masses else f"{scale} = {outside[0]:g} GeV"
    return f"{where} is outside the range of the running, {low:g} GeV to {high / 1e3:g} TeV"
