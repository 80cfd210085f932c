"""How predictions move with the parameters behind their theory uncertainties, at any C9 and C10 of muons.

The artifact holds the derivatives of the b -> s polynomials along few directions in the space of flavio's parameters, as
quadratic polynomials in four Wilson coefficients (`muobayes.export.nuisance`). The chain rule through the expressions of
the observables gives J, and J J^T is the part of the theory covariance that these directions explain.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..artifacts import load
from ._expressions import ExpressionGroup, evaluate, group_expressions
from .predictions import named_forms, sm_polynomials, variable_index

__all__ = ["NuisanceResponse", "build_nuisance_response", "sm_nuisance_response"]

_PATH = Path(str(files("muobayes.likelihood"))) / "data" / "nuisance.npz"
_UPPER = np.triu_indices(4)


@cache
def _artifact() -> dict[str, np.ndarray]:
    return load(_PATH, kind="nuisance")


class _Block(NamedTuple):
    """Derivatives of polynomials by each direction: quadratic in four coefficients of one renormalisation scale."""

    places: np.ndarray  # of the coefficients in y, which has a zero behind it
    derivatives: Float[Array, "k c 15"]


class NuisanceResponse(eqx.Module):
    """J: derivatives of predictions by directions of unit variance in the space of parameters.

    Attributes
    ----------
    blocks : tuple of _Block
        Of the polynomials that have derivatives.
    groups : tuple of ExpressionGroup
        The observables that these enter; arguments are places among all polynomials.
    moved : tuple of (a, n) int arrays
        The same arguments as places among the derivatives, which have a zero behind them.
    observables, directions : int
        How many there are, observables that do not move included.
    """

    blocks: tuple[_Block, ...]
    groups: tuple[ExpressionGroup, ...]
    moved: tuple[np.ndarray, ...]
    observables: int = eqx.field(static=True)
    directions: int = eqx.field(static=True)

    def __call__(self, polynomials: Float[Array, " c"], y: Float[Array, " n"]) -> Float[Array, "o k"]:
        """J, in the units of the observables, from the values of the polynomials and the low-energy coefficients."""
        changes = self._changes(y)
        rows, places = [], []
        for group, moved in zip(self.groups, self.moved, strict=True):
            slopes = jax.grad(lambda a, text=group.expression: _values(text, a).sum())(
                polynomials[group.arguments]
            )
            rows.append(jnp.einsum("an,kan->nk", slopes, changes[:, moved]))
            places.append(group.places)
        out = jnp.zeros((self.observables, self.directions))
        return out.at[np.concatenate(places)].set(jnp.concatenate(rows)) if rows else out

    def _changes(self, y: Float[Array, " n"]) -> Float[Array, "k c"]:
        padded = jnp.append(y, 0.0)
        parts = []
        for block in self.blocks:
            x = padded[block.places]
            parts.append(block.derivatives @ jnp.concatenate([jnp.ones(1), x, jnp.outer(x, x)[_UPPER]]))
        return jnp.concatenate([*parts, jnp.zeros((self.directions, 1))], axis=1)


def _values(expression: str, arguments: Array) -> Array:
    return evaluate(expression, {f"p{i}": row for i, row in enumerate(arguments)})


def build_nuisance_response(observables: Sequence[str], variables: Sequence[int]) -> NuisanceResponse:
    """The response of some observables; those that the artifact does not know do not move.

    Parameters
    ----------
    observables : sequence of str
        Keys.
    variables : sequence of int
        The low-energy coefficients in y, as numbered in the artifact of the predictions; others are zero.
    """
    a = _artifact()
    known = {str(name): i for i, name in enumerate(a["components"])}
    names, forms = named_forms(observables)
    column = np.full(len(names), -1)
    blocks: list[_Block] = []
    found = 0
    for scale in np.unique(a["scale"]):
        mine = [c for c, name in enumerate(names) if name in known and a["scale"][known[name]] == scale]
        if not mine:
            continue
        numbers = [variable_index("WET", float(scale), str(name)) for name in a["coefficients"]]
        places = [variables.index(v) if v in variables else len(variables) for v in numbers]
        blocks.append(
            _Block(np.array(places), jnp.array(a["polynomials"][:, [known[names[c]] for c in mine]]))
        )
        column[mine] = found + np.arange(len(mine))
        found += len(mine)
    column[column < 0] = found
    moving = [o for o, (_, places) in enumerate(forms) if (column[places] < found).any()]
    groups = group_expressions([forms[o] for o in moving])
    return NuisanceResponse(
        tuple(blocks),
        tuple(g._replace(places=np.array(moving)[g.places]) for g in groups),
        tuple(column[g.arguments] for g in groups),
        len(forms),
        a["shifts"].shape[1],
    )


def sm_nuisance_response(observables: Sequence[str]) -> np.ndarray:
    """J in the SM, (observables, directions)."""
    names, _ = named_forms(observables)
    response = build_nuisance_response(observables, ())
    return np.asarray(response(jnp.asarray(sm_polynomials(names)), jnp.zeros(0)))
