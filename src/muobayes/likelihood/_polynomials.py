"""Many quadratic polynomials of few variables, evaluated together.

Polynomials that share no variable are kept in separate dense blocks, so that nothing is multiplied by a known zero.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._kernel import take
from ..smeft.evolution import CKM_PARAMETERS

# The parameters that turn phases: every linear coefficient has its own response to them.
_PHASE_PARAMETERS = ("Vub", "gamma")
_PHASES = np.array([CKM_PARAMETERS.index(name) for name in _PHASE_PARAMETERS])

_TOGETHER = 36  # polynomials of small blocks: more would multiply zeros, fewer cost more calls


class _Block(eqx.Module):
    first: np.ndarray  # variables of the monomials
    second: np.ndarray
    variables: np.ndarray
    linear: Float[Array, "c v"]
    linear_by_phases: Float[Array, "2 p v"]  # of the first p polynomials; zero for the others
    quadratic: Float[Array, "c m"]

    def __call__(self, y: Float[Array, " n"], phase_shift: Array | None) -> tuple[Array, Array]:
        own = take(y, self.variables)
        linear = self.linear @ own
        if phase_shift is not None:
            turned = phase_shift @ (self.linear_by_phases @ own)
            linear = jnp.concatenate([linear[: turned.size] + turned, linear[turned.size :]])
        return linear, self.quadratic @ (take(y, self.first) * take(y, self.second))


class Polynomials(eqx.Module):
    """constant + linear(y) + quadratic(y) for a set of polynomials, with their response to CKM parameters.

    Linear and quadratic parts respond as a whole; with Vub and gamma, each linear coefficient changes beyond that on its
    own (the interference of each coefficient with the SM has another phase).

    Attributes
    ----------
    constant : (c,) array
        Values at y = 0.
    ckm_response : (c, 3, 4) array
        Derivatives of the constant and of the logarithms of the linear and quadratic parts, by each CKM parameter.
    ckm_curvature : (c, 4) array
        Second derivative of the constant by each CKM parameter.
    blocks : tuple
        All of this in the order of the blocks, what moves in no block at the end.
    order : (c,) int array
        Where each polynomial stands in that order.
    """

    constant: Float[Array, " c"]
    ckm_response: Float[Array, "c 3 4"]
    ckm_curvature: Float[Array, "c 4"]
    blocks: tuple[_Block, ...]
    order: np.ndarray

    def __call__(
        self, y: Float[Array, " n"], ckm_shift: Float[Array, " 4"] | None = None
    ) -> Float[Array, " c"]:
        """Values at y; with a shift of the CKM parameters, the constant to second order in it, the rest to first."""
        if ckm_shift is None:
            linear, quadratic = self._parts(y)
            return take(self.constant + linear + quadratic, self.order)
        linear, quadratic = self._parts(y, take(ckm_shift, _PHASES))
        by_constant, by_linear, by_quadratic = jnp.moveaxis(self.ckm_response @ ckm_shift, 1, 0)
        constant = self.constant + by_constant + self.ckm_curvature @ ckm_shift**2 / 2
        return take(constant + linear * (1 + by_linear) + quadratic * (1 + by_quadratic), self.order)

    def _parts(self, y: Float[Array, " n"], phase_shift: Array | None = None) -> tuple[Array, Array]:
        """The linear and the quadratic parts, (c,) each; with a shift of Vub and gamma, the linear part includes it."""
        rest = jnp.zeros(self.constant.shape[0] - sum(b.linear.shape[0] for b in self.blocks))
        parts = [*(block(y, phase_shift) for block in self.blocks), (rest, rest)]
        linear, quadratic = (jnp.concatenate(part) for part in zip(*parts, strict=True))
        return linear, quadratic


def build_polynomials(components: Sequence[Mapping[str, Any]], active: Sequence[int]) -> Polynomials:
    """Polynomials in the active variables; all others are zero.

    Parameters
    ----------
    components : sequence of mappings
        From the artifact: constant, linear [[variable, c]], quadratic [[i, j, c]], by_ckm, and
        linear_by_ckm (parameter -> derivatives of linear coefficients beyond by_ckm, as in linear).
    active : sequence of int
        Variables in the order of the vector y.
    """
    place = {v: i for i, v in enumerate(active)}
    linear: list[dict[int, list[float]]] = []
    quadratic: list[dict[tuple[int, int], float]] = []
    for c in components:
        by_phases = [dict(c["linear_by_ckm"].get(name, ())) for name in _PHASE_PARAMETERS]
        linear.append(
            {place[v]: [x, *(by.get(v, 0.0) for by in by_phases)] for v, x in c["linear"] if v in place}
        )
        pairs: dict[tuple[int, int], float] = {}
        for i, j, x in c["quadratic"]:
            if i in place and j in place:
                key = (min(place[i], place[j]), max(place[i], place[j]))
                pairs[key] = pairs.get(key, 0.0) + x
        quadratic.append(pairs)
    clusters = [_turning_first(members, linear) for members in _clusters(linear, quadratic)]
    moving = [c for members in clusters for c in members]
    order = np.array([*moving, *np.setdiff1d(np.arange(len(components)), moving)], dtype=int)
    response = np.array([[components[c]["by_ckm"][n] for n in CKM_PARAMETERS] for c in order])
    response = response.reshape(len(components), len(CKM_PARAMETERS), 4)
    return Polynomials(
        constant=jnp.array([components[c]["constant"] for c in order], dtype=float),
        ckm_response=jnp.array(np.swapaxes(response[:, :, :3], 1, 2)),
        ckm_curvature=jnp.array(response[:, :, 3]),
        blocks=tuple(_block(members, linear, quadratic) for members in clusters),
        order=np.argsort(order),
    )


def _turning_first(members: np.ndarray, linear) -> np.ndarray:
    """First the polynomials whose linear coefficients have phases of their own."""
    turning = np.array([any(any(x[1:]) for x in linear[c].values()) for c in members])
    return np.concatenate([members[turning], members[~turning]])


def _clusters(linear, quadratic) -> list[np.ndarray]:
    """Sets of polynomials without common variables; small sets are put together, a few dozen polynomials at a time."""
    parent: dict[int, int] = {}

    def root(v: int) -> int:
        while parent.setdefault(v, v) != v:
            v = parent[v]
        return v

    used = [
        sorted(set(lin) | {i for pair in quad for i in pair})
        for lin, quad in zip(linear, quadratic, strict=True)
    ]
    for variables in used:
        for v in variables[1:]:
            parent[root(v)] = root(variables[0])
    clusters: dict[int, list[int]] = {}
    for c, variables in enumerate(used):
        if variables:
            clusters.setdefault(root(variables[0]), []).append(c)
    blocks: list[list[int]] = [[]]
    for members in sorted(clusters.values(), key=len, reverse=True):
        if blocks[-1] and len(blocks[-1]) + len(members) > _TOGETHER:
            blocks.append([])
        blocks[-1] += members
    return [np.array(sorted(members)) for members in blocks if members]


def _block(members: np.ndarray, linear, quadratic) -> _Block:
    variables = sorted(
        {v for c in members for v in linear[c]} | {v for c in members for p in quadratic[c] for v in p}
    )
    pairs = sorted({p for c in members for p in quadratic[c]})
    lin, quad = np.zeros((3, len(members), len(variables))), np.zeros((len(members), len(pairs)))
    column = {v: i for i, v in enumerate(variables)}
    pair_column = {p: i for i, p in enumerate(pairs)}
    for row, c in enumerate(members):
        for v, x in linear[c].items():
            lin[:, row, column[v]] = x
        for p, x in quadratic[c].items():
            quad[row, pair_column[p]] = x
    return _Block(
        first=np.array([p[0] for p in pairs], dtype=int),
        second=np.array([p[1] for p in pairs], dtype=int),
        variables=np.array(variables, dtype=int),
        linear=jnp.array(lin[0]),
        linear_by_phases=jnp.array(lin[1:, : np.any(lin[1:], axis=(0, 2)).sum()]),
        quadratic=jnp.array(quad),
    )
