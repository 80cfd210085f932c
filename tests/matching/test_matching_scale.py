"""Independence of the matching scale: the full theory's running against the SMEFT's, operator by operator."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import uv_theory

from muobayes.matching import S1, S1S3, S3, matching, thresholds
from muobayes.matching._contraction import LOOP

NAMES = {"s1": "S1", "s3": "S3", "r2": "R2"}


def yukawas(point, couplings):
    return couplings.matrices() | {"Yu": point.sm.Yu, "Yd": point.sm.Yd, "Ye": point.sm.Ye}


def moved(couplings, beta, mass, step):
    """The couplings of a field, or of both, at ln(mu) + step."""
    if "+" in couplings.model:
        fields = {
            name: moved(getattr(couplings, name), beta, mass, step) for name in couplings.model.split("+")
        }
        return dataclasses.replace(couplings, **fields)
    names = list(couplings.leptoquark_matrices)
    values = [getattr(couplings, name) + step * LOOP * beta[name] for name in names]
    m = couplings.M * jnp.exp(step * LOOP * mass[NAMES[couplings.model]] / 2)
    return eqx.tree_at(lambda c: [c.M, *(getattr(c, name) for name in names)], couplings, [m, *values])


@pytest.mark.crosscheck
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_wilson_coefficients(random_point, model):
    """d/dlnmu of tree level (with running couplings and mass) plus one loop = one-loop RGE of the tree level.

    The SMEFT beta functions are those of wilson (arXiv:1804.05033; RGE of arXiv:1308.2627, 1310.4838,
    1312.2014).
    """
    wilson_beta = pytest.importorskip("wilson.run.smeft.beta", reason="needs wilson (muobayes[export])")
    from wilson.util import smeftutil

    couplings, sm, mu = random_point.couplings[model], random_point.sm, random_point.mu
    tree, loop = matching(model, parts=("tree",)), matching(model, parts=("loop", "mixed"))
    beta, mass = uv_theory.one_loop(yukawas(random_point, couplings), sm.g, sm.gp, sm.gs)

    _, tree_slope = jax.jvp(lambda t: tree(moved(couplings, beta, mass, t), sm, mu), (0.0,), (1.0,))
    _, loop_slope = jax.jvp(lambda t: loop(couplings, sm, mu * jnp.exp(t)), (0.0,), (1.0,))
    left = loop.to_wcxf(loop_slope)
    for name, value in tree.to_wcxf(tree_slope).items():
        left[name] = left.get(name, 0j) + value

    c = smeftutil.wcxf2arrays_symmetrized(tree.to_wcxf(tree(couplings, sm, mu)))
    c |= {"g": sm.g, "gp": sm.gp, "gs": sm.gs, "m2": 0.0, "Lambda": sm.Lambda}
    c |= {"Gu": sm.Yu, "Gd": sm.Yd, "Ge": sm.Ye}
    right = {
        op: LOOP * np.asarray(b) for op, b in wilson_beta.beta(c).items() if op not in smeftutil.dim4_keys
    }

    scale = {op: np.abs(b).max() for op, b in right.items()}
    reached = set()
    for name, value in left.items():
        op, _, digits = name.partition("_")
        expected = non_redundant(op, right[op], digits)
        assert abs(value - expected) < 1e-12 * scale[op] + 1e-25, name
        reached.add(op)
    missing = {op for op, size in scale.items() if size > 1e-22} - reached
    assert not missing
    assert (
        sum(scale[op] > 1e-22 for op in reached)
        == {"s1": 33, "s3": 16, "r2": 30, "s1+s3": 33, "r2+s3": 33}[model]
    )


def non_redundant(op, tensor, digits):
    """Sum over the index tuples that the symmetries of the operator identify.

    wilson itself picks one of them, which is wrong for ee: its beta function is not symmetric under p <-> s,
    and the result is twice too large for elements such as ee_1122 (docs/validation.md).
    """
    if not digits:
        return tensor
    index = tuple(int(d) - 1 for d in digits)
    orbit = {index}
    if op in ("ll", "qq1", "qq3", "uu", "dd", "ee"):
        orbit |= {(s, t, p, r) for p, r, s, t in orbit}
    if op == "ee":
        orbit |= {(s, r, p, t) for p, r, s, t in orbit}
    return sum(tensor[i] for i in orbit)


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_yukawa_thresholds(random_point, model):
    """d/dlnmu of the Yukawa thresholds = beta function without minus beta function with the leptoquarks."""
    couplings, sm = random_point.couplings[model], random_point.sm
    full, _ = uv_theory.one_loop(yukawas(random_point, couplings), sm.g, sm.gp, sm.gs)
    low, _ = uv_theory.one_loop({"Yu": sm.Yu, "Yd": sm.Yd, "Ye": sm.Ye}, sm.g, sm.gp, sm.gs)
    slope = jax.jvp(lambda t: thresholds(couplings, sm, random_point.mu * jnp.exp(t)), (0.0,), (1.0,))[1]
    for name in ("Yu", "Yd", "Ye"):
        np.testing.assert_allclose(getattr(slope, name), LOOP * (low[name] - full[name]), rtol=0, atol=1e-14)


def test_gauge_thresholds(random_point):
    """b = (1/3) sum over complex scalars of the index: dg/dlnmu = b g^3/(16 pi^2)."""
    sm = random_point.sm
    index = {  # gs: T = 1/2 per triplet; g: T(doublet) = 1/2, T(triplet) = 2; gp: Y^2
        "s1": (1 / 2, 0, 3 / 9),
        "s3": (3 / 2, 3 * 2, 9 / 9),
        "r2": (2 / 2, 3 / 2, 6 * 49 / 36),
    }
    for model, values in index.items():
        couplings = random_point.couplings[model]
        slope = jax.jvp(lambda t, c=couplings: thresholds(c, sm, 900 * jnp.exp(t)), (0.0,), (1.0,))[1]
        for name, value in zip(("gs", "g", "gp"), values):
            assert getattr(slope, name) == pytest.approx(
                -LOOP * getattr(sm, name) ** 3 * value / 3, rel=1e-12
            )
        at_mass = thresholds(couplings, sm, couplings.M)
        assert max(abs(at_mass.g), abs(at_mass.gp), abs(at_mass.gs)) < 1e-15


def _number(value):
    if isinstance(value, dict):
        return np.array(value["re"]) + 1j * np.array(value["im"])
    return np.array(value)


def _muon_column(vector):
    return np.stack([0 * vector, vector, 0 * vector], 1)


def test_full_theory_running(oracles):
    """The full theory of these tests has the published one-loop beta functions of S1 and S3."""
    for point in json.loads((oracles / "rge" / "lq_noX.json").read_text())["points"][5:7]:
        x = {name: _number(value) for name, value in point["couplings"].items()}
        expected = {name: _number(value) for name, value in point["beta"]["1"].items()}
        matrices = {
            "Yu": x["Y_u"],
            "Yd": x["Y_d"],
            "Ye": np.diag([x["y_e"], x["y_mu"], x["y_tau"]]),
            "lambda1L": -_muon_column(x["eta_1L"]),
            "lambda1R": -_muon_column(x["eta_1R"]),
            "lambda3L": -_muon_column(x["eta_3L"]),
        }
        beta, _ = uv_theory.one_loop(matrices, x["g_2"], x["g_Y"], x["g_3"])
        found = {
            "Y_u": beta["Yu"],
            "Y_d": beta["Yd"],
            "y_mu": beta["Ye"][1, 1],
            "eta_1L": -beta["lambda1L"][:, 1],
            "eta_1R": -beta["lambda1R"][:, 1],
            "eta_3L": -beta["lambda3L"][:, 1],
        }
        for name, value in found.items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-12, atol=1e-13)


def test_higgs_quartic_running(oracles, random_point):
    """Threshold of Lambda, with kappa_H13, against the beta function of lambda_H minus the SM's own."""
    zero = np.zeros((3, 3))
    for point in json.loads((oracles / "rge" / "lq_noX.json").read_text())["points"][:5]:
        x = {name: _number(value) for name, value in point["couplings"].items()}
        g, gp, lam = x["g_2"].real, x["g_Y"].real, x["lambda_H"].real
        pair = S1S3(
            S1(3000.0, zero, zero, x["lambda_H1"].real),
            S3(2000.0, zero, x["lambda_H3"].real, x["kappa_H3"].real),
            x["kappa_H13"],
        )
        squares = [(3, x["Y_u"]), (3, x["Y_d"]), (1, np.diag([x["y_e"], x["y_mu"], x["y_tau"]]))]
        squares += [(1, np.atleast_2d(x["y_nu_mu"]))]
        squares = [(n, y @ y.conj().T) for n, y in squares]
        sm = 12 * lam**2 - lam * (9 * g**2 + 3 * gp**2) + 9 / 4 * g**4 + 3 / 2 * g**2 * gp**2 + 3 / 4 * gp**4
        sm += sum(n * (4 * lam * np.trace(h) - 4 * np.trace(h @ h)).real for n, h in squares)
        slope = jax.jvp(lambda t, c=pair: thresholds(c, random_point.sm, jnp.exp(t)), (7.0,), (1.0,))[1]
        expected = sm - _number(point["beta"]["1"]["lambda_H"]).real
        assert slope.Lambda / LOOP == pytest.approx(expected, rel=1e-11)
