"""Comparing models: draws and evidences of every card on every data set, each in a folder of its own, and the table.

Orchestration only. Whatever a folder holds already is used again, so that a comparison goes on where it was stopped;
the table is made from the folders alone.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pydantic

from ._evidence import evidence, stored_evidence
from .errors import InputError
from .inference.compare import ModelEvidence, compare
from .inference.posterior import Posterior
from .inference.prior_sensitivity import Sensitivity, prior_sensitivity
from .inference.result import Evidence
from .models import build as build_model
from .models._build import card_dataset
from .priors.distributions import prior_set
from .priors.spec import Fixed, PriorSpec
from .provenance import data_checksums
from .report.compare import Compared, write_comparison
from .report.results import Results
from .report.table_one import fitted
from .runcard import RunCard
from .rundir import RunDir, prepare

__all__ = ["compare_cards", "prepare_all"]

_log = logging.getLogger("muobayes")
_SM = "sm"

Cards = Mapping[str, RunCard]
"""Cards by the name that the table shows."""


def prepare_all(cards: Sequence[Cards]) -> None:
    """Refuse what cannot be run or compared before anything heavy is computed.

    Parameters
    ----------
    cards : sequence of mappings
        One mapping per data set: name in the table -> card with its output folder.

    Raises
    ------
    InputError
        If the likelihoods of the cards see different data, or a folder holds another run or one of other data files.
    """
    for members in cards:
        first, *others = members
        for other in others:
            _same_data(first, other, members)
        for card in members.values():
            if card.sampled:
                folder, state = prepare(card, resume=True)
                if state != "new":
                    _made_with_these_files(folder, card)


def _same_data(one: str, two: str, members: Cards) -> None:
    here, there = (_data(members[name], members) for name in (one, two))
    if differing := [key for key in here if here[key] != there[key]]:
        raise InputError(
            f"{one} and {two} do not see the same data, so that their evidences cannot be compared: "
            + "; ".join(f"{key} is {here[key]} in {one} and {there[key]} in {two}" for key in differing)
            + "."
        )


def _made_with_these_files(folder: RunDir, card: RunCard) -> None:
    made_with = (RunCard.load(folder.card).provenance or {}).get("data", {})
    now = _data_files(card)
    if differing := [name for name in now if made_with.get(name) != now[name]]:
        raise InputError(
            f"{folder.path}: this run was made with another {differing[0]} (checksums differ); move the folder aside, "
            "or choose another one with --output."
        )


def compare_cards(
    cards: Sequence[Cards],
    folder: Path,
    *,
    build: Callable[[RunCard], Posterior] | None = None,
    show_progress: bool = True,
) -> list[Compared]:
    """Run what is not finished, and write the comparison.

    Parameters
    ----------
    cards : sequence of mappings
        One mapping per data set: name in the table -> card with its output folder.
    folder : Path
        Where ``comparison.json``, the figures and ``comparison.html`` go.
    build : callable, optional
        What makes the posterior of a card; by default `muobayes.models.build`.
    show_progress : bool

    Returns
    -------
    list of Compared
        The models and their table on each data set.

    Raises
    ------
    InputError
        If runs were made with different data, or as `muobayes.job.run`.
    RunInterruptedError
        After SIGINT or SIGTERM, when the state is saved.
    """
    prepare_all(cards)
    found = []
    for members in cards:
        models, warnings, explained = [], [], []
        for name, card in members.items():
            model, doubts = _evaluate(name, card, members, build, show_progress)
            models.append(model)
            warnings += [f"{name}: {doubt}" for doubt in doubts]
            if card.sampled:
                explained.append(fitted(name, Results(Path(str(card.output)))))
        if not any("neutrinos" in card.entry.sectors for card in members.values()) and _SM not in members:
            models.append(_standard_model(members))
        table = compare(models)
        found.append(
            Compared(models[0].dataset, models, table._replace(warnings=warnings + table.warnings), explained)
        )
    write_comparison(found, folder)
    return found


def _evaluate(
    name: str,
    card: RunCard,
    members: Cards,
    build: Callable[[RunCard], Posterior] | None,
    show_progress: bool,
) -> tuple[ModelEvidence, Sequence[str]]:
    """One model on one data set, from its folder if it is finished; and what is doubtful about its draws."""
    if not card.sampled:
        return _without_parameters(name, card, members, build), ()
    assert card.output is not None
    estimates = stored_evidence(card)
    if estimates is None:
        _log.info("%s on %s: draws and evidence", name, card.dataset)
        estimates = evidence(card, build=build, show_progress=show_progress)
    results = Results(Path(card.output))
    model = ModelEvidence(
        name,
        card.dataset,
        _checksum(card, members),
        estimates,
        np.asarray(results.idata["sample_stats"]["log_likelihood"]),
        results.best_fit["two_delta_logL"] / 2,
        _observables(card, results.best_fit["terms"]),
        len(results.sampled),
        _sensitivity(card, results),
    )
    return model, results.diagnostics["warnings"]


def _without_parameters(
    name: str, card: RunCard, members: Cards, build: Callable[[RunCard], Posterior] | None
) -> ModelEvidence:
    """A model with nothing to sample: its evidence is its likelihood, exactly."""
    value = float((build or build_model)(card).log_likelihood(jnp.zeros(0)))
    return _exact(name, card, value, _checksum(card, members))


def _standard_model(members: Cards) -> ModelEvidence:
    """The SM, to which every likelihood is relative: ln Z = 0 by definition."""
    card = next(iter(members.values()))
    return _exact(_SM, card, 0.0, _checksum(card, members))


def _exact(name: str, card: RunCard, log_z: float, checksum: str) -> ModelEvidence:
    estimate = Evidence("exact", log_z, 0.0, "no parameters: the likelihood itself")
    drawn = np.full((1, 1), log_z)
    return ModelEvidence(name, card.dataset, checksum, [estimate], drawn, log_z, _observables(card, ()), 0)


def _data_files(card: RunCard) -> dict[str, str]:
    """Checksums of the data files that a card's likelihood reads, by name."""
    used = []
    if card.entry.mediators or card.entry.x == "heavy":
        used += ["likelihood/data/predictions", f"likelihood/data/{card.dataset}.", "smeft/data/"]
        used += ["likelihood/collider/data/"]
        used += ["likelihood/data/nuisance"] if card.likelihood.theory_covariance == "varying" else []
    if card.entry.x in ("light", "heavy"):
        used += ["likelihood/light_x/data/", "limits/"]
    if "neutrinos" in card.entry.sectors:
        used += ["likelihood/neutrino/data/"]
    found = data_checksums(card.likelihood.limits)
    return {name: value for name, value in found.items() if name.startswith(tuple(used))}


def _data(card: RunCard, members: Cards) -> dict[str, Any]:
    """What decides which data a likelihood sees.

    The constraints on a light X count for every model of a comparison: one without a light X has their SM value.
    """
    light = next((c for c in (card, *members.values()) if c.entry.x == "light"), card)
    return {
        "data set": card.dataset,
        "data files": {n: c for member in (card, *members.values()) for n, c in _data_files(member).items()},
        "likelihood.include": card.likelihood.include,
        "likelihood.exclude": card.likelihood.exclude,
        "likelihood.theory_covariance": card.likelihood.theory_covariance,
        "likelihood.light_x": light.likelihood.light_x,
        "likelihood.limits": light.likelihood.limits,
        "measurements": [m.model_dump(mode="json") for m in card.measurements],
        "neutrino data": "neutrinos" in card.entry.sectors and card.likelihood.neutrino_ordering,
    }


def _checksum(card: RunCard, members: Cards) -> str:
    return hashlib.sha256(json.dumps(_data(card, members), sort_keys=True).encode()).hexdigest()


def _observables(card: RunCard, terms: Collection[str]) -> int:
    """Distinct observables of the data set, and each further experiment as one."""
    if "neutrinos" in card.entry.sectors:
        return len(terms)
    dataset = card_dataset(card)
    further = set(terms) - {term.name for term in dataset.terms}
    return len({o for term in dataset.terms for o in term.observables}) + len(further)


_SPEC: pydantic.TypeAdapter[PriorSpec] = pydantic.TypeAdapter(PriorSpec)


def _sensitivity(card: RunCard, results: Results) -> list[Sensitivity]:
    """How ln Z moves when the priors of couplings, or of masses, are widened; phases have no wider prior."""
    record = results.idata["posterior"].attrs
    specs = {name: _SPEC.validate_python(spec) for name, spec in json.loads(record["priors"]).items()}
    prior = prior_set(specs | {n: Fixed(value=v) for n, v in json.loads(record["fixed"]).items()})
    known = card.entry.parameters
    masses = [n for n in prior.names if n not in known or known[n].unit == "GeV"]
    phases = [n for n, periodic in zip(prior.names, prior.periodic) if periodic]
    groups = {"couplings": [n for n in prior.names if n not in (*masses, *phases)], "masses": masses}
    x = np.stack([results.draws(name) for name in prior.names], axis=-1)
    return prior_sensitivity(prior, x, {group: names for group, names in groups.items() if names})
