r"""Recasting published limits for any couplings of X: one smooth number per limit, the expected yield.

For each limit (arXiv:1801.04847, Sec. 3) the yield in units of the excluded one is

.. math::
    y = \Big[\sum_c f_c\,\frac{P_c}{P_c^{ref}}\Big]\frac{1}{g_0^2}\cdot\frac{B}{B^{ref}}\cdot
        \frac{E(\tau)}{E(\tau^{ref}(g_0))}

with the production strengths P_c of the channels c (fractions f_c), the branching fraction B into the
states that were searched for, and the probability E that X decays where the experiment looks; "ref" is the
model that the limit g_0 was published for, at unit coupling. Excluded is y > 1. All of it is evaluated
directly at the couplings of the point, without root finding, so that it is smooth in them.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ._data import read
from .couplings import _Q_EM, Couplings, XPoint, index, known_charges
from .hadrons import HadronTables, vector_charges
from .inputs import INPUTS
from .limits import _NEVER, PRODUCTION, REFERENCE_MODELS, Limit
from .widths import CHANNELS, widths

__all__ = ["Recast", "minus_two_log_likelihood", "recast", "yields"]

# one-sided: Gaussian background-dominated searches (c y^2) and Poisson searches without background (2 n y)
_GAUSS = {0.90: 1.642, 0.95: 2.706}
_POISSON = {0.90: 2.302585, 0.95: 2.995732}


class RValueGrid(NamedTuple):
    """ln r of one r-value limit on masses (n,) and ln g (n, k); `row` is its place among the limits."""

    row: int
    mass: np.ndarray
    log_g: np.ndarray
    log_r: np.ndarray


class Recast(NamedTuple):
    """Limits in arrays that one vectorised evaluation serves; L limits, N nodes (padded), C production
    channels.

    Attributes
    ----------
    names : tuple of str
    axis : (L, N) float
        Mass, or its logarithm where `log` holds.
    first, last : (L, N) float
        Ends, on the axis, of the piece of the curve that each node belongs to.
    lower, upper : (L, N) float
        Couplings, or their logarithms; `upper` is 1 for one-sided limits.
    prompt_time : (L, N) float
    log, one_sided, no_decay : (L,) bool
    dump_ratio : (L,) float
    fractions : (L, C) float
    varying : tuple of int
        Limits whose fractions depend on the mass, and
    varying_fractions : (V, N, C) float
        those fractions.
    decay, reference_states : (L, channels) float
    reference : (L,) int
    reference_invisible : (L,) float
    grids : tuple of RValueGrid
    gauss, poisson : (L,) float
        Coefficients of y^2 and y in -2 ln L.
    """

    names: tuple[str, ...]
    axis: np.ndarray
    first: np.ndarray
    last: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    prompt_time: np.ndarray
    log: np.ndarray
    one_sided: np.ndarray
    no_decay: np.ndarray
    dump_ratio: np.ndarray
    fractions: np.ndarray
    varying: tuple[int, ...]
    varying_fractions: np.ndarray
    decay: np.ndarray
    reference_states: np.ndarray
    reference: np.ndarray
    reference_invisible: np.ndarray
    grids: tuple[RValueGrid, ...]
    gauss: np.ndarray
    poisson: np.ndarray


def recast(limits: list[Limit]) -> Recast:
    """Compile limits for `yields`."""
    n = max(len(limit.mass) for limit in limits)

    def padded(rows: list[np.ndarray]) -> np.ndarray:
        return np.stack([np.pad(row, (0, n - len(row)), mode="edge") for row in rows])

    def mask(channels: tuple[str, ...]) -> np.ndarray:
        return np.array([float(channel in channels) for channel in CHANNELS])

    def transformed(limit: Limit, values: np.ndarray) -> np.ndarray:
        return np.log(values) if limit.log else values

    def piece_end(limit: Limit, side: Literal["left", "right"]) -> np.ndarray:
        place = np.searchsorted(limit.piece, limit.piece, side) - (side == "right")
        return transformed(limit, limit.mass)[place]

    upper = [np.where(np.isfinite(limit.upper), limit.upper, 1.0) for limit in limits]
    by_channel = [
        np.stack([limit.production.get(c, np.zeros_like(limit.mass)) for c in PRODUCTION], axis=1)
        for limit in limits
    ]
    varying = tuple(i for i, f in enumerate(by_channel) if np.ptp(f, axis=0).max() > 0)
    tables = [np.pad(by_channel[i], ((0, n - len(by_channel[i])), (0, 0)), mode="edge") for i in varying]
    return Recast(
        names=tuple(limit.name for limit in limits),
        axis=padded([transformed(limit, limit.mass) for limit in limits]),
        first=padded([piece_end(limit, "left") for limit in limits]),
        last=padded([piece_end(limit, "right") for limit in limits]),
        lower=padded([transformed(limit, limit.lower) for limit in limits]),
        upper=padded([transformed(limit, up) for limit, up in zip(limits, upper)]),
        prompt_time=padded([limit.prompt_time for limit in limits]),
        log=np.array([limit.log for limit in limits]),
        one_sided=np.array([not limit.dump_ratio for limit in limits]),
        no_decay=np.array([not limit.decay for limit in limits]),
        dump_ratio=np.array([limit.dump_ratio or 1.0 for limit in limits]),
        fractions=np.stack(
            [np.zeros(f.shape[1]) if i in varying else f[0] for i, f in enumerate(by_channel)]
        ),
        varying=varying,
        varying_fractions=np.stack(tables) if tables else np.zeros((0, n, len(PRODUCTION))),
        decay=np.stack([mask(limit.decay) for limit in limits]),
        reference_states=np.stack([mask(limit.reference_states or CHANNELS) for limit in limits]),
        reference=np.array([REFERENCE_MODELS.index(limit.reference_model) for limit in limits]),
        reference_invisible=np.array([limit.reference_invisible for limit in limits]),
        grids=tuple(
            RValueGrid(i, limit.mass, limit.log_g, np.log(limit.r))
            for i, limit in enumerate(limits)
            if limit.log_g is not None and limit.r is not None
        ),
        gauss=np.array([0.0 if limit.zero_background else _GAUSS[limit.cl] for limit in limits]),
        poisson=np.array([2 * _POISSON[limit.cl] if limit.zero_background else 0.0 for limit in limits]),
    )


# Flavour matrices of the mesons in A -> B X, over (u, d, s)
_FLAVOUR = {
    "gamma": np.array([2.0, -1.0, -1.0]) / 3,
    "pi0": np.array([1.0, -1.0, 0.0]) / 2,
    "eta": np.array([1.0, 1.0, -1.0]) / 6**0.5,
    "eta'": np.array([1.0, 1.0, 2.0]) / (2 * 3**0.5),
    "D": np.array([1.0, 0.0, 0.0]),
    "rho": np.array([1.0, -1.0, 0.0]) / 2,
    "omega": np.array([1.0, 1.0, 0.0]) / 2,
    "phi": np.array([0.0, 0.0, 1.0]) / 2**0.5,
}
_VECTORS = ("rho", "omega", "phi")
_PROPAGATORS = read("mesons")["propagators"]


def _propagator(meson: str, mX: Array) -> Array:
    """Breit-Wigner propagator of a vector meson with the widths of its open two-body channels, 1 at mX =
    0."""
    M, width, channels = (_PROPAGATORS[meson][key] for key in ("mass", "width", "channels"))
    growth = jnp.zeros(())
    for fraction, a, b in channels:
        at_pole = (M**2 - (a + b) ** 2) * (M**2 - (a - b) ** 2) / (4 * M**2)
        momentum2 = (mX**2 - (a + b) ** 2) * (mX**2 - (a - b) ** 2) / (4 * mX**2)
        open_ = mX > a + b
        growth = growth + jnp.where(
            open_, fraction * (jnp.where(open_, momentum2, 1.0) / at_pole) ** 1.5, 0.0
        )
    return M**2 / (M**2 - mX**2 - 1j * M**2 * width * growth / mX)


def _meson_decay(channel: str, couplings: Couplings, propagators: Array) -> Array:
    """|sum_V Tr[T_A T_B T_V] T_V(x) BW_V|^2 of the decay A -> B X."""
    parent, daughter = channel.rsplit("_", 1)
    overlap = [np.sum(_FLAVOUR[parent] * _FLAVOUR[daughter] * _FLAVOUR[V]) for V in _VECTORS]
    amplitude = jnp.sum(jnp.asarray(overlap) * vector_charges(couplings) * propagators)
    return jnp.real(amplitude) ** 2 + jnp.imag(amplitude) ** 2


def _production(couplings: Couplings, propagators: Array) -> Array:
    """Strength of every channel of ``PRODUCTION``, (C,)."""
    square = 0.5 * (couplings.left**2 + couplings.right**2)
    vector = couplings.vector
    mesons = dict(zip(("rho0", "omega", "phi"), vector_charges(couplings)))
    strengths = []
    for channel in PRODUCTION:
        first = channel.split("_")[0]
        if channel == "p_brem":
            strengths.append((2 * vector[index("u")] + vector[index("d")]) ** 2)
        elif channel in mesons:
            strengths.append(mesons[channel] ** 2)
        elif channel.endswith("_brem") or channel == f"{first}_{first}":
            strengths.append(square[index(first)])
        else:
            strengths.append(_meson_decay(channel, couplings, propagators))
    return jnp.stack(strengths)


def _interpolate(axis: np.ndarray, at: Array, *tables: np.ndarray) -> tuple[Array, Array, list[Array]]:
    """Linear interpolation along the nodes of every limit; also the lower node and the fraction beyond it."""
    axis_, rows = jnp.asarray(axis), jnp.arange(len(axis))
    low = jax.vmap(lambda row, x: jnp.searchsorted(row, x, side="right"))(axis_, at) - 1
    low = jnp.clip(low, 0, axis.shape[1] - 2)
    left, right = axis_[rows, low], axis_[rows, low + 1]
    gap = right - left
    fraction = jnp.clip(jnp.where(gap > 0, (at - left) / jnp.where(gap > 0, gap, 1.0), 0.0), 0.0, 1.0)
    values = [
        (1 - fraction) * jnp.asarray(table)[rows, low] + fraction * jnp.asarray(table)[rows, low + 1]
        for table in tables
    ]
    return low, fraction, values


def _shield(k: Array, ratio: np.ndarray) -> Array:
    """Shield length in decay lengths at the lower edge, from the condition that both edges have equal yields.

    Solves ``k exp(-k a) (1 - exp(-k l a)) = exp(-a) (1 - exp(-l a))`` for a, with k = (upper/lower)^2, l =
    `ratio`. The root lies between ln k/(k-1) and twice that; Newton's steps after the bisection also carry
    its derivative.
    """

    def residual(a: Array) -> Array:
        return (
            jnp.log(k) - (k - 1) * a + jnp.log(-jnp.expm1(-k * ratio * a)) - jnp.log(-jnp.expm1(-ratio * a))
        )

    low = jnp.log(k) / (k - 1)
    high = 2 * low
    for _ in range(6):
        middle = 0.5 * (low + high)
        positive = residual(middle) > 0
        low, high = jnp.where(positive, middle, low), jnp.where(positive, high, middle)
    a = jax.lax.stop_gradient(0.5 * (low + high))
    for _ in range(3):
        x, X = ratio * a, k * ratio * a
        slope = -(k - 1) + k * ratio * jnp.exp(-X) / -jnp.expm1(-X) - ratio * jnp.exp(-x) / -jnp.expm1(-x)
        a = jax.lax.stop_gradient(a) - residual(jax.lax.stop_gradient(a)) / jax.lax.stop_gradient(slope)
    return a


def _references(mX: Array, tables: HadronTables, propagators: Array) -> tuple[Array, Array]:
    """Production strengths (2, C) and partial widths (2, channels) of the reference models at unit
    coupling."""
    photon = INPUTS.e * jnp.asarray(_Q_EM)
    charges = known_charges("lmu-ltau")
    models = (Couplings(photon, photon), Couplings(jnp.asarray(charges.left), jnp.asarray(charges.right)))
    production = jnp.stack([_production(model, propagators) for model in models])
    return production, jnp.stack([widths(mX, model, tables).partial for model in models])


def _safe_ratio(numerator: Array, denominator: Array | np.ndarray) -> Array:
    positive = denominator > 0
    return jnp.where(positive, numerator / jnp.where(positive, denominator, 1.0), 0.0)


def yields(point: XPoint, limits: Recast, tables: HadronTables, taper: float = 0.0) -> Array:
    """Expected yield of every limit in units of the excluded one: y > 1 is excluded.

    Parameters
    ----------
    point : XPoint
    limits : Recast
    tables : HadronTables
    taper : float
        Over this relative distance inside the ends of its mass range, and beside its gaps, a limit fades smoothly, for
        samplers; zero outside the range in any case.

    Returns
    -------
    (L,) array
    """
    mX = point.mX
    at = jnp.where(limits.log, jnp.log(mX), mX)
    low, fraction, (lower, upper, prompt_time) = _interpolate(
        limits.axis, at, limits.lower, limits.upper, limits.prompt_time
    )
    lower, upper = (jnp.where(limits.log, jnp.exp(jnp.where(limits.log, g, 0.0)), g) for g in (lower, upper))

    propagators = jnp.stack([_propagator(V, mX) for V in _VECTORS])
    reference_production, reference_partial = _references(mX, tables, propagators)
    model = widths(mX, point.shell, tables)

    fractions = jnp.asarray(limits.fractions)
    for v, i in enumerate(limits.varying):
        table = jnp.asarray(limits.varying_fractions[v])
        row = (1 - fraction[i]) * table[low[i]] + fraction[i] * table[low[i] + 1]
        fractions = fractions.at[i].set(row)
    strength = _safe_ratio(_production(point.shell, propagators), reference_production)
    produced = jnp.sum(fractions * strength[limits.reference], axis=1)

    partial = reference_partial[limits.reference] * limits.reference_states
    reference_width = jnp.sum(partial, axis=1)
    reference_branching = _safe_ratio(jnp.sum(partial * limits.decay, axis=1), reference_width)
    reference_branching = jnp.where(
        limits.reference_invisible > 0, limits.reference_invisible, reference_branching
    )
    decayed = jnp.where(
        limits.no_decay, 1.0, _safe_ratio(jnp.asarray(limits.decay) @ model.branching, reference_branching)
    )

    # times in units of the lifetime: of the model, and of the reference model at the limit
    rate, reference_rate = model.total / INPUTS.hbar, reference_width * lower**2 / INPUTS.hbar
    prompt = prompt_time < _NEVER
    seen = jnp.where(prompt, -jnp.expm1(-jnp.where(prompt, prompt_time, 1.0) * rate), 1.0)
    reference_seen = jnp.where(prompt, -jnp.expm1(-jnp.where(prompt, prompt_time, 1.0) * reference_rate), 1.0)
    dump = ~limits.one_sided
    k = jnp.where(dump, jnp.maximum((upper / lower) ** 2, 1 + 1e-9), 2.0)
    shield = _shield(k, limits.dump_ratio)
    lifetimes = jnp.where(dump, shield * _safe_ratio(rate, reference_rate), 1.0)
    beyond = jnp.exp(-lifetimes) * -jnp.expm1(-limits.dump_ratio * lifetimes)
    reference_beyond = jnp.exp(-shield) * -jnp.expm1(-limits.dump_ratio * shield)
    efficiency = jnp.where(dump, beyond / reference_beyond, _safe_ratio(seen, reference_seen))

    y = produced * decayed * efficiency / lower**2
    for grid in limits.grids:
        i = grid.row
        g2 = _safe_ratio(model.total, reference_width[i])
        y = y.at[i].set(_safe_ratio(produced[i] * decayed[i], g2 * jnp.exp(_log_r(grid, mX, g2))))
    return y * _inside(at, low, limits, taper)


def _log_r(grid: RValueGrid, mX: Array, g2: Array) -> Array:
    """ln r at (mX, ln g), linear in both and extrapolated linearly in ln g."""
    mass, log_g, log_r = jnp.asarray(grid.mass), jnp.asarray(grid.log_g), jnp.asarray(grid.log_r)
    row = jnp.clip(jnp.searchsorted(mass, mX, side="right") - 1, 0, len(grid.mass) - 2)
    weight = jnp.clip((mX - mass[row]) / (mass[row + 1] - mass[row]), 0.0, 1.0)
    target = 0.5 * jnp.log(jnp.maximum(g2, 1e-300))

    def along(at: Array) -> Array:
        x, values = log_g[at], log_r[at]
        j = jnp.clip(jnp.searchsorted(x, target) - 1, 0, grid.log_g.shape[1] - 2)
        return values[j] + (target - x[j]) / (x[j + 1] - x[j]) * (values[j + 1] - values[j])

    # far from the grid the extrapolation must stay finite: exp(-60) of a limit is nothing
    return jnp.clip((1 - weight) * along(row) + weight * along(row + 1), -60.0, 60.0)


def _inside(at: Array, low: Array, limits: Recast, taper: float) -> Array:
    """One on the curve of each limit, zero in its gaps and beyond its ends, with smooth edges of relative width
    `taper`; `low` is the node below."""
    rows = jnp.arange(len(limits.axis))
    first, last = jnp.asarray(limits.first)[rows, low], jnp.asarray(limits.last)[rows, low]
    inside = (at >= first) & (at <= last)
    if taper == 0:
        return jnp.where(inside, 1.0, 0.0)
    width = taper * jnp.where(limits.log, 1.0, jnp.maximum(at, 1e-12))
    x = jnp.clip(jnp.minimum(at - first, last - at) / width, 0.0, 1.0)
    return jnp.where(inside, x**2 * (3 - 2 * x), 0.0)


def minus_two_log_likelihood(y: Array, limits: Recast) -> Array:
    """-2 ln L of every limit at the yields `y` (L,), zero where nothing is expected.

    A Gaussian upper limit (c y^2) where background was expected, a Poisson one with no event observed (2 n
    y) where not; at y = 1 each excludes at its own confidence level.
    """
    return limits.gauss * y**2 + limits.poisson * y
