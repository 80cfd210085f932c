"""Fig. 3: what excludes a light X, experiment by experiment, the band of (g-2)_mu, and a posterior on top."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from scipy.ndimage import gaussian_filter

from ...likelihood.light_x.couplings import Charges, known_charges, x_point
from ...likelihood.light_x.limits import Limit
from ...likelihood.light_x.terms import LightX, light_x
from ..style import CYCLE, GREY, INK, SAND, styled

__all__ = ["PANELS", "Panel", "draw", "regions"]

_MEASURED = {
    "ccfr": "neutrino trident",
    "charm2": "neutrino trident",
    "nutev": "neutrino trident",
    "borexino": "Borexino",
    "coherent_csi": "COHERENT",
    "coherent_ar": "COHERENT",
    "matter_nsi": "oscillations in matter",
    "neff": r"$N_\mathrm{eff}$",
}
_BAND, _BAND_LINE = "#f2d58a", "#a8842c"
_EXCLUDED = (*(color for color in CYCLE if color != SAND), GREY)  # sand is the band's
_REGIONS: dict[float, Literal["solid", "dashed"]] = {
    0.68: "solid",
    0.95: "dashed",
}  # share of the draws -> line
_SMOOTHED = 2.0  # bins; otherwise single draws make islands
_CHI2_95 = 3.841


class Panel(NamedTuple):
    """One panel: charges, the mixing as a multiple of gX, and whether lepton loops add to it."""

    title: str
    model: str
    ratio: float
    loop: bool


PANELS = (
    Panel(r"$B-3L_\mu$, $\varepsilon_{BX} = g_X$", "b-3lmu", 1.0, False),
    Panel(r"$B-3L_\mu$, $\varepsilon_{BX} = g_X/10$", "b-3lmu", 0.1, False),
    Panel(r"$L_\mu-L_\tau$, mixing by loops", "lmu-ltau", 0.0, True),
)


def _label(limit: Limit) -> str:
    """Kind of experiment that a limit belongs to."""
    if limit.dump_ratio:
        return "beam dumps"
    if "mu_brem" in limit.production:
        return "produced off muons"
    if any(channel.startswith("nu") for channel in limit.decay):
        return "missing energy"
    return "visible decays"


def regions(
    likelihood: LightX, charges: Charges, panel: Panel, mX: np.ndarray, gX: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Where each kind of experiment excludes, and the log-likelihood of g-2, on a grid.

    Parameters
    ----------
    likelihood : LightX
        With the term gminus2_mu.
    charges : Charges
    panel : Panel
    mX, gX : (nx,), (ny,) arrays

    Returns
    -------
    pull : (ny, nx) array
        Predicted minus measured Delta a_mu in standard deviations.
    excess : dict of str to (ny, nx) array
        Positive where a 95 % (measurements) or published (limits) exclusion holds: ln(chi^2/3.84) or ln of the yield.
    """
    terms = {term.name: term for term in likelihood.terms}

    def evaluate(m: jax.Array, g: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        point = x_point(charges, m, g, panel.ratio * g, loop=panel.loop)
        predicted, log_l = likelihood.predictions(point), likelihood.log_likelihoods(point)
        amu = predicted["gminus2_mu"]
        chi = jnp.sqrt(-2 * log_l["gminus2_mu"])
        high = terms["gminus2_mu"].log_likelihood(amu * (1 + 1e-6)) < log_l["gminus2_mu"]
        values: dict[str, list[jax.Array]] = {}
        for name, label in _MEASURED.items():
            if name in terms:
                values.setdefault(label, []).append(-2 * log_l[name] / _CHI2_95)
        for limit in likelihood.limits:
            values.setdefault(_label(limit), []).append(predicted[limit.name])
        excess = {k: jnp.log(jnp.maximum(jnp.max(jnp.stack(v)), 1e-12)) for k, v in values.items()}
        return jnp.where(high, chi, -chi), excess

    grid: Callable = jax.jit(jax.vmap(jax.vmap(evaluate, (0, None)), (None, 0)))
    pull, excess = grid(jnp.asarray(mX), jnp.asarray(gX))
    return np.asarray(pull), {name: np.asarray(values) for name, values in excess.items()}


@styled
def draw(
    constraints: str,
    folder: Path | None,
    dataset: str,
    draws: tuple[np.ndarray, np.ndarray, str] | None = None,
    n: int = 140,
) -> Figure:
    """Draw all panels.

    Parameters
    ----------
    constraints : str
        A named set: ``fig3`` or ``full``.
    folder : Path or None
        Limit files of the user.
    dataset : str
        Data set of (g-2)_mu.
    draws : (mX, gX, model), optional
        Draws of a posterior, in GeV, and the name of its model, which picks the panels.
    n : int
        Points per axis.
    """
    figure = Figure(figsize=(10.0, 3.9), layout="constrained")
    axes = figure.subplots(1, len(PANELS), sharey=True)
    mX, gX = np.geomspace(1e-3, 3.0, n), np.geomspace(1e-6, 1e-2, n)
    colors: dict[str, str] = {}
    for axis, panel in zip(axes, PANELS):
        charges = known_charges(panel.model)
        likelihood = light_x(charges, constraints, {"gminus2_mu": dataset}, folder, superseded=True)
        pull, excess = regions(likelihood, charges, panel, mX, gX)
        for name, values in excess.items():
            color = colors.setdefault(name, _EXCLUDED[len(colors) % len(_EXCLUDED)])
            axis.contourf(1e3 * mX, gX, values, levels=[0, np.inf], colors=[color], alpha=0.35)
            axis.contour(1e3 * mX, gX, values, levels=[0], colors=[color], linewidths=0.8)
        axis.contourf(1e3 * mX, gX, np.abs(pull), levels=[0, 2], colors=[_BAND], alpha=0.9, zorder=2.5)
        axis.contour(1e3 * mX, gX, np.abs(pull), levels=[1], colors=[_BAND_LINE], linewidths=0.5, zorder=2.6)
        if draws is not None and panel.model in draws[2]:
            _posterior(axis, draws[0], draws[1])
        axis.set(xscale="log", yscale="log", xlabel=r"$m_X$ [MeV]", title=panel.title)
        axis.set(xlim=(1.0, 3e3), ylim=(gX[0], gX[-1]))
    axes[0].set_ylabel("$g_X$")
    handles: list[Artist] = [
        Patch(facecolor=(c, 0.35), edgecolor=c, label=name) for name, c in colors.items()
    ]
    handles.append(Patch(facecolor=_BAND, label=r"$(g-2)_\mu$, $2\sigma$" + f" ({dataset})"))
    if draws is not None:
        handles += [
            Line2D([], [], color=INK, linestyle=line, label=f"posterior, {100 * share:.0f} %")
            for share, line in _REGIONS.items()
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def _posterior(axis: Axes, mX: np.ndarray, gX: np.ndarray) -> None:
    """Smallest regions with 68 % and 95 % of the draws."""
    counts, x, y = np.histogram2d(np.log(1e3 * mX), np.log(gX), bins=80)
    density = gaussian_filter(counts, _SMOOTHED, mode="nearest")
    falling = np.sort(density.ravel())[::-1]
    share = np.cumsum(falling) / falling.sum()
    centre = [np.exp(0.5 * (edge[1:] + edge[:-1])) for edge in (x, y)]
    for wanted, line in _REGIONS.items():
        level = falling[np.searchsorted(share, wanted)]
        lines = axis.contour(
            *centre, density.T, levels=[level], colors=[INK], linestyles=[line], linewidths=1.3, zorder=4
        )
        lines.set_path_effects([withStroke(linewidth=2.6, foreground="white", alpha=0.8)])
