r"""Seesaw parameters drawn with a known density from low-energy numbers: proposals for importance sampling.

Take v_Phi y_Phi and M_R together as the matrix M, so that :math:`m_\nu^{-1} = -Y^{-T} M\,Y^{-1}\,2/v^2`. Rescaling the
right-handed neutrinos, :math:`Y_{.i}\to e^{r_i}Y_{.i}`, :math:`M_{ij}\to e^{r_i+r_j}M_{ij}`, changes nothing. In a box of
logarithms the r_i are therefore flat in intervals, which depend on everything else.

**B-3Lmu.** With :math:`B = \mathrm{diag}(\sqrt{M_{11}},\sqrt{M_{33}})\,Y^{-1}` in the e-tau block, :math:`B^TB` is
that block of the inverse mass matrix, hence B is known up to a complex rotation by z, and

.. math:: \alpha = \frac{y_{31}}{y_{33}}\sqrt{\frac{M_{33}}{M_{11}}} = \tan z,\quad
          \beta = \frac{y_{11}}{y_{13}}\sqrt{\frac{M_{33}}{M_{11}}} = \tan(z-\zeta),\quad
          \kappa = \frac{y_\Phi^{23}}{y_\Phi^{12}}\sqrt{\frac{M_{11}}{M_{33}}} = -\tan(z-\xi),

where zeta and xi follow from the inverse mass matrix. A flat prior of the logarithms has a pole wherever one of these
or its reciprocal vanishes: z is drawn from a mixture in which each has a flat logarithm and phase in turn.
**Lmu-Ltau**: the entries of the inverse are single products, so that nothing but the rescalings is left.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from .draws import draw_one_zero, draw_two_zeros
from .low_energy import Numbers, Ratio, inverse_mass, shape
from .seesaw import V_EW
from .terms import NeutrinoData

__all__ = ["B_3LMU", "LMU_LTAU", "SeesawDraw", "b_3lmu_draw", "lmu_ltau_draw"]

B_3LMU = (
    ("ynu11", "ynu13", "ynu31", "ynu33", "ynu22", "MR11", "MR33", "yPhi12", "yPhi23"),
    ("argynu13", "argynu31", "argyPhi23"),
)
"""Moduli and phases of the model."""

LMU_LTAU = (("ynu11", "ynu22", "ynu33", "MR11", "MR23", "yPhi12", "yPhi13"), ("argMR23",))
"""Moduli and phases of the model."""

# Powers of the moduli in |alpha|, |beta|, |kappa|, in the order of B_3LMU.
_TANGENTS = np.array(
    [
        [0, 0, 1, -1, 0, -0.5, 0.5, 0, 0],
        [1, -1, 0, 0, 0, -0.5, 0.5, 0, 0],
        [0, 0, 0, 0, 0, 0.5, -0.5, -1, 1],
    ]
)

_UNIT = V_EW**2 * 1e9 / 2  # GeV/eV^-1: inverse light masses to heavy masses over squared couplings
# Pairs of entries of which the data let one or the other vanish: mu tau in normal, e mu and e tau in inverted ordering.
_RATIOS: Mapping[str, tuple[Ratio, ...]] = {
    "NO": (((1, 2), (0, 1)),),
    "IO": (((0, 1), (0, 2)),),
}
_TUBES = 3

Logs = tuple[Float[Array, " n"], Float[Array, " p"]]


class SeesawDraw(NamedTuple):
    """A random point as a function of uniform numbers.

    Attributes
    ----------
    components, dimension : int
        Number of components of the mixture, and of uniform numbers.
    draw : callable
        (component, u) -> moduli, phases, ln of their density if the component is drawn uniformly, which is inf where
        there is no point.
    """

    components: int
    dimension: int
    draw: Callable[[Array, Array], tuple[Array, Array, Array]]


class _Box(NamedTuple):
    """Ends of the logarithms of the moduli."""

    low: Float[Array, " n"]
    high: Float[Array, " n"]

    def ends(self, powers: Float[np.ndarray, "k n"]) -> tuple[Float[Array, " k"], Float[Array, " k"]]:
        """Smallest and largest logarithms of products of powers of the moduli."""
        up, down = jnp.maximum(powers, 0), jnp.minimum(powers, 0)
        return up @ self.low + down @ self.high, up @ self.high + down @ self.low

    def interval(
        self, logs: Array, of: Sequence[int], powers: Sequence[float], u: Array
    ) -> tuple[Array, Array]:
        """A uniform r for which logs + powers r stay in the box, and the length of its interval."""
        at, power = jnp.array(of), jnp.array(powers)
        low = ((self.low[at] - logs[at]) / power).max()
        high = ((self.high[at] - logs[at]) / power).min()
        return low + u * (high - low), high - low


def _box(bounds: Mapping[str, tuple[float, float]], names: Sequence[str]) -> _Box:
    ends = np.log([bounds[name] for name in names])
    return _Box(jnp.asarray(ends[:, 0]), jnp.asarray(ends[:, 1]))


def _finish(
    coordinates: Callable[[Array], Logs], free: Array, log_density: Array, exists: Array, box: _Box
) -> tuple[Array, Array, Array]:
    """Moduli, phases and density from coordinates, whose density is known."""

    def flat(free: Array) -> Array:
        return jnp.concatenate(coordinates(free))

    jacobian = jnp.linalg.slogdet(jax.jacfwd(flat)(free))[1]
    logs, phases = coordinates(free)
    total = log_density - jacobian - logs.sum()
    exists &= jnp.isfinite(total)
    logs = jnp.where(exists, logs, (box.low + box.high) / 2)
    return jnp.exp(logs), jnp.where(exists, phases, 0.0), jnp.where(exists, total, jnp.inf)


# --- B-3Lmu ---------------------------------------------------------------------------------------------------------


class _Block(NamedTuple):
    """The e-tau block: one B, the mu row, and the centres of the three tubes in z."""

    B: Array
    mu: Array
    centres: Array


def _block(K: Array) -> _Block:
    ee, et, tt = K[0, 0], K[0, 2], K[2, 2]
    first = jnp.sqrt(ee)
    B = jnp.array([[first, et / first], [0.0, jnp.sqrt(tt - et**2 / ee)]])
    mu = jnp.array([K[1, 0], K[1, 2]])
    turned = mu @ jnp.linalg.inv(B)
    return _Block(B, mu, jnp.array([0.0, jnp.arctan(B[1, 1] / B[0, 1]), jnp.arctan(turned[1] / turned[0])]))


def _b_3lmu_logs(K: Array, z: Array, sign: Array, log_v_Phi: float) -> Logs:
    """Logarithms of the moduli and the phases for M11 = M33 = y22 = 1."""
    block = _block(K)
    c, s = jnp.cos(z), jnp.sin(z)
    y = jnp.linalg.inv(block.B) @ jnp.array([[c, -s], [s, c]])
    y = y * jnp.array([1.0, sign])  # the sign of one right-handed neutrino, which z leaves open
    Phi = block.mu @ y
    log_y, log_Phi = jnp.log(y), jnp.log(Phi)
    phases = jnp.array(
        [(log_y[0, 1] - log_y[0, 0]).imag, (log_y[1, 0] - log_y[1, 1]).imag, (log_Phi[1] - log_Phi[0]).imag]
    )
    moduli = [*log_y.real.ravel(), 0.0, 0.0, 0.0, *(log_Phi.real - log_v_Phi)]
    return jnp.array(moduli), phases


_RESCALED = np.array(  # powers of e^{r_1}, e^{r_2}, e^{r_3} in the moduli, in the order of B_3LMU
    [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0], [2, 0, 0], [0, 0, 2], [1, 1, 0], [0, 1, 1]], float
)


def b_3lmu_draw(
    bounds: Mapping[str, tuple[float, float]], data: NeutrinoData, v_Phi: float, broadening: float = 0.7
) -> SeesawDraw:
    """Points of the seesaw of U(1)_{B-3Lmu}.

    Parameters
    ----------
    bounds : mapping
        Name of each modulus -> ends of its log-uniform prior (GeV for masses).
    data : NeutrinoData
    v_Phi : float
        GeV.
    broadening : float
        Scales of the logistic distributions of angles and mass differences in units of the measured errors.
    """
    box, log_v_Phi, ratios = _box(bounds, B_3LMU[0]), float(np.log(v_Phi)), _RATIOS[data.ordering]
    # the whole box: a tube that ends before it does leaves a corner to the other two, which hardly ever reach it
    low_tan, high_tan = box.ends(_TANGENTS)

    def draw(component: Array, u: Array) -> tuple[Array, Array, Array]:
        low = draw_one_zero(component // _TUBES, u[:9], data, ratios, broadening)
        K = _UNIT * inverse_mass(low.numbers, low.mirror, data.ordering)
        centres = _block(K).centres
        tube = component % _TUBES
        log_tan = low_tan[tube] + (high_tan - low_tan)[tube] * u[9]
        z = centres[tube] + jnp.arctan(jnp.exp(log_tan + 2j * jnp.pi * u[10]))
        sign = jnp.where(u[11] < 0.5, 1.0, -1.0)
        tangents = jnp.tan(z - centres)
        # |d ln tan z/dz|^2 over the area of (ln |tan|, phase), all of which the box needs
        densities = jnp.abs(tangents + 1 / tangents) ** 2 / (2 * jnp.pi * (high_tan - low_tan))
        log_density = low.log_density + jnp.log(densities.mean())
        logs, _ = _b_3lmu_logs(K, z, sign, log_v_Phi)
        r1, length1 = box.interval(logs, (0, 2, 5), (1, 1, 2), u[12])
        r3, length3 = box.interval(logs, (1, 3, 6), (1, 1, 2), u[13])
        shifted = logs + jnp.asarray(_RESCALED) @ jnp.stack([r1, jnp.zeros(()), r3])
        r2, length2 = box.interval(shifted, (4, 7, 8), (1, 1, 1), u[14])
        lengths = jnp.stack([length1, length2, length3])
        exists = low.exists & (lengths > 0).all()
        # the mirror image is part of the density of `low`; the sign is one of two
        log_density -= jnp.log(jnp.where(exists, lengths, 1.0)).sum() + jnp.log(2.0)

        def coordinates(free: Array) -> Logs:
            K = _UNIT * inverse_mass(Numbers(*free[:7]), low.mirror, data.ordering)
            logs, phases = _b_3lmu_logs(K, free[7] + 1j * free[8], sign, log_v_Phi)
            return logs + jnp.asarray(_RESCALED) @ free[9:], phases

        free = jnp.stack([*low.numbers, z.real, z.imag, r1, r2, r3])
        return _finish(coordinates, free, log_density, exists, box)

    return SeesawDraw(_TUBES * (1 + len(ratios)), 15, draw)


# --- Lmu-Ltau -------------------------------------------------------------------------------------------------------

_SINGLE = np.array(  # powers of e^{r_1}, e^{r_2}, e^{r_3} in the moduli, in the order of LMU_LTAU
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 0, 0], [0, 1, 1], [1, 1, 0], [1, 0, 1]], float
)


def lmu_ltau_draw(
    bounds: Mapping[str, tuple[float, float]], data: NeutrinoData, v_Phi: float, broadening: float = 0.7
) -> SeesawDraw:
    """Points of the seesaw of U(1)_{Lmu-Ltau} with the minimal Phi; parameters as in `b_3lmu_draw`."""
    box, log_v_Phi = _box(bounds, LMU_LTAU[0]), float(np.log(v_Phi))
    zero = (2, 2)

    def logs_of(free: Array) -> Logs:
        """For y11 = y22 = y33 = 1, from s12sq, s23sq, s13sq, delta and ln \\|Dm3l\\|."""
        drawn = Numbers._make([*free[:4], jnp.zeros(()), free[4], jnp.zeros(())])
        found = shape(drawn.mixing(), (zero, (0, 0)), 0.0, data.ordering)
        squares = jnp.exp(found.log_squares)
        size = squares[2] - squares[0 if data.ordering == "NO" else 1]
        scale = (drawn.log_Dm3l - jnp.log(jnp.abs(size))) / 2  # masses are exp(scale + log_squares/2)
        U = jnp.conj(drawn.mixing())
        y = found.y / jnp.linalg.norm(found.y)
        K = _UNIT * jnp.exp(-scale) * (U * y) @ U.T
        log = jnp.log(jnp.stack([K[0, 0], K[1, 2], K[0, 1], K[0, 2]]))
        moduli = [0.0, 0.0, 0.0, log[0].real, log[1].real, log[2].real - log_v_Phi, log[3].real - log_v_Phi]
        return jnp.array(moduli), (log[0] + log[1] - log[2] - log[3]).imag[None]

    def draw(component: Array, u: Array) -> tuple[Array, Array, Array]:
        low = draw_two_zeros(u[:7], data, zero, broadening)
        n = low.numbers
        at = jnp.stack([n.s12sq, n.s23sq, n.s13sq, n.delta, n.log_Dm3l])
        logs, _ = logs_of(at)
        r1, length1 = box.interval(logs, (0, 3), (1, 2), u[7])
        shifted = logs + jnp.asarray(_SINGLE[:, 0]) * r1
        r2, length2 = box.interval(shifted, (1, 5), (1, 1), u[8])
        shifted += jnp.asarray(_SINGLE[:, 1]) * r2
        r3, length3 = box.interval(shifted, (2, 4, 6), (1, 1, 1), u[9])
        lengths = jnp.stack([length1, length2, length3])
        exists = low.exists & (lengths > 0).all()
        log_density = low.log_density - jnp.log(jnp.where(exists, lengths, 1.0)).sum()

        def coordinates(free: Array) -> Logs:
            logs, phases = logs_of(free[:5])
            return logs + jnp.asarray(_SINGLE) @ free[5:], phases

        return _finish(coordinates, jnp.concatenate([at, jnp.stack([r1, r2, r3])]), log_density, exists, box)

    return SeesawDraw(1, 10, draw)
