"""Export of the evolution operators: SMEFT at any matching scale -> the coefficients that the predictions need.

Everything is linear in the dimension-six coefficients, so it is two sparse matrices:

* ``smeft``: Warsaw coefficients at mu_M -> Warsaw coefficients at m_Z (and at 125 GeV, where flavio's Higgs functions
  are evaluated), at nodes in ln mu_M, in two accuracies: the leading logarithm (smelli's default) and the full solution
  of the one-loop RGE (anomalous dimension arXiv:1308.2627, 1310.4838, 1312.2014, as implemented in wilson).
* ``match``: Warsaw at m_Z -> the frames of the observables (tree-level matching 1709.04486, QCD x QED running 1711.05270
  and translation to flavio's basis, as implemented in wilson), with its derivatives by the CKM parameters.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import wilson
from ckmutil.ckm import ckm_tree
from scipy.integrate import solve_ivp
from scipy.interpolate import BarycentricInterpolator
from scipy.sparse import csr_array
from wilson import wcxf
from wilson.match import smeft_tree
from wilson.run.smeft import SMEFT, beta
from wilson.run.smeft.smpar import smeftpar
from wilson.translate.wet import rotate_down
from wilson.util import smeft_warsaw, smeftutil, wet_jms

from .._files import complete
from ..smeft.basis import component_index, real_components
from ._fixed_wilson import Coefficient, Frame, real_coefficients

M_Z = 91.1876  # GeV, wilson's and flavio's matching scale
M_HIGGS = 125.0  # GeV, flavio's scale of Higgs decays
MU_MIN, MU_MAX = 200.0, 20000.0  # GeV, range of the matching scale
N_NODES = 7  # of the operators in ln(mu_M)
N_GAMMA = 5  # of the anomalous dimension, which only varies with the SM couplings

_LOOP = 16 * np.pi**2


def chebyshev_nodes(low: float, high: float, number: int) -> np.ndarray:
    """Chebyshev-Lobatto points between two values, ascending."""
    return (low + high) / 2 - (high - low) / 2 * np.cos(np.pi * np.arange(number) / (number - 1))


# --- arrays of wilson <-> the real vector ---------------------------------------------------------------------------


def _unit_arrays(component: tuple[str, str]) -> dict[str, Any]:
    name, part = component
    arrays = smeftutil.wcxf2arrays_symmetrized({name: 1.0 if part == "Re" else 1j})
    for key, shape in smeftutil.C_keys_shape.items():
        if key not in arrays and key not in smeftutil.dim4_keys:
            arrays[key] = 0 if shape == 1 else np.zeros(shape)
    return arrays


class _Reader:
    """Reads the non-redundant real vector off wilson's symmetrised arrays."""

    def __init__(self) -> None:
        self._places = []
        for name, part in real_components():
            key, _, digits = name.partition("_")
            index = tuple(int(d) - 1 for d in digits)
            factor = np.asarray(smeftutil.wcxf2arrays_symmetrized({name: 1.0})[key])[index]
            self._places.append((key, index, 1 / factor.real, part))

    def __call__(self, arrays: Mapping[str, Any]) -> np.ndarray:
        out = np.empty(len(self._places))
        for i, (key, index, factor, part) in enumerate(self._places):
            value = np.asarray(arrays[key])[index] * factor
            out[i] = value.real if part == "Re" else value.imag
        return out


# --- SMEFT running --------------------------------------------------------------------------------------------------


def sm_trajectory(log_scales: Sequence[float]) -> list[dict[str, Any]]:
    """SM parameters along the flow from m_Z, in the basis where Yd and Ye are diagonal at m_Z."""
    zero = smeftutil.C_array2dict(np.zeros(9999))
    start = zero | {
        k: v for k, v in smeftpar(M_Z, zero, basis="Warsaw").items() if k in set(smeftutil.dim4_keys)
    }
    y0 = smeftutil.C_dict2array(start).view(float)

    def slope(_t, y):
        arrays = smeftutil.C_array2dict(y.view(complex))
        return beta.beta_array(C=arrays, newphys=False).view(float) / _LOOP

    solution = solve_ivp(
        slope, (np.log(M_Z), max(log_scales) + 1e-9), y0, rtol=1e-9, atol=1e-12, dense_output=True
    ).sol
    keys = set(smeftutil.dim4_keys)
    return [
        {k: v for k, v in smeftutil.C_array2dict(solution(t).view(complex)).items() if k in keys}
        for t in log_scales
    ]


def anomalous_dimension(sm: Mapping[str, Any]) -> np.ndarray:
    """The matrix gamma of dC/dln(mu) = gamma C / (16 pi^2), from wilson's beta function on unit vectors."""
    read = _Reader()
    columns = [read(beta.beta(_unit_arrays(c) | dict(sm))) for c in real_components()]
    return np.array(columns).T


def _rotation(sm: Mapping[str, Any]) -> np.ndarray:
    """The flavour rotation to the basis where Yd and Ye are diagonal and Yu = V^dagger diag at this scale.

    A rotation does not mix operators, so one call rotates one component of every operator at once.
    """
    read = _Reader()
    operators = np.array([name.partition("_")[0] for name, _ in real_components()])
    place = np.array([np.sum(operators[:i] == o) for i, o in enumerate(operators)])
    zero = {k: np.zeros(s) if s != 1 else 0 for k, s in smeftutil.C_keys_shape.items()}
    rotate = partial(SMEFT._flavor_rotation, **_mass_rotations(zero | dict(sm)), sm_parameters=False)
    out = np.zeros((operators.size, operators.size))
    for n in range(place.max() + 1):
        columns = np.flatnonzero(place == n)
        arrays = dict(zero)
        for j in columns:
            arrays[operators[j]] = _unit_arrays(real_components()[j])[operators[j]]
        rotated = read(rotate(arrays))
        for j in columns:
            rows = operators == operators[j]
            out[rows, j] = rotated[rows]
    return out


def _mass_rotations(arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The unitary matrices that wilson uses for its default basis, read off by letting it rotate."""
    used: dict[str, np.ndarray] = {}
    original = SMEFT._flavor_rotation

    def spy(C, Uq, Uu, Ud, Ul, Ue, sm_parameters=True):
        used.update(Uq=Uq, Uu=Uu, Ud=Ud, Ul=Ul, Ue=Ue)
        return original(C, Uq=Uq, Uu=Uu, Ud=Ud, Ul=Ul, Ue=Ue, sm_parameters=sm_parameters)

    SMEFT._flavor_rotation = staticmethod(spy)
    try:
        SMEFT._rotate_defaultbasis(dict(arrays))
    finally:
        SMEFT._flavor_rotation = staticmethod(original)
    return used


def _cached(cache: Path, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
    path = cache / f"{name}.npy"
    if not path.exists():
        found = compute()
        with complete(path) as fresh, fresh.open("wb") as stream:
            np.save(stream, found)
    return np.load(path)


def smeft_operators(cache: Path, report: Callable[[str], None]) -> dict[str, Any]:
    """Both accuracies at the nodes, to m_Z and to 125 GeV.

    Returns
    -------
    dict
        ``log_nodes`` (n,), and for each of "leadinglog" and "integrate" two arrays (n, 2499, 2499): to m_Z and to
        125 GeV.
    """
    gamma_nodes = chebyshev_nodes(np.log(M_Z), np.log(MU_MAX), N_GAMMA)
    gammas = []
    for i, sm in enumerate(sm_trajectory(gamma_nodes.tolist())):
        gammas.append(_cached(cache, f"gamma-{i}-of-{N_GAMMA}", partial(anomalous_dimension, sm)))
        report(f"anomalous dimension {i + 1}/{N_GAMMA}")
    gamma = BarycentricInterpolator(gamma_nodes, np.array(gammas))
    nodes = chebyshev_nodes(np.log(MU_MIN), np.log(MU_MAX), N_NODES)
    sm_at_nodes = sm_trajectory(nodes.tolist())
    to_aligned = []
    for i, sm in enumerate(sm_at_nodes):
        to_aligned.append(_cached(cache, f"rotation-{i}-of-{N_NODES}", partial(_rotation, sm)))
        report(f"flavour rotation {i + 1}/{N_NODES}")
    identity = np.eye(len(real_components()))
    t_higgs = np.log(M_HIGGS)
    flow = _cached(cache, "flow", lambda: np.array(_flow_down(gamma, [t_higgs, *nodes])))
    report("flow of the SMEFT")
    higgs_from_mz = np.linalg.inv(flow[0])
    out: dict[str, Any] = {"gamma_mz": gammas[0], "log_nodes": nodes, "leadinglog": [], "integrate": []}
    for i, (t, sm) in enumerate(zip(nodes, sm_at_nodes, strict=True)):
        from_aligned = np.linalg.inv(to_aligned[i])
        aligned_gamma = to_aligned[i] @ gamma(t) @ from_aligned / _LOOP
        rows = []
        for target, scale in (("mz", np.log(M_Z)), ("higgs", t_higgs)):
            one_log = identity + aligned_gamma * (scale - t)
            rotation = _cached(
                cache,
                f"leadinglog-rotation-{target}-{i}-of-{N_NODES}",
                partial(_leading_log_rotation, sm, scale - t),
            )
            rows.append(rotation @ one_log)
        out["leadinglog"].append(rows)
        full = flow[i + 1] @ from_aligned
        out["integrate"].append([full, higgs_from_mz @ full])
        report(f"evolution from {np.exp(t):.0f} GeV")
    return {k: np.array(v) for k, v in out.items()}


def _leading_log_rotation(sm: Mapping[str, Any], log_ratio: float) -> np.ndarray:
    """The rotation that wilson applies after one leading-log step of the SM parameters, started in the aligned basis."""
    zero = {k: np.zeros(s) if s != 1 else 0 for k, s in smeftutil.C_keys_shape.items()}
    aligned = SMEFT._rotate_defaultbasis(zero | dict(sm))
    slope = beta.beta(aligned, newphys=False)
    low = {k: aligned[k] + slope[k] / _LOOP * log_ratio for k in smeftutil.dim4_keys}
    return _rotation(low)


def _flow_down(
    gamma: Callable[[float], np.ndarray], targets: Sequence[float], step: float = 0.25
) -> list[np.ndarray]:
    """V(t) with C(m_Z) = V(t) C(t), by the classical fourth-order method: dV/dt = -V gamma / (16 pi^2)."""
    order = np.argsort(targets)
    v = np.eye(len(real_components()))
    t, out = np.log(M_Z), [np.empty(0)] * len(targets)
    for index in order:
        number = max(1, int(np.ceil((targets[index] - t) / step)))
        h = (targets[index] - t) / number
        for _ in range(number):
            g0, g1, g2 = (-gamma(t + c * h) / _LOOP for c in (0, 0.5, 1))
            k1 = v @ g0
            k2 = (v + h / 2 * k1) @ g1
            k3 = (v + h / 2 * k2) @ g1
            k4 = (v + h * k3) @ g2
            v = v + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            t += h
        out[index] = v
    return out


# --- matching to the frames -----------------------------------------------------------------------------------------


def _jms_components(sector: str) -> list[tuple[str, str]]:
    names = wcxf.Basis["WET", "JMS"].sectors[sector]
    return [
        (name, part)
        for name, info in names.items()
        for part in (("Re",) if info and info.get("real") else ("Re", "Im"))
    ]


def _unit(part: str) -> complex:
    return 1.0 if part == "Re" else 1j


def _frame_from_jms(
    frame: Frame, sector: str, rows: Sequence[Coefficient], parameters: Mapping
) -> tuple[list, Any]:
    """Matrix from the JMS coefficients of a sector at m_Z to coefficients of a frame."""
    columns = _jms_components(sector)
    matrix = np.zeros((len(rows), len(columns)))
    for j, (name, part) in enumerate(columns):
        start = wcxf.WC("WET", "JMS", M_Z, wcxf.WC.dict2values({name: _unit(part)}))
        run = wilson.Wilson.from_wc(start)
        run.set_option("parameters", {k: parameters[k] for k in ("Vus", "Vcb", "Vub", "gamma")})
        values = run.match_run(frame.scale, frame.eft, frame.basis, sectors=(sector,)).dict
        for i, row in enumerate(rows):
            value = complex(values.get(row.name, 0))
            matrix[i, j] = value.real if row.part == "Re" else value.imag
    return columns, matrix


def _jms_from_warsaw(rows: Sequence[tuple[str, str]], parameters: Mapping[str, Any]) -> np.ndarray:
    """Tree-level matching at m_Z as a matrix, by wilson's steps on arrays (its files of names are slow).

    Wilson expresses the result by the measured G_F without expanding it in the coefficients: the derivative at zero is
    taken by central differences, with a step that shifts G_F by less than 1e-3.
    """
    places = []
    for name, part in rows:
        key, _, digits = name.partition("_")
        places.append((key, tuple(int(d) - 1 for d in digits), part))
    up_rotation = ckm_tree(*(parameters[k] for k in ("Vus", "Vub", "Vcb", "gamma"))).conj().T
    one = np.eye(3)
    matrix = np.zeros((len(rows), len(real_components())))
    step = 1e-8  # GeV^-2

    def low_energy(component: tuple[str, str], size: float) -> dict[str, np.ndarray]:
        arrays = {k: size * v for k, v in _unit_arrays(component).items()}
        up = smeft_warsaw.flavor_rotation(arrays, up_rotation, one, one, one, one)
        wet = rotate_down(smeft_tree.match_all_array(up, parameters), parameters)
        return wet_jms.unscale_dict_wet({k: np.array(v, complex) for k, v in wet.items()})

    for j, component in enumerate(real_components()):
        plus, minus = low_energy(component, step), low_energy(component, -step)
        for i, (key, index, part) in enumerate(places):
            value = complex((plus[key][index] - minus[key][index]) / (2 * step))
            matrix[i, j] = value.real if part == "Re" else value.imag
    return matrix


def requested_sectors(variables: Sequence[Coefficient]) -> list[tuple[Frame, str]]:
    """The sectors of the low-energy frames that the variables belong to."""
    return sorted({(v.frame, v.sector) for v in variables if v.frame.eft != "SMEFT"})


def matching_matrix(variables: Sequence[Coefficient], ckm: Mapping[str, float]) -> np.ndarray:
    """Warsaw at m_Z (2499 columns) -> the WET coefficients among the variables (zero rows for SMEFT frames)."""
    parameters = wilson.parameters.p | dict(ckm)
    by_sector: dict[tuple[Frame, str], list[int]] = {}
    for i, v in enumerate(variables):
        if v.frame.eft != "SMEFT":
            by_sector.setdefault((v.frame, v.sector), []).append(i)
    blocks = {
        key: _frame_from_jms(*key, [variables[i] for i in rows], parameters)
        for key, rows in by_sector.items()
    }
    needed = sorted({c for columns, _ in blocks.values() for c in columns})
    position = {c: i for i, c in enumerate(needed)}
    to_jms = _jms_from_warsaw(needed, parameters)
    out = np.zeros((len(variables), len(real_components())))
    for key, rows in by_sector.items():
        columns, matrix = blocks[key]
        out[rows] = matrix @ to_jms[[position[c] for c in columns]]
    return out


# --- document -------------------------------------------------------------------------------------------------------


def _sparse(matrix: np.ndarray, threshold: float, name: str) -> dict[str, np.ndarray]:
    """Compressed rows without entries far below the largest of their row; values in single precision suffice (6e-8)."""
    size = np.abs(matrix).max(axis=1, keepdims=True)
    kept = csr_array(np.where(np.abs(matrix) > threshold * size, matrix, 0.0))
    return {
        f"{name}/data": kept.data,
        f"{name}/indices": kept.indices.astype(np.uint16),
        f"{name}/indptr": kept.indptr.astype(np.uint32),
    }


def _top_loop_of_dipoles(gamma: np.ndarray) -> dict[str, np.ndarray]:
    """The entries of the anomalous dimension at m_Z by which C_lequ3_pr33 feeds the leptonic dipoles pr."""
    index = component_index()
    rows, columns = [], []
    for name, part in real_components():
        if name.startswith(("eB_", "eW_")):
            flavour = name[-2:]
            for other in ("Re", "Im"):
                rows.append(index[name, part])
                columns.append(index[f"lequ3_{flavour}33", other])
    return {
        "top/rows": np.array(rows),
        "top/columns": np.array(columns),
        "top/gamma": gamma[rows, columns],
    }


def export_evolution(
    variables: Sequence[Coefficient],
    ckm: Mapping[str, float],
    cache: Path,
    report: Callable[[str], None] = print,
) -> dict[str, np.ndarray]:
    """All evolution operators as sparse arrays, for `muobayes.smeft.evolution`.

    Parameters
    ----------
    variables : sequence of Coefficient
        What the predictions depend on.
    ckm : mapping
        Vus, Vcb, Vub, gamma of the SM point.
    cache : Path
        Folder for finished matrices.
    report : callable
        Receives a line of progress per step.
    """
    sectors = requested_sectors(variables)
    everything = [c for frame, sector in sectors for c in real_coefficients(frame, sector)]
    fingerprint = hashlib.sha256(repr(everything).encode()).hexdigest()[:12]
    place = {c: i for i, c in enumerate(everything)}
    rows = np.array([place.get(v, -1) for v in variables])

    def matched(name: str, values: Mapping[str, float]) -> np.ndarray:
        """Rows of the variables; those of SMEFT frames are zero."""
        full = _cached(cache, f"{name}-{fingerprint}", partial(matching_matrix, everything, values))
        return np.where(rows[:, None] >= 0, full[rows], 0.0)

    match = matched("match", ckm)
    report("matching to the low-energy frames")
    out: dict[str, np.ndarray] = {}
    index = component_index()
    smeft_rows = {
        i: (v.frame.scale, index[v.name, v.part]) for i, v in enumerate(variables) if v.frame.eft == "SMEFT"
    }
    for i, (scale, j) in smeft_rows.items():
        if scale == M_Z:
            match[i, j] = 1.0
    for name in ckm:
        shift = 1e-4 * ckm[name]
        shifted = matched(f"match-{name}", {**ckm, name: ckm[name] + shift})
        report(f"derivative of the matching by {name}")
        base = match.copy()
        base[list(smeft_rows)] = 0.0
        out |= _sparse((shifted - base) / shift, 1e-5, f"match_by_{name}")
    out |= _sparse(match, 1e-9, "match")
    operators = smeft_operators(cache, report)
    out["log_nodes"] = operators["log_nodes"]
    higgs = [(i, j) for i, (scale, j) in smeft_rows.items() if scale == M_HIGGS]
    out["higgs_rows"] = np.array([i for i, _ in higgs])
    out |= _top_loop_of_dipoles(operators["gamma_mz"])
    # the columns that the dipoles' top threshold adds to the matching are used as well
    used = np.union1d(np.flatnonzero(np.abs(match).any(axis=0)), out["top/columns"])
    out["used"] = used
    for accuracy in ("leadinglog", "integrate"):
        for n, (to_mz, to_higgs) in enumerate(operators[accuracy]):
            out |= _sparse(to_mz[used], 1e-8, f"{accuracy}/{n}")
            out |= _sparse(to_higgs[[j for _, j in higgs]], 1e-8, f"{accuracy}-higgs/{n}")
    return out
