"""A sampler run that tests interrupt. As a script, a process to be killed: ``interrupted_run.py FOLDER``.

The script runs NUTS and prints a line at each checkpoint, so that a test can pick its moment.
"""

import sys
from pathlib import Path

import numpy as np
from targets import TARGETS

from muobayes.inference.checkpoint import Checkpoint
from muobayes.inference.nested import NestedOptions, run_nested
from muobayes.inference.nuts import NutsOptions, run_nuts

NUTS = NutsOptions(chains=2, warmup=130, draws=120, chunk=20)
NESTED = NestedOptions(live=60, runs=2, steps_per_dimension=2, batch=10, chunk=4)
FINGERPRINT = {"seed": 5}
POSTERIOR = TARGETS["skewed"](3).posterior


def run(sampler: str, checkpoint: Checkpoint | None) -> dict[str, np.ndarray]:
    if sampler == "nuts":
        return run_nuts(POSTERIOR, NUTS, 5, checkpoint=checkpoint, show_progress=False)._asdict()
    return run_nested(POSTERIOR, NESTED, 5, checkpoint=checkpoint, show_progress=False)._asdict()


class _Announcing(Checkpoint):
    def save(self, arrays):
        super().save(arrays)
        print("saved", flush=True)


if __name__ == "__main__":
    run("nuts", _Announcing(Path(sys.argv[1]) / "nuts.npz", FINGERPRINT))
