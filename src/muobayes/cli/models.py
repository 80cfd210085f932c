"""``muobayes models``, ``new-model`` and ``consistency``: the catalogue, and models of one's own."""

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..lagrangian.consistency import Consistency
    from ..models.catalogue import ModelEntry

_TEMPLATE = """\
# A model of one's own: charges, mediators and parameters as data. Check it with `muobayes new-model {name}`,
# look at its symmetries with `muobayes consistency {name}`, and fit it with `model: {name}` in a run card.
name: my/model
title: S1 and S3 muoquarks of a U(1)_X of my own
reference: none yet
gauge:
  group: U(1)_X
  # Charges are exact: integers or fractions such as 8/3. `q` stands for all generations, `q3` for one of
  # them; fermions and H that are not named are neutral. Phi and every leptoquark need a charge.
  charges: {{q: 1/3, u: 1/3, d: 1/3, l2: -3, e2: -3, nu2: -3, Phi: 3, S1: 8/3, S3: 8/3}}
  # fermions: {{F: {{su3: 3, su2: 2, hypercharge: 1/6, charge: 1}}}}     # beyond the SM with three nu_R
mediators: [S1, S3]          # {leptoquarks}, each with an optional suffix (S1tau)
x: decoupled                 # what the gauge boson does at low energy: decoupled, light or heavy
sectors: [leptoquark-s1, leptoquark-s3]    # {sectors}
use: [s1, s3, spurion]       # blocks of parameters with default priors: {blocks}
parameters:                  # one's own parameters, or other priors for those of the blocks
  eta33L: {{prior: {{type: uniform, low: -1, high: 1}}}}
explains: {{b->smumu: S3, (g-2)_mu: S1}}
cannot: [b->ctaunu]
"""


def models(
    name: Annotated[str | None, typer.Argument(help="a model of the catalogue, or a model file")] = None,
) -> None:
    """List the catalogue of models, or show one: gauge charges, mediators, parameters and their priors."""
    from ..models.catalogue import model_names, read_model, resolve_model

    if name is not None:
        typer.echo("\n".join(_describe(resolve_model(name))))
        return
    for entry in map(read_model, model_names()):
        explains = ", ".join(f"{anomaly} by {field}" for anomaly, field in entry.explains.items()) or "none"
        typer.echo(f"{entry.name:24s} {entry.title}")
        typer.echo(f"{'':24s}   explains: {explains}; cannot: {', '.join(entry.cannot) or '-'}")


def new_model(
    card: Annotated[
        Path, typer.Argument(help="model file: written if it does not exist, checked if it does")
    ],
) -> None:
    """Write a commented template of a model of one's own; if the file exists, check it instead."""
    from ..lagrangian.fields import LEPTOQUARKS
    from ..models.catalogue import SECTORS, parameter_blocks, read_model_file

    if card.suffix not in (".yaml", ".yml"):
        raise InputError(f"{card}: a model file ends in .yaml.")
    if card.exists():
        entry = read_model_file(card)
        typer.echo("\n".join([*_describe(entry), "", *_summary(_check(entry))]))
        return
    text = _TEMPLATE.format(
        name=card,
        leptoquarks=", ".join(LEPTOQUARKS),
        sectors=", ".join(SECTORS),
        blocks=", ".join(parameter_blocks()),
    )
    try:
        card.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{card}: the file cannot be written ({error.strerror}).") from None
    typer.echo(f"wrote {card}; edit it, then run the same command again to check it")


def consistency(
    model: Annotated[str, typer.Argument(help="a model of the catalogue, or a model file")],
    search: Annotated[
        int | None,
        typer.Option(
            help="instead: all vector-like charges up to this integer for which its leptoquarks are safe"
        ),
    ] = None,
    realistic: Annotated[
        bool, typer.Option(help="with --search: only those with a realistic seesaw")
    ] = False,
    json_path: Annotated[Path | None, typer.Option("--json", help="write the result to this file")] = None,
) -> None:
    """Anomalies, leptoquark selection rules, baryon number to dimension five, and neutrino textures."""
    from ..models.catalogue import resolve_model

    entry = resolve_model(model)
    if entry.gauge is None:
        raise InputError(f"consistency: {entry.name} has no U(1)_X; choose a model with a gauge group.")
    document = _search(entry, search, realistic) if search is not None else _report(entry)
    if json_path is not None:
        try:
            json_path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise InputError(f"--json: {json_path} cannot be written ({error.strerror}).") from None


def _check(entry: "ModelEntry") -> "Consistency":
    from ..lagrangian.consistency import check

    extra = [] if entry.gauge is None else [field.as_field() for field in entry.gauge.fermions.values()]
    return check(entry.charges, entry.mediators, extra)


def _describe(entry: "ModelEntry") -> list[str]:
    lines = [f"{entry.name}: {entry.title}", f"  reference   {entry.reference}"]
    if entry.gauge is not None:
        charged = {field: charge for field, charge in entry.charges.items() if charge}
        lines.append(f"  gauge       {entry.gauge.group}; X is {entry.x}")
        lines.append(f"  charges     {', '.join(f'{field} {charge}' for field, charge in charged.items())}")
    lines.append(f"  mediators   {', '.join(entry.mediators) or 'none'}")
    lines += [f"  explains    {anomaly} ({field})" for anomaly, field in entry.explains.items()]
    lines.append(f"  cannot      {', '.join(entry.cannot) or '-'}")
    lines += [f"  note        {note}" for note in entry.notes]
    if entry.parameters:
        lines.append("  parameters")
    for name, parameter in entry.parameters.items():
        lines.append(f"    {name:10s} {_prior(parameter.prior, parameter.unit):34s} {parameter.description}")
    return lines


def _prior(prior: Any, unit: str) -> str:
    values = {key: value for key, value in prior.model_dump().items() if key != "type" and value is not None}
    if prior.type == "fixed":
        return f"fixed: {values['value']:g} {unit}".rstrip()
    return f"{prior.type}({', '.join(f'{key} {value:g}' for key, value in values.items())}) {unit}".rstrip()


def _summary(result: "Consistency") -> list[str]:
    bad = [f"{name} = {value}" for name, value in result.anomalies.items() if value]
    lines = ["anomalies: " + ("all vanish" if not bad else "; ".join(bad))]
    for leptoquark in result.leptoquarks:
        couplings = _grouped(leptoquark.lepton_quark) or ["none"]
        lines.append(f"{leptoquark.name} is a {leptoquark.character}: {'; '.join(couplings)}")
        lines.append(f"  diquark couplings: {'; '.join(_grouped(leptoquark.diquark)) or 'none'}")
    for dimension in (4, 5):
        violating = [op for op in result.baryon_violation if op.dimension == dimension]
        verdict = "; ".join(_grouped(violating)) if violating else "none"
        lines.append(f"baryon-number violation at dimension {dimension}: {verdict}")
    lines.append(
        "leptoquark couplings to other leptons at dimension 5 (suppressed by v_Phi or v over the cutoff): "
        + ("; ".join(_grouped(result.flavour_violation)) or "none")
    )
    return lines


def _report(entry: "ModelEntry") -> dict[str, Any]:
    result = _check(entry)
    typer.echo("\n".join([f"{entry.name}: {entry.title}", *_summary(result)]))
    for name, pattern in result.yukawas.items():
        missing = [f"{i + 1}{j + 1}" for i in range(3) for j in range(3) if not pattern[i][j]]
        if missing:
            typer.echo(f"Yukawa matrix {name}: U(1)_X forbids the entries {', '.join(missing)}")
    neutrinos = result.neutrinos
    typer.echo("neutrinos (x: allowed, P: with Phi, 0: forbidden)")
    for i in range(3):
        dirac = " ".join("x" if entry_ else "0" for entry_ in neutrinos.y_nu[i])
        majorana = " ".join(
            "x" if bare else "P" if phi else "0" for bare, phi in zip(neutrinos.M_R[i], neutrinos.y_Phi[i])
        )
        typer.echo(f"  {'y_nu =' if i == 1 else '':8s}{dirac}{'M_N =' if i == 1 else '':>12s} {majorana}")
    typer.echo(f"  massless light neutrinos: {neutrinos.massless}; all flavours mix: {_yes(neutrinos.mixed)}")
    typer.echo(
        f"  zeros of m_nu: {_pairs(neutrinos.zeros)}; zeros of its inverse: {_pairs(neutrinos.minors)}"
        + (f"; type {neutrinos.name}" if neutrinos.name else "")
    )
    return {
        "model": entry.name,
        "anomalies": {name: str(value) for name, value in result.anomalies.items()},
        "anomaly_free": result.anomaly_free,
        "leptoquarks": {
            lq.name: {
                "character": lq.character,
                "lepton_quark": [op.text for op in lq.lepton_quark],
                "diquark": [op.text for op in lq.diquark],
            }
            for lq in result.leptoquarks
        },
        "baryon_number_safe": result.baryon_number_safe,
        "baryon_violation": {
            f"dimension {d}": [op.text for op in result.baryon_violation if op.dimension == d] for d in (4, 5)
        },
        "flavour_violation": [op.text for op in result.flavour_violation],
        "neutrinos": neutrinos._asdict(),
        "yukawas": result.yukawas,
    }


def _search(entry: "ModelEntry", bound: int, realistic: bool) -> dict[str, Any]:
    from ..lagrangian.search import search, vectorlike_assignments

    if not 1 <= bound <= 30:
        raise InputError(f"--search: {bound} is out of range; choose a largest charge between 1 and 30.")
    generations = {}
    for leptoquark in _check(entry).leptoquarks:
        if len(leptoquark.lepton_generations) != 1:
            raise InputError(
                f"--search: {leptoquark.name} of {entry.name} is a {leptoquark.character}, "
                f"so there is no lepton generation to search for."
            )
        generations[leptoquark.name] = leptoquark.lepton_generations[0]
    if not generations:
        raise InputError(f"--search: {entry.name} has no leptoquark to keep safe.")
    total = sum(1 for _ in vectorlike_assignments(bound))
    found = [a for a in search(bound, generations) if a.neutrinos.realistic or not realistic]
    typer.echo(
        f"{total} anomaly-free assignments with integer charges up to {bound}; "
        f"{len({a[:2] for a in found})} are safe for {', '.join(generations)} with a suitable Phi"
    )
    rows = []
    for charges, group in groupby(found, key=lambda a: (a.quark, a.leptons, a.leptoquarks)):
        assignments = list(group)
        quark, leptons, leptoquarks = charges
        typer.echo(
            "  q {:3d}  e {:3d}  mu {:3d}  tau {:3d}  ".format(quark, *leptons)
            + "  ".join(f"{name} {charge}" for name, charge in leptoquarks.items())
            + "  Phi "
            + ", ".join(f"{a.phi}{'*' if a.neutrinos.realistic else ''}" for a in assignments)
        )
        rows += [
            {
                "q": quark,
                "leptons": leptons,
                "Phi": a.phi,
                "leptoquarks": {name: str(charge) for name, charge in leptoquarks.items()},
                "realistic_neutrinos": a.neutrinos.realistic,
                "minors": a.neutrinos.minors,
            }
            for a in assignments
        ]
    typer.echo("  (*: with this Phi the seesaw gives at most one massless neutrino, and all flavours mix)")
    return {"bound": bound, "anomaly_free": total, "safe": rows}


def _grouped(operators: Any) -> list[str]:
    """Operators that differ by generations only, on one line: ``q l S1 (q1 l2, q2 l2, q3 l2)``."""
    groups: dict[str, list[str]] = {}
    for operator in operators:
        words = operator.text.split()
        fermions = [word for word in words if word[-1] in "123" and word.rstrip("123") not in ("S", "R")]
        kind = " ".join(word.rstrip("123") if word in fermions else word for word in words)
        groups.setdefault(kind, []).append("".join(word[-1] for word in fermions))
    return [
        f"{kind} ({', '.join(generations)})" if any(generations) else kind
        for kind, generations in groups.items()
    ]


def _pairs(pairs: Any) -> str:
    return ", ".join(f"{a} {b}" for a, b in pairs) or "none"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
