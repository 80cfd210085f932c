"""Write the beta functions of a model as a polynomial table with exact rational coefficients."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ... import artifacts
from ...errors import InputError, did_you_mean
from ..table import KIND, table_path
from .betas import beta_rows, prepare
from .directions import stability_rows
from .model import Model, load_model
from .sparse import unpack_exponents

__all__ = ["generate", "table_document"]

LOOPS = {"gauge": 3, "yukawa": 2, "quartic": 2}
ACCURACY = 1e-16  # of the coefficients, relative (or absolute where they are below one)


def _rational(value: np.longdouble, charges: int) -> Fraction:
    """The rational number behind a coefficient.

    Coefficients are sums of products of template coefficients, charges and group factors, so their denominators
    are powers of 2 and 3 times powers of the common denominator of the charges.
    """
    for power in range(11):
        denominator = (6 if 6 % charges == 0 else 6 * charges) ** power
        scaled = value * denominator
        tolerance = ACCURACY * np.maximum(1, np.abs(value)) * denominator
        if abs(scaled - np.rint(scaled)) < tolerance < 0.01:
            return Fraction(int(np.rint(scaled)), denominator)
    raise ArithmeticError(f"no rational number was recognised in the coefficient {value!r}")


def table_document(model: Model, variant: str, stability: np.ndarray) -> dict:
    """The polynomial table of a model for the real couplings of one of its ``tables``.

    `stability` holds the directions of `stability_rows`.

    Raises
    ------
    InputError
        If the variant is unknown, an operator breaks a gauge symmetry, or the renormalisation group switches on
        a coupling that the variant leaves out.
    """
    variants = model.description.get("tables", {})
    if variant not in variants:
        names = ", ".join(variants) or "none"
        raise InputError(
            f"{model.name}: no table {variant!r}{did_you_mean(variant, variants)}; there are {names}."
        )
    quartics = [c.name for c in model.quartics]
    restricted = model.restricted([*variants[variant], *quartics])
    restricted.check_invariance()
    check_closure(model, restricted)
    prepared = prepare(restricted)
    charges = int(np.lcm.reduce([c.denominator for c in _charges(model)]))
    terms: dict[str, dict[str, list]] = {}
    for kind, highest in LOOPS.items():
        terms[kind] = {}
        for loop in range(1, highest + 1):
            rows = beta_rows(prepared, kind, loop)
            exponents = unpack_exponents(rows.mono, len(restricted.symbols))
            listed = []
            for k, powers, value in zip(rows.idx[:, 0], exponents, rows.val.real):
                factors = [int(s) for s in np.flatnonzero(powers) for _ in range(powers[s])]
                coefficient = _rational(value, charges)
                if coefficient:
                    listed.append([int(k), factors, str(coefficient)])
            terms[kind][str(loop)] = sorted(listed)
    return {
        "model": model.name,
        "variant": variant,
        "abelian": list(model.abelian),
        "parameters": {k: str(v) for k, v in model.parameters.items()},
        "symbols": restricted.symbols,
        "outputs": dict(prepared.labels),
        "terms": terms,
        "stability": stability.tolist(),
        "benchmark": {k: float(v) for k, v in model.description.get("benchmark", {}).items()},
    }


def _charges(model: Model) -> list[Fraction]:
    return [number for f in (model.fermions | model.scalars).values() for number, _ in f.charges]


def check_closure(model: Model, restricted: Model) -> None:
    """Refuse a restriction to some couplings that the renormalisation group does not respect."""
    rng = np.random.default_rng(5)
    kept = set(restricted.symbols)
    values = np.array([rng.uniform(0.3, 1.0) if s in kept else 0.0 for s in model.symbols])
    prepared = prepare(model, values)
    for kind in ("yukawa", "quartic"):
        for loop in (1, 2):
            rows = beta_rows(prepared, kind, loop)
            for k, value in zip(rows.idx[:, 0], rows.val.real):
                name = prepared.labels[kind][k]
                if name not in kept and abs(value) > 1e-9:
                    raise InputError(
                        f"{model.name}: the coupling {name} is generated at {loop} loop(s); keep it."
                    )


def generate(name: str, variant: str | None = None) -> list[str]:
    """Generate and store the tables of a model (all of its variants, or one); returns the paths written."""
    model = load_model(name)
    variants = model.description.get("tables", {})
    if not variants:
        raise InputError(f"{model.name}: the description lists no tables.")
    quartics = model.restricted([c.name for c in model.quartics])
    stability = stability_rows(quartics)
    paths = []
    for chosen in [variant] if variant else list(variants):
        path = table_path(model.name, chosen)
        templates = "arXiv:1906.04625, with the coefficients of RGBeta and PyR@TE 3"
        inputs = {"description": model.description, "templates": templates}
        artifacts.save(path, table_document(model, chosen, stability), kind=KIND, inputs=inputs)
        paths.append(str(path))
    return paths
