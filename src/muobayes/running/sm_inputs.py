"""Measured inputs of the SM couplings and their MS-bar values at the top mass (offline, numpy).

Heavy particles: the two-loop matching (three-loop QCD) of Buttazzo et al., arXiv:1307.3536v4, Eqs. (56)-(60),
evaluated at present masses. Light fermions: QCD running at three loops and QED at one; electroweak corrections
to y_f v/sqrt2 = m_f (one to two per cent) are neglected, the light Yukawas being too small to matter for running.
"""

from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

__all__ = ["SMInputs", "ckm", "ckm_from_angles", "couplings_at_top"]

ZETA3 = 1.2020569031595942


@dataclass(frozen=True)
class SMInputs:
    """Measured inputs, masses in GeV: PDG 2024 (Phys. Rev. D 110, 030001)."""

    mt_pole: float = 172.57  # direct measurements
    mh: float = 125.20
    mW: float = 80.3692  # world average without CDF II
    mZ: float = 91.1880
    alpha_s: float = 0.1180  # at mZ, five flavours
    GF: float = 1.1663788e-5
    alpha_em_mZ: float = 1 / 127.930  # MS-bar
    mb_mb: float = 4.183
    mc_mc: float = 1.2730
    ms_2: float = 0.0935
    md_2: float = 0.00470
    mu_2: float = 0.00216
    me: float = 0.51099895000e-3
    mmu: float = 0.1056583755
    mtau: float = 1.77693
    ckm_lambda: float = 0.22501
    ckm_A: float = 0.826
    ckm_rhobar: float = 0.1591
    ckm_etabar: float = 0.3523


def ckm(inputs: SMInputs) -> np.ndarray:
    """The CKM matrix in the standard phase convention, exact in the Wolfenstein parameters (PDG, Eq. 12.4)."""
    s12 = inputs.ckm_lambda
    s23 = inputs.ckm_A * s12**2
    rho_eta = inputs.ckm_rhobar + 1j * inputs.ckm_etabar
    root = np.sqrt(1 - s23**2)
    v_ub_conj = s12 * s23 * rho_eta * root / (np.sqrt(1 - s12**2) * (1 - s23**2 * rho_eta))
    return ckm_from_angles(s12, s23, abs(v_ub_conj), np.angle(v_ub_conj))


def ckm_from_angles(s12: float, s23: float, s13: float, delta: float) -> np.ndarray:
    """The CKM matrix of the standard parametrisation from the sines of its angles and its phase."""
    c12, c23, c13 = (np.sqrt(1 - s * s) for s in (s12, s23, s13))
    e = np.exp(1j * delta)
    return np.array(
        [
            [c12 * c13, s12 * c13, s13 / e],
            [-s12 * c23 - c12 * s23 * s13 * e, c12 * c23 - s12 * s23 * s13 * e, s23 * c13],
            [s12 * s23 - c12 * c23 * s13 * e, -c12 * s23 - s12 * c23 * s13 * e, c23 * c13],
        ]
    )


def _qcd(a: float, log_m: float, mu0: float, mu1: float, nf: int) -> tuple[float, float]:
    """Three-loop QCD running of a = alpha_s/pi and of ln m between two scales with nf flavours."""
    beta = (
        (11 - 2 / 3 * nf) / 4,
        (102 - 38 / 3 * nf) / 16,
        (2857 / 2 - 5033 / 18 * nf + 325 / 54 * nf**2) / 64,
    )
    gamma = (
        1.0,
        (202 / 3 - 20 / 9 * nf) / 16,
        (1249 + (-2216 / 27 - 160 / 3 * ZETA3) * nf - 140 / 81 * nf**2) / 64,
    )

    def rhs(_: float, y: np.ndarray) -> list[float]:
        a = y[0]
        series = [a, a**2, a**3]
        return [-2 * a * np.dot(beta, series), -2 * np.dot(gamma, series)]

    solution = solve_ivp(rhs, (np.log(mu0), np.log(mu1)), [a, log_m], rtol=1e-10, atol=1e-14)
    return float(solution.y[0, -1]), float(solution.y[1, -1])


def _quark_masses(inputs: SMInputs, mu: float) -> dict[str, float]:
    """MS-bar quark masses at `mu` > m_b with five flavours, from the PDG masses at their own scales."""
    a_mz = inputs.alpha_s / np.pi
    a_mb, _ = _qcd(a_mz, 0.0, inputs.mZ, inputs.mb_mb, 5)
    a_mb4 = a_mb * (1 + 11 / 72 * a_mb**2)
    decoupling = np.log(1 + 89 / 432 * a_mb**2)

    def up_from_four(mass: float, scale: float) -> float:
        a4, _ = _qcd(a_mb4, 0.0, inputs.mb_mb, scale, 4)
        _, log_mb = _qcd(a4, np.log(mass), scale, inputs.mb_mb, 4)
        return float(np.exp(_qcd(a_mb, log_mb - decoupling, inputs.mb_mb, mu, 5)[1]))

    return {
        "b": float(np.exp(_qcd(a_mb, np.log(inputs.mb_mb), inputs.mb_mb, mu, 5)[1])),
        "c": up_from_four(inputs.mc_mc, inputs.mc_mc),
        "s": up_from_four(inputs.ms_2, 2.0),
        "d": up_from_four(inputs.md_2, 2.0),
        "u": up_from_four(inputs.mu_2, 2.0),
    }


def couplings_at_top(inputs: SMInputs) -> dict[str, float | np.ndarray]:
    """MS-bar couplings at mu = M_t: gs, g, gp, Lambda, muH2 (GeV^2), down-aligned Yu, Yd, Ye."""
    dt, dh = inputs.mt_pole - 173.34, inputs.mh - 125.15
    da, dw = (inputs.alpha_s - 0.1184) / 0.0007, (inputs.mW - 80.384) / 0.014
    v = (np.sqrt(2) * inputs.GF) ** -0.5
    quark = {name: np.sqrt(2) * mass / v for name, mass in _quark_masses(inputs, inputs.mt_pole).items()}
    yt = 0.93690 + 0.00556 * dt - 0.00042 * da
    a_em = inputs.alpha_em_mZ / np.pi

    def lepton(pole: float) -> float:  # one-loop QED: MS-bar at M_t from the pole mass
        return float(np.sqrt(2) * pole / v * (1 - a_em * (1 + 1.5 * np.log(inputs.mt_pole / pole))))

    return {
        "gs": 1.1666 + 0.00314 * da - 0.00046 * dt,
        "g": 0.64779 + 0.00004 * dt + 0.00011 * dw,
        "gp": 0.35830 + 0.00011 * dt - 0.00020 * dw,
        "Lambda": 2 * (0.12604 + 0.00206 * dh - 0.00004 * dt),
        "muH2": (131.55 + 0.94 * dh + 0.17 * dt) ** 2 / 2,
        "Yu": ckm(inputs).conj().T @ np.diag([quark["u"], quark["c"], yt]).astype(complex),
        "Yd": np.diag([quark["d"], quark["s"], quark["b"]]).astype(complex),
        "Ye": np.diag([lepton(inputs.me), lepton(inputs.mmu), lepton(inputs.mtau)]).astype(complex),
    }
