"""How figures look: serif mathematics, sizes readable in a paper's column, a palette safe for all eyes."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

__all__ = ["BLUE", "CYCLE", "DPI", "GREY", "INK", "PAGE_IN", "RED", "SAND", "TEAL", "save", "styled"]

# Paul Tol's "muted" scheme (personal.sron.nl/~pault, 2021), neighbours differing in lightness, too.
BLUE, SAND, TEAL, RED = "#332288", "#DDCC77", "#44AA99", "#CC6677"
CYAN, VIOLET, GREEN, OLIVE = "#88CCEE", "#AA4499", "#117733", "#999933"
CYCLE = (BLUE, SAND, TEAL, RED, CYAN, VIOLET, GREEN, OLIVE)
INK, GREY = "#1b1b1f", "#8a8a93"

DPI = 200
PAGE_IN = 7.0
"""Width of a page in inches."""

_RC = {
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 10,
    "axes.labelsize": 11,
    "axes.titlesize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.width": 0.5,
    "ytick.minor.width": 0.5,
    "lines.linewidth": 1.2,
    "axes.prop_cycle": cycler(color=CYCLE),
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.04,
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}

_CONTEXT: Any = {k: v for k, v in mpl.rcParamsDefault.items() if k != "backend"} | _RC

P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw a figure in this style, without touching the user's own matplotlib settings."""

    @wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(_CONTEXT):
            return draw(*args, **kwargs)

    return wrapper


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG for the screen and as PDF beside it for a paper."""
    with mpl.rc_context(_CONTEXT):
        figure.savefig(path.with_suffix(".png"), metadata={"Software": "muobayes"})
        figure.savefig(path.with_suffix(".pdf"), metadata={"Creator": "muobayes", "CreationDate": None})
