"""The evidence of a card by two estimators: nested sampling, and a bridge from NUTS draws or importance weights."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ._files import write_text
from .inference.bridge import bridge_evidence
from .inference.checkpoint import Checkpoint
from .inference.nested import NestedOptions, run_nested
from .inference.posterior import Posterior
from .inference.result import Evidence, versions
from .inference.seeds import named_key
from .inference.symmetry import sign_symmetry
from .job import run
from .models import build as build_model
from .runcard import Importance, RunCard
from .rundir import RunDir

__all__ = ["evidence", "stored_evidence"]


def evidence(
    card: RunCard,
    *,
    build: Callable[[RunCard], Posterior] | None = None,
    show_progress: bool = True,
) -> tuple[Evidence, ...]:
    """ln Z of a card, relative to the SM (whose parameters are none, so that its likelihood is its evidence).

    The draws of NUTS, or the importance weights, come from the card's output folder; without a finished run there, it
    is made first. Both estimates go into ``evidence.json`` beside them, and nested sampling keeps its checkpoint there.

    Parameters
    ----------
    card : RunCard
        A validated card.
    build : callable, optional
        What makes the posterior of a card; by default `muobayes.models.build`.
    show_progress : bool

    Returns
    -------
    tuple of Evidence
        Nested sampling, and bridge or importance sampling.

    Raises
    ------
    InputError, RunInterruptedError
        As `muobayes.job.run`.
    """
    results = run(card, build=build, show_progress=show_progress)
    folder, posterior = results.folder, (build or build_model)(card)
    if isinstance(card.sampler, Importance):
        other = Evidence(**json.loads(results.idata["posterior"].attrs["evidence"])[0])
    else:
        other = _bridge(card, posterior, np.stack([results.draws(n) for n in posterior.prior.names], axis=-1))
    found = (_nested(card, posterior, folder, show_progress), other)
    record = _inputs(card) | {"estimates": [_plain(e) for e in found]}
    write_text(folder.path / "evidence.json", json.dumps(record, indent=1))
    return found


def stored_evidence(card: RunCard) -> tuple[Evidence, ...] | None:
    """The evidences in a finished run's folder, if they are this card's, with its options of nested sampling."""
    folder = RunDir(Path(str(card.output)))
    path = folder.path / "evidence.json"
    if folder.state != "finished" or not path.exists():
        return None
    record = json.loads(path.read_text())
    estimates = record.pop("estimates")
    if record != _inputs(card):
        return None
    refused = {"log_z": math.nan, "error": math.nan}
    return tuple(Evidence(**refused | {k: v for k, v in e.items() if v is not None}) for e in estimates)


def _inputs(card: RunCard) -> dict[str, Any]:
    return {"card": card.fingerprint, "nested": card.evidence.model_dump()}


def _nested(card: RunCard, posterior: Posterior, folder: RunDir, show_progress: bool) -> Evidence:
    options = NestedOptions(**card.evidence.model_dump())
    fingerprint = {"card": card.fingerprint, "versions": versions(), "options": options._asdict()}
    checkpoint = Checkpoint(folder.checkpoint / "nested.npz", fingerprint)
    result = run_nested(posterior, options, card.seed, checkpoint=checkpoint, show_progress=show_progress)
    if not math.isfinite(result.log_z_error):
        note = (
            f"walkers remember where they started (correlation {result.memory:.2f}), so that there is no error to "
            f"quote: set evidence.steps_per_dimension higher than {options.steps_per_dimension}"
        )
        return Evidence("nested sampling", math.nan, math.nan, note)
    note = (
        f"{len(result.log_z_runs)} runs, {result.evaluations} likelihood calls, "
        f"walkers' memory {abs(result.memory):.2f}"
    )
    note += f"; {result.disagreement}" if result.disagreement else ""
    return Evidence("nested sampling", result.log_z, result.log_z_error, note)


def _bridge(card: RunCard, posterior: Posterior, x: np.ndarray) -> Evidence:
    z = np.asarray(jax.vmap(jax.vmap(posterior.prior.to_unconstrained))(jnp.asarray(x)))
    symmetry = sign_symmetry(posterior, named_key(card.seed, "symmetry"))
    result = bridge_evidence(posterior, z, symmetry, card.seed)
    note = result.refusal or f"Pareto k-hat {result.k_hat:.2f}"
    return Evidence("bridge sampling", result.log_z, result.log_z_error, note)


def _plain(estimate: Evidence) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in estimate._asdict().items()}
