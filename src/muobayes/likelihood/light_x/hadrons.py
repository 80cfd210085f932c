r"""Hadronic decays of X below 2 GeV: R_F^V(m), the strength of final state F through vector meson V.

In vector-meson dominance the rate of a final state is that of e+e- annihilation with the quark charges
replaced by the couplings of X, meson by meson (arXiv:1801.04847, Sec. 2):

.. math::
    \Gamma_{had} = \frac{m_X}{12\pi}\Big[\sum_{F,V}(r_V T_V)^2 R_F^V + 2\,r_\omega T_\omega\,r_\phi T_\phi\,
    R_{3\pi}^{\omega\phi}\Big],\qquad T_\rho = \tfrac12(g_u-g_d),\;T_\omega = \tfrac12(g_u+g_d),\;
    T_\phi = \tfrac{1}{\sqrt2}g_s,\qquad r = (2, 6, 3\sqrt2)

with R normalised to e+e- -> mu+mu-. The tables come from the built-in parametrisation (resonances with PDG
widths, published four-pion cross sections, quark-antiquark continuum) or from a folder of ``rf.<final
state>.<meson>.dat`` files.
"""

from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError
from ._data import read
from ._tables import read_table
from .couplings import Couplings, index
from .inputs import INPUTS

__all__ = ["HadronTables", "builtin_tables", "hadron_widths", "read_hadron_tables", "vector_charges"]

CHANNELS = (
    ("pi+_pi-", "rho0"),
    ("pi+_pi-_pi+_pi-", "rho0"),
    ("pi+_pi-_pi0_pi0", "rho0"),
    ("pi+_pi-_pi0", "omega"),
    ("pi+_pi-_pi0", "phi"),
    ("pi+_pi-_pi0", "omega_phi"),
    ("pi0_gamma", "omega"),
    ("K_K", "phi"),
    ("K_K_pi", "phi"),
    ("other", "rho0"),
    ("other", "omega"),
    ("other", "phi"),
)
FINAL_STATES = tuple(dict.fromkeys(final for final, _ in CHANNELS))
_STEP, _END = 5e-4, 2.0
_GRID = _STEP * np.arange(round(_END / _STEP) + 1)
_M_PI, _M_PI0, _M_K, _M_RHO, _GAMMA_RHO = 0.13957, 0.13498, 0.49368, 0.77526, 0.1474
_RANGE = 5.0  # 1/GeV, interaction radius of 1 fm in the P-wave barrier (Blatt and Weisskopf)


class HadronTables(NamedTuple):
    """R_F^V on the common grid ``0, 0.0005, ..., 2`` GeV; the last value holds above.

    Attributes
    ----------
    R : (n_grid, n_channels) float
        In the order of ``CHANNELS``.
    source : str
    """

    R: np.ndarray
    source: str


def vector_charges(couplings: Couplings) -> Array:
    """(T_rho, T_omega, T_phi): overlap of the vector couplings of u, d, s with the flavour of each meson."""
    g_u, g_d, g_s = (couplings.vector[index(q)] for q in "uds")
    return jnp.stack([0.5 * (g_u - g_d), 0.5 * (g_u + g_d), g_s / 2**0.5])


def hadron_widths(mX: Array, couplings: Couplings, tables: HadronTables) -> Array:
    """Partial widths into the final states ``FINAL_STATES``, GeV.

    Parameters
    ----------
    mX : scalar
        GeV.
    couplings : Couplings
        On the mass shell.
    tables : HadronTables

    Returns
    -------
    (n_final_states,) array
    """
    position = jnp.clip(mX / _STEP, 0.0, len(_GRID) - 1.0)
    low = jnp.clip(jnp.floor(position).astype(int), 0, len(_GRID) - 2)
    values = jnp.asarray(tables.R)
    fraction = position - low
    R = (1 - fraction) * values[low] + fraction * values[low + 1]
    rho, omega, phi = jnp.asarray([2.0, 6.0, 18**0.5]) * vector_charges(couplings)
    strength = {"rho0": rho**2, "omega": omega**2, "phi": phi**2, "omega_phi": 2 * omega * phi}
    return mX / (12 * np.pi) * (_SUM @ (R * jnp.stack([strength[meson] for _, meson in CHANNELS])))


_SUM = np.array([[float(final == name) for name, _ in CHANNELS] for final in FINAL_STATES])


def read_hadron_tables(folder: Path) -> HadronTables:
    """Tables from the files ``rf.<final state>.<meson>.dat`` (columns: mass in GeV, R) of a folder.

    Raises
    ------
    InputError
        If a file is missing or malformed.
    """
    columns = []
    for final, meson in CHANNELS:
        path = folder / f"rf.{final}.{meson}.dat"
        if not path.is_file():
            raise InputError(f"{folder}: the hadronic table {path.name} is missing.")
        mass, R = read_table(path, columns=2).T
        columns.append(np.interp(_GRID, mass, R, left=0.0))
    return HadronTables(np.stack(columns, axis=1), str(folder))


def _gounaris_sakurai(s: np.ndarray, mass: float, width: float) -> np.ndarray:
    """Propagator of a rho in the pion form factor (Phys. Rev. Lett. 21 (1968) 244), 1 at s = 0."""

    def k(x: Any) -> Any:
        return 0.5 * np.sqrt(np.maximum(x - 4 * _M_PI**2, 1e-12))

    def h(x: Any) -> Any:
        return 2 / np.pi * k(x) / np.sqrt(x) * np.log((np.sqrt(x) + 2 * k(x)) / (2 * _M_PI))

    M2, kM = mass**2, k(mass**2)
    slope = h(M2) * (1 / (8 * kM**2) - 1 / (2 * M2)) + 1 / (2 * np.pi * M2)
    shift = width * M2 / kM**3 * (k(s) ** 2 * (h(s) - h(M2)) + (M2 - s) * kM**2 * slope)
    d = (
        3 / np.pi * _M_PI**2 / kM**2 * np.log((mass + 2 * kM) / (2 * _M_PI))
        + mass / (2 * np.pi * kM)
        - _M_PI**2 * mass / (np.pi * kM**3)
    )
    running = width * (k(s) / kM) ** 3 * np.sqrt(M2 / s)
    return (M2 + d * mass * width) / (M2 - s + shift - 1j * mass * running)


def _three_pion_volume(m: np.ndarray) -> np.ndarray:
    """Phase space of V -> rho pi -> 3 pi: |p+ x p-|^2 and the propagator of the rho, up to a constant."""
    x, w = np.polynomial.legendre.leggauss(48)
    low, high = 4 * _M_PI**2, np.maximum(m - _M_PI0, 2 * _M_PI) ** 2
    pair2 = low + 0.5 * (high - low)[:, None] * (x + 1)
    momentum = np.sqrt(np.maximum(0.25 * pair2 - _M_PI**2, 0.0))
    M2 = m[:, None] ** 2
    kallen = (M2 - (np.sqrt(pair2) + _M_PI0) ** 2) * (M2 - (np.sqrt(pair2) - _M_PI0) ** 2)
    recoil = np.sqrt(np.maximum(kallen, 0.0)) / (2 * m[:, None])
    rho = 1 / ((_M_RHO**2 - pair2) ** 2 + (_M_RHO * _GAMMA_RHO) ** 2)
    barrier = 1 / (1 + (_RANGE * recoil) ** 2)
    integrand = momentum**3 / np.sqrt(pair2) * recoil**3 * barrier * rho
    return np.sum(0.5 * (high - low)[:, None] * w * integrand, axis=1)


def _narrow_amplitude(m: np.ndarray, meson: dict[str, float], final: str, growth: np.ndarray) -> np.ndarray:
    """Amplitude whose square is R of a narrow resonance; `growth` is Gamma_F(m)/Gamma_F(M)."""
    M, width = meson["mass"], meson["width"]
    partial = width * meson[final] * growth
    peak = 3 / INPUTS.alpha * np.sqrt(meson["ee"] * partial)
    return peak * m / (M**2 - m**2 - 1j * M * width)


def builtin_tables() -> HadronTables:
    """Tables of the built-in parametrisation (``data/mesons.yaml``)."""
    data = read("mesons")
    m = np.maximum(_GRID, 1e-3)
    s = m**2
    R = {channel: np.zeros_like(m) for channel in CHANNELS}

    c = [magnitude * np.exp(1j * phase) for _, _, magnitude, phase in data["pion_form_factor"]]
    above = s > 4 * _M_PI**2
    form = sum(ci * _gounaris_sakurai(s, *row[:2]) for ci, row in zip(c, data["pion_form_factor"])) / sum(c)
    beta = np.sqrt(np.maximum(1 - 4 * _M_PI**2 / s, 0.0))
    R["pi+_pi-", "rho0"] = np.where(above, 0.25 * beta**3 * np.abs(form) ** 2, 0.0)

    omega, phi = data["narrow"]["omega"], data["narrow"]["phi"]
    volume = _three_pion_volume(m)
    a_omega, a_phi = (
        _narrow_amplitude(m, meson, "pi+_pi-_pi0", volume / np.interp(meson["mass"], m, volume))
        for meson in (omega, phi)
    )
    R["pi+_pi-_pi0", "omega"], R["pi+_pi-_pi0", "phi"] = np.abs(a_omega) ** 2, np.abs(a_phi) ** 2
    # the photon has r_omega T_omega = -r_phi T_phi, hence the sign
    phase = np.exp(1j * np.deg2rad(data["omega_phi_phase_deg"]))
    R["pi+_pi-_pi0", "omega_phi"] = -np.real(np.conj(a_omega) * a_phi * phase)

    def p_wave(mass: float, a: float, b: float) -> np.ndarray:
        def momentum(x: Any) -> Any:
            kallen = (x**2 - (a + b) ** 2) * (x**2 - (a - b) ** 2)
            return np.where(x > a + b, np.sqrt(np.maximum(kallen, 0.0)) / (2 * x), 0.0)

        def rate(p: Any) -> Any:
            return p**3 / (1 + (_RANGE * p) ** 2)

        return rate(momentum(m)) / rate(momentum(mass))

    growth = p_wave(omega["mass"], _M_PI0, 0.0)
    R["pi0_gamma", "omega"] = np.abs(_narrow_amplitude(m, omega, "pi0_gamma", growth)) ** 2
    growth = p_wave(phi["mass"], _M_K, _M_K)
    R["K_K", "phi"] = np.abs(_narrow_amplitude(m, phi, "K_K", growth)) ** 2

    nb = 1e33 * INPUTS.hbarc2_cm2  # GeV^-2 in nb
    for final, points in data["four_pion"].items():
        mass, sigma = np.array(points).T
        R[final, "rho0"] = np.interp(m, mass, sigma) * 3 * s / (4 * np.pi * INPUTS.alpha**2 * nb)

    low, high = data["continuum"]["opens"]
    x = np.clip((m - low) / (high - low), 0.0, 1.0)
    opening = x**2 * (3 - 2 * x) * (1 + data["continuum"]["alpha_s_over_pi"])
    for meson, partons in {"rho0": 3 / 2, "omega": 1 / 6, "phi": 1 / 3}.items():
        exclusive = sum(value for (_, through), value in R.items() if through == meson)
        R["other", meson] = opening * np.maximum(partons - exclusive, 0.0)
    return HadronTables(np.stack([R[channel] for channel in CHANNELS], axis=1), "built-in parametrisation")
