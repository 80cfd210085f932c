"""Observables as expressions in polynomials, evaluated for many observables at once.

An artifact states ``"p0/p1"`` or ``"p0/(2*sqrt(-p1*p2))"`` for each observable. Observables with the same expression
are evaluated together, on arrays; the expressions are parsed (not run) against a short list of allowed operations.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": jnp.sqrt,
    "log": jnp.log,
    "abs": jnp.abs,
    "sign": jnp.sign,
    "cos": jnp.cos,
    "sin": jnp.sin,
    "arctan2": jnp.arctan2,
    "hypot": lambda x, y: jnp.sqrt(x * x + y * y),
}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_CONSTANTS = {"pi": np.pi}


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Parameters
    ----------
    expression : str
        Arithmetic in the names of ``values``, ``pi`` and the functions sqrt, log, abs, sign, cos, sin, arctan2, hypot.
    values : mapping of str to array
        What the names stand for.

    Raises
    ------
    ValueError
        If the expression contains anything else.

    Examples
    --------
    >>> float(evaluate("p0/p1**2", {"p0": 8.0, "p1": 2.0}))
    2.0
    """
    return _visit(ast.parse(expression, mode="eval").body, values)


def _visit(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_visit(operand, values)
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int() as power)):
            return _visit(base, values) ** power
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_visit(left, values), _visit(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_visit(a, values) for a in arguments))
    raise ValueError(f"not allowed in an observable's expression: {ast.unparse(node)}")


class ExpressionGroup(NamedTuple):
    """Observables that share an expression: their places, and the places of their polynomials."""

    expression: str
    places: np.ndarray  # (n,) in the vector of observables
    arguments: np.ndarray  # (number of names, n) in the vector of polynomials


def group_expressions(forms: Sequence[tuple[str, Sequence[int]]]) -> tuple[ExpressionGroup, ...]:
    """Sort observables by expression.

    Parameters
    ----------
    forms : sequence of (expression, places of p0, p1, ... in the vector of polynomials)
    """
    by_expression: dict[str, list[int]] = {}
    for i, (expression, _) in enumerate(forms):
        by_expression.setdefault(expression, []).append(i)
    return tuple(
        ExpressionGroup(expression, np.array(places), np.array([forms[i][1] for i in places]).T)
        for expression, places in by_expression.items()
    )


def evaluate_groups(groups: Sequence[ExpressionGroup], polynomials: Float[Array, " c"], number: int) -> Array:
    """The observables (number,) from the polynomials."""
    parts = [
        jnp.broadcast_to(
            evaluate(g.expression, {f"p{i}": polynomials[row] for i, row in enumerate(g.arguments)}),
            g.places.shape,
        )
        for g in groups
    ]
    order = np.argsort(np.concatenate([g.places for g in groups])) if groups else np.zeros(0, int)
    return jnp.concatenate(parts)[order] if parts else jnp.zeros(number)
