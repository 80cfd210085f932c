"""The ``parameters`` block of a run card, checked against the model's entry in the catalogue. No JAX here."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ._problems import Path, Problem, problems_of, unknown
from .errors import InputError
from .models.catalogue import ModelEntry
from .priors.spec import Fixed, PriorSpec
from .units import GEV, parse_energy

_ENERGIES = {
    "fixed": ("value",),
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "periodic": ("low", "high"),
    "normal": ("mean", "sd", "low", "high"),
    "lognormal": ("median",),
}
"""Keys of each prior that have the dimension of the parameter."""

_NOT_A_MASS = "{!r} is not a mass; it must be positive"


class Parameter(BaseModel):
    """A prior (`Fixed` for a number), or the name of the parameter that this one equals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prior: PriorSpec | None = None
    equals: str | None = None


def written(parameter: Parameter, unit: str | None) -> Any:
    """A parameter in the shortest form that a card may contain."""
    if parameter.prior is None:
        return {"equals": parameter.equals}
    kind = parameter.prior.type
    keys = {
        key: f"{value!r} GeV" if unit in GEV and key in _ENERGIES[kind] else value
        for key, value in parameter.prior.model_dump(exclude_none=True, exclude={"type"}).items()
    }
    return keys["value"] if isinstance(parameter.prior, Fixed) else {"prior": {"type": kind, **keys}}


def check_parameters(given: Any, entry: ModelEntry) -> tuple[dict[str, Parameter], list[Problem]]:
    """Every parameter of the model: the card's choice, or the default of the catalogue."""
    if not isinstance(given, dict):
        return {}, [Problem(("parameters",), f"{given!r} is not a mapping (name: value or prior)")]
    problems = [
        Problem(("parameters", str(name)), unknown(f"parameter of {entry.name}", name, entry.parameters))
        for name in given
        if name not in entry.parameters
    ]
    found: dict[str, Parameter] = {}
    for name, default in entry.parameters.items():
        if name not in given:
            found[name] = Parameter(prior=default.prior)
            continue
        parameter, new = _parameter(given[name], default.unit, ("parameters", name))
        problems += new
        if parameter is not None:
            found[name] = parameter
    for name, parameter in found.items():
        problems += _check_tie(name, parameter, found, list(entry.parameters))
    return found, problems


def _parameter(raw: Any, unit: str | None, path: Path) -> tuple[Parameter | None, list[Problem]]:
    if isinstance(raw, dict):
        if len({"prior", "equals"} & set(raw)) != 1:
            unexpected = next((key for key in raw if key not in ("prior", "equals")), None)
            if unexpected is not None:
                return None, [
                    Problem((*path, str(unexpected)), unknown("key", unexpected, ["prior", "equals"]))
                ]
            return None, [Problem(path, "exactly one of prior, equals is needed")]
    else:
        raw = {"prior": {"type": "fixed", "value": raw}}
    problems = _check_units(raw.get("prior"), unit, path)
    if problems:
        return None, problems
    try:
        parameter = Parameter.model_validate(raw)
    except ValidationError as error:
        return None, problems_of(error, Parameter, path)
    if unit in GEV and (problem := _check_positive(parameter.prior, raw["prior"], path)):
        return None, [problem]
    return parameter, []


def _check_units(prior: Any, unit: str | None, path: Path) -> list[Problem]:
    """An energy must be given with its unit, a dimensionless number without."""
    if not isinstance(prior, dict):
        return []
    fixed = prior.get("type") == "fixed"
    found = []
    for key in _ENERGIES.get(prior.get("type", ""), ()):
        value = prior.get(key)
        at = path if fixed else (*path, "prior", key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            found.append(Problem(at, f"{value!r} is not a number"))
        elif unit in GEV:
            try:
                parse_energy(value, "")
            except InputError as error:
                found.append(Problem(at, str(error).removeprefix(": ").rstrip(".")))
        elif isinstance(value, str):
            found.append(Problem(at, f"{value!r} is not a number; this parameter is dimensionless"))
    return found


def _check_positive(prior: PriorSpec | None, raw: Any, path: Path) -> Problem | None:
    if isinstance(prior, Fixed):
        return None if prior.value > 0 else Problem(path, _NOT_A_MASS.format(raw["value"]))
    if prior is None or prior.type == "lognormal":
        return None
    low = prior.low
    if low is None:
        return Problem(
            (*path, "prior", "low"), "the key is missing; a mass must be positive, so give its lower end"
        )
    if low <= 0:
        return Problem((*path, "prior", "low"), _NOT_A_MASS.format(raw["low"]))
    return None


def _check_tie(
    name: str, parameter: Parameter, known: Mapping[str, Parameter], names: list[str]
) -> list[Problem]:
    target = parameter.equals
    at = ("parameters", name, "equals")
    if target is None:
        return []
    if target == name:
        return [Problem(at, f"{name} cannot equal itself; allowed is any other parameter of the model")]
    if target not in names:
        return [Problem(at, unknown("parameter", target, [n for n in names if n != name]))]
    if target in known and known[target].equals is not None:
        end = known[target].equals
        return [Problem(at, f"{target!r} is itself tied to {end!r}; name a parameter that has a prior")]
    return []
