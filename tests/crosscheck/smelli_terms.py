"""Every term of the likelihood next to smelli's, at random points of the SMEFT, as a table.

    python tests/crosscheck/smelli_terms.py FOLDER [POINT ...]

FOLDER holds ``random_points.json`` and smelli's Gaussians (as for ``tests/likelihood/test_oracles.py``).
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from muobayes.likelihood.dataset import load_dataset
from muobayes.likelihood.point import evaluate_point, read_gaussians


def comparisons(folder: Path, points: Sequence[int]) -> Iterator[tuple[str, dict, dict]]:
    """(title, ours, smelli's) for each point and accuracy that smelli was run with."""
    document = json.loads((folder / "random_points.json").read_text())
    dataset = load_dataset("current")
    gaussians = read_gaussians(folder / document["fast_gaussian_file"], dataset)
    for index in points or range(len(document["points"])):
        entry = document["points"][index]
        values = {name: complex(*v) for name, v in entry["wcs"].items()}
        for accuracy in ("leadinglog", "integrate"):
            if not (reference := entry.get(accuracy)):
                continue
            ours = evaluate_point(
                dataset,
                values,
                document["scale_GeV"],
                gaussians=gaussians,
                accuracy=accuracy,
                smelli_compatible=True,
            )
            predictions = dict(zip(document["observables"], reference["predictions"], strict=True))
            yield f"{index} {accuracy}", ours, reference | {"predictions": predictions}


def outside(ours: dict[str, Any], predictions: dict[str, float]) -> int:
    """Number of predictions that differ by more than 1e-3 and by more than 0.01 of their uncertainty."""
    count = 0
    for key, expected in predictions.items():
        o = ours["observables"][key]
        deviation = abs(o["prediction"] - expected)
        count += deviation > max(1e-3 * abs(expected), 0.01 * np.hypot(o["sigma_exp"], o["sigma_th"]))
    return count


def main(folder: str, *points: str) -> None:
    """Print the table: 2 Delta log L of smelli, and by how much ours differs."""
    columns = list(comparisons(Path(folder), [int(p) for p in points]))
    print("| term | " + " | ".join(title for title, *_ in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for term in columns[0][2]["delta_log_likelihood"]:
        cells = []
        for _, ours, reference in columns:
            expected = reference["delta_log_likelihood"][term]
            difference = expected is not None and 2 * (ours["log_likelihood"][term] - expected)
            cells.append("-inf" if expected is None else f"{2 * expected:.2f} ({difference:+.3f})")
        print(f"| {term.removesuffix('.yaml')} | " + " | ".join(cells) + " |")
    counts = [str(outside(ours, reference["predictions"])) for _, ours, reference in columns]
    print("| predictions outside | " + " | ".join(counts) + " |")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: smelli_terms.py FOLDER [POINT ...]")
    main(*sys.argv[1:])
