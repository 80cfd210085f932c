"""``muobayes init``: a commented run card to start from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..models.catalogue import Parameter

_TEMPLATE = """\
# A run card. `muobayes check {card}` tells every mistake, `muobayes run {card}` runs it.
# Everything but `model` may be left out; what is commented out shows the default.

model: {model}   # `muobayes models` lists all
dataset: current   # {datasets}

# A sampled parameter has a prior, a fixed one a value; a mass needs a unit. One parameter may equal another.
#   eta33L: {{prior: {{type: uniform, low: -1, high: 1}}}}
#   M3: {{prior: {{type: loguniform, low: 1 TeV, high: 10 TeV}}}}
#   c_s: {{prior: {{type: normal, mean: -1, sd: 0.5, high: 0}}}}      # low and high may cut a normal prior
#   M1: {{prior: {{type: lognormal, median: 3 TeV, sd: 0.5}}}}        # sd in e-folds
#   phi: {{prior: {{type: periodic, low: 0, high: 6.283185307179586}}}}
#   M3: 3 TeV
#   eta13R: {{equals: eta13L}}
parameters:
{parameters}

# Matching to the SMEFT: loop order 0 or 1; the scale is an energy, the name of a mass, or `sampled`.
# matching: {{loop: 1, scale: 3 TeV}}

# Terms of the likelihood by name; all of them if `include` is not given.
# likelihood: {{include: [...], exclude: [...]}}

# New data, beside or instead of those of the data set (`muobayes observables` lists the names):
# measurements:
#   - {{observable: "BR(Bs->mumu)", value: 3.3e-9, uncertainty: 3e-10, replaces: [...]}}
#   - {{observable: "BR(Bs->mumu)", value: 3.3e-9, uncertainty: {{plus: 3e-10, minus: 2e-10}}}}
#   - {{observable: "BR(B0->mumu)", upper_limit: 1.5e-10, confidence: 0.95}}
#   - {{observables: [a, b], values: [1, 2], uncertainties: [0.1, 0.2], correlation: [[1, 0.3], [0.3, 1]]}}
#   - {{drop: [...]}}                                  # measurements of the data set, by name
#   - {{scale: [...], experiment: 0.3, theory: 0.5}}   # a projection: smaller uncertainties

# sampler: {{type: nuts, chains: 4, warmup: 1000, draws: 1000, target_accept: 0.9, max_tree_depth: 10}}
# Nested sampling of `muobayes evidence`.
# evidence: {{live: 500, runs: 4, steps_per_dimension: 5}}

# A figure of two sampled parameters with the regions that groups of terms prefer:
# plane: {{x: {x}, y: {y}}}

# seed: 1
# output: runs/output/{stem}
"""


def init(
    card: Annotated[Path, typer.Argument(help="the file to write")],
    model: Annotated[str, typer.Option(help="a model of the catalogue")] = "type-a/b-3lmu",
) -> None:
    """Write a commented run card for a model, with its parameters and their default priors."""
    from ..models.catalogue import read_model
    from ..runcard import DATASETS

    entry = read_model(model)
    if card.exists():
        raise InputError(f"{card}: the file exists; choose another name.")
    names = list(entry.parameters)
    sampled = [n for n, p in entry.parameters.items() if p.prior.type != "fixed"] or names
    text = _TEMPLATE.format(
        card=card,
        model=model,
        datasets=", ".join(DATASETS),
        parameters="\n".join(_line(name, p) for name, p in entry.parameters.items()) or "  {}",
        x=sampled[0] if sampled else "...",
        y=sampled[-1] if sampled else "...",
        stem=card.stem,
    )
    try:
        card.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{card}: the file cannot be written ({error.strerror}).") from None
    typer.echo(f"Wrote {card}; next: muobayes check {card}")


def _line(name: str, parameter: "Parameter") -> str:
    import yaml

    from .._parameters import Parameter as Chosen
    from .._parameters import written

    value = written(Chosen(prior=parameter.prior), parameter.unit)
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)
    text = text.removesuffix("...\n").strip()
    return f"  # {name}: {text}".ljust(60) + f"  # {parameter.description}"
