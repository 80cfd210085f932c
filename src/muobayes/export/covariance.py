"""Theory covariances: SM predictions at random draws of flavio's parameters, CKM correlated as in smelli's scheme.

One file per draw, so that an interrupted computation goes on and more draws may be added. A data set that adds
observables to another one keeps the covariance of that one: `extended_covariance` says how the new ones vary with it.
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

from .._files import write_text
from ._fixed_wilson import FixedWilson
from ._forms import Observable, name_and_arguments
from ._sharing import shared_evaluations
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
    with shared_evaluations({}):
        for observable in _WORKER["observables"]:
            name, arguments = name_and_arguments(observable)
            prediction = flavio.Observable[name].prediction_par(par, wilson, *arguments)
            values[observable_key(observable)] = float(np.real(prediction))
    write_text(path, json.dumps(values))


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


def read_draws(folder: Path, observables: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Those of the observables that every draw has, and their predictions (draws, observables)."""
    draws = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    keys = [k for k in observables if draws and all(k in d for d in draws)]
    return keys, np.array([[d[k] for k in keys] for d in draws])


def extended_covariance(
    keys: Sequence[str], matrix: np.ndarray, drawn: Sequence[str], draws: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """A covariance with new observables; the block of those that it has is unchanged.

    The new observables y are regressed on those neighbours x among the drawn ones that the covariance C has: y = B x +
    rest. With everything else known varying independently of the rest, cov(y, z) = B cov(x, z) for every known z,
    and cov(y, y) = B C_xx B^T + R. The result is positive definite if C and R are.

    Parameters
    ----------
    keys, matrix : sequence of str, (n, n) array
        The known observables and their covariance.
    drawn, draws : sequence of str, (k, m) array
        Joint predictions of neighbours and new observables at k random sets of parameters.

    Returns
    -------
    keys, matrix
        The known observables, then the new ones in their order among the drawn ones.
    """
    place = {key: i for i, key in enumerate(keys)}
    near, new = (
        [i for i, k in enumerate(drawn) if k in place],
        [i for i, k in enumerate(drawn) if k not in place],
    )
    spread = draws.std(axis=0)
    standard = (draws - draws.mean(axis=0)) / spread
    x, y = standard[:, near], standard[:, new]
    slopes = np.linalg.lstsq(x, y)[0]
    rest = y - x @ slopes
    response = slopes.T * np.divide.outer(spread[new], spread[near])
    unexplained = rest.T @ rest / (len(draws) - 1 - len(near)) * np.outer(spread[new], spread[new])
    across = response @ matrix[[place[drawn[i]] for i in near]]
    own = across[:, [place[drawn[i]] for i in near]] @ response.T + unexplained
    return [*keys, *(drawn[i] for i in new)], np.block([[matrix, across.T], [across, (own + own.T) / 2]])
