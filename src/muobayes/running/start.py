"""Where a flow starts: from a model point's parameters and the SM couplings at the matching scale."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from ..errors import InputError, did_you_mean
from .flow import RunningModel
from .sm import SMParameters, sm_parameters

__all__ = ["CARD_NAMES", "benchmark_start", "coupling_name", "start_state"]

_QUARTICS = {
    "lam": "lambda_",
    "kap": "kappa_",
    "ups": "upsilon_",
    "xi": "xi_",
}
CARD_NAMES: dict[str, str] = {
    "gX": "g_X",
    "epsBX": "eps_BX",
    **{f"eta{n}{i}{side}": f"eta_{n}{side}[{i}]" for n in "123" for i in "123" for side in "LR"},
    **{
        f"{short}{fields}": f"{long}{fields}"
        for short, long in _QUARTICS.items()
        for fields in (
            "1",
            "2",
            "3",
            "13",
            "23",
            "H",
            "H1",
            "H2",
            "H3",
            "H13",
            "Phi",
            "PhiH",
            "Phi1",
            "Phi2",
            "Phi3",
        )
    },
}
"""Names of couplings in run cards -> names in the beta functions (``eta33L`` -> ``eta_3L[3]``)."""


def coupling_name(model: RunningModel, name: str) -> str:
    """The name of a running coupling from that name or its short name in run cards.

    Raises
    ------
    InputError
        If the model has no such running coupling.
    """
    long = CARD_NAMES.get(name, name)
    if long not in model.names:
        shorts = [s for s, n in CARD_NAMES.items() if n in model.names]
        hint = did_you_mean(name, [*model.names, *shorts])
        raise InputError(f"{name!r} is no running coupling of {model.name}{hint}.")
    return long


def start_state(
    model: RunningModel,
    parameters: Mapping[str, ArrayLike],
    sm: SMParameters,
    shifts: Any = None,
) -> Float[Array, " n"]:
    """The running couplings at the matching scale.

    Parameters
    ----------
    model : RunningModel
    parameters : mapping
        Couplings by their names in run cards or in the beta functions; couplings of the model that are absent are
        zero, and names that are no running couplings (masses, nuisance parameters) are ignored.
    sm : SMParameters
        At the matching scale. They enter as moduli of the third generation and of the muon and tau; the Higgs
        self-coupling gets the tree-level shift 2 lambda_PhiH^2/lambda_Phi of integrating out Phi.
    shifts : Thresholds, optional
        One-loop differences SMEFT minus full theory (``muobayes.matching.thresholds``), subtracted.

    Returns
    -------
    (n,) array
        In the order of ``model.names``.
    """
    given = {CARD_NAMES.get(name, name): jnp.asarray(value, float) for name, value in parameters.items()}
    full = sm
    if shifts is not None:
        names = ("g", "gp", "gs", "Lambda", "Yu", "Yd", "Ye")
        full = sm._replace(**{n: getattr(sm, n) - getattr(shifts, n) for n in names})
    state = {
        "g_Y": full.gp,
        "g_2": full.g,
        "g_3": full.gs,
        "Y_u[3,3]": jnp.linalg.norm(full.Yu[:, 2]),
        "Y_d[3,3]": jnp.linalg.norm(full.Yd[:, 2]),
        "y_mu": jnp.real(full.Ye[1, 1]),
        "y_tau": jnp.real(full.Ye[2, 2]),
        "lambda_H": full.Lambda,
    }
    if "lambda_PhiH" in given and "lambda_Phi" in given:
        portal, self_coupling = given["lambda_PhiH"], given["lambda_Phi"]
        safe = jnp.where(self_coupling == 0, 1.0, self_coupling)
        state["lambda_H"] += jnp.where(self_coupling == 0, 0.0, 2 * portal**2 / safe)
    state |= given
    zero = jnp.zeros(())
    return jnp.stack([state.get(name, zero) for name in model.names])


def benchmark_start(
    model: RunningModel, changes: Mapping[str, float] | None = None, mu: float = 3000.0
) -> Float[Array, " n"]:
    """The benchmark point of the model (arXiv:2103.13991, Sec. II) with some couplings changed.

    Parameters
    ----------
    model : RunningModel
    changes : mapping, optional
        Coupling (either name) -> value.
    mu : float
        Matching scale in GeV, at which the SM couplings are taken.

    Raises
    ------
    InputError
        If a change names no running coupling of the model.
    """
    point = {name: value for name, value in model.table.benchmark.items() if name in model.names}
    point |= {coupling_name(model, name): value for name, value in (changes or {}).items()}
    return start_state(model, point, sm_parameters(mu))
