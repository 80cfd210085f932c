"""Mathematics in a page without scripts: each formula is a small inline SVG, by matplotlib's mathtext."""

from functools import cache
from html import escape

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath

__all__ = ["formula"]

_SIZE = 400.0
_COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}


@cache
def formula(text: str) -> Markup:
    """Text with ``$...$`` mathematics as HTML: plain text as it is, a formula as an SVG on the baseline.

    Parameters
    ----------
    text : str
        For example ``r"$\\eta_3^{3L}$"``.

    Returns
    -------
    Markup
        Safe to insert into a page; screen readers get the source.
    """
    if "$" not in text:
        return Markup(escape(text))
    with mpl.rc_context({"mathtext.fontset": "stix"}):
        path = TextPath((0, 0), text, size=_SIZE, prop=FontProperties(family="STIXGeneral"))
    box = path.get_extents()
    data = " ".join(
        "Z" if code == Path.CLOSEPOLY else _COMMANDS[code] + " ".join(f"{v:.0f}" for v in points)
        for points, code in path.iter_segments(curves=True, simplify=False)
    )
    width, height = box.width + 16, box.height
    style = f"height:{height / _SIZE:.3f}em;vertical-align:{box.y0 / _SIZE:.3f}em"
    view = f"{box.x0 - 8:.0f} {-box.y1:.0f} {width:.0f} {height:.0f}"
    return Markup(
        f'<svg class="formula" role="img" aria-label="{escape(text)}" style="{style}" viewBox="{view}">'
        f'<path transform="scale(1,-1)" d="{data}"/></svg>'
    )
