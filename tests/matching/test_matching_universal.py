"""Everything that does not involve leptoquark Yukawa couplings, from the universal one-loop effective action.

For a heavy complex scalar multiplet with mass term M^2 + U(H), arXiv:1412.1837 Eq. (2.54) gives at order 1/M^2

    16 pi^2 M^2 L = tr{ -(P_mu G'_mu nu)^2/60 - G'_mu nu G'_nu sigma G'_sigma mu/90 - (P_mu U)^2/12 - U^3/6
                        - U G'_mu nu G'_mu nu/12 }

with P = i D and G' = [D, D]. With equations of motion its terms are written in the Warsaw basis by hand below.
"""

import dataclasses

import numpy as np
import pytest

from muobayes.matching import R2, S1, S1S3, S3, SMParameters, match
from muobayes.matching._contraction import LOOP

ZERO = np.zeros((3, 3))
HYPERCHARGE = {"l": -1 / 2, "e": -1, "q": 1 / 6, "u": 2 / 3, "d": -1 / 3}
DELTA = np.eye(3)


def currents(sm, b, w, g3):
    """-(b j_B^2 + w j_W^2 + g3 j_G^2), the squared currents of the SM without couplings, in the Warsaw basis.

    j_B = sum_f Y_f fbar gamma f + (1/2) H^dagger i D H, j_W^I = (1/2) fbar sigma^I gamma f + (1/2) H^dagger i D^I H,
    j_G^A = fbar gamma T^A f. Identical currents are the full product, others carry a factor 2.
    """
    same, crossed = np.einsum("pr,st->prst", DELTA, DELTA), np.einsum("pt,rs->prst", DELTA, DELTA)
    c = {}
    y = HYPERCHARGE
    for name, (f, f2) in {
        "lq1": "lq", "eu": "eu", "ed": "ed", "qe": "qe", "lu": "lu", "ld": "ld", "le": "le",
        "qu1": "qu", "qd1": "qd", "ud1": "ud",
    }.items():  # fmt: skip
        c[name] = -2 * b * y[f] * y[f2] * same
    # SU(2) and SU(3) Fierz: sigma.sigma -> 2 crossed - 1, T.T -> crossed/2 - 1/6 for identical chiral currents;
    # in qq the colour exchange is itself rearranged to qq1 and qq3
    c["ll"] = -(b * y["l"] ** 2) * same - w / 4 * (2 * crossed - same)
    c["ee"] = -(b * y["e"] ** 2) * same
    c["lq3"] = -2 * w / 4 * same
    c["uu"] = -(b * y["u"] ** 2) * same - g3 * (crossed / 2 - same / 6)
    c["dd"] = -(b * y["d"] ** 2) * same - g3 * (crossed / 2 - same / 6)
    c["qq1"] = -(b * y["q"] ** 2) * same - g3 * (crossed / 4 - same / 6)
    c["qq3"] = -w / 4 * same - g3 * crossed / 4
    for name in ("ud8", "qu8", "qd8"):
        c[name] = -2 * g3 * same
    for name, f in {"phil1": "l", "phie": "e", "phiq1": "q", "phiu": "u", "phid": "d"}.items():
        c[name] = -2 * b * y[f] / 2 * DELTA
    c["phil3"] = c["phiq3"] = -2 * w / 4 * DELTA
    # (H^dagger i D H)^2 = O_Box + 4 O_D; (H^dagger i D^I H)^2 = 3 O_Box + 4 Lambda O_phi + 2 sum (Y O + h.c.)
    c["phiBox"], c["phiD"] = -b / 4 - 3 * w / 4, -b
    c["phi"] = -w * sm.Lambda
    for name, yukawa in {"ephi": sm.Ye, "uphi": sm.Yu, "dphi": sm.Yd}.items():
        c[name] = -w / 2 * yukawa
    return c


def derivative_terms(sm, singlet, doublet, triplet):
    """singlet (d|H|^2)^2 + doublet tr(D(H H^dagger))^2 + triplet (D n)^2, n^K = H^dagger sigma^K H."""
    box = -singlet
    # tr(D(H H+))^2 = -2 O_D + (2 Lambda O_phi + sum Y O + h.c.); (D n)^2 = O_Box - 4 O_D + 4 Lambda O_phi + 2 (...)
    c = {"phiBox": box + triplet, "phiD": -2 * doublet - 4 * triplet}
    eom = doublet + 2 * triplet
    c["phi"] = 2 * eom * sm.Lambda
    for name, yukawa in {"ephi": sm.Ye, "uphi": sm.Yu, "dphi": sm.Yd}.items():
        c[name] = eom * yukawa
    return c


def expected(couplings, sm):
    """All coefficients times 16 pi^2 M^2, without leptoquark Yukawa couplings (equal masses for S1 and S3)."""
    if isinstance(couplings, S1S3):
        pair = expected(couplings.s1, sm), expected(couplings.s3, sm)
        mixed = derivative_terms(sm, 0, 0, 3 * 2 * abs(couplings.kappa_H13) ** 2 / 12)
        h1, h3 = couplings.s1.lambda_H1, couplings.s3.lambda_H3 + couplings.s3.kappa_H3
        mixed["phi"] += -3 / 6 * 3 * abs(couplings.kappa_H13) ** 2 * (h1 + h3)
        return {k: sum(d.get(k, 0.0) for d in (*pair, mixed)) for k in pair[0] | pair[1] | mixed}
    if isinstance(couplings, S1):
        y, isospin, h, k = 1 / 3, np.zeros((3, 1, 1)), couplings.lambda_H1, 0.0
        derivative = derivative_terms(sm, 3 * h**2 / 12, 0, 0)
        cubic = h**3
    elif isinstance(couplings, S3):
        y, k = 1 / 3, couplings.kappa_H3
        h = couplings.lambda_H3 + k
        epsilon = np.zeros((3, 3, 3))
        for i in range(3):
            epsilon[i, (i + 1) % 3, (i + 2) % 3], epsilon[i, (i + 2) % 3, (i + 1) % 3] = 1, -1
        isospin = -1j * epsilon
        derivative = derivative_terms(sm, 3 * 3 * h**2 / 12, 0, 3 * 2 * k**2 / 12)
        cubic = h**3 + (h + k) ** 3 + (h - k) ** 3
    else:
        y, h, k = 7 / 6, couplings.lambda_H2, couplings.kappa_H2
        isospin = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]) / 2
        derivative = derivative_terms(sm, 3 * (2 * h**2 + 2 * h * k) / 12, 3 * k**2 / 12, 0)
        cubic = h**3 + (h + k) ** 3
    n = isospin.shape[1]
    t2 = 3 * np.trace(isospin[2] @ isospin[2]).real
    g, gp, gs = sm.g, sm.gp, sm.gs
    c = currents(sm, gp**4 * 3 * n * y**2 / 60, g**4 * t2 / 60, gs**4 * n / 2 / 60)
    for name, value in derivative.items():
        c[name] = c.get(name, 0.0) + value
    c["phi"] = c["phi"] - 3 * cubic / 6
    c["G"], c["W"] = -(gs**3) * (n / 2) / 180, -(g**3) * t2 / 180
    # + tr(U F F)/12 with F = gs G T + g W t + gp y B; U = h + k (direction of H, here the lower component)
    if isinstance(couplings, S3):
        u = h * np.eye(3) - k * isospin[2] * -1  # i eps n with n = (0, 0, -1) |H|^2: + k on T3 = +1
    elif isinstance(couplings, R2):
        u = np.diag([h, h + k])
    else:
        u = np.array([[h]])
    c["phiG"] = gs**2 * np.trace(u).real / 24
    c["phiB"] = 3 * gp**2 * y**2 * np.trace(u).real / 12
    c["phiW"] = 3 * g**2 * np.trace(u @ isospin[2] @ isospin[2]).real / 12
    # O_phiWB = H+ sigma^I H W^I B has - |H|^2 W^3 B for the lower component; W t and y B appear twice
    c["phiWB"] = -3 * g * gp * y * 2 * np.trace(u @ isospin[2]).real / 12
    return c


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3"])
def test_without_leptoquark_yukawas(random_point, model):
    sm, mass = random_point.sm, 2400.0
    sm = SMParameters(sm.g, sm.gp, sm.gs, sm.Lambda, sm.Yu, sm.Yd, sm.Ye)

    def bare(c):
        if isinstance(c, S1S3):
            return S1S3(bare(c.s1), bare(c.s3), c.kappa_H13)
        return dataclasses.replace(c, M=mass, **dict.fromkeys(c.leptoquark_matrices, ZERO))

    couplings = bare(random_point.couplings[model])
    found = {name: complex(value) * mass**2 / LOOP for name, value in match(couplings, sm, 1111.0).items()}
    reference = expected(couplings, sm)
    compared = 0
    for name, value in found.items():
        op, _, digits = name.partition("_")
        tensor = np.asarray(reference.get(op, np.zeros((3,) * len(digits))), complex)
        orbit = {tuple(int(d) - 1 for d in digits)}
        if op in ("ll", "qq1", "qq3", "uu", "dd", "ee"):
            orbit |= {(s, t, p, r) for p, r, s, t in orbit}
        if op == "ee":
            orbit |= {(s, r, p, t) for p, r, s, t in orbit}
            tensor = (tensor + tensor.transpose(2, 1, 0, 3)) / 2
        assert value == pytest.approx(sum(tensor[i] for i in orbit), rel=1e-11, abs=1e-13), name
        compared += abs(value) > 1e-8
    assert compared > 120
    zero_flavour = {op for op, value in reference.items() if np.ndim(value) == 0 and abs(value) > 1e-12}
    assert zero_flavour <= set(found)


# What the scalars do to a current f -> F + scalar: multiplicity N of the loop, hypercharges of F and of the scalar, and
# the generators of SU(2) on F and on the scalar in units of the generator on f, summed over the loop; colour of
# quarks flows through the scalar, and SU(2) acts on doublets only.
LOOPS = {
    "s1": {"l": (3, -1 / 6, -1 / 3, 3, 0), "e": (3, -2 / 3, -1 / 3, 0, 0), "q": (1, 1 / 2, -1 / 3, 1, 0),
           "u": (1, 1, -1 / 3, 0, 0)},
    "s3": {"l": (9, -1 / 6, -1 / 3, -3, 12), "q": (3, 1 / 2, -1 / 3, -1, 4)},
    "r2": {"l": (3, 2 / 3, -7 / 6, 0, 3), "e": (6, 1 / 6, -7 / 6, 0, 0), "q": (1, -1, 7 / 6, 0, 1),
           "u": (2, -1 / 2, 7 / 6, 0, 0)},
}  # fmt: skip


@pytest.mark.parametrize("model", ["s1", "s3", "r2"])
def test_penguins(random_point, model):
    """B, W and gluon penguins with a massless fermion in the loop: F emits with L/3 - 4/9, the scalar with 1/18.

    (The limits of the photon penguin functions of scalar leptoquarks, e.g. Lavoura, hep-ph/0302221.) Leptoquarks
    couple to q3, u3, l2, e2 only; compared are all products of such a current with one of the first generation.
    """
    gauge = random_point.sm
    sm = SMParameters(gauge.g, gauge.gp, gauge.gs, 0.0, ZERO, ZERO, ZERO)
    mass, mu = 2000.0, 1300.0
    log = np.log(mass**2 / mu**2)
    fermion, scalar = log / 3 - 4 / 9, 1 / 18
    couplings = random_point.couplings[model]
    rows, columns = {"l": 1, "e": 1, "q": 2, "u": 2}, couplings.leptoquark_matrices
    values, squares = {}, {}
    for name, (f, f2) in columns.items():
        values[name] = np.zeros((3, 3), complex)
        values[name][rows[f], rows[f2]] = 0.3 + 0.4j if f in "ql" else 0.5 - 0.2j
        squares |= dict.fromkeys((f, f2), abs(values[name][rows[f], rows[f2]]) ** 2)
    found = match(dataclasses.replace(couplings, M=mass, **values), sm, mu)
    universal = match(dataclasses.replace(couplings, M=mass, **dict.fromkeys(columns, ZERO)), sm, mu)

    def strength(f):
        """Coefficients of j_B, j_W and j_G times the current of f, whose flavour is rows[f]."""
        n, y_f, y_s, t_f, t_s = LOOPS[model][f]
        b = sm.gp**2 * n * (y_f * fermion + y_s * scalar)
        return squares[f] * np.array([b, sm.g**2 * (t_f * fermion + t_s * scalar), sm.gs**2 * n * scalar])

    def check(name, value):
        difference = (found[name] - universal.get(name, 0.0)) * mass**2 / LOOP
        assert difference == pytest.approx(value, rel=1e-10), name

    y = HYPERCHARGE
    generation = {f: str(rows[f] + 1) for f in LOOPS[model]}
    for f in LOOPS[model]:
        b, w, g3 = strength(f)
        x = generation[f] * 2
        for other in "lequd":
            singlet = next(
                (op for op in (f + other, other + f) if op in ("eu", "ed", "qe", "lu", "ld", "le")), None
            )
            if singlet:
                check(f"{singlet}_{x}11" if singlet[0] == f else f"{singlet}_11{x}", b * y[other])
            if {f, other} == {"l", "q"}:
                index = f"{x}11" if f == "l" else f"11{x}"
                check(f"lq1_{index}", b * y[other])
                check(f"lq3_{index}", w / 4)
            octet = next((op for op in (f + other, other + f) if op in ("qu", "qd", "ud")), None)
            if octet:
                index = f"{x}11" if octet[0] == f else f"11{x}"
                check(f"{octet}1_{index}", b * y[other])
                check(f"{octet}8_{index}", g3)
        first, last = generation[f], "1"
        unsplit, exchanged = f"11{x}", f"1{x}1"  # e.g. 1122 and 1221
        assert (first, last) != (last, first)
        if f == "e":
            check(f"ee_{unsplit}", b * y["e"])
        elif f == "u":
            check(f"uu_{unsplit}", b * y["u"] - g3 / 6)
            check(f"uu_{exchanged}", g3 / 2)
        elif f == "l":
            check(f"ll_{unsplit}", b * y["l"] - w / 4)
            check(f"ll_{exchanged}", w / 2)
        else:
            check(f"qq1_{unsplit}", b * y["q"] - g3 / 6)
            check(f"qq1_{exchanged}", g3 / 4)
            check(f"qq3_{unsplit}", w / 4)
            check(f"qq3_{exchanged}", g3 / 4)
        current = {"l": "phil1", "e": "phie", "q": "phiq1", "u": "phiu"}[f]
        check(f"{current}_{x}", b / 2)
        if f in "lq":
            check(f"phi{f}3_{x}", w / 4)
