"""Let evaluations of flavio share intermediate results, to save most of the time. No number changes.

Helicity amplitudes and angular coefficients at a q2 are shared by the observables of one evaluation. Form factors and
hadronic corrections know no Wilson coefficient: all evaluations with the same parameters share them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from flavio.physics.bdecays import bpll, bplnu, bvlnu, matrixelements
from flavio.physics.bdecays.bvll import amplitudes, observables_bs
from flavio.physics.bdecays.bvll import observables as bvll
from flavio.physics.mesonmixing import observables as mixing

Memory = dict[tuple, Any]

# flavio remembers these functions of q2 and quark masses as well, but fewer values than an evaluation needs
_LOOP_FUNCTIONS = {
    name: lru_cache(maxsize=200_000)(getattr(matrixelements, name).__wrapped__)
    for name in ("F_17", "F_19", "F_27", "F_29", "SeidelA", "SeidelB")
}


def _remembered(memory: Memory, key: tuple, compute: Callable[[], Any]) -> Any:
    if key not in memory:
        memory[key] = compute()
    return memory[key]


def _at_point(wc: Any) -> Memory:
    """What is known at a point in the space of Wilson coefficients."""
    return wc.__dict__.setdefault("memory", {})


def _angular(function: Callable, label: str) -> Callable:
    def method(self, q2):
        key = (label, self.B, self.V, self.lep, q2)
        return _remembered(_at_point(self.wc_obj), key, lambda: function(self, q2))

    return method


def _amplitude(function: Callable, label: str) -> Callable:
    def amplitude(q2, ff, wc, par, B, V, lep):
        key = (label, B, V, lep, q2)
        return _remembered(_at_point(wc), key, lambda: function(q2, ff, wc, par, B, V, lep)).copy()

    return amplitude


def _wilson_coefficients(function: Callable) -> Callable:
    def total(wc, sector, scale, par, nf_out=5):
        return _remembered(
            _at_point(wc), (sector, scale, nf_out), lambda: function(wc, sector, scale, par, nf_out)
        )

    return total


def _coefficients(bilinear: Callable, phase: Callable[[Any, Any, str], Any]) -> Callable:
    """flavio's function of angular coefficients, which are computed once per q2 (and phase of the mixing)."""

    def shared(function, q2, wc, par, B, M, lep):
        key = ("coefficients", B, M, lep, q2, phase(wc, par, B))
        found = _remembered(
            _at_point(wc), key, lambda: bilinear(lambda *parts: parts, q2, wc, par, B, M, lep)
        )
        return function(*found) if found else 0  # nothing beyond phase space

    return shared


def _by_parameters(function: Callable, memory: Memory, label: str, known: slice) -> Callable:
    """A function of q2 first, the parameters in its arguments, and those that `known` picks."""

    def shared(*arguments, **options):
        key = (label, arguments[0], *arguments[known], *options.values())
        return _remembered(memory, key, lambda: function(*arguments, **options))

    return shared


@contextmanager
def shared_evaluations(memory: Memory) -> Iterator[None]:
    """Share what the evaluations within have in common.

    Parameters
    ----------
    memory : dict
        What is known at the parameters of the evaluations: empty at first, and one for each set of parameters.
    """
    form_factors, hadronic = ("form factors", slice(2, None)), ("hadronic corrections", slice(3, None))
    replaced = [
        (bvll.BVllObservable, "j", _angular(bvll.BVllObservable.j, "j")),
        (bvll.BVllObservable, "jbar", _angular(bvll.BVllObservable.jbar, "jbar")),
        (amplitudes, "helicity_amps", _amplitude(amplitudes.helicity_amps, "h")),
        (amplitudes, "helicity_amps_bar", _amplitude(amplitudes.helicity_amps_bar, "hbar")),
        (
            observables_bs,
            "bsvll_obs",
            _coefficients(
                observables_bs.bsvll_obs, lambda wc, par, meson: mixing.q_over_p(wc, par, meson)
            ),  # looked up at the call: the forms of B_s decays replace it
        ),
        (bpll, "bpll_obs", _coefficients(bpll.bpll_obs, lambda *_: None)),
        *(
            (module, "get_ff", _by_parameters(module.get_ff, memory, *form_factors))
            for module in (bvll, amplitudes, bpll, bvlnu, bplnu)
        ),
        *(
            (module, "wctot_dict", _wilson_coefficients(module.wctot_dict))
            for module in (bvll, amplitudes, bpll)
        ),
        *(
            (module, "get_subleading", _by_parameters(module.get_subleading, memory, *hadronic))
            for module in (bvll, amplitudes, bpll)
        ),
        *((matrixelements, name, function) for name, function in _LOOP_FUNCTIONS.items()),
    ]
    with ExitStack() as stack:
        for module, name, function in replaced:
            stack.enter_context(patch.object(module, name, function))
        yield
