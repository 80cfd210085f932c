"""Export of predictions: every observable as an expression in exact polynomials of Wilson coefficients.

The work is split into groups of polynomials that depend on the same sectors; each finished group is kept in a cache
folder, so that an interrupted export goes on where it stopped.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._files import write_text
from ._anatomy import anatomy
from ._fixed_wilson import Coefficient, FixedWilson, Frame, real_coefficients
from ._forms import Anatomy, Observable
from ._polynomial import Point, Polynomial, active_variables, design, evaluate_all, evaluator, fit, step

CKM_PARAMETERS = ("Vus", "Vcb", "Vub", "gamma")
_STEP = 0.02  # relative, of CKM parameters
# Of the size of a polynomial, for a CKM parameter that doubles: below it, coefficients are taken to respond on average.
NEGLIGIBLE = 1e-5
_RNG_SEED = 20211125


class CkmResponse(NamedTuple):
    """How a polynomial changes with one CKM parameter.

    The constant to second order (new physics in Delta M_d moves gamma by some degrees); the linear and the quadratic
    part scale as a whole (their dependence is that of the CKM factor which multiplies the new physics), by the
    logarithmic derivative averaged over random directions. What the linear coefficients do beyond that average is
    found by `_linear_by`.
    """

    constant: float
    log_linear: float
    log_quadratic: float
    curvature: float


class Component(NamedTuple):
    """A polynomial and its response to the CKM parameters of the scheme."""

    polynomial: Polynomial
    by_ckm: dict[str, CkmResponse]


class Group(NamedTuple):
    """Components that depend on the same sectors."""

    name: str
    keys: tuple[str, ...]
    functions: tuple[Callable, ...]
    candidates: tuple[Coefficient, ...]


def observable_key(observable: Observable) -> str:
    """The name of an observable in every artifact: flavio's name, or the JSON text of
    [name, arguments...] with the arguments as floats (the same bin may be written 6 or 6.0)."""
    if isinstance(observable, str):
        return observable
    name, *arguments = observable
    return json.dumps([name, *map(float, arguments)])


def groups_of(anatomies: Mapping[str, Anatomy], par: Mapping[str, float]) -> list[Group]:
    """Sort the components of all observables by the sectors that they depend on."""
    functions: dict[str, Callable] = {}
    for form in anatomies.values():
        functions.update(form.components)
    by_request: dict[frozenset, list[str]] = {}
    for key, function in functions.items():
        wilson = FixedWilson()
        function(wilson, par)
        by_request.setdefault(frozenset(wilson.requests), []).append(key)
    groups = []
    for requests, keys in by_request.items():
        candidates = [c for frame, sector in sorted(requests) for c in real_coefficients(frame, sector)]
        name = (
            "+".join(f"{frame.eft}@{frame.scale:g}:{sector}" for frame, sector in sorted(requests))
            or "constants"
        )
        groups.append(Group(name, tuple(keys), tuple(functions[k] for k in keys), tuple(candidates)))
    return sorted(groups, key=lambda g: g.name)


def export_group(
    group: Group, par: Mapping[str, float], processes: int
) -> tuple[list[Component], list[float]]:
    """The components of a group, and the worst relative residual of each at independent points."""
    rng = np.random.default_rng(_RNG_SEED)
    evaluate = evaluator(group.functions, par)
    number = len(group.keys)
    active = active_variables(evaluate, number, group.candidates, rng, processes)
    points = design(evaluate, active, rng, processes)
    results = evaluate_all(evaluate, points, processes)
    polynomials = fit(active, list(zip(points, results, strict=True)))
    by_ckm: list[dict[str, CkmResponse]] = [{} for _ in range(number)]
    for name in CKM_PARAMETERS:
        for i, response in enumerate(_ckm_responses(group, par, name, polynomials, processes)):
            by_ckm[i][name] = response
    residuals = _residuals(evaluate, polynomials, rng, processes)
    return [Component(p, d) for p, d in zip(polynomials, by_ckm, strict=True)], residuals


def _ckm_responses(
    group: Group, par: Mapping[str, float], name: str, polynomials: Sequence[Polynomial], processes: int
) -> list[CkmResponse]:
    """How constant, linear and quadratic part change with a CKM parameter, by central differences.

    The steps are large against the numerical noise of integrals over q2 and small against the curvature of V; relative
    changes are averaged over random directions in the space of coefficients, weighted by the size of the part.
    """
    rng = np.random.default_rng(_RNG_SEED + 1)
    variables = sorted({v for p in polynomials for v in p.variables})
    directions = [
        {v: step(v) * rng.choice([-1, 1]) * rng.uniform(0.3, 0.8) for v in variables} for _ in range(2)
    ]
    every = range(len(polynomials))
    small, large = _STEP * par[name], 0.05 * par[name]
    evaluators = {
        shift: evaluator(group.functions, {**par, name: par[name] + shift})
        for shift in (0.0, small, -small, large, -large)
    }
    points = [{}, *({v: sign * x for v, x in d.items()} for d in directions for sign in (1, -1))]
    where = [(shift, values) for shift in (0.0, small, -small) for values in points]
    where += [(large, {}), (-large, {})]

    def at(place: tuple[float, Mapping], which: Sequence[int]) -> np.ndarray:
        shift, values = place
        return evaluators[shift](values, which)

    found = np.array(evaluate_all(at, [Point(place, every) for place in where], processes))
    plus, minus = found[-2:]
    inner = found[:-2].reshape(3, len(points), len(polynomials))
    zero, a, b = inner[:, :1], inner[:, 1::2], inner[:, 2::2]
    odd, even = (a - b) / 2, (a + b) / 2 - zero

    def relative(part: np.ndarray) -> np.ndarray:
        here, up, down = part
        change, norm = (up - down) / (2 * small), np.sum(here**2, axis=0)
        return np.divide(np.sum(change * here, axis=0), norm, out=np.zeros_like(norm), where=norm > 0)

    linear, quadratic = relative(odd), relative(even)
    constant = np.array([p.constant for p in polynomials])
    first, second = (plus - minus) / (2 * large), (plus - 2 * constant + minus) / large**2
    return [
        CkmResponse(
            float(first[i]),
            float(linear[i]) if p.linear.any() else 0.0,
            float(quadratic[i]) if p.quadratic.any() else 0.0,
            float(second[i]),
        )
        for i, p in enumerate(polynomials)
    ]


def _own_responses(group: Group) -> tuple[str, ...]:
    """The CKM parameters by which every linear coefficient of a group has its own derivative.

    They are those that turn the phases of interference terms. In b -> s, Vub is left out: |Vub Vus| is 2 % of |Vtb Vts|
    and itself moves by per cents only.
    """
    return ("gamma",) if {c.sector for c in group.candidates} == {"sb"} else ("Vub", "gamma")


def _linear_by(
    name: str,
    group: Group,
    par: Mapping[str, float],
    linear: Mapping[int, Mapping[Coefficient, float]],
    processes: int,
) -> dict[int, dict[Coefficient, float]]:
    """Derivatives of linear coefficients by a CKM parameter, by central differences.

    Parameters
    ----------
    name : str
        The CKM parameter.
    group : Group
        Whose functions are evaluated.
    par : mapping
        flavio parameters.
    linear : mapping
        Place of a function in the group -> its linear coefficients.
    processes : int
        Number of worker processes.

    Returns
    -------
    dict
        Place of a function -> derivatives of the same coefficients.
    """
    users: dict[Coefficient, tuple[int, ...]] = {}
    for i, coefficients in linear.items():
        for v in coefficients:
            users[v] = (*users.get(v, ()), i)
    points = [Point({v: sign * step(v)}, which) for v, which in users.items() for sign in (1, -1)]
    shift = _STEP * par[name]
    up, down = (
        evaluate_all(evaluator(group.functions, {**par, name: par[name] + s}), points, processes)
        for s in (shift, -shift)
    )
    changes = [a - b for a, b in zip(up, down, strict=True)]
    found: dict[int, dict[Coefficient, float]] = {i: {} for i in linear}
    for (v, which), plus, minus in zip(users.items(), changes[::2], changes[1::2], strict=True):
        for i, change in zip(which, (plus - minus) / (4 * step(v) * shift), strict=True):
            found[i][v] = float(change)
    return found


def _residuals(evaluate, polynomials, rng, processes, number_of_points: int = 3) -> list[float]:
    """Worst |polynomial - function| / max(|function|, |constant|) at random points of natural size."""
    variables = sorted({v for p in polynomials for v in p.variables})
    every = tuple(range(len(polynomials)))
    points = [
        Point({v: 0.5 * step(v) * rng.normal() for v in variables}, every) for _ in range(number_of_points)
    ]
    results = evaluate_all(evaluate, points, processes)
    worst = [0.0] * len(polynomials)
    for point, values in zip(points, results, strict=True):
        for i, (p, value) in enumerate(zip(polynomials, values, strict=True)):
            size = max(abs(value), abs(p.constant), 1e-300)
            worst[i] = max(worst[i], abs(p(point.values) - value) / size)
    return worst


# --- cache and document -------------------------------------------------------------------------------------------------


def _polynomial_to_json(p: Polynomial, index: dict[Coefficient, int]) -> dict[str, Any]:
    ids = [index.setdefault(v, len(index)) for v in p.variables]
    rows, columns = np.nonzero(p.quadratic)
    return {
        "constant": p.constant,
        "linear": [[ids[i], float(p.linear[i])] for i in np.nonzero(p.linear)[0]],
        "quadratic": [[ids[i], ids[j], float(p.quadratic[i, j])] for i, j in zip(rows, columns, strict=True)],
    }


def _coefficient_to_json(c: Coefficient) -> list:
    return [*c.frame, c.sector, c.name, c.part]


def _coefficient_from_json(row: Sequence) -> Coefficient:
    return Coefficient(Frame(*row[:3]), *row[3:])


def _store(path: Path, document: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(document))


def group_document(
    group: Group, par: Mapping[str, float], cache: Path, versions: Mapping, processes: int
) -> dict:
    """The components of a group: from the cache what is there, computed now and put there what is not."""
    fingerprint = hashlib.sha256(
        json.dumps(
            [group.name, sorted(par.items()), sorted(versions.items()), [step(c) for c in group.candidates]]
        ).encode()
    ).hexdigest()[:16]
    path = cache / f"group-{fingerprint}.json"
    document: dict[str, Any] = {"group": group.name, "components": {}, "variables": []}
    if path.exists():
        document = json.loads(path.read_text())
    components = document["components"]
    if missing := [i for i, key in enumerate(group.keys) if key not in components]:
        rest = Group(
            group.name,
            tuple(group.keys[i] for i in missing),
            tuple(group.functions[i] for i in missing),
            group.candidates,
        )
        index = {_coefficient_from_json(v): i for i, v in enumerate(document["variables"])}
        for key, c, r in zip(rest.keys, *export_group(rest, par, processes), strict=True):
            components[key] = _polynomial_to_json(c.polynomial, index) | {
                "by_ckm": {n: list(d) for n, d in c.by_ckm.items()},
                "residual": r,
            }
        document["variables"] = [_coefficient_to_json(c) for c in index]
        _store(path, document)
    variables = [_coefficient_from_json(v) for v in document["variables"]]
    for name in _own_responses(group):
        linear = {
            i: {variables[j]: x for j, x in components[key]["linear"]}
            for i, key in enumerate(group.keys)
            if name not in components[key].setdefault("linear_by_ckm", {})
        }
        if linear:
            for i, derivatives in _linear_by(name, group, par, linear, processes).items():
                components[group.keys[i]]["linear_by_ckm"][name] = [
                    [variables.index(v), x] for v, x in derivatives.items()
                ]
            _store(path, document)
    return document


def export_predictions(
    observables: Iterable[Observable],
    par: Mapping[str, float],
    cache: Path,
    versions: Mapping[str, str],
    *,
    processes: int,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """All observables as one document: variables, components (polynomials), and expressions.

    Parameters
    ----------
    observables : iterable of str or tuple
        flavio's names, with arguments.
    par : mapping
        flavio parameters, GeV units, CKM included.
    cache : Path
        Folder for finished groups.
    versions : mapping
        Versions of the programs; part of the fingerprint of the cache.
    processes : int
        Number of worker processes.
    report : callable
        Receives a line of progress per group.
    """
    warnings.simplefilter("ignore")
    anatomies = {observable_key(o): anatomy(o) for o in observables}
    groups = groups_of(anatomies, par)
    variables: dict[Coefficient, int] = {}
    components: dict[str, Any] = {}
    for number, group in enumerate(groups, 1):
        document = group_document(group, par, cache, versions, processes)
        own = [variables.setdefault(_coefficient_from_json(v), len(variables)) for v in document["variables"]]
        for key in group.keys:
            component = _beyond_average(document["components"][key], document["variables"], par)
            components[key] = _renumber(component, own)
        report(f"[{number}/{len(groups)}] {group.name}: {len(group.keys)} polynomials")
    return {
        "variables": [_coefficient_to_json(v) for v in variables],
        "components": components,
        "observables": {
            key: {"expression": form.expression, "components": [k for k, _ in form.components]}
            for key, form in anatomies.items()
        },
    }


def _beyond_average(
    component: dict[str, Any], variables: Sequence[Sequence], par: Mapping[str, float]
) -> dict[str, Any]:
    """A component with its derivatives of linear coefficients less the averaged response, where that matters."""
    sizes = [step(_coefficient_from_json(v)) for v in variables]
    linear = dict(component["linear"])
    limit = NEGLIGIBLE * max([abs(component["constant"]), *(abs(x) * sizes[i] for i, x in linear.items())])
    beyond = {}
    for name, derivatives in component["linear_by_ckm"].items():
        average = CkmResponse(*component["by_ckm"][name]).log_linear
        own = [[i, x - average * linear[i]] for i, x in derivatives]
        beyond[name] = [[i, x] for i, x in own if abs(x) * sizes[i] * par[name] > limit]
    return component | {"linear_by_ckm": {name: rows for name, rows in beyond.items() if rows}}


def _renumber(component: Mapping[str, Any], own: Sequence[int]) -> dict[str, Any]:
    out = dict(component)
    out["linear"] = [[own[i], x] for i, x in component["linear"]]
    out["linear_by_ckm"] = {
        name: [[own[i], x] for i, x in rows] for name, rows in component["linear_by_ckm"].items()
    }
    out["quadratic"] = [[own[i], own[j], x] for i, j, x in component["quadratic"]]
    return out
