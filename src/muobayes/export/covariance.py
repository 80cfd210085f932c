"""Theory covariances: SM predictions at random draws of flavio's parameters, CKM correlated as in smelli's scheme.

One file per draw, so that an interrupted computation goes on and more draws may be added. The same draws serve every
data set, so that correlations between any two observables are those of one set of parameters.
"""

import json
import multiprocessing
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import flavio
import numpy as np
import smelli

from ._fixed_wilson import FixedWilson
from ._forms import Observable, name_and_arguments
from ._polynomial import shared_amplitudes
from .predictions import observable_key

_WORKER: dict[str, Any] = {}


def _parameters(seed: int) -> Mapping[str, float]:
    np.random.seed(seed)  # noqa: NPY002  (flavio draws from numpy's global state)
    return _WORKER["constraints"].get_random_all()


def _draw(seed: int) -> None:
    warnings.simplefilter("ignore")
    path = _WORKER["folder"] / f"{seed:05d}.json"
    if path.exists():
        return
    par, wilson = _parameters(seed), FixedWilson()
    values = {}
    with shared_amplitudes():
        for observable in _WORKER["observables"]:
            name, arguments = name_and_arguments(observable)
            prediction = flavio.Observable[name].prediction_par(par, wilson, *arguments)
            values[observable_key(observable)] = float(np.real(prediction))
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(values))
    temporary.replace(path)


def draw_predictions(
    observables: Sequence[Observable],
    number: int,
    folder: Path,
    *,
    processes: int,
    report: Callable[[str], None],
) -> None:
    """Compute SM predictions at random parameters until the folder holds ``number`` draws."""
    folder.mkdir(parents=True, exist_ok=True)
    constraints = next(iter(smelli.GlobalLikelihood().fast_likelihoods.values())).par_obj
    _WORKER.update(constraints=constraints, folder=folder, observables=tuple(observables))
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for done, _ in enumerate(pool.imap_unordered(_draw, range(number)), 1):
            if done % 20 == 0:
                report(f"theory covariance: {done}/{number} draws")


def covariance_from_draws(folder: Path) -> tuple[list[str], np.ndarray, int]:
    """Observables that every draw has, their covariance, and the number of draws."""
    draws = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    keys = sorted(set.intersection(*(set(d) for d in draws))) if draws else []
    values = np.array([[d[k] for k in keys] for d in draws])
    return keys, np.atleast_2d(np.cov(values.T)) if len(draws) > 1 else np.zeros((0, 0)), len(draws)
