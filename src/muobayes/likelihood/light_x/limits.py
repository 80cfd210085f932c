"""Published limits on X as tables of numbers: the package's own, and limit files that a user gives.

A `Limit` is one exclusion curve together with what must be known to recast it for another model: how X was
produced, which decays were searched for, how far X may have flown, and whether background was expected. The
package carries small tables of the experiments that decide the light-X window (``data/limits``); a user may
add a folder in the format of the public compilation (arXiv:1801.04847): ``*.lmt`` files with the columns
mass, lower (excluded above), or mass, lower, upper (excluded between), or mass, g, r (excluded where r <
1), and ``*.prd`` files with production fractions. Files that ``data/darkcast.yaml`` does not describe need
a description ``<name>.yaml`` beside them.
"""

from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from ...errors import InputError, did_you_mean
from ._data import names, read
from ._tables import read_table
from .widths import CHANNELS, INVISIBLE

__all__ = ["Limit", "builtin_limits", "read_limits"]

PRODUCTION = (
    *("e_brem", "mu_brem", "tau_brem", "p_brem"),
    *("e_e", "mu_mu", "u_u", "d_d", "s_s", "c_c", "b_b"),
    *("rho0", "omega", "phi"),
    *("pi0_gamma", "eta_gamma", "eta'_gamma", "omega_pi0", "phi_eta", "D_gamma"),
)
"""Production channels: bremsstrahlung off or annihilation of a fermion, mixing with a vector meson, a
meson's decay."""

REFERENCE_MODELS = ("dark-photon", "lmu-ltau")
_SPEED_OF_LIGHT = 299792458.0
_KEYS = {
    *("source", "production", "decay", "reference_invisible", "reference_states", "reference_model"),
    *("detector_over_shield", "prompt", "cl", "counting", "superseded_by", "replaces"),
}
_NEVER = 1e30
_NOTHING = 1e5  # files say with this coupling that nothing is excluded, for instance around the J/psi


class Limit(NamedTuple):
    """One exclusion curve.

    Attributes
    ----------
    name, source : str
    mass : (n,) float
        GeV, increasing.
    lower, upper : (n,) float
        Excluded between these couplings of the reference model; `upper` is infinite for one-sided limits.
    piece : (n,) int
        The curve is interrupted where this number changes.
    log : bool
        Interpolate in the logarithms (the package's own tables) or linearly (limit files).
    production : dict of str to (n,) float
        Fraction of each production channel at each mass.
    decay : tuple of str
        Decay channels that were searched for; empty if the limit does not depend on the decay.
    reference_model : str
    reference_invisible : float
        Assumed branching fraction, 0 if it is that of the reference model.
    reference_states : tuple of str
        Restricts the decays of the reference model; empty: all.
    dump_ratio : float
        Length of the decay volume over that of the shield; 0 for other experiments.
    prompt_time : (n,) float
        Longest proper time at which a decay is accepted, s.
    log_g, r : (n, k) float or None
        Grid of an r-value limit (then `lower` and `upper` are unused).
    cl : float
    zero_background : bool
    superseded_by, replaces : str
        A later limit from the same data; the package's own table of the same search. Empty if there is none.
    """

    name: str
    source: str
    mass: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    piece: np.ndarray
    log: bool
    production: dict[str, np.ndarray]
    decay: tuple[str, ...]
    reference_model: str
    reference_invisible: float
    reference_states: tuple[str, ...]
    dump_ratio: float
    prompt_time: np.ndarray
    log_g: np.ndarray | None
    r: np.ndarray | None
    cl: float
    zero_background: bool
    superseded_by: str
    replaces: str


def _checked(allowed: tuple[str, ...], values: Any, where: str) -> tuple[str, ...]:
    for value in values:
        if value not in allowed:
            raise InputError(
                f"{where}: {value!r} is unknown{did_you_mean(str(value), allowed)}; "
                f"allowed are {', '.join(allowed)}."
            )
    return tuple(values)


def _decay_channels(words: list[str], where: str) -> tuple[str, ...]:
    channels = _checked(("none", "invisible", *CHANNELS), words, f"{where}, decay")
    expanded: list[str] = []
    for channel in channels:
        expanded += {"none": [], "invisible": list(INVISIBLE)}.get(channel, [channel])
    return tuple(expanded)


def _prompt_times(rule: dict[str, Any] | None, mass: np.ndarray, where: str) -> np.ndarray:
    """Longest proper time of a decay that counts as prompt, s."""
    if rule is None:
        return np.full_like(mass, _NEVER)
    m_phi, m_eta, m_mu = 1.01946, 0.54786, 0.10566
    match rule:
        case {"flight_m": length, "boost": "phi_gamma"}:
            return length * 2 * m_phi * mass / (m_phi**2 + mass**2) / _SPEED_OF_LIGHT
        case {"flight_m": length, "boost": "phi_eta"}:
            return length * 2 * m_phi * mass / (m_phi**2 + mass**2 - m_eta**2) / _SPEED_OF_LIGHT
        case {"flight_m": length, "boost_energy": energy}:
            return length * mass / energy / _SPEED_OF_LIGHT
        case {"dimuon_resolution_ps": [scale, floor]}:
            return (scale / np.maximum(mass - 2 * m_mu, 1e-9) + floor) * 1e-12
        case {"steps": steps}:
            begin, constant, slope = np.array(steps, float).T
            step = np.searchsorted(begin, mass, side="right") - 1
            return np.minimum(constant[step] + slope[step] * mass, _NEVER)
    raise InputError(f"{where}: the rule {rule!r} for prompt decays is not understood.")


def _production(
    spec: dict[str, Any], mass: np.ndarray, folder: Path | None, where: str
) -> dict[str, np.ndarray]:
    if "file" not in spec:
        _checked(PRODUCTION, list(spec), f"{where}, production")
        return {channel: np.full_like(mass, float(fraction)) for channel, fraction in spec.items()}
    path = (folder or Path()) / str(spec["file"])
    if not path.is_file():
        raise InputError(f"{where}: the file {path} of production fractions is missing.")
    words = path.read_text().split("\n", 1)[0].lstrip("# ").split()
    channels = _checked(PRODUCTION, words[1:], f"{path}, first line")
    table = read_table(path, columns=len(words))
    return {c: np.interp(mass, table[:, 0], column) for c, column in zip(channels, table[:, 1:].T)}


def _rectangular(table: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masses, ln g and r of an r-value file, on a grid."""
    mass, counts = np.unique(table[:, 0], return_counts=True)
    if np.any(counts != counts[0]):
        odd = mass[np.argmax(counts != counts[0])]
        raise InputError(f"{path}: the grid of r values is not rectangular (see the mass {odd:g}).")
    g, r = table[:, 1].reshape(len(mass), -1), table[:, 2].reshape(len(mass), -1)
    if np.any(g <= 0) or np.any(np.diff(g, axis=1) <= 0) or np.any(r <= 0):
        raise InputError(
            f"{path}: couplings must be positive and increase at each mass, and r must be positive."
        )
    return mass, np.log(g), r


def _without_gaps(table: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray]:
    """The rows at which something is excluded, and the number of the piece of the curve that each belongs to."""
    filled = table[:, 1] >= _NOTHING
    if np.count_nonzero(~filled) < 2:
        raise InputError(f"{where}: fewer than two rows exclude a coupling below {_NOTHING:g}.")
    return table[~filled], np.cumsum(filled)[~filled]


def _limit(name: str, spec: dict[str, Any], table: np.ndarray, r_values: bool, folder: Path | None) -> Limit:
    where = f"limit {name}"
    for key in spec:
        if key not in _KEYS:
            raise InputError(f"{where}: unknown key {key!r}{did_you_mean(key, _KEYS)}.")
    for key in ("source", "production", "decay", "cl", "counting"):
        if key not in spec:
            raise InputError(f"{where}: its description lacks {key!r}.")
    log_g = r = None
    if r_values:
        mass, log_g, r = _rectangular(table, Path(name))
        lower = upper = np.ones_like(mass)
        piece = np.zeros(len(mass), int)
    else:
        table, piece = _without_gaps(table, where)
        mass, lower = table[:, 0], table[:, 1]
        upper = table[:, 2] if table.shape[1] == 3 else np.full_like(mass, np.inf)
        if np.any(lower <= 0) or np.any(upper < lower):
            at = mass[np.argmax((lower <= 0) | (upper < lower))]
            raise InputError(
                f"{where}: at the mass {at:g} the excluded couplings are not positive and increasing."
            )
    model = spec.get("reference_model", "dark-photon")
    _checked(REFERENCE_MODELS, [model], f"{where}, reference_model")
    _checked(("background", "zero-background"), [spec["counting"]], f"{where}, counting")
    if float(spec["cl"]) not in (0.90, 0.95):
        raise InputError(f"{where}: cl is {spec['cl']!r}; allowed are 0.90 and 0.95.")
    return Limit(
        name,
        spec["source"],
        mass,
        lower,
        upper,
        piece,
        log=folder is None,
        production=_production(spec["production"], mass, folder, where),
        decay=_decay_channels(spec["decay"], where),
        reference_model=model,
        reference_invisible=float(spec.get("reference_invisible", 0.0)),
        reference_states=_checked(CHANNELS, spec.get("reference_states", []), f"{where}, reference_states"),
        dump_ratio=float(spec.get("detector_over_shield", 0.0)),
        prompt_time=_prompt_times(spec.get("prompt"), mass, where),
        log_g=log_g,
        r=r,
        cl=float(spec["cl"]),
        zero_background=spec["counting"] == "zero-background",
        superseded_by=spec.get("superseded_by", ""),
        replaces=spec.get("replaces", ""),
    )


def builtin_limits() -> dict[str, Limit]:
    """The package's own tables (``data/limits``), by name."""
    limits = {}
    for name in names("limits"):
        entry = read(f"limits/{name}")
        spec = {key: entry[key] for key in entry if key in _KEYS}
        limits[name] = _limit(name, spec, np.array(entry["points"], float), r_values=False, folder=None)
    return limits


def read_limits(folder: Path, overrides: dict[str, dict[str, Any]] | None = None) -> dict[str, Limit]:
    """Limits from a folder of limit files, by file name without suffix.

    Parameters
    ----------
    folder : Path
        Holds ``*.lmt`` (and ``*.prd``) files, directly or in a subfolder ``limits``.
    overrides : dict, optional
        Replaces entries of descriptions, by limit and key.

    Raises
    ------
    InputError
        If the folder holds no limit, or a file is malformed or not described.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"limits: {folder} is not a folder.")
    if (folder / "limits").is_dir():
        folder = folder / "limits"
    known = read("darkcast")
    limits = {}
    for path in sorted(folder.glob("*.lmt")):
        name = path.stem
        if any(fnmatch(name, pattern) for pattern in known["ignored"]):
            continue
        beside = path.with_suffix(".yaml")
        if beside.is_file():
            spec = yaml.safe_load(beside.read_text())
            if not isinstance(spec, dict):
                raise InputError(f"{beside}: a mapping that describes the limit is needed.")
        elif name in known["limits"]:
            spec = dict(known["limits"][name])
        else:
            hint = did_you_mean(name, known["limits"])
            raise InputError(
                f"{path}: the limit is not described{hint}; write production, decay, source, cl and counting "
                f"into {beside.name} beside it."
            )
        spec.update((overrides or {}).get(name, {}))
        columns = path.read_text().split("\n", 1)[0].lstrip("# ").split()
        if columns not in (["mass", "lower"], ["mass", "lower", "upper"], ["mass", "g", "r"]):
            raise InputError(
                f"{path}: the first line must name the columns, '# mass lower', '# mass lower upper' or "
                f"'# mass g r', not {' '.join(columns)!r}."
            )
        limits[name] = _limit(name, spec, read_table(path, len(columns)), columns[-1] == "r", folder)
    if not limits:
        raise InputError(f"limits: {folder} holds no limit file (*.lmt).")
    return limits
