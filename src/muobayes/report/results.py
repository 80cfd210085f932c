"""A run's folder as one object: what the report shows, read back from the files alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ..errors import InputError
from ..models.catalogue import ModelEntry
from ..priors.spec import LogUniform
from ..runcard import Nuts, RunCard
from ..rundir import RunDir
from .numbers import rounded, signed, significant

if TYPE_CHECKING:
    import arviz

__all__ = ["Results", "unit_and_scale"]

_IMPORTANT = 20
_CONTRADICTION = 4.0  # of 2 Delta log L
_DECADE = 10.0
WEIGHT_PREFIX = "log_weight_"
"""Of the derived quantities that are the log-weights of soft constraints."""
_EXTRA = {"muM": r"$\mu_M$"}


def unit_and_scale(name: str, entry: ModelEntry, typical: float) -> tuple[str, float]:
    """The unit that a parameter is shown in ("" if it has none), and the factor from GeV to it.

    Parameters
    ----------
    name : str
        Parameter of the model, or a derived quantity (taken as dimensionless).
    entry : ModelEntry
        The model.
    typical : float
        A typical value in GeV; it decides between MeV, GeV and TeV.
    """
    in_gev = entry.parameters[name].unit == "GeV" if name in entry.parameters else name in _EXTRA
    if not in_gev:
        return "", 1.0
    return ("TeV", 1e-3) if typical >= 500 else ("GeV", 1.0) if typical >= 1 else ("MeV", 1e3)


def _document(path: Path) -> Any:
    """The content of a JSON file, None if the run has not written it."""
    return json.loads(path.read_text()) if path.exists() else None


@dataclass(frozen=True)
class Results:
    """What a finished run left in its folder.

    Examples
    --------
    >>> results = Results(Path("runs/output/fig1"))  # doctest: +SKIP
    >>> results.best_fit["two_delta_logL"]  # doctest: +SKIP
    61.9
    """

    path: Path

    @cached_property
    def folder(self) -> RunDir:
        """The folder, after a check that it holds a run."""
        folder = RunDir(Path(self.path))
        for needed in (folder.card, folder.posterior, folder.best_fit):
            if not needed.exists():
                raise InputError(f"{self.path}: not the folder of a finished run ({needed.name} is missing).")
        return folder

    @cached_property
    def card(self) -> RunCard:
        """The resolved card."""
        return RunCard.load(self.folder.card)

    @cached_property
    def idata(self) -> "arviz.InferenceData":
        """Draws, statistics of the sampler, and log-likelihoods per term."""
        import arviz

        try:
            return arviz.from_netcdf(str(self.folder.posterior))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.folder.posterior}: the file cannot be read ({error}).") from None

    @cached_property
    def best_fit(self) -> Mapping[str, Any]:
        """``parameters``, ``two_delta_logL`` against the SM, and ``terms``."""
        try:
            return json.loads(self.folder.best_fit.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{self.folder.best_fit}: the file cannot be read ({error}).") from None

    @property
    def sampled(self) -> tuple[str, ...]:
        """The sampled parameters: the model's, and the matching scale if it is sampled."""
        return tuple(self.summary.index)

    @property
    def derived(self) -> tuple[str, ...]:
        """What is computed from the parameters at every draw; the weights of soft constraints are terms instead."""
        names = (str(name) for name in self.idata["posterior"].data_vars)
        return tuple(n for n in names if n not in self.sampled and not n.startswith(WEIGHT_PREFIX))

    def draws(self, name: str) -> np.ndarray:
        """(chains, draws) of a parameter or a derived quantity, in GeV or dimensionless."""
        return np.asarray(self.idata["posterior"][name])

    @cached_property
    def units(self) -> dict[str, tuple[str, float]]:
        """Unit of each sampled parameter, and the factor from GeV to it."""
        entry = self.card.entry
        return {n: unit_and_scale(n, entry, float(self.summary.loc[n, "median"])) for n in self.sampled}

    def in_decades(self, name: str) -> bool:
        """Whether a parameter is shown as a logarithm: its prior is flat in it, and 95 % of it span a decade."""
        row = self.summary.loc[name]
        return isinstance(self.card.priors_of.get(name), LogUniform) and row.high95 > _DECADE * row.low95

    def told(self, name: str, value: float) -> str:
        """A value of a sampled parameter (GeV or dimensionless) as text in the unit of its label."""
        row, scale = self.summary.loc[name], self.scales[name]
        if self.in_decades(name):
            return significant(scale * value, 2)
        return rounded(scale * value, scale * min(row.high68 - row["median"], row["median"] - row.low68))

    @property
    def reference(self) -> str:
        """What log-likelihoods are compared with: massless neutrinos, which the SM has, fit nothing."""
        entry = self.card.entry
        of_neutrinos_alone = "neutrinos" in entry.sectors and not entry.mediators and entry.x == "decoupled"
        return "the best fit of each measurement" if of_neutrinos_alone else "the SM"

    @property
    def labels(self) -> dict[str, str]:
        """How each sampled parameter is typeset, its unit included."""
        known = self.card.entry.parameters
        return {
            name: (f"${known[name].latex}$" if name in known else _EXTRA.get(name, name))
            + (f" [{unit}]" if unit else "")
            for name, (unit, _) in self.units.items()
        }

    @property
    def scales(self) -> dict[str, float]:
        """Factor from GeV to the unit of the label."""
        return {name: scale for name, (_, scale) in self.units.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about the draws: symmetries that were folded, or are broken."""
        attributes = self.idata["posterior"].attrs
        found = (attributes["folding"], *json.loads(attributes["broken_symmetries"]))
        return tuple(note for note in found if note)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The posterior table as stored, one row per parameter."""
        return pd.read_csv(self.folder.summary, index_col=0)

    @cached_property
    def plane(self) -> xr.Dataset | None:
        """Log-likelihoods of groups of terms on a grid of two parameters, if the card asked for it."""
        path = self.folder.plane
        if not path.exists():
            return None
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            return dataset.load()

    @cached_property
    def observables(self) -> pd.DataFrame | None:
        """Predictions, measurements and pulls in the SM and at the best fit."""
        path = self.folder.observables
        return pd.read_csv(path).fillna({"source": ""}) if path.exists() else None

    @cached_property
    def changes(self) -> Mapping[str, Any] | None:
        """What another data set says: ``dataset``, ``terms`` at this best fit, and its own ``best_fit``."""
        return _document(self.folder.changes)

    @cached_property
    def explanation(self) -> Mapping[str, Any] | None:
        """The light X that explains (g-2)_mu best: ``point``, ``terms``, ``total``, ``counted``."""
        return _document(self.folder.explanation)

    @property
    def verdict(self) -> str:
        """Whether a light X explains (g-2)_mu, and if not, which experiment says so; empty without a light X."""
        found = self.explanation
        if found is None:
            return ""
        point, terms = found["point"], found["terms"]
        where = f"mX = {point['mX'] * 1e3:.3g} MeV, gX = {point['gX']:.2g}, ε = {point['epsBX']:.2g}"
        start = f"Of all light X that explain (g-2)_mu, the one that other data contradict least has {where}."
        against = {name: value for name, value in terms.items() if value < -_CONTRADICTION}
        if not against or found["total"] > 0:
            return (
                f"{start} No other experiment outweighs it: 2 Δ log L = {found['total']:.1f} against the SM."
            )
        worst = ", ".join(f"{name} (2 Δ log L = {value:.3g})" for name, value in list(against.items())[:3])
        left_out = [name for name in list(against)[:3] if name not in found["counted"]]
        note = f" This run leaves out {', '.join(left_out)}." if left_out else ""
        return f"{start} It is excluded by {worst}: X is not the explanation of (g-2)_mu.{note}"

    @cached_property
    def modes(self) -> Mapping[str, Any] | None:
        """``modes``: ends, medians and weights of the modes by both samplers; ``jumps``: accepted part of jumps."""
        return _document(self.folder.modes)

    @property
    def mode_weights(self) -> list[tuple[str, str]]:
        """Weight of each separate mode with its error by NUTS and by nested sampling, as text; empty without jumps."""
        return [
            (
                f"{100 * m['weight']:.1f} ± {100 * m['error']:.1f} %",
                f"{100 * m['nested_weight']:.1f} ± {100 * m['nested_error']:.1f} %",
            )
            for m in (self.modes or {"modes": []})["modes"]
        ]

    def _where_modes_are_divided(self) -> str:
        found, cuts = self.modes["modes"] if self.modes else [], []
        for name, (unit, scale) in self.units.items():
            ends = [end for mode in found for end in mode.get("ends", {}).get(name, ())]
            shared = sorted({end for end in ends if end is not None and ends.count(end) > 1})
            cuts += [f"{name} = {significant(scale * end, 3)}{f' {unit}' if unit else ''}" for end in shared]
        return f", divided at {', '.join(cuts)}," if cuts else ""

    @property
    def modes_sentence(self) -> str:
        """How many modes there are and whether both samplers weigh them alike; empty for a run without jumps."""
        if self.modes is None:
            return ""
        found, jumps = self.modes["modes"], f"{100 * self.modes['jumps']:.0f} % of the jumps were accepted"
        if len(found) == 1:
            return f"The posterior has one mode; {jumps}."
        pulls = [
            abs(m["weight"] - m["nested_weight"]) / max(float(np.hypot(m["error"], m["nested_error"])), 1e-12)
            for m in found
        ]
        weights = ", ".join(f"{nuts} ({nested})" for nuts, nested in self.mode_weights)
        return (
            f"The posterior has {len(found)} separate modes{self._where_modes_are_divided()} which hold {weights} of it "
            f"by NUTS (by nested sampling); the largest difference is {max(pulls):.1f} standard deviations. "
            f"{jumps[0].upper()}{jumps[1:]}."
        )

    @cached_property
    def matching_scale(self) -> Mapping[str, Any] | None:
        """The best fit matched at other scales: ``given_at_GeV``, ``mu_GeV``, ``two_delta_logL`` by case and term."""
        return _document(self.folder.matching_scale)

    @property
    def scale_sentence(self) -> str:
        """The theory uncertainty from the matching scale at the best fit; empty if there is none."""
        found = self.matching_scale
        if found is None:
            return ""
        mus = np.array(found["mu_GeV"])
        here = int(np.argmin(np.abs(mus - found["given_at_GeV"])))
        changes = []
        for case, terms in reversed(found["two_delta_logL"].items()):
            total = np.sum(list(terms.values()), axis=0)
            change = total - total[here]
            changes.append(f"{signed(change.min(), 2)} to {signed(change.max(), 2)} ({case})")
        return (
            f"Theory uncertainty: matched at {mus[0] / 1e3:g} to {mus[-1] / 1e3:g} TeV instead of {mus[here] / 1e3:g} "
            f"TeV, the best fit changes its 2 Δ log L by {', '.join(changes)}."
        )

    @cached_property
    def diagnostics(self) -> Mapping[str, Any]:
        """What the sampler's own record says (divergences and E-BFMI, or weights), and ``warnings`` in sentences."""
        return json.loads(self.idata["posterior"].attrs["diagnostics"])

    @property
    def sampler_sentence(self) -> str:
        """How the draws were made."""
        sampler = self.card.sampler
        if isinstance(sampler, Nuts):
            return f"NUTS, {sampler.chains} chains of {sampler.draws} draws"
        drawn = f"{sampler.chains} × {sampler.draws} draws"
        return f"importance sampling, {drawn} resampled from {sampler.proposals} weighted points"

    @property
    def gains(self) -> dict[str, dict[str, float]]:
        """2 Delta log L against the SM by term: here, and as the other data set sees it."""
        here = {self.card.dataset: dict(self.best_fit["terms"])}
        if self.changes is None:
            return here
        other = self.changes["dataset"]
        return here | {
            f"{other}, same point": dict(self.changes["terms"]),
            f"{other}, own best fit": dict(self.changes["best_fit"]["terms"]),
        }

    @property
    def important_observables(self) -> pd.DataFrame | None:
        """The observables that pull most, in the SM or at the best fit."""
        table = self.observables
        if table is None:
            return None
        weight = np.maximum(table.pull_sm.abs(), table.pull.abs())
        return table.loc[weight.sort_values(ascending=False).index[:_IMPORTANT]]
