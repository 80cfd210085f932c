"""The renormalisation-group flow of a model, from the matching scale towards the Planck scale.

The integration is adaptive and differentiable (reverse mode through the discrete steps). It ends at the upper scale, or
where the largest coupling reaches a bound: that scale is located by a root search, so that it is a smooth function
of the couplings from which a sampler can climb away. Nothing here raises or returns NaN for any finite input.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import diffrax
import jax.numpy as jnp
import numpy as np
import optimistix
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from ..errors import InputError, did_you_mean
from .table import BetaTable, Polynomials, load_table, polynomials

__all__ = ["M_PLANCK", "FlowResult", "Outcome", "RunningModel", "flow", "running_model"]

M_PLANCK = 1.22e19  # GeV, (hbar c / G_N)^(1/2), PDG
EPS_LIMIT = (
    0.99  # kinetic mixing at which the gauge sector is taken to have broken down (it degenerates at 1)
)
LARGEST = 100.0  # couplings enter the beta functions as at most this, so that no trial step overflows
MAX_STEPS = 256
INTEGRAL = 1e-2  # errors of an integral count by this: with less its gradient is not that of its value


class Outcome(IntEnum):
    """How a flow ended."""

    END = 0  # reached the upper scale
    POLE = 1  # a coupling reached the bound below it
    START = 2  # a coupling is beyond the bound already at the start
    STEPS = 3  # more steps than allowed were needed
    NOT_FINITE = 4  # the start is not finite


@dataclass(frozen=True, eq=False)
class RunningModel:
    """The couplings that run together and their velocity.

    Attributes
    ----------
    names : tuple of str
        The entries of a state: ``g_Y``, ``g_2``, ``g_3``, (``g_X``, ``eps_BX``,) Yukawas, quartics; real.
    mixing : bool
        Whether there are two U(1) factors with kinetic mixing.
    frozen : tuple of str
        Couplings that are kept constant.
    """

    name: str
    names: tuple[str, ...]
    polynomial: Polynomials
    mixing: bool
    table: BetaTable
    frozen: tuple[str, ...] = ()

    def index(self, name: str) -> int:
        return self.names.index(name)

    def velocity(self, state: Float[Array, " n"]) -> Float[Array, " n"]:
        """d(state)/dln(mu), from dG/dln(mu) = G b G with G = D K^-1 D for the U(1) factors (arXiv:1906.04625)."""
        state = jnp.clip(state, -LARGEST, LARGEST)
        if self.mixing:
            gY, g2, g3, gX, eps = state[:5]
            scale = 1 / jnp.maximum(1 - eps**2, 1 - EPS_LIMIT**2)
            squared = jnp.stack([gY**2 * scale, gY * gX * eps * scale, gX**2 * scale, g2**2, g3**2])
            out = self.polynomial(jnp.concatenate([squared, state[5:]]))
            bYY, bYX, bXX, b2, b3 = out[:5]
            legY, legX = gY**2 * bYY / 2, gX**2 * bXX / 2
            mixing = gY * gX * bYX + eps * (legY + legX)
            gauge = jnp.stack([gY * legY, g2**3 * b2 / 2, g3**3 * b3 / 2, gX * legX, mixing])
        else:
            out = self.polynomial(jnp.concatenate([state[:3] ** 2, state[3:]]))
            gauge = state[:3] ** 3 * out[:3] / 2
        velocity = jnp.concatenate([gauge, out[len(gauge) :]])
        if not self.frozen:
            return velocity
        return velocity * jnp.array([0.0 if n in self.frozen else 1.0 for n in self.names])

    def sizes(self, state: Float[Array, "... n"], bound: ArrayLike) -> Float[Array, "... n"]:
        """The |couplings|, where the kinetic mixing counts as `bound` when it reaches 0.99."""
        weights = jnp.ones(len(self.names))
        return jnp.abs(state) * (weights.at[4].set(bound / EPS_LIMIT) if self.mixing else weights)

    def stability_margin(self, state: Float[Array, "... n"]) -> Float[Array, "..."]:
        """The smallest value of the quartic potential on the table's directions; negative means unstable."""
        return jnp.min(self.quartics(state) @ self.table.stability.T, axis=-1)

    def most_negative(self, state: Float[Array, " n"]) -> str:
        """The coupling that contributes the most negative term in the most unstable direction."""
        quartics, rows = np.asarray(self.quartics(state)), self.table.stability
        terms = rows[np.argmin(rows @ quartics)] * quartics
        return self.names[len(self.names) - len(quartics) + int(np.argmin(terms))]

    def quartics(self, state: Float[Array, "... n"]) -> Float[Array, "... q"]:
        """The quartic couplings of a state."""
        return state[..., len(self.names) - self.table.stability.shape[1] :]


@lru_cache(maxsize=16)
def _running_model(
    name: str, variant: str, loops: tuple[int, int, int], parameters: tuple, frozen: tuple[str, ...]
) -> RunningModel:
    table = load_table(name, variant)
    polynomial = polynomials(table, loops, dict(parameters))
    mixing = len(table.abelian) == 2
    squares = 5 if mixing else 3
    gauge = ("g_Y", "g_2", "g_3", *((f"g_{table.abelian[1]}", f"eps_B{table.abelian[1]}") if mixing else ()))
    names = gauge + polynomial.symbols[squares:]
    for wrong in set(frozen) - set(names):
        raise InputError(f"{name} ({variant}) has no coupling {wrong!r}{did_you_mean(wrong, names)}.")
    return RunningModel(name, names, polynomial, mixing, table, frozen)


def running_model(
    name: str = "full",
    variant: str = "heavy",
    loops: tuple[int, int, int] = (3, 2, 2),
    parameters: Mapping[str, Fraction | float] | None = None,
    frozen: Sequence[str] = (),
) -> RunningModel:
    """The running couplings of a model at chosen loop orders.

    Parameters
    ----------
    name, variant : str
        As for `load_table`: ``heavy`` holds the third generation and the muon, real couplings.
    loops : (gauge, yukawa, quartic)
    parameters : mapping, optional
        Charges that the model leaves open, e.g. ``{"qPhi": Fraction(1, 2)}``.
    frozen : sequence of str, optional
        Couplings that are kept constant.

    Raises
    ------
    InputError
        If the model, the variant, a loop order, a parameter or a coupling is unknown.
    """
    given = tuple(sorted((parameters or {}).items()))
    return _running_model(name, variant, tuple(loops), given, tuple(sorted(frozen)))


class FlowResult(NamedTuple):
    """A trajectory and how it ended.

    `ln_mu_end` is the logarithm of the scale (GeV) at which a coupling reached the bound, or of the upper scale if
    none did; it is a smooth function of the start. Scales beyond it repeat the last point. For a start beyond the bound
    it lies below the start by the logarithm of the excess, and all points are the start. `integral` is that of the
    caller's integrand over ln(mu), from the start to `ln_mu_end` (zero if there is none).
    """

    ln_mu: Float[Array, " k"]
    couplings: Float[Array, "k n"]
    ln_mu_end: Float[Array, ""]
    end: Float[Array, " n"]
    driver: Int[Array, ""]
    outcome: Int[Array, ""]
    steps: Int[Array, ""]
    integral: Float[Array, ""]


def _norm(error: tuple[Array, Array]) -> Float[Array, ""]:
    """Of the scaled errors of the couplings and of the integral, which need not be as accurate."""
    return jnp.maximum(optimistix.rms_norm(error[0]), INTEGRAL * jnp.abs(error[1]))


def flow(
    model: RunningModel,
    start: Float[Array, " n"],
    mu_start: ArrayLike,
    mu_end: ArrayLike = M_PLANCK,
    *,
    bound: float = 4 * np.pi,
    points: int = 0,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    integrand: Callable[[Array, Array], Array] | None = None,
) -> FlowResult:
    """Run the couplings from `mu_start` to `mu_end`, or to the first scale at which one of them reaches `bound`.

    Parameters
    ----------
    model : RunningModel
    start : (n,) array
        Couplings at `mu_start`, in the order of ``model.names``.
    mu_start, mu_end : float
        Scales in GeV.
    bound : float
        The |coupling| that counts as a Landau pole.
    points : int
        Number of scales, equally spaced in ln(mu), at which the trajectory is returned (0: none).
    rtol, atol : float
        Error per step of the couplings, relative and absolute.
    integrand : callable, optional
        (ln(mu/GeV), couplings (n,)) -> scalar, integrated along with them.

    Returns
    -------
    FlowResult
    """
    ln_start = jnp.log(jnp.asarray(mu_start, float))
    # The beta functions do not depend on the scale: counted from the start, a pole right above it is resolved.
    range_ = jnp.log(jnp.asarray(mu_end, float)) - ln_start
    finite = jnp.all(jnp.isfinite(start))
    start = jnp.where(jnp.isfinite(start), start, 0.0)
    excess = jnp.max(model.sizes(start, bound)) / bound
    beyond = excess >= 1
    inside = jnp.where(beyond, start * 0.999 / jnp.maximum(excess, 1.0), start)
    grid = jnp.linspace(0.0, 1.0, points) * range_

    def velocity(t: Any, y: tuple[Array, Array], args: Any) -> tuple[Array, Array]:
        return model.velocity(y[0]), jnp.zeros(()) if integrand is None else integrand(ln_start + t, y[0])

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(velocity),
        diffrax.Tsit5(),
        0.0,
        range_,
        range_ / 20,
        (inside, jnp.zeros(())),
        saveat=diffrax.SaveAt(
            subs=[
                diffrax.SubSaveAt(t1=True),
                *([diffrax.SubSaveAt(ts=grid, fn=lambda t, y, args: y[0])] if points else []),
            ]
        ),
        stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol, pcoeff=0.2, icoeff=0.4, norm=_norm),
        # Bisection, because Newton's method leaves the step where the couplings run away within it.
        event=diffrax.Event(
            lambda t, y, args, **kwargs: bound - jnp.max(model.sizes(y[0], bound)),
            optimistix.Bisection(1e-10, 1e-8, flip=True),  # type: ignore[call-arg]
        ),
        max_steps=MAX_STEPS,
        throw=False,
    )
    last, integral = (values[-1] for values in solution.ys[0])
    end = jnp.where(beyond, start, last)
    path = jnp.zeros((0, len(model.names)))
    if points:
        path = jnp.where(beyond | ~jnp.isfinite(solution.ys[1]), end, solution.ys[1])
    outcome = jnp.where(
        solution.result == diffrax.RESULTS.successful,
        Outcome.END,
        jnp.where(diffrax.is_event(solution.result), Outcome.POLE, Outcome.STEPS),
    )
    outcome = jnp.where(beyond, Outcome.START, outcome)
    outcome = jnp.where(finite, outcome, Outcome.NOT_FINITE)
    ln_mu_end = ln_start + jnp.where(beyond, -jnp.log(jnp.maximum(excess, 1.0)), solution.ts[0][-1])
    driver = jnp.argmax(model.sizes(end, bound))
    return FlowResult(
        ln_start + grid,
        path,
        ln_mu_end,
        end,
        driver,
        outcome,
        solution.stats["num_steps"],
        jnp.where(beyond, 0.0, integral),
    )
