"""The engine against gauge covariance, literature formulas and numbers of an independent program."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.running.engine.betas import projection_residual
from muobayes.running.engine.generate import check_closure, table_document
from muobayes.running.engine.model import Model, load_model, model_names
from muobayes.running.engine.numeric import beta_functions, symbol_values
from muobayes.running.table import load_table


def _flat(value):
    if isinstance(value, dict):
        return np.concatenate([np.ravel(value["re"]), np.ravel(value["im"])])
    return np.ravel(value)


def _random_couplings(model: Model, seed: int) -> dict:
    rng = np.random.default_rng(seed)
    couplings = {n: rng.uniform(0.2, 0.9) for n in ("g_Y", "g_2", "g_3")}
    if len(model.abelian) == 2:
        couplings |= {"g_X": 0.4, "eps_BX": -0.3}
    for c in (*model.yukawas, *model.quartics):
        draw = rng.uniform(-0.5, 0.5, (2, *c.shape))
        couplings[c.name] = (
            {"re": draw[0].tolist(), "im": draw[1].tolist()} if c.is_complex else draw[0].tolist()
        )
    return couplings


ORACLE_POINTS = [("sm", range(10)), ("lq_noX", (0, 5, 7, 8)), ("full", (0, 5, 9))]


@pytest.mark.parametrize(("name", "points"), ORACLE_POINTS)
def test_every_loop_order_agrees_with_an_independent_program(oracles, name, points):
    document = json.loads((oracles / "rge" / f"{name}.json").read_text())
    model = load_model(name)
    for n in points:
        point = document["points"][n]
        found = beta_functions(model, point["couplings"], (3, 2, 2))
        for loop, expected in point["beta"].items():
            assert set(found[loop]) == set(expected)
            for coupling, value in expected.items():
                scale = np.abs(_flat(value)).max()
                assert np.abs(_flat(found[loop][coupling]) - _flat(value)).max() <= 1e-11 * scale, (
                    n,
                    loop,
                    coupling,
                )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lq_noX", "full"])
def test_all_points_of_the_large_models(oracles, name):
    test_every_loop_order_agrees_with_an_independent_program(oracles, name, range(10))


@pytest.mark.parametrize("name", ["sm", "full", "r2"])
@pytest.mark.parametrize(("kind", "loop"), list(itertools.product(("yukawa", "quartic"), (1, 2))))
def test_beta_tensors_lie_in_the_span_of_the_operators(name, kind, loop):
    """Gauge covariance of every contraction and completeness of the operator basis, at once."""
    model = load_model(name)
    values, _ = symbol_values(model, _random_couplings(model, 11))
    assert projection_residual(model, values, kind, loop, samples=25) < 1e-11


def test_a_missing_operator_leaves_a_residual():
    """Without xi_13 the published potential is not closed under the renormalisation group."""
    description = dict(load_model("full").description)
    description["quartics"] = [t for t in description["quartics"] if "xi_13" not in t]
    model = Model("full", description)
    values, _ = symbol_values(model, _random_couplings(model, 3))
    assert projection_residual(model, values, "quartic", 1, samples=400) > 1e-3


def test_one_loop_standard_model_in_closed_form():
    """Machacek and Vaughn, Nucl. Phys. B222 (1983) 83, B236 (1984) 221, B249 (1985) 70."""
    gY, g2, g3, yt, lam = 0.36, 0.65, 1.1, 0.9, 0.25
    couplings = {"g_Y": gY, "g_2": g2, "g_3": g3, "Y_u": np.diag([0, 0, yt]).tolist(), "lambda_H": lam}
    one = beta_functions(load_model("sm"), couplings, (1, 1, 1))["1"]
    assert one["g_Y"] == pytest.approx(41 / 6 * gY**3)
    assert one["g_2"] == pytest.approx(-19 / 6 * g2**3)
    assert one["g_3"] == pytest.approx(-7 * g3**3)
    assert one["Y_u"]["re"][2][2] == pytest.approx(
        yt * (4.5 * yt**2 - 17 / 12 * gY**2 - 9 / 4 * g2**2 - 8 * g3**2)
    )
    gauge = 3 / 4 * (2 * g2**4 + (gY**2 + g2**2) ** 2) - 3 * lam * (3 * g2**2 + gY**2)
    assert one["lambda_H"] == pytest.approx(12 * lam**2 + 12 * lam * yt**2 - 12 * yt**4 + gauge)


def test_two_loop_top_and_quartic_in_closed_form():
    """The Yukawa and self-coupling parts of arXiv:1307.3536, App. A.2 (there lambda = lambda_H/2)."""
    yt, lam = 0.9, 0.3
    couplings = {"Y_u": np.diag([0, 0, yt]).tolist(), "lambda_H": 2 * lam}
    two = beta_functions(load_model("sm"), couplings, (0, 2, 2))["2"]
    assert two["Y_u"]["re"][2][2] == pytest.approx(yt * (-12 * yt**4 - 12 * yt**2 * lam + 6 * lam**2))
    expected = -312 * lam**3 - 144 * lam**2 * yt**2 - 3 * lam * yt**4 + 30 * yt**6
    assert two["lambda_H"] == pytest.approx(2 * expected)


def _coefficient(table, kind, loop, output, *symbols):
    index = tuple(sorted(table.symbols.index(s) for s in symbols))
    k = table.outputs[kind].index(output)
    return sum((c for row, m, c in table.terms[kind][loop] if row == k and m == index), Fraction(0))


def test_footnote_2_of_the_paper():
    """d lambda_3/d ln(mu) contains 1024 gX^4/(27 pi^2)."""
    coefficient = _coefficient(load_table("full"), "quartic", 1, "lambda_3", "G_XX", "G_XX")
    assert coefficient / 16 == Fraction(1024, 27)


@pytest.mark.parametrize(("charge", "expected"), [(Fraction(1, 2), 577), (Fraction(3), 612)])
def test_footnote_6_of_the_paper(charge, expected):
    """192 pi^2 d eps/d ln(mu) = 192 gY gX + (86 gY^2 + 577 gX^2) eps holds with S3 only and q_Phi = 1/2."""
    table = load_table("type-b")
    b_yx = _coefficient(table, "gauge", 1, "b_YX")
    b_yy = _coefficient(table, "gauge", 1, "b_YY")
    b_xx = _coefficient(table, "gauge", 1, "b_XX")
    b_xx += _coefficient(table, "gauge", 1, "b_XX", "qPhi", "qPhi") * charge**2
    # d eps/d ln(mu) = [gY gX b_YX + eps (gY^2 b_YY + gX^2 b_XX)/2]/(16 pi^2) with G = g^2 at small eps
    assert 12 * b_yx == 192
    assert 12 * b_yy / 2 == 86
    assert 12 * b_xx / 2 == expected


def test_kinetic_mixing_is_not_generated_without_mixed_charges():
    """Lmu-Ltau with S3: b_YX = sum of Y Q, exactly."""
    charges = {
        "l2": (2, Fraction(-1, 2), 1),
        "l3": (2, Fraction(-1, 2), -1),
        "muc": (1, 1, -1),
        "tauc": (1, 1, 1),
    }
    fermions = sum(Fraction(n) * y * q for n, y, q in charges.values())
    expected = Fraction(4, 3) * fermions + Fraction(2, 3) * 9 * Fraction(1, 3) * (-1)
    assert _coefficient(load_table("type-b-lmu-ltau"), "gauge", 1, "b_YX") == expected


def test_decoupled_gauge_boson_reproduces_the_model_without_it():
    couplings = _random_couplings(load_model("lq_noX"), 5)
    small = beta_functions(load_model("lq_noX"), couplings, (3, 2, 2))
    large = beta_functions(load_model("full"), couplings, (3, 2, 2))
    for loop in "123":
        for name, value in small[loop].items():
            np.testing.assert_allclose(_flat(large[loop][name]), _flat(value), rtol=1e-10, atol=1e-10)


def test_rephasing_of_the_leptoquark_changes_phases_only():
    """eta_3L -> exp(i a) eta_3L with kappa_H13 -> exp(i a) kappa_H13 etc. is a field redefinition of S3."""
    model = load_model("lq_noX")
    point = _random_couplings(model, 8)
    phase = np.exp(0.7j)
    turned = dict(point)
    for name, power in (("eta_3L", 1), ("kappa_H13", 1), ("upsilon_13", 2), ("xi_13", 1)):
        z = (np.array(point[name]["re"]) + 1j * np.array(point[name]["im"])) * phase**power
        turned[name] = {"re": z.real.tolist(), "im": z.imag.tolist()}
    before, after = (beta_functions(model, p, (3, 2, 2)) for p in (point, turned))
    for loop in "12":
        np.testing.assert_allclose(after[loop]["lambda_3"], before[loop]["lambda_3"], rtol=1e-10)
        z = _flat(before[loop]["eta_3L"]).reshape(2, 3)
        w = _flat(after[loop]["eta_3L"]).reshape(2, 3)
        np.testing.assert_allclose(w[0] + 1j * w[1], (z[0] + 1j * z[1]) * phase, rtol=1e-10)


def test_regenerating_the_smallest_model_gives_the_stored_table():
    stored = load_table("sm")
    document = table_document(load_model("sm"), "heavy", stored.stability)
    assert tuple(document["symbols"]) == stored.symbols
    for kind, by_loop in document["terms"].items():
        for loop, rows in by_loop.items():
            fresh = {(k, tuple(m)): Fraction(c) for k, m, c in rows}
            assert fresh == {(k, m): c for k, m, c in stored.terms[kind][int(loop)]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quartics": ["lambda_H H*[a] H[a] H[b] H[b] + h.c."]}, "lambda_H is not invariant under U"),
        ({"yukawas": ["y_mu* l2[a] tauc H*[b]"]}, "index|vanishes|not invariant"),
        ({"quartics": ["kappa H*[a] sigma[I,a,b] H[b] H*[d] H[d] + h.c."]}, "indices|not invariant|vanishes"),
        ({"scalars": {"H": {"su2": 4, "Y": "1/2"}}}, "unknown representation"),
        ({"scalars": {"H": {"su2": 2, "Y": "half"}}}, "names no parameter"),
        ({"quartics": ["1/2 lambda_H H*[a] H[a] Hg*[b] H[b]"]}, "'Hg'.*did you mean 'H'"),
    ],
)
def test_faulty_descriptions_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        model = Model("broken", {**load_model("sm").description, **change})
        model.check_invariance()


def test_a_restriction_that_the_flow_does_not_respect_is_refused():
    model = load_model("full")
    kept = ["Y_u[3,3]", "Y_d[3,3]", "eta_1L[3]", "eta_1R_tilde[3]", *(c.name for c in model.quartics)]
    with pytest.raises(InputError, match="y_nu_mu is generated"):
        check_closure(model, model.restricted(kept))


def test_unknown_model_gets_a_hint():
    with pytest.raises(InputError, match="did you mean 'full'"):
        load_model("ful")
    assert {"sm", "lq_noX", "full"} <= set(model_names())


@pytest.mark.parametrize(
    ("couplings", "message"),
    [
        ({"eta_3l": [0, 0, 1]}, "did you mean 'eta_3L'"),
        ({"eta_3L": [0, 1]}, r"shape \[2\] should be \[3\]"),
        ({"lambda_H": {"re": 1, "im": 1}}, "must be real"),
        ({"g_Y": "a"}, "not a number"),
        ({"g_X": 0.1, "eps_BX": 1.0}, "between -1 and 1"),
        ({"g_Y": float("nan")}, "finite"),
    ],
)
def test_faulty_couplings_are_refused(couplings, message):
    with pytest.raises(InputError, match=message):
        beta_functions(load_model("full"), couplings, (1, 1, 1))
