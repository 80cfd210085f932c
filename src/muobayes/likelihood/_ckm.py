"""The CKM matrix in the presence of new physics.

Its elements are extracted from four observables that new physics changes, too: the scheme of smelli (arXiv:1812.08163).
"""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._kernel import take, with_jacobian
from ._expressions import ExpressionGroup, evaluate_groups
from ._polynomials import Polynomials

__all__ = ["CKM_INPUTS", "CkmScheme"]

CKM_INPUTS = ("RKpi(P+->munu)", "BR(B->Xcenu)", "BR(B+->taunu)", "DeltaM_d/DeltaM_s")


class CkmScheme(eqx.Module):
    """Extraction of Vus, Vcb, Vub and gamma from the four inputs, to first order in the shift.

    Attributes
    ----------
    moving : tuple of int
        The inputs that new physics changes; the others, and the parameters that follow from them, stay as they are.
    iterations : int
        How often prediction(C, ckm) / factor(ckm) = prediction(0) / factor(0) is solved for factor(ckm).
    places : (n,) int array
        Where the low-energy coefficients that the inputs depend on stand in y.
    derivatives : (n, 4) int array
        Where the derivatives of these coefficients by the CKM parameters stand in those of `Evolution`, with a zero
        behind them for those that vanish.
    """

    moving: tuple[int, ...] = eqx.field(static=True)
    iterations: int = eqx.field(static=True)
    places: np.ndarray
    derivatives: np.ndarray
    polynomials: Polynomials
    groups: tuple[ExpressionGroup, ...]
    sm_values: np.ndarray
    central: np.ndarray

    def __call__(self, y: Float[Array, " n_y"], y_by_ckm: Float[Array, " d"]) -> Float[Array, " 4"]:
        """Shift of the CKM parameters.

        Parameters
        ----------
        y : (n_y,) array
            Low-energy coefficients at the unshifted CKM matrix.
        y_by_ckm : (d,) array
            Their derivatives by the CKM parameters (`Evolution.by_ckm`).
        """
        return with_jacobian(lambda z: self._iterates(z)[-1])(self._arguments(y, y_by_ckm))

    def iterates(self, y: Float[Array, " n_y"], y_by_ckm: Float[Array, " d"]) -> list[Float[Array, " 4"]]:
        """The shift after each iteration."""
        return self._iterates(self._arguments(y, y_by_ckm))

    def _arguments(self, y: Array, y_by_ckm: Array) -> Float[Array, " 5n"]:
        padded = jnp.append(y_by_ckm, 0.0)
        return jnp.concatenate([take(y, self.places), take(padded, self.derivatives.ravel())])

    def _iterates(self, arguments: Float[Array, " 5n"]) -> list[Float[Array, " 4"]]:
        n = len(self.places)
        y, response = arguments[:n], arguments[n:].reshape(n, 4)
        shift, found = jnp.zeros(4), []
        factors = list(_factors(self.central))
        changing = (*self.moving, 3)  # gamma follows from all inputs, the others from one
        for _ in range(self.iterations):
            polynomials = self.polynomials(y + response @ shift, shift)
            inputs = evaluate_groups(self.groups, polynomials, len(self.moving))
            for place, i in enumerate(self.moving):
                factors[i] = self.sm_values[i] * factors[i] / inputs[place]
            parameters = _from_factors(factors)
            shift = jnp.stack([parameters[i] - self.central[i] if i in changing else 0.0 for i in range(4)])
            found.append(shift)
        return found


def _factors(ckm: Array | np.ndarray) -> tuple[Array, ...]:
    """CKM prefactors of the four inputs: (Vus/Vud)^2, Vcb^2, Vub^2, |Vtd/Vts|^2, in the standard parametrisation."""
    vus, vcb, vub, gamma = ckm
    c13 = jnp.sqrt(1 - vub**2)
    s12, s23 = vus / c13, vcb / c13
    c12, c23 = jnp.sqrt(1 - s12**2), jnp.sqrt(1 - s23**2)
    cos = jnp.cos(gamma)
    vtd2 = (s12 * s23) ** 2 + (c12 * c23 * vub) ** 2 - 2 * s12 * s23 * c12 * c23 * vub * cos
    vts2 = (c12 * s23) ** 2 + (s12 * c23 * vub) ** 2 + 2 * s12 * s23 * c12 * c23 * vub * cos
    return vus**2 / (1 - vub**2 - vus**2), vcb**2, vub**2, vtd2 / vts2


def _from_factors(factors: Sequence[Array]) -> tuple[Array, ...]:
    """The inverse of `_factors`; where no such matrix exists, a near one, so that the likelihood is finite everywhere.

    Far beyond the range of the EFT inputs may vanish or have another sign. The limits leave mixing angles below pi/4.
    """
    f1, f2, f3 = (jnp.clip(factor, 1e-12, 0.3) for factor in factors[:3])
    ratio = jnp.clip(factors[3], 0.0, 1e6)
    vcb, vub = jnp.sqrt(f2), jnp.sqrt(f3)
    vus = jnp.sqrt(f1 * (1 - f3) / (1 + f1))
    c13 = jnp.sqrt(1 - f3)
    s12, s23 = vus / c13, vcb / c13
    c12, c23 = jnp.sqrt(1 - s12**2), jnp.sqrt(1 - s23**2)
    cross = 2 * s12 * s23 * c12 * c23 * vub
    top = (s12 * s23) ** 2 + (c12 * c23 * vub) ** 2 - ratio * ((c12 * s23) ** 2 + (s12 * c23 * vub) ** 2)
    cos = jnp.clip(top / (cross * (1 + ratio)), -1 + 1e-9, 1 - 1e-9)
    return vus, vcb, vub, jnp.arccos(cos)
