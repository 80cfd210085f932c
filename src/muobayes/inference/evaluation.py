"""Everything a posterior says about points: one program for every caller, so that it is compiled once.

Points go through it in batches of fixed size; the last one is filled up. Whoever needs the terms of a single point
uses the same program: compiling another one takes longer than evaluating 64 points. Gradients have one program, too.
"""

from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import InputError
from .posterior import Posterior

__all__ = ["Evaluation", "check_posterior", "evaluate", "place", "value_and_gradient"]

Kind = Literal["likelihood", "posterior"]

_BATCH = 64


class Evaluation(NamedTuple):
    """Values at m points, each (m,) in double precision.

    Attributes
    ----------
    log_likelihood, log_prior : (m,) arrays
    terms, derived : dict of str to (m,) array
    """

    log_likelihood: np.ndarray
    log_prior: np.ndarray
    terms: dict[str, np.ndarray]
    derived: dict[str, np.ndarray]


@eqx.filter_jit
def _batch(posterior: Posterior, x: Array) -> tuple[Array, Array, dict[str, Array], dict[str, Array]]:
    def one(x):
        terms = posterior.terms(x)
        total = sum(terms.values(), jnp.zeros(()))
        return total, posterior.prior.log_prob(x), terms, posterior.derived(x)

    return jax.vmap(one)(x)


def evaluate(posterior: Posterior, x: Float[np.ndarray, "m n"]) -> Evaluation:
    """Terms, their sum (the log-likelihood), prior density, and derived quantities.

    Parameters
    ----------
    posterior : Posterior
    x : (m, n)
        Parameters, not unconstrained points.
    """
    x = np.asarray(x, float)
    filled = np.concatenate([x, np.repeat(x[-1:], -len(x) % _BATCH, axis=0)])
    batches = [_batch(posterior, jnp.asarray(filled[i : i + _BATCH])) for i in range(0, len(filled), _BATCH)]
    return Evaluation(*jax.tree.map(lambda *pieces: np.concatenate(pieces)[: len(x)], *batches))


def place(posterior: Posterior, held: Float[Array, " n"], z: Float[Array, " n"]) -> Float[Array, " n"]:
    """Parameters of an unconstrained point; where ``held`` is not NaN, its value instead."""
    return jnp.where(jnp.isnan(held), posterior.constrain(z), jnp.nan_to_num(held))


@eqx.filter_jit
def value_and_gradient(
    posterior: Posterior, kind: Kind, held: Float[Array, " n"], z: Float[Array, " n"]
) -> tuple[Array, Array]:
    """Log-likelihood, or log-posterior density of the parameters, and its gradient by z.

    Parameters
    ----------
    posterior : Posterior
    kind : "likelihood" or "posterior"
    held : (n,)
        Values of parameters that do not move; NaN for the others.
    z : (n,)
        Unconstrained point.
    """

    def density(z: Array) -> Array:
        x = place(posterior, held, z)
        return posterior.log_likelihood(x) + (posterior.prior.log_prob(x) if kind == "posterior" else 0.0)

    return jax.value_and_grad(density)(z)


def check_posterior(posterior: Posterior, key: Array, points: int = 16) -> None:
    """Verify at prior draws what samplers rely on, before hours are spent on it.

    Raises
    ------
    InputError
        If the log-likelihood, the density of the prior or a gradient is not finite, or the terms do not add up; names
        the point.
    """
    prior = posterior.prior
    z = prior.sample_unconstrained(key, (points,))
    free = jnp.full(prior.size, jnp.nan)
    prior_gradients = np.asarray(jax.jit(jax.vmap(jax.grad(posterior.log_prior_unconstrained)))(z))
    x = np.asarray(jax.vmap(posterior.constrain)(z))
    found = evaluate(posterior, x)
    for i in range(points):
        where = ", ".join(f"{name} = {v:.6g}" for name, v in zip(prior.names, x[i]))
        result = value_and_gradient(posterior, "likelihood", free, z[i])
        log_likelihood, gradient = float(result[0]), np.asarray(result[1])
        value, total = found.log_prior[i] + log_likelihood, found.log_likelihood[i]
        if not np.isfinite(value):
            raise InputError(f"the log-posterior is {value} at {where}; it must be finite everywhere.")
        if not np.isfinite(gradient + prior_gradients[i]).all():
            bad = ", ".join(
                n for n, g in zip(prior.names, gradient + prior_gradients[i]) if not np.isfinite(g)
            )
            raise InputError(f"the gradient of the log-posterior along {bad} is not finite at {where}.")
        if abs(total - log_likelihood) > 1e-8 * max(1.0, abs(log_likelihood)):
            raise InputError(
                f"the terms add up to {total:.10g}, the log-likelihood is {log_likelihood:.10g}, at {where}."
            )
