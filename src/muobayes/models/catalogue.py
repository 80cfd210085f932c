"""Reader of the model catalogue: gauge charges, mediators, parameters and their default priors, as data.

An entry is one YAML file below ``catalogue/``; a user's own model is the same kind of file. No JAX here.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ..errors import InputError, did_you_mean
from ..lagrangian.fields import VectorlikeFermion, expand_charges, leptoquark_type
from ..priors.spec import PriorSpec

__all__ = [
    "SECTORS",
    "ExtraFermion",
    "Gauge",
    "ModelEntry",
    "Parameter",
    "model_names",
    "parameter_blocks",
    "read_model",
    "read_model_file",
    "resolve_model",
]

SECTORS = {
    "leptoquark-s1": "muophilic S1: tree and one-loop matching",
    "leptoquark-s3": "muophilic S3: tree and one-loop matching",
    "leptoquark-r2": "muophilic R2: tree and one-loop matching",
    "tauphilic-s1": "tauphilic S1: tree and one-loop matching",
    "light-x": "X below the electroweak scale: g-2, scattering and beam-dump bounds",
    "heavy-x": "X above the electroweak scale: four-fermion operators, dilepton searches",
    "scalar-potential": "quartic and portal couplings",
    "neutrinos": "seesaw and oscillation data",
}


def _rational(value: object) -> object:
    """Charges are exact: integers or text such as "8/3"; a float would silently round."""
    if isinstance(value, (bool, float)):
        raise ValueError(
            f"a charge must be exact: write {value!r} as an integer or as a fraction such as '8/3'"
        )
    if isinstance(value, str):
        try:
            return Fraction(value.replace(" ", ""))
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{value!r} is not a rational number; write for example '8/3'") from None
    return Fraction(value) if isinstance(value, int) else value


Charge = Annotated[Fraction, BeforeValidator(_rational)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class ExtraFermion(_Data):
    """A fermion beyond the SM: vector-like under the SM; its X charges may differ between the chiralities."""

    su3: Literal[1, 3]
    su2: Literal[1, 2, 3]
    hypercharge: Charge
    charge: Charge | None = None
    charge_left: Charge | None = None
    charge_right: Charge | None = None

    @model_validator(mode="after")
    def _has_charges(self) -> "ExtraFermion":
        both = self.charge_left is not None and self.charge_right is not None
        if (self.charge is not None) == both or (self.charge_left is None) != (self.charge_right is None):
            raise ValueError("give either charge (vector-like), or both charge_left and charge_right")
        return self

    def as_field(self) -> VectorlikeFermion:
        left = self.charge if self.charge_left is None else self.charge_left
        right = self.charge if self.charge_right is None else self.charge_right
        assert left is not None and right is not None
        return VectorlikeFermion(self.su3, self.su2, self.hypercharge, left, right)


class Gauge(_Data):
    """The U(1)_X: its name, the charges in short form, and fermions beyond the SM with three nu_R."""

    group: str
    charges: dict[str, Charge]
    fermions: dict[str, ExtraFermion] = {}


class Parameter(_Data):
    """One parameter of a model: how it is typeset, its unit (GeV or none), what it is, its default prior."""

    latex: str
    description: str
    unit: Literal["", "GeV"] = ""
    prior: PriorSpec


class ModelEntry(_Data):
    """A model of the catalogue, or a user's own."""

    name: str
    title: str
    reference: str
    gauge: Gauge | None = None
    mediators: tuple[str, ...] = ()
    x: Literal["none", "decoupled", "light", "heavy"]
    sectors: tuple[str, ...]
    parameters: dict[str, Parameter]
    explains: dict[str, str] = Field(default={}, description="anomaly -> the field that explains it")
    cannot: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "ModelEntry":
        for mediator in self.mediators:
            leptoquark_type(mediator)
        for sector in self.sectors:
            if sector not in SECTORS:
                raise InputError(
                    f"sectors: unknown sector {sector!r}{did_you_mean(sector, SECTORS)}; "
                    f"allowed are {', '.join(SECTORS)}."
                )
        if (self.gauge is None) != (self.x == "none"):
            raise InputError(f"x: {self.x!r} does not fit: x is none exactly if there is no gauge group.")
        if self.gauge is not None:
            expand_charges(self.gauge.charges, self.mediators)
        elif self.mediators:
            raise InputError(
                "gauge: leptoquarks need a U(1)_X that gives them a lepton flavour; name its charges."
            )
        return self

    @cached_property
    def charges(self) -> dict[str, Fraction]:
        """Exact U(1)_X charge of every field (q1 ... nu3, H, Phi, mediators); zero without a gauge group."""
        if self.gauge is None:
            return expand_charges({"Phi": Fraction(0)}, ())
        return expand_charges(self.gauge.charges, self.mediators)


_CATALOGUE = files(__package__) / "catalogue"


def _names(folder: Traversable, prefix: str = "") -> list[str]:
    names = []
    for item in folder.iterdir():
        if item.is_dir():
            names += _names(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".yaml") and not item.name.startswith("_"):
            names.append(prefix + item.name.removesuffix(".yaml"))
    return names


def model_names() -> tuple[str, ...]:
    """Names of the models that ship with the package, the SM first.

    Examples
    --------
    >>> model_names()[:2]
    ('sm', 'combined/lmu-ltau')
    """
    return tuple(sorted(_names(_CATALOGUE), key=lambda name: (name != "sm", name)))


def read_model(name: str) -> ModelEntry:
    """A model of the catalogue by its name.

    Raises
    ------
    InputError
        If there is no such model.
    """
    if name not in model_names():
        raise InputError(
            f"model: unknown model {name!r}{did_you_mean(name, model_names())}; `muobayes models` lists all."
        )
    entry = _CATALOGUE.joinpath(f"{name}.yaml")
    return _parse(yaml.safe_load(entry.read_text(encoding="utf-8")), f"{name}.yaml")


def resolve_model(name_or_path: str) -> ModelEntry:
    """A catalogue model by name, or a user's own by the path of its YAML file."""
    if name_or_path.endswith((".yaml", ".yml")):
        return read_model_file(Path(name_or_path))
    return read_model(name_or_path)


def read_model_file(path: Path) -> ModelEntry:
    """A user's own model from a YAML file with the same keys as a catalogue entry.

    Raises
    ------
    InputError
        If the file cannot be read or one of its keys or values is not allowed.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a YAML file ({' '.join(str(error).split())}).") from None
    return _parse(document, str(path))


def _parse(document: object, where: str) -> ModelEntry:
    if not isinstance(document, dict):
        raise InputError(f"{where}: a model is a mapping with the keys {', '.join(ModelEntry.model_fields)}.")
    document = _with_shared_parameters(document, where)
    try:
        return ModelEntry.model_validate(document)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        keys = [str(key) for key in first["loc"]]
        at = ".".join(keys)
        if first["type"] == "extra_forbidden":
            message = f"unknown key{did_you_mean(keys[-1], _allowed_keys(keys))}"
        else:
            message = first["msg"].removeprefix("Value error, ")
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise InputError(f"{where}: {at}: {message}{more}.") from None


def _allowed_keys(path: list[str]) -> list[str]:
    parents: Mapping[str, type[BaseModel]] = {
        "gauge": Gauge,
        "fermions": ExtraFermion,
        "parameters": Parameter,
    }
    for parent in reversed(path[:-1]):
        if parent in parents:
            return list(parents[parent].model_fields)
    return list(ModelEntry.model_fields)


def parameter_blocks() -> dict[str, dict[str, Any]]:
    """The blocks of shared parameters that an entry may ``use``, by name."""
    return yaml.safe_load(_CATALOGUE.joinpath("_parameters.yaml").read_text(encoding="utf-8"))


def _with_shared_parameters(document: dict[str, Any], where: str) -> dict[str, Any]:
    """Fill in ``use: [block, ...]``: parameters that models share are written once, in ``_parameters.yaml``.

    What the entry says itself (a prior of its own, say) goes over what the block says.
    """
    shared = parameter_blocks()
    document = dict(document)
    merged: dict[str, Any] = {}
    for block in document.pop("use", []):
        if block not in shared:
            raise InputError(
                f"{where}: use: unknown parameter block {block!r}{did_you_mean(block, shared)}; "
                f"allowed are {', '.join(shared)}."
            )
        merged |= shared[block]
    own = document.get("parameters") or {}
    if not isinstance(own, dict):
        raise InputError(
            f"{where}: parameters: a mapping from names to latex, description, unit and prior is needed."
        )
    for name, keys in own.items():
        merged[name] = {**merged.get(name, {}), **keys} if isinstance(keys, dict) else keys
    return {**document, "parameters": merged}
