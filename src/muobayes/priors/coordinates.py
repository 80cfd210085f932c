"""Coordinates in which a posterior is straighter than in the parameters' own; the prior stays what it is.

A likelihood that knows the product of two parameters much better than either is a cross with arms as narrow as the
product's uncertainty eps over the length of the other arm: a step that suits its end takes for ever in its middle. The
map of the plane onto itself

    left = eps sinh(u),        right = q / cosh(u)

has the constant Jacobian eps, both signs of both parameters, and left * right = eps q tanh(u): in (u, q) the cross is a
strip of unit width. A coupling that is known to a width proportional to a power of a mass is a funnel, and a cylinder in
units of that power.
"""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["Hyperbola", "Scaled"]

_TEV = 1e3  # GeV
_FAR = 300.0  # sinh overflows beyond 700; the prior has ended long before


class Scaled(eqx.Module):
    """The map for entry ``index`` of a vector: coordinate = (mass/reference)^power times the new one.

    Attributes
    ----------
    index, mass : int
        Positions of the coordinate and of the mass.
    power : float
    reference : float
        GeV.
    """

    index: int = eqx.field(static=True)
    mass: int = eqx.field(static=True)
    power: float = eqx.field(static=True)
    reference: float = eqx.field(static=True)

    def _log_unit(self, x: Float[Array, " n"]) -> Array:
        return self.power * jnp.log(x[self.mass] / self.reference)

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
