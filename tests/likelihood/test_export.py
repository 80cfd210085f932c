"""The export of predictions, on an amplitude that can be written down."""

import cmath

import numpy as np
import pytest

pytest.importorskip("smelli", reason="needs smelli (muobayes[export])")
pytestmark = pytest.mark.export


def test_every_linear_coefficient_has_its_own_response_to_gamma(tmp_path):
    """|exp(i gamma) + C9 + 2 C10|^2: the real and the imaginary part of a coefficient interfere with another phase."""
    from muobayes.export._fixed_wilson import Frame, real_coefficients
    from muobayes.export.predictions import (
        Group,
        _beyond_average,
        _coefficient_from_json,
        group_document,
    )

    def rate(wilson, par):
        c = wilson.get_wc("bsmumu", 4.8, par)
        return abs(cmath.exp(1j * par["gamma"]) + c["C9_bsmumu"] + 2 * c["C10_bsmumu"]) ** 2

    par = {"Vus": 0.22, "Vcb": 0.04, "Vub": 0.004, "gamma": 1.2}
    candidates = real_coefficients(Frame("WET", "flavio", 4.8), "sb")
    group = Group("toy", ("rate",), (rate,), tuple(candidates))
    document = group_document(group, par, tmp_path, {}, 1)
    assert group_document(group, par, tmp_path, {}, 1) == document  # from the cache
    variables = [_coefficient_from_json(v) for v in document["variables"]]
    component = _beyond_average(document["components"]["rate"], document["variables"], par)
    average, beyond = component["by_ckm"]["gamma"][1], dict(component["linear_by_ckm"]["gamma"])
    for i, x in component["linear"]:
        weight = 2 if variables[i].name.startswith("C10") else 1
        own = -np.sin(par["gamma"]) if variables[i].part == "Re" else np.cos(par["gamma"])
        assert average * x + beyond[i] == pytest.approx(2 * weight * own, rel=2e-4)


def test_parameters_read_from_a_copy_are_found():
    """flavio reads the hadronic corrections of B -> K* mu mu from a copy of its parameters."""
    import flavio

    from muobayes.export._directions import used_parameters

    def rate(wilson, par):
        name = "<P5p>(B0->K*mumu)"
        return flavio.Observable[name].prediction_par(par, wilson, 4, 6)

    (used,) = used_parameters([rate], flavio.default_parameters.get_central_all())
    assert {"B0->K*0 delta_C7 a_- Re", "B->K* BSZ a0_A0", "m_B0"} <= used
    assert not {name for name in used if name.startswith("Bs->phi")}


def test_clusters_are_the_joint_distribution_sorted_by_what_it_touches():
    """Form factors of B -> K* are correlated among each other, not with those of B_s -> phi."""
    import flavio

    from muobayes.export._directions import clusters, side_by_side

    vector, phi = (
        {n for n in flavio.default_parameters.all_parameters if n.startswith(f"{process} BSZ a0_")}
        for process in ("B->K*", "Bs->phi")
    )
    used = [vector | {"tau_B0"}, phi, {"tau_B0"}]
    par = flavio.default_parameters.get_central_all()
    found = {c.functions: c.directions for c in clusters(used, set().union(*used), par)}
    assert {k: set(d.parameters) for k, d in found.items()} == {(0,): vector, (1,): phi, (0, 2): {"tau_B0"}}
    draws = flavio.default_parameters.get_random_all(size=4000)
    every = side_by_side(list(found.values()))
    covariance = np.cov([draws[name] for name in every.parameters])
    sd = np.sqrt(np.diag(covariance))
    ours = every.shifts @ every.shifts.T / np.outer(sd, sd)
    np.testing.assert_allclose(ours, covariance / np.outer(sd, sd), atol=0.1)


def test_the_fewest_principal_directions():
    """Two observables: two directions explain them exactly, one leaves a quarter of a variance."""
    from muobayes.export._directions import principal

    sigma = np.array([1e-9, 2.0])
    response = np.array([[0.5, 0.1, 0.0], [0.0, 0.1, 0.9]]) * sigma[:, None]
    for limit, number in ((1.0, 0), (0.3, 1), (0.01, 2)):
        axes, rest = principal(response, sigma, limit)
        assert len(axes) == number
        np.testing.assert_allclose(axes @ axes.T, np.eye(number), atol=1e-12)
        left = np.square(response / sigma[:, None]).sum(axis=1) - np.square(
            response @ axes.T / sigma[:, None]
        ).sum(axis=1)
        np.testing.assert_allclose(rest, left, atol=1e-12)
    assert len(principal(response, sigma, 0.3, already=np.array([0.1, 0.0]))[0]) == 2


def test_what_evaluations_share_changes_no_number():
    """Bit for bit: observables that share amplitudes, phases of the mixing and form factors, at two points in turn."""
    import flavio

    from muobayes.export._anatomy import anatomy
    from muobayes.export._fixed_wilson import FixedWilson, Frame, real_coefficients
    from muobayes.export._polynomial import evaluator, step

    observables = [
        ("<P5p>(B0->K*mumu)", 4, 6),
        ("<FL>(B0->K*mumu)", 4, 6),
        ("<FL>(Bs->phimumu)", 2, 5),
        ("<S4>(Bs->phimumu)", 2, 5),
        ("<dBR/dq2>(B+->Kmumu)", 4, 5),
        ("<Rmue>(B+->Kll)", 1.1, 6),
    ]
    functions = dict(pair for o in observables for pair in anatomy(o).components)
    par = flavio.default_parameters.get_central_all()
    rng = np.random.default_rng(3)
    variables = [
        c for c in real_coefficients(Frame("WET", "flavio", 4.8), "sb") if c.name.endswith("_bsmumu")
    ]
    points = [{v: 0.3 * step(v) * rng.normal() for v in variables} for _ in range(2)]
    shared = evaluator(list(functions.values()), par)
    for values in points:
        alone = [float(np.real(f(FixedWilson(values), par))) for f in functions.values()]
        assert shared(values, range(len(functions))).tolist() == alone


def test_coefficients_that_enter_in_squares_only_are_found():
    """Scalar currents of another neutrino do not interfere with the SM, and lift no helicity suppression of b -> c."""
    from muobayes.export._fixed_wilson import Frame, real_coefficients
    from muobayes.export._polynomial import active_variables, evaluator

    names = [f"CSR_bcenu{neutrino}" for neutrino in ("e", "mu", "tau")]

    def rate(wilson, par):
        c = wilson.get_wc("cbenu", 4.8, par)
        return abs(1 + c["CVL_bcenue"]) ** 2 + 0.1 * sum(abs(c[name]) ** 2 for name in names)

    candidates = real_coefficients(Frame("WET", "flavio", 4.8), "cbenu")
    (found,) = active_variables(evaluator([rate], {}), 1, candidates, np.random.default_rng(1), 1)
    assert {c.name for c in found} == {"CVL_bcenue", *names}
