"""From a function that is a polynomial of degree two in the Wilson coefficients to its coefficients, with a proof.

Which coefficients matter is found by group testing (set many at once to random values; split only the sets that have
an effect). The polynomial then follows from one evaluation per monomial, which is exact for a polynomial. Whether the
function is one is checked at independent random points by `residual`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from flavio.physics.bdecays.bvll import amplitudes
from flavio.physics.bdecays.bvll import observables as bvll

from ._fixed_wilson import Coefficient, FixedWilson

Values = Mapping[Coefficient, float]
Evaluate = Callable[[Values, Sequence[int]], np.ndarray]  # values, which functions -> their values


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
    if coefficient.sector.endswith(
        "nu"
    ):  # charged currents, relative to the SM; scalars lift helicity suppression
        scalar = coefficient.name.startswith("CS")
        return 1e-4 if scalar and "enu" in coefficient.name else 1e-2 if scalar else 0.1
    if coefficient.name.startswith("C7"):
        return 0.1
    return 0.5


@contextmanager
def shared_amplitudes():
    """Let all observables of one evaluation share the helicity amplitudes of each q2 (a factor of five in time)."""

    def shared(function, label):
        def method(self, q2):
            key = (label, self.B, self.V, self.lep, q2)
            memo = self.wc_obj.__dict__.setdefault("memo", {})
            if key not in memo:
                memo[key] = function(self, q2)
            return memo[key]

        return method

    def shared_amplitude(function, label):
        def amplitude(q2, ff, wc_obj, par, B, V, lep):
            key = (label, B, V, lep, q2)
            memo = wc_obj.__dict__.setdefault("memo", {})
            if key not in memo:
                memo[key] = function(q2, ff, wc_obj, par, B, V, lep)
            return memo[key].copy()

        return amplitude

    with (
        patch.object(bvll.BVllObservable, "j", shared(bvll.BVllObservable.j, "j")),
        patch.object(bvll.BVllObservable, "jbar", shared(bvll.BVllObservable.jbar, "jbar")),
        patch.object(amplitudes, "helicity_amps", shared_amplitude(amplitudes.helicity_amps, "h")),
        patch.object(amplitudes, "helicity_amps_bar", shared_amplitude(amplitudes.helicity_amps_bar, "hbar")),
    ):
        yield


def evaluator(functions: Sequence[Callable], par: Mapping[str, float]) -> Evaluate:
    """Evaluate several functions at one point, sharing what they can share."""

    def evaluate(values: Values, which: Sequence[int]) -> np.ndarray:
        wilson = FixedWilson(values)
        with shared_amplitudes():
            return np.array([float(np.real(functions[i](wilson, par))) for i in which])

    return evaluate


def _differs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a - b) > 1e-11 * np.maximum(np.abs(a), np.abs(b))


def active_variables(
    evaluate: Evaluate, number: int, candidates: Sequence[Coefficient], rng: np.random.Generator
) -> list[list[Coefficient]]:
    """For each function, the coefficients that it depends on.

    All candidates have random values; a set matters if giving its members other random values has an effect. (Around
    the SM a coefficient that only enters in a product with another one would be missed.)
    """
    # small values: with all coefficients at once of natural size, the integrands in q2 are wild and slow
    here = {c: 0.05 * step(c) * rng.uniform(0.3, 0.9) for c in candidates}
    there = {c: 0.05 * step(c) * rng.uniform(-0.9, -0.3) for c in candidates}
    reference = evaluate(here, range(number))
    active: list[list[Coefficient]] = [[] for _ in range(number)]

    def search(group: Sequence[Coefficient], which: Sequence[int]) -> None:
        moved = here | {c: there[c] for c in group}
        changed = _differs(evaluate(moved, which), reference[list(which)])
        affected = [i for i, has in zip(which, changed, strict=True) if has]
        if not affected:
            return
        if len(group) == 1:
            for i in affected:
                active[i].append(group[0])
            return
        half = len(group) // 2
        search(group[:half], affected)
        search(group[half:], affected)

    if candidates:
        search(list(candidates), list(range(number)))
    return active


class Point(NamedTuple):
    """An evaluation that the fit needs: values, and the functions to evaluate there."""

    values: dict[Coefficient, float]
    which: tuple[int, ...]


def _is_linear(
    evaluate: Evaluate, i: int, variables: Sequence[Coefficient], rng: np.random.Generator
) -> bool:
    direction = {v: step(v) * rng.choice([-1, 1]) * rng.uniform(0.5, 1) for v in variables}
    low, mid, high = (evaluate({v: t * x for v, x in direction.items()}, [i])[0] for t in (-1.0, 0.0, 1.0))
    return abs(low - 2 * mid + high) <= 1e-10 * max(abs(low), abs(mid), abs(high))


def design(
    evaluate: Evaluate, active: Sequence[Sequence[Coefficient]], rng: np.random.Generator
) -> tuple[list[bool], list[Point]]:
    """Which functions are linear, and every evaluation that the polynomials need."""
    linear = [not v or _is_linear(evaluate, i, v, rng) for i, v in enumerate(active)]
    needed: dict[frozenset, list[int]] = {frozenset(): list(range(len(active)))}
    for i, variables in enumerate(active):
        for v in variables:
            for sign in (1, -1):
                needed.setdefault(frozenset({(v, sign)}), []).append(i)
        if not linear[i]:
            for a, b in combinations(variables, 2):
                needed.setdefault(frozenset({(a, 1), (b, 1)}), []).append(i)
    return linear, [Point({v: s * step(v) for v, s in key}, tuple(which)) for key, which in needed.items()]


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
