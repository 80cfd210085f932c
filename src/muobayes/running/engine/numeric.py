"""Beta functions at one point with complex flavour matrices, loop order by loop order (offline, exact)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import InputError, did_you_mean
from .betas import beta_rows, prepare
from .model import Model

__all__ = ["beta_functions", "gauge_names"]

GAUGE_OF = {"b_2": "g_2", "b_3": "g_3"}


def gauge_names(model: Model) -> list[str]:
    """Names of the gauge couplings and, with two U(1), of the kinetic mixing."""
    names = [f"g_{u1}" for u1 in model.abelian] + ["g_2", "g_3"]
    if len(model.abelian) == 2:
        names.append(f"eps_B{model.abelian[1]}")
    return names


def _array(model: Model, name: str, value: Any, shape: tuple[int, ...], is_complex: bool) -> np.ndarray:
    try:
        if isinstance(value, Mapping):
            if set(value) - {"re", "im"}:
                raise InputError(f"coupling {name}: a complex number is written {{'re': ..., 'im': ...}}.")
            array = np.asarray(value.get("re", 0.0), float) + 1j * np.asarray(value.get("im", 0.0), float)
        else:
            array = np.asarray(value, float).astype(complex)
    except (TypeError, ValueError):
        raise InputError(f"coupling {name}: {value!r} is not a number or an array of numbers.") from None
    if array.shape != shape:
        raise InputError(f"coupling {name}: the shape {list(array.shape)} should be {list(shape)}.")
    if not np.all(np.isfinite(array)):
        raise InputError(f"coupling {name}: it must be finite.")
    if not is_complex and np.any(array.imag != 0):
        raise InputError(f"coupling {name}: it must be real.")
    return array


def symbol_values(model: Model, couplings: Mapping[str, Any]) -> tuple[np.ndarray, dict[str, float]]:
    """Values of the model's symbols, and the gauge couplings, from couplings by name; absent ones are zero."""
    gauge = gauge_names(model)
    shapes = {c.name: (c.shape, c.is_complex) for c in (*model.yukawas, *model.quartics)}
    for name in couplings:
        if name not in shapes and name not in gauge:
            hint = did_you_mean(name, [*shapes, *gauge])
            raise InputError(f"coupling {name!r} is not part of the model {model.name}{hint}.")
    g = {n: float(_array(model, n, couplings.get(n, 0.0), (), False).real) for n in gauge}
    values = squared_couplings(model, g)
    values |= {name: float(q) for name, q in model.parameters.items()}
    for name, (shape, is_complex) in shapes.items():
        array = _array(model, name, couplings.get(name, np.zeros(shape)), shape, is_complex)
        for index in np.ndindex(*shape):
            label = f"{name}[{','.join(str(i + 1) for i in index)}]" if index else name
            values[label] = float(array[index].real)
            values[f"{label}.im"] = float(array[index].imag)
    return np.array([values[s] for s in model.symbols]), g


def squared_couplings(model: Model, g: Mapping[str, float]) -> dict[str, float]:
    """The matrix G = D K^-1 D of the abelian factors and the squares of the other couplings."""
    values = {"G_2": g["g_2"] ** 2, "G_3": g["g_3"] ** 2}
    if len(model.abelian) == 1:
        return values | {f"G_{model.abelian[0] * 2}": g[f"g_{model.abelian[0]}"] ** 2}
    a, b = model.abelian
    eps = g[f"eps_B{b}"]
    if abs(eps) >= 1:
        raise InputError(f"coupling eps_B{b}: the kinetic mixing must lie between -1 and 1.")
    scale = 1 / (1 - eps**2)
    ga, gb = g[f"g_{a}"], g[f"g_{b}"]
    return values | {
        f"G_{a}{a}": ga**2 * scale,
        f"G_{a}{b}": ga * gb * eps * scale,
        f"G_{b}{b}": gb**2 * scale,
    }


def beta_functions(
    model: Model, couplings: Mapping[str, Any], loops: tuple[int, int, int]
) -> dict[str, dict]:
    """Beta functions by loop order, without the factors (16 pi^2)^-L.

    Parameters
    ----------
    model : Model
    couplings : mapping
        Name -> number, nested list, or ``{"re": ..., "im": ...}``; absent couplings are zero.
    loops : (gauge, yukawa, quartic)
        The highest loop orders, at most 3, 2, 2.

    Returns
    -------
    dict
        ``{"1": {coupling: value}, ...}`` in the form of the input.
    """
    for wanted, highest, kind in zip(loops, (3, 2, 2), ("gauge", "Yukawa", "quartic")):
        if not 0 <= wanted <= highest:
            raise InputError(f"loops: {kind} beta functions are known to {highest} loops, not {wanted}.")
    values, g = symbol_values(model, couplings)
    prepared = prepare(model, values)
    out: dict[str, dict] = {}
    for loop in range(1, max(loops) + 1):
        found: dict[str, float] = {}
        for kind, highest in zip(("gauge", "yukawa", "quartic"), loops):
            if loop <= highest:
                rows = beta_rows(prepared, kind, loop)
                labels = prepared.labels[kind]
                found |= dict.fromkeys(labels, 0.0)
                found |= {labels[k]: float(v) for k, v in zip(rows.idx[:, 0], rows.val.real)}
        out[str(loop)] = _named(model, found, g)
    return out


def _named(model: Model, found: Mapping[str, float], g: Mapping[str, float]) -> dict:
    named: dict[str, Any] = {}
    if "b_2" in found:
        for u1 in model.abelian:
            named[f"g_{u1}"] = g[f"g_{u1}"] ** 3 * found[f"b_{u1}{u1}"] / 2
        for b, name in GAUGE_OF.items():
            named[name] = g[name] ** 3 * found[b] / 2
        if len(model.abelian) == 2:
            a, b = model.abelian
            eps = f"eps_B{b}"
            ga, gb = g[f"g_{a}"], g[f"g_{b}"]
            legs = ga**2 * found[f"b_{a}{a}"] / 2 + gb**2 * found[f"b_{b}{b}"] / 2
            named[eps] = ga * gb * found[f"b_{a}{b}"] + g[eps] * legs
    for coupling in (*model.yukawas, *model.quartics):
        labels = coupling.components()
        if labels[0] not in found:
            continue
        values = np.array([found[label] for label in labels])
        if coupling.is_complex:
            re, im = values.reshape(2, *coupling.shape)
            named[coupling.name] = {"re": re.tolist(), "im": im.tolist()}
        else:
            named[coupling.name] = values.reshape(coupling.shape).tolist()
    return named
