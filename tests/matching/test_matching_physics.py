"""The known physics that is in the matching: closed forms, limits and invariances."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from tensors import full_tensors

from muobayes.matching import R2, S1, S1S3, S3, SMParameters, match, matching, muoquarks, thresholds
from muobayes.matching._contraction import LOOP
from muobayes.smeft.basis import coefficients

ZERO = np.zeros((3, 3))


def unit(i, j, value=1.0):
    matrix = np.zeros((3, 3), complex)
    matrix[i, j] = value
    return matrix


@pytest.fixture
def sm():
    """Only the top couples to the Higgs."""
    return SMParameters(0.64, 0.36, 1.05, 0.26, unit(2, 2, 0.9), ZERO, ZERO)


def photon_dipole(coefficients, sm, index):
    """C_egamma = cos(theta_W) C_eB - sin(theta_W) C_eW in units of e (the sign of D = d + i e Q A)."""
    return coefficients[f"eB_{index}"] / sm.gp - coefficients[f"eW_{index}"] / sm.g


def top_loop(x, q_fermion, q_scalar):
    """Chirally enhanced one-loop dipole, x = m_t^2/M^2 (Leveille, Nucl. Phys. B137 (1978) 63): exact in x."""
    fermion = quad(lambda y: y**2 / (y * x + 1 - y), 0, 1, epsabs=1e-13, epsrel=1e-11, limit=500)[0]
    scalar = quad(lambda y: y * (1 - y) / (y * x + 1 - y), 0, 1, epsabs=1e-13, epsrel=1e-11)[0]
    return q_fermion * fermion - q_scalar * scalar


@pytest.mark.parametrize(
    ("field", "q_fermion", "q_scalar", "constant"),
    [("S1", -2 / 3, -1 / 3, -7 / 4), ("R2", 2 / 3, -5 / 3, -1 / 4)],
)
def test_g_minus_2(sm, field, q_fermion, q_scalar, constant):
    """mu -> t^c + S1^* and mu -> t + R2^*: the dipole at mu = m_t is the full one-loop result for M >> m_t.

    In this scheme the EFT adds no constant, so that C_egamma ~ ln(M^2/m_t^2) - 7/4 (S1), - 1/4 (R2), as in
    a_mu = m_mu m_t/(4 pi^2 M^2) Re(lambda1L* lambda1R) (ln(M^2/m_t^2) - 7/4), arXiv:2008.09548.
    """
    m_top = 160.0
    mass = m_top * 1e4
    left, right = unit(2, 1, 0.3 + 0.1j), unit(2, 1, 0.2 - 0.4j)
    if field == "S1":
        point, product = S1(mass, left, right, 0.0), np.conj(left[2, 1]) * right[2, 1]
    else:  # y2_lu[l, u], y2_eq[e, q]
        point, product = R2(mass, left.T, right.T, 0.0, 0.0), left[2, 1] * np.conj(right[2, 1])
    found = photon_dipole(match(point, sm, m_top), sm, "22")
    full = top_loop((m_top / mass) ** 2, q_fermion, q_scalar)
    assert abs(found) == pytest.approx(abs(LOOP * 0.9 * product * 3 / 2 * full / mass**2), rel=1e-6)
    sign = 1 if field == "S1" else -1
    log = np.log(mass**2 / m_top**2)
    assert found == pytest.approx(sign * LOOP * 0.9 * product / mass**2 * (log + constant), rel=1e-12)


def test_muon_to_electron_photon(sm):
    """C_egamma[p, r] needs lambda1L*[q, p] and lambda1R[u, r]: electron to the left, muon to the right."""
    point = S1(2000.0, unit(2, 0, 0.3), unit(2, 1, 0.2), 0.0)
    found = match(point, sm, 2000.0)
    assert photon_dipole(found, sm, "12") == pytest.approx(-7 / 4 * LOOP * 0.9 * 0.06 / 2000.0**2)
    assert all(
        photon_dipole(found, sm, index) == 0 for index in ("11", "13", "21", "22", "23", "31", "32", "33")
    )


def test_muoquarks_conserve_lepton_flavour(random_point):
    """Only the muon number changes hands: lepton indices of every coefficient pair up, with any couplings."""
    lepton_positions = {"ll": (0, 1, 2, 3), "ee": (0, 1, 2, 3), "le": (0, 1, 2, 3), "qe": (2, 3)}
    prepared = matching("s1+s3", leptons=(2,), aligned=True)
    for name in {name for name, _ in prepared.components}:
        op, _, digits = name.partition("_")
        if op.startswith(("l", "e", "phil", "phie")) or op == "qe":
            positions = lepton_positions.get(op, (0, 1))
            leptons = sorted(digits[i] for i in positions)
            assert leptons[::2] == leptons[1::2], name


def test_meson_mixing_boxes(random_point):
    """S1: a1^2/(128 pi^2 M^2), S3: 5 a3^2/(128 pi^2 M^2) (Dorsner et al., arXiv:1603.04993); both: + 2 a1 a3.

    The box with equal masses is the square of the sum over scalars for each pair of internal leptons:
    neutrinos see S1 and S3^(1/3), muons see S3^(4/3) with a coupling larger by sqrt(2), so that the sum is
    (a1 + a3)^2 + 4 a3^2.
    """
    mass = 2700.0
    s1 = S1(mass, random_point.couplings["s1"].lambda1L, ZERO, 0.0)
    s3 = S3(mass, random_point.couplings["s3"].lambda3L, 0.0, 0.0)
    sm = SMParameters(0.0, 0.0, 0.0, 0.0, ZERO, ZERO, ZERO)
    found = match(S1S3(s1, s3, 0.0), sm, mass)
    a11, a13, a31, a33 = (  # sum over leptons of conj(x[s, l]) y[b, l]
        np.vdot(x[1], y[2]) for x in (s1.lambda1L, s3.lambda3L) for y in (s1.lambda1L, s3.lambda3L)
    )
    expected = -(a11**2 + 2 * a13 * a31 + 5 * a33**2) * LOOP / 8 / mass**2
    assert found["qq1_2323"] + found["qq3_2323"] == pytest.approx(expected, rel=1e-12)


def test_muon_yukawa_of_the_paper(sm):
    """arXiv:2103.13991 Eq. (7), with y_u -> Yu*."""
    eta_left, eta_right = np.array([0.01 - 0.02j, 0.1j, 0.4]), np.array([0.0, 0.05, 0.3 + 0.2j])
    yu = 0.5 * (np.arange(9).reshape(3, 3) / 9 + 0.2j)
    general = dataclasses.replace(sm, Yu=yu)
    parameters = {f"eta1{i + 1}L": x for i, x in enumerate(eta_left)}
    parameters |= {f"eta1{i + 1}R": x for i, x in enumerate(eta_right)}
    point = muoquarks(parameters | {"M1": 3000.0}, general)
    found = thresholds(point, general, 1800.0).Ye
    expected = -3 * LOOP * (1 + np.log(1800.0**2 / 3000.0**2)) * (eta_left.conj() @ yu.conj() @ eta_right)
    np.testing.assert_allclose(found, unit(1, 1, expected), atol=1e-15)


def mass_matrix(couplings, h2):
    """Masses of the leptoquarks (one colour) in the background |H|^2 = h2, H in its lower component."""
    sigma = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    if isinstance(couplings, S1):
        return jnp.array([[couplings.M**2 + couplings.lambda_H1 * h2]], complex)
    if isinstance(couplings, S3):
        lower = np.array([[(a @ b)[1, 1] for b in sigma] for a in sigma])
        return (couplings.M**2 + couplings.lambda_H3 * h2) * jnp.eye(3) + couplings.kappa_H3 * h2 * lower
    if isinstance(couplings, R2):
        diagonal = couplings.M**2 + couplings.lambda_H2 * h2 + jnp.array([0.0, couplings.kappa_H2 * h2])
        return jnp.diag(diagonal).astype(complex)
    first, second = (mass_matrix(field, h2) for field in couplings.fields())
    mixing = jnp.zeros((len(first), len(second)), complex)
    if isinstance(couplings, S1S3):
        mixing = couplings.kappa_H13 * h2 * np.array([[s[1, 1] for s in sigma]])
    return jnp.block([[first, mixing], [mixing.conj().T, second]])


def coleman_weinberg(couplings, mu, h2):
    """The one-loop potential of three coloured complex scalars, MS-bar."""
    m2 = jnp.linalg.eigvalsh(mass_matrix(couplings, h2))
    return 3 / (32 * np.pi**2) * jnp.sum(m2**2 * (jnp.log(m2 / mu**2) - 1.5))


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_effective_potential(random_point, model):
    """Thresholds of mu_H^2 (the same sign for both fields, unlike Eq. (6) as printed) and Lambda, and C_phi.

    V = -mu_H^2 h + Lambda/2 h^2 - C_phi h^3 in h = |H|^2 for constant fields. What C_phi gets from equations
    of motion is proportional to Lambda or to g^4 and is switched off.
    """
    couplings, mu = random_point.couplings[model], 1400.0
    sm = SMParameters(0.0, 0.0, 0.0, 0.0, ZERO, ZERO, ZERO)
    # polynomial fit of the potential: |H|^2 in units of M^2, at Chebyshev points around zero
    unit_mass2 = 2000.0**2
    nodes = 0.25 * np.cos(np.pi * (np.arange(24) + 0.5) / 24)
    values = [float(coleman_weinberg(couplings, mu, x * unit_mass2)) / unit_mass2**2 for x in nodes]
    fit = np.polynomial.Chebyshev.fit(nodes, values, 16).convert(kind=np.polynomial.Polynomial).coef
    shift = thresholds(couplings, sm, mu)
    assert shift.mu_H2 / unit_mass2 == pytest.approx(-fit[1], rel=1e-8)
    assert shift.Lambda == pytest.approx(2 * fit[2], rel=1e-7)
    assert match(couplings, sm, mu)["phi"].real * unit_mass2 == pytest.approx(-fit[3], rel=1e-5)


@pytest.mark.parametrize("model", ["s1", "s3", "r2"])
def test_low_energy_theorem_for_photons_and_gluons(random_point, model):
    """h -> gamma gamma and h -> g g: the beta function of each charged scalar, differentiated by its mass.

    L = C_gammagamma |H|^2 F F with C = e^2 K/4 sum_i (N_c Q_i^2/3) dm_i^2/d|H|^2 / M^2, and gs^2 T/3 for
    gluons.
    """
    couplings = random_point.couplings[model]
    sm = random_point.sm
    charges = {"s1": [1 / 3], "s3": [4 / 3, 1 / 3, -2 / 3], "r2": [5 / 3, 2 / 3]}[model]
    if model == "s3":
        h, k = couplings.lambda_H3 + couplings.kappa_H3, couplings.kappa_H3
        slopes = [h + k, h, h - k]  # H in its lower component couples to T3 = +1 with + kappa
    elif model == "r2":
        slopes = [couplings.lambda_H2, couplings.lambda_H2 + couplings.kappa_H2]
    else:
        slopes = [couplings.lambda_H1]
    found = match(couplings, sm, 1700.0)
    b, w, wb = (found.get(name, 0.0) for name in ("phiB", "phiW", "phiWB"))
    photon = b / sm.gp**2 + w / sm.g**2 - wb / (sm.g * sm.gp)
    expected = LOOP / 4 * sum(q**2 * s for q, s in zip(charges, slopes)) / couplings.M**2
    assert photon.real == pytest.approx(expected, rel=1e-12)
    gluon = LOOP / 4 * sm.gs**2 * sum(slopes) / 6 / couplings.M**2
    assert found["phiG"].real == pytest.approx(gluon, rel=1e-12)


@pytest.mark.parametrize("model", ["s1", "r2"])
def test_higgs_to_muons(sm, model):
    """The muon mass in a background |H|^2, from which h -> mu mu follows.

    Portal: M^2 -> M^2 + lambda |H|^2, hence C_ephi = -lambda d(delta Ye)/dM^2. Top: the zero-momentum loop
    with m_t^2 = y_t^2 |H|^2 minus the loop of the tree-level lequ1 in the EFT, which is a tadpole ~ m_t^2
    (ln m_t^2 - 1).
    """
    mass, mu, portal = 2500.0, 1600.0, 0.3
    left, right = unit(2, 1, 0.3), unit(2, 1, 0.2)

    def point(m, p):
        return S1(m, left, right, p) if model == "s1" else R2(m, left.T, right.T, p, 0.0)

    free = dataclasses.replace(sm, Lambda=0.0)
    slope = jax.grad(lambda m2: thresholds(point(jnp.sqrt(m2), 0.0), free, mu).Ye[1, 1].real)(mass**2)
    linear = match(point(mass, portal), free, mu)["ephi_22"] - match(point(mass, 0.0), free, mu)["ephi_22"]
    assert linear.real == pytest.approx(-portal * float(slope), rel=1e-10)

    def full(h2):
        mt2 = 0.81 * h2
        finite = 1 - (mass**2 * np.log(mass**2 / mu**2) - mt2 * np.log(mt2 / mu**2)) / (mass**2 - mt2)
        return -3 * LOOP * 0.9 * 0.06 * finite

    def effective(h2):
        mt2 = 0.81 * h2
        return -3 * LOOP * 0.9 * 0.06 * mt2 / mass**2 * (np.log(mt2 / mu**2) - 1)

    h2 = 1e-4 * mass**2
    zero = -3 * LOOP * 0.9 * 0.06 * (1 - np.log(mass**2 / mu**2))
    sixth = -(full(h2) - zero - effective(h2)) / h2
    assert match(point(mass, 0.0), free, mu)["ephi_22"].real == pytest.approx(sixth, rel=2e-3)


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_dimension_and_decoupling(random_point, model):
    """Every coefficient falls like 1/M^2 at fixed mu/M."""
    couplings = random_point.couplings[model]
    prepared = matching(model)

    def scaled(c, factor):
        if "+" in c.model:
            return dataclasses.replace(c, **{n: scaled(getattr(c, n), factor) for n in c.model.split("+")})
        return dataclasses.replace(c, M=c.M * factor)

    near = prepared(couplings, random_point.sm, random_point.mu)
    far = prepared(scaled(couplings, 1e4), random_point.sm, random_point.mu * 1e4)
    np.testing.assert_allclose(far * 1e8, near, rtol=1e-11, atol=1e-25)


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_hermiticity(random_point, model):
    """C[prst] = C[rpts]* for hermitian operators, C real without flavour: nothing in the tables forces it."""
    real = {name.partition("_")[0] for name, is_real in coefficients().items() if is_real}
    tensors = full_tensors(random_point.couplings[model], random_point.sm, random_point.mu)
    checked = 0
    for op, tensor in tensors.items():
        if op in real:
            axes = {0: (), 2: (1, 0), 4: (1, 0, 3, 2)}[tensor.ndim]
            conjugate = tensor.conj().transpose(axes)
            if op in ("ll", "qq1", "qq3", "uu", "dd", "ee"):
                tensor, conjugate = (
                    tensor + tensor.transpose(2, 3, 0, 1),
                    conjugate + conjugate.transpose(2, 3, 0, 1),
                )
            np.testing.assert_allclose(tensor, conjugate, atol=1e-12 * abs(tensor).max(), rtol=0, err_msg=op)
            checked += 1
    assert checked >= 25


def unitary(rng):
    return np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))[0]


def legs(op):
    """Flavours of the indices of an operator: psi^2 operators are (doublet or first, second)."""
    special = {
        "phil1": "ll", "phil3": "ll", "phie": "ee", "phiq1": "qq", "phiq3": "qq", "phiu": "uu", "phid": "dd",
        "phiud": "ud", "ledq": "ledq", "lequ1": "lequ", "lequ3": "lequ", "quqd1": "quqd",
    }  # fmt: skip
    if op in special:
        return special[op]
    if op in ("eB", "eW", "ephi"):
        return "le"
    if op in ("uB", "uW", "uG", "uphi"):
        return "qu"
    if op in ("dB", "dW", "dG", "dphi"):
        return "qd"
    first, second = op.rstrip("138")
    return first * 2 + second * 2


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_flavour_covariance(random_point, model):
    """Unitary rotations of q, u, d, l, e (and phases of the leptoquarks) rotate the coefficients."""
    rng = np.random.default_rng(7)
    u = {f: unitary(rng) for f in "qudle"}
    sm, couplings = random_point.sm, random_point.couplings[model]
    rotated_sm = dataclasses.replace(
        sm,
        Yu=u["q"].conj().T @ sm.Yu @ u["u"],
        Yd=u["q"].conj().T @ sm.Yd @ u["d"],
        Ye=u["l"].conj().T @ sm.Ye @ u["e"],
    )

    def rotated(c):
        if "+" in c.model:
            return dataclasses.replace(c, **{n: rotated(getattr(c, n)) for n in c.model.split("+")})
        if isinstance(c, R2):
            lu, eq = u["l"].conj().T @ c.y2_lu @ u["u"], u["e"].conj().T @ c.y2_eq @ u["q"]
            return dataclasses.replace(c, y2_lu=lu, y2_eq=eq)
        if isinstance(c, S3):
            return dataclasses.replace(c, lambda3L=u["q"].T @ c.lambda3L @ u["l"])
        return dataclasses.replace(
            c, lambda1L=u["q"].T @ c.lambda1L @ u["l"], lambda1R=u["u"].T @ c.lambda1R @ u["e"]
        )

    before = full_tensors(couplings, sm, random_point.mu)
    after = full_tensors(rotated(couplings), rotated_sm, random_point.mu)
    # ledq is (lbar e)(dbar q), lequ (lbar e)(qbar u): barred indices with U^dagger, others with U
    for op, tensor in before.items():
        for axis, f in enumerate(legs(op) if tensor.ndim else ""):
            matrix = u[f].conj() if axis % 2 == 0 else u[f]
            tensor = np.moveaxis(np.tensordot(tensor, matrix, (axis, 0)), -1, axis)
        np.testing.assert_allclose(after[op], tensor, atol=1e-12 * abs(tensor).max(), rtol=0, err_msg=op)


def test_signs_that_fields_absorb(random_point):
    """Changing the sign of S1, or of S3, changes nothing unless kappa_H13 sees their relative sign."""
    pair, sm, mu = random_point.couplings["s1+s3"], random_point.sm, random_point.mu
    flipped = dataclasses.replace(pair.s3, lambda3L=-pair.s3.lambda3L)
    prepared = matching("s1+s3")
    reference = prepared(pair, sm, mu)
    same = prepared(S1S3(pair.s1, flipped, -pair.kappa_H13), sm, mu)
    np.testing.assert_allclose(same, reference, rtol=1e-12, atol=1e-26)
    other = prepared(S1S3(pair.s1, flipped, pair.kappa_H13), sm, mu)
    changed = np.abs(other - reference) > 1e-20
    components = matching("s1+s3").components
    assert {name.partition("_")[0] for (name, _), x in zip(components, changed) if x} == {
        "ephi",
        "uphi",
        "dphi",
    }
