"""The same exported term in this package and in jelli 0.1, each on one core.

Needs jelli's environment and the exchange files: ``make crosscheck-jelli`` makes both; without them there are no rows.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
from _timing import best, on_one_core

ROOT = Path(__file__).parents[1]
PYTHON = Path(os.environ.get("MUOBAYES_JELLI", ROOT / ".venv-jelli" / "bin" / "python"))
FILES = ROOT / "build" / "popxf"
TERM = "fast_likelihood_quarks"


def ours() -> dict[str, float]:
    """Seconds of this package at the point of the exchange files."""
    from muobayes.popxf.check_points import term_likelihood

    likelihood, place = term_likelihood("current", TERM)
    point = json.loads((FILES / "points.json").read_text())[TERM][0]
    y = np.zeros(len(place))
    for name, (real, imaginary) in point["coefficients"].items():
        for part, value in (("Re", real), ("Im", imaginary)):
            if (name, part) in place:
                y[place[name, part]] = value
    assert abs(float(likelihood(y)) - point["log_likelihood"]) < 1e-6 * max(1.0, abs(point["log_likelihood"]))
    return {
        "value": best(jax.jit(likelihood), y),
        "gradient": best(jax.jit(jax.value_and_grad(likelihood)), y),
    }


def _times(command: list[str]) -> dict[str, float]:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def benchmarks() -> list[dict]:
    """Times of both programs; the ratio is jelli's time over ours."""
    if not PYTHON.exists() or not (FILES / "points.json").exists():
        return []
    theirs = _times([str(PYTHON), str(ROOT / "benchmarks" / "_jelli_times.py"), str(FILES), TERM])
    own = _times([sys.executable, __file__])
    size = f"{theirs['observables']} observables in {theirs['parameters']} parameters"
    rows = []
    for kind in ("value", "gradient"):
        rows += [
            {
                "name": f"{size}: {kind}",
                "value": 1e3 * own[kind],
                "unit": "ms",
                "ratio": theirs[kind] / own[kind],
            },
            {
                "name": f"the same by jelli 0.1: {kind}",
                "value": 1e3 * theirs[kind],
                "unit": "ms",
                "ratio": None,
            },
        ]
    return rows


if __name__ == "__main__":
    on_one_core()
    import muobayes  # noqa: F401  (sets 64-bit numbers before JAX starts)

    print(json.dumps(ours()))
