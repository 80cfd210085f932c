"""Boxes of two leptoquarks, all operators at once, from the general formula for Weyl fermions and real scalars.

With massless fermions and -L = 1/2 Y^a_ij phi_a psi_i psi_j + h.c. the box with scalars a and b gives

    L = -(K/8) f_ab (Y^b* Y^a)_ij [(Y^a* Y^b)_kl - (Y^b* Y^a)_kl] (psi_i^dag sbar^mu psi_j)(psi_k^dag sbar_mu psi_l),

f_ab = ln(M_a^2/M_b^2)/(M_a^2 - M_b^2): the uncrossed minus the crossed diagram, each with the loop integral
k_mu k_nu -> g_mu nu/4. Its one constant, 1/8, is also that of the meson-mixing boxes of the literature.
"""

import dataclasses

import numpy as np
import pytest
import uv_theory
from tensors import full_tensors

from muobayes.matching import S1S3, SMParameters
from muobayes.matching._contraction import LOOP
from muobayes.matching._tables import rows

ZERO = np.zeros((3, 3))
SHAPES = {"q": (3, 3, 2), "u": (3, 3, 1), "d": (3, 3, 1), "l": (3, 1, 2), "e": (3, 1, 1)}
GELL_MANN = np.zeros((8, 3, 3), complex)
for n, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
    GELL_MANN[2 * n, i, j] = GELL_MANN[2 * n, j, i] = 1
    GELL_MANN[2 * n + 1, i, j], GELL_MANN[2 * n + 1, j, i] = -1j, 1j
GELL_MANN[6], GELL_MANN[7] = np.diag([1, -1, 0]), np.diag([1, 1, -2]) / np.sqrt(3)


def current(u, v, field, kind):
    """psibar_p gamma (1, sigma^I or T^A) psi_r with u^dagger and v in place of the Weyl fields; [A, I, p, r]."""
    start, shape = uv_theory.F_START[field], SHAPES[field]
    u, v = (x[start : start + np.prod(shape)].reshape(shape) for x in (u, v))
    colour = GELL_MANN / 2 if kind == "8" else np.eye(shape[1])[None]
    isospin = uv_theory.PAULI if kind == "3" else np.eye(shape[2])[None]
    if field in "ql":
        return np.einsum("pca,Acd,Iab,rdb->AIpr", u.conj(), colour, isospin, v)
    return -np.einsum("rda,Acd,Iab,pcb->AIpr", u.conj(), colour, isospin, v)  # the conjugate of a Weyl field


def warsaw(tensors, u, v, w, x):
    """The vector-vector four-fermion operators on four vectors of Weyl fields."""
    return sum(
        np.einsum("AIpr,AIst,prst", current(u, v, op[0], op[2:]), current(w, x, op[1], op[2:]), tensor)
        for op, tensor in tensors.items()
        if tensor.ndim == 4 and op not in ("ledq", "lequ1", "lequ3", "quqd1")
    )


def box(yukawa, masses2, u, v, w, x):
    a, b = masses2[:, None], masses2[None, :]
    with np.errstate(invalid="ignore"):
        f = np.where(a == b, 1 / a, np.log(a / b) / np.where(a == b, 1, a - b))

    def line(u, v):
        return np.einsum("bm,am->ba", np.einsum("i,bim->bm", u.conj(), yukawa.conj()), yukawa @ v)

    first, second = line(u, v), line(w, x)
    return -LOOP / 8 * np.sum(f * first * (second.T - second))


def fierz_symmetric(functional, u, v, w, x):
    """What is left of (u v)(w x) after the exchanges that anticommuting fields allow."""
    return functional(u, v, w, x) + functional(u, x, w, v) + functional(w, v, u, x) + functional(w, x, u, v)


@pytest.mark.parametrize("model", ["s1", "s3", "r2", "s1+s3", "r2+s3"])
def test_boxes(random_point, model):
    """At L = 1/2 the wave functions of quarks and leptons vanish, so that only boxes are left without SM couplings.

    Fields of different mass cannot both have L = 1/2: for them, the rows with the loop function f are selected.
    """
    couplings = random_point.couplings[model]
    chosen = [row for row in rows(model) if row.part == "loop"]
    mu = 1000.0
    if "+" in model:
        chosen = [row for row in rows(model) if "f" in row.scalars]
    else:
        mu = couplings.M * np.exp(-1 / 4)
    sm = SMParameters(0.0, 0.0, 0.0, 0.0, ZERO, ZERO, ZERO)
    if isinstance(couplings, S1S3):
        couplings = dataclasses.replace(couplings, kappa_H13=0.0)
    tensors = full_tensors(couplings, sm, mu, chosen)

    fields = couplings.fields() if "+" in model else (couplings,)
    field_masses = {f.model.upper(): f.M for f in fields}
    masses2 = np.ones(2 * uv_theory.N_S)
    for name, mass in field_masses.items():
        start, size = uv_theory.S_START[name], np.prod(uv_theory.SCALARS[name][:2])
        masses2[2 * start : 2 * (start + size)] = mass**2
    together = uv_theory.yukawa_tensor(couplings.matrices())
    alone = [uv_theory.yukawa_tensor(f.matrices()) for f in fields] if "+" in model else []

    def reference(*vectors):
        return box(together, masses2, *vectors) - sum(box(y, masses2, *vectors) for y in alone)

    rng = np.random.default_rng(11)
    for _ in range(3):
        vectors = rng.normal(size=(4, uv_theory.N_F)) + 1j * rng.normal(size=(4, uv_theory.N_F))
        found = fierz_symmetric(lambda *x: warsaw(tensors, *x), *vectors)
        assert found == pytest.approx(fierz_symmetric(reference, *vectors), rel=1e-10)
