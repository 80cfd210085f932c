"""Standard Model couplings at the matching scale, MS-bar, as Chebyshev series in ln(mu).

The series are made offline by `muobayes.running.sm_table` from the measured inputs of `sm_inputs`, and ship
as a checksummed artifact; evaluating them is a handful of multiplications, differentiable in the scale.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float

from .. import artifacts

__all__ = ["SMParameters", "sm_parameters", "sm_scale_range"]

TABLE = Path(__file__).parent / "tables" / "sm_parameters.json"
KIND = "SM couplings as Chebyshev series"


class SMParameters(NamedTuple):
    """Running SM couplings at one scale, in the down-aligned basis q = (V^dagger u, d).

    -L contains ``Yu[i,j] qbar_i Htilde u_j + Yd[i,j] qbar_i H d_j + Ye[i,j] lbar_i H e_j + h.c.`` and
    V = -muH2 |H|^2 + (Lambda/2) |H|^4; D = d - i g_s G - i g W - i g' Y B with Y(q) = 1/6.
    """

    gs: Float[Array, ""]
    g: Float[Array, ""]
    gp: Float[Array, ""]
    Yu: Complex[Array, "3 3"]
    Yd: Complex[Array, "3 3"]
    Ye: Complex[Array, "3 3"]
    Lambda: Float[Array, ""]
    muH2: Float[Array, ""]


@lru_cache(maxsize=1)
def _table() -> dict:
    document = artifacts.load(TABLE, kind=KIND)
    return {
        "range": tuple(document["ln_mu_range"]),
        "names": tuple(document["names"]),
        "coefficients": np.asarray(document["coefficients"]),
    }


def sm_scale_range() -> tuple[float, float]:
    """The lowest and the highest scale in GeV at which `sm_parameters` is tabulated."""
    low, high = _table()["range"]
    return float(np.exp(low)), float(np.exp(high))


def sm_parameters(mu: ArrayLike) -> SMParameters:
    """The SM couplings at the scale `mu`.

    Parameters
    ----------
    mu : float
        Scale in GeV, between the limits of `sm_scale_range` (150 GeV and 2e19 GeV); outside them the value at
        the nearer limit is returned, so that traced code stays finite.

    Returns
    -------
    SMParameters
        Differentiable in `mu`. Yd and Ye are diagonal and positive, Yu = V^dagger diag(y_u, y_c, y_t) with
        the CKM matrix V in the standard phase convention at that scale.
    """
    table = _table()
    low, high = table["range"]
    t = jnp.clip(jnp.log(jnp.asarray(mu, float)), low, high)
    x = (2 * t - low - high) / (high - low)
    chebyshev = [jnp.ones_like(x), x]
    for _ in range(table["coefficients"].shape[0] - 2):
        chebyshev.append(2 * x * chebyshev[-1] - chebyshev[-2])
    values = jnp.stack(chebyshev) @ jnp.asarray(table["coefficients"])
    v = dict(zip(table["names"], values))

    def matrix(name: str, part: str) -> Array:
        return jnp.stack([jnp.stack([v[f"{name}{i}{j}{part}"] for j in "123"]) for i in "123"])

    return SMParameters(
        gs=v["gs"],
        g=v["g"],
        gp=v["gp"],
        Yu=matrix("Yu", "re") + 1j * matrix("Yu", "im"),
        Yd=jnp.diag(jnp.stack([v["yd"], v["ys"], v["yb"]])).astype(complex),
        Ye=jnp.diag(jnp.stack([v["ye"], v["ymu"], v["ytau"]])).astype(complex),
        Lambda=v["Lambda"],
        muH2=v["muH2"],
    )
