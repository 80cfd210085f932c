r"""A dimuon resonance in the 139/fb of ATLAS.

The signal in bin i is :math:`S_i = L\int dm\,\frac{d\sigma_X}{dm}\,A\,\xi(m)\,P_i(m)`: the leading-order
Breit-Wigner, the acceptance A, the published response (efficiency times higher-order correction) and a
Gaussian resolution. It is compared with the fitted background in a window of max(3 Gamma, 3 sigma) around
mX; the edges of the window are smooth, so that the likelihood is differentiable in mX. No interference:
that is left to `tail`.

Everything but the Breit-Wigner is a constant of the analysis, computed once on a grid of true masses; the
Breit-Wigner is integrated exactly against it (`drell_yan.lorentzian_weights`), however narrow it is.
"""

from functools import cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.nn import sigmoid
from scipy.special import ndtr

from ..light_x.couplings import index
from ._data import read
from .drell_yan import Bins, bins, lorentzian_weights
from .luminosity import QUARKS, bottom_strange, luminosities
from .x_boson import HeavyX, branching_mumu, width

__all__ = ["Resonance", "atlas_dimuon", "narrow_width_cross_section", "resonance_log_likelihood", "signal"]

_GEV2_FB = read("inputs")["gev2_fb"]["value"]
_IN_X = np.array([index(q) for q in QUARKS])
# True masses: narrower bins than the resolution (3.5 % and more), wide enough to hold the tails.
_TRUE_EDGES = np.geomspace(150.0, 8000.0, 81)
# Width of the window's edges, relative to its half-width.
_EDGE = 0.03


class Resonance(NamedTuple):
    """A dimuon spectrum with its background fit, and its response on a grid of true masses.

    Attributes
    ----------
    middle : (n,) array
        Centres of the bins in GeV.
    observed, background : (n,) array
        Events.
    log_m, log_sigma : (k,) array
        Logarithms of masses and of the standard deviations of the reconstructed mass there (GeV).
    true : Bins
        Grid of true masses.
    response : (n, bins, nodes) array
        Luminosity x acceptance x response x probability of the bin, at each true mass: 1/fb.
    """

    middle: Array
    observed: Array
    background: Array
    log_m: Array
    log_sigma: Array
    true: Bins
    response: Array


@cache
def atlas_dimuon() -> Resonance:
    """ATLAS 139/fb (``data/atlas_dimuon_2019.yaml``), meant for mX from 250 GeV to 6 TeV."""
    data = read("atlas_dimuon_2019")
    edges = np.array(data["edges_GeV"], float)
    resolution_m, resolution = (np.array(data["resolution"][k], float) for k in ("m_GeV", "sigma_GeV"))
    true = bins(_TRUE_EDGES)
    m = np.sqrt(true.s)
    sigma = np.exp(np.interp(np.log(m), np.log(resolution_m), np.log(resolution)))
    probability = np.diff(ndtr((edges[:, None, None] - m) / sigma), axis=0)
    factor = np.interp(m, data["response"]["m_GeV"], data["response"]["factor"])
    return Resonance(
        jnp.asarray((edges[1:] + edges[:-1]) / 2),
        jnp.asarray(data["observed"], float),
        jnp.asarray(data["background"], float),
        jnp.asarray(np.log(resolution_m)),
        jnp.asarray(np.log(resolution)),
        true,
        jnp.asarray(data["luminosity_ifb"] * data["acceptance"] * factor * probability),
    )


def narrow_width_cross_section(x: HeavyX) -> Array:
    """sigma(p p -> X) BR(mu mu) in fb at 13 TeV, leading order and narrow width, without cuts."""
    strength = x.couplings.left[_IN_X] ** 2 + x.couplings.right[_IN_X] ** 2
    luminosity = luminosities(x.mX)
    total = (jnp.sum(strength * luminosity) + x.gbs**2 * bottom_strange(luminosity)) / (2 * x.mX**2)
    return np.pi / 3 * _GEV2_FB * total * branching_mumu(x)


def signal(data: Resonance, x: HeavyX) -> Array:
    """Expected events of X in each bin, inside the window."""
    left, right, mu = x.couplings.left, x.couplings.right, index("mu")
    quarks = jnp.einsum("q,qij->ij", left[_IN_X] ** 2 + right[_IN_X] ** 2, data.true.luminosity)
    quarks = quarks + x.gbs**2 * bottom_strange(data.true.luminosity)
    density = (left[mu] ** 2 + right[mu] ** 2) * quarks / (144 * np.pi) * _GEV2_FB
    events = jnp.einsum("nij,ij->n", data.response, density * lorentzian_weights(data.true, x))
    # a smooth maximum of 3 Gamma and 3 sigma
    sigma = jnp.exp(jnp.interp(jnp.log(x.mX), data.log_m, data.log_sigma))
    sizes = 3 * jnp.stack([width(x), sigma])
    half = jnp.sum(sizes**8) ** 0.125
    return events * sigmoid((half - jnp.abs(data.middle - x.mX)) / (_EDGE * half))


def resonance_log_likelihood(data: Resonance, x: HeavyX) -> Array:
    """Log-likelihood ratio of background plus X to background alone; zero without X."""
    s = signal(data, x)
    return jnp.sum(data.observed * jnp.log1p(s / data.background) - s)
