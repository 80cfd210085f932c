"""Observables as POPxf documents: functions of polynomials in Wilson coefficients of one basis.

jelli 0.1 reads an earlier draft of POPxf 1.0: it calls the variables of an expression ``terms``, takes uncertainties
by monomial instead of by source, wants ``observable_central`` beside ``polynomial_central``, refuses lists of scales
and knows no function but sqrt. The two flavours of a document differ in nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .expressions import algebraic

__all__ = ["Frame", "coefficients_of", "components_of", "document", "fixed_name", "frames_of", "wcxf_name"]

SCHEMA = "https://json.schemastore.org/popxf-1.0.json"
CONSTANT = "('', '', 'RR')"
Artifact = Mapping[str, Any]


class Frame(NamedTuple):
    """Where coefficients are defined: EFT, WCxf basis and scale in GeV."""

    eft: str
    basis: str
    scale: float


def coefficients_of(artifact: Artifact, components: Sequence[str]) -> list[int]:
    """Places of the coefficients that some polynomials depend on."""
    used: set[int] = set()
    for name in components:
        component = artifact["components"][name]
        used |= {i for i, _ in component["linear"]}
        used |= {k for i, j, _ in component["quadratic"] for k in (i, j)}
    return sorted(used)


def frames_of(artifact: Artifact, components: Sequence[str]) -> tuple[Frame, ...]:
    """The frames that some polynomials live in."""
    variables = artifact["variables"]
    return tuple(sorted({Frame(*variables[i][:3]) for i in coefficients_of(artifact, components)}))


def fixed_name(variable: Sequence[Any]) -> str:
    """Name of a coefficient that states where it is defined, e.g. ``C9_bsmumu|WET|4.8``."""
    return f"{variable[4]}|{variable[0]}|{variable[2]!r}"


def wcxf_name(variable: Sequence[Any]) -> str:
    """Name of a coefficient in its WCxf basis."""
    return str(variable[4])


def _monomial(artifact: Artifact, name, *places: int) -> str:
    """The key of a monomial, e.g. ``('C10_bsmumu', 'C9_bsmumu', 'RI')``."""
    variables = artifact["variables"]
    pairs = sorted((name(variables[i]), "I" if variables[i][5] == "Im" else "R") for i in places)
    # real parts come first for a coefficient times itself, as in the products of a sorted basis
    pairs = sorted(pairs, key=lambda p: (p[0], p[1] == "I"))
    pairs = [("", "R")] * (2 - len(pairs)) + pairs
    return str((pairs[0][0], pairs[1][0], pairs[0][1] + pairs[1][1]))


def _polynomials(artifact: Artifact, components: Sequence[str], name) -> dict[str, list[float]]:
    """Monomial -> its coefficient in each polynomial."""
    table: dict[str, np.ndarray] = {CONSTANT: np.zeros(len(components))}

    def add(key: str, column: int, value: float) -> None:
        table.setdefault(key, np.zeros(len(components)))[column] += value

    for column, component in enumerate(artifact["components"][c] for c in components):
        add(CONSTANT, column, component["constant"])
        for i, value in component["linear"]:
            add(_monomial(artifact, name, i), column, value)
        for i, j, value in component["quadratic"]:
            add(_monomial(artifact, name, i, j), column, value)
    return {key: _short(values) for key, values in sorted(table.items())}


def _short(values: np.ndarray) -> list[float]:
    """Numbers for JSON; a zero is written in one digit, because most of the table is zero."""
    return [v if v else 0 for v in values.tolist()]


def document(
    artifact: Artifact,
    observables: Sequence[str],
    basis: Mapping[str, Any],
    scale: float | Sequence[float],
    *,
    sm: Mapping[str, float],
    shifts: Mapping[str, float],
    uncertainties: Mapping[str, float] | None,
    parameters: Sequence[str],
    jelli: bool,
) -> dict[str, Any]:
    """A POPxf document.

    Parameters
    ----------
    artifact : mapping
        The exported predictions.
    observables : sequence of str
        Keys.
    basis : mapping
        The field ``metadata.basis``; coefficients carry WCxf names if it has an entry ``wcxf``.
    scale : float or sequence of float
        In GeV, common or for each polynomial.
    sm : mapping
        SM predictions.
    shifts : mapping
        Constants to add to predictions (data sets with another SM value).
    uncertainties : mapping or None
        Theory uncertainties in the SM, for Gaussian terms.
    parameters : sequence of str
        Names of the coefficients.
    jelli : bool
        The flavour of jelli 0.1 instead of POPxf 1.0.
    """
    name = wcxf_name if "wcxf" in basis else fixed_name
    components = components_of(artifact, observables)
    expressions = []
    for key in observables:
        form = artifact["observables"][key]
        text = f"{form['expression']} + {shifts[key]!r}" if shifts.get(key) else form["expression"]
        used = {f"p{i}": component for i, component in enumerate(form["components"])}
        expressions.append(
            {"terms": used, "expression": algebraic(text)}
            if jelli
            else {"variables": used, "expression": text}
        )
    data: dict[str, Any] = {"polynomial_central": _polynomials(artifact, components, name)}
    if jelli:
        data["observable_central"] = {CONSTANT: [sm[o] for o in observables]}
    if uncertainties is not None:
        sigma = [uncertainties[o] for o in observables]
        data["observable_uncertainties"] = {CONSTANT: sigma} if jelli else {"total": sigma}
    return {
        "$schema": SCHEMA,
        "metadata": {
            "basis": dict(basis),
            "scale": scale,
            "parameters": list(parameters),
            "observable_names": list(observables),
            "polynomial_names": components,
            "observable_expressions": expressions,
            "reproducibility": [
                {
                    "description": "Polynomials of flavio's observables in coefficients at the scale of the observable.",
                    "tool": {"name": "muobayes"},
                }
            ],
        },
        "data": data,
    }


def components_of(artifact: Artifact, observables: Sequence[str]) -> list[str]:
    """The polynomials of some observables, each once."""
    return list(dict.fromkeys(c for o in observables for c in artifact["observables"][o]["components"]))
