"""Numbers as a person writes them: as many digits as the uncertainty deserves."""

import math

__all__ = ["digits_for", "fixed", "signed", "significant"]

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
    mantissa = fixed(value / 10.0**exponent, digits - 1)
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}"
