"""The posterior as samplers see it: a normalised prior, a log-likelihood, and nothing about physics.

NUTS and nested sampling walk in the same unconstrained space R^n and evaluate the same two functions there,
`Posterior.log_prior_unconstrained` and `Posterior.log_likelihood_unconstrained`.
"""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..errors import InputError
from ..priors.distributions import PriorSet

__all__ = ["Posterior", "Proposal", "no_derived", "require_parameters"]

Scalars = dict[str, Array]


def no_derived(x: Float[Array, " n"]) -> Scalars:
    """The `Posterior.derived` of a model that stores nothing beside its parameters."""
    return {}


class Proposal(eqx.Module):
    """A density close to a posterior, from which independent points can be drawn.

    Attributes
    ----------
    components : int
        It is a mixture of so many components.
    dimension : int
        A point takes so many uniform numbers.
    draw : callable
        (component, u (dimension,)) -> x (n,), and the logarithm of the density of x if the component is chosen uniformly;
        inf if there is no such point, and x is then anything finite.
    """

    components: int = eqx.field(static=True)
    dimension: int = eqx.field(static=True)
    draw: Callable[[Array, Array], tuple[Array, Array]]


class Posterior(eqx.Module):
    """What is sampled. All functions are pure JAX functions of the sampled parameters ``x``, shape (n,).

    Attributes
    ----------
    prior : PriorSet
        Normalised; its ``names`` give the order of ``x``.
    log_likelihood : callable
        (n,) -> scalar, finite for every finite input.
    terms : callable
        (n,) -> {term name: log-likelihood}; the sum of the terms is ``log_likelihood``.
    derived : callable
        (n,) -> {name: scalar}, stored with the draws.
    symmetries : tuple of tuples of str
        Exact sign symmetries: changing the sign of all the named parameters together leaves the likelihood
        and the prior invariant.
    proposal : Proposal, optional
        For importance sampling, if the model knows one.

    Examples
    --------
    >>> from muobayes.priors.distributions import prior_set
    >>> from muobayes.priors.spec import Normal
    >>> prior = prior_set({"a": Normal(mean=0, sd=1)})
    >>> line = Posterior(prior, lambda x: -x[0] ** 2, lambda x: {"only": -x[0] ** 2})
    >>> float(line.log_likelihood_unconstrained(jnp.array([2.0])))
    -4.0
    """

    prior: PriorSet
    log_likelihood: Callable[[Array], Array]
    terms: Callable[[Array], Scalars]
    derived: Callable[[Array], Scalars] = no_derived
    symmetries: tuple[tuple[str, ...], ...] = eqx.field(default=(), static=True)
    proposal: Proposal | None = None

    def log_prior_unconstrained(self, z: Float[Array, " n"]) -> Float[Array, ""]:
        """Normalised log-density of the prior in unconstrained space."""
        x, log_jacobian = self.prior.from_unconstrained(z)
        return self.prior.log_prob(x) + log_jacobian

    def log_likelihood_unconstrained(self, z: Float[Array, " n"]) -> Float[Array, ""]:
        """Log-likelihood of the parameters that ``z`` stands for."""
        return self.log_likelihood(self.prior.from_unconstrained(z)[0])

    def potential(self, z: Float[Array, " n"]) -> Float[Array, ""]:
        """Minus the (unnormalised) log-posterior density in unconstrained space."""
        return -(self.log_prior_unconstrained(z) + self.log_likelihood_unconstrained(z))

    def constrain(self, z: Float[Array, " n"]) -> Float[Array, " n"]:
        """Parameter values of an unconstrained point."""
        return self.prior.from_unconstrained(z)[0]


def require_parameters(posterior: Posterior) -> None:
    """Refuse to sample a model that has nothing to sample.

    Raises
    ------
    InputError
        If every parameter is fixed.
    """
    if not posterior.prior.size:
        raise InputError(
            "every parameter of the model is fixed: there is nothing to sample, and its evidence is its likelihood, "
            f"ln Z = {float(posterior.log_likelihood(jnp.zeros(0))):.6g}."
        )
