"""One-loop running of the full theory: SM, S1, S3 and R2 as a general gauge-Yukawa theory in numbers.

Independent of the package: fermions are 45 left-handed Weyl fields, scalars 40 real components, and the beta
functions are the general one-loop ones of Machacek and Vaughn (Nucl. Phys. B236 (1984) 221) and, for scalar
masses, Luo, Wang, Xiao (hep-ph/0211440):

    16 pi^2 dY^a/dlnmu = 2 Y^b Y^{a*} Y^b + (Y2 Y^a + Y^a Y2^T)/2 + Re Tr(Y^{a*} Y^b) Y^b - 3 (C2 Y^a + Y^a
    C2), 16 pi^2 dM^2/dlnmu = M^2 (2 Re Tr(Y^a Y^{a*}) - 6 C2(S))     without quartic couplings.

-L contains 1/2 Y^a_ij phi_a psi_i psi_j + h.c.
"""

from itertools import product

import numpy as np

EPS = np.array([[0, 1], [-1, 0]])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
EPS_SIGMA = np.einsum("ab,Ibc->Iac", EPS, PAULI)

# field: (colour components, isospin components, hypercharge, SU(2) Casimir, SU(3) Casimir)
FERMIONS = {
    "q": (3, 2, 1 / 6, 3 / 4, 4 / 3),
    "u": (3, 1, -2 / 3, 0, 4 / 3),
    "d": (3, 1, 1 / 3, 0, 4 / 3),
    "l": (1, 2, -1 / 2, 3 / 4, 0),
    "e": (1, 1, 1, 0, 0),
}
SCALARS = {
    "H": (1, 2, 1 / 2, 3 / 4, 0),
    "S1": (3, 1, 1 / 3, 0, 4 / 3),
    "S3": (3, 3, 1 / 3, 2, 4 / 3),
    "R2": (3, 2, 7 / 6, 3 / 4, 4 / 3),
}


def _offsets(fields, generations):
    sizes = {name: generations * colours * isospins for name, (colours, isospins, *_) in fields.items()}
    return dict(zip(sizes, np.cumsum([0, *sizes.values()]))), sum(sizes.values())


F_START, N_F = _offsets(FERMIONS, 3)
S_START, N_S = _offsets(SCALARS, 1)


def fermion(name, generation, colour=0, isospin=0):
    colours, isospins, *_ = FERMIONS[name]
    return F_START[name] + (generation * colours + colour) * isospins + isospin


def scalar(name, colour=0, isospin=0):
    """Number of the complex component; its real and imaginary parts are 2n and 2n+1."""
    return S_START[name] + colour * SCALARS[name][1] + isospin


def _casimirs(fields, generations, g, gp, gs):
    values = [
        np.full(generations * colours * isospins, gp**2 * y**2 + g**2 * c2 + gs**2 * c3)
        for colours, isospins, y, c2, c3 in fields.values()
    ]
    return np.concatenate(values)


def yukawa_tensor(c):
    """The tensor Y[a, i, j] of a dictionary of couplings (Yu, Yd, Ye, and any of the leptoquark matrices)."""
    Y = np.zeros((2 * N_S, N_F, N_F), complex)

    def add(value, phi, conjugate, i, j):
        for part, factor in ((0, 1), (1, -1j if conjugate else 1j)):
            Y[2 * phi + part, i, j] += value * factor / np.sqrt(2)
            Y[2 * phi + part, j, i] += value * factor / np.sqrt(2)

    def matrix(name):
        return np.asarray(c.get(name, np.zeros((3, 3))), complex)

    generations, colours, isospins = list(product(range(3), repeat=2)), range(3), range(2)
    for i, j in generations:
        for a in isospins:
            for k in colours:
                q = fermion("q", i, k, a)
                for b in isospins:  # qbar u Htilde: u^c q (eps H)
                    add(
                        np.conj(matrix("Yu")[i, j]) * EPS[a, b],
                        scalar("H", 0, b),
                        False,
                        fermion("u", j, k),
                        q,
                    )
                add(np.conj(matrix("Yd")[i, j]), scalar("H", 0, a), True, fermion("d", j, k), q)
            add(np.conj(matrix("Ye")[i, j]), scalar("H", 0, a), True, fermion("e", j), fermion("l", i, 0, a))
    for i, j in generations:  # the leptoquarks; L = -(-L)
        for k in colours:
            for a, b in product(isospins, repeat=2):
                q, lepton = fermion("q", i, k, a), fermion("l", j, 0, b)
                add(-matrix("lambda1L")[i, j] * EPS[a, b], scalar("S1", k), False, q, lepton)
                for n in range(3):
                    add(-matrix("lambda3L")[i, j] * EPS_SIGMA[n, a, b], scalar("S3", k, n), False, q, lepton)
                lepton = fermion("l", i, 0, b)
                value = -np.conj(matrix("y2_lu")[i, j]) * EPS[a, b]
                add(value, scalar("R2", k, a), False, lepton, fermion("u", j, k))
            u, e = fermion("u", i, k), fermion("e", j)
            add(-np.conj(matrix("lambda1R")[i, j]), scalar("S1", k), True, u, e)
            for a in isospins:
                q, e = fermion("q", j, k, a), fermion("e", i)
                add(-matrix("y2_eq")[i, j], scalar("R2", k, a), True, e, q)
    return Y


def _read(Y, phi, conjugate, i, j):
    """Coupling of the complex scalar (or of its conjugate) from the tensor: the inverse of ``add``."""
    return (Y[2 * phi, i, j] + (1j if conjugate else -1j) * Y[2 * phi + 1, i, j]) / np.sqrt(2)


def read_couplings(Y):
    """Couplings from a tensor, each from one of the entries in which it appears."""

    def matrix(element):
        return np.array([[element(i, j) for j in range(3)] for i in range(3)])

    def higgs(isospin, conjugate, i, j):
        return np.conj(_read(Y, scalar("H", 0, isospin), conjugate, i, j))

    up, down = 0, 1
    return {
        "Yu": matrix(lambda i, j: higgs(down, False, fermion("u", j), fermion("q", i))),
        "Yd": matrix(lambda i, j: higgs(up, True, fermion("d", j), fermion("q", i))),
        "Ye": matrix(lambda i, j: higgs(up, True, fermion("e", j), fermion("l", i))),
        "lambda1L": matrix(
            lambda i, j: -_read(Y, scalar("S1"), False, fermion("q", i), fermion("l", j, 0, down))
        ),
        "lambda1R": matrix(
            lambda i, j: -np.conj(_read(Y, scalar("S1"), True, fermion("u", i), fermion("e", j)))
        ),
        "lambda3L": matrix(  # sigma^3: eps_12 (sigma^3)_22 = -1
            lambda i, j: _read(Y, scalar("S3", 0, 2), False, fermion("q", i), fermion("l", j, 0, down))
        ),
        "y2_lu": matrix(
            lambda i, j: -np.conj(_read(Y, scalar("R2"), False, fermion("l", i, 0, down), fermion("u", j)))
        ),
        "y2_eq": matrix(lambda i, j: -_read(Y, scalar("R2"), True, fermion("e", i), fermion("q", j))),
    }


def one_loop(c, g, gp, gs):
    """16 pi^2 d/dlnmu of all Yukawa matrices, and of ln M^2 for each leptoquark."""
    Y = yukawa_tensor(c)
    casimir = _casimirs(FERMIONS, 3, g, gp, gs)
    y2 = np.einsum("bij,bjk->ik", Y, Y.conj(), optimize=True)
    leg = np.einsum("aij,bij->ab", Y.conj(), Y, optimize=True).real
    product_ab = np.einsum("bij,ajk->abik", Y, Y.conj(), optimize=True)
    beta = 2 * np.einsum("abik,bkl->ail", product_ab, Y, optimize=True)
    beta += (np.einsum("ij,ajk->aik", y2, Y) + np.einsum("aij,kj->aik", Y, y2)) / 2
    beta += np.einsum("ab,bij->aij", leg, Y, optimize=True)
    beta -= 3 * (casimir[:, None] + casimir[None, :]) * Y
    # Tr(Y Y*) of a real component, and the Casimir of its field
    casimirs = _casimirs(SCALARS, 1, g, gp, gs)
    masses = {
        name: 2 * leg[2 * scalar(name), 2 * scalar(name)] - 6 * casimirs[scalar(name)]
        for name in ("S1", "S3", "R2")
    }
    return read_couplings(beta), masses
