"""The evolution operators at run time: Warsaw coefficients at mu_M -> the coefficients that predictions need.

Linear maps at Chebyshev nodes in ln(mu_M), interpolated by the barycentric formula (Berrut & Trefethen, SIAM
Rev. 46, 501 (2004)), so that a matching scale may be sampled. Contracted once with what a model can generate.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.sparse import csr_array

from .._kernel import take
from ..artifacts import load
from ..errors import InputError
from .basis import component_index

__all__ = ["CKM_PARAMETERS", "Evolution", "build_evolution", "scale_range"]

_PATH = Path(str(files("muobayes.smeft"))) / "data" / "evolution.npz"
CKM_PARAMETERS = ("Vus", "Vcb", "Vub", "gamma")
ACCURACIES = ("leadinglog", "integrate")
EXACT = 1e-11  # relative accuracy to which a model's coefficients are represented by a few combinations

# The top loop below m_t, which a tree-level matching at m_Z counts although the top is integrated out there.
M_Z = 91.1876  # GeV, matching scale of the artifact
M_TOP = 163.3  # GeV, MS-bar mass m_t(m_t) for a pole mass of 172.7 GeV (PDG 2024), 1305.5727


@cache
def _artifact() -> dict[str, np.ndarray]:
    return load(_PATH, kind="evolution")


def scale_range() -> tuple[float, float]:
    """Lowest and highest matching scale (GeV) for which operators exist."""
    nodes = _artifact()["log_nodes"]
    return float(np.exp(nodes[0])), float(np.exp(nodes[-1]))


def _sparse(name: str, columns: int) -> csr_array:
    a = _artifact()
    data, indices, indptr = (a[f"{name}/{part}"] for part in ("data", "indices", "indptr"))
    return csr_array(
        (data, indices.astype(np.int64), indptr.astype(np.int64)), shape=(len(indptr) - 1, columns)
    )


class Evolution(eqx.Module):
    """y = T(mu_M) x for the coefficients x that a model generates.

    Attributes
    ----------
    operators : (k, n_y, n_x) array
        At the nodes; k = 1 where mu_M is fixed.
    ckm_parameters, ckm_rows : (n,) int arrays
        Which CKM parameter moves which entry of y.
    by_ckm : (n, n_x) array
        By how much: derivatives at the middle node (their dependence on mu_M is of higher order).
    nodes, weights : (k,) arrays
        Chebyshev nodes in ln(mu_M / GeV) and barycentric weights.
    """

    operators: Float[Array, "k y x"]
    ckm_parameters: np.ndarray
    ckm_rows: np.ndarray
    by_ckm: Float[Array, "n x"]
    nodes: Float[Array, " k"]
    weights: Float[Array, " k"]

    def __call__(self, x: Float[Array, " x"], log_mu: Float[Array, ""] | float) -> Float[Array, " y"]:
        """Coefficients at the scales of the observables.

        Parameters
        ----------
        x : (n_x,) array
            Warsaw coefficients at mu_M, GeV^-2.
        log_mu : scalar
            ln(mu_M / GeV).
        """
        if self.operators.shape[0] == 1:
            return self.operators[0] @ x
        return self.basis(log_mu) @ (self.operators @ x)

    def basis(self, log_mu: Float[Array, ""] | float) -> Float[Array, " k"]:
        """The Lagrange polynomials of the nodes at ln(mu_M)."""
        distance = log_mu - self.nodes
        safe = jnp.where(distance == 0, 1e-14, distance)
        terms = self.weights / safe
        return terms / terms.sum()

    def response(self, derivatives: Float[Array, " n"], shift: Float[Array, " 4"]) -> Float[Array, " y"]:
        """Shift of y, to first order, from ``by_ckm @ x`` and a shift of Vus, Vcb, Vub and gamma."""
        nothing = jnp.zeros(self.operators.shape[1])
        return nothing.at[self.ckm_rows].add(derivatives * take(shift, self.ckm_parameters))

    def select(self, rows: np.ndarray, derivatives: np.ndarray) -> "Evolution":
        """Only some entries of y, and only some of their derivatives.

        Parameters
        ----------
        rows : (n_y,) bool array
        derivatives : (n,) bool array
        """
        kept = rows[self.ckm_rows] & derivatives
        return Evolution(
            self.operators[:, rows],
            self.ckm_parameters[kept],
            (np.cumsum(rows) - 1)[self.ckm_rows[kept]],
            self.by_ckm[kept],
            self.nodes,
            self.weights,
        )

    def combined(self, samples: np.ndarray) -> tuple[Float[Array, "r x"] | None, "Evolution"]:
        """The evolution of the few combinations of x that samples span.

        A model with a few couplings moves hundreds of coefficients, but only along as many directions as it has products
        of couplings and functions of masses.

        Parameters
        ----------
        samples : (k, n_x) array
            Coefficients that span what occurs, GeV^-2.

        Returns
        -------
        combinations : (r, n_x) array or None
            None if there are too many to save anything, or to be found with these samples.
        evolution : Evolution
            Of ``combinations @ x``.
        """
        k, rows = self.operators.shape[:2]
        maps = np.concatenate([*np.asarray(self.operators), np.asarray(self.by_ckm)])
        reached = maps @ samples.T
        scale = np.abs(reached).max(axis=1, keepdims=True, initial=0.0)
        scale[scale == 0] = 1.0
        u, s, _ = np.linalg.svd(reached / scale, full_matrices=False)
        rank = int((s > EXACT * s.max(initial=0.0)).sum())
        if 2 * rank > min(len(samples), maps.shape[1]):
            return None, self
        basis = u[:, :rank]
        operators, by_ckm = np.split(scale * basis, [k * rows])
        return jnp.array(basis.T @ (maps / scale)), eqx.tree_at(
            lambda e: (e.operators, e.by_ckm),
            self,
            (jnp.array(operators.reshape(k, rows, rank)), jnp.array(by_ckm)),
        )


def _barycentric_weights(number: int) -> np.ndarray:
    w = (-1.0) ** np.arange(number)
    w[[0, -1]] /= 2
    return w


@cache
def _top_threshold() -> csr_array:
    """Removes, from the leptonic dipoles at m_Z, the logarithm of the top loop of C_lequ3 between m_t and m_Z.

    The dipoles run as 16 pi^2 dC/dln(mu) = gamma C_lequ3_pr33 (arXiv:1310.4838); with the top integrated out at m_t
    the running stops there, and with the evanescent scheme of the matching no constant is left.
    """
    a = _artifact()
    rows, columns, values = a["top/rows"], a["top/columns"], a["top/gamma"]
    size = len(component_index())
    shift = -values * np.log(M_Z / M_TOP) / (16 * np.pi**2)
    return csr_array((shift, (rows, columns)), shape=(size, size))


def build_evolution(
    support: np.ndarray,
    rows: np.ndarray,
    *,
    accuracy: str = "integrate",
    top_threshold: bool = True,
    mu: float | None = None,
) -> Evolution:
    """Contract the operators with what a model generates and what is needed.

    Parameters
    ----------
    support : (n_x,) int array
        Places in the real vector of `muobayes.smeft.basis` that the model can fill.
    rows : (n_y,) int array
        Wanted variables of the predictions.
    accuracy : {"integrate", "leadinglog"}
        Full solution of the one-loop RGE, or its first logarithm (smelli's default).
    top_threshold : bool
        Integrate the top out of the leptonic dipoles at m_t (smelli does not).
    mu : float or None
        Fixed matching scale in GeV, or None if it will vary.

    Raises
    ------
    InputError
        If the scale is outside the range of the artifact, or the accuracy is unknown.
    """
    if accuracy not in ACCURACIES:
        raise InputError(f"running: {accuracy!r} is unknown; allowed are {', '.join(ACCURACIES)}.")
    low, high = scale_range()
    if mu is not None and not low * (1 - 1e-9) <= mu <= high * (1 + 1e-9):
        raise InputError(f"the matching scale {mu:g} GeV is outside the range {low:g} ... {high:g} GeV.")
    a = _artifact()
    size = len(component_index())
    used, higgs_rows = a["used"], a["higgs_rows"]
    match = _sparse("match", size)[rows]
    if top_threshold:
        match = match + match @ _top_threshold()
    match = csr_array(match)
    by_ckm = [csr_array(_sparse(f"match_by_{name}", size)[rows]) for name in CKM_PARAMETERS]
    place = {int(r): i for i, r in enumerate(rows)}
    higgs = [(n, place[int(r)]) for n, r in enumerate(higgs_rows) if int(r) in place]
    nodes = a["log_nodes"]
    operators, middle = [], len(nodes) // 2
    by_ckm_at_middle = np.zeros((len(by_ckm), len(rows), len(support)))
    for n in range(len(nodes)):
        to_mz = np.zeros((size, len(support)))
        to_mz[used] = _sparse(f"{accuracy}/{n}", size)[:, support].toarray()
        operator = match @ to_mz
        if higgs:
            to_higgs = _sparse(f"{accuracy}-higgs/{n}", size)[[k for k, _ in higgs]][:, support].toarray()
            operator[[i for _, i in higgs]] = to_higgs
        operators.append(operator)
        if n == middle:
            by_ckm_at_middle = np.array([d @ to_mz for d in by_ckm])
    weights = _barycentric_weights(len(nodes))
    parameters, moved = np.nonzero(np.abs(by_ckm_at_middle).max(axis=2, initial=0.0))
    evolution = Evolution(
        jnp.array(operators),
        parameters,
        moved,
        jnp.array(by_ckm_at_middle[parameters, moved]),
        jnp.array(nodes),
        jnp.array(weights),
    )
    if mu is None:
        return evolution
    fixed = jnp.tensordot(evolution.basis(float(np.log(mu))), evolution.operators, 1)[None]
    return eqx.tree_at(lambda e: e.operators, evolution, fixed)
