"""Make the table behind `sm_parameters` (offline): ``python -m muobayes.running.sm_table``.

The full flavour matrices run with the engine's beta functions, gauge to three loops, the rest to two. The Higgs mass
parameter runs as the coupling of |H|^2 to a neutral scalar that takes part in nothing else: the part of a
quartic beta function that is linear in that coupling is the anomalous dimension of |H|^2.
"""

from dataclasses import asdict

import numpy as np
from scipy.integrate import solve_ivp

from .. import artifacts
from .engine.betas import beta_rows, prepare
from .engine.model import Model, load_model
from .engine.numeric import squared_couplings
from .sm import KIND, TABLE
from .sm_inputs import SMInputs, ckm_from_angles, couplings_at_top

__all__ = ["make_table"]

LN_MU_RANGE = (np.log(150.0), np.log(2e19))
ORDER = 40  # Chebyshev polynomials; the last coefficients are below 1e-9 of the first
SPURION = 1e-9  # so small that the beta function of the mass parameter is linear in it to this accuracy
LEPTONS = ("y_e", "y_mu", "y_tau")


def _model() -> Model:
    description = dict(load_model("sm").description)
    description["scalars"] = {**description["scalars"], "spurion": {}}
    description["quartics"] = [*description["quartics"], "mass2 spurion* spurion H*[a] H[a]"]
    return Model("sm", description)


def _state(couplings: dict) -> np.ndarray:
    """gp, g, gs, Y_u, Y_d (real and imaginary parts), charged-lepton Yukawas, Lambda, ln(muH2)."""
    matrices = [np.stack([couplings[k].real, couplings[k].imag]).ravel() for k in ("Yu", "Yd")]
    gauge = [couplings["gp"], couplings["g"], couplings["gs"]]
    tail = [*np.diag(couplings["Ye"]).real, couplings["Lambda"], np.log(couplings["muH2"])]
    return np.concatenate([gauge, *matrices, tail])


def _velocity(model: Model, state: np.ndarray) -> np.ndarray:
    gp, g, gs = state[:3]
    values = squared_couplings(model, {"g_Y": gp, "g_2": g, "g_3": gs})
    labels = [c for c in model.coupling_symbols if c.startswith(("Y_u", "Y_d"))]
    values |= dict(zip(labels, state[3:39])) | dict(zip(LEPTONS, state[39:42]))
    values |= {"lambda_H": state[42], "mass2": SPURION}
    prepared = prepare(model, np.array([values.get(s, 0.0) for s in model.symbols]))
    beta: dict[str, float] = {}
    for kind, highest in (("gauge", 3), ("yukawa", 2), ("quartic", 2)):
        for loop in range(1, highest + 1):
            rows = beta_rows(prepared, kind, loop)
            for k, value in zip(rows.idx[:, 0], rows.val.real):
                name = prepared.labels[kind][k]
                beta[name] = beta.get(name, 0.0) + float(value) / (16 * np.pi**2) ** loop
    gauge = [gp**3 * beta["b_YY"] / 2, g**3 * beta["b_2"] / 2, gs**3 * beta["b_3"] / 2]
    names = [*labels, *LEPTONS, "lambda_H"]
    return np.array([*gauge, *(beta.get(n, 0.0) for n in names), beta["mass2"] / SPURION])


def _down_aligned(state: np.ndarray) -> dict[str, float]:
    """The couplings in the basis where Y_d is diagonal and Y_u = V^dagger diag(y_u, y_c, y_t)."""
    yu, yd = (state[i : i + 9].reshape(3, 3) + 1j * state[i + 9 : i + 18].reshape(3, 3) for i in (3, 21))
    (left_u, up), (left_d, down) = (_left_rotation(y) for y in (yu, yd))
    v = np.abs(left_u.conj().T @ left_d)
    jarlskog = _jarlskog(left_u.conj().T @ left_d)
    s13 = v[0, 2]
    s12, s23 = v[0, 1] / np.sqrt(1 - s13**2), v[1, 2] / np.sqrt(1 - s13**2)
    c12, c23, c13 = (np.sqrt(1 - s * s) for s in (s12, s23, s13))
    sine = jarlskog / (c12 * c23 * c13**2 * s12 * s23 * s13)
    cosine = ((s12 * s23) ** 2 + (c12 * c23 * s13) ** 2 - v[2, 0] ** 2) / (2 * c12 * c23 * s12 * s23 * s13)
    aligned = ckm_from_angles(s12, s23, s13, np.arctan2(sine, cosine)).conj().T @ np.diag(up)
    out = {"gs": state[2], "g": state[1], "gp": state[0], "Lambda": state[42], "muH2": np.exp(state[43])}
    for i, j in np.ndindex(3, 3):
        out[f"Yu{i + 1}{j + 1}re"], out[f"Yu{i + 1}{j + 1}im"] = aligned[i, j].real, aligned[i, j].imag
    return out | dict(zip(("yd", "ys", "yb"), down)) | dict(zip(("ye", "ymu", "ytau"), state[39:42]))


def _left_rotation(yukawa: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, values, _ = np.linalg.svd(yukawa)
    order = values.argsort()
    return left[:, order], values[order]


def _jarlskog(v: np.ndarray) -> float:
    return float((v[0, 1] * v[1, 2] * v[0, 2].conj() * v[1, 1].conj()).imag)


def make_table(inputs: SMInputs | None = None) -> None:
    """Run the SM couplings from M_t over the tabulated range and store their Chebyshev series."""
    inputs = inputs or SMInputs()
    model = _model()
    start, at_top = _state(couplings_at_top(inputs)), np.log(inputs.mt_pole)
    low, high = LN_MU_RANGE
    legs = [
        solve_ivp(
            lambda _, y: _velocity(model, y),
            (at_top, to),
            start,
            method="DOP853",
            rtol=1e-9,
            atol=1e-13,
            dense_output=True,
        ).sol
        for to in (low, high)
    ]
    x = np.cos(np.pi * (np.arange(ORDER) + 0.5) / ORDER)
    rows = [_down_aligned(legs[int(t > at_top)](t)) for t in (low + high) / 2 + x * (high - low) / 2]
    coefficients = np.polynomial.chebyshev.chebfit(x, np.array([list(r.values()) for r in rows]), ORDER - 1)
    content = {"ln_mu_range": [low, high], "names": list(rows[0]), "coefficients": coefficients.tolist()}
    loops = "gauge 3, Yukawa 2, quartic 2, mass 2"
    artifacts.save(TABLE, content, kind=KIND, inputs={**asdict(inputs), "loops": loops})


if __name__ == "__main__":
    make_table()
