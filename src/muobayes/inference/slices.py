"""A walker inside a likelihood contour: hit-and-run slice moves, one likelihood call per turn of one loop.

Walkers of a batch are vectorised, and a vectorised loop turns until its slowest member is done. With a loop for each end
of each slice and for its shrinkage, all walkers wait for the slowest one in every move, and the program holds the
likelihood five times. Here a turn is one call, whatever a walker needs it for, so that walkers wait for each other once,
at the end of all their moves.

References
----------
R. Neal, Ann. Statist. 31 (2003) 705, Figs. 3 and 5 (stepping out, shrinkage); D. Yallup, N. Kroupa, W. Handley,
arXiv:2601.23252 (directions from the covariance of the live points).
"""

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
    factor: Float[Array, "n n"],
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
    factor : (n, n)
        Triangular factor of the covariance that shapes the directions: a first bracket has the length of two standard
        deviations.

    Returns
    -------
    Point
        Where the walk ends.
    int
        Calls of the likelihood.
    """
    first_key, turn_key = jax.random.split(key)

    def turn(walker: _Walker) -> _Walker:
        here, cut, done, calls = walker
        draw_key, begin_key = jax.random.split(jax.random.fold_in(turn_key, calls))
        drawn = cut.left + jax.random.uniform(draw_key) * (cut.right - cut.left)
        t = jnp.select([cut.stage == _LEFT, cut.stage == _RIGHT], [cut.left, cut.right], drawn)
        z = here.z + t * cut.direction
        there = Point(z, posterior.log_prior_unconstrained(z), posterior.log_likelihood_unconstrained(z))
        inside = (there.log_prior >= cut.level) & (there.log_likelihood > floor)
        moved = inside & (cut.stage == _INSIDE)
        cut = _narrow_or_widen(cut, t, inside)
        over = moved | (cut.shrinkages >= _SHRINKAGES)
        here = _choose(moved, there, here)
        cut = _choose(over, _begin(begin_key, here, factor), cut)
        return _Walker(here, cut, done + over, calls + 1)

    first = _Walker(start, _begin(first_key, start, factor), jnp.asarray(0), jnp.asarray(0))
    last = jax.lax.while_loop(lambda walker: walker.moves < moves, turn, first)
    return last.here, last.calls


def _begin(key: Array, here: Point, factor: Array) -> _Slice:
    keys = jax.random.split(key, 4)
    normal = jax.random.normal(keys[0], here.z.shape)
    left = -jax.random.uniform(keys[1])
    room = jax.random.randint(keys[2], (), 0, _EXPANSIONS)
    zero = jnp.asarray(0)
    return _Slice(
        direction=2 * factor @ normal / jnp.linalg.norm(normal),
        level=here.log_prior + jnp.log(jax.random.uniform(keys[3])),
        left=left,
        right=left + 1,
        room_left=room,
        room_right=_EXPANSIONS - 1 - room,
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
