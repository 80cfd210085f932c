"""Time jelli on one term of the exported likelihood: run in jelli's own environment, by ``make bench``.

    python _jelli_times.py DIR TERM      prints {"value": seconds, "gradient": seconds, "observables": n, "parameters": n}

DIR is what ``muobayes popxf DIR --points N`` wrote.
"""

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

from _timing import best, on_one_core  # noqa: E402
from jelli import CustomBasis, GlobalLikelihood  # noqa: E402
from jelli.core.observable_sector import ObservableSector  # noqa: E402


def main(directory: Path, term: str) -> None:
    """Print the times."""
    folder = directory / "fixed" / term
    basis = json.loads((folder / "basis.json").read_text())
    CustomBasis(basis["name"], basis["parameters"])
    GlobalLikelihood.load(str(folder))
    likelihood = GlobalLikelihood(custom_basis=basis["name"])
    sector = ObservableSector.get(folder.name)
    parameters = list(likelihood.parameter_basis_split_re_im)
    compiled = likelihood.get_compiled_likelihood(parameters, "global")
    point = json.loads((directory / "points.json").read_text())[term][0]
    x = likelihood._get_par_array({name: complex(*value) for name, value in point["coefficients"].items()})
    times = {
        "value": best(compiled.negative_log_likelihood_value(), x, sector.scale),
        "gradient": best(compiled.negative_log_likelihood_value_and_grad(), x, sector.scale),
        "observables": len(sector.observable_names),
        "parameters": len(parameters),
    }
    print(json.dumps(times))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: _jelli_times.py DIR TERM")
    on_one_core()
    main(Path(sys.argv[1]), sys.argv[2])
