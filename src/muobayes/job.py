"""The main job: from a validated card to a folder with draws, tables, figures and a report.

Orchestration only: the posterior comes from `models`, draws and best fit from `inference`, pages from
`report`. Draws are checkpointed, and ``report.html`` is written last: a killed job continues.
"""

import errno
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError
from .inference.checkpoint import Checkpoint
from .inference.diagnostics import Diagnostics, diagnose
from .inference.nuts import Draws, NutsOptions, run_nuts, starting_points
from .inference.optimum import find_optimum
from .inference.posterior import Posterior, check_posterior
from .inference.result import inference_data, save_result, versions
from .inference.seeds import named_key
from .inference.symmetry import SignSymmetry, sign_symmetry
from .plane import default_groups, evaluate_plane
from .provenance import provenance
from .report.results import Results
from .report.summary import posterior_summary
from .report.write import write_report
from .runcard import Nuts, RunCard
from .rundir import RunDir, prepare, write_text

__all__ = ["run"]

_log = logging.getLogger("muobayes")
_STARTS = 8


def run(
    card: RunCard,
    folder: RunDir | None = None,
    *,
    build: Callable[[RunCard], Posterior] | None = None,
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
    if build is None:
        from .models import build as build_model

        build = build_model
    if not isinstance(card.sampler, Nuts):
        raise InputError(
            "sampler.type: a run draws with 'nuts'; use `muobayes evidence` for nested sampling."
        )
    if not card.sampled:
        raise InputError("parameters: nothing is sampled; give at least one parameter a prior.")
    with folder.locked(), _full_disk_told(folder.path), _logged(folder.log):
        _log.info("%s on %s, seed %d", card.model, card.dataset, card.seed)
        if folder.state == "new":
            write_text(folder.card, card.model_copy(update={"provenance": provenance()}).to_yaml())
        _sample(card, build(card), folder, show_progress)
        write_report(folder.path)
        _log.info("finished: %s", folder.report)
    return Results(folder.path)


def _sample(card: RunCard, posterior: Posterior, folder: RunDir, show_progress: bool) -> None:
    assert isinstance(card.sampler, Nuts), "refused by run"
    options = NutsOptions(**card.sampler.model_dump(exclude={"type"}))
    check_posterior(posterior, named_key(card.seed, "check"))
    symmetry = sign_symmetry(posterior, named_key(card.seed, "symmetry"))
    checkpoint = Checkpoint(
        folder.checkpoint / "nuts.npz", {"card": card.fingerprint, "versions": versions()}
    )
    begin = time.monotonic()
    draws = run_nuts(posterior, options, card.seed, checkpoint=checkpoint, show_progress=show_progress)
    _log.info("NUTS: %.0f s in this session", time.monotonic() - begin)
    entry = card.entry
    data = inference_data(
        posterior,
        draws,
        symmetry,
        options,
        card.seed,
        units={name: p.unit for name, p in entry.parameters.items()},
        labels={name: p.latex for name, p in entry.parameters.items()},
        attributes={"model": card.model, "dataset": card.dataset, "card": card.fingerprint},
    )
    names = posterior.prior.names
    x = np.stack([np.asarray(data["posterior"][name]) for name in names], axis=-1)
    turns = tuple(
        high - low if periodic else None
        for periodic, (low, high) in zip(posterior.prior.periodic, posterior.prior.bounds)
    )
    diagnostics = diagnose(names, x, draws, turns, options.max_tree_depth)
    for warning in diagnostics.warnings:
        _log.warning(warning)
    data["posterior"].attrs["diagnostics"] = json.dumps(_record(diagnostics))
    best = _best_fit(posterior, draws, symmetry, x, card.seed)
    best["parameters"] |= {name: best["parameters"][target] for name, target in card.ties.items()}
    save_result(data, folder.posterior)
    write_text(folder.best_fit, json.dumps(best, indent=1))
    posterior_summary(data, names, best["parameters"], diagnostics.parameters).to_csv(folder.summary)
    if card.plane is not None:
        groups = card.plane.groups or default_groups(best["terms"])
        drawn = {name: np.asarray(data["posterior"][name]) for name in (card.plane.x, card.plane.y)}
        evaluate_plane(posterior, card, best["parameters"], drawn, groups).to_netcdf(
            folder.path / "plane.nc", engine="h5netcdf"
        )


def _record(diagnostics: Diagnostics) -> dict[str, Any]:
    return {
        "divergences": diagnostics.divergences,
        "smallest E-BFMI": float(diagnostics.e_bfmi.min()),
        "longest trajectories": diagnostics.deepest,
        "warnings": list(diagnostics.warnings),
    }


def _best_fit(
    posterior: Posterior, draws: Draws, symmetry: SignSymmetry, x: np.ndarray, seed: int
) -> dict[str, Any]:
    """The highest maximum from spread starts and the best draw, on the side where the folded draws are."""
    spread = starting_points(posterior, named_key(seed, "optimum"), _STARTS)
    best_draw = draws.z.reshape(-1, draws.z.shape[-1])[np.argmin(draws.potential)]
    optimum = find_optimum(posterior, np.concatenate([np.asarray(spread), best_draw[None]]))
    if optimum.agreeing == 1:
        _log.warning("Only one of %d starts found the best fit.", optimum.starts)
    for name in optimum.on_wall:
        _log.warning("The best fit of %s is at the end of its prior.", name)
    flat = x.reshape(-1, x.shape[-1])
    images = symmetry.group * optimum.x
    nearest = images[np.argmin(np.square((images - flat.mean(0)) / flat.std(0)).sum(1))]
    return {
        "parameters": optimum.parameters | {n: float(v) for n, v in zip(posterior.prior.names, nearest)},
        "two_delta_logL": 2 * optimum.log_likelihood,
        "terms": {name: 2 * value for name, value in optimum.terms.items()},
    }


@contextmanager
def _full_disk_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(f"{path}: the disk is full; make room, then continue with --resume.") from None


class _LogFile(logging.FileHandler):
    """A log that cannot be written (full disk) does not end a run, whose results may still find room."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Copy what the package says into the run's log, with times."""
    handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = _log.level
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(level)
        handler.close()
