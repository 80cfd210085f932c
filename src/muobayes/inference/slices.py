"""A walker inside a likelihood contour: hit-and-run slice moves, one likelihood call per turn of one loop.

Walkers of a batch are vectorised, and a vectorised loop turns until its slowest member is done. With a loop for each end
of each slice and for its shrinkage, all walkers wait for the slowest one in every move, and the program holds the
likelihood five times. Here a turn is one call, whatever a walker needs it for, so that walkers wait for each other once,
at the end of all their moves.

References
----------
R. Neal, Ann. Statist. 31 (2003) 705, Figs. 3 and 5 (stepping out, shrinkage).
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from .posterior import Posterior

__all__ = ["Point", "slice_walk"]

Tree = TypeVar("Tree")

_EXPANSIONS = 10  # of a slice, both ends together
_SHRINKAGES = 100  # then the walker stays where it is
_LEFT, _RIGHT, _INSIDE = 0, 1, 2  # what the next call is for


class Point(NamedTuple):
    """A point in unconstrained space and what is known about it."""

    z: Float[Array, " n"]
    log_prior: Float[Array, ""]
    log_likelihood: Float[Array, ""]


class _Slice(NamedTuple):
    """The line through the walker's point, and how far the bracket on it has come."""

    direction: Array
    level: Array
    left: Array
    right: Array
    room_left: Array
    room_right: Array
    stage: Array
    shrinkages: Array


class _Lines(NamedTuple):
    """What is random about the slices of a walk, one row per move: drawn before the loop, whose turns are many more."""

    direction: Array
    offset: Array
    level: Array
    room: Array


class _Walker(NamedTuple):
    here: Point
    cut: _Slice
    moves: Array
    calls: Array


def slice_walk(
    posterior: Posterior,
    moves: int,
    key: PRNGKeyArray,
    start: Point,
    floor: Float[Array, ""],
    draw_direction: Callable[[PRNGKeyArray], Float[Array, " n"]],
) -> tuple[Point, Int[Array, ""]]:
    """Walk under the prior, restricted to a log-likelihood above a floor. Meant for `jax.vmap`.

    Parameters
    ----------
    posterior : Posterior
    moves : int
        Slice moves, each along a new direction.
    key : random key
    start : Point
        Inside the contour.
    floor : float
        The log-likelihood of the contour.
    draw_direction : callable
        Random key -> (n,), not knowing where the walker is; a first bracket has its length.

    Returns
    -------
    Point
        Where the walk ends.
    int
        Calls of the likelihood.
    """
    lines_key, turn_key = jax.random.split(key)
    lines = _lines(lines_key, moves + 1, draw_direction)  # the last one is begun, but not walked

    def turn(walker: _Walker) -> _Walker:
        here, cut, done, calls = walker
        u = jax.random.uniform(jax.random.fold_in(turn_key, calls))
        drawn = cut.left + u * (cut.right - cut.left)
        t = jnp.select([cut.stage == _LEFT, cut.stage == _RIGHT], [cut.left, cut.right], drawn)
        z = here.z + t * cut.direction
        there = Point(z, posterior.log_prior_unconstrained(z), posterior.log_likelihood_unconstrained(z))
        inside = (there.log_prior >= cut.level) & (there.log_likelihood > floor)
        moved = inside & (cut.stage == _INSIDE)
        cut = _narrow_or_widen(cut, t, inside)
        over = moved | (cut.shrinkages >= _SHRINKAGES)
        here = _choose(moved, there, here)
        done = done + over
        return _Walker(here, _choose(over, _begin(lines, done, here), cut), done, calls + 1)

    zero = jnp.asarray(0)
    first = _Walker(start, _begin(lines, zero, start), zero, zero)
    last = jax.lax.while_loop(lambda walker: walker.moves < moves, turn, first)
    return last.here, last.calls


def _lines(key: Array, moves: int, draw_direction: Callable[[Array], Array]) -> _Lines:
    direction_key, offset_key, level_key, room_key = jax.random.split(key, 4)
    return _Lines(
        direction=jax.vmap(draw_direction)(jax.random.split(direction_key, moves)),
        offset=jax.random.uniform(offset_key, (moves,)),
        level=jnp.log(jax.random.uniform(level_key, (moves,))),
        room=jax.random.randint(room_key, (moves,), 0, _EXPANSIONS),
    )


def _begin(lines: _Lines, move: Array, here: Point) -> _Slice:
    line = jax.tree.map(lambda rows: rows[move], lines)
    zero = jnp.asarray(0)
    return _Slice(
        direction=line.direction,
        level=here.log_prior + line.level,
        left=-line.offset,
        right=1 - line.offset,
        room_left=line.room,
        room_right=_EXPANSIONS - 1 - line.room,
        stage=zero + _LEFT,
        shrinkages=zero,
    )


def _narrow_or_widen(cut: _Slice, t: Array, inside: Array) -> _Slice:
    """The bracket after a call at ``t``: an end that is still inside moves out, a draw that is outside becomes an end."""
    out_left = inside & (cut.stage == _LEFT) & (cut.room_left > 0)
    out_right = inside & (cut.stage == _RIGHT) & (cut.room_right > 0)
    shrink = ~inside & (cut.stage == _INSIDE)
    settled = (cut.stage < _INSIDE) & ~out_left & ~out_right
    return cut._replace(
        left=jnp.where(shrink & (t < 0), t, cut.left - out_left),
        right=jnp.where(shrink & (t >= 0), t, cut.right + out_right),
        room_left=cut.room_left - out_left,
        room_right=cut.room_right - out_right,
        stage=cut.stage + settled,
        shrinkages=cut.shrinkages + shrink,
    )


def _choose(condition: Array, yes: Tree, no: Tree) -> Tree:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)
