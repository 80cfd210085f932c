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
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import flavio
import numpy as np
import smelli

from ._anatomy import anatomy
from ._fixed_wilson import Coefficient, FixedWilson, Frame
from ._forms import Anatomy, Observable, name_and_arguments, value
from ._polynomial import Point, Polynomial, evaluator, fit, step
from .predictions import Group, _evaluate_all, groups_of

COEFFICIENTS = ("C9_bsmumu", "C9p_bsmumu", "C10_bsmumu", "C10p_bsmumu")
FRAMES = (4.8, 5.0)  # GeV, where flavio asks for them: exclusive and inclusive decays
STEP = 0.5  # of the differences, in standard deviations
UNEXPLAINED = 0.01  # of the total variance of an observable, that may be left to the constant part
_PROOF_STEP = 0.1  # small against the curvature of ratios
_DRAWS = 4000
_SEED = 20211125
_WORKER: dict[str, Any] = {}  # what a forked worker process inherits


class Directions(NamedTuple):
    """Directions in the space of parameters, each one standard deviation long.

    Attributes
    ----------
    parameters : tuple of str
        flavio's names.
    shifts : (parameters, directions) array
        In the units of the parameters.
    """

    parameters: tuple[str, ...]
    shifts: np.ndarray

    def moved(self, par: Mapping[str, float], amounts: np.ndarray) -> dict[str, float]:
        """flavio's parameters, moved by so many standard deviations along each direction."""
        change = self.shifts @ amounts
        return {**par, **{name: par[name] + x for name, x in zip(self.parameters, change, strict=True)}}


class _Recorded(dict):
    """Parameters that remember which of them were asked for."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.used: set[str] = set()

    def __getitem__(self, key):
        self.used.add(key)
        return super().__getitem__(key)

    def copy(self):
        """A copy that records for the original: flavio reads the hadronic corrections of B -> V from one."""
        twin = _Recorded(self)
        twin.used = self.used
        return twin


def b_to_s_groups(observables: Mapping[str, Observable], par: Mapping[str, float]) -> list[Group]:
    """The polynomials of b -> s decays, whether they contain a muon or not: those share parameters."""
    forms = {key: anatomy(o) for key, o in observables.items()}
    names = {f"WET@{scale:g}:sb" for scale in FRAMES}
    return [g for g in groups_of(forms, par) if g.name in names]


def independent_directions(groups: Sequence[Group], par: Mapping[str, float]) -> Directions:
    """Principal axes of the distribution of every parameter that the groups use, from draws of smelli's distribution."""
    recorded = _Recorded(par)
    for group in groups:
        evaluator(group.functions, recorded)({}, range(len(group.keys)))
    constraints = next(iter(smelli.GlobalLikelihood().fast_likelihoods.values())).par_obj
    np.random.seed(_SEED)  # noqa: NPY002  (flavio draws from numpy's global state)
    draws = constraints.get_random_all(size=_DRAWS)
    spread = {name: float(np.std(draws[name])) for name in sorted(recorded.used) if name in draws}
    names = tuple(name for name, sd in spread.items() if sd > 1e-12 * abs(par[name]))
    sd = np.array([spread[name] for name in names])
    values, vectors = np.linalg.eigh(np.corrcoef([draws[name] for name in names]))
    kept = values > 1e-8
    return Directions(names, sd[:, None] * vectors[:, kept] * np.sqrt(values[kept]))


def moved_values(
    functions: Sequence[Callable], directions: Directions, par: Mapping[str, float], processes: int
) -> np.ndarray:
    """Functions in the SM, (directions, 2, functions): `STEP` standard deviations up and down along each direction."""
    every = range(len(functions))

    def at(amounts: np.ndarray, _: Sequence[int]) -> np.ndarray:
        return evaluator(functions, directions.moved(par, amounts))({}, every)

    number = directions.shifts.shape[1]
    points = [Point(sign * STEP * row, ()) for row in np.eye(number) for sign in (1, -1)]  # type: ignore[arg-type]
    return np.array(_evaluate_all(at, points, processes)).reshape(number, 2, len(functions))


def sm_response(
    groups: Sequence[Group],
    forms: Mapping[str, Anatomy],
    directions: Directions,
    par: Mapping[str, float],
    processes: int,
) -> np.ndarray:
    """Derivative of every observable by every direction in the SM, (observables, directions)."""
    functions = {k: f for g in groups for k, f in zip(g.keys, g.functions, strict=True)}
    constants = {
        k: float(np.real(f(FixedWilson(), par))) for k, f in _other_components(forms, functions).items()
    }
    found = moved_values(list(functions.values()), directions, par, processes)
    predictions = np.array(
        [
            [
                [observable_value(form, constants | dict(zip(functions, row, strict=True))) for row in pair]
                for pair in found
            ]
            for form in forms.values()
        ]
    )
    return (predictions[..., 0] - predictions[..., 1]) / (2 * STEP)


def _other_components(forms: Mapping[str, Anatomy], known: Collection[str]) -> dict[str, Callable]:
    return {name: f for form in forms.values() for name, f in form.components if name not in known}


def observable_value(form: Anatomy, components: Mapping[str, float]) -> float:
    """An observable from the values of its polynomials."""
    return value(form.expression, [name for name, _ in form.components], components)


def principal(
    directions: Directions, response: np.ndarray, sigma: np.ndarray
) -> tuple[Directions, np.ndarray]:
    """The fewest principal directions that leave no observable more than `UNEXPLAINED` of its total variance.

    Parameters
    ----------
    directions : Directions
        Independent ones.
    response : (o, d) array
        Derivatives of observables.
    sigma : (o,) array
        Total uncertainties.

    Returns
    -------
    Directions, and the unexplained part of each observable's total variance
    """
    scaled = response / sigma[:, None]
    _, _, axes = np.linalg.svd(scaled, full_matrices=False)
    explained = np.cumsum((scaled @ axes.T) ** 2, axis=1)
    rest = explained[:, -1:] - explained
    number = int(np.argmax(rest.max(axis=0) < UNEXPLAINED)) + 1
    return directions._replace(shifts=directions.shifts @ axes[:number].T), rest[:, number - 1]


def coefficients_of(group: Group, par: Mapping[str, float]) -> list[list[Coefficient]]:
    """Those of `COEFFICIENTS` that each polynomial of a group depends on: all, or none."""
    variables = [c for c in group.candidates if c.name in COEFFICIENTS and c.part == "Re"]
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
    variables = active[moving[0]]
    points = [Point({}, every)]
    points += [Point({v: sign * step(v)}, moving) for v in variables for sign in (1, -1)]
    points += [Point({a: step(a), b: step(b)}, moving) for a, b in combinations(variables, 2)]
    amount = np.zeros(directions.shifts.shape[1])
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
    groups = b_to_s_groups(observables, par)
    keys = [k for g in groups for k in g.keys]
    every = {key: anatomy(o) for key, o in observables.items()}
    forms = {key: f for key, f in every.items() if any(name in keys for name, _ in f.components)}
    content = [
        sorted(every),
        keys,
        sorted(par.items()),
        sorted(versions.items()),
        STEP,
        UNEXPLAINED,
        _DRAWS,
        _SEED,
    ]
    folder = cache / f"nuisance-{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    directions, rest = _principal_directions(folder / "directions.npz", groups, forms, sigma, par, processes)
    number = directions.shifts.shape[1]
    report(
        f"{number} directions of {len(directions.parameters)} parameters leave {rest.max():.2%} of a variance at most"
    )
    _WORKER.update(
        groups=groups,
        active=[coefficients_of(g, par) for g in groups],
        directions=directions,
        par=par,
        folder=folder,
    )
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for done, _ in enumerate(pool.imap_unordered(_export_direction, range(number)), 1):
            report(f"nuisance parameters: {done}/{number} directions")
    polynomials = np.array([np.load(_direction_file(folder, which)) for which in range(number)])
    scale = [np.full(len(g.keys), g.candidates[0].frame.scale) for g in groups]
    # Everything else is correlated with b -> s through common parameters (Vcb), as in the SM.
    others = _other_components(every, keys)
    found = moved_values(list(others.values()), directions, par, processes)
    constant = np.zeros((number, len(others), polynomials.shape[2]))
    constant[..., 0] = (found[:, 0] - found[:, 1]) / (2 * STEP)
    arrays = {
        "components": np.array([*keys, *others]),
        "scale": np.concatenate([*scale, np.full(len(others), FRAMES[0])]),
        "polynomials": np.concatenate([polynomials, constant], axis=1),
        "parameters": np.array(directions.parameters),
        "shifts": directions.shifts,
    }
    return arrays, {"directions": number, "largest unexplained part of a total variance": float(rest.max())}


def _direction_file(folder: Path, which: int) -> Path:
    return folder / f"{which:03d}.npy"


def _export_direction(which: int) -> None:
    warnings.simplefilter("ignore")
    path = _direction_file(_WORKER["folder"], which)
    if path.exists():
        return
    rows = [
        _row(p)
        for group, active in zip(_WORKER["groups"], _WORKER["active"], strict=True)
        for p in derivative_polynomials(group, active, _WORKER["directions"], which, _WORKER["par"])
    ]
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as stream:
        np.save(stream, np.array(rows))
    temporary.replace(path)


def _principal_directions(
    path: Path,
    groups: Sequence[Group],
    forms: Mapping[str, Anatomy],
    sigma: Mapping[str, float],
    par: Mapping[str, float],
    processes: int,
) -> tuple[Directions, np.ndarray]:
    if not path.exists():
        every = independent_directions(groups, par)
        response = sm_response(groups, forms, every, par, processes)
        found, rest = principal(every, response, np.array([sigma[key] for key in forms]))
        np.savez(path, parameters=np.array(found.parameters), shifts=found.shifts, rest=rest)
    with np.load(path) as stored:
        return Directions(tuple(stored["parameters"].tolist()), stored["shifts"]), stored["rest"]


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
