"""From a function that is a polynomial of degree two in the Wilson coefficients to its coefficients, with a proof.

Which coefficients matter is found by group testing (set many at once to random values; split only the sets that have
an effect). The polynomial then follows from one evaluation per monomial, which is exact for a polynomial. Whether the
function is one is checked at independent random points by `residual`.
"""

import multiprocessing
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ._fixed_wilson import Coefficient, FixedWilson
from ._sharing import Memory, shared_evaluations

Values = Mapping[Coefficient, float]
Evaluate = Callable[[Values, Sequence[int]], np.ndarray]  # values, which functions -> their values
_WORKER: dict[str, Any] = {}  # what a forked worker process inherits: the functions cannot be sent to it


class Polynomial(NamedTuple):
    """c0 + sum_i linear_i x_i + sum_{i<=j} quadratic_ij x_i x_j, x the physical values of the coefficients."""

    variables: tuple[Coefficient, ...]
    constant: float
    linear: np.ndarray
    quadratic: np.ndarray

    def __call__(self, values: Values) -> float:
        x = np.array([values.get(v, 0.0) for v in self.variables])
        return float(self.constant + self.linear @ x + x @ self.quadratic @ x)


# Typical sizes: large enough to move an observable by some ten per cent, small enough to stay near the SM.
_STEPS = (
    (("sbsb", "dbdb"), 3e-12),  # GeV^-2, |M12| of B mesons
    (("sdsd",), 1e-15),  # GeV^-2, kaon mixing
    (("cucu",), 1e-14),  # GeV^-2, charm mixing
    (("dF=0",), 1e-2),
    (("nunumue", "nunutaue", "nunumutau"), 1e-6),  # GeV^-2, a tenth of 4 G_F / sqrt(2)
)


def step(coefficient: Coefficient) -> float:
    """A natural size of a coefficient, in its own units."""
    if coefficient.frame.eft == "SMEFT":
        return 1e-7
    for sectors, size in _STEPS:
        if coefficient.sector in sectors:
            return size
    if coefficient.sector.endswith("nu"):  # charged currents, relative to the SM
        if not coefficient.name.startswith("CS"):
            return 0.1
        # scalars lift the helicity suppression of pi, K -> e nu
        return 1e-3 if coefficient.sector in ("udenu", "usenu") else 1e-2
    if coefficient.name.startswith("C7"):
        return 0.1
    return 0.5


def evaluator(functions: Sequence[Callable], par: Mapping[str, float]) -> Evaluate:
    """Evaluate several functions at one point, sharing what they can share."""
    memory: Memory = {}

    def evaluate(values: Values, which: Sequence[int]) -> np.ndarray:
        wilson = FixedWilson(values)
        with shared_evaluations(memory):
            return np.array([float(np.real(functions[i](wilson, par))) for i in which])

    return evaluate


class Point(NamedTuple):
    """An evaluation: values of coefficients, and the functions to evaluate there."""

    values: Any
    which: Sequence[int]


def evaluate_all(
    evaluate: Callable[[Any, Sequence[int]], np.ndarray], points: Sequence[Point], processes: int
) -> list[np.ndarray]:
    """Functions at many points, in worker processes."""
    if processes == 1 or len(points) < 3:
        return [evaluate(p.values, p.which) for p in points]
    _WORKER["evaluate"] = evaluate
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        return pool.map(_evaluate_point, points, chunksize=1 + len(points) // (20 * processes))


def _evaluate_point(point: Point) -> np.ndarray:
    warnings.simplefilter("ignore")
    return _WORKER["evaluate"](point.values, point.which)


def _differs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a - b) > 1e-11 * np.maximum(np.abs(a), np.abs(b))


def active_variables(
    evaluate: Evaluate,
    number: int,
    candidates: Sequence[Coefficient],
    rng: np.random.Generator,
    processes: int,
) -> list[list[Coefficient]]:
    """For each function, the coefficients that it depends on.

    All candidates have random values; a set matters if giving its members other random values has an effect. (Around
    the SM a coefficient that only enters in a product with another one would be missed.)
    """
    # small values: with all coefficients at once of natural size, the integrands in q2 are wild and slow
    # of different size: a coefficient may enter in its square only
    here = {c: 0.05 * step(c) * rng.uniform(0.3, 0.5) for c in candidates}
    there = {c: 0.05 * step(c) * rng.uniform(-0.9, -0.7) for c in candidates}
    every = range(number)
    reference = evaluate(here, every)
    active: list[list[Coefficient]] = [[] for _ in every]
    sets: list[tuple[Sequence[Coefficient], Sequence[int]]] = [(candidates, every)] if candidates else []
    while sets:
        points = [Point(here | {c: there[c] for c in members}, which) for members, which in sets]
        divided: list[tuple[Sequence[Coefficient], Sequence[int]]] = []
        for (members, which), values in zip(sets, evaluate_all(evaluate, points, processes), strict=True):
            changed = _differs(values, reference[list(which)])
            affected = [i for i, has in zip(which, changed, strict=True) if has]
            if not affected:
                continue
            if len(members) == 1:
                for i in affected:
                    active[i].append(members[0])
                continue
            half = len(members) // 2
            divided += [(members[:half], affected), (members[half:], affected)]
        sets = divided
    place = {c: k for k, c in enumerate(candidates)}
    return [sorted(found, key=place.__getitem__) for found in active]


def _linear(
    evaluate: Evaluate, active: Sequence[Sequence[Coefficient]], rng: np.random.Generator, processes: int
) -> list[bool]:
    """Whether each function is linear, along a random direction."""
    variables = sorted({v for found in active for v in found})
    direction = {v: step(v) * rng.choice([-1, 1]) * rng.uniform(0.5, 1) for v in variables}
    points = [Point({v: t * x for v, x in direction.items()}, range(len(active))) for t in (-1.0, 0.0, 1.0)]
    low, mid, high = evaluate_all(evaluate, points, processes)
    size = np.max(np.abs([low, mid, high]), axis=0)
    return list(np.abs(low - 2 * mid + high) <= 1e-10 * size)


def design(
    evaluate: Evaluate, active: Sequence[Sequence[Coefficient]], rng: np.random.Generator, processes: int
) -> list[Point]:
    """Every evaluation that the polynomials need."""
    linear = _linear(evaluate, active, rng, processes)
    needed: dict[frozenset, list[int]] = {frozenset(): list(range(len(active)))}
    for i, variables in enumerate(active):
        for v in variables:
            for sign in (1, -1):
                needed.setdefault(frozenset({(v, sign)}), []).append(i)
        if not linear[i]:
            for a, b in combinations(variables, 2):
                needed.setdefault(frozenset({(a, 1), (b, 1)}), []).append(i)
    return [Point({v: s * step(v) for v, s in key}, tuple(which)) for key, which in needed.items()]


def fit(
    active: Sequence[Sequence[Coefficient]], results: Sequence[tuple[Point, np.ndarray]]
) -> list[Polynomial]:
    """The polynomials from the evaluations of `design`."""
    table: list[dict[frozenset, float]] = [{} for _ in active]
    for point, values in results:
        key = frozenset((v, 1 if x > 0 else -1) for v, x in point.values.items())
        for i, value in zip(point.which, values, strict=True):
            table[i][key] = value
    return [_solve(tuple(variables), table[i]) for i, variables in enumerate(active)]


def _solve(variables: tuple[Coefficient, ...], f: Mapping[frozenset, float]) -> Polynomial:
    n = len(variables)
    zero = f[frozenset()]
    linear, quadratic = np.zeros(n), np.zeros((n, n))
    plus = [f[frozenset({(v, 1)})] for v in variables]
    for i, v in enumerate(variables):
        minus, h = f[frozenset({(v, -1)})], step(v)
        linear[i] = (plus[i] - minus) / (2 * h)
        quadratic[i, i] = (plus[i] + minus - 2 * zero) / (2 * h * h)
    for (i, a), (j, b) in combinations(enumerate(variables), 2):
        both = f.get(frozenset({(a, 1), (b, 1)}))
        if both is not None:
            quadratic[i, j] = (both - plus[i] - plus[j] + zero) / (step(a) * step(b))
    return _drop_rounding(Polynomial(variables, zero, linear, quadratic))


def _drop_rounding(p: Polynomial, relative: float = 1e-11) -> Polynomial:
    """Set to zero what is rounding noise at the natural size of the coefficients."""
    h = np.array([step(v) for v in p.variables])
    size = max(
        [abs(p.constant), *np.abs(p.linear * h), *np.abs(p.quadratic * np.outer(h, h)).ravel()], default=0.0
    )
    linear = np.where(np.abs(p.linear * h) > relative * size, p.linear, 0.0)
    quadratic = np.where(np.abs(p.quadratic * np.outer(h, h)) > relative * size, p.quadratic, 0.0)
    return p._replace(linear=linear, quadratic=quadratic)
