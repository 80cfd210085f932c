"""Observables as expressions in polynomials, evaluated for many observables at once.

An artifact states ``"p0/p1"`` or ``"p0/(2*sqrt(-p1*p2))"`` for each observable. Observables with the same expression
are evaluated together, on arrays; the expressions are parsed (not run) against a short list of allowed operations.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._kernel import separable, take

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
    return _visit(_parse(expression), dict(values))


_Tree = tuple[str, ast.expr, tuple["_Tree", ...]]  # text, node, operands


@cache
def _parse(expression: str) -> _Tree:
    return _tree(ast.parse(expression, mode="eval").body)


def _tree(node: ast.expr) -> _Tree:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            operands: tuple[ast.expr, ...] = (operand,)
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int())):
            operands = (base,)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            operands = (left, right)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            operands = tuple(arguments)
        case ast.Constant(value=int() | float()) | ast.Name():
            operands = ()
        case _:
            raise ValueError(f"not allowed in an observable's expression: {ast.unparse(node)}")
    return ast.unparse(node), node, tuple(_tree(o) for o in operands)


def _visit(tree: _Tree, known: dict[str, Any]) -> Any:
    """The value of a tree; what occurs several times (the mixing amplitudes q/p) is traced once."""
    text, node, operands = tree
    if text not in known:
        known[text] = _apply(node, [_visit(o, known) for o in operands])
    return known[text]


def _apply(node: ast.expr, values: Sequence[Any]) -> Any:
    match node:
        case ast.Constant(value=number):
            return number
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp():
            return -values[0]
        case ast.BinOp(op=ast.Pow(), right=ast.Constant(value=int() as power)):
            return values[0] ** power
        case ast.BinOp(op=op):
            return _OPERATORS[type(op)](*values)
        case ast.Call(func=ast.Name(id=name)):
            return _FUNCTIONS[name](*values)
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
    """The observables (number,) from the polynomials.

    All arguments are gathered at once: the transpose of one gather per argument would dominate the gradient.
    """
    if not groups:
        return jnp.zeros(number)
    rows = [row for g in groups for row in g.arguments]
    values = _all_groups(groups)(take(polynomials, np.concatenate(rows)))
    return take(values, np.argsort(np.concatenate([g.places for g in groups])))


def _all_groups(groups: Sequence[ExpressionGroup]) -> Callable[[Array], Array]:
    """The observables, group by group, from the arguments of all of them: row by row, group by group."""
    cuts = np.cumsum([len(g.places) for g in groups for _ in g.arguments])[:-1]
    first = np.cumsum([0, *(len(g.places) for g in groups)])
    # which observable an argument belongs to
    owner = np.concatenate(
        [first[i] + np.arange(len(g.places)) for i, g in enumerate(groups) for _ in g.arguments]
    )

    def values(arguments: Array) -> Array:
        columns = iter(jnp.split(arguments, cuts))
        parts = [
            evaluate(g.expression, {f"p{i}": next(columns) for i in range(len(g.arguments))}) for g in groups
        ]
        return jnp.concatenate(
            [jnp.broadcast_to(p, g.places.shape) for p, g in zip(parts, groups, strict=True)]
        )

    return separable(values, owner)
