"""Commands of the likelihood room: predict, diff, export."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, did_you_mean

__all__ = ["diff", "export", "predict"]


def predict(
    wcxf: Annotated[Path, typer.Option(help="A SMEFT point: WCxf file in the Warsaw basis.")],
    dataset: Annotated[str, typer.Option(help="paper2021, current or latest.")] = "current",
    running: Annotated[str, typer.Option(help="integrate, or leadinglog (smelli's default).")] = "integrate",
    ckm: Annotated[str, typer.Option(help="refit (smelli's scheme) or fixed.")] = "refit",
    smelli_compatible: Annotated[
        bool, typer.Option("--smelli-compatible", help="Without the top threshold of the dipoles, as smelli.")
    ] = False,
    theory_covariance: Annotated[
        str, typer.Option(help="sm, or varying with the point's C9 and C10 of muons.")
    ] = "sm",
    gaussians: Annotated[
        Path | None, typer.Option(help="npz file with mean and covariances of the Gaussian terms.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything to this file.")] = None,
) -> None:
    """Predictions, pulls and log-likelihoods of a SMEFT point from a WCxf file."""
    from ..likelihood.dataset import load_dataset
    from ..likelihood.point import evaluate_point, read_gaussians, read_wcxf, write_point

    values, scale = read_wcxf(wcxf)
    data = load_dataset(dataset)
    result = evaluate_point(
        data,
        values,
        scale,
        gaussians=read_gaussians(gaussians, data) if gaussians else None,
        accuracy=running,
        ckm=ckm,
        smelli_compatible=smelli_compatible,
        theory_covariance=theory_covariance,
    )
    if json_file:
        write_point(json_file, result)
    _print_terms(result["log_likelihood"])
    _print_pulls(result["observables"], 12)


def _print_terms(terms: dict[str, float]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("term", "2 Delta log L", title="relative to the SM")
    for name, value in terms.items():
        table.add_row(name, f"{2 * value:+.3f}")
    Console().print(table)


def _print_pulls(observables: dict, number: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..likelihood.predictions import readable_name

    def gain(o: dict) -> float:
        sigma = (o["sigma_exp"] ** 2 + o["sigma_th"] ** 2) ** 0.5
        return abs(o["pull"] ** 2 - ((o["sm"] - o["exp"]) / sigma) ** 2)

    table = Table("observable", "prediction", "SM", "measured", "pull", "SM pull", title="what changes most")
    for key, o in sorted(observables.items(), key=lambda item: -gain(item[1]))[:number]:
        sigma = (o["sigma_exp"] ** 2 + o["sigma_th"] ** 2) ** 0.5
        table.add_row(
            readable_name(key),
            f"{o['prediction']:.4g}",
            f"{o['sm']:.4g}",
            f"{o['exp']:.4g} ± {sigma:.2g}",
            f"{o['pull']:+.2f}",
            f"{(o['sm'] - o['exp']) / sigma:+.2f}",
        )
    Console().print(table)


def diff(
    wcxf: Annotated[Path, typer.Argument(help="A SMEFT point: WCxf file in the Warsaw basis.")],
    from_: Annotated[str, typer.Option("--from", help="Data set.")] = "paper2021",
    to: Annotated[str, typer.Option("--to", help="Data set.")] = "current",
    number: Annotated[int, typer.Option(help="How many measurements to show.")] = 25,
) -> None:
    """What changed between two data sets, measurement by measurement, by its effect on this point."""
    from rich.console import Console
    from rich.table import Table

    from ..likelihood.changes import compare_datasets
    from ..likelihood.dataset import load_dataset
    from ..likelihood.point import read_wcxf

    values, scale = read_wcxf(wcxf)
    rows = compare_datasets(load_dataset(from_), load_dataset(to), values, scale)
    table = Table("measurement", "change", "observables", "2 Delta log L", title=f"{from_} -> {to}")
    for row in rows[:number]:
        table.add_row(row.measurement, row.change, row.observables, f"{2 * row.effect:+.3f}")
    Console().print(table)


def export(
    what: Annotated[
        str, typer.Argument(help="predictions, evolution, covariances, datasets, nuisance, labels, or all.")
    ] = "all",
    cache: Annotated[Path, typer.Option(help="Folder of finished parts.")] = Path(".export-cache"),
    processes: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    samples: Annotated[int, typer.Option(help="Parameter draws of the theory covariances.")] = 500,
    dataset: Annotated[
        str | None, typer.Option(help="Covariances and data of this data set only; all of them without it.")
    ] = None,
) -> None:
    """Offline step: write the artifacts that ship with the package (needs flavio, smelli and wilson)."""
    steps = ("predictions", "evolution", "covariances", "datasets", "nuisance", "labels")
    if what not in (*steps, "all"):
        raise InputError(
            f"export: {what!r} is unknown{did_you_mean(what, (*steps, 'all'))}; allowed are {', '.join(steps)}, all."
        )
    try:
        from ..export import run
    except ModuleNotFoundError as error:
        raise InputError(
            f"export needs {error.name}, which is not installed; install it with `pip install 'muobayes[export]'`."
        ) from None
    if dataset is not None and dataset not in run.DATASETS:
        hint, allowed = did_you_mean(dataset, run.DATASETS), ", ".join(run.DATASETS)
        raise InputError(f"export: there is no data set {dataset!r}{hint}; allowed are {allowed}.")
    chosen = run.DATASETS if dataset is None else (dataset,)
    if what in ("predictions", "all"):
        run.run_predictions(cache, processes, typer.echo)
    if what in ("evolution", "all"):
        run.run_evolution(cache, typer.echo)
    if what in ("covariances", "all"):
        run.run_covariances(cache, samples, processes, typer.echo, chosen)
    if what in ("datasets", "all"):
        for name in chosen:
            run.run_dataset(name, cache, typer.echo)
    if what in ("nuisance", "all"):
        run.run_nuisance(cache, processes, typer.echo)
    if what in ("labels", "all"):
        run.run_labels(typer.echo)
