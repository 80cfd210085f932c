"""The functional form of every observable: an expression in polynomials of the Wilson coefficients.

Rates are quadratic in the coefficients, so a rate is its own polynomial. Ratios and normalised angular observables
are expressions in the polynomials of their numerators and denominators. Two quantities enter non-polynomially and are
made explicit: the B mixing phase, through the mixing amplitude M12 that is linear in the coefficients, and the Fermi
constant as seen by mu -> e nu nu, GF_eff = GF / sqrt(polynomial).

An `Anatomy` names its polynomials (`components`) and states the expression in terms of ``p0, p1, ...``.
"""

import cmath
import math
import re
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple
from unittest.mock import patch

import flavio
from flavio.physics.bdecays import bll, bpll, bplnu, bvgamma, bvlnu, bxgamma, lambdablambdall
from flavio.physics.bdecays.bvll import observables as bvll
from flavio.physics.bdecays.bvll import observables_bs as bsvll
from flavio.physics.betadecays import ft
from flavio.physics.higgs import decay, production, signalstrength, width
from flavio.physics.kdecays import klnu
from flavio.physics.mesonmixing import observables as mixing
from flavio.physics.taudecays import taulnunu, taupnu
from flavio.physics.wdecays import gammaw
from flavio.physics.zdecays import afbz, gammaz

Function = Callable[..., float]  # (wc_obj, par) -> number, polynomial in the coefficients
Observable = str | tuple


class Anatomy(NamedTuple):
    """An observable as an expression in polynomials."""

    expression: str
    components: tuple[tuple[str, Function], ...]


def name_and_arguments(observable: Observable) -> tuple[str, tuple]:
    """flavio's name and the arguments (bin edges) of an observable."""
    return (observable, ()) if isinstance(observable, str) else (observable[0], tuple(observable[1:]))


def _key(label: str, *arguments: object) -> str:
    return "|".join([label, *map(str, arguments)])


def _itself(observable: Observable) -> Anatomy:
    name, arguments = name_and_arguments(observable)

    def prediction(wc, par):
        return flavio.Observable[name].prediction_par(par, wc, *arguments)

    return Anatomy("p0", ((_key(name, *arguments), prediction),))


def _ratio(numerator: tuple[str, Function], denominator: tuple[str, Function]) -> Anatomy:
    return Anatomy("p0/p1", (numerator, denominator))


# --- B -> V l l ------------------------------------------------------------------------------------------------------


def _bvll_integral(meson: str, lepton: str, label: str, function, bin_, epsrel=0.005) -> tuple[str, Function]:
    channel = bvll._hadr[meson]

    def integral(wc, par):
        rate = bvll.BVll_obs_int(function, *bin_, channel["B"], channel["V"], lepton, wc, par)
        rate.epsrel = epsrel
        return rate()

    return _key(f"{label}({meson}{lepton}{lepton})", *bin_, epsrel), integral


def _bvll(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    label, meson, lepton = re.fullmatch(r"<(\w+)>\((B[0+]->K\*)(e|mu)\2?.*\)", _double_lepton(name)).groups()
    if label in bvll._observables:
        numerator, denominator = bvll._observables[label]["func_num"], ("rate", bvll.SA_den)
    elif label in bvll._observables_p:
        numerator, denominator = bvll._observables_p[label]["func_num"], ("J2s", bvll.P_den)
    else:
        return Anatomy("p0/(2*sqrt(-p1*p2))", _pprime(meson, lepton, label, bin_))
    return _ratio(
        _bvll_integral(meson, lepton, f"N{label}", numerator, bin_),
        _bvll_integral(meson, lepton, *denominator, bin_),
    )


def _double_lepton(name: str) -> str:
    return name.replace("mumu)", "mu)").replace("ee)", "e)")


def _pprime(meson: str, lepton: str, label: str, bin_) -> tuple[tuple[str, Function], ...]:
    return (
        _bvll_integral(meson, lepton, f"N{label}", bvll._observables_pprime[label]["func_num"], bin_),
        _bvll_integral(meson, lepton, "J2s", bvll.P_den, bin_),
        _bvll_integral(meson, lepton, "J2c", lambda J, Jb: bvll.S_theory_num(J, Jb, "2c"), bin_),
    )


def _pprime_difference(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    label, meson = re.fullmatch(r"<Dmue_(\w+)>\((B0->K\*)ll\)", name).groups()
    return Anatomy(
        "p0/(2*sqrt(-p1*p2)) - p3/(2*sqrt(-p4*p5))",
        _pprime(meson, "mu", label, bin_) + _pprime(meson, "e", label, bin_),
    )


def _lepton_universality(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    meson = re.fullmatch(r"<Rmue>\((.*)ll\)", name).group(1)
    if meson in bvll._hadr:
        return _ratio(
            *(
                _bvll_integral(meson, lepton, "ratio rate", bvll.dGdq2_ave, bin_, 0.0005)
                for lepton in ("mu", "e")
            )
        )
    channel = bpll._hadr[meson]

    def rate(lepton, wc, par):
        return bpll.bpll_obs_int(
            bpll.dGdq2_cpaverage, *bin_, wc, par, channel["B"], channel["P"], lepton, epsrel=0.0005
        )

    return _ratio(
        *(
            (_key(f"ratio rate({meson}{lepton}{lepton})", *bin_), partial(rate, lepton))
            for lepton in ("mu", "e")
        )
    )


# --- mixing phases ---------------------------------------------------------------------------------------------------

_PER_PS = 1.519267515435317e12  # ps in 1/GeV, so that M12 is of order one; CODATA 2018 hbar


def _mixing(meson: str) -> tuple[tuple[str, Function], ...]:
    """Re M12, Im M12, Re Gamma12, Im Gamma12, in 1/ps."""
    amplitudes = {
        "ReM12": lambda m, g: m.real,
        "ImM12": lambda m, g: m.imag,
        "ReG12": lambda m, g: g.real,
        "ImG12": lambda m, g: complex(g).imag,
    }

    def amplitude(pick, wc, par):
        return pick(*mixing.get_M12_G12(wc, par, meson)) * _PER_PS

    return tuple((_key(label, meson), partial(amplitude, pick)) for label, pick in amplitudes.items())


def _q_over_p(m_re: str, m_im: str, g_re: str, g_im: str) -> tuple[str, str]:
    """Expressions for Re(q/p) and Im(q/p), q/p = -sqrt((2 M12* - i G12*) / (2 M12 - i G12)).

    Written as -u/|..| with u = sqrt(z* w) to stay real: with a = 2 M12 - i G12 and b = 2 M12* - i G12*, q/p =
    -sqrt(b conj(a)) / |a|.
    """
    a_re, a_im = f"(2*{m_re}+{g_im})", f"(2*{m_im}-{g_re})"
    b_re, b_im = f"(2*{m_re}-{g_im})", f"(-2*{m_im}-{g_re})"
    x, y = f"({b_re}*{a_re}+{b_im}*{a_im})", f"({b_im}*{a_re}-{b_re}*{a_im})"
    modulus = f"sqrt(hypot({x},{y}))/hypot({a_re},{a_im})"
    phase = f"(arctan2({y},{x})/2)"
    return f"(-{modulus}*cos{phase})", f"(-{modulus}*sin{phase})"


def _delta_m(meson: str) -> Anatomy:
    m_re, m_im, g_re, g_im = "p0", "p1", "p2", "p3"
    q_re, q_im = _q_over_p(m_re, m_im, g_re, g_im)
    h_re, h_im = f"({m_re}+{g_im}/2)", f"({m_im}-{g_re}/2)"
    return Anatomy(
        f"abs(-2*({q_re}*{h_re}-{q_im}*{h_im}))/{_PER_PS!r}",
        _mixing(meson),
    )


def _delta_m_ratio(_: Observable) -> Anatomy:
    first, second = _delta_m("B0"), _delta_m("Bs")
    shifted = re.sub(r"\bp(\d)\b", lambda m: f"p{int(m.group(1)) + 4}", second.expression)
    return Anatomy(f"({first.expression})/({shifted})", first.components + second.components)


def _mixing_asymmetry(meson: str, amplitude, eta: int) -> Anatomy:
    """S = -2 Im xi / (1 + |xi|^2), xi = eta (q/p) A/Abar, with the sign of q/p that keeps Delta M positive."""

    def phase_ratio(pick, wc, par):
        return pick(eta * amplitude(par) / amplitude(flavio.physics.common.conjugate_par(par)))

    a_re = (_key("Re A/Abar", meson), partial(phase_ratio, lambda z: z.real))
    a_im = (_key("Im A/Abar", meson), partial(phase_ratio, lambda z: z.imag))
    q_re, q_im = _q_over_p("p0", "p1", "p2", "p3")
    delta_m = f"(-2*({q_re}*(p0+p3/2)-{q_im}*(p1-p2/2)))"
    x_re, x_im = f"({q_re}*p4-{q_im}*p5)", f"({q_re}*p5+{q_im}*p4)"
    return Anatomy(
        f"-2*sign({delta_m})*{x_im}/(1+{x_re}**2+{x_im}**2)",
        (*_mixing(meson), a_re, a_im),
    )


def _x12_im(_: Observable) -> Anatomy:
    """2 |M12| tau sin(arg(M12/G12)) = 2 tau Im(M12 G12*) / |G12|."""

    def lifetime(wc, par):
        return par["tau_D0"] / _PER_PS

    return Anatomy("2*p4*(p1*p2-p0*p3)/hypot(p2,p3)", (*_mixing("D0"), ("tau|D0", lifetime)))


@contextmanager
def _mixing_phase(phi: float):
    """Make q/p = -exp(i phi) while a rate is computed."""
    with patch.object(mixing, "q_over_p", lambda wc, par, meson: -cmath.exp(1j * phi)):
        yield


def _phase_components(label: str, rate: Function) -> tuple[tuple[str, Function], ...]:
    """A rate a + b cos(phi) + c sin(phi) of the phase phi of -q/p, as the three polynomials a, b, c."""

    def at(phi, wc, par):
        with _mixing_phase(phi):
            return rate(wc, par)

    def constant(wc, par):
        return (at(0.0, wc, par) + at(math.pi, wc, par)) / 2

    def cosine(wc, par):
        return (at(0.0, wc, par) - at(math.pi, wc, par)) / 2

    def sine(wc, par):
        return (at(math.pi / 2, wc, par) - at(-math.pi / 2, wc, par)) / 2

    return ((_key("a", label), constant), (_key("b", label), cosine), (_key("c", label), sine))


def _cos_sin(first: int) -> tuple[str, str]:
    """cos and sin of the phase of -q/p from the mixing components p<first> ... p<first+3>."""
    q_re, q_im = _q_over_p(*(f"p{first + i}" for i in range(4)))
    modulus = f"hypot({q_re},{q_im})"
    return f"(-{q_re}/{modulus})", f"(-{q_im}/{modulus})"


def _bsvll(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    if name == "BR_LHCb(Bs->K*0mumu)":
        rate = flavio.Observable[name].prediction.function
        components = _phase_components(name, lambda wc, par: rate(wc, par))
    else:
        label, meson, lepton = re.fullmatch(r"<(.*)>\((Bs->phi)(e|mu)\)", _double_lepton(name)).groups()
        channel = bsvll._hadr[meson]

        def integral(function, wc, par):
            return bsvll.bsvll_obs_int(function, *bin_, wc, par, channel["B"], channel["V"], lepton)

        if label == "dBR/dq2":
            components = _phase_components(
                _key(name, *bin_), lambda wc, par: flavio.Observable[name].prediction.function(wc, par, *bin_)
            )
        else:
            numerator = _phase_components(
                _key(name, *bin_), partial(integral, bsvll._observables[label]["func_num"])
            )
            denominator = _phase_components(
                _key(f"rate({meson}{lepton}{lepton})", *bin_), partial(integral, bsvll.SA_den_Bs)
            )
            cos, sin = _cos_sin(6)
            return Anatomy(
                f"(p0+p1*{cos}+p2*{sin})/(p3+p4*{cos}+p5*{sin})", numerator + denominator + _mixing("Bs")
            )
    cos, sin = _cos_sin(3)
    return Anatomy(f"p0+p1*{cos}+p2*{sin}", components + _mixing("Bs"))


def _bvgamma_parts(meson: str, vector: str) -> tuple[tuple[str, Function], ...]:
    """CP-averaged rate (as a branching ratio), and Re and Im of -(A_L Abar_L* + A_R Abar_R*) in the same units."""

    def interference(wc, par):
        a, a_bar = bvgamma.get_a_abar(wc, par, meson, vector)
        return -par["tau_" + meson] * (a["L"] * a_bar["L"].conj() + a["R"] * a_bar["R"].conj())

    return (
        (_key("BR gamma", meson, vector), lambda wc, par: bvgamma.BR(wc, par, meson, vector)),
        (_key("Re interference gamma", meson, vector), lambda wc, par: interference(wc, par).real),
        (_key("Im interference gamma", meson, vector), lambda wc, par: interference(wc, par).imag),
    )


def _bvgamma(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    meson, vector = ("B0", "K*0") if name == "S_K*gamma" else ("Bs", "phi")
    parts, first = _bvgamma_parts(meson, vector), 3
    q_re, q_im = _q_over_p(*(f"p{first + i}" for i in range(4)))
    components = parts + _mixing(meson)
    if name in ("S_K*gamma", "S_phigamma"):
        return Anatomy(f"({q_re}*p2+{q_im}*p1)/p0", components)
    a_delta_gamma = f"(({q_re}*p1-{q_im}*p2)/p0)"
    if name == "ADeltaGamma(Bs->phigamma)":
        return Anatomy(a_delta_gamma, components)

    def y(wc, par):
        return par["DeltaGamma/Gamma_Bs"] / 2

    components = (*components, ("y|Bs", y))
    br = f"(1-{a_delta_gamma}*p7)/(1-p7**2)*p0"
    if name == "BR(Bs->phigamma)":
        return Anatomy(br, components)
    return Anatomy(f"p8/({br})", (*components, _bvgamma_parts("B0", "K*0")[0]))


# --- other b decays --------------------------------------------------------------------------------------------------


def _lambda_b(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    label = re.fullmatch(r"<(\w+)>\(Lambdab->Lambdamumu\)", name).group(1)

    def integral(function, wc, par):
        return lambdablambdall.obs_int(function, *bin_, wc, par, "mu")

    return _ratio(
        (_key(name, *bin_), partial(integral, getattr(lambdablambdall, f"{label}_num"))),
        (_key("rate(Lambdab->Lambdamumu)", *bin_), partial(integral, lambdablambdall.dGdq2)),
    )


def _effective_lifetime(_: Observable) -> Anatomy:
    """tau = tau_B (1 + y^2 + 2 y A) / ((1 - y^2) (1 + y A)), A = p0/p1 (arXiv:1204.1737)."""

    def amplitudes(pick, wc, par):
        scale = flavio.config["renormalization scale"]["bll"]
        total = flavio.physics.bdecays.wilsoncoefficients.wctot_dict(wc, "bsmumu", scale, par)
        return pick(*bll.amplitudes(par, total, "Bs", "mu", "mu"))

    return Anatomy(
        "p3*((1+p2**2)*p1+2*p2*p0)/((1-p2**2)*(p1+p2*p0))",
        (
            ("A_DeltaGamma numerator", partial(amplitudes, lambda P, S: (P**2).real - (S**2).real)),
            ("A_DeltaGamma denominator", partial(amplitudes, lambda P, S: abs(P) ** 2 + abs(S) ** 2)),
            ("y|Bs", lambda wc, par: par["DeltaGamma/Gamma_Bs"] / 2),
            ("tau|Bs", lambda wc, par: par["tau_Bs"]),
        ),
    )


def _acp_bxgamma(_: Observable) -> Anatomy:
    def part(function, wc, par):
        scale = flavio.config["renormalization scale"]["bxgamma"]
        return sum(
            abs(flavio.physics.ckm.xi("t", "b" + q)(par)) ** 2
            * function(
                flavio.physics.bdecays.wilsoncoefficients.wctot_dict(wc, f"b{q}ee", scale, par, nf_out=5),
                par,
                q,
                1.6,
            )
            for q in "ds"
        )

    return _ratio(
        ("ACP numerator(B->Xgamma)", partial(part, bxgamma.PE0_ACP_BXgamma)),
        ("ACP denominator(B->Xgamma)", partial(part, bxgamma.PE0_BR_BXgamma)),
    )


def _b_to_d(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    vector = "D*" in name

    def total(lepton, wc, par):
        if vector:
            return bvlnu.BR_tot(wc, par, "B0", "D*+", lepton, None)
        return bplnu.BR_tot(wc, par, "B0", "D+", lepton)

    def binned(wc, par):
        if vector:
            return bvlnu.BR_binned(*bin_, wc, par, "B0", "D*+", "tau", None)
        return bplnu.BR_binned(*bin_, wc, par, "B0", "D+", "tau")

    channel = "D*" if vector else "D"

    def named(lepton):
        return _key(f"BR(B->{channel}{lepton}nu)"), partial(total, lepton)

    if name.startswith("<BR>"):
        return _ratio((_key(f"<BR>(B->{channel}taunu)", *bin_), binned), named("tau"))
    numerator, denominator = re.match(r"R(tau|mu)(e|mu|l)\(", name).groups()
    return _ratio(named(numerator), named(denominator))


def _fl_total(_: Observable) -> Anatomy:
    def longitudinal(polarisation, wc, par):
        low, high = par["m_tau"] ** 2, (par["m_B0"] - par["m_D*+"]) ** 2
        return bvlnu.BR_binned(low, high, wc, par, "B0", "D*+", "tau", polarisation)

    return _ratio(
        ("FL numerator(B0->D*taunu)", partial(longitudinal, "L")),
        ("FL denominator(B0->D*taunu)", partial(longitudinal, None)),
    )


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
        (_key("r0", label), partial(at, 0.0)),
        (_key("r1", label), linear),
        (_key("r2", label), square),
    )


def _charged_current(observable: Observable) -> Anatomy:
    name, arguments = name_and_arguments(observable)
    rate = flavio.Observable[name].prediction.function
    components = _fermi_components(name, lambda wc, par: rate(wc, par, *arguments))
    return Anatomy("p0+p1/sqrt(p3)+p2/p3", (*components, _FERMI))


def _charged_current_ratio(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    rates = {
        "Remu(K+->lnu)": (("K+", "e"), ("K+", "mu"), 1.00055),  # resummed logarithms, Eq. (111) of 0707.4464
        "Remu(pi+->lnu)": (("pi+", "e"), ("pi+", "mu"), 1.00055),
        "RKpi(P+->munu)": (("K+", "mu"), ("pi+", "mu"), 1.0),
    }
    numerator, denominator, factor = rates[name]

    def rate(meson, lepton, wc, par):
        br = klnu.br_plnu(wc, par, meson, lepton)
        return br if meson == numerator[0] == denominator[0] else br / par["tau_" + meson]

    top = _fermi_components(_key(name, *numerator), partial(rate, *numerator))
    bottom = _fermi_components(_key(name, *denominator), partial(rate, *denominator))
    return Anatomy(f"{factor!r}*(p0+p1/sqrt(p6)+p2/p6)/(p3+p4/sqrt(p6)+p5/p6)", (*top, *bottom, _FERMI))


def _inverse_rate(observable: Observable) -> Anatomy:
    """Lifetimes and Ft values are 1/(GF_eff^2 polynomial)."""
    name, arguments = name_and_arguments(observable)
    value = flavio.Observable[name].prediction.function

    def inverse(wc, par):
        with _fermi_ratio(1.0):
            return 1 / value(wc, par, *arguments)

    return Anatomy("p1/p0", ((_key("1/", name, *arguments), inverse), _FERMI))


def _neutron(observable: Observable) -> Anatomy:
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
        return _key("neutron", which, *arguments), partial(numerator, which)

    if coefficient == "lambdaAB":
        return Anatomy("(p0-p1)/(p0+p1)", (named("A"), named("B")))
    denominator = xi_and_fierz if coefficient.endswith("tilde") else xi
    return _ratio(
        named(coefficient.removesuffix("tilde")),
        (_key("neutron", denominator.__name__, *arguments), denominator),
    )


def _ln_c(observable: Observable) -> Anatomy:
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
        (_key(label, fermion), partial(lambda i, wc, par: afbz.get_gV_gA(wc, par, fermion)[i].real, i))
        for i, label in enumerate(("gV", "gA"))
    )


def _z_asymmetry(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    kind, doubled = re.fullmatch(r"(A|AFB)\(Z->(\w+)\)", name).groups()
    fermion = doubled[: len(doubled) // 2]
    asymmetry = "2*p0*p1/(p0**2+p1**2)"
    if kind == "A":
        return Anatomy(asymmetry, _z_couplings(fermion))
    electron = "2*p2*p3/(p2**2+p3**2)"
    return Anatomy(f"3/4*({asymmetry})*({electron})", _z_couplings(fermion) + _z_couplings("e"))


def _z_width(*fermions: str) -> tuple[str, Function]:
    return _key("GammaZ", *fermions), lambda wc, par: gammaz.GammaZ(wc, par, *fermions)


_Z_HADRONS = ("GammaZ|had", gammaz.Gammahad)


def _z_rates(observable: Observable) -> Anatomy:
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
        return _ratio(_Z_HADRONS, _z_width(fermion, fermion))
    return _ratio(_z_width(fermion, fermion), _Z_HADRONS)


def _w_sum(label: str, ups: Iterable[str], downs: tuple[str, ...]) -> tuple[str, Function]:
    ups = tuple(ups)
    return _key("GammaW", label), lambda wc, par: sum(
        gammaw.GammaW(wc, par, u, d) for u in ups for d in downs
    )


_LEPTONS, _DOWNS = ("e", "mu", "tau"), ("d", "s", "b")


def _w_rates(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    if name == "R(W->cX)":
        return _ratio(_w_sum("c", ["c"], _DOWNS), _w_sum("had", ["u", "c"], _DOWNS))
    if match := re.fullmatch(r"BR\(W->(\w+)nu\)", name):
        lepton = match.group(1)
        return _ratio(_w_sum(lepton, [lepton], _LEPTONS), ("GammaW", gammaw.Gammatot))
    numerator, denominator = re.fullmatch(r"R(mu|tau)(e|mu)\(W->lnu\)", name).groups()
    return _ratio(*(_w_sum(lepton, [lepton], _LEPTONS) for lepton in (numerator, denominator)))


def _higgs(observable: Observable) -> Anatomy:
    name, _ = name_and_arguments(observable)
    made, decayed = re.fullmatch(r"mu_(\w+)\(h->(\w+)\)", name).groups()
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
            (_key("pp->h", made), partial(at_higgs_scale, getattr(production, functions[made]))),
            (_key("h->", decayed), partial(at_higgs_scale, getattr(decay, functions[decayed]))),
            ("Gamma_h", total),
        ),
    )


_RULES: tuple[tuple[str, Callable[[Observable], Anatomy]], ...] = (
    (r"<(FL|AFB|S\d\w?|A\d\w?|P\d|ATIm|P\dp)>\(B[0+]->K\*(ee|mumu)\)", _bvll),
    (r"<Dmue_P\dp>\(B0->K\*ll\)", _pprime_difference),
    (r"<Rmue>\(.*ll\)", _lepton_universality),
    (r"<.*>\(Bs->phimumu\)|BR_LHCb\(Bs->K\*0mumu\)", _bsvll),
    (r"DeltaM_s", lambda _: _delta_m("Bs")),
    (r"DeltaM_d", lambda _: _delta_m("B0")),
    (r"DeltaM_d/DeltaM_s", _delta_m_ratio),
    (r"S_psiK", lambda _: _mixing_asymmetry("B0", mixing.amplitude_BJpsiK, -1)),
    (r"S_psiphi", lambda _: _mixing_asymmetry("Bs", mixing.amplitude_Bspsiphi, +1)),
    (r"x12Im_D", _x12_im),
    (r"S_K\*gamma|S_phigamma|ADeltaGamma\(Bs->phigamma\)|BR\(Bs->phigamma\)|BR\(B0->K\*gamma\)/.*", _bvgamma),
    (r"<AFB(h|l|lh)>\(Lambdab->Lambdamumu\)", _lambda_b),
    (r"tau_mumu", _effective_lifetime),
    (r"ACP\(B->Xgamma\)", _acp_bxgamma),
    (r"<BR>/BR\(B->D\*?taunu\)|R(tau|mu)(e|mu|l)\(B->D\*?lnu\)", _b_to_d),
    (r"FLtot\(B0->D\*taunu\)", _fl_total),
    (r"BR\((K\+|pi\+)->\w+nu\)|Gamma\(pi\+->munu\)|BR\(tau->(pi|K|enu|munu)nu\)", _charged_current),
    (r"Remu\((K|pi)\+->lnu\)|RKpi\(P\+->munu\)", _charged_current_ratio),
    (r"Ft\(\w+\)|tau_n", _inverse_rate),
    (r"(a|A|D|R|atilde|Atilde|B|Btilde|lambdaAB)_n", _neutron),
    (r"A(FB)?\(Z->\w+\)", _z_asymmetry),
    (r"lnC\(K->pimunu\)", _ln_c),
    (r"sigma_had|R_(uc|e|mu|tau|b|c|s)", _z_rates),
    (r"R\(W->cX\)|BR\(W->\w+nu\)|R(mu|tau)(e|mu)\(W->lnu\)", _w_rates),
    (r"mu_\w+\(h->\w+\)", _higgs),
)


def anatomy(observable: Observable) -> Anatomy:
    """The functional form of an observable.

    Parameters
    ----------
    observable : str or tuple
        flavio's name, or a tuple of name and arguments.

    Returns
    -------
    Anatomy
        The expression and the functions that must be polynomials; whether they are is proved by the export.
    """
    name, _ = name_and_arguments(observable)
    for pattern, rule in _RULES:
        if re.fullmatch(pattern, name):
            return rule(observable)
    return _itself(observable)
