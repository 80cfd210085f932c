"""The export of predictions, on an amplitude that can be written down."""

import cmath

import numpy as np
import pytest


@pytest.mark.export
def test_every_linear_coefficient_has_its_own_response_to_gamma(tmp_path):
    """|exp(i gamma) + C9 + 2 C10|^2: the real and the imaginary part of a coefficient interfere with another phase."""
    pytest.importorskip("smelli", reason="needs smelli (muobayes[export])")
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
