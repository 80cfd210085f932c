"""The SMEFT likelihood: from the Warsaw coefficients of a model to the log-likelihood of each term."""

from collections.abc import Mapping, Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..errors import InputError
from ._nuisance import NuisanceResponse, build_nuisance_response
from ._relevance import relevance
from .dataset import Dataset
from .predictions import Predictions, build_predictions, sm_prediction
from .terms import TermLikelihoods, build_terms, observable_uncertainties

__all__ = [
    "THEORY_COVARIANCES",
    "SmeftLikelihood",
    "all_observables",
    "build_smeft_likelihood",
    "sm_predictions",
]


THEORY_COVARIANCES = ("sm", "varying")


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
    combinations : (r, n) array or None
        What the predictions are functions of, if not the coefficients one by one.
    nuisance : NuisanceResponse or None
        How predictions move with the parameters behind their theory uncertainties, where theory covariances vary.
    """

    predictions: Predictions
    terms: TermLikelihoods
    columns: np.ndarray
    combinations: Float[Array, "r n"] | None = None
    nuisance: NuisanceResponse | None = None

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
        y, ckm_shift = self._low_energy(x, log_mu)
        predictions = self.predictions.at(y, ckm_shift)
        for name, value in (shifts or {}).items():
            predictions = predictions.at[self.predictions.observables.index(name)].add(value)
        return self.terms(predictions, self._response(y, ckm_shift))

    def predict(self, x: Float[Array, " x"], log_mu: Float[Array, ""] | float) -> Float[Array, " o"]:
        """Predictions of the observables that move, flavio units; arguments as above."""
        return self.predictions.at(*self._low_energy(x, log_mu))

    def response(self, x: Float[Array, " x"], log_mu: Float[Array, ""] | float) -> Float[Array, "o k"]:
        """Derivatives of the predictions by nuisance directions of unit variance; arguments as above.

        Without varying covariances there are none, (o, 0).
        """
        return self._response(*self._low_energy(x, log_mu))

    def _response(self, y, ckm_shift):
        if self.nuisance is None:
            return jnp.zeros((len(self.predictions.observables), 0))
        return self.nuisance(self.predictions.polynomials(y, ckm_shift), y)

    def _low_energy(self, x, log_mu):
        x = x[self.columns]
        return self.predictions.low_energy(x if self.combinations is None else self.combinations @ x, log_mu)


def all_observables(dataset: Dataset) -> tuple[str, ...]:
    """Every observable of a data set once, in the order of its terms."""
    return tuple(dict.fromkeys(o for term in dataset.terms for o in term.observables))


def sm_predictions(dataset: Dataset) -> dict[str, float]:
    """SM prediction of every observable of a data set."""
    return {o: dataset.sm_values.get(o, sm_prediction(o)) for o in all_observables(dataset)}


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
    theory_covariance: str = "sm",
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
    theory_covariance : {"sm", "varying"}
        Covariances of the SM predictions, or those of b -> s mu mu at each point's C9 and C10.
    """
    varying = _is_varying(theory_covariance)
    options = {
        "accuracy": accuracy,
        "ckm": ckm,
        "smelli_compatible": smelli_compatible,
        "mu": mu,
        "sm_values": dict(dataset.sm_values),
    }
    moving = tuple(observables) if observables is not None else all_observables(dataset)
    columns, combinations, sm = np.arange(len(support)), None, sm_predictions(dataset)
    predictions = build_predictions(moving, support, **options)  # type: ignore[arg-type]
    if samples is not None and log_mus is not None:
        sigma = {o: u["sigma"] for o, u in observable_uncertainties(dataset).items()}
        moving, columns, only = relevance(predictions, samples, log_mus, sm, sigma, always)
        predictions = build_predictions(moving, support[columns], **options, only=only)  # type: ignore[arg-type]
        combinations, predictions = predictions.combined(samples[:, columns])
    terms = build_terms(dataset, sm, moving, gaussians, varying)
    nuisance = build_nuisance_response(moving, predictions.variables) if terms.varying else None
    return SmeftLikelihood(predictions, terms, columns, combinations, nuisance)


def _is_varying(theory_covariance: str) -> bool:
    if theory_covariance not in THEORY_COVARIANCES:
        allowed = ", ".join(THEORY_COVARIANCES)
        raise InputError(f"theory_covariance: {theory_covariance!r} is unknown; allowed are {allowed}.")
    return theory_covariance == "varying"
