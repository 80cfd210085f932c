"""What runs as one kernel is the plain function, in every kind of derivative and under `vmap`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import muobayes  # noqa: F401  (64-bit numbers)
from muobayes._kernel import one_kernel, separable, take, with_jacobian

X = jnp.array([0.3, -1.2, 2.0, 0.7])


def _few(x):
    """Fewer outputs than inputs."""
    s = jnp.sqrt(1 + x[0] ** 2) * jnp.cos(take(x, np.array([3, 1, 1])))
    return jnp.stack([s @ s, jnp.arctan2(s[0], x[2])])


def _many(x):
    return jnp.concatenate([jnp.exp(-(x**2)), x * x[::-1], jnp.log1p(x**2)])


def _pairs(x):
    return jnp.stack([x[0] / x[3], jnp.sin(x[1] * x[2])])


@pytest.mark.parametrize("function", [_few, _many])
def test_values_and_derivatives_are_those_of_the_function(function):
    fast = with_jacobian(function)

    def total(f):
        return lambda x: jnp.sum(jnp.sin(f(x)))

    np.testing.assert_allclose(jax.jit(fast)(X), function(X), rtol=1e-14)
    for derivative in (jax.jacfwd, jax.jacrev):
        np.testing.assert_allclose(
            jax.jit(derivative(fast))(X), derivative(function)(X), rtol=1e-12, atol=1e-14
        )
    for second in (jax.hessian, lambda f: jax.jacrev(jax.jacrev(f))):
        np.testing.assert_allclose(
            jax.jit(second(total(fast)))(X), second(total(function))(X), rtol=1e-12, atol=1e-14
        )
    batch = jnp.linspace(0.5, 2.0, 600)[:, None] * X
    np.testing.assert_allclose(jax.jit(jax.vmap(fast))(batch), jax.vmap(function)(batch), rtol=1e-14)
    np.testing.assert_allclose(
        jax.jit(jax.vmap(jax.grad(total(fast))))(batch),
        jax.vmap(jax.grad(total(function)))(batch),
        rtol=1e-12,
    )


def test_kernels_work_within_loops():
    fast = with_jacobian(_many)

    def walk(f):
        def step(x, _):
            x = x - 0.1 * jax.grad(lambda x: jnp.sum(f(x)))(x)
            return x, f(x)

        return lambda x: jax.lax.scan(step, x, None, length=5)[1]

    np.testing.assert_allclose(jax.jit(walk(fast))(X), walk(_many)(X), rtol=1e-13)


def test_a_function_is_one_kernel_only_at_a_point():
    fast = one_kernel(_many)
    assert "xla_cpu_small_call" in jax.jit(fast).lower(X).as_text()
    assert "xla_cpu_small_call" not in jax.jit(jax.vmap(fast)).lower(X[None]).as_text()


def test_what_fits_into_no_kernel_is_left_as_it_is():
    scattered = one_kernel(lambda x: jnp.zeros(3).at[jnp.array([0, 2, 2, 1])].add(x))
    np.testing.assert_allclose(jax.jit(scattered)(X), [0.3, 0.7, 0.8])


def test_gathers_are_transposed_without_scatters():
    places = np.array([2, 0, 2, 1])
    gradient = jax.grad(lambda x: take(x, places) @ jnp.arange(1.0, 5.0))
    np.testing.assert_allclose(gradient(X), [2.0, 4.0, 4.0, 0.0])
    assert "scatter" not in jax.jit(gradient).lower(X).as_text()


def test_separable_functions_have_the_derivatives_of_the_function():
    owner = np.array([0, 1, 1, 0])
    fast = separable(_pairs, owner)
    np.testing.assert_allclose(jax.jit(jax.jacrev(fast))(X), jax.jacrev(_pairs)(X), rtol=1e-13)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(fast))(X), jax.jacrev(_pairs)(X), rtol=1e-13)
    np.testing.assert_allclose(
        jax.hessian(lambda x: fast(x) @ fast(x))(X),
        jax.hessian(lambda x: _pairs(x) @ _pairs(x))(X),
        rtol=1e-12,
    )
