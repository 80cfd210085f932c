"""How much a point's log-likelihood depends on the scale at which its leptoquarks are matched to the SMEFT.

A change of the matching scale is compensated order by order; what is left estimates the orders that are missing.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from .errors import InputError
from .likelihood.smeft import build_smeft_likelihood
from .models._build import card_dataset
from .models._rooms import light_x_shift
from .models._sources import given_at, matching_scale, sm_at, union_of, wilson_sources
from .smeft.basis import component_index
from .smeft.evolution import scale_range

if TYPE_CHECKING:
    from .runcard import RunCard

__all__ = ["CASES", "Case", "scale_dependence", "scale_uncertainty"]


class Case(NamedTuple):
    """Order of the matching, and whether couplings and masses run to the matching scale or are the same at each."""

    loop: int
    running: bool


CASES = {
    "tree level": Case(0, True),
    "one loop": Case(1, True),
    "one loop, couplings not run": Case(1, False),
}


def scale_dependence(
    card: "RunCard",
    parameters: Mapping[str, float],
    factors: Sequence[float] | np.ndarray = (0.5, 1.0, 2.0),
    cases: Sequence[str] = tuple(CASES),
) -> xr.DataArray:
    """2 Delta log L against the SM of each term of the SMEFT likelihood, matched at different scales.

    Parameters
    ----------
    card : RunCard
        Its matching scale is where the parameters are given.
    parameters : mapping
        Every parameter of the model, in GeV or dimensionless.
    factors : sequence of float
        Matching scales in units of that where the couplings are given; beyond the range of the evolution operators its
        end is taken.
    cases : sequence of str
        Keys of `CASES`.

    Returns
    -------
    DataArray
        Dimensions case, mu (GeV) and term; attribute ``given_at``, where the couplings are given, in GeV.

    Raises
    ------
    InputError
        If the model has no leptoquark.
    """
    entry = card.entry
    if not entry.mediators:
        raise InputError(f"{card.model} has no leptoquark: nothing depends on the matching scale.")
    values = {name: jnp.asarray(value) for name, value in parameters.items()}
    start = given_at(card) or float(matching_scale(card)[1](values))
    mus = np.unique(np.clip(start * np.asarray(factors, float), *scale_range()))

    x = np.zeros((len(cases), len(mus), len(component_index())))
    for c, case in zip(x, cases):
        loop, running = CASES[case]
        sources = wilson_sources(entry, loop, given_at=start if running else None)
        support, coefficients = union_of(sources)
        at = jax.jit(jax.vmap(lambda mu, f=coefficients: f(values, sm_at(mu), mu)))
        c[:, support] = at(jnp.asarray(mus))
    support = np.flatnonzero(np.abs(x).max(axis=(0, 1)) > 0)
    points = x[..., support].reshape(-1, len(support))
    log_mus = np.tile(np.log(mus), len(cases))

    dataset = card_dataset(card)
    measured = {o for term in dataset.terms for o in term.observables}
    shifts = {o: delta(values) for o, delta in light_x_shift(entry).items() if o in measured}
    likelihood = build_smeft_likelihood(
        dataset,
        support,
        samples=points,
        log_mus=log_mus,
        always=tuple(shifts),
        theory_covariance=card.likelihood.theory_covariance,
    )
    terms = jax.jit(jax.vmap(lambda c, log_mu: likelihood(c, log_mu, shifts)))
    gains = 2 * np.asarray(terms(jnp.asarray(points), jnp.asarray(log_mus)))
    return xr.DataArray(
        gains.reshape(len(cases), len(mus), -1),
        dims=("case", "mu", "term"),
        coords={"case": list(cases), "mu": mus, "term": list(likelihood.terms.names)},
        attrs={"given_at": start},
    )


def scale_uncertainty(card: "RunCard", parameters: Mapping[str, float]) -> dict[str, Any] | None:
    """What matching at half and at twice the scale changes at a point, as a JSON document.

    Returns
    -------
    dict or None
        ``given_at_GeV``: the card's matching scale; ``mu_GeV``: half of it, itself, and twice; ``two_delta_logL``:
        case -> term of the SMEFT likelihood -> its value at each, for tree level and for the order of the card. None
        for a model without leptoquarks.
    """
    if not card.entry.mediators:
        return None
    cases = ["tree level", *(["one loop"] if card.matching.loop else [])]
    gains = scale_dependence(card, parameters, cases=cases)
    return {
        "given_at_GeV": gains.attrs["given_at"],
        "mu_GeV": gains.mu.values.tolist(),
        "two_delta_logL": {
            case: {str(t): gains.sel(case=case, term=t).values.tolist() for t in gains.term.values}
            for case in cases
        },
    }
