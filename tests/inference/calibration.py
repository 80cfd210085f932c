"""Calibration of evidences over seeds: is the quoted error the error? Run as a script, it prints a table.

``python tests/inference/calibration.py {bridge,nested} DIMENSIONS [TARGETS] [SEEDS]``
"""

import sys
from typing import NamedTuple

import jax
import numpy as np
from targets import TARGETS

from muobayes.inference.bridge import bridge_evidence
from muobayes.inference.nested import NestedOptions, run_nested
from muobayes.inference.nuts import NutsOptions, run_nuts
from muobayes.inference.symmetry import sign_symmetry

NUTS = NutsOptions(warmup=500, draws=1000, chunk=500)
NESTED = NestedOptions(live=200, runs=4, batch=40)


class Calibration(NamedTuple):
    """Deviations of ln Z from the truth in units of the quoted error, over seeds; refused estimates are left out."""

    pulls: np.ndarray
    bias: float
    error: float
    refused: int


def calibrate(estimator: str, name: str, n: int, seeds: int) -> Calibration:
    target = TARGETS[name](n)
    symmetry = sign_symmetry(target.posterior, jax.random.key(0))
    log_z, error = np.empty(seeds), np.empty(seeds)
    for seed in range(seeds):
        if estimator == "bridge":
            draws = run_nuts(target.posterior, NUTS, seed, show_progress=False)
            bridge = bridge_evidence(target.posterior, draws.z, symmetry, seed)
            log_z[seed], error[seed] = bridge.log_z, bridge.log_z_error
        else:
            nested = run_nested(target.posterior, NESTED, seed, show_progress=False)
            log_z[seed], error[seed] = nested.log_z, nested.log_z_error
    off = (log_z - target.log_z)[given := np.isfinite(log_z)]
    return Calibration(off / error[given], float(off.mean()), float(error[given].mean()), int((~given).sum()))


if __name__ == "__main__":
    chosen = sys.argv[3].split(",") if len(sys.argv) > 3 and sys.argv[3] else list(TARGETS)
    repeats = int(sys.argv[4]) if len(sys.argv) > 4 else 20
    for n in map(int, sys.argv[2].split(",")):
        for name in chosen:
            c = calibrate(sys.argv[1], name, n, repeats)
            print(
                f"| {sys.argv[1]} | {name} | {n} | {c.bias:+.4f} | {c.error:.4f} | {c.pulls.mean():+.2f} | "
                f"{c.pulls.std(ddof=1):.2f} | {(abs(c.pulls) < 2).sum()}/{len(c.pulls)} | {c.refused} |",
                flush=True,
            )
