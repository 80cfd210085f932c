"""Matching of a heavy X against the exchange amplitude, exact diagonalisation, and field redefinitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.matching.heavy_x import XCurrent, current, heavy_x_matching, mix_bs, rotate_sb
from muobayes.models.catalogue import read_model
from muobayes.smeft.basis import coefficients as basis

GP = 0.36


def coefficients(x: XCurrent, mX: float) -> dict[str, complex]:
    prepared = heavy_x_matching()
    return prepared.to_wcxf(prepared(x, mX))


def charges(name: str) -> dict[str, float]:
    return {field: float(charge) for field, charge in read_model(name).charges.items()}


def random_current(seed: int) -> XCurrent:
    rng = np.random.default_rng(seed)
    matrices = [rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)) for _ in range(5)]
    return XCurrent(*(jnp.asarray(m + m.conj().T) for m in matrices), H=jnp.asarray(0.3))


def test_b_minus_3lmu_by_hand() -> None:
    """C = -g g'/mX^2, with 1/2 for equal currents, and the four index orders of ee folded into one."""
    gX, mX = 0.1, 3000.0
    values = coefficients(current(charges("type-a/b-3lmu"), gX, 0.0, GP), mX)
    unit = gX**2 / mX**2
    assert values["lq1_2211"] == pytest.approx(unit)
    assert values["qe_3322"] == pytest.approx(unit)
    assert values["ll_2222"] == pytest.approx(-4.5 * unit)
    assert values["ee_2222"] == pytest.approx(-4.5 * unit)
    assert values["le_2222"] == pytest.approx(-9 * unit)
    assert values["qq1_1122"] == pytest.approx(-unit / 9)  # 1122 and 2211 are one operator
    assert values["qq1_1111"] == pytest.approx(-unit / 18)
    assert values["ud1_1133"] == pytest.approx(-unit / 9)
    assert all(abs(values[name]) < 1e-30 for name in ("lq1_1111", "phiD", "phil1_22", "lq1_2223"))


def test_universal_mixing_couples_to_hypercharge() -> None:
    """Without charges the current is eps g' times hypercharge, that of the Higgs (1/2) included."""
    neutral = {field: 0.0 for field in charges("sm")}
    values = coefficients(current(neutral, 0.0, 0.1, GP), 2000.0)
    unit = (0.1 * GP) ** 2 / 2000.0**2
    assert values["phiD"] == pytest.approx(-unit / 2)
    assert values["phiBox"] == pytest.approx(-unit / 8)
    assert values["phil1_11"] == pytest.approx(unit / 4)
    assert values["phie_33"] == pytest.approx(unit / 2)
    assert values["eu_1122"] == pytest.approx(2 / 3 * unit)


def test_z_mass_against_exact_diagonalisation() -> None:
    """C_phiD shifts mZ^2 by v^2 C_phiD/2; the full mass and kinetic matrices of (B, W3, X) give the same."""
    g, eps, mX, v = 0.65, 0.02, 3000.0, 246.2
    kinetic = np.array([[1, 0, -eps], [0, 1, 0], [-eps, 0, 1]])
    mass = np.zeros((3, 3))
    mass[:2, :2] = v**2 / 4 * np.array([[GP**2, -g * GP], [-g * GP, g**2]])
    mass[2, 2] = mX**2
    exact = np.sort(np.linalg.eigvals(np.linalg.solve(kinetic, mass)).real)[1]
    sm = v**2 / 4 * (g**2 + GP**2)
    neutral = {field: 0.0 for field in charges("sm")}
    predicted = v**2 / 2 * coefficients(current(neutral, 0.0, eps, GP), mX)["phiD"].real
    assert exact / sm - 1 == pytest.approx(predicted, rel=5e-3)


def test_every_coefficient_reproduces_the_current_squared() -> None:
    """The operators add up to -J^2/(2 mX^2), with numbers in place of bilinears and all flavours complex."""
    x, mX = random_current(1), 1000.0
    rng = np.random.default_rng(2)
    bilinears = {}
    for kind in "qudle":
        m = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
        bilinears[kind] = m + m.conj().T
    # for ee the Fierz identity holds only between commuting rank-one bilinears: J_pr = conj(a_p) a_r
    a = rng.normal(size=3) + 1j * rng.normal(size=3)
    bilinears["e"] = np.outer(a.conj(), a)
    total = sum(np.sum(np.asarray(getattr(x, kind)) * bilinears[kind]) for kind in "qudle")
    fields = {"lq1": "lq", "qe": "qe", "ll": "ll", "qq1": "qq", "uu": "uu", "dd": "dd", "ee": "ee"}
    fields |= {op: op[:2] for op in ("lu", "ld", "le", "eu", "ed", "ud1", "qu1", "qd1")}
    lagrangian = 0.0
    for name, value in coefficients(x, mX).items():
        operator, _, digits = name.partition("_")
        if operator not in fields:
            continue
        p, r, s, t = (int(d) - 1 for d in digits)
        first, second = fields[operator]
        term = value * bilinears[first][p, r] * bilinears[second][s, t]
        lagrangian += term.real if basis()[name] else 2 * term.real
    assert lagrangian == pytest.approx(-(total.real**2) / (2 * mX**2), rel=1e-12)


def test_b_to_s_mu_mu() -> None:
    """gbs and a rotation give C9 without C10: equal coefficients of (s b)_L with left and right muons."""
    x = mix_bs(current(charges("type-c/lmu-ltau"), 0.3, 0.0, GP), 0.01)
    values = coefficients(x, 2000.0)
    assert values["lq1_2223"] == pytest.approx(-0.3 * 0.01 / 2000.0**2)
    assert values["qe_2322"] == pytest.approx(values["lq1_2223"])
    assert values["qq1_2323"] == pytest.approx(-(0.01**2) / (2 * 2000.0**2))
    theta = 0.04
    rotated = rotate_sb(current(charges("type-c/b3-l2"), 0.3, 0.0, GP), theta)
    values = coefficients(rotated, 2000.0)
    assert values["lq1_2223"] == pytest.approx(0.3**2 / 3 * np.sin(theta) * np.cos(theta) / 2000.0**2)
    assert np.linalg.eigvalsh(rotated.q) == pytest.approx([0, 0, 0.1], abs=1e-12)


def test_sign_of_the_current_and_decoupling() -> None:
    x = random_current(3)
    flipped = XCurrent(*(-part for part in x))
    prepared = heavy_x_matching()
    assert np.allclose(prepared(x, 1e3), prepared(flipped, 1e3), rtol=1e-14)
    assert np.allclose(prepared(x, 1e3), 4 * prepared(x, 2e3), rtol=1e-14)


def test_gradient() -> None:
    table = charges("type-c/b3-l2")
    prepared = heavy_x_matching()

    def total(point: jax.Array) -> jax.Array:
        gX, eps, theta, mX = point
        return jnp.sum(prepared(rotate_sb(current(table, gX, eps, GP), theta), mX) ** 2) * 1e12

    point = jnp.array([0.3, 0.1, 0.05, 1000.0])
    gradient = jax.grad(total)(point)
    for i, step in enumerate((1e-6, 1e-6, 1e-6, 1e-2)):
        shift = jnp.zeros(4).at[i].set(step)
        numeric = (total(point + shift) - total(point - shift)) / (2 * step)
        assert gradient[i] == pytest.approx(float(numeric), rel=1e-6)
