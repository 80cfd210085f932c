"""The matching as a function: derivatives, batches, patterns of zeros, tables, loop functions."""

import dataclasses
from importlib.resources import files

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from muobayes.errors import InputError
from muobayes.matching import MODELS, S3, SMParameters, match, matching, muoquarks, thresholds, top_row
from muobayes.matching._tables import _chains, rows
from muobayes.matching.loop_functions import two_mass
from muobayes.smeft.basis import coefficients, real_components

CKM_TOP = np.array([0.0086 - 0.0034j, -0.0401 - 0.0008j, 0.99915])
PARAMETERS = ("eta33L", "eta13L", "eta13R", "M1", "M3", "lamH1", "kapH3", "kapH13", "c_s")
POINT = jnp.array([0.43, 0.12, -0.3, 2800.0, 2800.0, 0.3, -0.2, 0.25, -1.1])


@pytest.fixture
def sm():
    yu = 0.93 * CKM_TOP.conj()[:, None] * np.array([0, 0, 1.0]) + 0.01 * np.diag([1e-4, 0.5, 0])
    yd, ye = np.diag([1e-5, 3e-4, 0.016]), np.diag([3e-6, 6e-4, 0.01])
    return SMParameters(0.64, 0.36, 1.05, 0.26, yu, yd, ye)


def vector(sm, values, mu, model="s1+s3"):
    couplings = muoquarks(dict(zip(PARAMETERS, values)), sm)
    return matching(model, leptons=(2,), aligned=True)(couplings, sm, mu)


def test_gradient(sm):
    """Against central differences, at equal masses too, where the loop functions are 0/0."""
    scale = 1.0 / np.abs(vector(sm, POINT, 3000.0)).max()

    @jax.jit
    def objective(x):
        values = vector(sm, x[:-1], x[-1]) * scale
        return jnp.sum(jnp.sin(jnp.arange(values.size)) * jnp.arcsinh(values * 1e3))

    x = jnp.append(POINT, 3300.0)
    gradient = jax.jit(jax.grad(objective))(x)
    for i, slope in enumerate(gradient):
        step = 1e-4 * abs(x[i])
        offsets, weights = (-2, -1, 1, 2), (1 / 12, -2 / 3, 2 / 3, -1 / 12)
        estimate = sum(w * objective(x.at[i].add(o * step)) for o, w in zip(offsets, weights)) / step
        assert float(slope) == pytest.approx(float(estimate), rel=1e-6, abs=1e-9), (*PARAMETERS, "mu")[i]


def test_gradient_without_couplings(sm):
    """The SM point is inside the prior: the gradient there is finite."""
    at = POINT.at[:3].set(0.0)
    jacobian = jax.jit(jax.jacfwd(lambda x: vector(sm, x, 3000.0)))(at)
    gradient = jax.jit(jax.grad(lambda x: vector(sm, x, 3000.0).sum()))(at)
    assert np.isfinite(jacobian).all() and np.isfinite(gradient).all()


def test_batch_and_no_recompilation(sm):
    """vmap gives what a loop gives; a second point, and another scale, does not trace again."""
    traces = []

    @jax.jit
    def evaluate(x, mu):
        traces.append(None)
        return vector(sm, x, mu)

    points = POINT * jnp.linspace(0.9, 1.1, 5)[:, None]
    singly = jnp.stack([evaluate(x, 2500.0 + i) for i, x in enumerate(points)])
    assert len(traces) == 1
    batch = jax.vmap(lambda x, mu: vector(sm, x, mu))(points, 2500.0 + jnp.arange(5.0))
    np.testing.assert_allclose(batch, singly, rtol=1e-12, atol=1e-28)


@pytest.mark.parametrize("model", list(MODELS))
def test_pattern_of_zeros(model, random_point):
    """What is left out for muoquarks with diagonal Yd and Ye vanishes, what is kept is the same."""
    keep = np.arange(3) == 1
    couplings = random_point.couplings[model]

    def muonic(c):
        if "+" in c.model:
            return dataclasses.replace(c, **{n: muonic(getattr(c, n)) for n in c.model.split("+")})
        changes = {
            name: np.asarray(getattr(c, name)) * (keep[:, None] if kinds[0] in "le" else keep)
            for name, kinds in c.leptoquark_matrices.items()
        }
        return dataclasses.replace(c, **changes)

    sm = random_point.sm
    diagonal = dataclasses.replace(sm, Yd=np.diag(np.diag(sm.Yd)), Ye=np.diag(np.diag(sm.Ye)))
    point = muonic(couplings), diagonal, random_point.mu
    general, special = matching(model), matching(model, leptons=(2,), aligned=True)
    assert len(special.components) < 0.65 * len(general.components)
    full = dict(zip(general.components, np.asarray(general(*point))))
    for component, value in zip(special.components, np.asarray(special(*point))):
        assert value == pytest.approx(full.pop(component), rel=1e-11, abs=1e-26)
    assert max(map(abs, full.values())) == 0.0


def test_order_of_the_basis():
    order = {component: i for i, component in enumerate(real_components())}
    for model in MODELS:
        positions = [order[component] for component in matching(model).components]
        assert positions == sorted(positions)


def test_every_row_is_read():
    """No line of the tables is lost on the way; every operator is one of the basis."""
    operators = {name.partition("_")[0] for name in coefficients()}
    for model, names in MODELS.items():
        found = rows(model)
        texts = [(files("muobayes.matching") / "data" / f"{name}.yaml").read_text() for name in names]
        lines = [line for text in texts for line in text.split("thresholds:")[0].splitlines()]
        assert len(found) == sum(line.count(" | ") == 5 for line in lines) > 100
        assert {row.operator for row in found} <= operators


@pytest.mark.parametrize(
    ("structure", "sentence"),
    [
        ("L[ar] L*[bp]", "every other letter appears twice"),
        ("X[pr]", "unknown matrix 'X'"),
        ("L[p r]", "cannot read"),
        ("L[pr] L[ab] L*[ab]", "closed traces"),
    ],
)
def test_structures_that_cannot_be_read(structure, sentence):
    with pytest.raises(ValueError, match=sentence):
        _chains(structure, {"L": "lambda1L"}, "here")


def test_unknown_model():
    with pytest.raises(InputError, match=r"no matching for 's2' \(did you mean"):
        matching("s2")


def test_muoquark_dictionary(sm):
    """Names of run cards; the spurion; the sign of S3; and the sign of C9 = -C10 for the default spurion."""
    point = muoquarks({"M3": 3000.0, "eta33L": 0.43}, sm)
    assert isinstance(point, S3)
    v = top_row(sm.Yu)
    np.testing.assert_allclose(v, CKM_TOP / np.linalg.norm(CKM_TOP), atol=1e-3)
    expected = np.zeros((3, 3), complex)
    expected[:, 1] = -0.43 * np.array([-v[0], -v[1], 1.0])
    np.testing.assert_allclose(point.lambda3L, expected, rtol=1e-12)
    # tree level: C_lq1 = 3/4, C_lq3 = 1/4 of eta*_2 eta_3/M^2, arXiv:2103.13991
    prepared = matching("s3", parts=("tree",), leptons=(2,))
    values = prepared.to_wcxf(prepared(point, sm, 3000.0))
    eta = -expected[:, 1]
    assert values["lq1_2223"] == pytest.approx(3 / 4 * np.conj(eta[1]) * eta[2] / 9e6)
    assert values["lq3_2223"] == pytest.approx(1 / 4 * np.conj(eta[1]) * eta[2] / 9e6)
    # C9 = -C10 has the sign of this ratio: negative, as b -> s mu mu wants, with c_s = -1
    ratio = (values["lq1_2223"] + values["lq3_2223"]) / complex(v[2] * np.conj(v[1]))
    assert ratio == pytest.approx(-(0.43**2) / 9e6 / complex(v[2]), rel=1e-9)
    with pytest.raises(InputError, match="no matching for M1 and M2"):
        muoquarks({"M1": 1.0, "M2": 1.0}, sm)


def test_tauphilic_dictionary(sm):
    point = muoquarks({"M1tau": 1500.0, "etaTau13L": 1.2, "etaTau12R": -0.7, "M3": 3000.0, "eta33L": 0.4}, sm)
    assert (point.s1.M, point.s3.M) == (1500.0, 3000.0)
    np.testing.assert_allclose(
        point.s1.lambda1L[:, 2], 1.2 * top_row(sm.Yu) * np.array([-1, -1, 1 / top_row(sm.Yu)[2]])
    )
    np.testing.assert_allclose(point.s1.lambda1R, [[0, 0, 0], [0, 0, -0.7], [0, 0, 0]])
    assert not point.s1.lambda1L[:, :2].any() and not point.s3.lambda3L[:, [0, 2]].any()
    names = match(point, sm, 2000.0, loop=0)
    assert abs(names["lequ1_3332"]) > 0 and abs(names["lq1_2233"]) > 0 and names["lq1_2333"] == 0


def test_r2_dictionary(sm):
    point = muoquarks({"M2": 2000.0, "eta23L": 0.2, "eta23R": 0.4, "eta22L": 0.1, "eta21R": 0.0}, sm)
    np.testing.assert_allclose(point.y2_lu, [[0, 0, 0], [0, 0.1, 0.2], [0, 0, 0]])
    assert point.y2_eq[1, 0] == 0 and point.y2_eq[1, 2] == 0.4
    assert point.y2_eq[1, 1] == pytest.approx(complex(-top_row(sm.Yu)[1] * 0.4))


@pytest.mark.parametrize("ratio", [1.0, 1.0 + 1e-7, 1.1, 0.4, 30.0])
def test_loop_functions(ratio):
    """Against their integrals over the loop momentum, x = k^2."""
    a, b = 1.7**2, (1.7 * ratio) ** 2
    found = two_mass(1.7, 1.7 * ratio)

    def integral(integrand):
        # x = t/(1-t) maps the momentum to the unit interval
        return quad(lambda t: integrand(t / (1 - t)) / (1 - t) ** 2, 0, 1, epsabs=1e-14, epsrel=1e-12)[0]

    assert float(found.f) == pytest.approx(integral(lambda x: 1 / ((x + a) * (x + b))), rel=1e-9)
    assert float(found.J13) == pytest.approx(integral(lambda x: x / ((x + a) ** 2 * (x + b))), rel=1e-9)
    assert float(found.J31) == pytest.approx(integral(lambda x: x / ((x + b) ** 2 * (x + a))), rel=1e-9)
    # B13 is the slope of the bubble of two masses at zero momentum: integral of y (1-y)/(y a + (1-y) b)
    slope = quad(lambda y: y * (1 - y) / (y * a + (1 - y) * b), 0, 1, epsabs=1e-15)[0]
    assert float(found.B13) == pytest.approx(slope, rel=1e-9)
    if ratio > 1.01 or ratio < 0.99:
        assert float(found.C13) == pytest.approx((a + b) * np.log(a / b) / (2 * (a - b)), rel=1e-12)
    gradient = jax.grad(lambda m: two_mass(m, 1.7 * ratio).J13 + two_mass(m, 1.7 * ratio).B13)(1.7)
    assert np.isfinite(gradient)


def test_thresholds_in_a_batch(sm):
    points = jnp.linspace(2000.0, 4000.0, 3)

    def shift(m):
        couplings = muoquarks({"M1": m, "M3": 3000.0, "eta13L": 0.2, "eta13R": 0.1, "eta33L": 0.4}, sm)
        return thresholds(couplings, sm, 3000.0)

    batch = jax.jit(jax.vmap(shift))(points)
    assert batch.Ye.shape == (3, 3, 3)
    np.testing.assert_allclose(batch.Ye[2], shift(4000.0).Ye, rtol=1e-12)
