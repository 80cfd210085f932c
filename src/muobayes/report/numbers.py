"""Numbers as a person writes them: as many digits as the uncertainty deserves."""

import math

__all__ = ["MINUS", "digits_for", "fixed", "signed", "significant", "with_error"]

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
    exponent = math.floor(math.log10(abs(value)))
    if -4 < exponent < 5:
        return fixed(value, max(0, digits - 1 - exponent))
    return f"{fixed(value / 10.0**exponent, digits - 1)} × {_power(exponent)}"


def with_error(value: float, error: float) -> str:
    """A measurement: as many digits as its error deserves, and one power of ten for both.

    Examples
    --------
    >>> with_error(3.34e-9, 2.7e-10), with_error(0.949, 0.047)
    ('(3.34 ± 0.27) × 10⁻⁹', '0.949 ± 0.047')
    """
    size = max(abs(value), error)
    if not (math.isfinite(size) and size > 0):
        return f"{fixed(value)} ± {fixed(error)}"
    exponent = math.floor(math.log10(size))
    scale = 1.0 if -4 < exponent < 5 else 10.0**exponent
    digits = digits_for(error / scale)
    text = f"{fixed(value / scale, digits)} ± {fixed(error / scale, digits)}"
    return text if scale == 1 else f"({text}) × {_power(exponent)}"


def _power(exponent: int) -> str:
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
