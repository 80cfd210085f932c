"""Did the chains converge? R-hat, effective sample sizes, divergences, energy; a verdict in plain sentences.

References
----------
A. Vehtari et al., arXiv:1903.08008 (rank-normalised R-hat, bulk and tail ESS); M. Betancourt,
arXiv:1604.00695 (E-BFMI); arXiv:1507.02646 (k-hat).
"""

from typing import NamedTuple

import arviz as az
import numpy as np
from jaxtyping import Float

from .importance import K_HAT_LIMIT, Importance
from .nuts import Draws

__all__ = ["Diagnostics", "ParameterDiagnostics", "WeightDiagnostics", "diagnose", "diagnose_weights"]

MAX_R_HAT = 1.01
MIN_ESS = 400.0
MAX_DIVERGING = 1e-3
MIN_E_BFMI = 0.3


class ParameterDiagnostics(NamedTuple):
    """Convergence of one parameter; for a phase, the worse of its sine and cosine."""

    r_hat: float
    ess_bulk: float
    ess_tail: float


class Diagnostics(NamedTuple):
    """Convergence of a run.

    Attributes
    ----------
    parameters : dict of str to ParameterDiagnostics
    divergences : int
        Number of divergent transitions after warm-up.
    divergent_fraction : float
    e_bfmi : (chains,)
        Energy Bayesian fraction of missing information.
    deepest : float
        Fraction of transitions that needed the longest trajectory allowed.
    warnings : tuple of str
        What is wrong, in sentences; empty when nothing is.
    """

    parameters: dict[str, ParameterDiagnostics]
    divergences: int
    divergent_fraction: float
    e_bfmi: np.ndarray
    deepest: float
    warnings: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether ``--strict`` lets the run pass."""
        return not self.warnings


def diagnose(
    names: tuple[str, ...],
    x: Float[np.ndarray, "chains draws n"],
    draws: Draws,
    turns: tuple[float | None, ...],
    max_tree_depth: int,
) -> Diagnostics:
    """Diagnose folded draws.

    Parameters
    ----------
    names : tuple of str
    x : (chains, draws, n)
        Parameter values, folded by exact symmetries (two mirror images are not a failure to converge).
    draws : Draws
        The sampler's own record: divergences, energies, steps.
    turns : tuple
        For each parameter the length of its circle, or None.
    max_tree_depth : int
    """
    parameters = {name: _parameter(x[..., i], turns[i]) for i, name in enumerate(names)}
    energy = draws.energy
    e_bfmi = np.square(np.diff(energy, axis=1)).mean(1) / np.maximum(energy.var(1), 1e-300)
    diverging = float(draws.diverging.mean())
    deepest = float((draws.num_steps >= 2**max_tree_depth - 1).mean())
    return Diagnostics(
        parameters,
        int(draws.diverging.sum()),
        diverging,
        e_bfmi,
        deepest,
        tuple(_warnings(parameters, diverging, e_bfmi, deepest, bool(draws.jumped.any()))),
    )


class WeightDiagnostics(NamedTuple):
    """How far importance sampling can be trusted.

    Attributes
    ----------
    parameters : dict of str to ParameterDiagnostics
        Of the resampled draws; these are independent, unless few points carry the weight.
    effective : float
        Number of independent draws that the weights are worth.
    k_hat : float
        Their Pareto tail index.
    warnings : tuple of str
        What is wrong, in sentences; empty when nothing is.
    """

    parameters: dict[str, ParameterDiagnostics]
    effective: float
    k_hat: float
    warnings: tuple[str, ...]


def diagnose_weights(
    names: tuple[str, ...],
    x: Float[np.ndarray, "chains draws n"],
    result: Importance,
    turns: tuple[float | None, ...],
) -> WeightDiagnostics:
    """Diagnose importance sampling; parameters as in `diagnose`."""
    parameters = {name: _parameter(x[..., i], turns[i]) for i, name in enumerate(names)}
    effective, k_hat = result.points.effective, result.k_hat
    found = _parameter_warnings(parameters)
    if not k_hat <= K_HAT_LIMIT:
        found.append(
            f"The importance weights have a heavy tail: k-hat is {k_hat:.2f} > {K_HAT_LIMIT}, so that neither draws nor "
            "evidence can be trusted; the proposal misses part of the posterior."
        )
    if not effective >= MIN_ESS:
        found.append(
            f"The importance weights are worth {effective:.0f} independent draws, less than {MIN_ESS:.0f}; raise "
            "sampler.proposals."
        )
    return WeightDiagnostics(parameters, effective, k_hat, tuple(found))


def _parameter(values: np.ndarray, turn: float | None) -> ParameterDiagnostics:
    if turn is not None:
        angle = 2 * np.pi * values / turn
        sides = [_parameter(np.cos(angle), None), _parameter(np.sin(angle), None)]
        return ParameterDiagnostics(
            max(s.r_hat for s in sides), min(s.ess_bulk for s in sides), min(s.ess_tail for s in sides)
        )
    # A chain that never moved divides by zero; its R-hat is infinite or NaN, which `_warnings` reports.
    with np.errstate(divide="ignore", invalid="ignore"):
        return ParameterDiagnostics(
            float(az.rhat(values)), float(az.ess(values, method="bulk")), float(az.ess(values, method="tail"))
        )


def _parameter_warnings(parameters: dict[str, ParameterDiagnostics]) -> list[str]:
    found = []
    # Written so that a NaN, as from a chain that never moved, is a warning too.
    unmixed = [f"{name} ({p.r_hat:.3f})" for name, p in parameters.items() if not p.r_hat <= MAX_R_HAT]
    if unmixed:
        found.append(
            f"The chains disagree: R-hat is above {MAX_R_HAT} for {', '.join(unmixed)}; run longer, or look "
            "for separate modes."
        )
    for kind in ("bulk", "tail"):
        few = [
            f"{name} ({getattr(p, f'ess_{kind}'):.0f})"
            for name, p in parameters.items()
            if not getattr(p, f"ess_{kind}") >= MIN_ESS
        ]
        if few:
            found.append(
                f"Too few independent draws: {kind} ESS < {MIN_ESS:.0f} for {', '.join(few)}; run longer."
            )
    return found


def _warnings(
    parameters: dict[str, ParameterDiagnostics],
    diverging: float,
    e_bfmi: np.ndarray,
    deepest: float,
    jumped: bool,
) -> list[str]:
    found = _parameter_warnings(parameters)
    if diverging > MAX_DIVERGING:
        found.append(
            f"{100 * diverging:.2f} % of the trajectories diverged (at most {100 * MAX_DIVERGING:.1f} %), so "
            "that part of the posterior may be missed; raise target_accept."
        )
    if not e_bfmi.min() >= MIN_E_BFMI:
        found.append(
            f"The energy is explored slowly: E-BFMI is {e_bfmi.min():.2f} < {MIN_E_BFMI}; the posterior has "
            "long tails or a funnel."
        )
    # With jumps between modes short trajectories are a choice: they need not cross the posterior.
    if deepest > 0.01 and not jumped:
        found.append(f"{100 * deepest:.0f} % of the trajectories hit the length limit; raise max_tree_depth.")
    return found
