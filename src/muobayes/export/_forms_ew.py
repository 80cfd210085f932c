"""Functional forms of charged currents of light quarks and leptons, and of Z, W and Higgs observables."""

import re
from collections.abc import Iterable
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

import flavio
from flavio.physics.betadecays import ft
from flavio.physics.higgs import decay, production, signalstrength, width
from flavio.physics.kdecays import klnu
from flavio.physics.taudecays import taulnunu, taupnu
from flavio.physics.wdecays import gammaw
from flavio.physics.zdecays import afbz, gammaz

from ._forms import Anatomy, Function, Observable, key, matched, name_and_arguments, ratio

# --- the Fermi constant of mu -> e nu nu -------------------------------------------------------------------------------


@contextmanager
def _fermi_ratio(r: float):
    """Make GF_eff = r GF while a rate is computed."""

    def gf_eff(wc, par):
        return r * par["GF"]

    with (
        patch.object(taulnunu, "GFeff", gf_eff),
        patch.object(taupnu, "GFeff", gf_eff),
        patch.object(klnu, "GFeff", gf_eff),
        patch.object(ft, "GFeff", gf_eff),
    ):
        yield


def _inverse_fermi_ratio_squared(wc, par) -> float:
    return (par["GF"] / taulnunu.GFeff(wc, par)) ** 2


_FERMI = ("(GF/GF_eff)^2", _inverse_fermi_ratio_squared)


def _fermi_components(label: str, rate: Function) -> tuple[tuple[str, Function], ...]:
    """A rate a + b r + c r^2 of r = GF_eff/GF, as the three polynomials a, b, c."""

    def at(r, wc, par):
        with _fermi_ratio(r):
            return rate(wc, par)

    def linear(wc, par):
        return (at(1.0, wc, par) - at(-1.0, wc, par)) / 2

    def square(wc, par):
        return (at(1.0, wc, par) + at(-1.0, wc, par)) / 2 - at(0.0, wc, par)

    return (
        (key("r0", label), partial(at, 0.0)),
        (key("r1", label), linear),
        (key("r2", label), square),
    )


def charged_current(observable: Observable) -> Anatomy:
    name, arguments = name_and_arguments(observable)
    rate = flavio.Observable[name].prediction.function
    components = _fermi_components(name, lambda wc, par: rate(wc, par, *arguments))
    return Anatomy("p0+p1/sqrt(p3)+p2/p3", (*components, _FERMI))


def charged_current_ratio(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    rates = {
        "Remu(K+->lnu)": (("K+", "e"), ("K+", "mu"), 1.00055),  # resummed logarithms, Eq. (111) of 0707.4464
        "BR(pi+->enu)": (("pi+", "e"), ("pi+", "mu"), 1.00055),  # BR(pi+->munu) is one
        "RKpi(P+->munu)": (("K+", "mu"), ("pi+", "mu"), 1.0),
    }
    numerator, denominator, factor = rates[name]

    def rate(meson, lepton, wc, par):
        br = klnu.br_plnu(wc, par, meson, lepton)
        return br if meson == numerator[0] == denominator[0] else br / par["tau_" + meson]

    top = _fermi_components(key(name, *numerator), partial(rate, *numerator))
    bottom = _fermi_components(key(name, *denominator), partial(rate, *denominator))
    return Anatomy(f"{factor!r}*(p0+p1/sqrt(p6)+p2/p6)/(p3+p4/sqrt(p6)+p5/p6)", (*top, *bottom, _FERMI))


def inverse_rate(observable: Observable) -> Anatomy:
    """Lifetimes and Ft values are 1/(GF_eff^2 polynomial)."""
    name, arguments = name_and_arguments(observable)
    value = flavio.Observable[name].prediction.function

    def inverse(wc, par):
        with _fermi_ratio(1.0):
            return 1 / value(wc, par, *arguments)

    return Anatomy("p1/p0", ((key("1/", name, *arguments), inverse), _FERMI))


def neutron(observable: Observable) -> Anatomy:
    name, arguments = name_and_arguments(observable)
    coefficient = name.removesuffix("_n")
    me_e = arguments[0] if arguments else None

    def neutron(wc, par):
        return ft.Neutron_corr(wc, par, me_e, coefficient)

    def xi(wc, par):
        return neutron(wc, par).xi()

    def xi_and_fierz(wc, par):
        n = neutron(wc, par)
        return n.xi() + me_e * ft.b_xi(n.C, n.MF, n.MGT, n.alpha, n.Z, n.s)

    def numerator(which, wc, par):
        n = neutron(wc, par)
        return {
            "a": lambda: ft.a_xi(n.C, n.MF, n.MGT),
            "A": lambda: ft.A_xi(n.C, n.MF, n.MGT, n.J, n.Jf, n.s),
            "B": lambda: ft.B_xi(n.C, n.MF, n.MGT, n.J, n.Jf, n.me_E, n.s),
            "D": lambda: ft.D_xi(n.C, n.MF, n.MGT, n.J, n.Jf),
            "R": lambda: ft.R_xi(n.C, n.MF, n.MGT, n.J, n.Jf, n.s),
        }[which]()

    def named(which):
        return key("neutron", which, *arguments), partial(numerator, which)

    if coefficient == "lambdaAB":
        return Anatomy("(p0-p1)/(p0+p1)", (named("A"), named("B")))
    denominator = xi_and_fierz if coefficient.endswith("tilde") else xi
    return ratio(
        named(coefficient.removesuffix("tilde")),
        (key("neutron", denominator.__name__, *arguments), denominator),
    )


def ln_c(observable: Observable) -> Anatomy:
    """The logarithm of the form-factor parameter C, a ratio of two linear functions."""
    name, _ = name_and_arguments(observable)
    logarithm = flavio.Observable[name].prediction.function

    def vector(wc, par):
        scale = par["m_rho0"]
        ms = flavio.physics.running.running.get_ms(par, scale)
        total = flavio.physics.bdecays.wilsoncoefficients.get_wceff_fccc(
            wc, par, "su", "mu", "mu", ms, scale, nf=3
        )
        return (total["a"] + total["ap"]).real

    def scalar(wc, par):
        with patch("flavio.physics.kdecays.kpilnu.log", lambda c: c):
            return logarithm(wc, par) * vector(wc, par)

    return Anatomy("log(p0/p1)", (("C numerator(K->pimunu)", scalar), ("C denominator(K->pimunu)", vector)))


# --- Z, W and Higgs --------------------------------------------------------------------------------------------------


def _z_couplings(fermion: str) -> tuple[tuple[str, Function], ...]:
    return tuple(
        (key(label, fermion), partial(lambda i, wc, par: afbz.get_gV_gA(wc, par, fermion)[i].real, i))
        for i, label in enumerate(("gV", "gA"))
    )


def z_asymmetry(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    kind, doubled = matched(r"(A|AFB)\(Z->(\w+)\)", name).groups()
    fermion = doubled[: len(doubled) // 2]
    asymmetry = "2*p0*p1/(p0**2+p1**2)"
    if kind == "A":
        return Anatomy(asymmetry, _z_couplings(fermion))
    electron = "2*p2*p3/(p2**2+p3**2)"
    return Anatomy(f"3/4*({asymmetry})*({electron})", _z_couplings(fermion) + _z_couplings("e"))


def _z_width(*fermions: str) -> tuple[str, Function]:
    return key("GammaZ", *fermions), lambda wc, par: gammaz.GammaZ(wc, par, *fermions)


_Z_HADRONS = ("GammaZ|had", gammaz.Gammahad)


def z_rates(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    if name == "sigma_had":
        return Anatomy(
            "12*pi/p3**2*p0*p1/p2**2",
            (
                _z_width("e", "e"),
                _Z_HADRONS,
                ("GammaZ", gammaz.Gammatot),
                ("m_Z", lambda wc, par: par["m_Z"]),
            ),
        )
    if name == "R_uc":
        return Anatomy("(p0+p1)/(2*p2)", (_z_width("u", "u"), _z_width("c", "c"), _Z_HADRONS))
    fermion = name.removeprefix("R_")
    if fermion in ("e", "mu", "tau"):
        return ratio(_Z_HADRONS, _z_width(fermion, fermion))
    return ratio(_z_width(fermion, fermion), _Z_HADRONS)


def _w_sum(label: str, ups: Iterable[str], downs: tuple[str, ...]) -> tuple[str, Function]:
    ups = tuple(ups)
    return key("GammaW", label), lambda wc, par: sum(gammaw.GammaW(wc, par, u, d) for u in ups for d in downs)


_LEPTONS, _DOWNS = ("e", "mu", "tau"), ("d", "s", "b")


def w_rates(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    if name == "R(W->cX)":
        return ratio(_w_sum("c", ["c"], _DOWNS), _w_sum("had", ["u", "c"], _DOWNS))
    if match := re.fullmatch(r"BR\(W->(\w+)nu\)", name):
        lepton = match.group(1)
        return ratio(_w_sum(lepton, [lepton], _LEPTONS), ("GammaW", gammaw.Gammatot))
    numerator, denominator = matched(r"R(mu|tau)(e|mu)\(W->lnu\)", name).groups()
    return ratio(*(_w_sum(lepton, [lepton], _LEPTONS) for lepton in (numerator, denominator)))


def higgs(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    made, decayed = matched(r"mu_(\w+)\(h->(\w+)\)", name).groups()
    modes = {**signalstrength.prod_modes, **signalstrength.decay_modes}
    functions = {d["str"]: key for key, d in modes.items()}

    def at_higgs_scale(function, wc, par):
        scale = flavio.config["renormalization scale"]["hdecays"]
        values = wc.get_wcxf(sector="all", scale=scale, par=par, eft="SMEFT", basis="Warsaw")
        return function(values).real

    def total(wc, par):
        return at_higgs_scale(partial(width.Gamma_h, par), wc, par)

    return Anatomy(
        "p0*p1/p2",
        (
            (key("pp->h", made), partial(at_higgs_scale, getattr(production, functions[made]))),
            (key("h->", decayed), partial(at_higgs_scale, getattr(decay, functions[decayed]))),
            ("Gamma_h", total),
        ),
    )
