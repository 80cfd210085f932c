r"""Random low-energy numbers with a known density, for seesaws with one or two vanishing entries of the inverse.

Uniform numbers u go in, values and the logarithm of their density come out. Angles and mass differences follow split
logistic distributions around the data. The rest is drawn where a flat prior of all logarithms has its poles:

* the angle of the triangle of (m_nu^-1)_mumu = 0 is uniform, and the lightest mass that belongs to it is solved for:
  where the triangle degenerates the density of the mass has a pole;
* or the ratio t of two other entries is flat in ln |t| and in its phase, and delta and the lightest mass are solved
  for: a vanishing entry is a pole of the posterior;
* two zeros fix all masses: delta is solved for with Dm21 as measured, or, for the inverted ordering, theta23. There
  (mu mu) + (tau tau) = 0 is nearly m^2 = |Dm3l|/(2 s13 cos delta)^2, and (mu mu) - (tau tau) = 0 makes cos(2 theta23)
  about s12 c12 s13 Dm21/m^2: theta23 is maximal to 1e-4, and delta has a fold at its ends 0 and 180 degrees.

Solving means: a grid, the cells in which the function changes sign, one of them at random, bisection. The density
counts the same cells.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from .low_energy import Numbers, Ratio, Shape, closing, inverse_mass, shape
from .terms import NeutrinoData

__all__ = ["Low", "draw_one_zero", "draw_two_zeros", "split_logistic"]

_MASSES = jnp.linspace(np.log(1e-6), np.log(1.0), 81)  # ln(lightest mass/eV)
_DELTAS = jnp.linspace(0.0, 360.0, 73)
_FROM_MAXIMAL = np.geomspace(1e-7, 0.3, 60)
_S23SQS = jnp.asarray(np.concatenate([0.5 - _FROM_MAXIMAL[::-1], 0.5 + _FROM_MAXIMAL]))
_PLAIN = 0.2  # share of draws that do not solve: they fill extrema, where solving finds nothing
_S23 = 3.0  # the zeros pull theta23 to the octant that the data do not prefer
_LOG_T = np.log(1e4)
_ORDINARY = Numbers(*(jnp.asarray(v) for v in (0.3, 0.5, 0.022, 200.0, -9.5, -6.0, -4.0)))


class Low(NamedTuple):
    """Drawn numbers, the mirror image, the logarithm of the density of both, and whether they exist at all."""

    numbers: Numbers
    mirror: Array
    log_density: Array
    exists: Bool[Array, ""]


def split_logistic(u: Array, best: Array, plus: Array, minus: Array) -> tuple[Array, Array]:
    """A value around `best` with a scale for each side, and the logarithm of its density (continuous)."""
    share = minus / (plus + minus)
    v = jnp.where(u < share, u / (2 * share), 0.5 + (u - share) / (2 * (1 - share)))
    v = jnp.clip(v, 1e-15, 1 - 1e-15)
    value = best + (jnp.log(v) - jnp.log1p(-v)) * jnp.where(u < share, minus, plus)
    return value, _split_logistic_density(value, best, plus, minus)


def _split_logistic_density(value: Array, best: Array, plus: Array, minus: Array) -> Array:
    t = (value - best) / jnp.where(value < best, minus, plus)
    return jnp.log(2 / (plus + minus)) + jax.nn.log_sigmoid(t) + jax.nn.log_sigmoid(-t)


def _scales(data: NeutrinoData, name: str, wider: float) -> tuple[Array, Array, Array]:
    """Centre and scales, upwards and downwards, of an angle."""
    best, plus, minus = (getattr(part, name) for part in (data.best, data.plus, data.minus))
    return best, wider * plus, wider * minus


def _log_difference(data: NeutrinoData, name: str, broadening: float) -> tuple[Array, Array, Array]:
    """Centre and scales, upwards and downwards, of the logarithm of a squared mass difference."""
    best, up, down = (getattr(part, name) for part in (data.best, data.plus, data.minus))
    if name == "Dm3l" and data.ordering == "IO":
        up, down = down, up
    size = jnp.abs(best)
    return jnp.log(size), broadening * up / size, broadening * down / size


def _measured(u: Array, data: NeutrinoData, broadening: float) -> tuple[list[Array], Array, Array]:
    """s12sq, s23sq, s13sq, ln Dm21 and ln |Dm3l|, the logarithm of their density, and whether they are possible."""
    found, log_density = [], jnp.zeros(())
    for k, name in enumerate(("s12sq", "s23sq", "s13sq")):
        value, density = split_logistic(
            u[k], *_scales(data, name, broadening * (_S23 if name == "s23sq" else 1.0))
        )
        found.append(value)
        log_density += density
    for k, name in enumerate(("Dm21", "Dm3l")):
        value, density = split_logistic(u[3 + k], *_log_difference(data, name, broadening))
        found.append(value)
        log_density += density
    angles = jnp.stack(found[:3])
    exists = ((angles > 0) & (angles < 1)).all() & (found[3] < found[4])
    return found, log_density, exists


# --- solving on a grid ----------------------------------------------------------------------------------------------


def _cells(values: Float[Array, " n"]) -> Bool[Array, " n-1"]:
    return (values[:-1] < 0) != (values[1:] < 0)


def _solve(
    function: Callable[[Array], Array], grid: Array, values: Array, cells: Array, choice: Array
) -> Array:
    """The root of `function` in one of the marked cells of the grid; `choice` in (0, 1) says in which."""
    at = _nth(cells, choice * cells.sum())
    rising = values[at] < 0

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        below = (function(middle) < 0) == rising
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, high = jax.lax.fori_loop(0, 50, halve, (grid[at], grid[at + 1]))
    return (low + high) / 2


def _nth(cells: Array, position: Array) -> Array:
    return jnp.argmax(jnp.cumsum(cells) > jnp.floor(position))


def _cell_of(grid: Array, value: Array) -> Array:
    return jnp.clip(jnp.searchsorted(grid, value, side="right") - 1, 0, len(grid) - 2)


# --- one zero: (mu mu) ----------------------------------------------------------------------------------------------


class _Masses(NamedTuple):
    """How the lightest mass is drawn for given angles, delta and differences."""

    closing: Callable[[Array], Array]
    values: Array
    open: Array

    def draw(self, u: Array, choice: Array) -> tuple[Array, Array]:
        """ln of the lightest mass, and whether there is one."""
        position = u / _PLAIN * self.open.sum()
        cell = _nth(self.open, position)
        plain = _MASSES[cell] + (position - jnp.floor(position)) * (_MASSES[1] - _MASSES[0])
        cosine = jnp.cos(jnp.pi * jnp.clip((u - _PLAIN) / (1 - _PLAIN), 1e-12, 1 - 1e-12))
        values = self.values - cosine
        cells = _cells(values)
        solved = _solve(lambda m: self.closing(m) - cosine, _MASSES, values, cells, choice)
        return jnp.where(u < _PLAIN, plain, solved), jnp.where(u < _PLAIN, self.open.any(), cells.any())

    def density(self, log_mass: Array) -> Array:
        """Density of ln of the lightest mass."""
        cosine, slope = jax.value_and_grad(self.closing)(log_mass)
        cell, cells = _cell_of(_MASSES, log_mass), _cells(self.values - cosine)
        closes = jnp.abs(cosine) < 1
        sine = jnp.sqrt(jnp.where(closes, (1 - cosine) * (1 + cosine), 1.0))
        solved = jnp.where(closes & cells[cell], jnp.abs(slope) / sine / jnp.pi / cells.sum(), 0.0)
        plain = self.open[cell] / (_MASSES[1] - _MASSES[0]) / jnp.maximum(self.open.sum(), 1)
        return _PLAIN * plain + (1 - _PLAIN) * solved


def _masses_of(numbers: Numbers, ordering: str) -> _Masses:
    def at(log_mass: Array) -> Array:
        return closing(numbers._replace(log_lightest=log_mass), ordering)

    values = jax.vmap(at)(_MASSES)
    closes = jnp.abs(values) < 1
    return _Masses(at, values, closes[:-1] | closes[1:])


def _quotient(
    numbers: Numbers, ratio: Ratio, t: Array | float, ordering: str, of: str = "delta"
) -> Callable[[Array], Array]:
    """delta or s23sq -> a function that vanishes where Dm21/|Dm3l| is that of `numbers`; NaN for the other ordering."""
    wanted = jnp.exp(numbers.log_Dm21 - numbers.log_Dm3l)

    def mismatch(value: Array) -> Array:
        found = shape(numbers._replace(**{of: value}).mixing(), ratio, t, ordering)
        return jnp.where(found.bottom > 0, found.top - wanted * found.bottom, jnp.nan)

    return mismatch


def _finite_cells(values: Array) -> Array:
    return _cells(values) & jnp.isfinite(values[:-1]) & jnp.isfinite(values[1:])


def _ratio_draw(u: Array, numbers: Numbers, ratio: Ratio, ordering: str) -> tuple[Numbers, Array, Array]:
    """delta, the lightest mass and the mirror image from a ratio of entries that is flat in its logarithm and phase."""
    t = jnp.exp(_LOG_T * (2 * u[0] - 1) + 2j * jnp.pi * u[1])
    mismatch = _quotient(numbers, ratio, t, ordering)
    values = jax.vmap(mismatch)(_DELTAS)
    cells = _finite_cells(values)
    numbers = numbers._replace(delta=_solve(mismatch, _DELTAS, values, cells, u[2]))
    found = shape(numbers.mixing(), ratio, t, ordering)
    return numbers._replace(log_lightest=_lightest(numbers, found, ordering)), found.mirror, cells.any()


def _lightest(numbers: Numbers, found: Shape, ordering: str) -> Array:
    """ln of the lightest mass, from the ratios of masses and Dm3l."""
    squares = jnp.exp(found.log_squares)
    low, high = (squares[0], squares[2]) if ordering == "NO" else (squares[2], squares[1])
    return (numbers.log_Dm3l + jnp.log(low) - jnp.log(jnp.where(high > low, high - low, 1.0))) / 2


def _ratio_density(numbers: Numbers, mirror: Array, ratio: Ratio, ordering: str) -> Array:
    """Density of `_ratio_draw` with respect to delta (degrees), ln of the lightest mass, and the mirror image."""

    def log_t(pair: Array) -> Array:
        K = inverse_mass(numbers._replace(delta=pair[0], log_lightest=pair[1]), mirror, ordering)
        log = jnp.log(K[ratio[0]]) - jnp.log(K[ratio[1]])
        return jnp.stack([log.real, log.imag])

    pair = jnp.stack([numbers.delta, numbers.log_lightest])
    value = log_t(pair)
    mismatch = _quotient(numbers, ratio, jnp.exp(value[0] + 1j * value[1]), ordering)
    cells = _finite_cells(jax.vmap(mismatch)(_DELTAS))
    inside = (jnp.abs(value[0]) < _LOG_T) & cells[_cell_of(_DELTAS, numbers.delta)]
    size = jnp.abs(jnp.linalg.det(jax.jacfwd(log_t)(pair)))
    return jnp.where(inside, size / (4 * jnp.pi * _LOG_T) / jnp.maximum(cells.sum(), 1), 0.0)


def draw_one_zero(
    branch: Array, u: Float[Array, "9"], data: NeutrinoData, ratios: Sequence[Ratio], broadening: float
) -> Low:
    """Numbers with (m_nu^-1)_mumu = 0.

    Parameters
    ----------
    branch : integer scalar
        0: the triangle, k: the k-th of `ratios`. The density is that of a branch chosen uniformly.
    u : (9,)
        Uniform in (0, 1).
    data : NeutrinoData
    ratios : sequence of Ratio
    broadening : float
        Scales of the logistic distributions in units of the measured errors.
    """
    measured, log_density, exists = _measured(u, data, broadening)
    drawn = Numbers._make([*measured[:3], 360.0 * u[5], *measured[3:], jnp.zeros(())])
    drawn = jax.tree.map(lambda value, ordinary: jnp.where(exists, value, ordinary), drawn, _ORDINARY)
    log_mass, found = _masses_of(drawn, data.ordering).draw(u[6], u[7])
    options = [(drawn._replace(log_lightest=log_mass), jnp.where(u[8] < 0.5, 1.0, -1.0), found)]
    options += [_ratio_draw(u[5:8], drawn, ratio, data.ordering) for ratio in ratios]
    numbers, mirror, found = jax.tree.map(lambda *values: jnp.stack(values)[branch], *options)
    exists &= found & (jnp.abs(closing(numbers, data.ordering)) < 1)
    densities = [_masses_of(numbers, data.ordering).density(numbers.log_lightest) / 720.0]
    densities += [_ratio_density(numbers, mirror, ratio, data.ordering) for ratio in ratios]
    total = jnp.stack(densities).mean()
    return Low(numbers, mirror, log_density + jnp.log(jnp.where(total > 0, total, 1.0)), exists & (total > 0))


# --- two zeros ------------------------------------------------------------------------------------------------------


def draw_two_zeros(u: Float[Array, "7"], data: NeutrinoData, zero: tuple[int, int], broadening: float) -> Low:
    """Numbers for which the (mu mu) entry of the inverse and one more vanish.

    The density is that of s12sq, s23sq, s13sq, ln |Dm3l| and delta (degrees), which fix the other numbers.

    Parameters
    ----------
    u : (7,)
        Uniform in (0, 1).
    data : NeutrinoData
    zero : pair of int
        The other entry, flavours counted 0, 1, 2.
    broadening : float
        As in `draw_one_zero`.
    """
    measured, log_density, exists = _measured(u, data, broadening)
    ratio = (zero, (0, 0))
    drawn = Numbers._make([*measured[:3], 360.0 * u[5], *measured[3:], jnp.zeros(())])
    drawn = jax.tree.map(lambda value, ordinary: jnp.where(exists, value, ordinary), drawn, _ORDINARY)
    scales = _log_difference(data, "Dm21", broadening)
    solved, grid = ("delta", _DELTAS) if data.ordering == "NO" else ("s23sq", _S23SQS)

    def log_own(numbers: Numbers) -> Array:
        """Of the density of what is solved for, where it is not."""
        if solved == "delta":
            return -jnp.log(360.0)
        return _split_logistic_density(numbers.s23sq, *_scales(data, "s23sq", _S23 * broadening))

    log_density -= _split_logistic_density(drawn.log_Dm21, *scales) + jnp.log(360.0) + log_own(drawn)

    def log_quotient(value: Array) -> Array:
        found = shape(drawn._replace(**{solved: value}).mixing(), ratio, 0.0, data.ordering)
        ordered = (found.top > 0) & (found.bottom > 0)
        return jnp.where(ordered, jnp.log(found.top / found.bottom), jnp.nan)

    mismatch = _quotient(drawn, ratio, 0.0, data.ordering, solved)
    values = jax.vmap(mismatch)(grid)
    cells = _finite_cells(values)
    plain = u[6] < _PLAIN
    choice = (u[6] - _PLAIN) / (1 - _PLAIN)
    found_value = jnp.where(plain, getattr(drawn, solved), _solve(mismatch, grid, values, cells, choice))
    log_Dm21 = drawn.log_Dm3l + log_quotient(found_value)
    exists &= jnp.isfinite(log_Dm21) & (plain | cells.any())
    numbers = drawn._replace(**{solved: found_value}, log_Dm21=jnp.where(exists, log_Dm21, drawn.log_Dm21))
    cells = _finite_cells(jax.vmap(_quotient(numbers, ratio, 0.0, data.ordering, solved))(grid))
    slope = jnp.abs(jax.grad(log_quotient)(found_value))
    reached = exists & cells[_cell_of(grid, found_value)]
    by_solving = (
        jnp.exp(_split_logistic_density(numbers.log_Dm21, *scales)) * slope / jnp.maximum(cells.sum(), 1)
    )
    total = _PLAIN * jnp.exp(log_own(numbers)) + (1 - _PLAIN) * jnp.where(reached, by_solving, 0.0)
    found = shape(numbers.mixing(), ratio, 0.0, data.ordering)
    numbers = numbers._replace(log_lightest=_lightest(numbers, found, data.ordering))
    return Low(numbers, found.mirror, log_density + jnp.log(total), exists)
