"""The building blocks of functional forms: an expression, and the functions in it that must be polynomials."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import flavio

from ..likelihood._expressions import evaluate

Function = Callable[..., float]  # (wc_obj, par) -> number, polynomial in the coefficients
Observable = str | tuple


class Anatomy(NamedTuple):
    """An observable as an expression in polynomials."""

    expression: str
    components: tuple[tuple[str, Function], ...]


def name_and_arguments(observable: Observable) -> tuple[str, tuple]:
    """flavio's name and the arguments (bin edges) of an observable."""
    return (observable, ()) if isinstance(observable, str) else (observable[0], tuple(observable[1:]))


def matched(pattern: str, text: str) -> re.Match[str]:
    """The match of a pattern at the beginning of a name that is known to have it."""
    match = re.match(pattern, text)
    assert match is not None, f"{text} does not match {pattern}"
    return match


def key(label: str, *arguments: object) -> str:
    return "|".join([label, *map(str, arguments)])


def itself(observable: Observable) -> Anatomy:
    name, arguments = name_and_arguments(observable)

    def prediction(wc, par):
        return flavio.Observable[name].prediction_par(par, wc, *arguments)

    return Anatomy("p0", ((key(name, *arguments), prediction),))


def ratio(numerator: tuple[str, Function], denominator: tuple[str, Function]) -> Anatomy:
    return Anatomy("p0/p1", (numerator, denominator))


def value(expression: str, names: Sequence[str], polynomials: Mapping[str, float]) -> float:
    """An observable from the values of its polynomials, given by name in the order of p0, p1, ..."""
    return float(evaluate(expression, {f"p{i}": polynomials[name] for i, name in enumerate(names)}))
