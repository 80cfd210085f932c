"""A sampler in a process of its own, for tests that kill it: ``interrupted_run.py SAMPLER FOLDER``.

Prints a line at each checkpoint, so that a test can pick its moment, and leaves ``draws.npz`` at the end.
"""

import sys
from pathlib import Path

import numpy as np
from targets import TARGETS

from muobayes.inference.checkpoint import Checkpoint
from muobayes.inference.control import RunInterruptedError
from muobayes.inference.nested import NestedOptions, run_nested
from muobayes.inference.nuts import NutsOptions, run_nuts

NUTS = NutsOptions(chains=2, warmup=130, draws=120, chunk=20)
NESTED = NestedOptions(live=60, runs=2, steps_per_dimension=2, batch=10, chunk=4)


def run(sampler: str, checkpoint: Checkpoint | None) -> dict[str, np.ndarray]:
    posterior = TARGETS["skewed"](3).posterior
    if sampler == "nuts":
        return run_nuts(posterior, NUTS, 5, checkpoint=checkpoint, show_progress=False)._asdict()
    return run_nested(posterior, NESTED, 5, checkpoint=checkpoint, show_progress=False)._asdict()


class _Announcing(Checkpoint):
    def save(self, arrays):
        super().save(arrays)
        print("saved", flush=True)


if __name__ == "__main__":
    name, folder = sys.argv[1], Path(sys.argv[2])
    try:
        draws = run(name, _Announcing(folder / f"{name}.npz", {"seed": 5}))
    except RunInterruptedError as stop:
        print(stop, flush=True)
        sys.exit(stop.exit_code)
    np.savez(folder / "draws.npz", **draws)
