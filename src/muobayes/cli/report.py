"""``muobayes report``: figures and page of a run once more, from its files."""

from pathlib import Path
from typing import Annotated

import typer


def report(folder: Annotated[Path, typer.Argument(help="the folder of a run")]) -> None:
    """Draw the figures and write the report of a finished run again, and print its table."""
    from ..report.results import Results
    from ..report.terminal import print_results
    from ..report.write import write_report

    write_report(folder)
    print_results(Results(folder))
