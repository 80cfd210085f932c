"""The polynomial tables at run time: equal to the engine, differentiable, batched."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.running.engine.betas import beta_rows, prepare
from muobayes.running.engine.model import load_model
from muobayes.running.table import load_table, polynomials, table_names


def _point(polynomial, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.6, len(polynomial.symbols))


@pytest.mark.parametrize(("name", "variant"), table_names())
def test_tables_equal_the_numeric_engine(name, variant):
    polynomial = polynomials(load_table(name, variant))
    x = _point(polynomial, 4)
    model = load_model(name)
    values = dict(zip(polynomial.symbols, x)) | {k: float(v) for k, v in model.parameters.items()}
    prepared = prepare(model, np.array([values.get(s, 0.0) for s in model.symbols]))
    expected: dict[str, float] = {}
    for kind, highest in (("gauge", 3), ("yukawa", 2), ("quartic", 2)):
        for loop in range(1, highest + 1):
            rows = beta_rows(prepared, kind, loop)
            for k, value in zip(rows.idx[:, 0], rows.val.real):
                key = prepared.labels[kind][k]
                expected[key] = expected.get(key, 0.0) + float(value) / (16 * np.pi**2) ** loop
    found = dict(zip(polynomial.outputs, np.asarray(polynomial(jnp.asarray(x)))))
    for key, value in found.items():
        assert value == pytest.approx(expected.get(key, 0.0), rel=1e-11, abs=1e-13), key
    left_out = set(expected) - set(found)
    assert all(abs(expected[key]) < 1e-13 for key in left_out)  # the variant is closed


def test_gradient_matches_finite_differences():
    polynomial = polynomials(load_table("full"))
    x = _point(polynomial)
    weights = np.random.default_rng(1).normal(size=len(polynomial.outputs))
    gradient = jax.grad(lambda x: jnp.dot(jnp.asarray(weights), polynomial(x)))(jnp.asarray(x))
    for i in range(0, len(x), 3):
        step = np.eye(len(x))[i] * 1e-5
        difference = weights @ (np.asarray(polynomial(x + step)) - np.asarray(polynomial(x - step))) / 2e-5
        assert gradient[i] == pytest.approx(difference, rel=1e-7, abs=1e-9)


def test_batches_of_any_shape_agree_with_single_points():
    polynomial = polynomials(load_table("sm"))
    x = np.random.default_rng(2).uniform(0.1, 1.0, (3, 70, len(polynomial.symbols)))
    one = jnp.stack([jnp.stack([polynomial(p) for p in row]) for row in x[:, :2]])
    np.testing.assert_allclose(jax.vmap(jax.vmap(polynomial))(x)[:, :2], one, rtol=1e-12)
    flat = x.reshape(-1, x.shape[-1])
    gradient = jax.grad(lambda p: polynomial(p).sum())
    np.testing.assert_allclose(
        jax.vmap(gradient)(flat)[:3], jnp.stack([gradient(p) for p in flat[:3]]), rtol=1e-12
    )
    np.testing.assert_allclose(jax.jit(jax.vmap(polynomial))(flat)[-1], polynomial(flat[-1]), rtol=1e-12)


def test_loop_orders_add_up_and_can_be_switched_off():
    table = load_table("sm")
    x = _point(polynomials(table))
    all_loops = polynomials(table, (3, 2, 2))(x)
    assert np.abs(polynomials(table, (0, 0, 0))(x)).max() == 0
    one = np.asarray(polynomials(table, (1, 1, 1))(x))
    assert 0 < np.abs(all_loops - one).max() < 0.3 * np.abs(one).max()


def test_charge_of_phi_is_a_parameter():
    table = load_table("full")
    three, half = (polynomials(table, (1, 1, 1), {"qPhi": q}) for q in (Fraction(3), Fraction(1, 2)))
    default = polynomials(table, (1, 1, 1))
    x = _point(default)
    np.testing.assert_allclose(three(x), default(x))
    k = default.outputs.index("b_XX")
    assert three(x)[k] - half(x)[k] == pytest.approx(2 / 3 * (9 - 0.25) / (16 * np.pi**2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_table("fulll"), "did you mean 'full'"),
        (lambda: polynomials(load_table("full"), (4, 2, 2)), "known to 3 loops, not 4"),
        (lambda: polynomials(load_table("full"), (3, 2, 2), {"qphi": 1}), "did you mean 'qPhi'"),
    ],
)
def test_wrong_requests_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
