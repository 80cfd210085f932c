"""The command line. Heavy imports live inside the commands: ``--help`` and card checks are instant."""

import sys

import typer

from ..errors import InputError
from . import (
    check,
    collider,
    compare,
    evidence,
    init,
    light_x,
    likelihood,
    matching,
    matching_scale,
    models,
    observables,
    point,
    popxf,
    report,
    run,
    running,
)

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
app.command("compare")(compare.compare)
app.command("point")(point.point)
app.command("observables")(observables.observables)
app.command("init")(init.init)
app.command("models")(models.models)
app.command("new-model")(models.new_model)
app.command("consistency")(models.consistency)
app.command("heavyx")(collider.heavyx)
app.command("neutrinos")(collider.neutrinos)
app.command("lightx")(light_x.lightx)
app.command("match")(matching.match)
app.command("beta")(running.beta)
app.command("flow")(running.flow)
app.command("generate-beta")(running.generate_beta)
app.command("predict")(likelihood.predict)
app.command("diff")(likelihood.diff)
app.command("export")(likelihood.export)
app.command("popxf")(popxf.popxf)
plot = typer.Typer(help="Figures.", no_args_is_help=True)
plot.command("flow")(running.plot_flow)
plot.command("naturalness")(running.plot_naturalness)
plot.command("scale")(matching_scale.plot_scale)
plot.command("light-x")(light_x.plot_light_x)
app.add_typer(plot, name="plot")


def main() -> None:
    """Run the command line; a user's mistake ends with one sentence and exit code 2, never a traceback."""
    try:
        app()
    except InputError as error:
        typer.echo(f"muobayes: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        typer.echo(f"muobayes: {error.filename}: the file cannot be used ({error.strerror}).", err=True)
        sys.exit(2)
