"""The command line. Heavy imports live inside the commands: ``--help`` and card checks are instant."""

import sys

import typer

from ..errors import InputError
from . import check, evidence, init, matching, models, report, run

app = typer.Typer(
    name="muobayes",
    help="Bayesian fits of muoquark models: from UV couplings to a posterior.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Bayesian fits of muoquark models: from UV couplings to a posterior."""


app.command("check")(check.check)
app.command("run")(run.run)
app.command("report")(report.report)
app.command("evidence")(evidence.evidence)
app.command("init")(init.init)
app.command("models")(models.models)
app.command("new-model")(models.new_model)
app.command("consistency")(models.consistency)
app.command("match")(matching.match)


def main() -> None:
    """Run the command line; a user's mistake ends with one sentence and exit code 2, never a traceback."""
    try:
        app()
    except InputError as error:
        typer.echo(f"muobayes: {error}", err=True)
        sys.exit(2)
