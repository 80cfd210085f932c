"""Coordinates in which a posterior is straighter than in the parameters' own; the prior stays what it is.

A likelihood that knows the product of two parameters much better than either is a cross with arms as narrow as the
product's uncertainty eps over the length of the other arm: a step that suits its end takes for ever in its middle. The
map of the plane onto itself

    left = eps sinh(u),        right = q / cosh(u)

has the constant Jacobian eps, both signs of both parameters, and left * right = eps q tanh(u): in (u, q) the cross is a
strip of unit width. A coupling that is known to a width proportional to a power of a mass is a funnel, and a cylinder in
units of that power. A sum of couplings that cancels, as that which shifts the Higgs mass, is a needle in the space of
the couplings, whose direction turns and whose width shrinks with the masses; turned upright and stretched, it is a box.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["Hyperbola", "MassShift", "Scaled"]

_TEV = 1e3  # GeV
_FAR = 300.0  # sinh overflows beyond 700; the prior has ended long before


class Scaled(eqx.Module):
    """The map for entry ``index`` of a vector: coordinate = unit times the new one, unit = s = (mass/reference)^power.

    With a coupling, s = (mass/(coupling size))^power and unit = s/sqrt(1 + s^2): a needle that opens into the prior.

    Attributes
    ----------
    index, mass : int
        Positions of the coordinate and of the mass.
    power : float
    reference : float
        GeV.
    coupling : int or None
        Position of the coupling.
    size : float
        GeV.
    """

    index: int = eqx.field(static=True)
    mass: int = eqx.field(static=True)
    power: float = eqx.field(static=True)
    reference: float = eqx.field(static=True)
    coupling: int | None = eqx.field(static=True, default=None)
    size: float = eqx.field(static=True, default=1.0)

    def _log_unit(self, x: Float[Array, " n"]) -> Array:
        if self.coupling is None:
            return self.power * jnp.log(x[self.mass] / self.reference)
        log_s = self.power * (jnp.log(x[self.mass] / self.size) - jnp.log(x[self.coupling]))
        return -0.5 * jax.nn.softplus(-2 * log_s)

    def bend(
        self, z: Float[Array, " n"], x: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], Float[Array, ""]]:
        """The old coordinates within z, and the logarithm of the Jacobian; ``x`` holds the masses in GeV."""
        log_unit = self._log_unit(x)
        return z.at[self.index].multiply(jnp.exp(log_unit)), log_unit

    def straighten(self, z: Float[Array, " n"], x: Float[Array, " n"]) -> Float[Array, " n"]:
        """The inverse of `bend`."""
        return z.at[self.index].multiply(jnp.exp(-self._log_unit(x)))


class Hyperbola(eqx.Module):
    """The map for entries ``left`` and ``right`` of a vector, in units in which their priors have a width of order one.

    Attributes
    ----------
    left, right : int
        Positions of the two coordinates.
    mass : int or None
        Position of the parameter, in GeV, to whose square eps is proportional.
    size : float
        eps, at 1 TeV if there is a mass.
    """

    left: int = eqx.field(static=True)
    right: int = eqx.field(static=True)
    mass: int | None = eqx.field(static=True)
    size: float = eqx.field(static=True)

    def _log_eps(self, x: Float[Array, " n"]) -> Array:
        log_mass = 0.0 if self.mass is None else 2 * jnp.log(x[self.mass] / _TEV)
        return jnp.asarray(math.log(self.size) + log_mass)

    def bend(
        self, z: Float[Array, " n"], x: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], Float[Array, ""]]:
        """(u, q) -> (left, right) within z, and the logarithm of the Jacobian; ``x`` holds the masses in GeV."""
        log_eps = self._log_eps(x)
        u = jnp.clip(z[self.left], -_FAR, _FAR)
        bent = z.at[self.left].set(jnp.exp(log_eps) * jnp.sinh(u))
        return bent.at[self.right].set(z[self.right] / jnp.cosh(u)), log_eps

    def straighten(self, z: Float[Array, " n"], x: Float[Array, " n"]) -> Float[Array, " n"]:
        """The inverse of `bend`."""
        u = jnp.arcsinh(z[self.left] * jnp.exp(-self._log_eps(x)))
        return z.at[self.left].set(u).at[self.right].set(z[self.right] * jnp.cosh(u))


class MassShift(eqx.Module):
    """The map for couplings whose sum, weighted with squared masses, is known; in units in which priors are N(0, 1).

    With a_i = weight_i M_i^2 (1 + ln(mu^2/M_i^2)), as a one-loop shift of a squared mass has it
    (arXiv:2103.13991, Eq. (6)), the first coordinate is asinh(sum_i a_i z_i/size), the others are coordinates in the
    plane orthogonal to a. A density 1/sqrt(1 + (sum/size)^2), the probability of a cancellation, is flat in the first
    one. mu is the mass of the first coupling, so that a_1 > 0 and the reflection that turns a upright is never singular.

    Attributes
    ----------
    indices, masses : tuple of int
        Positions of the couplings and of their masses (GeV).
    weights : tuple of float
        Of the sum over couplings times squared masses, per unit of the coordinates.
    size : float
        TeV^2.
    """

    indices: tuple[int, ...] = eqx.field(static=True)
    masses: tuple[int, ...] = eqx.field(static=True)
    weights: tuple[float, ...] = eqx.field(static=True)
    size: float = eqx.field(static=True)

    def _frame(self, x: Float[Array, " n"]) -> tuple[Array, Array]:
        """Unit vector along a, and ln(size/|a|)."""
        log_mass = jnp.log(x[jnp.array(self.masses)] / _TEV)
        a = jnp.array(self.weights) * jnp.exp(2 * log_mass) * (1 + 2 * (log_mass[0] - log_mass))
        length = jnp.sqrt(jnp.sum(a**2))
        return a / length, math.log(self.size) - jnp.log(length)

    @staticmethod
    def _reflect(direction: Array, y: Array) -> Array:
        """The reflection that exchanges the first axis and -direction."""
        v = direction.at[0].add(1.0)
        return y - v * jnp.dot(v, y) / (1 + direction[0])

    def bend(
        self, z: Float[Array, " n"], x: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], Float[Array, ""]]:
        """The old coordinates within z, and the logarithm of the Jacobian; ``x`` holds the masses in GeV."""
        direction, log_size = self._frame(x)
        y = z[jnp.array(self.indices)]
        u = jnp.clip(y[0], -_FAR, _FAR)
        y = self._reflect(direction, y.at[0].set(-jnp.exp(log_size) * jnp.sinh(u)))
        return z.at[jnp.array(self.indices)].set(y), log_size + jnp.logaddexp(u, -u) - math.log(2)

    def straighten(self, z: Float[Array, " n"], x: Float[Array, " n"]) -> Float[Array, " n"]:
        """The inverse of `bend`."""
        direction, log_size = self._frame(x)
        y = self._reflect(direction, z[jnp.array(self.indices)])
        y = y.at[0].set(jnp.arcsinh(-y[0] * jnp.exp(-log_size)))
        return z.at[jnp.array(self.indices)].set(y)
