"""Predictions of observables: evolution, polynomials, expressions, in one differentiable function.

The artifact holds, for every observable, an expression in polynomials of low-energy and electroweak coefficients. Here
they are restricted to what a model can generate. Two treatments of the CKM matrix: fixed, or extracted anew at every
point from the four inputs of smelli's scheme (arXiv:1812.08163), to first order in the shift.
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..artifacts import load, read_meta
from ..errors import InputError, did_you_mean
from ..smeft.evolution import CKM_PARAMETERS, Evolution, build_evolution
from ._ckm import CKM_INPUTS, CkmScheme
from ._expressions import ExpressionGroup, evaluate, evaluate_groups, group_expressions
from ._polynomials import Polynomials, build_polynomials

__all__ = [
    "Predictions",
    "Restriction",
    "build_predictions",
    "named_forms",
    "observable_info",
    "predictions_checksum",
    "readable_name",
    "sm_polynomials",
    "sm_prediction",
    "variable_index",
]

_PATH = Path(str(files("muobayes.likelihood"))) / "data" / "predictions.json.gz"
CKM_TREATMENTS = ("refit", "fixed")
CKM_ITERATIONS = 3


@cache
def _artifact() -> dict[str, Any]:
    return load(_PATH, kind="predictions")


def predictions_checksum() -> str:
    """SHA-256 of the predictions."""
    return read_meta(_PATH)["sha256"]


def readable_name(key: str) -> str:
    """An observable as people write it: the name, with its arguments in brackets.

    Examples
    --------
    >>> readable_name('["<P5p>(B0->K*mumu)", 4.0, 6.0]')
    '<P5p>(B0->K*mumu)[4, 6]'
    """
    if not key.startswith("["):
        return key
    name, *arguments = json.loads(key)
    return f"{name}[{', '.join(f'{a:g}' for a in arguments)}]"


def observable_key(text: str, where: str = "observable") -> str:
    """The key of an observable from its key or its readable name (spaces after commas are optional).

    Raises
    ------
    InputError
        If there is no such observable; names the nearest one.
    """
    known = _artifact()["observables"]
    if text in known:
        return text
    by_readable = {readable_name(k).replace(" ", ""): k for k in known}
    compact = text.replace(" ", "")
    if compact in by_readable:
        return by_readable[compact]
    raise InputError(f"{where}: there is no observable {text!r}{did_you_mean(compact, by_readable)}.")


def observable_info(key: str) -> dict[str, Any]:
    """What an observable depends on: expression, coefficients with their EFT and scale, residual of the export."""
    a = _artifact()
    form = a["observables"][key]
    used: dict[int, None] = {}
    for name in form["components"]:
        component = a["components"][name]
        for i, *_ in component["linear"]:
            used[i] = None
        for i, j, _ in component["quadratic"]:
            used[i] = used[j] = None
    variables = [a["variables"][i] for i in used]
    return {
        "expression": form["expression"],
        "components": form["components"],
        "coefficients": sorted({f"{v[4]}" for v in variables}),
        "frames": sorted({f"{v[0]}@{v[2]:g} GeV" for v in variables}),
        "residual": form["residual"],
    }


@cache
def sm_prediction(key: str) -> float:
    """The SM prediction of an observable, flavio units."""
    a = _artifact()
    form = a["observables"][key]
    values = {f"p{i}": a["components"][c]["constant"] for i, c in enumerate(form["components"])}
    return float(evaluate(form["expression"], values))


class Restriction(NamedTuple):
    """What of the predictions is to be kept.

    Attributes
    ----------
    variables : frozenset of int
        Low-energy coefficients, as numbered in the artifact; the others are set to zero.
    ckm_inputs : tuple of int
        The inputs of the CKM scheme that move.
    ckm_iterations : int
        Of the CKM scheme.
    ckm_derivatives : frozenset of (int, int)
        CKM parameter and low-energy coefficient whose derivative by it is kept.
    """

    variables: frozenset[int]
    ckm_inputs: tuple[int, ...]
    ckm_iterations: int
    ckm_derivatives: frozenset[tuple[int, int]]


class Predictions(eqx.Module):
    """Observables as a function of the Warsaw coefficients that a model generates.

    Attributes
    ----------
    observables : tuple of str
        Keys, in the order of the result.
    variables : tuple of int
        Low-energy coefficients that are computed on the way, as numbered in the artifact.
    """

    observables: tuple[str, ...] = eqx.field(static=True)
    variables: tuple[int, ...] = eqx.field(static=True)
    evolution: Evolution
    polynomials: Polynomials
    groups: tuple[ExpressionGroup, ...]
    offset: Float[Array, " o"]
    scheme: CkmScheme | None

    def __call__(self, x: Float[Array, " x"], log_mu: Float[Array, ""] | float) -> Float[Array, " o"]:
        """Predictions in flavio units.

        Parameters
        ----------
        x : (n_x,) array
            Warsaw coefficients at mu_M on the model's support, GeV^-2.
        log_mu : scalar
            ln(mu_M / GeV).
        """
        y, shift = self.low_energy(x, log_mu)
        return self.at(y, shift)

    def low_energy(
        self, x: Float[Array, " x"], log_mu: Float[Array, ""] | float
    ) -> tuple[Float[Array, " y"], Float[Array, " 4"] | None]:
        """The low-energy coefficients, and the shift of the CKM parameters (None where the CKM matrix is fixed)."""
        y = self.evolution(x, log_mu)
        if self.scheme is None:
            return y, None
        y_by_ckm = self.evolution.by_ckm @ x
        shift = self.scheme(y, y_by_ckm)
        return y + self.evolution.response(y_by_ckm, shift), shift

    def at(self, y: Float[Array, " y"], shift: Float[Array, " 4"] | None = None) -> Float[Array, " o"]:
        """Predictions from the low-energy coefficients ``y`` and a shift of the CKM parameters."""
        return evaluate_groups(self.groups, self.polynomials(y, shift), len(self.observables)) + self.offset

    def combined(self, samples: np.ndarray) -> tuple[Float[Array, "r x"] | None, "Predictions"]:
        """The predictions as a function of the few combinations of x that a model can change independently.

        Parameters
        ----------
        samples : (k, n_x) array
            Warsaw coefficients that span what the model generates, GeV^-2.

        Returns
        -------
        combinations : (r, n_x) array or None
            None if they are not few.
        predictions : Predictions
            Of ``combinations @ x``.
        """
        combinations, evolution = self.evolution.combined(samples)
        return combinations, eqx.tree_at(lambda p: p.evolution, self, evolution)

    def ckm_shifts(self, x: Float[Array, " x"], log_mu: Float[Array, ""] | float) -> list[Float[Array, " 4"]]:
        """Shift of Vus, Vcb, Vub and gamma after each iteration (zero where the CKM matrix is fixed)."""
        if self.scheme is None:
            return [jnp.zeros(4)]
        return self.scheme.iterates(self.evolution(x, log_mu), self.evolution.by_ckm @ x)


def _ckm_scheme(
    evolution: Evolution, variables: np.ndarray, moving: tuple[int, ...], iterations: int
) -> CkmScheme:
    """The scheme in terms of the low-energy coefficients ``variables``."""
    components, forms = _components([CKM_INPUTS[i] for i in moving])
    places = np.flatnonzero(np.isin(variables, _variables(components)))
    derivatives = np.full((len(variables), len(CKM_PARAMETERS)), len(evolution.ckm_rows))
    derivatives[evolution.ckm_rows, evolution.ckm_parameters] = np.arange(len(evolution.ckm_rows))
    return CkmScheme(
        moving,
        iterations,
        places,
        derivatives[places],
        build_polynomials(components, list(variables[places])),
        group_expressions(forms),
        np.array([sm_prediction(o) for o in CKM_INPUTS]),
        np.array([_artifact()["ckm"][n] for n in CKM_PARAMETERS]),
    )


def build_predictions(
    observables: Sequence[str],
    support: np.ndarray,
    *,
    accuracy: str = "integrate",
    ckm: str = "refit",
    smelli_compatible: bool = False,
    mu: float | None = None,
    sm_values: dict[str, float] | None = None,
    only: Restriction | None = None,
) -> Predictions:
    """Restrict the exported predictions to some observables and to what a model can generate.

    Parameters
    ----------
    observables : sequence of str
        Keys.
    support : (n_x,) int array
        Places in the real vector of `muobayes.smeft.basis` that can be non-zero.
    accuracy : {"integrate", "leadinglog"}
        SMEFT running.
    ckm : {"refit", "fixed"}
        Treatment of the CKM matrix.
    smelli_compatible : bool
        Leave out the top threshold of the dipoles, as smelli does.
    mu : float or None
        Fixed matching scale in GeV, or None if it varies.
    sm_values : dict or None
        SM predictions of a data set that differ from the export (added as a constant shift).
    only : Restriction or None
        What is to be kept, if not everything.
    """
    if ckm not in CKM_TREATMENTS:
        raise InputError(f"ckm: {ckm!r} is unknown; allowed are {', '.join(CKM_TREATMENTS)}.")
    components, forms = _components(observables)
    inputs = () if ckm == "fixed" else range(4) if only is None else only.ckm_inputs
    input_components, _ = _components([CKM_INPUTS[i] for i in inputs])
    rows = np.array(_variables(components + input_components), dtype=int)
    if only is not None:
        rows = rows[np.isin(rows, list(only.variables))]
    evolution = build_evolution(support, rows, accuracy=accuracy, top_threshold=not smelli_compatible, mu=mu)
    reached = np.abs(np.asarray(evolution.operators)).max(axis=(0, 2), initial=0.0) > 0
    derivatives = np.ones(len(evolution.ckm_rows), bool)
    if only is not None:
        pairs = zip(evolution.ckm_parameters.tolist(), rows[evolution.ckm_rows].tolist(), strict=True)
        derivatives = np.array([pair in only.ckm_derivatives for pair in pairs], dtype=bool)
    rows, evolution = rows[reached], evolution.select(reached, derivatives)
    iterations = CKM_ITERATIONS if only is None else only.ckm_iterations
    scheme = _ckm_scheme(evolution, rows, tuple(inputs), iterations) if inputs else None
    changed = sm_values or {}
    return Predictions(
        tuple(observables),
        tuple(rows.tolist()),
        evolution,
        build_polynomials(components, list(rows)),
        group_expressions(forms),
        jnp.array([changed[o] - sm_prediction(o) if o in changed else 0.0 for o in observables]),
        scheme,
    )


def named_forms(observables: Sequence[str]) -> tuple[list[str], list[tuple[str, list[int]]]]:
    """The polynomials of some observables by name; for each observable its expression and where its polynomials stand."""
    names: dict[str, int] = {}
    forms = []
    for key in observables:
        form = _artifact()["observables"][key]
        forms.append((form["expression"], [names.setdefault(c, len(names)) for c in form["components"]]))
    return list(names), forms


def sm_polynomials(names: Sequence[str]) -> np.ndarray:
    """Values of some polynomials in the SM."""
    return np.array([_artifact()["components"][n]["constant"] for n in names])


def variable_index(eft: str, scale: float, name: str, part: str = "Re") -> int | None:
    """The number of a low-energy coefficient in the artifact; None if no observable depends on it."""
    for i, (its_eft, _, its_scale, _, its_name, its_part) in enumerate(_artifact()["variables"]):
        if (its_eft, its_scale, its_name, its_part) == (eft, scale, name, part):
            return i
    return None


def _components(
    observables: Sequence[str],
) -> tuple[list[dict[str, Any]], list[tuple[str, list[int]]]]:
    """The same with the polynomials themselves."""
    names, forms = named_forms(observables)
    return [_artifact()["components"][n] for n in names], forms


def _variables(components: Sequence[dict[str, Any]]) -> list[int]:
    """The low-energy coefficients in some polynomials, ascending."""
    linear = {i for c in components for i, *_ in c["linear"]}
    return sorted(linear | {k for c in components for i, j, _ in c["quadratic"] for k in (i, j)})
