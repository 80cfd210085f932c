"""The constraints on a light X as terms of a likelihood: predictions, log-likelihoods, sources, named sets.

Measurements (g-2, trident, Borexino, COHERENT, matter potential, N_eff) are computed from first principles;
published limits are recast all together (`recast`). Every log-likelihood is relative to a perfect
prediction, so that a limit whose search would have seen nothing contributes zero.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError, did_you_mean, pick
from . import cevns, gminus2, matter, scattering, trident
from ._data import read
from .couplings import Charges, XPoint
from .hadrons import HadronTables, builtin_tables, read_hadron_tables
from .limits import Limit, builtin_limits, read_limits
from .recast import Recast, minus_two_log_likelihood, recast, yields

__all__ = ["M_MIN", "LightX", "Term", "check_mass", "known_sets", "light_x"]

M_MIN = 1e-3
"""Lowest mass of X in GeV for which the terms hold: below, X is lighter than the momenta that it is treated
against."""

LIMIT_FILES = "limit-files"
_TAPER = 0.02


class Term(NamedTuple):
    """One measurement.

    Attributes
    ----------
    name : str
    observables : tuple of str
    source : str
        Reference of the measurement, with its date.
    predict : callable
        XPoint -> scalar.
    log_likelihood : callable
        prediction -> scalar, zero at the measured value.
    """

    name: str
    observables: tuple[str, ...]
    source: str
    predict: Callable[[XPoint], Array]
    log_likelihood: Callable[[Array], Array]


class LightX(NamedTuple):
    """A set of constraints on X; pure functions of an `XPoint`.

    Attributes
    ----------
    terms : tuple of Term
        Measurements.
    limits : tuple of Limit
        Published limits.
    compiled : Recast or None
        The same limits, as arrays.
    tables : HadronTables
        For the hadronic width of X.
    """

    terms: tuple[Term, ...]
    limits: tuple[Limit, ...]
    compiled: Recast | None
    tables: HadronTables

    @property
    def sources(self) -> dict[str, str]:
        """Name of each term -> reference."""
        measured = {term.name: term.source for term in self.terms}
        return measured | {limit.name: limit.source for limit in self.limits}

    def predictions(self, point: XPoint) -> dict[str, Array]:
        """Prediction of every measurement; for limits, the yield in units of the excluded one."""
        values = {term.name: term.predict(point) for term in self.terms}
        if self.compiled is not None:
            y = yields(point, self.compiled, self.tables, taper=_TAPER)
            values |= {limit.name: y[i] for i, limit in enumerate(self.limits)}
        return values

    def log_likelihoods(self, point: XPoint) -> dict[str, Array]:
        """Log-likelihood of every term, at most zero up to the sign of a fluctuation in the data."""
        values = {term.name: term.log_likelihood(term.predict(point)) for term in self.terms}
        if self.compiled is not None:
            y = yields(point, self.compiled, self.tables, taper=_TAPER)
            per_limit = -0.5 * minus_two_log_likelihood(y, self.compiled)
            values |= {limit.name: per_limit[i] for i, limit in enumerate(self.limits)}
        return values

    def log_likelihood(self, point: XPoint) -> Array:
        """Sum of all terms."""
        return jnp.sum(jnp.stack(list(self.log_likelihoods(point).values())))


def _gauss(value: float, plus: float, minus: float | None = None) -> Callable[[Array], Array]:
    """Normal log-likelihood with separate errors above and below the measured value."""
    below = plus if minus is None else minus

    def log_likelihood(x: Array) -> Array:
        return -0.5 * jnp.square((x - value) / jnp.where(x > value, plus, below))

    return log_likelihood


def _source(entry: dict[str, Any]) -> str:
    return f"{entry['reference']} ({entry['date']})"


def _gminus2(lepton: Literal["e", "mu"]) -> Callable[[Charges, str | None], Term]:
    def build(_charges: Charges, dataset: str | None) -> Term:
        data = read(f"gminus2_{lepton}")
        entry = pick(data["datasets"], dataset or data["default"], f"gminus2_{lepton}, data set")
        return Term(
            f"gminus2_{lepton}",
            (f"Delta a_{lepton}",),
            _source(entry),
            lambda point: gminus2.delta_a(point, lepton),
            _gauss(entry["value"], entry["sigma"]),
        )

    return build


def _trident(name: str) -> Callable[[Charges, str | None], Term]:
    def build(_charges: Charges, _dataset: str | None) -> Term:
        data = read(name)
        table, ratio = trident.trident_table(**data["beam"]), data["ratio"]
        return Term(
            name,
            (f"sigma(nu_mu N -> nu_mu mu mu N)/SM at {data['experiment']}",),
            _source(data),
            lambda point: trident.sigma_ratio(point, table),
            _gauss(ratio["value"], ratio["sigma_plus"], ratio["sigma_minus"]),
        )

    return build


def _borexino(_charges: Charges, dataset: str | None) -> Term:
    data = read("borexino")
    entry = pick(data["datasets"], dataset or data["default"], "borexino, data set")
    setup = scattering.electron_scattering(data["lines"], data["flavours"])
    return Term(
        "borexino",
        ("rate of 7Be neutrinos/SM",),
        _source(data),
        lambda point: scattering.rate_ratio(point, setup),
        _gauss(entry["value"], entry["sigma"]),
    )


def _coherent(name: str) -> Callable[[Charges, str | None], Term]:
    def build(_charges: Charges, _dataset: str | None) -> Term:
        data = read(name)
        setup = cevns.cevns(data["nuclei"], data["threshold_keV"])
        measured, prediction = data["measured_cm2"], data["prediction_cm2"]
        scale, theory = 1 / prediction["value"], prediction["sigma"]
        plus, minus = (np.hypot(measured[f"sigma_{side}"], theory) * scale for side in ("plus", "minus"))
        return Term(
            name,
            (f"coherent cross section/SM at {data['experiment']}",),
            _source(data),
            lambda point: cevns.cross_section_ratio(point, setup),
            _gauss(measured["value"] * scale, float(plus), float(minus)),
        )

    return build


def _matter_nsi(_charges: Charges, _dataset: str | None) -> Term:
    data = read("matter_nsi")

    def predict(point: XPoint) -> Array:
        nsi = matter.earth_nsi(point, data["neutrons_per_electron"])
        return nsi[2] - nsi[1]

    difference = data["difference"]
    return Term(
        "matter_nsi",
        ("eps_tautau - eps_mumu in the Earth",),
        _source(data),
        predict,
        _gauss(difference["value"], difference["sigma"]),
    )


def _neff(charges: Charges, dataset: str | None) -> Term:
    data = read("neff")
    coupled = int(np.count_nonzero(charges.left[:3]))
    flavours = 3 if data["oscillations"] and coupled else coupled
    T_dec = data["T_dec_MeV"] if dataset is None else _temperature(dataset)

    def predict(point: XPoint) -> Array:
        if flavours == 0:
            return jnp.asarray(3.0)
        g2 = jnp.max(jnp.square(point.low.left[:3]))
        # interpolates between never and always in equilibrium; its scale is all that matters
        equilibrium = -jnp.expm1(-g2 / data["equilibrium_coupling"] ** 2)
        return matter.n_eff(point.mX, flavours, T_dec, equilibrium)

    return Term("neff", ("N_eff",), _source(data), predict, _gauss(*data["measured"].values()))


def _temperature(text: str) -> float:
    try:
        T = float(text)
    except ValueError:
        T = np.nan
    if not 1.5 <= T <= 2.3:
        raise InputError(f"neff, data set: {text!r} is not a decoupling temperature between 1.5 and 2.3 MeV.")
    return T


_BUILDERS: dict[str, Callable[[Charges, str | None], Term]] = {
    "gminus2_mu": _gminus2("mu"),
    "gminus2_e": _gminus2("e"),
    "ccfr": _trident("ccfr"),
    "charm2": _trident("charm2"),
    "nutev": _trident("nutev"),
    "borexino": _borexino,
    "coherent_csi": _coherent("coherent_csi"),
    "coherent_ar": _coherent("coherent_ar"),
    "matter_nsi": _matter_nsi,
    "neff": _neff,
}


def known_sets() -> dict[str, list[str]]:
    """Named sets of constraints and their terms (``data/sets.yaml``)."""
    return read("sets")


def light_x(
    charges: Charges,
    constraints: str | Sequence[str] = "full",
    datasets: dict[str, str] | None = None,
    folder: Path | str | None = None,
    superseded: bool = False,
) -> LightX:
    """Set up the constraints on a light X.

    Parameters
    ----------
    charges : Charges
        Only which neutrinos are charged is used here (N_eff).
    constraints : str or list of str
        A named set (`known_sets`), or names of terms; ``limit-files`` stands for all limits of `folder`.
    datasets : dict, optional
        Data set per term: ``gminus2_mu``: paper2021, current; ``gminus2_e``: rubidium, caesium; ``borexino``:
        high-z, low-z; ``neff``: the decoupling temperature in MeV.
    folder : path, optional
        Limit files and hadronic tables that the user gives; they replace the package's own tables of the
        same searches.
    superseded : bool
        Keep limits that a later one from the same data supersedes (for drawing, not for a likelihood).

    Returns
    -------
    LightX

    Raises
    ------
    InputError
        If a name is unknown, or a file of `folder` cannot be used.
    """
    own = builtin_limits()
    given = read_limits(Path(folder)) if folder is not None else {}
    tables = _hadron_tables(folder)
    known = [*_BUILDERS, *own, *given, LIMIT_FILES]
    if isinstance(constraints, str):
        constraints = pick(known_sets(), constraints, "constraints")
    for name in constraints:
        if name not in known:
            raise InputError(
                f"constraints: {name!r} is unknown{did_you_mean(name, known)}; "
                f"allowed are {', '.join([*_BUILDERS, *own, LIMIT_FILES])}, or a set: {', '.join(known_sets())}."
            )
    for name in datasets or {}:
        if name not in _BUILDERS:
            raise InputError(f"data set of {name!r}: unknown term{did_you_mean(name, _BUILDERS)}.")
    terms = [_BUILDERS[n](charges, (datasets or {}).get(n)) for n in constraints if n in _BUILDERS]
    chosen = {n: own[n] for n in constraints if n in own}
    if LIMIT_FILES in constraints:
        replaced = {limit.replaces for limit in given.values()}
        outdated = {n for n, limit in own.items() if limit.superseded_by in chosen}
        chosen = {n: limit for n, limit in chosen.items() if n not in replaced}
        chosen |= {
            n: limit
            for n, limit in given.items()
            if superseded or not (limit.superseded_by or limit.replaces in outdated)
        }
    chosen |= {n: given[n] for n in constraints if n in given}
    limits = tuple(chosen.values())
    return LightX(tuple(terms), limits, recast(list(limits)) if limits else None, tables)


def _hadron_tables(folder: Path | str | None) -> HadronTables:
    if folder is not None:
        for candidate in (Path(folder) / "vmd", Path(folder)):
            if any(candidate.glob("rf.*.dat")):
                return read_hadron_tables(candidate)
    return builtin_tables()


def check_mass(mX: float, likelihood: LightX | None = None, named: Sequence[str] = ()) -> None:
    """Refuse a mass for which the terms do not hold.

    Parameters
    ----------
    mX : float
        GeV.
    likelihood : LightX, optional
        With `named`: limits that the user asked for by name must cover the mass.

    Raises
    ------
    InputError
        If the mass is below 1 MeV, or outside the range of a limit that was asked for by name.
    """
    if not np.isfinite(mX) or mX < M_MIN:
        raise InputError(f"mX: {mX:g} GeV is below 1 MeV, the lowest mass for which the light-X terms hold.")
    for limit in likelihood.limits if likelihood else ():
        first, last = limit.mass[0], limit.mass[-1]
        if limit.name in named and not first <= mX <= last:
            raise InputError(
                f"{limit.name}: this limit holds from {first:g} to {last:g} GeV, not at mX = {mX:g} GeV."
            )
