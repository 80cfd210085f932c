r"""Hadronic decays of X below 2 GeV: R_F^V(m), the strength of final state F through vector meson V.

In vector-meson dominance the rate of a final state is that of e+e- annihilation with the quark charges
replaced by the couplings of X, meson by meson (arXiv:1801.04847, Sec. 2):

.. math::
    \Gamma_{had} = \frac{m_X}{12\pi}\Big[\sum_{F,V}(r_V T_V)^2 R_F^V + \sum_{F,V<V'}2\,r_V T_V\,r_{V'} T_{V'}\,
    R_F^{VV'}\Big],\qquad T_\rho = \tfrac12(g_u-g_d),\;T_\omega = \tfrac12(g_u+g_d),\;
    T_\phi = \tfrac{1}{\sqrt2}g_s,\qquad r = (2, 6, 3\sqrt2)

with R normalised to e+e- -> mu+mu-. The tables come from the built-in parametrisation (form factors of pion and
kaon, narrow resonances with PDG widths, published four-pion cross sections, and what they leave of the measured
inclusive R) or from a folder of ``rf.<final state>.<meson>.dat`` files.
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
# interference and mixing that the files of arXiv:1801.04847 do not hold
_AMPLITUDES_ONLY = (
    ("pi+_pi-", "omega"),
    ("pi+_pi-", "rho0_omega"),
    ("K_K", "rho0"),
    ("K_K", "omega"),
    ("K_K", "rho0_omega"),
    ("K_K", "rho0_phi"),
    ("K_K", "omega_phi"),
)
_COLUMNS = CHANNELS + _AMPLITUDES_ONLY
FINAL_STATES = tuple(dict.fromkeys(final for final, _ in CHANNELS))
_STEP, _END = 5e-4, 2.0
_GRID = _STEP * np.arange(round(_END / _STEP) + 1)
_M_PI, _M_PI0, _M_K, _M_K0, _M_RHO, _GAMMA_RHO = 0.13957, 0.13498, 0.49368, 0.49761, 0.77526, 0.1474


class HadronTables(NamedTuple):
    """R_F^V on the common grid ``0, 0.0005, ..., 2`` GeV; the last value holds above.

    Attributes
    ----------
    R : (n_grid, n_channels) float
        In the order of ``_COLUMNS``: meson by meson, and their interference.
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
    strength = {"rho0": rho**2, "omega": omega**2, "phi": phi**2}
    strength |= {"rho0_omega": 2 * rho * omega, "rho0_phi": 2 * rho * phi, "omega_phi": 2 * omega * phi}
    return mX / (12 * np.pi) * (_SUM @ (R * jnp.stack([strength[meson] for _, meson in _COLUMNS])))


_SUM = np.array([[float(final == name) for name, _ in _COLUMNS] for final in FINAL_STATES])
_PHOTON = {"rho0": 1, "omega": 1, "phi": -1}  # r_V T_V of the quark charges


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
    columns += [np.zeros_like(_GRID)] * len(_AMPLITUDES_ONLY)
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


def _three_pion_width(m: np.ndarray) -> np.ndarray:
    """Width of V -> rho pi -> 3 pi up to a constant: |p+ x p-|^2 and the propagator of the rho over phase space."""
    x, w = np.polynomial.legendre.leggauss(48)
    low, high = 4 * _M_PI**2, np.maximum(m - _M_PI0, 2 * _M_PI) ** 2
    pair2 = low + 0.5 * (high - low)[:, None] * (x + 1)
    momentum = np.sqrt(np.maximum(0.25 * pair2 - _M_PI**2, 0.0))
    recoil = _momentum(m[:, None], np.sqrt(pair2), _M_PI0)
    rho = 1 / ((_M_RHO**2 - pair2) ** 2 + (_M_RHO * _GAMMA_RHO) ** 2)
    integrand = momentum**3 / np.sqrt(pair2) * recoil**3 * rho
    return np.sum((high - low)[:, None] * w * integrand, axis=1)


def _momentum(m: Any, a: Any, b: Any) -> Any:
    """Momentum of the decay products a and b of a particle of mass m, zero below threshold."""
    kallen = (m**2 - (a + b) ** 2) * (m**2 - (a - b) ** 2)
    return np.where(m > a + b, np.sqrt(np.maximum(kallen, 0.0)) / (2 * m), 0.0)


def _narrow_amplitudes(
    m: np.ndarray, meson: dict[str, float], growth: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Amplitudes whose squares are R of a narrow resonance in each final state F; `growth` is Gamma_F(m)/Gamma_F(M)."""
    M = meson["mass"]
    fixed = 1 - sum(meson[final] for final in growth)
    width = meson["width"] * (fixed + sum(meson[final] * g for final, g in growth.items()))
    propagator = meson["width"] * M * np.sqrt(M / m) / (M**2 - m**2 - 1j * m * width)
    return {
        final: 3 / INPUTS.alpha * np.sqrt(meson["ee"] * meson[final] * g) * propagator
        for final, g in growth.items()
    }


def _kaon_amplitudes(m: np.ndarray, data: dict[str, Any], isospin: int, mass: float) -> dict[str, np.ndarray]:
    """Amplitudes of K Kbar through each meson but the phi itself, per unit of r_V T_V; hep-ph/0409080, Eq. (64)."""
    s = m**2

    def sum_of(meson: str, decay: float) -> np.ndarray:
        total = np.zeros(len(m), complex)
        for M, width, c in data["kaon_form_factor"][meson]:
            # the omega family decays into three pions: its widths do not run
            runs = M**2 / s * (_momentum(m, decay, decay) / _momentum(M, decay, decay)) ** 3 if decay else 1.0
            total += c * M**2 / (M**2 - s - 1j * m * width * runs)
        return total

    flux = _flux(m, mass)
    return {
        "rho0": isospin / 2 * flux * sum_of("rho0", _M_PI),
        "omega": flux / 6 * sum_of("omega", 0.0),
        "phi": -flux / 3 * sum_of("phi", _M_K),
    }


def _flux(m: np.ndarray, mass: float) -> np.ndarray:
    """What multiplies the form factor of a pair of mesons in the amplitude whose square is R."""
    return np.sqrt((2 * _momentum(m, mass, mass) / m) ** 3 / 4)


def _squares(amplitudes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Squares and interference of amplitudes by meson."""
    names = list(amplitudes)
    found = {name: np.abs(a) ** 2 for name, a in amplitudes.items()}
    for i, one in enumerate(names):
        for two in names[i + 1 :]:
            found[f"{one}_{two}"] = np.real(np.conj(amplitudes[one]) * amplitudes[two])
    return found


def builtin_tables() -> HadronTables:
    """Tables of the built-in parametrisation (``data/mesons.yaml``)."""
    data = read("mesons")
    m = np.maximum(_GRID, 1e-3)
    s = m**2
    R = {channel: np.zeros_like(m) for channel in _COLUMNS}

    def add(final: str, amplitudes: dict[str, np.ndarray]) -> None:
        for meson, square in _squares(amplitudes).items():
            R[final, meson] = R[final, meson] + square

    mixing = data["pion_omega_mixing"]
    c = [magnitude * np.exp(1j * phase) for _, _, magnitude, phase in data["pion_form_factor"]]
    rhos = [ci / sum(c) * _gounaris_sakurai(s, *row[:2]) for ci, row in zip(c, data["pion_form_factor"])]
    share = mixing["magnitude"] * np.exp(1j * mixing["phase"])
    flux = _flux(m, _M_PI)
    M2, MG = mixing["mass"] ** 2, mixing["mass"] * mixing["width"]
    through_omega = share * M2 / (M2 - s - 1j * MG) * rhos[0] / (1 + share)
    through_rho = rhos[0] / (1 + share) + sum(rhos[1:])
    add("pi+_pi-", {"rho0": flux * through_rho, "omega": flux * through_omega})

    omega, phi = data["narrow"]["omega"], data["narrow"]["phi"]
    final, three_pions = "pi+_pi-_pi0", _three_pion_width(m)

    def grown(values: np.ndarray, meson: dict[str, float]) -> np.ndarray:
        return values / np.interp(meson["mass"], m, values)

    kaons = {"K+_K-": (1, _M_K), "K0_K0": (-1, _M_K0)}
    # two pseudoscalars or one and a photon: p^3 over m^2 and over 1
    of_omega = {final: grown(three_pions, omega), "pi0_gamma": grown(_momentum(m, _M_PI0, 0.0) ** 3, omega)}
    of_phi = {final: grown(three_pions, phi)} | {
        pair: grown(_momentum(m, mass, mass) ** 3 / s, phi) for pair, (_, mass) in kaons.items()
    }
    through_omega = _narrow_amplitudes(m, omega, of_omega)
    through_phi = _narrow_amplitudes(m, phi, of_phi)
    excited = [
        meson["sign"] * _narrow_amplitudes(m, meson, {final: grown(three_pions, meson)})[final]
        for meson in data["excited_omegas"]
    ]
    phase = np.exp(1j * np.deg2rad(data["omega_phi_phase_deg"]))
    add(
        final,
        {
            "omega": through_omega[final] + sum(excited),
            "phi": _PHOTON["phi"] * phase * through_phi[final],
        },
    )
    add("pi0_gamma", {"omega": through_omega["pi0_gamma"]})
    for pair, (isospin, mass) in kaons.items():
        amplitudes = _kaon_amplitudes(m, data, isospin, mass)
        add("K_K", amplitudes | {"phi": amplitudes["phi"] + _PHOTON["phi"] * through_phi[pair]})

    nb = 1e33 * INPUTS.hbarc2_cm2  # GeV^-2 in nb
    for final, points in data["four_pion"].items():
        mass, sigma = np.array(points).T
        R[final, "rho0"] = np.interp(m, mass, sigma) * 3 * s / (4 * np.pi * INPUTS.alpha**2 * nb)

    mass, inclusive, _ = np.array(data["inclusive"]).T
    left = np.maximum(inclusive - np.interp(mass, m, _for_photon(R)), 0.0)
    rest = np.interp(m, [data["rest_opens"], *mass], [0.0, *left])
    for meson, charges in {"rho0": 9, "omega": 1, "phi": 2}.items():
        R["other", meson] = rest * charges / 12
    return HadronTables(np.stack([R[channel] for channel in _COLUMNS], axis=1), "built-in parametrisation")


def _for_photon(R: dict[tuple[str, str], np.ndarray]) -> np.ndarray:
    """R of e+e-: all channels with the quarks' charges."""
    signs = {meson: 1 for meson in _PHOTON}
    signs |= {f"{a}_{b}": 2 * _PHOTON[a] * _PHOTON[b] for a in _PHOTON for b in _PHOTON}
    return np.sum([signs[meson] * values for (_, meson), values in R.items()], axis=0)
