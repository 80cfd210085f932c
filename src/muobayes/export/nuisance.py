"""How b -> s predictions move with flavio's parameters, at any C9 and C10 (left- and right-handed) of muons.

A theory covariance is J J^T, J the derivatives of predictions by independent parameters of unit variance. Few directions
in the space of parameters explain nearly all of it, measured in units of the total uncertainties: the principal ones of
the SM's J. Along those, the derivative of every polynomial of `predictions` is a quadratic polynomial of the same Wilson
coefficients, found exactly as the polynomials are (arXiv:2103.13370, section 2, varies the covariance in this sense).
"""

import hashlib
import json
import multiprocessing
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import flavio
import numpy as np

from .._files import complete
from ._anatomy import anatomy
from ._directions import (
    DRAWS,
    SEED,
    Cluster,
    Directions,
    clusters,
    principal,
    side_by_side,
    used_parameters,
)
from ._fixed_wilson import Coefficient, Frame
from ._forms import Anatomy, Observable, name_and_arguments, value
from ._polynomial import Point, Polynomial, evaluate_all, evaluator, fit, step
from .predictions import Group, groups_of

COEFFICIENTS = ("C9_bsmumu", "C9p_bsmumu", "C10_bsmumu", "C10p_bsmumu")
FRAMES = (4.8, 5.0)  # GeV, where flavio asks for them: exclusive and inclusive decays
STEP = 0.5  # of the differences, in standard deviations
UNEXPLAINED = 0.02  # of the total variance of an observable, that may be left to the constant part
N_MONOMIALS = 1 + len(COEFFICIENTS) * (len(COEFFICIENTS) + 3) // 2
_PROOF_STEP = 0.1  # small against the curvature of ratios
_LEFT_BY_CLUSTER = 0.25  # of that, by the directions of one cluster
_OTHERS = "not b -> s"
_WORKER: dict[str, Any] = {}  # what a forked worker process inherits


def nuisance_groups(forms: Mapping[str, Anatomy], par: Mapping[str, float]) -> list[Group]:
    """The polynomials of b -> s decays, whether they contain a muon or not (those share parameters), and all others.

    Everything else is correlated with b -> s through common parameters (Vcb), as in the SM.
    """
    names = {f"WET@{scale:g}:sb" for scale in FRAMES}
    every = groups_of(forms, par)
    others = [g for g in every if g.name not in names]
    rest = Group(
        _OTHERS,
        tuple(key for g in others for key in g.keys),
        tuple(f for g in others for f in g.functions),
        (),
    )
    return [*(g for g in every if g.name in names), rest]


def moved_values(
    functions: Sequence[Callable], clusters: Sequence[Cluster], par: Mapping[str, float], processes: int
) -> list[np.ndarray]:
    """Functions in the SM, `STEP` standard deviations up and down along each direction.

    Returns
    -------
    list of (directions, 2, functions) array
        For each cluster; functions that it does not touch keep their value.
    """

    def at(where: Any, which: Sequence[int]) -> np.ndarray:
        cluster, amounts = where
        return evaluator(functions, cluster.directions.moved(par, amounts))({}, which)

    here = evaluator(functions, par)({}, range(len(functions)))
    points = [
        Point((cluster, sign * STEP * row), cluster.functions)  # type: ignore[arg-type]
        for cluster in clusters
        for row in np.eye(cluster.directions.number)
        for sign in (1, -1)
    ]
    values = iter(evaluate_all(at, points, processes))
    found = []
    for cluster in clusters:
        out = np.tile(here, (cluster.directions.number, 2, 1))
        for row in out.reshape(-1, len(functions)):
            row[list(cluster.functions)] = next(values)
        found.append(out)
    return found


def sm_response(forms: Sequence[Anatomy], names: Sequence[str], moved: np.ndarray) -> np.ndarray:
    """Derivative of every observable by every direction in the SM, (observables, directions), from `moved_values`."""
    predictions = np.array(
        [
            [[observable_value(form, dict(zip(names, row, strict=True))) for row in pair] for pair in moved]
            for form in forms
        ]
    )
    return (predictions[..., 0] - predictions[..., 1]) / (2 * STEP)


def observable_value(form: Anatomy, components: Mapping[str, float]) -> float:
    """An observable from the values of its polynomials."""
    return value(form.expression, [name for name, _ in form.components], components)


def coefficients_of(group: Group, par: Mapping[str, float]) -> list[list[Coefficient]]:
    """Those of `COEFFICIENTS` that each polynomial of a group depends on: all, or none."""
    variables = [c for c in group.candidates if c.name in COEFFICIENTS and c.part == "Re"]
    if not variables:
        return [[] for _ in group.keys]
    every, evaluate_at = range(len(group.keys)), evaluator(group.functions, par)
    apart = {
        v: step(v) / k for k, v in enumerate(variables, 1)
    }  # many depend on C9 - C9' and C10 - C10' alone
    here, in_sm = evaluate_at(apart, every), evaluate_at({}, every)
    return [variables if moved else [] for moved in here != in_sm]


def derivative_polynomials(
    group: Group,
    active: Sequence[Sequence[Coefficient]],
    directions: Directions,
    which: int,
    par: Mapping[str, float],
) -> list[Polynomial]:
    """The derivative of each polynomial of a group by one direction, as a polynomial in its active coefficients."""
    every = tuple(range(len(group.keys)))
    moving = tuple(i for i in every if active[i])
    variables = active[moving[0]] if moving else []
    points = [Point({}, every)]
    points += [Point({v: sign * step(v)}, moving) for v in variables for sign in (1, -1)]
    points += [Point({a: step(a), b: step(b)}, moving) for a, b in combinations(variables, 2)]
    amount = np.zeros(directions.number)
    amount[which] = STEP
    up, down = (
        [evaluate_at(p.values, p.which) for p in points]
        for evaluate_at in (evaluator(group.functions, directions.moved(par, a)) for a in (amount, -amount))
    )
    changes = [(a - b) / (2 * STEP) for a, b in zip(up, down, strict=True)]
    return fit(active, list(zip(points, changes, strict=True)))


def export_nuisance(
    observables: Mapping[str, Observable],
    sigma: Mapping[str, float],
    par: Mapping[str, float],
    cache: Path,
    versions: Mapping[str, str],
    *,
    processes: int,
    report: Callable[[str], None] = print,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Derivatives of the polynomials along the principal directions of b -> s, and how those were found.

    Parameters that touch the same polynomials (form factors of one decay, say) form a cluster; the polynomials are found
    along the principal directions of each, for what it touches, and combined to those of all parameters at the end.

    Parameters
    ----------
    observables : mapping
        Key -> flavio's name with arguments.
    sigma : mapping
        Total uncertainty of each of them, flavio units.
    par : mapping
        flavio parameters.
    cache : Path
        Folder of finished directions: an interrupted export goes on there.
    versions : mapping
        Of the programs; part of the fingerprint of the cache.
    processes : int
        Number of worker processes.
    report : callable
        Receives lines of progress.

    Returns
    -------
    arrays, record
        ``components`` (c,) names; ``scale`` (c,) GeV; ``polynomials`` (directions, c, 1 + 4 + 10): constant, linear
        and quadratic (i <= j) coefficients in the order of `COEFFICIENTS`, zero beyond b -> s; ``parameters`` (p,) and
        ``shifts`` (p, directions).
    """
    warnings.simplefilter("ignore")
    every = {key: anatomy(o) for key, o in observables.items()}
    groups = nuisance_groups(every, par)
    names = [k for g in groups for k in g.keys]
    ours = {k for g in groups if g.name != _OTHERS for k in g.keys}
    forms = {key: f for key, f in every.items() if any(name in ours for name, _ in f.components)}
    sizes = np.array([sigma[key] for key in forms])
    content = [
        sorted(every),
        names,
        sorted(par.items()),
        sorted(versions.items()),
        STEP,
        UNEXPLAINED,
        _LEFT_BY_CLUSTER,
        DRAWS,
        SEED,
    ]
    folder = cache / f"nuisance-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    parts = _principal_parts(folder / "clusters.npz", groups, list(forms.values()), sizes, par, processes)
    everything = side_by_side([part.cluster.directions for part in parts])
    report(
        f"{len(everything.parameters)} parameters in {len(parts)} clusters with {everything.number} directions"
    )
    _WORKER.update(
        groups=groups,
        active=[coefficients_of(g, par) for g in groups],
        par=par,
        folder=folder,
        parts=parts,
    )
    tasks = [(i, d) for i, part in enumerate(parts) for d in range(part.cluster.directions.number)]
    tasks.sort(key=lambda task: -len(parts[task[0]].cluster.functions))
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for done, _ in enumerate(pool.imap_unordered(_export_direction, tasks), 1):
            report(f"nuisance parameters: {done}/{len(tasks)} directions")
    polynomials = np.array([np.load(_direction_file(folder, *task)) for task in sorted(tasks)])
    axes, rest = principal(
        np.concatenate([part.response for part in parts], axis=1),
        sizes,
        UNEXPLAINED,
        sum(part.rest for part in parts),
    )
    report(f"{len(axes)} principal directions leave {rest.max():.2%} of a variance at most")
    scales = [g.candidates[0].frame.scale if g.candidates else FRAMES[0] for g in groups]
    arrays = {
        "components": np.array(names),
        "scale": np.repeat(scales, [len(g.keys) for g in groups]),
        "polynomials": np.einsum("kd,dcm->kcm", axes, polynomials),
        "parameters": np.array(everything.parameters),
        "shifts": everything.shifts @ axes.T,
    }
    return arrays, {
        "directions": len(axes),
        "parameters": len(everything.parameters),
        "largest unexplained part of a total variance": float(rest.max()),
    }


class _Part(NamedTuple):
    """Principal directions of a cluster, the response of the b -> s observables, and what the directions leave."""

    cluster: Cluster
    response: np.ndarray
    rest: np.ndarray


def _principal_parts(
    path: Path,
    groups: Sequence[Group],
    forms: Sequence[Anatomy],
    sigma: np.ndarray,
    par: Mapping[str, float],
    processes: int,
) -> list[_Part]:
    if not path.exists():
        functions = [f for g in groups for f in g.functions]
        names = [k for g in groups for k in g.keys]
        used = used_parameters(functions, par)
        wanted = set().union(*used[: len(used) - len(groups[-1].keys)])
        found = clusters(used, wanted, par)
        stored: dict[str, np.ndarray] = {}
        for i, (cluster, moved) in enumerate(
            zip(found, moved_values(functions, found, par, processes), strict=True)
        ):
            response = sm_response(forms, names, moved)
            axes, rest = principal(response, sigma, _LEFT_BY_CLUSTER * UNEXPLAINED)
            stored |= {
                f"{i:03d} parameters": np.array(cluster.directions.parameters),
                f"{i:03d} shifts": cluster.directions.shifts @ axes.T,
                f"{i:03d} functions": np.array(cluster.functions),
                f"{i:03d} response": response @ axes.T,
                f"{i:03d} rest": rest,
            }
        with complete(path) as fresh, fresh.open("wb") as stream:
            np.savez(stream, **stored)  # type: ignore[arg-type]
    with np.load(path) as content:
        numbers = sorted({name.split()[0] for name in content})
        return [
            _Part(
                Cluster(
                    Directions(tuple(content[f"{i} parameters"].tolist()), content[f"{i} shifts"]),
                    tuple(content[f"{i} functions"].tolist()),
                ),
                content[f"{i} response"],
                content[f"{i} rest"],
            )
            for i in numbers
        ]


def _direction_file(folder: Path, cluster: int, which: int) -> Path:
    return folder / f"{cluster:03d}-{which:03d}.npy"


def _export_direction(task: tuple[int, int]) -> None:
    warnings.simplefilter("ignore")
    path = _direction_file(_WORKER["folder"], *task)
    if path.exists():
        return
    cluster = _WORKER["parts"][task[0]].cluster
    groups: list[Group] = _WORKER["groups"]
    rows = np.zeros((sum(len(g.keys) for g in groups), N_MONOMIALS))
    first = 0
    for group, active in zip(groups, _WORKER["active"], strict=True):
        mine = [i - first for i in cluster.functions if first <= i < first + len(group.keys)]
        if mine:
            touched = group._replace(
                keys=tuple(group.keys[i] for i in mine), functions=tuple(group.functions[i] for i in mine)
            )
            found = derivative_polynomials(
                touched, [active[i] for i in mine], cluster.directions, task[1], _WORKER["par"]
            )
            rows[[first + i for i in mine]] = [_row(p) for p in found]
        first += len(group.keys)
    with complete(path) as fresh, fresh.open("wb") as stream:
        np.save(stream, rows)


def _row(p: Polynomial) -> np.ndarray:
    """Constant, linear and quadratic coefficients in the order of `COEFFICIENTS`."""
    n = len(COEFFICIENTS)
    places = [COEFFICIENTS.index(c.name) for c in p.variables]
    linear, quadratic = np.zeros(n), np.zeros((n, n))
    linear[places] = p.linear
    quadratic[np.ix_(places, places)] = p.quadratic
    quadratic = np.triu(quadratic) + np.tril(quadratic, -1).T
    return np.concatenate([[p.constant], linear, quadratic[np.triu_indices(n)]])


def prove(
    arrays: Mapping[str, np.ndarray],
    observables: Mapping[str, Observable],
    sigma: Mapping[str, float],
    par: Mapping[str, float],
    points: int = 2,
) -> float:
    """Largest deviation from flavio of a derivative by a direction, in total uncertainties of the observable.

    At random coefficients and along random combinations of the directions, which built nothing.
    """
    rng = np.random.default_rng(7)
    directions = Directions(tuple(arrays["parameters"].tolist()), arrays["shifts"])
    frames = [Frame("WET", "flavio", scale) for scale in FRAMES]
    names = arrays["components"].tolist()
    forms = {key: anatomy(o) for key, o in observables.items()}
    components = {name: f for form in forms.values() for name, f in form.components}
    predictions = [_prediction(observables[key]) for key in forms]
    scale = 2 * _PROOF_STEP * np.array([sigma[key] for key in forms])
    upper = np.triu_indices(len(COEFFICIENTS))
    worst = 0.0
    for _ in range(points):
        x = rng.uniform(-1, 1, len(COEFFICIENTS))
        coefficients = {Coefficient(f, "sb", n, "Re"): v for f in frames for n, v in zip(COEFFICIENTS, x)}
        signs = rng.choice([-1.0, 1.0], size=directions.shifts.shape[1])
        along = _PROOF_STEP * signs / np.sqrt(len(signs))
        up, down = (
            evaluator(predictions, directions.moved(par, amount))(coefficients, range(len(forms)))
            for amount in (along, -along)
        )
        here = evaluator(list(components.values()), par)(coefficients, range(len(components)))
        monomials = np.concatenate([[1.0], x, np.outer(x, x)[upper]])
        change = dict(
            zip(names, np.einsum("acm,m,a->c", arrays["polynomials"], monomials, along), strict=True)
        )
        ours = [
            [
                observable_value(
                    form, {k: v + sign * change.get(k, 0.0) for k, v in zip(components, here, strict=True)}
                )
                for form in forms.values()
            ]
            for sign in (1, -1)
        ]
        deviation = np.abs(up - down - np.array(ours[0]) + np.array(ours[1])) / scale
        worst = max(worst, float(deviation.max()))
    return worst


def _prediction(observable: Observable) -> Callable:
    name, arguments = name_and_arguments(observable)
    return lambda wilson, par: flavio.Observable[name].prediction_par(par, wilson, *arguments)
