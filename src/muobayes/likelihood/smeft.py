"""The SMEFT likelihood: from the Warsaw coefficients of a model to the log-likelihood of each term."""

from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .dataset import Dataset
from .predictions import Predictions, build_predictions, sm_prediction
from .terms import TermLikelihoods, build_terms, observable_uncertainties

__all__ = [
    "SmeftLikelihood",
    "all_observables",
    "build_smeft_likelihood",
    "moving_observables",
    "sm_predictions",
]

NEGLIGIBLE = 1e-5  # an observable that never moves by more than this part of its uncertainty is a constant


class SmeftLikelihood(eqx.Module):
    """log L(C) - log L(SM) by term, differentiable.

    Attributes
    ----------
    predictions : Predictions
        Of the observables that move.
    terms : TermLikelihoods
        Densities, with everything constant conditioned out.
    columns : (n,) int array
        Places in ``x`` that matter.
    """

    predictions: Predictions
    terms: TermLikelihoods
    columns: np.ndarray

    def __call__(
        self,
        x: Float[Array, " x"],
        log_mu: Float[Array, ""] | float,
        shifts: Mapping[str, Float[Array, ""]] | None = None,
    ) -> Float[Array, " t"]:
        """(t,) log-likelihood of each term relative to the SM.

        Parameters
        ----------
        x : (n_x,) array
            Warsaw coefficients at mu_M on the support, GeV^-2.
        log_mu : scalar
            ln(mu_M / GeV).
        shifts : mapping or None
            What light new physics adds to observables (which must move), flavio units.
        """
        predictions = self.predictions(x[self.columns], log_mu)
        for name, value in (shifts or {}).items():
            predictions = predictions.at[self.predictions.observables.index(name)].add(value)
        return self.terms(predictions)


def all_observables(dataset: Dataset) -> tuple[str, ...]:
    """Every observable of a data set once, in the order of its terms."""
    return tuple(dict.fromkeys(o for term in dataset.terms for o in term.observables))


def sm_predictions(dataset: Dataset) -> dict[str, float]:
    """SM prediction of every observable of a data set."""
    return {o: dataset.sm_values.get(o, sm_prediction(o)) for o in all_observables(dataset)}


def moving_observables(
    dataset: Dataset, predictions: Predictions, samples: np.ndarray, log_mus: np.ndarray
) -> tuple[str, ...]:
    """Observables that a model moves by more than a negligible part of their uncertainty at any of the samples.

    Parameters
    ----------
    samples : (k, n_x) array
        Warsaw coefficients at points that cover the prior.
    log_mus : (k,) array
        ln(mu_M / GeV) of each.
    """
    sm = sm_predictions(dataset)
    uncertainty = observable_uncertainties(dataset)
    values = np.asarray(jax.vmap(predictions)(jnp.asarray(samples), jnp.asarray(log_mus)))
    reach = np.abs(values - np.array([sm[o] for o in predictions.observables])).max(axis=0)
    limit = np.array([uncertainty[o]["sigma"] for o in predictions.observables])
    return tuple(
        o for o, r, s in zip(predictions.observables, reach, limit, strict=True) if not r < NEGLIGIBLE * s
    )


def build_smeft_likelihood(
    dataset: Dataset,
    support: np.ndarray,
    *,
    samples: np.ndarray | None = None,
    log_mus: np.ndarray | None = None,
    gaussians: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    observables: Sequence[str] | None = None,
    always: Sequence[str] = (),
    accuracy: str = "integrate",
    ckm: str = "refit",
    smelli_compatible: bool = False,
    mu: float | None = None,
) -> SmeftLikelihood:
    """The likelihood of a data set for everything that a model can generate.

    Parameters
    ----------
    dataset : Dataset
        Terms and measurements.
    support : (n_x,) int array
        Places in the real vector of `muobayes.smeft.basis` that the model can fill.
    samples, log_mus : arrays or None
        Points that cover the prior: (k, n_x) coefficients and (k,) logarithms of their scale. Observables that do
        not move at any of them are constants. Without samples nothing is dropped.
    gaussians : mapping or None
        Replaces mean and total covariance of Gaussian terms.
    observables : sequence of str or None
        Moving observables, if known.
    always : sequence of str
        Observables that count as moving in any case.
    accuracy, ckm, smelli_compatible, mu
        See `build_predictions`.
    """
    options = {
        "accuracy": accuracy,
        "ckm": ckm,
        "smelli_compatible": smelli_compatible,
        "mu": mu,
        "sm_values": dict(dataset.sm_values),
    }
    moving = tuple(observables) if observables is not None else all_observables(dataset)
    columns = np.arange(len(support))
    predictions = build_predictions(moving, support, **options)  # type: ignore[arg-type]
    if samples is not None and log_mus is not None:
        moved = moving_observables(dataset, predictions, samples, log_mus)
        moving = tuple(o for o in moving if o in moved or o in always)
        predictions = build_predictions(moving, support, **options)  # type: ignore[arg-type]
        weights, columns = _relevant(dataset, predictions, samples, log_mus)
        predictions = build_predictions(moving, support[columns], **options, only=list(weights))  # type: ignore[arg-type]
        predictions = _without_weak_ckm(predictions, weights, samples[:, columns], log_mus)
    terms = build_terms(dataset, sm_predictions(dataset), moving, gaussians)
    return SmeftLikelihood(predictions, terms, columns)


def _relevant(
    dataset: Dataset, predictions: Predictions, samples: np.ndarray, log_mus: np.ndarray, number: int = 40
) -> tuple[dict[int, float], np.ndarray]:
    """The low-energy coefficients (with their importance), and the Warsaw coefficients, that move some observable.

    The importance of a low-energy coefficient is the largest shift of an observable, in units of its uncertainty, if
    it is set to zero; that of a Warsaw coefficient follows from what it contributes to them.
    """
    uncertainty = observable_uncertainties(dataset)
    sigma = jnp.array([uncertainty[o]["sigma"] for o in predictions.observables])
    x, log_mu = jnp.asarray(samples), jnp.asarray(log_mus)
    y = jax.jit(jax.vmap(predictions.evolution))(x, log_mu)
    few = y[:number]

    @jax.jit
    def importance(index):
        without = jax.vmap(predictions.at)(few.at[:, index].set(0.0))
        return jnp.max(jnp.abs(without - full) / sigma)

    full = jax.vmap(predictions.at)(few)
    weight = np.array([float(importance(i)) for i in range(y.shape[1])])
    kept = weight > NEGLIGIBLE
    size_y, size_x = np.abs(np.asarray(y)).max(axis=0), np.abs(samples).max(axis=0)
    operators = np.abs(np.asarray(predictions.evolution.operators)).max(axis=0)
    share = operators[kept] * size_x / np.maximum(size_y[kept], 1e-300)[:, None] * weight[kept][:, None]
    importances = {v: w for v, w in zip(predictions.variables, weight.tolist(), strict=True) if w > NEGLIGIBLE}
    return importances, np.flatnonzero(share.sum(axis=0) > NEGLIGIBLE)


def _without_weak_ckm(
    predictions: Predictions, weights: Mapping[int, float], samples: np.ndarray, log_mus: np.ndarray
) -> Predictions:
    """Predictions without the CKM derivatives of low-energy coefficients that never move an observable."""
    evolution = predictions.evolution

    @jax.jit
    def sizes(x, log_mu):
        y, shift = jax.vmap(evolution)(x, log_mu), jax.vmap(predictions.ckm_shift)(x, log_mu)
        return jnp.abs(y).max(axis=0), jnp.abs(shift).max(axis=0)

    size_y, shift = sizes(jnp.asarray(samples), jnp.asarray(log_mus))
    weight = np.array([weights[v] for v in predictions.variables]) / np.maximum(size_y, 1e-300)
    derivative = np.abs(samples @ np.asarray(evolution.by_ckm).T).max(axis=0, initial=0.0)
    effect = derivative * np.asarray(shift)[evolution.ckm_parameters] * weight[evolution.ckm_rows]
    everything = np.ones(len(predictions.variables), bool)
    return eqx.tree_at(lambda p: p.evolution, predictions, evolution.select(everything, effect > NEGLIGIBLE))
