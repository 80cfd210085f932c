"""``muobayes lightx`` and ``muobayes plot light-x``: one point of the light-X sector, and Fig. 3."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, did_you_mean

if TYPE_CHECKING:
    from ..likelihood.light_x.couplings import Charges, XPoint
    from ..likelihood.light_x.terms import LightX

_PHOTON_BELOW = 10.0
_TRIDENT = {"CCFR": "ccfr", "CHARM-II": "charm2", "NuTeV": "nutev"}
_COHERENT = {"CsI": "coherent_csi", "Ar": "coherent_ar"}


def lightx(
    model: Annotated[str, typer.Option(help="b-3lmu, lmu-ltau, or a model of the catalogue")],
    gX: Annotated[float, typer.Option("--gX", help="gauge coupling")],
    mX: Annotated[str, typer.Option("--mX", help="mass, in GeV or with a unit: 0.02 or '20 MeV'")],
    epsBX: Annotated[float, typer.Option("--epsBX", help="kinetic mixing")] = 0.0,
    loop: Annotated[bool, typer.Option(help="add the mixing induced by lepton loops (Lmu-Ltau)")] = False,
    mixing: Annotated[
        str, typer.Option(help="photon (the paper's), hypercharge (any mass), or auto: photon up to 10 GeV")
    ] = "auto",
    constraints: Annotated[
        str, typer.Option(help="full, fig3, or names of terms, separated by commas")
    ] = "full",
    dataset: Annotated[
        list[str] | None, typer.Option(help="term=data set, for example gminus2_mu=current; may be repeated")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(envvar="MUOBAYES_LIMITS", help="folder of limit files (arXiv:1801.04847)")
    ] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="write the result")] = None,
) -> None:
    """Couplings, widths, predictions and log-likelihoods of one light X."""
    from ..likelihood.light_x.couplings import x_point
    from ..likelihood.light_x.terms import check_mass, known_sets, light_x

    mass = _mass(mX)
    names = constraints if constraints in known_sets() else constraints.split(",")
    charges = charges_of(model)
    check_mass(mass)
    likelihood = light_x(charges, names, _datasets(dataset or []), limits)
    check_mass(mass, likelihood, names if isinstance(names, list) else ())
    convention = _mixing(mixing, mass)
    point = x_point(charges, mass, gX, epsBX, convention, loop)  # type: ignore[arg-type]
    document = evaluate(point, charges, likelihood)
    if json_ is not None:
        json_.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    _print(document, point, likelihood)


def charges_of(model: str) -> "Charges":
    """Charges of one of the paper's assignments, or of a model of the catalogue.

    Raises
    ------
    InputError
        If neither is called `model`.
    """
    from ..likelihood.light_x._data import read
    from ..likelihood.light_x.couplings import charges_from, known_charges
    from ..models.catalogue import model_names, read_model

    own = list(read("charges"))
    if model.lower() in own:
        return known_charges(model)
    if model in model_names():
        entry = read_model(model)
        if entry.gauge is None:
            raise InputError(f"--model {model}: this model has no gauge boson X.")
        fields = {field: str(q) for field, q in entry.charges.items() if field not in entry.mediators}
        return charges_from(fields, f"model {model}")
    allowed = [*own, *model_names()]
    hint = did_you_mean(model, allowed)
    raise InputError(f"--model: {model!r} is unknown{hint}; allowed are {', '.join(allowed)}.")


def evaluate(point: "XPoint", charges: "Charges", likelihood: "LightX") -> dict[str, Any]:
    """Everything about one point, as the JSON document of ``muobayes lightx``.

    Returns
    -------
    dict
        ``couplings`` (on the mass shell: a number where X couples to the vector current, else left and right),
        ``width`` (GeV), ``branching``, ``delta_a_mu``, rates over their Standard-Model values (``trident``,
        ``borexino``, ``cevns``), and ``log_likelihood`` per term.
    """
    from ..likelihood.light_x.couplings import FERMIONS
    from ..likelihood.light_x.hadrons import FINAL_STATES
    from ..likelihood.light_x.terms import light_x
    from ..likelihood.light_x.widths import CHANNELS, widths

    left, right = (side.tolist() for side in point.shell)
    couplings: dict[str, Any] = {}
    for name, gL, gR in zip(FERMIONS, left, right):
        vectorial = name.startswith("nu") or abs(gL - gR) <= 1e-15 * abs(gL)
        couplings[name] = gL if vectorial else {"left": gL, "right": gR}
    decays = widths(point.mX, point.shell, likelihood.tables)
    branching = {name: float(b) for name, b in zip(CHANNELS, decays.branching) if b > 0}
    branching["hadrons"] = sum(branching.get(name, 0.0) for name in FINAL_STATES)
    always = light_x(charges, ["gminus2_mu", *_TRIDENT.values(), "borexino", *_COHERENT.values()])
    predicted = {name: float(value) for name, value in always.predictions(point).items()}
    return {
        "couplings": couplings,
        "width": float(decays.total),
        "branching": branching,
        "delta_a_mu": predicted["gminus2_mu"],
        "trident": {label: predicted[name] for label, name in _TRIDENT.items()},
        "borexino": {"ratio": predicted["borexino"]},
        "cevns": {label: predicted[name] for label, name in _COHERENT.items()},
        "log_likelihood": {n: float(v) + 0.0 for n, v in likelihood.log_likelihoods(point).items()},
    }


def plot_light_x(
    output: Annotated[Path, typer.Argument(help="PNG or PDF file")],
    constraints: Annotated[str, typer.Option(help="fig3 (what the paper draws) or full")] = "fig3",
    limits: Annotated[
        Path | None, typer.Option(envvar="MUOBAYES_LIMITS", help="folder of limit files (arXiv:1801.04847)")
    ] = None,
    result: Annotated[
        Path | None, typer.Option(help="folder of a run: its posterior of (mX, gX) is drawn on top")
    ] = None,
    dataset: Annotated[str, typer.Option(help="g-2 data set: paper2021 or current")] = "paper2021",
) -> None:
    """Draw Fig. 3: the excluded regions of each experiment and the g-2 band, for B-3Lmu and Lmu-Ltau."""
    from ..report.figures.light_x import draw
    from ..report.style import save

    draws = None
    if result is not None:
        from ..report.results import Results

        results = Results(result)
        missing = [name for name in ("mX", "gX") if name not in results.sampled]
        if missing:
            raise InputError(f"--result {result}: the run did not sample {' and '.join(missing)}.")
        draws = (results.draws("mX").ravel(), results.draws("gX").ravel(), results.card.model)
    save(draw(constraints, limits, dataset, draws), output)
    typer.echo(f"wrote {output}")


def _mass(text: str) -> float:
    from ..units import parse_energy

    try:
        return float(text)
    except ValueError:
        return parse_energy(text, "--mX")


def _mixing(mixing: str, mass: float) -> str:
    if mixing == "auto":
        return "photon" if mass <= _PHOTON_BELOW else "hypercharge"
    if mixing not in ("photon", "hypercharge"):
        raise InputError(f"--mixing: {mixing!r} is unknown; allowed are auto, photon, hypercharge.")
    if mixing == "photon" and mass > _PHOTON_BELOW:
        raise InputError(f"--mixing photon: it holds up to {_PHOTON_BELOW:g} GeV, not at mX = {mass:g} GeV.")
    return mixing


def _datasets(options: list[str]) -> dict[str, str]:
    pairs = [option.split("=", 1) for option in options]
    for pair in pairs:
        if len(pair) != 2:
            raise InputError(f"--dataset {pair[0]}: write term=data set, for example gminus2_mu=current.")
    return {term: name for term, name in pairs}


def _print(document: dict[str, Any], point: "XPoint", likelihood: "LightX") -> None:
    from rich.console import Console
    from rich.table import Table

    predictions = {name: float(value) for name, value in likelihood.predictions(point).items()}
    table = Table(title=f"light X: mX = {float(point.mX):g} GeV, gX = {float(point.gX):g}")
    for column in ("term", "prediction", "log L", "source"):
        table.add_column(column)
    for name, value in sorted(document["log_likelihood"].items(), key=lambda item: item[1]):
        table.add_row(name, f"{predictions[name]:.5g}", f"{value:.4g}", likelihood.sources[name])
    console = Console()
    console.print(table)
    worst, least = min(document["log_likelihood"].items(), key=lambda item: item[1])
    mode, share = max(document["branching"].items(), key=lambda item: item[1])
    console.print(f"width {document['width']:.4g} GeV, mostly {mode} ({share:.1%})")
    if least < -2:
        console.print(f"{worst} disfavours this point most: 2 Delta log L = {2 * least:.4g}.")
