"""Functional forms of b-hadron decays and of B and D mixing."""

import cmath
import math
import re
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

import flavio
from flavio.physics.bdecays import bll, bpll, bplnu, bvgamma, bvlnu, bxgamma, lambdablambdall
from flavio.physics.bdecays.bvll import observables as bvll
from flavio.physics.bdecays.bvll import observables_bs as bsvll
from flavio.physics.mesonmixing import observables as mixing

from ._forms import Anatomy, Function, Observable, key, matched, name_and_arguments, ratio

# --- B -> V l l ------------------------------------------------------------------------------------------------------


def _bvll_integral(meson: str, lepton: str, label: str, function, bin_, epsrel=0.005) -> tuple[str, Function]:
    channel = bvll._hadr[meson]

    def integral(wc, par):
        rate = bvll.BVll_obs_int(function, *bin_, channel["B"], channel["V"], lepton, wc, par)
        rate.epsrel = epsrel
        return rate()

    return key(f"{label}({meson}{lepton}{lepton})", *bin_, epsrel), integral


def b_to_vll(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    label, meson, lepton = matched(r"<(\w+)>\((B[0+]->K\*)(e|mu)\2?.*\)", _double_lepton(name)).groups()
    if label in bvll._observables:
        numerator, denominator = bvll._observables[label]["func_num"], ("rate", bvll.SA_den)
    elif label in bvll._observables_p:
        numerator, denominator = bvll._observables_p[label]["func_num"], ("J2s", bvll.P_den)
    else:
        return Anatomy("p0/(2*sqrt(-p1*p2))", _pprime(meson, lepton, label, bin_))
    return ratio(
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


def pprime_difference(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    label, meson = matched(r"<Dmue_(\w+)>\((B0->K\*)ll\)", name).groups()
    return Anatomy(
        "p0/(2*sqrt(-p1*p2)) - p3/(2*sqrt(-p4*p5))",
        _pprime(meson, "mu", label, bin_) + _pprime(meson, "e", label, bin_),
    )


def lepton_universality(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    meson = matched(r"<Rmue>\((.*)ll\)", name).group(1)
    if meson in bvll._hadr:
        return ratio(
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

    return ratio(
        *(
            (key(f"ratio rate({meson}{lepton}{lepton})", *bin_), partial(rate, lepton))
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

    return tuple((key(label, meson), partial(amplitude, pick)) for label, pick in amplitudes.items())


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


def delta_m(meson: str) -> Anatomy:
    m_re, m_im, g_re, g_im = "p0", "p1", "p2", "p3"
    q_re, q_im = _q_over_p(m_re, m_im, g_re, g_im)
    h_re, h_im = f"({m_re}+{g_im}/2)", f"({m_im}-{g_re}/2)"
    return Anatomy(
        f"abs(-2*({q_re}*{h_re}-{q_im}*{h_im}))/{_PER_PS!r}",
        _mixing(meson),
    )


def delta_m_ratio(_: Observable) -> Anatomy:
    first, second = delta_m("B0"), delta_m("Bs")
    shifted = re.sub(r"\bp(\d)\b", lambda m: f"p{int(m.group(1)) + 4}", second.expression)
    return Anatomy(f"({first.expression})/({shifted})", first.components + second.components)


def mixing_asymmetry(meson: str, amplitude, eta: int) -> Anatomy:
    """S = -2 Im xi / (1 + |xi|^2), xi = eta (q/p) A/Abar, with the sign of q/p that keeps Delta M positive."""

    def phase_ratio(pick, wc, par):
        return pick(eta * amplitude(par) / amplitude(flavio.physics.common.conjugate_par(par)))

    a_re = (key("Re A/Abar", meson), partial(phase_ratio, lambda z: z.real))
    a_im = (key("Im A/Abar", meson), partial(phase_ratio, lambda z: z.imag))
    q_re, q_im = _q_over_p("p0", "p1", "p2", "p3")
    delta_m = f"(-2*({q_re}*(p0+p3/2)-{q_im}*(p1-p2/2)))"
    x_re, x_im = f"({q_re}*p4-{q_im}*p5)", f"({q_re}*p5+{q_im}*p4)"
    return Anatomy(
        f"-2*sign({delta_m})*{x_im}/(1+{x_re}**2+{x_im}**2)",
        (*_mixing(meson), a_re, a_im),
    )


def x12_im(_: Observable) -> Anatomy:
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

    return ((key("a", label), constant), (key("b", label), cosine), (key("c", label), sine))


def _cos_sin(first: int) -> tuple[str, str]:
    """cos and sin of the phase of -q/p from the mixing components p<first> ... p<first+3>."""
    q_re, q_im = _q_over_p(*(f"p{first + i}" for i in range(4)))
    modulus = f"hypot({q_re},{q_im})"
    return f"(-{q_re}/{modulus})", f"(-{q_im}/{modulus})"


def bs_to_vll(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    if name == "BR_LHCb(Bs->K*0mumu)":
        rate = flavio.Observable[name].prediction.function
        components = _phase_components(name, lambda wc, par: rate(wc, par))
    else:
        label, meson, lepton = matched(r"<(.*)>\((Bs->phi)(e|mu)\)", _double_lepton(name)).groups()
        channel = bsvll._hadr[meson]

        def integral(function, wc, par):
            return bsvll.bsvll_obs_int(function, *bin_, wc, par, channel["B"], channel["V"], lepton)

        if label == "dBR/dq2":
            components = _phase_components(
                key(name, *bin_), lambda wc, par: flavio.Observable[name].prediction.function(wc, par, *bin_)
            )
        else:
            numerator = _phase_components(
                key(name, *bin_), partial(integral, bsvll._observables[label]["func_num"])
            )
            denominator = _phase_components(
                key(f"rate({meson}{lepton}{lepton})", *bin_), partial(integral, bsvll.SA_den_Bs)
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
        (key("BR gamma", meson, vector), lambda wc, par: bvgamma.BR(wc, par, meson, vector)),
        (key("Re interference gamma", meson, vector), lambda wc, par: interference(wc, par).real),
        (key("Im interference gamma", meson, vector), lambda wc, par: interference(wc, par).imag),
    )


def b_to_vgamma(observable: Observable) -> Anatomy:
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


def lambda_b(observable: Observable) -> Anatomy:
    name, bin_ = name_and_arguments(observable)
    label = matched(r"<(\w+)>\(Lambdab->Lambdamumu\)", name).group(1)

    def integral(function, wc, par):
        return lambdablambdall.obs_int(function, *bin_, wc, par, "mu")

    return ratio(
        (key(name, *bin_), partial(integral, getattr(lambdablambdall, f"{label}_num"))),
        (key("rate(Lambdab->Lambdamumu)", *bin_), partial(integral, lambdablambdall.dGdq2)),
    )


def effective_lifetime(_: Observable) -> Anatomy:
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


def acp_bxgamma(_: Observable) -> Anatomy:
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

    return ratio(
        ("ACP numerator(B->Xgamma)", partial(part, bxgamma.PE0_ACP_BXgamma)),
        ("ACP denominator(B->Xgamma)", partial(part, bxgamma.PE0_BR_BXgamma)),
    )


def b_to_d(observable: Observable) -> Anatomy:
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
        return key(f"BR(B->{channel}{lepton}nu)"), partial(total, lepton)

    if name.startswith("<BR>"):
        return ratio((key(f"<BR>(B->{channel}taunu)", *bin_), binned), named("tau"))
    numerator, denominator = matched(r"R(tau|mu)(e|mu|l)\(", name).groups()
    if denominator == "l":  # the average of electrons and muons
        return Anatomy("2*p0/(p1+p2)", (named(numerator), named("e"), named("mu")))
    return ratio(named(numerator), named(denominator))


def fl_total(_: Observable) -> Anatomy:
    def longitudinal(polarisation, wc, par):
        low, high = par["m_tau"] ** 2, (par["m_B0"] - par["m_D*+"]) ** 2
        return bvlnu.BR_binned(low, high, wc, par, "B0", "D*+", "tau", polarisation)

    return ratio(
        ("FL numerator(B0->D*taunu)", partial(longitudinal, "L")),
        ("FL denominator(B0->D*taunu)", partial(longitudinal, None)),
    )
