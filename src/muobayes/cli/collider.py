"""``muobayes heavyx`` and ``muobayes neutrinos``: one point of the collider and neutrino sectors."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError, did_you_mean
from ..units import parse_energy


def heavyx(
    model: Annotated[str, typer.Option(help="a model of the catalogue, or a model file")],
    gX: Annotated[float, typer.Option("--gX", help="gauge coupling")],
    mX: Annotated[str, typer.Option("--mX", help="mass of X with its unit, such as '3 TeV'")],
    epsBX: Annotated[float, typer.Option("--epsBX", help="kinetic mixing with hypercharge")] = 0.0,
    json_path: Annotated[Path | None, typer.Option("--json", help="write the result to this file")] = None,
) -> None:
    """A heavy X at the LHC: couplings, width, sigma x BR, expected events, log-likelihoods, SMEFT coefficients.

    Flavour mixing among quarks (gbs, thetasb of type C) is not included: it is a small effect at high masses.
    """
    from ..models.catalogue import resolve_model

    mass = parse_energy(mX, "--mX")
    if not 250.0 <= mass <= 1e5:
        raise InputError(
            f"--mX: {mX} is out of range; the dimuon searches cover an X between 250 GeV and 100 TeV."
        )
    entry = resolve_model(model)
    if entry.gauge is None:
        raise InputError(f"--model: {entry.name} has no U(1)_X; choose a model with a gauge group.")

    import jax
    import jax.numpy as jnp

    from ..likelihood.collider.resonance import atlas_dimuon, narrow_width_cross_section, signal
    from ..likelihood.collider.sector import collider_sector
    from ..likelihood.collider.x_boson import G_PRIME, branching_mumu, heavy_x, width
    from ..likelihood.light_x.couplings import FERMIONS, charges_from
    from ..matching.heavy_x import current, heavy_x_matching
    from ..models._sources import sm_at

    resonance = atlas_dimuon()
    fermions = {name: float(q) for name, q in entry.charges.items() if name not in entry.mediators}
    charges = charges_from(fermions, f"model {entry.name}")
    searches = collider_sector(fermions, (), "heavy", sm_at(1000.0))
    matching = heavy_x_matching()

    @jax.jit
    def evaluate(gX: jax.Array, mX: jax.Array, epsBX: jax.Array) -> dict[str, Any]:
        x = heavy_x(charges, mX, gX, epsBX, fermions["H"])
        return {
            "left": x.couplings.left,
            "right": x.couplings.right,
            "width": width(x),
            "branching_mumu": branching_mumu(x),
            "cross_section": narrow_width_cross_section(x),
            "events": jnp.sum(signal(resonance, x)),
            "terms": searches({"gX": gX, "mX": mX, "epsBX": epsBX}),
            "wcxf": matching(current(fermions, gX, epsBX, G_PRIME), mX),
        }

    result = evaluate(gX, mass, epsBX)
    couplings = {
        name: [float(left), float(right)]
        for name, left, right in zip(FERMIONS, result["left"], result["right"])
    }
    document: dict[str, Any] = {
        "model": entry.name,
        "couplings": couplings,
        "width": float(result["width"]),
        "branching_mumu": float(result["branching_mumu"]),
        "sigma_times_BR_fb": float(result["cross_section"]),
        "events_ATLAS": float(result["events"]),
        "log_likelihood": {name: float(value) for name, value in result["terms"].items()},
        "wcxf": {
            name: [value.real, value.imag] if value.imag else value.real
            for name, value in matching.to_wcxf(result["wcxf"]).items()
            if value
        },
    }
    typer.echo(f"{entry.name}: gX = {gX:g}, mX = {mass:g} GeV, epsBX = {epsBX:g}")
    for name, (left, right) in couplings.items():
        typer.echo(f"  g({name:6s}) left {left: .5g}  right {right: .5g}")
    typer.echo(f"  width                    {document['width']:.5g} GeV")
    typer.echo(f"  BR(X -> mu mu)           {document['branching_mumu']:.5g}")
    typer.echo(f"  sigma(pp -> X) BR(mumu)  {document['sigma_times_BR_fb']:.5g} fb at 13 TeV")
    typer.echo(f"  signal events in ATLAS   {document['events_ATLAS']:.5g} (139/fb, search window)")
    for name, value in document["log_likelihood"].items():
        typer.echo(f"  -2 ln L, {name:24s} {-2 * value:.5g} (relative to the SM)")
    _write(json_path, document)


def neutrinos(
    model: Annotated[str, typer.Option(help="a model with a neutrino sector")],
    values: Annotated[
        list[str], typer.Argument(help="parameters as name=value, such as ynu11=1e-6 'MR11=1 TeV'")
    ],
    ordering: Annotated[str, typer.Option(help="NO (normal) or IO (inverted)")] = "NO",
    nufit: Annotated[str, typer.Option(help="release of NuFIT")] = "6.0",
    json_path: Annotated[Path | None, typer.Option("--json", help="write the result to this file")] = None,
) -> None:
    """A point of the seesaw: masses, mixing, m_bb, and the log-likelihoods of the neutrino data."""
    from ..models.catalogue import resolve_model

    entry = resolve_model(model)
    if "neutrinos" not in entry.sectors:
        raise InputError(
            f"--model: {entry.name} has no neutrino sector; choose neutrinos/b-3lmu, for example."
        )
    point = {n: p.prior.value for n, p in entry.parameters.items() if p.prior.type == "fixed"}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or name not in entry.parameters:
            hint = did_you_mean(name, entry.parameters)
            raise InputError(f"{text!r}: {entry.name} has no parameter {name!r}{hint}; write name=value.")
        point[name] = _value(name, value, entry.parameters[name].unit)
    missing = [
        name for name, p in entry.parameters.items() if name not in point and p.prior.type != "periodic"
    ]
    if missing:
        raise InputError(f"neutrinos: give values for {', '.join(missing)} as well.")

    from ..lagrangian.textures import neutrino_texture
    from ..likelihood.neutrino.mixing import effective_mass, oscillation, takagi
    from ..likelihood.neutrino.seesaw import seesaw
    from ..likelihood.neutrino.terms import neutrino_data, neutrino_terms

    data = neutrino_data(ordering, nufit)
    sector = seesaw(neutrino_texture(entry.charges), point)
    v_Phi = point["mX"] / (2**0.5 * abs(float(entry.charges["Phi"])) * point["gX"])
    m = sector.light_masses(point, v_Phi)
    masses, U = takagi(m)
    document: dict[str, Any] = {
        "model": entry.name,
        "v_Phi": v_Phi,
        "masses_eV": [float(x) for x in masses],
        "sum_eV": float(sum(masses)),
        "m_bb_eV": float(effective_mass(m)),
        "oscillation": {n: float(x) for n, x in oscillation(masses, U, ordering)._asdict().items()},
        "log_likelihood": {n: float(x) for n, x in neutrino_terms(data, m).items()},
    }
    typer.echo(f"{entry.name}: v_Phi = {v_Phi:.5g} GeV")
    typer.echo(
        f"  masses (eV)  {', '.join(f'{x:.5g}' for x in document['masses_eV'])}; sum {document['sum_eV']:.5g}"
    )
    typer.echo(f"  m_bb (eV)    {document['m_bb_eV']:.5g}")
    for name, value in document["oscillation"].items():
        typer.echo(f"  {name:12s} {value:.5g}")
    for name, value in document["log_likelihood"].items():
        typer.echo(f"  ln L, {name:32s} {value:.5g}")
    _write(json_path, document)


def _value(name: str, text: str, unit: str) -> float:
    if unit:
        return parse_energy(text, name)
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{name}: {text!r} is not a number.") from None


def _write(path: Path | None, document: dict[str, Any]) -> None:
    if path is None:
        return
    try:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--json: {path} cannot be written ({error.strerror}).") from None
