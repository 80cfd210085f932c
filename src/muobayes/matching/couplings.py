"""Couplings of the leptoquarks and of the Standard Model at the matching scale."""

from typing import ClassVar

import equinox as eqx
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Complex

from .loop_functions import two_mass

__all__ = ["R2", "R2S3", "S1", "S1S3", "S3", "Leptoquark", "SMParameters"]

Matrix = Complex[Array, "3 3"]


class SMParameters(eqx.Module):
    """Standard Model parameters at the matching scale, in the Warsaw (down-aligned) flavour basis.

    Any pytree with these attributes will do. -L contains qbar Yu u Htilde + qbar Yd d H + lbar Ye e H + h.c.
    and Lambda/2 (H^dagger H)^2; D_mu = d_mu + i gs T^A G^A + i g T^I W^I + i gp Y B (the conventions of
    wilson, arXiv:1804.05033).
    """

    g: Array
    gp: Array
    gs: Array
    Lambda: Array
    Yu: Matrix
    Yd: Matrix
    Ye: Matrix


class S1(eqx.Module):
    """S1 = (3bar, 1, 1/3): lambda1L[q,l] qbar^c eps l S1 + lambda1R[u,e] ubar^c e S1 + h.c.

    M (GeV) and all couplings are MS-bar at the matching scale; V contains lambda_H1 |H|^2 |S1|^2.
    """

    M: Array
    lambda1L: Matrix
    lambda1R: Matrix
    lambda_H1: Array

    model: ClassVar[str] = "s1"
    leptoquark_matrices: ClassVar[dict[str, tuple[str, str]]] = {
        "lambda1L": ("q", "l"),
        "lambda1R": ("u", "e"),
    }

    def scalars(self) -> dict[str, ArrayLike]:
        return {"M1": self.M, "lambda_H1": self.lambda_H1}

    def matrices(self) -> dict[str, Matrix]:
        return {"lambda1L": self.lambda1L, "lambda1R": self.lambda1R}


class S3(eqx.Module):
    """S3 = (3bar, 3, 1/3): lambda3L[q,l] qbar^c eps sigma^I l S3^I + h.c.

    V contains lambda_H3 |H|^2 |S3|^2 + kappa_H3 (H^dagger sigma^I sigma^J H) S3^I^dagger S3^J; M in GeV.
    """

    M: Array
    lambda3L: Matrix
    lambda_H3: Array
    kappa_H3: Array

    model: ClassVar[str] = "s3"
    leptoquark_matrices: ClassVar[dict[str, tuple[str, str]]] = {"lambda3L": ("q", "l")}

    def scalars(self) -> dict[str, ArrayLike]:
        return {"M3": self.M, "lambda_H3": self.lambda_H3, "kappa_H3": self.kappa_H3}

    def matrices(self) -> dict[str, Matrix]:
        return {"lambda3L": self.lambda3L}


class R2(eqx.Module):
    """R2 = (3, 2, 7/6): y2_lu[l,u] R2^dagger_a eps_ab lbar_b u + y2_eq[e,q] R2^dagger_a ebar q_a + h.c.

    V contains lambda_H2 |H|^2 |R2|^2 + kappa_H2 |H^dagger R2|^2; M in GeV.
    """

    M: Array
    y2_lu: Matrix
    y2_eq: Matrix
    lambda_H2: Array
    kappa_H2: Array

    model: ClassVar[str] = "r2"
    leptoquark_matrices: ClassVar[dict[str, tuple[str, str]]] = {"y2_lu": ("l", "u"), "y2_eq": ("e", "q")}

    def scalars(self) -> dict[str, ArrayLike]:
        return {"M2": self.M, "lambda_H2": self.lambda_H2, "kappa_H2": self.kappa_H2}

    def matrices(self) -> dict[str, Matrix]:
        return {"y2_lu": self.y2_lu, "y2_eq": self.y2_eq}


class S1S3(eqx.Module):
    """S1 and S3 together; V also contains kappa_H13 (H^dagger sigma^I H) S1^dagger S3^I + h.c."""

    s1: S1
    s3: S3
    kappa_H13: Array

    model: ClassVar[str] = "s1+s3"
    leptoquark_matrices: ClassVar[dict[str, tuple[str, str]]] = (
        S1.leptoquark_matrices | S3.leptoquark_matrices
    )

    def fields(self) -> "tuple[S1, S3]":
        return self.s1, self.s3

    def scalars(self) -> dict[str, ArrayLike]:
        loops = two_mass(self.s1.M, self.s3.M)._asdict()
        return self.s1.scalars() | self.s3.scalars() | {"kappa_H13": self.kappa_H13} | loops

    def matrices(self) -> dict[str, Matrix]:
        return self.s1.matrices() | self.s3.matrices()


class R2S3(eqx.Module):
    """R2 and S3 together; hypercharge forbids a coupling of both to the Higgs."""

    r2: R2
    s3: S3

    model: ClassVar[str] = "r2+s3"
    leptoquark_matrices: ClassVar[dict[str, tuple[str, str]]] = (
        R2.leptoquark_matrices | S3.leptoquark_matrices
    )

    def fields(self) -> "tuple[R2, S3]":
        return self.r2, self.s3

    def scalars(self) -> dict[str, ArrayLike]:
        return self.r2.scalars() | self.s3.scalars() | {"f": two_mass(self.r2.M, self.s3.M).f}

    def matrices(self) -> dict[str, Matrix]:
        return self.r2.matrices() | self.s3.matrices()


Leptoquark = S1 | S3 | R2 | S1S3 | R2S3
