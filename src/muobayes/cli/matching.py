"""``muobayes match``: the Warsaw coefficients that a point of a leptoquark model generates."""

import json
from cmath import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, did_you_mean
from ..units import parse_energy

if TYPE_CHECKING:
    from ..matching import Leptoquark, SMParameters

_FIELDS = {"s1": ("S1",), "s3": ("S3",), "r2": ("R2",), "s1+s3": ("S1", "S3"), "r2+s3": ("R2", "S3")}
_PARAMETERS = {
    "S1": ("M1", "eta11L", "eta12L", "eta13L", "eta11R", "eta12R", "eta13R", "lamH1"),
    "S3": ("M3", "eta31L", "eta32L", "eta33L", "lamH3", "kapH3"),
    "R2": ("M2", "eta21L", "eta22L", "eta23L", "eta21R", "eta22R", "eta23R", "lamH2", "kapH2"),
    "S1tau": ("M1tau", "etaTau11L", "etaTau12L", "etaTau13L", "etaTau11R", "etaTau12R", "etaTau13R"),
    "S1 S3": ("kapH13",),
}


def match(
    model: Annotated[str, typer.Argument(help="s1, s3, r2, s1+s3, r2+s3, or a model of the catalogue")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="parameter=value, for example eta33L=0.43 or M3='3 TeV'; may be repeated"),
    ] = None,
    couplings: Annotated[
        Path | None,
        typer.Option(
            help="JSON file with M_GeV (or M1_GeV, M2_GeV, M3_GeV), mu_M_GeV, couplings and perhaps SM"
        ),
    ] = None,
    scale: Annotated[str | None, typer.Option(help="matching scale, for example '3 TeV'")] = None,
    loop: Annotated[int, typer.Option(help="0: tree level; 1: tree level and one loop")] = 1,
    wcxf: Annotated[Path | None, typer.Option(help="write tree plus loop as a WCxf file")] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", help="write tree, loop and its part with both fields separately")
    ] = None,
) -> None:
    """Match leptoquarks S1, S3, R2 to the SMEFT: Warsaw coefficients in GeV^-2 at the matching scale.

    With --set the leptoquarks couple to muons; light left-handed quarks follow the U(2) spurion unless they
    are set, and other parameters that are not set are zero (for a model of the catalogue: at its fixed
    value, if it has one).
    """
    if loop not in (0, 1):
        raise InputError(f"--loop {loop}: allowed are 0 and 1.")
    if (couplings is None) == (not set_):
        raise InputError("give the couplings either with --set or with --couplings, and not with both.")

    if couplings is not None:
        point, sm, mu = _from_file(model, couplings, scale)
    else:
        point, sm, mu = _from_options(model, set_ or [], scale)
    _check_masses(point)
    parts = _evaluate(point, sm, mu, loop)

    total: dict[str, complex] = {}
    for part in ("tree", "loop"):
        for name, value in parts.get(part, {}).items():
            total[name] = total.get(name, 0j) + value
    if json_ is not None:
        document = {
            part: {name: [z.real, z.imag] for name, z in values.items()} for part, values in parts.items()
        }
        json_.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if wcxf is not None:
        from ..matching.wcxf import wcxf_document

        wcxf.write_text(json.dumps(wcxf_document(total, mu), indent=1) + "\n", encoding="utf-8")
    typer.echo(f"{len(total)} non-vanishing coefficients at {mu:g} GeV ({point.model}, {loop} loop)")
    if json_ is None and wcxf is None:
        for name, z in total.items():
            typer.echo(f"{name:14s} {z.real: .6e} {z.imag:+.6e}i")


def _check_masses(point: "Leptoquark") -> None:
    from ..matching import R2S3, S1S3
    from ..matching.loop_functions import LARGEST_RATIO

    if isinstance(point, S1S3 | R2S3):
        low, high = sorted(float(field.M) for field in point.fields())
        if high > LARGEST_RATIO * low:
            raise InputError(
                f"the masses {low:g} GeV and {high:g} GeV are too different: their ratio can be up to "
                f"{LARGEST_RATIO:g}; match the fields one by one."
            )


def _from_file(model: str, path: Path, scale: str | None) -> "tuple[Leptoquark, SMParameters, float]":
    from ..matching.wcxf import couplings_from_json, read_json, sm_from_json

    if model not in _FIELDS:
        raise InputError(
            f"--couplings needs one of {', '.join(_FIELDS)}, not {model!r}{did_you_mean(model, _FIELDS)}."
        )
    document: Any = read_json(path)
    if not isinstance(document, dict):
        raise InputError(f"{path}: the file must hold one point, a JSON dictionary.")
    if scale is not None:
        document |= {"mu_M_GeV": parse_energy(scale, "--scale")}
    point, mu = couplings_from_json(model, document, str(path))
    given = document.get("SM")
    return point, _measured(mu) if given is None else sm_from_json(given, f"{path}: SM"), mu


def _from_options(
    model: str, settings: list[str], scale: str | None
) -> "tuple[Leptoquark, SMParameters, float]":
    from ..matching import muoquarks

    fields, parameters, known = _FIELDS.get(model), dict[str, complex](), frozenset[str]()
    if fields is None:
        fields, parameters, known = _catalogue(model)
    allowed = [
        name for key, names in _PARAMETERS.items() if set(key.split()) <= set(fields) for name in names
    ] + ["c_d", "c_s"]
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise InputError(f"--set {setting}: write parameter=value.")
        if name not in allowed:
            problem = "the matching does not depend on it" if name in known else "no such parameter"
            hint = "" if name in known else did_you_mean(name, allowed)
            raise InputError(f"--set {name}: {problem}{hint}; allowed are {', '.join(allowed)}.")
        parameters[name] = (
            parse_energy(text, f"--set {name}") if name.startswith("M") else _number(name, text)
        )
    for name in (n for n in allowed if n.startswith("M")):
        if not 0 < parameters.get(name, 0.0).real < inf:
            raise InputError(f"--set {name}: a positive mass is needed, for example --set {name}='3 TeV'.")
    if scale is None:
        raise InputError("--scale is missing; write for example --scale '3 TeV'.")
    mu = parse_energy(scale, "--scale")
    if mu <= 0:
        raise InputError(f"--scale {scale}: it must be positive.")
    sm = _measured(mu)
    return muoquarks({n: parameters[n] for n in parameters if n in allowed}, sm), sm, mu


def _catalogue(model: str) -> tuple[tuple[str, ...], dict[str, complex], frozenset[str]]:
    """Fields of a catalogue model, the fixed values of its parameters, and the names of all."""
    from ..models.catalogue import model_names, resolve_model

    if not model.endswith((".yaml", ".yml")) and model not in model_names():
        known = (*_FIELDS, *model_names())
        raise InputError(
            f"unknown model {model!r}{did_you_mean(model, known)}; allowed are {', '.join(known)}."
        )
    entry = resolve_model(model)
    combinations = (*_FIELDS.values(), ("S1tau",), ("S1tau", "S3"))
    fields = next((f for f in combinations if set(f) == set(entry.mediators)), None)
    if fields is None:
        mediators = " and ".join(entry.mediators) or "no leptoquark"
        raise InputError(
            f"{model} has {mediators}; the matching knows S1, S3, R2, S1tau, and S3 with one of the others."
        )
    fixed: dict[str, complex] = {
        name: float(parameter.prior.value)
        for name, parameter in entry.parameters.items()
        if parameter.prior.type == "fixed"
    }
    return fields, fixed, frozenset(entry.parameters)


def _number(name: str, text: str) -> complex:
    try:
        value = complex(text.replace(" ", ""))
    except ValueError:
        value = complex("nan")
    if not isfinite(value):
        raise InputError(f"--set {name}: {text!r} is not a number; write for example 0.43 or 0.1+0.2j.")
    if name.startswith(("lam", "kapH2", "c_")) or name == "kapH3":
        if value.imag:
            raise InputError(f"--set {name}: it must be real.")
        return value.real
    return value


def _measured(mu: float) -> "SMParameters":
    """Measured Standard Model couplings run to the matching scale."""
    from ..matching import SMParameters
    from ..running.sm import sm_parameters, sm_scale_range

    low, high = sm_scale_range()
    if not low <= mu <= high:
        raise InputError(f"the matching scale must be between {low:g} and {high:g} GeV, and is {mu:g} GeV.")
    sm = sm_parameters(mu)
    return SMParameters(**{name: getattr(sm, name) for name in ("g", "gp", "gs", "Lambda", "Yu", "Yd", "Ye")})


def _evaluate(point: "Leptoquark", sm: "SMParameters", mu: float, loop: int) -> dict[str, dict[str, complex]]:
    from ..matching import matching

    wanted: dict[str, tuple[str, ...]] = {"tree": ("tree",)}
    if loop:
        wanted["loop"] = ("loop", "mixed")
        if "+" in point.model:
            wanted["mixed"] = ("mixed",)
    result = {}
    for part, parts in wanted.items():
        prepared = matching(point.model, parts=parts)
        values = prepared.to_wcxf(prepared(point, sm, mu))
        result[part] = {name: value for name, value in values.items() if value}
    return result
