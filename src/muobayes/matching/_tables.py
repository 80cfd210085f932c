"""The matching results as data: rows of flavour tensors with rational coefficients, from ``data/*.yaml``."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

MODELS: dict[str, tuple[str, ...]] = {
    "s1": ("s1",),
    "s3": ("s3",),
    "r2": ("r2",),
    "s1+s3": ("s1", "s3", "s1s3"),
    "r2+s3": ("r2", "s3", "r2s3"),
}
"""Model -> the files whose rows add up to it; in the last file of a pair are the rows with both fields."""

_STANDARD_MODEL = ("Yu", "Yd", "Ye")
_FACTOR = re.compile(r"(\w+)(\*?)\[([a-z])([a-z])\]")


class Link(NamedTuple):
    """One matrix in a chain: its name, conjugated or not, transposed or not."""

    matrix: str
    conjugated: bool
    transposed: bool

    def reversed(self) -> "Link":
        return self._replace(transposed=not self.transposed)


@dataclass(frozen=True)
class Chain:
    """A product of matrices with two free indices: ``first`` labels its rows, ``last`` its columns."""

    first: str
    last: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Row:
    """One term of one coefficient: (const + log * ln(M^2/mu^2)) * scalars * product of chains."""

    operator: str
    part: str
    const: Fraction
    log: Fraction
    log_name: str
    scalars: tuple[str, ...]
    chains: tuple[Chain, ...]


def _chains(structure: str, symbols: dict[str, str], where: str) -> tuple[Chain, ...]:
    """Join the factors of a structure along their summed indices."""
    if structure == "1":
        return ()
    factors = []
    for text in structure.split():
        match = _FACTOR.fullmatch(text)
        if match is None:
            raise ValueError(f"{where}: cannot read {text!r}")
        name, star, i, j = match.groups()
        matrix = "identity" if name == "d" else symbols.get(name, name if name in _STANDARD_MODEL else "")
        if not matrix:
            raise ValueError(f"{where}: unknown matrix {name!r}")
        factors.append((i, j, Link(matrix, bool(star), False)))
    letters = [letter for i, j, _ in factors for letter in (i, j)]
    if any(letters.count(x) != (1 if x in "prst" else 2) for x in letters):
        raise ValueError(f"{where}: free indices are p, r, s, t, and every other letter appears twice")
    chains = []
    for start in (x for x in "prst" if x in letters):
        end, links = start, []
        while True:
            i, j, link = next((f for f in factors if end in f[:2]), ("", "", None))
            if link is None:
                break
            factors.remove((i, j, link))
            links.append(link if i == end else link.reversed())
            end = j if i == end else i
            if end in "prst":
                break
        if links:
            chains.append(Chain(start, end, tuple(links)))
    if factors:
        raise ValueError(f"{where}: closed traces are not supported")
    return tuple(chains)


def _scalars(text: str, symbols: dict[str, str]) -> tuple[str, ...]:
    """The scalar factors with symbols replaced by what they stand for: (``a + b``, ``g^2``, ...)."""
    tokens = []
    for token in text.split():
        name = token.rstrip("*")
        base, caret, power = token.partition("^")
        if name in symbols:
            token = symbols[name] + token[len(name) :]
        elif base in symbols:
            token = symbols[base] + caret + power
        if token != "1":
            tokens.append(token)
    return tuple(sorted(tokens))


@cache
def rows(model: str, section: str = "tables") -> tuple[Row, ...]:
    """All rows of a model.

    Parameters
    ----------
    model : str
        A key of `MODELS`.
    section : {"tables", "thresholds"}
        Wilson coefficients, or shifts of the renormalisable couplings.
    """
    result = []
    for i, name in enumerate(MODELS[model]):
        path = files("muobayes.matching") / "data" / f"{name}.yaml"
        data = yaml.safe_load(path.read_text())
        for table in data[section]:
            factor = str(table.get("factor", data["factor"]))
            for line in table["rows"].splitlines():
                where = f"{name}.yaml, {table['title']}: {line.strip()}"
                cells = [cell.strip() for cell in line.split("|")]
                if len(cells) != 6:
                    raise ValueError(f"{where}: a row has six cells")
                operator, order, const, log, couplings, structure = cells
                result.append(
                    Row(
                        operator,
                        "mixed" if i == 2 else order,
                        Fraction(const),
                        Fraction(log),
                        str(table.get("log", data["log"])),
                        _scalars(f"{factor} {couplings}", data["symbols"]),
                        _chains(structure, data["symbols"], where),
                    )
                )
    return tuple(result)
