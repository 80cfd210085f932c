"""What is measured and what a point of a model predicts: the table behind ``observables``, ``point`` and the pulls."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from .likelihood.dataset import Dataset
from .likelihood.predictions import build_predictions, observable_info, readable_name
from .likelihood.smeft import all_observables, sm_predictions
from .likelihood.terms import observable_uncertainties
from .models._build import card_dataset
from .models._rooms import light_x_shift
from .models._sources import given_at, matching_scale, sm_at, union_of, wilson_sources

if TYPE_CHECKING:
    from .runcard import RunCard

__all__ = ["counted", "measured_table", "point_table", "with_forms"]


def measured_table(dataset: Dataset) -> pd.DataFrame:
    """Every observable of a data set with its measurements and its SM prediction.

    Returns
    -------
    DataFrame
        Index: key of the observable. Columns name, term, measurements, source (INSPIRE key or address), exp, sigma_exp,
        sigma_th, sigma, sm, pull_sm; flavio units. Several measurements are shown as their weighted mean.
    """
    uncertainties = observable_uncertainties(dataset)
    sm = sm_predictions(dataset)
    rows = {}
    for term in dataset.terms:
        measured_by: dict[str, list[str]] = {key: [] for key in term.observables}
        for name in term.measurements:
            for constraint in dataset.measurements[name]["constraints"]:
                for key in constraint["observables"]:
                    if key in measured_by:
                        measured_by[key].append(name)
        for key in term.observables:
            numbers = uncertainties[key]
            found = [dataset.measurements[name] for name in measured_by[key]]
            rows[key] = {
                "name": readable_name(key),
                "term": term.name,
                "measurements": "; ".join(dict.fromkeys(measured_by[key])),
                "source": ", ".join(dict.fromkeys(filter(None, (m["inspire"] or m["url"] for m in found)))),
                "exp": numbers["exp"],
                "sigma_exp": numbers["sigma_exp"],
                "sigma_th": numbers["sigma_th"],
                "sigma": numbers["sigma"],
                "sm": sm[key],
                "pull_sm": (sm[key] - numbers["exp"]) / numbers["sigma"],
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("observable")


def point_table(card: "RunCard", parameters: Mapping[str, float]) -> pd.DataFrame:
    """`measured_table` with the prediction and the pull at one point of a model.

    Parameters
    ----------
    card : RunCard
        Model, matching, and data set with the card's changes and selections.
    parameters : mapping
        Every parameter of the model, in GeV or dimensionless.

    Returns
    -------
    DataFrame
        With the additional columns prediction and pull.
    """
    dataset = card_dataset(card)
    table = measured_table(dataset)
    prediction = sm_predictions(dataset)
    if card.entry.mediators or card.entry.x == "heavy":
        values = {name: jnp.asarray(value, dtype=float) for name, value in parameters.items()}
        mu = float(matching_scale(card)[1](values))
        support, wilson = union_of(wilson_sources(card.entry, card.matching.loop, given_at=given_at(card)))
        coefficients = np.asarray(jax.jit(wilson)(values, sm_at(mu), mu))
        filled = np.flatnonzero(coefficients)
        keys = all_observables(dataset)
        model = build_predictions(keys, support[filled], mu=mu, sm_values=dict(dataset.sm_values))
        predicted = np.asarray(jax.jit(lambda c: model(c, np.log(mu)))(coefficients[filled]))
        prediction = dict(zip(keys, predicted))
        shifts = light_x_shift(card.entry).items()
        prediction |= {
            key: prediction[key] + float(delta(values)) for key, delta in shifts if key in prediction
        }
    table["prediction"] = [float(prediction[key]) for key in table.index]
    table["pull"] = (table.prediction - table.exp) / table.sigma
    return table


def counted(table: pd.DataFrame, terms: Collection[str]) -> pd.DataFrame:
    """The observables of the terms that a likelihood has: a model of neutrinos alone says nothing about B decays.

    The SM is a likelihood without terms, since it is what others are compared with; all observables are its.
    """
    return table[table.term.isin(terms)] if terms else table


def with_forms(table: pd.DataFrame) -> pd.DataFrame:
    """Add the functional form, the Wilson coefficients, and where they live (EFT and scale), of each observable."""
    forms = [observable_info(key) for key in table.index]
    return table.assign(
        form=[f["expression"] for f in forms],
        coefficients=[", ".join(f["coefficients"]) for f in forms],
        frames=[", ".join(f["frames"]) for f in forms],
    )
