"""Directions in the space of flavio's parameters: independent ones, what they touch, and the principal ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import smelli
from scipy.sparse.csgraph import connected_components

from ._polynomial import evaluator

DRAWS = 4000
SEED = 20211125
_CORRELATED = 5 / np.sqrt(DRAWS)  # five standard deviations of the correlation of two independent parameters


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

    @property
    def number(self) -> int:
        """How many directions there are."""
        return self.shifts.shape[1]

    def moved(self, par: Mapping[str, float], amounts: np.ndarray) -> dict[str, float]:
        """flavio's parameters, moved by so many standard deviations along each direction."""
        change = self.shifts @ amounts
        return {**par, **{name: par[name] + x for name, x in zip(self.parameters, change, strict=True)}}


class Cluster(NamedTuple):
    """Independent directions that touch the same functions, given by their places."""

    directions: Directions
    functions: tuple[int, ...]


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


def used_parameters(functions: Sequence[Callable], par: Mapping[str, float]) -> list[set[str]]:
    """The parameters that each function asks for in the SM."""
    found = []
    for function in functions:
        recorded = _Recorded(par)
        evaluator([function], recorded)({}, [0])
        found.append(recorded.used)
    return found


def clusters(used: Sequence[set[str]], wanted: set[str], par: Mapping[str, float]) -> list[Cluster]:
    """Principal axes of smelli's distribution of parameters, from draws, sorted by what they touch.

    Parameters
    ----------
    used : sequence of set
        Parameters of each function.
    wanted : set
        Parameters that matter; others are left alone.
    par : mapping
        flavio parameters.
    """
    constraints = next(iter(smelli.GlobalLikelihood().fast_likelihoods.values())).par_obj
    np.random.seed(SEED)  # noqa: NPY002  (flavio draws from numpy's global state)
    draws = constraints.get_random_all(size=DRAWS)
    spread = {name: float(np.std(draws[name])) for name in sorted(wanted) if name in draws}
    names = [name for name, sd in spread.items() if sd > 1e-12 * abs(par[name])]
    correlation = np.corrcoef([draws[name] for name in names])
    _, block_of = connected_components(np.abs(correlation) > _CORRELATED, directed=False)
    touching: dict[tuple[int, ...], list[Directions]] = {}
    for block in np.unique(block_of):
        members = np.flatnonzero(block_of == block)
        mine = tuple(names[i] for i in members)
        values, vectors = np.linalg.eigh(correlation[np.ix_(members, members)])
        kept = values > 1e-8
        sd = np.array([spread[name] for name in mine])
        axes = Directions(mine, sd[:, None] * vectors[:, kept] * np.sqrt(values[kept]))
        touched = tuple(i for i, parameters in enumerate(used) if not parameters.isdisjoint(mine))
        touching.setdefault(touched, []).append(axes)
    return [Cluster(side_by_side(parts), touched) for touched, parts in touching.items()]


def side_by_side(parts: Sequence[Directions]) -> Directions:
    """Directions of different parameters as one set."""
    names = tuple(name for p in parts for name in p.parameters)
    shifts = np.zeros((len(names), sum(p.number for p in parts)))
    row = column = 0
    for p in parts:
        shifts[row : row + len(p.parameters), column : column + p.number] = p.shifts
        row, column = row + len(p.parameters), column + p.number
    return Directions(names, shifts)


def principal(
    response: np.ndarray, sigma: np.ndarray, limit: float, already: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The fewest principal axes of a response that leave no observable more than a share of its total variance.

    Parameters
    ----------
    response : (o, d) array
        Derivatives of observables by independent directions.
    sigma : (o,) array
        Total uncertainties.
    limit : float
        The share.
    already : (o,) array
        What was left out before.

    Returns
    -------
    axes : (number, d) array
        Orthonormal.
    rest : (o,) array
        The share of each observable that is left, with ``already``.
    """
    scaled = response / sigma[:, None]
    _, _, axes = np.linalg.svd(scaled, full_matrices=False)
    axes = np.vstack([np.zeros((1, axes.shape[1])), axes])
    explained = np.cumsum((scaled @ axes.T) ** 2, axis=1)
    rest = np.square(scaled).sum(axis=1)[:, None] - explained + np.reshape(already, (-1, 1))
    enough = np.flatnonzero(rest.max(axis=0) < limit)
    number = int(enough[0]) if len(enough) else len(axes) - 1
    return axes[1 : number + 1], rest[:, number]
