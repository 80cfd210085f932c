"""Expressions of observables with nothing but arithmetic, powers and square roots, which is all that jelli 0.1 knows.

POPxf 1.0 itself allows the functions of numpy, so that its files keep the expressions of the artifact.
"""

import ast
import math

__all__ = ["algebraic"]

LOG_ORDER = 4096  # log a = n (a^(1/n) - a^(-1/n))/2 up to (log a/n)^2/6 of itself, 1e-8 for log a = 1


def algebraic(expression: str) -> str:
    """The same function with + - * / ** and sqrt only.

    hypot, abs and sign become square roots; cos and sin of half an angle follow from its tangent (the half angle lies
    in the right half-plane; digits are lost towards its edge); a logarithm becomes a difference
    of small powers, to 1e-8 of itself.

    Parameters
    ----------
    expression : str
        In the language of `muobayes.likelihood._expressions`.

    Raises
    ------
    ValueError
        If a function has no algebraic form.
    """
    return ast.unparse(_Rewrite().visit(ast.parse(expression, mode="eval")))


def _parse(template: str, **parts: ast.expr) -> ast.expr:
    text = template.format(**{name: f"({ast.unparse(part)})" for name, part in parts.items()})
    return ast.parse(text, mode="eval").body


class _Rewrite(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(math.pi) if node.id == "pi" else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if not isinstance(node.func, ast.Name):
            raise ValueError(f"not a function of a polynomial: {ast.unparse(node)}")
        name = node.func.id
        if name in ("cos", "sin"):
            return self._half_angle(name, node)
        arguments = [self.visit(a) for a in node.args]
        match name:
            case "sqrt":
                return _parse("sqrt{x}", x=arguments[0])
            case "hypot":
                return _parse("sqrt({x}**2+{y}**2)", x=arguments[0], y=arguments[1])
            case "abs":
                return _parse("sqrt({x}**2)", x=arguments[0])
            case "sign":
                return _parse("({x}/sqrt({x}**2))", x=arguments[0])
            case "log":
                n = LOG_ORDER
                return _parse(f"({n / 2}*({{x}}**{1 / n!r}-{{x}}**{-1 / n!r}))", x=arguments[0])
        raise ValueError(f"no algebraic form of {name}")

    def _half_angle(self, name: str, node: ast.Call) -> ast.expr:
        """cos or sin of arctan2(y, x)/2."""
        match node.args[0]:
            case ast.BinOp(
                left=ast.Call(func=ast.Name(id="arctan2"), args=[sine, cosine]),
                op=ast.Div(),
                right=ast.Constant(value=2),
            ):
                y, x = self.visit(sine), self.visit(cosine)
            case _:
                raise ValueError(f"no algebraic form of {ast.unparse(node)}")
        if name == "cos":
            return _parse("sqrt((1+{x}/sqrt({x}**2+{y}**2))/2)", x=x, y=y)
        return _parse("({y}/sqrt(2*({x}**2+{y}**2+{x}*sqrt({x}**2+{y}**2))))", x=x, y=y)
