"""Calibration of evidences over seeds: is the quoted error the error? Run as a script, it prints a table.

    python tests/inference/calibration.py {bridge,nested} DIMENSIONS [TARGETS] [SEEDS] [FILE]

SEEDS is a number or a range (100-199). With a FILE every estimate is appended to it, and those that it already holds
are not made again: a table can be interrupted.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from targets import TARGETS

from muobayes.inference.bridge import bridge_evidence
from muobayes.inference.nested import NestedOptions, run_nested
from muobayes.inference.nuts import NutsOptions, run_nuts
from muobayes.inference.symmetry import sign_symmetry

NUTS = NutsOptions(warmup=500, draws=1000, chunk=500)
NESTED = NestedOptions(live=200, runs=2, batch=40)


class Calibration(NamedTuple):
    """Deviations of ln Z from the truth in units of the quoted error, over seeds; refused estimates are left out."""

    pulls: np.ndarray
    bias: float
    error: float
    refused: int


def calibrate(
    estimator: str, name: str, n: int, seeds: Iterable[int], file: Path | None = None
) -> Calibration:
    target = TARGETS[name](n)
    symmetry = sign_symmetry(target.posterior, jax.random.key(0))
    known = _stored(file)
    found = []
    for seed in seeds:
        if (key := (estimator, name, n, seed)) not in known:
            if estimator == "bridge":
                draws = run_nuts(target.posterior, NUTS, seed, show_progress=False)
                bridge = bridge_evidence(target.posterior, draws.z, symmetry, seed)
                known[key] = {"log_z": bridge.log_z, "error": bridge.log_z_error, "k_hat": bridge.k_hat}
            else:
                nested = run_nested(target.posterior, NESTED, seed, show_progress=False)
                known[key] = {
                    "log_z": nested.log_z,
                    "error": nested.log_z_error,
                    "statistical": nested.statistical_error,
                    "runs": nested.log_z_runs.tolist(),
                    "information": nested.information,
                    "memory": nested.memory,
                    "calls": nested.evaluations,
                }
            if file:
                with file.open("a") as out:
                    out.write(json.dumps([*key, known[key]]) + "\n")
        found.append((known[key]["log_z"], known[key]["error"]))
    log_z, error = np.array(found).T
    off = (log_z - target.log_z)[given := np.isfinite(log_z)]
    return Calibration(off / error[given], float(off.mean()), float(error[given].mean()), int((~given).sum()))


def _stored(file: Path | None) -> dict[tuple, dict]:
    lines = file.read_text().splitlines() if file and file.exists() else []
    return {tuple(key): value for *key, value in map(json.loads, lines)}


def _range(text: str) -> range:
    first, _, last = text.rpartition("-")
    return range(int(first), int(last) + 1) if first else range(int(last))


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv))
    file = Path(arguments[5]) if 5 in arguments else None
    for n in map(int, sys.argv[2].split(",")):
        for name in arguments.get(3, "").split(",") if arguments.get(3) else TARGETS:
            c = calibrate(sys.argv[1], name, n, _range(arguments.get(4, "20")), file)
            print(
                f"| {sys.argv[1]} | {name} | {n} | {c.bias:+.4f} | {c.error:.4f} | {c.pulls.mean():+.2f} | "
                f"{c.pulls.std(ddof=1):.2f} | {(abs(c.pulls) < 2).sum()}/{len(c.pulls)} | {c.refused} |",
                flush=True,
            )
