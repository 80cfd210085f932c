"""Scalar formulae as one compiled kernel.

XLA's CPU backend runs a program as a sequence of kernels, each with a cost of its own. Formulae in a few numbers fall
into hundreds of them, above all in their gradients, and cost more to start than to compute. A call that is marked as
small is compiled into a single function instead: ten times faster to run and to compile (jaxlib 0.10; a compiler that
does not know the mark ignores it).
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend.core import Jaxpr, JaxprEqn, jaxprs_in_params
from jaxtyping import Array, Float

__all__ = ["one_kernel", "separable", "take", "with_jacobian"]

_KERNEL = {"inlineable": "false", "xla_cpu_small_call": "true"}
# What the compiler cannot put into a small call.
_OUTSIDE = {
    "scatter",
    "scatter-add",
    "scatter_mul",
    "sort",
    "top_k",
    "cholesky",
    "triangular_solve",
    "lu",
    "eigh",
}
# What is too large the compiler would spread over threads, which it cannot do within a small call.
_WORK, _LARGEST = 24000, 1200  # numbers computed in all, and in one array
_DENSE = 16384  # entries of a 0-1 matrix that is still cheap


def one_kernel(function: Callable[[Array], Any]) -> Callable[[Array], Any]:
    """A function of one small vector that runs as one kernel at a single point; under `vmap` it is what it was.

    Its derivatives are those of the plain function: what needs a fast gradient computes it inside a kernel.

    Parameters
    ----------
    function : callable
        (n,) array -> arrays, by elementary operations.
    """
    jitted = jax.jit(lambda x: function(x))  # methods of modules have no hash

    @custom_vmap
    def at_a_point(x):
        jaxpr = jax.make_jaxpr(function)(x).jaxpr
        if not _fits(jaxpr) or _work(jaxpr) > _WORK:
            return function(x)
        with set_xla_metadata(**_KERNEL):
            return jitted(x)

    @at_a_point.def_vmap
    def _rule(_, __, x):
        out = jax.vmap(function)(x)  # batches are better spread over the cores
        return out, jax.tree.map(lambda _: True, out)

    @jax.custom_jvp
    def kernel(x):
        return at_a_point(x) if isinstance(x, jax.core.Tracer) else function(x)

    kernel.defjvp(lambda primals, tangents: jax.jvp(function, primals, tangents))
    return kernel


def with_jacobian(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of one small vector that is one kernel, and together with its Jacobian another one.

    Forward and reverse mode both go through the Jacobian.

    Parameters
    ----------
    function : callable
        (n,) array -> (m,) array, by elementary operations.
    """
    return _with_derivative(
        function, lambda x: _value_and_jacobian(function, x), lambda _, jacobian, tangent: jacobian @ tangent
    )


def separable(function: Callable[[Array], Array], owner: np.ndarray) -> Callable[[Array], Array]:
    """The same for a function each of whose arguments moves one entry of the result only.

    Parameters
    ----------
    function : callable
        (n,) array -> (m,) array, by elementary operations; n may be large.
    owner : (n,) int array
        The entry of the result that each argument moves.
    """

    def with_derivatives(x: Array) -> tuple[Array, Array]:
        out, pullback = jax.vjp(function, x)
        return out, pullback(jnp.ones_like(out))[0]

    def along(out: Array, derivatives: Array, tangent: Array) -> Array:
        return jnp.zeros_like(out).at[owner].add(derivatives * tangent)

    return _with_derivative(function, with_derivatives, along)


def _with_derivative(
    function: Callable[[Array], Array],
    with_derivative: Callable[[Array], tuple[Array, Array]],
    along: Callable[[Array, Array, Array], Array],
) -> Callable[[Array], Array]:
    """The function as one kernel, and with its derivative as another; `along` applies that to a tangent."""
    value, both = one_kernel(function), one_kernel(with_derivative)

    @jax.custom_jvp
    def differentiable(x):
        return value(x)

    @differentiable.defjvp
    def _jvp(primals, tangents):
        out, derivative = both(*primals)
        return out, along(out, derivative, tangents[0])

    return differentiable


def _value_and_jacobian(function: Callable[[Array], Array], x: Array) -> tuple[Array, Array]:
    """Row by row, or column by column where these are fewer: products of matrices fit into no kernel."""
    m = jax.eval_shape(function, x).shape[0]
    if m <= x.shape[0]:
        out, pullback = jax.vjp(function, x)
        return out, jnp.stack([pullback(e)[0] for e in np.eye(m)])
    columns = [jax.jvp(function, (x,), (jnp.asarray(e),)) for e in np.eye(x.shape[0])]
    return columns[0][0], jnp.stack([tangent for _, tangent in columns], axis=1)


def _fits(jaxpr: Jaxpr) -> bool:
    """Whether the compiler can put all of it into a small call."""
    return all(
        equation.primitive.name not in _OUTSIDE
        and not _multiplies_matrices(equation)
        and all(_size(v) <= _LARGEST for v in _touched(equation))
        and all(_fits(j) for j in jaxprs_in_params(equation.params))
        for equation in jaxpr.eqns
    )


def _touched(equation: JaxprEqn) -> list[Any]:
    """Results and arguments; of a table that is looked up, little is touched."""
    return [*equation.outvars, *equation.invars[equation.primitive.name == "gather" :]]


def _size(variable: Any) -> int:
    return math.prod(variable.aval.shape)


def _work(jaxpr: Jaxpr) -> int:
    """How many numbers are computed."""
    inner = [[_work(j) for j in jaxprs_in_params(equation.params)] for equation in jaxpr.eqns]
    return sum(
        sum(parts) if parts else sum(map(_size, equation.outvars))
        for parts, equation in zip(inner, jaxpr.eqns, strict=True)
    )


def _multiplies_matrices(equation: JaxprEqn) -> bool:
    if equation.primitive.name != "dot_general":
        return False
    contracted, batch = equation.params["dimension_numbers"]
    dimensions = [len(v.aval.shape) for v in equation.invars]  # type: ignore[attr-defined]
    free = [n - len(c) - len(b) for n, c, b in zip(dimensions, contracted, batch, strict=True)]
    outer_product = not contracted[0]
    return (min(free) > 0 and not outer_product) or len(batch[0]) > 0


@jax.custom_jvp
def _gather(vector: Array, places: Array, matrix: Array) -> Array:
    return vector[places]


@_gather.defjvp
def _gather_jvp(primals, tangents):
    vector, places, matrix = primals
    return vector[places], matrix @ tangents[0]


def take(vector: Float[Array, " n"], places: np.ndarray) -> Float[Array, " m"]:
    """``vector[places]``, with a derivative that is a product with a 0-1 matrix where that is small.

    The transpose of a gather is a scatter, which is slow and fits into no kernel.
    """
    if vector.shape[0] * len(places) > _DENSE:
        return vector[places]
    return _gather(vector, places, np.eye(vector.shape[0])[places])
