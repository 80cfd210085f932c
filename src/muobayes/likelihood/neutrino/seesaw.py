r"""The type-I seesaw with the textures that U(1)_X imposes: arXiv:2103.13991, Eqs. (2) and (8).

:math:`-L\supset y_\nu^{ij}\bar\ell_i\tilde H\nu_j + M_R^{ij}\bar\nu^c_i\nu_j +
y_\Phi^{ij}\Phi\bar\nu^c_i\nu_j + \text{h.c.}` gives, with :math:`\langle\Phi\rangle=v_\Phi`, the Majorana
matrix of :math:`\tfrac12\bar\nu^cM_N\nu`

.. math:: M_N = 2(M_R + v_\Phi y_\Phi),\qquad m_\nu = -v^2\,y_\nu M_N^{-1}y_\nu^T,\quad v = 174.1\,\text{GeV}.

The paper's Eq. (8) writes M_R for M_N: a factor of two that a redefinition of M_R absorbs.

Parameters by name: ``ynu13`` is the modulus of y_nu^13, ``argynu13`` its phase; the same with ``MR`` (GeV)
and ``yPhi``. Entries that are not given vanish; entries that the charges forbid are refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Complex

from ...errors import InputError, did_you_mean
from ...lagrangian.textures import NeutrinoTexture

__all__ = ["V_EW", "Seesaw", "light_masses", "majorana_matrix", "seesaw"]

V_EW = 174.104
"""Vacuum expectation value of the Higgs field, GeV: (2 sqrt2 G_F)^(-1/2)."""

Matrix = Complex[Array, "3 3"]


def majorana_matrix(M_R: Matrix, y_Phi: Matrix, v_Phi: ArrayLike) -> Matrix:
    """M_N = 2 (M_R + v_Phi y_Phi) in GeV."""
    return 2 * (M_R + v_Phi * y_Phi)


def light_masses(y_nu: Matrix, M_N: Matrix) -> Matrix:
    """Majorana mass matrix of the light neutrinos in eV."""
    return -(V_EW**2) * 1e9 * y_nu @ jnp.linalg.solve(M_N, y_nu.T)


@dataclass(frozen=True)
class Seesaw:
    """A seesaw with a fixed set of non-zero entries; get it from `seesaw`.

    Attributes
    ----------
    entries : tuple of (str, int, int)
        Matrix (``ynu``, ``MR``, ``yPhi``) and position of each non-zero entry.
    """

    entries: tuple[tuple[str, int, int], ...]

    def matrices(self, parameters: Mapping[str, ArrayLike]) -> tuple[Matrix, Matrix, Matrix]:
        """y_nu, M_R and y_Phi from parameters by name; phases that are not given are zero."""
        built = {name: jnp.zeros((3, 3), complex) for name in ("ynu", "MR", "yPhi")}
        for name, i, j in self.entries:
            label = f"{name}{i + 1}{j + 1}"
            value = parameters[label] * jnp.exp(1j * jnp.asarray(parameters.get(f"arg{label}", 0.0)))
            built[name] = built[name].at[i, j].set(value)
            if name != "ynu":
                built[name] = built[name].at[j, i].set(value)
        return built["ynu"], built["MR"], built["yPhi"]

    def light_masses(self, parameters: Mapping[str, ArrayLike], v_Phi: ArrayLike) -> Matrix:
        """Mass matrix of the light neutrinos in eV; `v_Phi` in GeV."""
        y_nu, M_R, y_Phi = self.matrices(parameters)
        return light_masses(y_nu, majorana_matrix(M_R, y_Phi, v_Phi))


def seesaw(texture: NeutrinoTexture, names: Iterable[str]) -> Seesaw:
    """The seesaw with those of the allowed entries that `names` holds.

    Parameters
    ----------
    texture : NeutrinoTexture
        Of the model's charges (`muobayes.lagrangian.textures.neutrino_texture`).
    names : iterable of str
        The model's parameters; those of other sectors are ignored.

    Raises
    ------
    InputError
        If an entry is forbidden by U(1)_X, written below the diagonal of a symmetric matrix, or a phase has
        no modulus.
    """
    names = list(names)
    patterns = {"ynu": texture.y_nu, "MR": texture.M_R, "yPhi": texture.y_Phi}
    allowed = {
        f"{kind}{i + 1}{j + 1}": (kind, i, j)
        for kind, pattern in patterns.items()
        for i in range(3)
        for j in range(0 if kind == "ynu" else i, 3)
        if pattern[i][j]
    }
    entries = []
    for name in names:
        label = name.removeprefix("arg")
        if not label.startswith(tuple(patterns)):
            continue
        if label not in allowed:
            raise InputError(
                f"neutrinos: U(1)_X does not allow the entry {name!r}{did_you_mean(name, allowed)}; "
                f"allowed are {', '.join(allowed)}, each with a phase such as arg{next(iter(allowed))}."
            )
        if name == label:
            entries.append(allowed[label])
        elif label not in names:
            raise InputError(f"neutrinos: the phase {name} has no modulus {label}.")
    return Seesaw(tuple(entries))
