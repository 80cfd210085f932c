"""The main job: from a validated card to a folder with draws, tables, figures and a report.

Orchestration only: the posterior comes from `models`, draws and best fit from `inference`, pages from
`report`. Draws are checkpointed, and ``report.html`` is written last: a killed job continues.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr

from ._files import write_text
from .errors import InputError, did_you_mean
from .inference.checkpoint import Checkpoint
from .inference.diagnostics import (
    Diagnostics,
    ParameterDiagnostics,
    WeightDiagnostics,
    diagnose,
    diagnose_weights,
)
from .inference.evaluation import check_posterior, evaluate
from .inference.importance import Importance as Weighted
from .inference.importance import ImportanceOptions, run_importance
from .inference.jumps import Scouted, scout
from .inference.modes import weigh_modes
from .inference.nested import NestedOptions, run_nested
from .inference.nuts import Draws, NutsOptions, run_nuts, starting_points
from .inference.optimum import find_optimum
from .inference.posterior import Posterior
from .inference.result import Evidence, inference_data, save_result, versions
from .inference.seeds import named_key
from .inference.symmetry import SignSymmetry, fold_signs, sign_symmetry
from .observables import counted, point_table
from .plane import default_groups, evaluate_plane
from .priors.distributions import PriorSet
from .provenance import provenance
from .report.results import Results
from .report.summary import posterior_summary
from .report.write import write_report
from .runcard import Importance, Nuts, RunCard
from .rundir import RunDir, full_disk_told, logged, prepare

__all__ = ["run"]

_log = logging.getLogger("muobayes")
_STARTS = 8
_SCOUT = NestedOptions(
    live=400, runs=2, steps_per_dimension=3, remaining=0.03
)  # finds modes; the chains weigh them


def run(
    card: RunCard,
    folder: RunDir | None = None,
    *,
    build: Callable[[RunCard], Posterior] | None = None,
    observe: Callable[[RunCard, Mapping[str, float]], pd.DataFrame] | None = None,
    show_progress: bool = True,
) -> Results:
    """Run a card, or continue the run that its folder holds.

    Parameters
    ----------
    card : RunCard
        A validated card; ``card.output`` is the folder.
    folder : RunDir, optional
        A folder that `muobayes.rundir.prepare` has cleared already.
    build : callable, optional
        What makes the posterior of a card; by default `muobayes.models.build`.
    observe : callable, optional
        The table of observables at a point; by default that of `muobayes.observables`, with the default posterior.
    show_progress : bool
        A progress bar on a terminal, plain lines elsewhere.

    Returns
    -------
    Results
        Everything in the folder.

    Raises
    ------
    InputError
        If the folder holds another run, the posterior cannot be built, or the disk is full.
    RunInterruptedError
        After SIGINT or SIGTERM, when the state is saved.
    """
    if folder is None:
        folder, _ = prepare(card, resume=True)
    if folder.state == "finished":
        return Results(folder.path)
    of_catalogue = build is None  # only such a model has an explanation and other matching scales
    if build is None:
        from .models import build as build_model

        build, observe = build_model, observe or point_table
    if not card.sampled:
        raise InputError("parameters: nothing is sampled; give at least one parameter a prior.")
    with folder.locked(), full_disk_told(folder.path), logged(folder.log):
        _log.info("%s on %s, seed %d", card.model, card.dataset, card.seed)
        if folder.state == "new":
            made_with = {"provenance": provenance(card.likelihood.limits)}
            write_text(folder.card, card.model_copy(update=made_with).to_yaml())
        posterior = build(card)
        _check_groups(card, posterior)
        sample = _draw(card, posterior, folder, show_progress)
        best = _best_fit(card, posterior, sample)
        data, values = sample.data, best["parameters"]
        # What compiles programs of its own goes on beside the rest.
        with ThreadPoolExecutor() as pool:
            found = {folder.changes: pool.submit(_seen_by_other_data, card, build, sample, best)}
            if of_catalogue:
                from .explanation import explanation
                from .matching_scale import scale_uncertainty

                found[folder.matching_scale] = pool.submit(scale_uncertainty, card, values)
                found[folder.explanation] = pool.submit(explanation, card)
        documents = {path: later.result() for path, later in found.items()} | {folder.best_fit: best}
        if observe is not None:
            table = counted(observe(card, values), best["terms"])
            if not table.empty:
                table.to_csv(folder.observables)
                data.add_groups(observed_data=table[["exp", "sigma_exp", "sigma_th"]].to_xarray())
        save_result(data, folder.posterior)
        posterior_summary(data, posterior.prior.names, values, sample.convergence).to_csv(folder.summary)
        if card.plane is not None:
            _plane(card, posterior, sample, best).to_netcdf(folder.plane, engine="h5netcdf")
        for path, document in documents.items():
            if document is not None:
                write_text(path, json.dumps(document, indent=1))
        write_report(folder.path)
        _log.info("finished: %s", folder.report)
    return Results(folder.path)


def _check_groups(card: RunCard, posterior: Posterior) -> None:
    """The terms that the plane names exist: told before hours of sampling, not after."""
    known = jax.eval_shape(posterior.terms, jnp.zeros(posterior.prior.size))
    for group, members in (card.plane.groups if card.plane else {}).items():
        for name in members:
            if name not in known:
                hint = did_you_mean(name, known)
                raise InputError(
                    f"plane.groups.{group}: unknown term {name!r}{hint}; allowed are {', '.join(known)}."
                )


class _Sample(NamedTuple):
    """Draws: as InferenceData, as one array (chains, draws, n) folded by the symmetries, and their convergence."""

    data: az.InferenceData
    x: np.ndarray
    best_z: np.ndarray
    symmetry: SignSymmetry
    convergence: dict[str, ParameterDiagnostics]


def _draw(card: RunCard, posterior: Posterior, folder: RunDir, show_progress: bool) -> _Sample:
    check_posterior(posterior, named_key(card.seed, "check"))
    symmetry = sign_symmetry(posterior, named_key(card.seed, "symmetry"))
    how = _draw_by_weights if isinstance(card.sampler, Importance) else _draw_by_nuts
    return how(card, posterior, symmetry, folder, show_progress)


def _draw_by_weights(
    card: RunCard, posterior: Posterior, symmetry: SignSymmetry, folder: RunDir, show_progress: bool
) -> _Sample:
    assert isinstance(card.sampler, Importance), "chosen by _draw"
    options = ImportanceOptions(**card.sampler.model_dump(exclude={"type"}))
    begin = time.monotonic()
    result = run_importance(posterior, options, card.seed, show_progress=show_progress)
    _log.info("importance sampling: %.0f s", time.monotonic() - begin)
    points = result.points
    evidence = Evidence(
        "importance sampling",
        points.log_z,
        points.log_z_error,
        f"{len(points.x)} proposals, Pareto k-hat {result.k_hat:.2f}",
    )
    data, x = _inference_data(card, posterior, result, symmetry, options, [evidence])
    prior = posterior.prior
    diagnostics = diagnose_weights(prior.names, x, result, prior.turns)
    record = {
        "proposals": len(points.x),
        "effective": diagnostics.effective,
        "k-hat": diagnostics.k_hat,
        "distinct": result.distinct,
        "log_z": [points.log_z, points.log_z_error],
    }
    return _sample(data, x, result, symmetry, diagnostics, record, prior)


def _draw_by_nuts(
    card: RunCard, posterior: Posterior, symmetry: SignSymmetry, folder: RunDir, show_progress: bool
) -> _Sample:
    assert isinstance(card.sampler, Nuts), "refused by run"
    options = NutsOptions(**card.sampler.model_dump(exclude={"type", "jumps"}))
    fingerprint = {"card": card.fingerprint, "versions": versions()}
    begin = time.monotonic()
    scouted = None
    if card.sampler.jumps:
        checkpoint = Checkpoint(folder.checkpoint / "scout.npz", fingerprint)
        nested = run_nested(posterior, _SCOUT, card.seed, checkpoint=checkpoint, show_progress=show_progress)
        total = options.warmup + options.draws
        scouted = scout(posterior, symmetry, nested, card.seed, options.chains, total)
        _log.info("nested sampling: %.0f s in this session", time.monotonic() - begin)
    draws = run_nuts(
        posterior,
        options,
        card.seed,
        checkpoint=Checkpoint(folder.checkpoint / "nuts.npz", fingerprint),
        jumps=scouted.chains if scouted else None,
        show_progress=show_progress,
    )
    _log.info("NUTS: %.0f s in this session", time.monotonic() - begin)
    data, x = _inference_data(card, posterior, draws, symmetry, options)
    prior = posterior.prior
    diagnostics = diagnose(prior.names, x, draws, prior.turns, options.max_tree_depth)
    if scouted is not None:
        content = {
            "jumps": float(draws.jumped.mean()),
            "modes": _modes(posterior, symmetry, scouted, x),
        }
        write_text(folder.modes, json.dumps(content, indent=1))
    record = {
        "divergences": diagnostics.divergences,
        "smallest E-BFMI": float(diagnostics.e_bfmi.min()),
        "longest trajectories": diagnostics.deepest,
    }
    return _sample(data, x, draws, symmetry, diagnostics, record, prior)


def _inference_data(
    card: RunCard,
    posterior: Posterior,
    draws: Draws | Weighted,
    symmetry: SignSymmetry,
    options: NutsOptions | ImportanceOptions,
    evidence: Sequence[Evidence] = (),
) -> tuple[az.InferenceData, np.ndarray]:
    """The draws as InferenceData and as one array (chains, draws, n), folded."""
    known = card.entry.parameters
    data = inference_data(
        posterior,
        draws,
        symmetry,
        options,
        card.seed,
        units={name: parameter.unit for name, parameter in known.items()},
        labels={name: parameter.latex for name, parameter in known.items()},
        evidence=evidence,
        attributes={"model": card.model, "dataset": card.dataset, "card": card.fingerprint},
    )
    return data, np.stack([np.asarray(data["posterior"][name]) for name in posterior.prior.names], axis=-1)


def _sample(
    data: az.InferenceData,
    x: np.ndarray,
    draws: Draws | Weighted,
    symmetry: SignSymmetry,
    diagnostics: Diagnostics | WeightDiagnostics,
    record: dict[str, Any],
    prior: PriorSet,
) -> _Sample:
    """Store what the report says about the sampler; warnings go to the log at once."""
    for warning in diagnostics.warnings:
        _log.warning(warning)
    record["warnings"] = list(diagnostics.warnings)
    data["posterior"].attrs["diagnostics"] = json.dumps(record)
    best_z = draws.z.reshape(-1, prior.size)[np.argmin(draws.potential)]
    return _Sample(data, x, best_z, symmetry, diagnostics.parameters)


def _modes(
    posterior: Posterior, symmetry: SignSymmetry, scouted: Scouted, x: np.ndarray
) -> list[dict[str, Any]]:
    """Separate modes of the folded draws ``x``, weighed by both samplers."""
    points = np.asarray(jax.jit(jax.vmap(posterior.constrain))(scouted.z))
    points = fold_signs(symmetry, points, posterior.prior.names, like=x).x
    found = weigh_modes(posterior.prior, x, points, scouted.log_weight, scouted.drift)
    return [mode._asdict() for mode in found]


def _best_fit(card: RunCard, posterior: Posterior, sample: _Sample) -> dict[str, Any]:
    """The highest maximum from spread starts and the best draw, on the side where the folded draws are."""
    spread = starting_points(posterior, named_key(card.seed, "optimum"), _STARTS)
    optimum = find_optimum(posterior, np.concatenate([np.asarray(spread), sample.best_z[None]]))
    if optimum.agreeing == 1:
        _log.warning("Only one of %d starts found the best fit on %s.", optimum.starts, card.dataset)
    for name in optimum.on_wall:
        _log.warning("The best fit of %s on %s is at the end of its prior.", name, card.dataset)
    flat = sample.x.reshape(-1, posterior.prior.size)
    images = sample.symmetry.group * optimum.x
    nearest = images[np.argmin(np.square((images - flat.mean(0)) / flat.std(0)).sum(1))]
    values = optimum.parameters | {name: float(v) for name, v in zip(posterior.prior.names, nearest)}
    return {
        "parameters": values | {name: values[target] for name, target in card.ties.items()},
        "two_delta_logL": 2 * optimum.log_likelihood,
        "terms": {name: 2 * value for name, value in optimum.terms.items()},
    }


def _plane(card: RunCard, posterior: Posterior, sample: _Sample, best: Mapping[str, Any]) -> xr.Dataset:
    assert card.plane is not None
    groups = card.plane.groups or default_groups(best["terms"])
    drawn = {name: np.asarray(sample.data["posterior"][name]) for name in (card.plane.x, card.plane.y)}
    return evaluate_plane(posterior, card, best["parameters"], drawn, groups)


def _seen_by_other_data(
    card: RunCard, build: Callable[[RunCard], Posterior], sample: _Sample, best: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What another data set says about the same best fit, and its own best fit."""
    if card.measurements:
        return None  # they name measurements of the card's own data set
    other = card.model_copy(update={"dataset": "current" if card.dataset == "paper2021" else "paper2021"})
    posterior = build(other)
    point = np.array([[best["parameters"][name] for name in posterior.prior.names]])
    return {
        "dataset": other.dataset,
        "terms": {name: 2 * float(value[0]) for name, value in evaluate(posterior, point).terms.items()},
        "best_fit": _best_fit(other, posterior, sample),
    }
