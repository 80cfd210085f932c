"""The functional form of every observable: an expression in polynomials of the Wilson coefficients.

Rates are quadratic in the coefficients, so a rate is its own polynomial. Ratios and normalised angular observables
are expressions in the polynomials of their numerators and denominators. Two quantities enter non-polynomially and are
made explicit: the B mixing phase, through the mixing amplitude M12 that is linear in the coefficients, and the Fermi
constant as seen by mu -> e nu nu, GF_eff = GF / sqrt(polynomial).

An `Anatomy` names its polynomials (`components`) and states the expression in terms of ``p0, p1, ...``.
"""

import re
from collections.abc import Callable

from flavio.physics.mesonmixing import observables as mixing

from . import _forms_b, _forms_ew
from ._forms import Anatomy, Observable, itself, name_and_arguments

_RULES: tuple[tuple[str, Callable[[Observable], Anatomy]], ...] = (
    (r"<(FL|AFB|S\d\w?|A\d\w?|P\d|ATIm|P\dp)>\(B[0+]->K\*(ee|mumu)\)", _forms_b.b_to_vll),
    (r"<Dmue_P\dp>\(B0->K\*ll\)", _forms_b.pprime_difference),
    (r"<Rmue>\(.*ll\)", _forms_b.lepton_universality),
    (r"<.*>\(Bs->phimumu\)|BR_LHCb\(Bs->K\*0mumu\)", _forms_b.bs_to_vll),
    (r"DeltaM_s", lambda _: _forms_b.delta_m("Bs")),
    (r"DeltaM_d", lambda _: _forms_b.delta_m("B0")),
    (r"DeltaM_d/DeltaM_s", _forms_b.delta_m_ratio),
    (r"S_psiK", lambda _: _forms_b.mixing_asymmetry("B0", mixing.amplitude_BJpsiK, -1)),
    (r"S_psiphi", lambda _: _forms_b.mixing_asymmetry("Bs", mixing.amplitude_Bspsiphi, +1)),
    (r"x12Im_D", _forms_b.x12_im),
    (
        r"S_K\*gamma|S_phigamma|ADeltaGamma\(Bs->phigamma\)|BR\(Bs->phigamma\)|BR\(B0->K\*gamma\)/.*",
        _forms_b.b_to_vgamma,
    ),
    (r"<AFB(h|l|lh)>\(Lambdab->Lambdamumu\)", _forms_b.lambda_b),
    (r"tau_mumu", _forms_b.effective_lifetime),
    (r"ACP\(B->Xgamma\)", _forms_b.acp_bxgamma),
    (r"<BR>/BR\(B->D\*?taunu\)|R(tau|mu)(e|mu|l)\(B->D\*?lnu\)", _forms_b.b_to_d),
    (r"FLtot\(B0->D\*taunu\)", _forms_b.fl_total),
    (r"BR\(K\+->\w+nu\)|Gamma\(pi\+->munu\)|BR\(tau->(pi|K|enu|munu)nu\)", _forms_ew.charged_current),
    (r"Remu\(K\+->lnu\)|BR\(pi\+->enu\)|RKpi\(P\+->munu\)", _forms_ew.charged_current_ratio),
    (r"Ft\(\w+\)|tau_n", _forms_ew.inverse_rate),
    (r"(a|A|D|R|atilde|Atilde|B|Btilde|lambdaAB)_n", _forms_ew.neutron),
    (r"A(FB)?\(Z->\w+\)", _forms_ew.z_asymmetry),
    (r"lnC\(K->pimunu\)", _forms_ew.ln_c),
    (r"sigma_had|R_(uc|e|mu|tau|b|c|s)", _forms_ew.z_rates),
    (r"R\(W->cX\)|BR\(W->\w+nu\)|R(mu|tau)(e|mu)\(W->lnu\)", _forms_ew.w_rates),
    (r"mu_\w+\(h->\w+\)", _forms_ew.higgs),
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
    return itself(observable)
