"""Compare jelli with this package: run in jelli's own environment, by ``make crosscheck-jelli``.

Reads what ``muobayes popxf DIR --points N`` wrote: the folder ``fixed`` (loaded by jelli unchanged) and ``points.json``
(coefficients, predictions and log-likelihoods of this package). Ends with exit code 1 if jelli finds anything else.

    python jelli_check.py DIR
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")

from jelli import CustomBasis, GlobalLikelihood  # noqa: E402
from jelli.core.observable_sector import ObservableSector  # noqa: E402

TOLERANCE = 1e-6
COLUMNS = "{:28s}{:>6s}{:>8s}{:>16s}{:>16s}{:>12s}{:>12s}"
ROW = "{:28s}{:6d}{:8d}{:16.6f}{:16.6f}{:12.1e}{:12.1e}"


def compare(folder: Path, points: list[dict]) -> list[tuple[int, float, float, float, float]]:
    """Per point: number of observables, both log-likelihoods, worst relative deviations (prediction, log L)."""
    basis = json.loads((folder / "basis.json").read_text())
    CustomBasis(basis["name"], basis["parameters"])
    GlobalLikelihood.load(str(folder))
    likelihood = GlobalLikelihood(custom_basis=basis["name"])
    sector = ObservableSector.get(folder.name)
    data, scale = sector.get_prediction_data(None, None), sector.scale
    rows = []
    for point in points:
        coefficients = {name: complex(*value) for name, value in point["coefficients"].items()}
        array = likelihood._get_par_array(coefficients)
        predictions = np.asarray(sector.prediction(array, scale, data)[0])
        ours = np.array([point["predictions"][o] for o in sector.observable_names])
        deviation = np.abs(predictions - ours) / np.maximum(np.abs(ours), 1e-300)
        found = likelihood.parameter_point(coefficients, scale).log_likelihood_dict()["global"]
        expected = point["log_likelihood"]
        rows.append(
            (len(ours), expected, found, deviation.max(), abs(found - expected) / max(1.0, abs(expected)))
        )
    return rows


def main(directory: Path) -> int:
    """Print the table; the number of failures."""
    points = json.loads((directory / "points.json").read_text())
    failures = 0
    print(COLUMNS.format("term", "point", "observ.", "log L muobayes", "log L jelli", "predictions", "log L"))
    totals = np.zeros((2, len(next(iter(points.values())))))
    for term, at in points.items():
        for k, (n, ours, jellis, prediction, likelihood) in enumerate(
            compare(directory / "fixed" / term, at)
        ):
            totals[:, k] += ours, jellis
            failures += not (prediction < TOLERANCE and likelihood < TOLERANCE)
            print(ROW.format(term, k, n, ours, jellis, prediction, likelihood), flush=True)
    for k, (ours, jellis) in enumerate(totals.T):
        deviation = abs(ours - jellis) / max(1.0, abs(ours))
        failures += not deviation < TOLERANCE
        print(f"{'global':28s}{k:6d}{'':8s}{ours:16.6f}{jellis:16.6f}{'':12s}{deviation:12.1e}")
    print(f"{failures} deviations above {TOLERANCE:g} (relative; of log L, absolute below 1)")
    return failures


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: jelli_check.py DIR")
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
