"""What a run leaves behind: an ArviZ InferenceData with all that a reader needs to trust or repeat it."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import arviz as az
import jax
import numpy as np

from .._files import complete
from ..errors import InputError
from .evaluation import Evaluation, evaluate
from .importance import Importance, ImportanceOptions
from .nuts import Draws, NutsOptions
from .posterior import Posterior
from .seeds import named_key
from .symmetry import SignSymmetry, fold_signs

__all__ = ["Evidence", "inference_data", "load_result", "save_result", "versions"]

_PRIOR_DRAWS = 2000


class Evidence(NamedTuple):
    """One estimate of the evidence.

    Attributes
    ----------
    estimator : str
        How it was made: "nested sampling", "bridge sampling".
    log_z, error : float
        ln Z and its standard deviation; NaN when refused.
    note : str
        Why it was refused, or what its error contains.
    """

    estimator: str
    log_z: float
    error: float
    note: str = ""


def versions() -> dict[str, str]:
    """Versions of everything that draws depend on."""
    packages = ("muobayes", "jax", "jaxlib", "numpyro", "blackjax", "equinox", "numpy", "scipy", "arviz")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def inference_data(
    posterior: Posterior,
    draws: Draws | Importance,
    symmetry: SignSymmetry,
    options: NutsOptions | ImportanceOptions,
    seed: int,
    *,
    units: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    observed: Mapping[str, Any] | None = None,
    evidence: Sequence[Evidence] = (),
    attributes: Mapping[str, Any] | None = None,
) -> az.InferenceData:
    """Assemble the result of NUTS or of importance sampling.

    Parameters
    ----------
    posterior : Posterior
    draws : Draws or Importance
    symmetry : SignSymmetry
        Draws are folded by it; the sentence that says so is the attribute ``folding``.
    options : NutsOptions or ImportanceOptions
    seed : int
    units, labels : mapping, optional
        Parameter name -> unit, and -> LaTeX label.
    observed : mapping, optional
        Name -> measured value(s), for the group ``observed_data``.
    evidence : sequence of Evidence
    attributes : mapping, optional
        Whatever else shall be kept (model, data set, checksums); values that are not numbers or strings
        become JSON.

    Returns
    -------
    arviz.InferenceData
        Groups posterior (parameters, derived quantities), sample_stats, log_likelihood (one variable per
        term), prior, and observed_data.
    """
    names = posterior.prior.names
    x = np.asarray(jax.jit(jax.vmap(jax.vmap(posterior.constrain)))(draws.z))
    folded = fold_signs(symmetry, x, names)
    key = named_key(seed, "prior")
    prior = np.asarray(posterior.prior.sample(key, (1, _PRIOR_DRAWS)))
    drawn, of_prior = _at(posterior, folded.x), _at(posterior, prior)
    data = az.from_dict(
        posterior=_columns(names, folded.x) | drawn.derived,
        sample_stats=draws.statistics,
        log_likelihood=drawn.terms,
        prior=_columns(names, prior) | of_prior.derived,
        observed_data={k: np.atleast_1d(np.asarray(v, float)) for k, v in (observed or {}).items()} or None,
    )
    # ArviZ warns of this name among sample_stats when it comes through from_dict.
    data.sample_stats["log_likelihood"] = (("chain", "draw"), drawn.log_likelihood)
    for name in (*names, *drawn.derived):
        for group in (data.posterior, data.prior):
            group[name].attrs.update(units=(units or {}).get(name, ""), label=(labels or {}).get(name, name))
    record = {
        "seed": seed,
        "sampler": dict(options._asdict()),
        "fixed": posterior.prior.fixed,
        "priors": {name: spec.model_dump() for name, spec in zip(names, posterior.prior.specs)},
        "folding": folded.sentence,
        "broken_symmetries": list(symmetry.notes),
        "versions": versions(),
        "evidence": [e._asdict() for e in evidence],
        **(attributes or {}),
    }
    data.posterior.attrs.update(
        {k: v if isinstance(v, str | int | float) else json.dumps(v) for k, v in record.items()}
    )
    return data


def _columns(names: Sequence[str], x: np.ndarray) -> dict[str, np.ndarray]:
    return {name: x[..., i] for i, name in enumerate(names)}


def _at(posterior: Posterior, x: np.ndarray) -> Evaluation:
    """`evaluate` at (chains, draws, n) points, every value (chains, draws)."""
    found = evaluate(posterior, x.reshape(-1, x.shape[-1]))
    return jax.tree.map(lambda leaf: leaf.reshape(x.shape[:2]), found)


def save_result(data: az.InferenceData, path: Path) -> None:
    """Write netCDF (through h5netcdf) in one atomic step.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    try:
        with complete(path) as fresh:
            data.to_netcdf(str(fresh), engine="h5netcdf")
    except OSError as error:
        raise InputError(f"{path}: the result cannot be written ({error.strerror or error}).") from None


def load_result(path: Path) -> az.InferenceData:
    """Read what `save_result` wrote, completely into memory.

    Raises
    ------
    InputError
        If the file is missing or not a result.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no result here.")
    try:
        return az.from_netcdf(str(path), engine="h5netcdf").load()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: this is not a readable result ({error}).") from None
