"""Normalised prior densities, and the maps that samplers need from the unit cube and from the real line.

Every prior is a simple density (flat, Gaussian, flat on a circle) of a *natural coordinate* y, which is the
parameter x itself or its logarithm. What a user writes is in `muobayes.priors.spec`.

The real line ``z`` is where NUTS and nested sampling walk. A flat coordinate is mapped by a logistic
function, a one-sided one by a softplus, a Gaussian by its own scale. A phase walks on the line and is
wrapped. To make the density on the line proper, each image of the circle is weighted by

    f(z) = sigma(z + 2) - sigma(z - 2),        sigma the logistic function, one turn = 4 units of z,

whose sum over all images telescopes to one: the wrapped density is exactly flat, a mode that sits on the cut
is seen whole, and nothing can drift away.
"""

import math
from collections.abc import Iterator, Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float
from scipy.special import log_ndtr

from ..errors import InputError, did_you_mean
from .coordinates import Hyperbola, MassShift, Scaled
from .spec import Fixed, LogNormal, LogUniform, Normal, Periodic, PriorSpec, Uniform

__all__ = ["PriorSet", "prior_set"]

_EDGE = 2.0**-53  # half a unit in the last place at 1: keeps quantiles off the ends of the unit interval
_LOG_HUGE = 690.0  # |ln x| beyond this overflows float64
_TURN = 4.0  # length of one image of the circle on the real line
_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


class _Flat(eqx.Module):
    """Flat between two ends."""

    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    def log_prob(self, y):
        return jnp.full_like(y, -math.log(self.high - self.low))

    def quantile(self, u):
        return self.low + (self.high - self.low) * u

    def to_line(self, y):
        u = jnp.clip((y - self.low) / (self.high - self.low), _EDGE, 1 - _EDGE)
        return jnp.log(u) - jnp.log1p(-u)

    def from_line(self, z):
        width = self.high - self.low
        log_slope = math.log(width) + jax.nn.log_sigmoid(z) + jax.nn.log_sigmoid(-z)
        return self.low + width * jax.nn.sigmoid(z), log_slope


class _Circle(_Flat):
    """Flat on a circle whose point ``low`` is also ``high``."""

    def to_line(self, y):
        return _TURN * ((y - self.low) / (self.high - self.low) - 0.5)

    def from_line(self, z):
        width = self.high - self.low
        sides = jax.nn.log_sigmoid(z + _TURN / 2) + jax.nn.log_sigmoid(_TURN / 2 - z)
        log_image = sides + math.log1p(-math.exp(-_TURN))
        return self.low + width * jnp.mod(z / _TURN + 0.5, 1.0), math.log(width / _TURN) + log_image


class _Gaussian(eqx.Module):
    """Gaussian, truncated to [low, high] (infinite ends: not truncated)."""

    mean: float = eqx.field(static=True)
    sd: float = eqx.field(static=True)
    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    def _ends(self) -> tuple[float, float, float]:
        """Ends in units of sd, mirrored into the lower tail that float64 resolves, and the sign used."""
        a, b = (self.low - self.mean) / self.sd, (self.high - self.mean) / self.sd
        return (-b, -a, -1.0) if a > 0 else (a, b, 1.0)

    def log_mass(self) -> float:
        """Logarithm of the Gaussian's probability between the ends."""
        a, b, _ = self._ends()
        upper, lower = float(log_ndtr(b)), float(log_ndtr(a))
        return upper + math.log1p(-math.exp(lower - upper)) if lower < upper else -math.inf

    def log_prob(self, y):
        return -0.5 * ((y - self.mean) / self.sd) ** 2 - _LOG_SQRT_2PI - math.log(self.sd) - self.log_mass()

    def quantile(self, u):
        a, _, sign = self._ends()
        u = jnp.clip(u if sign > 0 else 1 - u, _EDGE, 1 - _EDGE)
        return self.mean + self.sd * sign * ndtri(ndtr(a) + math.exp(self.log_mass()) * u)

    def to_line(self, y):
        below, above = math.isfinite(self.low), math.isfinite(self.high)
        if below and above:
            return _Flat(self.low, self.high).to_line(y)
        if below:
            return _inverse_softplus((y - self.low) / self.sd)
        if above:
            return -_inverse_softplus((self.high - y) / self.sd)
        return (y - self.mean) / self.sd

    def from_line(self, z):
        below, above = math.isfinite(self.low), math.isfinite(self.high)
        if below and above:
            return _Flat(self.low, self.high).from_line(z)
        if below:
            return self.low + self.sd * jax.nn.softplus(z), math.log(self.sd) + jax.nn.log_sigmoid(z)
        if above:
            return self.high - self.sd * jax.nn.softplus(-z), math.log(self.sd) + jax.nn.log_sigmoid(-z)
        return self.mean + self.sd * z, jnp.full_like(z, math.log(self.sd))


def _inverse_softplus(distance):
    distance = jnp.maximum(distance, _EDGE)
    return distance + jnp.log(-jnp.expm1(-distance))


class _Scalar(eqx.Module):
    """The prior of one parameter x: a density of y = x, or of y = ln x."""

    shape: _Flat | _Gaussian
    logarithmic: bool = eqx.field(static=True)
    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    def _natural(self, x):
        if not self.logarithmic:
            return x, 0.0
        y = jnp.log(jnp.where(x > 0, x, 1.0))
        return y, y

    def log_prob(self, x):
        inside = (x >= self.low) & (x <= self.high)
        y, log_x = self._natural(jnp.where(inside, x, min(max(self.low, 1e-300), self.high)))
        return jnp.where(inside, self.shape.log_prob(y) - log_x, -jnp.inf)

    def quantile(self, u):
        y = self.shape.quantile(u)
        return jnp.clip(jnp.exp(y) if self.logarithmic else y, self.low, self.high)

    def to_line(self, x):
        return self.shape.to_line(self._natural(x)[0])

    def from_line(self, z):
        y, log_slope = self.shape.from_line(z)
        if self.logarithmic:
            y = jnp.clip(y, -_LOG_HUGE, _LOG_HUGE)
            return jnp.clip(jnp.exp(y), self.low, self.high), log_slope + y
        return jnp.clip(y, self.low, self.high), log_slope


def _scalar(name: str, spec: PriorSpec) -> _Scalar:
    inf = math.inf
    match spec:
        case Uniform():
            return _Scalar(_Flat(spec.low, spec.high), False, spec.low, spec.high)
        case LogUniform():
            return _Scalar(_Flat(math.log(spec.low), math.log(spec.high)), True, spec.low, spec.high)
        case Periodic():
            return _Scalar(_Circle(spec.low, spec.high), False, spec.low, spec.high)
        case LogNormal():
            return _Scalar(_Gaussian(math.log(spec.median), spec.sd, -inf, inf), True, 0.0, inf)
        case Normal():
            low, high = -inf if spec.low is None else spec.low, inf if spec.high is None else spec.high
            shape = _Gaussian(spec.mean, spec.sd, low, high)
            if shape.log_mass() < math.log(1e-300):
                raise InputError(
                    f"prior of {name!r}: no support: the Gaussian {spec.mean:g} +- {spec.sd:g} has no "
                    f"probability between {low:g} and {high:g}."
                )
            return _Scalar(shape, False, low, high)
    raise TypeError(f"prior of {name!r}: {type(spec).__name__} cannot be sampled")


class PriorSet(eqx.Module):
    """The joint prior of a model's parameters: a product of normalised densities.

    Attributes
    ----------
    names : tuple of str
        The sampled parameters, in the order of every array below.
    fixed : dict
        The parameters that are not sampled, and their values (GeV for energies).
    """

    names: tuple[str, ...] = eqx.field(static=True)
    fixed: dict[str, float] = eqx.field(static=True)
    specs: tuple[PriorSpec, ...] = eqx.field(static=True)
    scalars: tuple[_Scalar, ...]
    coordinates: tuple[Hyperbola | MassShift | Scaled, ...] = ()

    @property
    def size(self) -> int:
        """Number of sampled parameters."""
        return len(self.names)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Which sampled parameters live on a circle."""
        return tuple(isinstance(s.shape, _Circle) for s in self.scalars)

    @property
    def turns(self) -> tuple[float | None, ...]:
        """Length of the circle of each sampled parameter, None where there is none."""
        return tuple(s.high - s.low if periodic else None for s, periodic in zip(self.scalars, self.periodic))

    @property
    def logarithmic(self) -> tuple[bool, ...]:
        """Whether the prior of each sampled parameter is a simple density of its logarithm."""
        return tuple(s.logarithmic for s in self.scalars)

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Ends of the support of each sampled parameter."""
        return tuple((s.low, s.high) for s in self.scalars)

    def log_prob(self, x: Float[Array, " n"]) -> Float[Array, ""]:
        """Normalised log-density at parameter values ``x``; -inf outside the support."""
        return sum((s.log_prob(x[i]) for i, s in enumerate(self.scalars)), jnp.zeros(()))

    def from_unit_cube(self, u: Float[Array, " n"]) -> Float[Array, " n"]:
        """Quantile transform: uniform ``u`` in (0, 1)^n gives parameters distributed as the prior."""
        return self._stack([s.quantile(u[i]) for i, s in enumerate(self.scalars)])

    def to_unconstrained(self, x: Float[Array, " n"]) -> Float[Array, " n"]:
        """The point of R^n that `from_unconstrained` maps to ``x`` (for a phase: its principal image)."""
        z = self._stack([s.to_line(x[i]) for i, s in enumerate(self.scalars)])
        for coordinate in self.coordinates:
            z = coordinate.straighten(z, x)
        return z

    def from_unconstrained(self, z: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, ""]]:
        """Map R^n to parameters.

        Returns
        -------
        x : (n,)
            Parameter values, always inside the support.
        log_jacobian : scalar
            ln |dx/dz|; for a phase it includes the weight of the image that z lies in, so that
            ``log_prob(x) + log_jacobian`` is a normalised density of z.
        """
        straight = self._stack([s.from_line(z[i])[0] for i, s in enumerate(self.scalars)])
        log_jacobian = jnp.zeros(())
        for coordinate in reversed(self.coordinates):
            z, log_slope = coordinate.bend(z, straight)
            log_jacobian += log_slope
        pairs = [s.from_line(z[i]) for i, s in enumerate(self.scalars)]
        return self._stack([x for x, _ in pairs]), sum((slope for _, slope in pairs), log_jacobian)

    def sample(self, key: Array, shape: tuple[int, ...] = ()) -> Float[Array, "*shape n"]:
        """Independent draws of the parameters."""
        u = jax.random.uniform(key, (*shape, self.size), float)
        return jnp.vectorize(self.from_unit_cube, signature="(n)->(n)")(u) if self.size else u

    def sample_unconstrained(self, key: Array, shape: tuple[int, ...] = ()) -> Float[Array, "*shape n"]:
        """Independent draws of z whose density is ``log_prob(x) + log_jacobian``."""
        if not self.size:
            return jnp.zeros((*shape, 0))
        key_x, key_image = jax.random.split(key)
        z = jnp.vectorize(self.to_unconstrained, signature="(n)->(n)")(self.sample(key_x, shape))
        # A uniform variable plus a logistic one has exactly the density f of the images.
        image = jax.random.logistic(key_image, z.shape, float)
        return z + jnp.where(jnp.array(self.periodic), image, 0.0)

    def unwrapped(self, centres: Mapping[str, float]) -> "PriorSet":
        """The same prior with each circle cut opposite to a centre and laid out as an interval.

        Values of the cut parameters then run over half a turn on either side of their centre and must be
        wrapped before use. Evidence estimators that fit a proposal to draws need this: no images of a mode,
        and no mode on the cut.
        """
        specs: dict[str, PriorSpec] = {}
        for name, spec in zip(self.names, self.specs):
            if isinstance(spec, Periodic):
                half = (spec.high - spec.low) / 2
                spec = Uniform(low=centres[name] - half, high=centres[name] + half)
            specs[name] = spec
        return prior_set(specs | {name: Fixed(value=value) for name, value in self.fixed.items()})

    def wrap(self, x: Float[Array, " n"]) -> Float[Array, " n"]:
        """Bring phases back into [low, high); other parameters are unchanged."""
        return self._stack(
            [
                s.low + jnp.mod(x[i] - s.low, s.high - s.low) if periodic else x[i]
                for i, (s, periodic) in enumerate(zip(self.scalars, self.periodic))
            ]
        )

    @staticmethod
    def _stack(values: list[Array]) -> Array:
        return jnp.stack(values) if values else jnp.zeros(0)


def prior_set(specs: Mapping[str, PriorSpec]) -> PriorSet:
    """The joint prior of named parameters.

    Parameters
    ----------
    specs : mapping
        Parameter name -> prior, in the order in which sampled parameters shall appear.

    Raises
    ------
    InputError
        If a truncated Gaussian has no probability between its ends.

    Examples
    --------
    >>> from muobayes.priors.spec import Fixed, Uniform
    >>> prior = prior_set({"eta33L": Uniform(low=-1, high=1), "M3": Fixed(value=3000)})
    >>> prior.names, prior.fixed
    (('eta33L',), {'M3': 3000.0})
    """
    sampled = {name: spec for name, spec in specs.items() if not isinstance(spec, Fixed)}
    return PriorSet(
        names=tuple(sampled),
        fixed={name: spec.value for name, spec in specs.items() if isinstance(spec, Fixed)},
        specs=tuple(sampled.values()),
        scalars=tuple(_scalar(name, spec) for name, spec in sampled.items()),
        coordinates=tuple(c for name, spec in sampled.items() for c in _coordinates(name, spec, sampled)),
    )


def _coordinates(
    name: str, spec: PriorSpec, sampled: Mapping[str, PriorSpec]
) -> Iterator[Hyperbola | MassShift | Scaled]:
    names = list(sampled)

    def log_uniform(wanted: str, block: str) -> int:
        if wanted not in names or not isinstance(sampled[wanted], LogUniform):
            hint = did_you_mean(wanted, names)
            raise InputError(f"prior of {name!r}: {block}: {wanted!r} must have a log-uniform prior{hint}.")
        return names.index(wanted)

    if isinstance(spec, Uniform | Normal) and (scaling := spec.scaling) is not None:
        at = log_uniform(scaling.mass, "scaling")
        support = sampled[scaling.mass]
        assert isinstance(support, LogUniform)
        middle = math.sqrt(support.low * support.high)
        coupling = None if scaling.coupling is None else log_uniform(scaling.coupling, "scaling")
        yield Scaled(names.index(name), at, scaling.power, middle, coupling, scaling.size or 1.0)
    if isinstance(spec, Uniform) and (product := spec.product) is not None:
        size = product.size
        for member in (product.partner, name):
            factor = sampled.get(member)
            if not isinstance(factor, Uniform) or factor.low != -factor.high:
                raise InputError(
                    f"prior of {name!r}: product: {member!r} must have a uniform prior, symmetric about zero."
                )
            size /= factor.high / 2  # the slope of its map at zero
        unit = None if product.mass is None else log_uniform(product.mass, "product")
        yield Hyperbola(names.index(product.partner), names.index(name), unit, size)
    if isinstance(spec, Normal) and (shift := spec.mass_shift) is not None:
        if next(iter(shift.terms)) != name or len(shift.terms) < 2 or shift.terms[name][0] <= 0:
            raise InputError(
                f"prior of {name!r}: mass_shift: its terms must be two or more, the first {name!r} with a positive "
                "weight."
            )
        weights = []
        for member, (weight, _) in shift.terms.items():
            factor = sampled.get(member)
            if not isinstance(factor, Normal) or (factor.mean, factor.low, factor.high) != (0, None, None):
                raise InputError(
                    f"prior of {name!r}: mass_shift: {member!r} must have a normal prior about zero without ends."
                )
            weights.append(weight * factor.sd)
        yield MassShift(
            tuple(names.index(member) for member in shift.terms),
            tuple(log_uniform(at, "mass_shift") for _, at in shift.terms.values()),
            tuple(weights),
            shift.size,
        )
