"""Couplings from the matching scale to the Planck scale (Fig. 2 of arXiv:2103.13991), with posterior bands."""

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...running.flow import FlowResult, Outcome, RunningModel
from ..style import CYCLE, GREY, INK, PAGE_IN, styled

__all__ = ["flow_figure"]

_GREEK = {n: rf"\{n}" for n in ("eta", "lambda", "kappa", "upsilon", "xi")} | {"eps": r"\varepsilon"}
_SPECIAL = {"y_mu": r"y_\mu", "y_tau": r"y_\tau", "Y_u[3,3]": "y_t", "Y_d[3,3]": "y_b"}
_FEW = 9  # couplings in a panel with two bands each
PANELS = (
    ("gauge", "gauge couplings, mixing"),
    ("yukawa", "Yukawa couplings"),
    ("quartic", "quartic couplings"),
)


def _symbol(name: str) -> str:
    """``kappa_H13`` -> ``\\kappa_{H13}``, ``eta_3L[3]`` -> ``\\eta_3^{3L}``."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    yukawa = re.fullmatch(r"eta_(\d[LR])\[(\d)\]", name)
    if yukawa:
        return rf"\eta_{yukawa[2]}^{{{yukawa[1]}}}"
    letter, _, index = name.partition("_")
    return f"{_GREEK.get(letter, letter)}_{{{index}}}".replace("Phi", r"\Phi ")


def _kind(name: str) -> str:
    if name.startswith(("g_", "eps_")):
        return "gauge"
    return "quartic" if name.split("_")[0] in ("lambda", "kappa", "upsilon", "xi") else "yukawa"


def _spread(positions: np.ndarray, gap: float) -> np.ndarray:
    """Labels (in axes fractions) moved apart to a minimal distance, in order, inside the panel, near their lines."""
    order = np.argsort(positions)
    placed = positions[order].copy()
    for _ in range(500):
        push = np.clip(gap - np.diff(placed), 0, None) / 2
        placed[:-1] -= push
        placed[1:] += push
        placed = np.clip(placed, 0.0, 1.0)
    out = np.empty_like(placed)
    out[order] = placed
    return out


@styled
def flow_figure(model: RunningModel, result: FlowResult, band: np.ndarray | None = None) -> Figure:
    """Three panels - gauge, Yukawa, quartic couplings - over log10 of the scale.

    Parameters
    ----------
    model : RunningModel
    result : FlowResult
        One trajectory, drawn as lines up to its end.
    band : (draws, points, n) array, optional
        Trajectories of posterior draws on the same scales, NaN where a draw has not started yet; their central 68 %
        and, in a panel of few couplings, 95 % are shaded.
    """
    x = np.asarray(result.ln_mu) / np.log(10)
    inside = x <= float(result.ln_mu_end) / np.log(10) + 1e-9
    path = np.asarray(result.couplings)
    figure = Figure(figsize=(PAGE_IN * 1.35, 4.0))
    axes = figure.subplots(1, 3, sharex=True)
    for ax, (kind, title) in zip(axes, PANELS):
        shown = [
            i
            for i, n in enumerate(model.names)
            if _kind(n) == kind and np.max(np.abs(path[inside][:, i])) > 1e-9
        ]
        _panel(ax, model, shown, x, inside, path, band)
        ax.set_title(title, loc="left")
        if Outcome(int(result.outcome)) is Outcome.POLE:
            ax.axvline(float(result.ln_mu_end) / np.log(10), color=GREY, lw=0.8, ls=":")
    axes[1].set_xlabel(r"$\log_{10}(\mu/\mathrm{GeV})$")
    figure.tight_layout(w_pad=2.4)
    return figure


def _central(draws: np.ndarray, level: float) -> np.ndarray:
    """Ends of the central interval of draws (draws, points): (2, points)."""
    return np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)


def _panel(
    ax: Axes,
    model: RunningModel,
    shown: list[int],
    x: np.ndarray,
    inside: np.ndarray,
    path: np.ndarray,
    band: np.ndarray | None,
) -> None:
    ends, labels = [], []
    levels = ((0.95, 0.12), (0.68, 0.22)) if len(shown) <= _FEW else ((0.68, 0.1),)
    for n, i in enumerate(shown):
        color, dashes = CYCLE[n % len(CYCLE)], ("-", "--", (0, (1, 1)))[n // len(CYCLE) % 3]
        bands = [] if band is None else [(*_central(band[:, :, i], level), alpha) for level, alpha in levels]
        largest = max(np.max(np.abs(v)) for v in (path[inside][:, i], *(end for b in bands for end in b[:2])))
        small = _kind(model.names[i]) == "yukawa" and largest < 1e-2
        factor = 100.0 if small else 1.0
        for low, high, alpha in bands:
            ax.fill_between(x, factor * low, factor * high, color=color, alpha=alpha, lw=0)
        ax.plot(x[inside], factor * path[inside, i], color=color, ls=dashes)
        ends.append(factor * path[inside][-1, i])
        labels.append(
            (rf"$100\,{_symbol(model.names[i])}$" if small else rf"${_symbol(model.names[i])}$", color)
        )
    ax.axhline(0, color=INK, lw=0.4)
    ax.set_xlim(x[0], x[-1])
    if not ends:
        return
    if _kind(model.names[shown[0]]) == "quartic":
        ax.set_yscale("symlog", linthresh=0.03, linscale=0.8)
    points = np.column_stack([np.full(len(ends), x[inside][-1]), ends])
    heights = ax.transAxes.inverted().transform(ax.transData.transform(points))[:, 1]
    for point, height, (label, color) in zip(points, _spread(heights, 0.056), labels):
        ax.annotate(
            label,
            point,
            xytext=(1.045, height),
            textcoords=ax.transAxes,
            color=color,
            fontsize=8,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "relpos": (0, 0.5),
                "color": color,
                "lw": 0.5,
                "shrinkA": 0,
                "shrinkB": 1,
            },
        )
