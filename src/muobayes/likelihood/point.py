"""One point of the SMEFT against a data set: predictions, pulls, and the log-likelihood of every term."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError
from ..smeft.basis import to_vector
from ._nuisance import sm_nuisance_response
from .dataset import Dataset
from .smeft import all_observables, build_smeft_likelihood, sm_predictions
from .terms import observable_uncertainties

__all__ = ["evaluate_point", "read_gaussians", "read_wcxf"]


def read_wcxf(path: Path) -> tuple[dict[str, complex], float]:
    """Coefficients (GeV^-2) and scale (GeV) of a WCxf file in JSON or YAML.

    Raises
    ------
    InputError
        If the file cannot be read, or is not a point of the SMEFT in the Warsaw basis.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: the file cannot be read ({str(error).splitlines()[0]}).") from None
    if not isinstance(document, dict) or not isinstance(document.get("values"), dict):
        raise InputError(f"{path}: this is not a WCxf file (it needs eft, basis, scale and values).")
    if (document.get("eft"), document.get("basis")) != ("SMEFT", "Warsaw"):
        raise InputError(
            f"{path}: the point is in {document.get('eft')}/{document.get('basis')}; SMEFT/Warsaw is needed."
        )
    try:
        scale = float(document["scale"])
        values = {name: _complex(value) for name, value in document["values"].items()}
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path}: scale and values must be numbers (or Re and Im).") from None
    if not np.isfinite([scale, *map(abs, values.values())]).all():
        raise InputError(f"{path}: scale and values must be finite.")
    return values, scale


def _complex(value: Any) -> complex:
    if isinstance(value, Mapping):
        return complex(float(value.get("Re", 0)), float(value.get("Im", 0)))
    return complex(float(value))


def read_gaussians(path: Path, dataset: Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and total covariance of Gaussian terms from an npz file.

    The file has, for each term, ``<term>/observables``, ``/central``, ``/exp_cov`` and ``/sm_cov``.
    """
    try:
        arrays = dict(np.load(path, allow_pickle=False))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the file cannot be read ({error}).") from None
    out = {}
    for term in dataset.terms:
        if f"{term.name}/central" not in arrays:
            continue
        given = {str(o): i for i, o in enumerate(arrays[f"{term.name}/observables"])}
        if missing := [o for o in term.observables if o not in given]:
            raise InputError(f"{path}: {term.name} has no entry for {missing[0]}.")
        order = [given[o] for o in term.observables]
        covariance = arrays[f"{term.name}/exp_cov"] + arrays[f"{term.name}/sm_cov"]
        out[term.name] = (arrays[f"{term.name}/central"][order], covariance[np.ix_(order, order)])
    return out


def evaluate_point(
    dataset: Dataset,
    values: Mapping[str, complex],
    scale: float,
    *,
    gaussians: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    accuracy: str = "integrate",
    ckm: str = "refit",
    smelli_compatible: bool = False,
    theory_covariance: str = "sm",
) -> dict[str, Any]:
    """Predictions, pulls and log-likelihoods of a point.

    Parameters
    ----------
    dataset : Dataset
        Terms and measurements.
    values : mapping
        WCxf name -> coefficient at ``scale``, GeV^-2.
    scale : float
        GeV.
    gaussians : mapping or None
        Replaces mean and total covariance of Gaussian terms.
    accuracy, ckm, smelli_compatible
        See `muobayes.likelihood.predictions.build_predictions`.
    theory_covariance
        See `muobayes.likelihood.smeft.build_smeft_likelihood`.

    Returns
    -------
    dict
        ``log_likelihood`` (relative to the SM, by term and "global"), ``sm_log_likelihood``, ``observables`` (prediction,
        sm, exp, sigma_exp, sigma_th, pull; flavio units), ``ckm`` (Vus, Vcb, Vub, gamma: shift from the SM point).
    """
    vector = to_vector(values)
    support = np.flatnonzero(vector)
    likelihood = build_smeft_likelihood(
        dataset,
        support,
        gaussians=gaussians,
        accuracy=accuracy,
        ckm=ckm,
        smelli_compatible=smelli_compatible,
        mu=scale,
        theory_covariance=theory_covariance,
    )
    x, log_mu = jnp.asarray(vector[support]), float(np.log(scale))

    @jax.jit
    def evaluated(x):
        found = likelihood.predict(x, log_mu), likelihood(x, log_mu), likelihood.response(x, log_mu)
        return *found, likelihood.predictions.ckm_shifts(x, log_mu)[-1]

    predictions, terms, response, ckm_shift = map(np.asarray, evaluated(x))
    keys = all_observables(dataset)
    in_sm = sm_nuisance_response(keys) if response.size else response
    more_variance = np.square(response).sum(axis=1) - np.square(in_sm).sum(axis=1)
    sm, uncertainty = sm_predictions(dataset), observable_uncertainties(dataset)
    observables = {}
    for key, prediction, more in zip(keys, predictions, more_variance, strict=True):
        u = uncertainty[key]
        sigma_th = np.sqrt(max(u["sigma_th"] ** 2 + more, 0.0)) if u["sigma_th"] else 0.0
        observables[key] = {
            "prediction": float(prediction),
            "sm": sm[key],
            "exp": float(u["exp"]),
            "sigma_exp": float(u["sigma_exp"]),
            "sigma_th": float(sigma_th),
            "pull": float((prediction - u["exp"]) / np.hypot(u["sigma_exp"], sigma_th)),
        }
    names = likelihood.terms.names
    at_sm = np.asarray(likelihood.terms.at_sm)
    return {
        "log_likelihood": dict(zip(names, terms.tolist(), strict=True)) | {"global": float(terms.sum())},
        "sm_log_likelihood": dict(zip(names, at_sm.tolist(), strict=True)) | {"global": float(at_sm.sum())},
        "observables": observables,
        "ckm": ckm_shift.tolist(),
    }


def write_point(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result of `evaluate_point` as JSON."""
    path.write_text(json.dumps(result, indent=1))
