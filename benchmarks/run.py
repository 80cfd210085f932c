"""`make bench`: run every benchmark, print a table, write benchmarks/latest.json.

Each module beside this one has ``benchmarks() -> list of {name, value, unit, ratio}``; names with an underscore are their
tools. Times are of one run on one machine and only comparable within it; ratios are to a peer or to the target, where
there is one.
"""

import importlib.util
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

import muobayes  # noqa: F401  (sets 64-bit numbers before JAX starts)

FOLDER = Path(__file__).parent


def main() -> None:
    """Run all benchmarks."""
    rows: list[dict] = []
    for path in sorted(FOLDER.glob("*.py")):
        if path.name == Path(__file__).name or path.name.startswith("_"):
            continue
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        rows += module.benchmarks()
    table = Table("benchmark", "value", "unit", "ratio")
    for row in rows:
        ratio = row.get("ratio")
        table.add_row(
            row["name"], f"{row['value']:.4g}", row["unit"], "" if ratio is None else f"{ratio:.3g}"
        )
    Console().print(table)
    entries = {r["name"]: {"value": r["value"], "unit": r["unit"], "ratio": r.get("ratio")} for r in rows}
    (FOLDER / "latest.json").write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
