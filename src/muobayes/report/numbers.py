"""Numbers as a person writes them: as many digits as the uncertainty deserves."""

import math
from typing import NamedTuple

__all__ = [
    "MINUS",
    "Ranged",
    "digits_for",
    "fixed",
    "ranged",
    "rounded",
    "signed",
    "significant",
    "with_error",
]

MINUS = "\N{MINUS SIGN}"


def digits_for(uncertainty: float) -> int:
    """Decimal places that show two significant digits of an uncertainty (none for large numbers).

    Examples
    --------
    >>> digits_for(0.0523), digits_for(31.0)
    (3, 0)
    """
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return 3
    return max(0, 1 - math.floor(math.log10(uncertainty)))


def fixed(value: float, digits: int = 2) -> str:
    """A number with fixed decimal places and a proper minus sign; never "-0.00".

    Examples
    --------
    >>> fixed(-0.001, 2)
    '0.00'
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float, digits: int = 1) -> str:
    """A number that always shows its sign: a pull."""
    text = fixed(value, digits)
    return text if text.startswith((MINUS, "–")) or float(text) == 0 else f"+{text}"


def significant(value: float, digits: int = 4) -> str:
    """A number with significant digits, powers of ten written out: ``3.66 × 10⁻⁹``.

    Examples
    --------
    >>> significant(3.661e-9, 3)
    '3.66 × 10⁻⁹'
    >>> significant(0.8234, 3)
    '0.823'
    """
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    exponent = _exponent(value)
    places = max(0, digits - 1 - (0 if exponent else math.floor(math.log10(abs(value)))))
    return f"{fixed(value / 10.0**exponent, places)}{_times(exponent)}"


def rounded(value: float, uncertainty: float) -> str:
    """A number with as many digits as its uncertainty deserves, and a power of ten if both are small or large.

    Examples
    --------
    >>> rounded(0.4321, 0.05), rounded(1.834e-7, 4.2e-8)
    ('0.432', '1.83 × 10⁻⁷')
    """
    return ranged(value, uncertainty, uncertainty).alone


class Ranged(NamedTuple):
    """A number with its errors upwards and downwards as text, in units of a power of ten."""

    value: str
    up: str
    down: str
    exponent: int

    @property
    def times(self) -> str:
        """The power of ten as a factor, empty if it is one."""
        return _times(self.exponent)

    @property
    def alone(self) -> str:
        """The number without its errors."""
        return self.value + self.times

    def __str__(self) -> str:
        text = f"{self.value} +{self.up} {MINUS}{self.down}"
        return f"({text}){self.times}" if self.exponent else text


def ranged(value: float, up: float, down: float) -> Ranged:
    """A number with its errors: as many digits as the smaller one deserves, and one power of ten for all, the number's.

    Examples
    --------
    >>> str(ranged(0.4321, 0.05, 0.04)), str(ranged(1.834e-7, 4.2e-8, 3e-8))
    ('0.432 +0.050 −0.040', '(1.83 +0.42 −0.30) × 10⁻⁷')
    """
    exponent = _exponent(max(abs(value), min(up, down)))
    unit = 10.0**exponent
    digits = digits_for(min(up, down) / unit)
    text = [fixed(part / unit, digits) for part in (value, up, down)]
    return Ranged(text[0], text[1], text[2], exponent)


def with_error(value: float, error: float) -> str:
    """A measurement: as many digits as its error deserves, and one power of ten for both.

    Examples
    --------
    >>> with_error(3.34e-9, 2.7e-10), with_error(0.949, 0.047)
    ('(3.34 ± 0.27) × 10⁻⁹', '0.949 ± 0.047')
    """
    found = ranged(value, error, error)
    text = f"{found.value} ± {found.up}"
    return f"({text}){found.times}" if found.exponent else text


def _exponent(size: float) -> int:
    """The power of ten that is written out beside a number of this size; 0 if the number is readable without."""
    if not math.isfinite(size) or size == 0:
        return 0
    exponent = math.floor(math.log10(abs(size)))
    return 0 if -4 < exponent < 5 else exponent


def _times(exponent: int) -> str:
    superscript = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f" × 10{superscript}" if exponent else ""
