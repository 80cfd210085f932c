"""Terms and observables as they are typeset: from the names of the likelihood to mathematics."""

import re
from functools import cache
from pathlib import Path

import yaml

from ..artifacts import load
from .numbers import MINUS

__all__ = ["derived_label", "greek", "observable_label", "term_label"]

_LABELS = Path(__file__).parent / "data" / "observable_labels.json"  # flavio's own; `muobayes export labels`
_BRACES = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
# What matplotlib's mathematics lacks, or sets badly: fractions in a line, and charges with the spaces of a sum.
_DRAWABLE = (
    (r"\\text\b", r"\\mathrm"),
    (r"\\phantom k|\\left(?=\\)|\\right(?=\\)", ""),
    (r"\\ast\b", "*"),
    (rf"\\frac{_BRACES}{_BRACES}", r" \1/\2"),
    (r"([+-]|\\pm|\\mp)", r"{\1}"),
)


@cache
def _labels(of: str) -> dict[str, str]:
    return yaml.safe_load(Path(__file__).with_name(f"{of}_labels.yaml").read_text(encoding="utf-8"))


@cache
def _observable_labels() -> dict[str, str]:
    return load(_LABELS, kind="observable labels")


def term_label(name: str) -> str:
    """A term of the likelihood as it is typeset.

    Examples
    --------
    >>> term_label("likelihood_rd_rds.yaml"), term_label("CCFR")
    ('$R_{D^{(*)}}$', 'CCFR')
    """
    return _labels("term").get(name, name)


def greek(charge: str) -> str:
    """A combination of quantum numbers in Unicode.

    Examples
    --------
    >>> greek("B-3Lmu")
    'B−3L_μ'
    """
    return charge.replace("mu", "_μ").replace("tau", "_τ").replace("-", MINUS)


def derived_label(name: str) -> str:
    """A derived quantity as it is typeset, with its unit."""
    return _labels("derived").get(name, name.replace("_", " "))


def observable_label(name: str) -> str:
    """An observable's readable name in mathematics; what is not known stays as it is.

    Examples
    --------
    >>> observable_label("<P5p>(B0->K*mumu)[4, 6]")
    '$\\\\langle P_5^\\\\prime\\\\rangle(B^0\\\\to K^{* 0}\\\\mu^{+}\\\\mu^{-})$ [4, 6]'
    """
    match = re.fullmatch(r"(.*?)(\[[^\[\]]*\])?", name)
    head, arguments = (match.group(1), match.group(2)) if match else (name, None)
    if head not in _observable_labels():
        return name
    text = _observable_labels()[head]
    for written, drawn in _DRAWABLE:
        text = re.sub(written, drawn, text)
    return text + (f" {arguments}" if arguments else "")
