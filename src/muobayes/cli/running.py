"""``muobayes beta``, ``flow``, ``plot flow|naturalness``, ``generate-beta``: the theory above the matching scale."""

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError, did_you_mean
from ..units import parse_energy

if TYPE_CHECKING:
    from ..running.flow import FlowResult, RunningModel

# Models of the catalogue (`muobayes models`) -> descriptions in muobayes/running/models.
_RUNNING = {
    "type-a/b-3lmu": "full",
    "type-a/lmu-ltau": "lmu-ltau",
    "type-b/b-3lmu": "type-b",
    "type-b/lmu-ltau": "type-b-lmu-ltau",
    "type-a-r2/b-3lmu": "r2",
}

Loops = Annotated[str, typer.Option(help="loop orders of gauge, Yukawa and quartic beta functions")]
QPhi = Annotated[str | None, typer.Option("--qPhi", help="U(1)_X charge of Phi, for example 3 or 1/2")]
Json = Annotated[Path | None, typer.Option("--json", help="write the result to this file")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="coupling=value at the start, for example gX=0.15; may be repeated"),
]
Scale = Annotated[str | None, typer.Option(help="where the flow starts, for example '3 TeV'")]
Until = Annotated[str, typer.Option(help="where the flow ends, for example '1.22e19 GeV'")]
Variant = Annotated[
    str,
    typer.Option(
        help="couplings that run: heavy (third generation, muon) or flavour (with light quark doublets)"
    ),
]
Freeze = Annotated[list[str] | None, typer.Option(help="coupling that is kept constant; may be repeated")]


def beta(
    model: Annotated[str, typer.Argument(help="sm, lq_noX, full, another model, or a YAML description")],
    couplings: Annotated[Path, typer.Option(help='JSON file with {"couplings": {...}}')],
    loops: Loops = "3,2,2",
    q_phi: QPhi = None,
    json_: Json = None,
) -> None:
    """Beta functions at a point, loop order by loop order, with complex flavour matrices.

    The numbers leave out the loop factors: d c/d ln(mu) = sum_L beta[L]/(16 pi^2)^L. Couplings that the file does not
    name are zero.
    """
    from ..running.engine.model import load_model
    from ..running.engine.numeric import beta_functions

    content = _read_json(couplings)
    if not isinstance(content, dict) or not isinstance(content.get("couplings"), dict):
        raise InputError(f'{couplings}: it must hold {{"couplings": {{name: value, ...}}}}.')
    description = load_model(_running_name(model))
    for name, value in _charges(q_phi).items():
        if name not in description.parameters:
            raise InputError(f"--qPhi: the model {model} has no charge of Phi to choose.")
        description.parameters[name] = value
    result = {"model": model, "beta": beta_functions(description, content["couplings"], _loops(loops))}
    _write(result, json_)


def flow(
    target: Annotated[str, typer.Argument(help="a model, a run card, or the folder of a run")],
    set_: Set = None,
    loops: Loops = "3,2,2",
    scale: Scale = None,
    until: Until = "1.22e19 GeV",
    q_phi: QPhi = None,
    variant: Variant = "heavy",
    freeze: Freeze = None,
    points: Annotated[int, typer.Option(help="number of scales in the output")] = 31,
    tolerance: Annotated[float, typer.Option(help="relative error per step")] = 1e-9,
    json_: Json = None,
) -> None:
    """Run the couplings of a model towards the Planck scale.

    A model starts from its benchmark point, a run card from its fixed parameters and its best fit; --set changes
    couplings. Told are the first Landau pole (a coupling at 4 pi), the first instability, and what drives them.
    """
    if points < 2:
        raise InputError(f"--points {points}: at least 2 are needed.")
    if not 0 < tolerance < 1:
        raise InputError(f"--tolerance {tolerance:g}: it must lie between 0 and 1.")
    model, start, mu, mu_end = _prepared(target, set_, loops, scale, until, q_phi, variant, freeze)
    from ..running.flow import flow as run

    result = run(model, start, mu, mu_end, points=points, rtol=tolerance, atol=tolerance * 1e-2)
    for line in _told(model, result, mu_end):
        typer.echo(line)
    if json_ is not None:
        _write(_document(model, result, loops), json_)


def plot_flow(
    target: Annotated[str, typer.Argument(help="a model, a run card, or the folder of a run (bands)")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="figure; a PNG and a PDF are written")
    ] = Path("flow.png"),
    set_: Set = None,
    loops: Loops = "3,2,2",
    scale: Scale = None,
    until: Until = "1.22e19 GeV",
    q_phi: QPhi = None,
    variant: Variant = "heavy",
    draws: Annotated[int, typer.Option(help="posterior draws behind the bands")] = 200,
) -> None:
    """Fig. 2 of the paper, for any point: couplings from the matching scale to the Planck scale."""
    from ..report.figures.flow import flow_figure
    from ..report.style import save
    from ..running.flow import flow as run

    model, start, mu, mu_end = _prepared(target, set_, loops, scale, until, q_phi, variant, None)
    result = run(model, start, mu, mu_end, points=80, rtol=1e-8, atol=1e-10)
    band = (
        _band(Path(target), model, result.ln_mu, draws) if (Path(target) / "posterior.nc").exists() else None
    )
    save(flow_figure(model, result, band), output)
    typer.echo(f"{output.with_suffix('.png')} and {output.with_suffix('.pdf')}")


def plot_naturalness(
    folder: Annotated[Path, typer.Argument(help="the folder of a run with priors on naturalness")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="figure; a PNG and a PDF are written")
    ] = Path("naturalness.png"),
) -> None:
    """Masses of the leptoquarks between naturalness, which wants them light, and searches, which want them heavy."""
    from ..report.constraints import constraint_table
    from ..report.figures.naturalness import naturalness_figure, naturalness_panels
    from ..report.results import Results
    from ..report.style import save

    results = Results(folder)
    save(naturalness_figure(naturalness_panels(results)), output)
    typer.echo(constraint_table(results.idata, results.sampled).round(4).to_string())
    typer.echo(f"{output.with_suffix('.png')} and {output.with_suffix('.pdf')}")


def generate_beta(
    model: Annotated[str, typer.Argument(help="a model that ships with the package")],
    variant: Annotated[str | None, typer.Argument(help="one of its tables; all of them by default")] = None,
) -> None:
    """Regenerate the polynomial beta functions of a model from its description."""
    from ..running.engine.generate import generate

    for path in generate(model, variant):
        typer.echo(path)


# -- options ---------------------------------------------------------------------------------------------------


def _running_name(model: str) -> str:
    return _RUNNING.get(model, model)


def _loops(text: str) -> tuple[int, int, int]:
    parts = text.split(",")
    if len(parts) != 3 or not all(p.strip().isdigit() for p in parts):
        raise InputError(
            f"--loops {text!r}: write three numbers for gauge, Yukawa and quartic, for example 3,2,2."
        )
    gauge, yukawa, quartic = (int(p) for p in parts)
    return gauge, yukawa, quartic


def _charges(q_phi: str | None) -> dict[str, Fraction]:
    if q_phi is None:
        return {}
    try:
        return {"qPhi": Fraction(q_phi)}
    except (ValueError, ZeroDivisionError):
        raise InputError(f"--qPhi {q_phi!r}: it must be a rational number, for example 3 or 1/2.") from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise InputError(f"{path}: the file is not valid JSON ({error}).") from None


def _write(content: dict[str, Any], path: Path | None) -> None:
    text = json.dumps(content, indent=1)
    if path is None:
        typer.echo(text)
    else:
        try:
            path.write_text(text + "\n")
        except OSError as error:
            raise InputError(f"--json {path}: the file cannot be written ({error.strerror}).") from None


def _changes(set_: list[str] | None) -> dict[str, float]:
    changes = {}
    for item in set_ or []:
        name, sign, text = item.partition("=")
        try:
            changes[name.strip()] = float(text)
        except ValueError:
            sign = ""
        if not sign:
            raise InputError(f"--set {item!r}: write coupling=number, for example gX=0.15.")
    return changes


# -- points ----------------------------------------------------------------------------------------------------


def _prepared(
    target: str,
    set_: list[str] | None,
    loops: str,
    scale: str | None,
    until: str,
    q_phi: str | None,
    variant: str,
    freeze: list[str] | None,
) -> tuple["RunningModel", Any, float, float]:
    """The model, its couplings at the start, and the two scales."""
    import jax.numpy as jnp

    from ..models._rooms import running_point
    from ..models._sources import matching_scale
    from ..running.flow import running_model
    from ..running.sm import sm_scale_range
    from ..running.start import benchmark_start, coupling_name
    from ..running.table import table_names

    changes = _changes(set_)
    card = _card(target)
    name = card.model if card else target
    known = sorted({m for m, _ in table_names()})
    if _running_name(name) not in known:
        hint = did_you_mean(name, [*known, *_RUNNING])
        raise InputError(
            f"{name!r} is neither a run card nor a model whose couplings run{hint}; "
            f"there are {', '.join(known)}."
        )
    model = running_model(_running_name(name), variant, _loops(loops), _charges(q_phi), freeze or ())
    point = _point(card) | changes if card else {}
    parameters = {name: jnp.asarray(value) for name, value in point.items()}
    given = scale or ("3 TeV" if card is None else None)
    mu = parse_energy(given, "--scale") if given else float(matching_scale(card)[1](parameters))
    mu_end = parse_energy(until, "--until")
    low, high = sm_scale_range()
    if not low <= mu < mu_end <= high:
        raise InputError(
            f"the flow must go upwards between {low:g} and {high:g} GeV, not from {mu:g} to {mu_end:g} GeV."
        )
    if card is None:
        return model, benchmark_start(model, changes, mu), mu, mu_end
    for change in changes:
        coupling_name(model, change)
    return model, running_point(card.entry, model, parameters, jnp.asarray(mu)).start, mu, mu_end


def _card(target: str) -> Any:
    """The run card that the target is or whose run it holds, or None for a model."""
    from ..runcard import RunCard

    path = Path(target)
    if path.is_dir():
        return RunCard.load(path / "run.yaml", output=target)
    if path.suffix not in (".yaml", ".yml"):
        return None
    return RunCard.load(path)


def _fixed(card: Any) -> dict[str, float]:
    return {n: float(p.value) for n, p in card.priors_of.items() if p.type == "fixed"}


def _point(card: Any) -> dict[str, float]:
    """Fixed parameters, and the best fit of the sampled ones."""
    point = _fixed(card)
    if card.sampled or card.matching.scale == "sampled":
        path = Path(card.output) / "best_fit.json"
        if not path.exists():
            raise InputError(
                f"the card samples {', '.join(card.sampled)}: run it first, since {path} is missing."
            )
        point |= {n: float(v) for n, v in _read_json(path)["parameters"].items()}
    return point | {n: point[other] for n, other in card.ties.items()}


def _band(folder: Path, model: "RunningModel", ln_mu: Any, draws: int) -> Any:
    """Couplings of posterior draws on given scales, (draw, scale, coupling); NaN below the start of a draw."""
    import arviz
    import jax
    import jax.numpy as jnp
    import numpy as np

    from ..models._rooms import running_point
    from ..models._sources import matching_scale
    from ..running.flow import flow as run

    card = _card(str(folder))
    posterior = arviz.from_netcdf(folder / "posterior.nc").posterior
    sampled = (*card.sampled, *(("muM",) if card.matching.scale == "sampled" else ()))
    samples = {n: posterior[n].values.ravel() for n in sampled}
    count = len(next(iter(samples.values())))
    chosen = np.linspace(0, count - 1, min(draws, count)).astype(int)
    fixed = _fixed(card)
    _, scale = matching_scale(card)

    def one(point: dict[str, Any]) -> Any:
        parameters = {n: jnp.asarray(v) for n, v in (fixed | point).items()}
        parameters |= {n: parameters[other] for n, other in card.ties.items()}
        mu = scale(parameters)
        start = running_point(card.entry, model, parameters, mu).start
        path = run(model, start, mu, jnp.exp(ln_mu[-1]), points=2 * len(ln_mu))
        at = jax.vmap(lambda column: jnp.interp(ln_mu, path.ln_mu, column, left=jnp.nan), 1, 1)
        return at(path.couplings)

    return np.asarray(jax.vmap(one)({n: jnp.asarray(v[chosen]) for n, v in samples.items()}))


# -- output ----------------------------------------------------------------------------------------------------


def _told(model: "RunningModel", result: "FlowResult", mu_end: float) -> list[str]:
    import numpy as np

    from ..running.flow import Outcome

    outcome, driver = Outcome(int(result.outcome)), model.names[int(result.driver)]
    end = float(np.exp(result.ln_mu_end))
    sentences = {
        Outcome.END: f"no Landau pole below {mu_end:.3g} GeV; the largest coupling there is {driver}.",
        Outcome.POLE: f"Landau pole: {driver} reaches 4 pi at {end:.4g} GeV.",
        Outcome.START: f"{driver} is larger than 4 pi already at the start.",
        Outcome.STEPS: f"the integration stopped at {end:.4g} GeV after {int(result.steps)} steps.",
        Outcome.NOT_FINITE: "the start is not finite.",
    }
    lines = [sentences[outcome]]
    margins = np.asarray(model.stability_margin(result.couplings))
    unstable = np.flatnonzero(margins < 0)
    if len(unstable):
        first = int(unstable[0])
        culprit, below = model.most_negative(result.couplings[first]), float(np.exp(result.ln_mu[first]))
        lines.append(f"the potential turns unstable below {below:.3g} GeV, driven by {culprit}.")
    else:
        lines.append("the quartic potential is stable along the whole flow.")
    columns = [n for n in model.names if float(np.max(np.abs(result.couplings[:, model.index(n)]))) > 0]
    lines.append(f"{'':14s}{'start':>12s}{'end':>12s}")
    for name in columns:
        i = model.index(name)
        lines.append(f"{name:14s}{float(result.couplings[0, i]):12.5g}{float(result.end[i]):12.5g}")
    return lines


def _document(model: "RunningModel", result: "FlowResult", loops: str) -> dict[str, Any]:
    import numpy as np

    from ..running.flow import Outcome

    inside = np.asarray(result.ln_mu) <= float(result.ln_mu_end) + 1e-12
    return {
        "model": model.name,
        "loops": list(_loops(loops)),
        "outcome": Outcome(int(result.outcome)).name.lower(),
        "mu_end_GeV": float(np.exp(result.ln_mu_end)),
        "largest_coupling": model.names[int(result.driver)],
        "mu_GeV": np.exp(np.asarray(result.ln_mu)[inside]).tolist(),
        "flow": {n: np.asarray(result.couplings)[inside, i].tolist() for i, n in enumerate(model.names)},
        "stability_margin": np.asarray(model.stability_margin(result.couplings))[inside].tolist(),
        "end": dict(zip(model.names, np.asarray(result.end).tolist())),
    }
