"""The coefficients at published points, and at the same points in a short list that ships with the tests."""

import json
from pathlib import Path

import pytest

from muobayes.matching import matching
from muobayes.matching.wcxf import couplings_from_json, sm_from_json

DATA = json.loads((Path(__file__).parent / "data" / "points.json").read_text())


def deviation(model, part, point, expected, complete):
    """Largest deviation in units of 1e-10 relative plus 1e-16 GeV^-2, over all or the listed coefficients."""
    couplings, mu = couplings_from_json(model, point, "point")
    prepared = matching(model, parts=(part,))
    found = prepared.to_wcxf(prepared(couplings, sm_from_json(point["SM"], "SM"), mu))
    names = set(found) | set(expected) if complete else set(expected)
    assert set(expected) <= set(found)

    def distance(name):
        value = complex(*expected[name]) if isinstance(expected.get(name), list) else expected.get(name, 0.0)
        return abs(found.get(name, 0.0) - value) / (1e-10 * abs(value) + 1e-16)

    worst = max(names, key=distance)
    return distance(worst), worst


@pytest.mark.parametrize("model", ["S1", "S3", "R2"])
@pytest.mark.parametrize("part", ["tree", "loop"])
def test_one_field(oracles, model, part):
    document = json.loads((oracles / "matching" / f"{model}.json").read_text())
    for point in document["points"]:
        worst, name = deviation(model.lower(), part, point, point["wcxf"][part], complete=True)
        assert worst < 1, (point["kind"], name)


def test_both_fields(oracles):
    document = json.loads((oracles / "matching" / "S1S3_mixed.json").read_text())
    for point in document["points"]:
        worst, name = deviation("s1+s3", "mixed", point, point["mixed_loop_wcxf"], complete=True)
        assert worst < 1, (point["kind"], name)


@pytest.mark.parametrize("entry", DATA["points"], ids=lambda entry: f"{entry['model']}-{entry['part']}")
def test_short_list(entry):
    """Two coefficients of every operator, without a floor: some are of the order of 1e-12 GeV^-2."""
    worst, name = deviation(entry["model"], entry["part"], entry, entry["expected"], complete=False)
    assert worst < 1, name


@pytest.mark.parametrize("model", ["s1+s3", "r2+s3"])
def test_sum_of_parts(random_point, model):
    """Two fields together are the one plus the other plus the mixed part."""
    pair = random_point.couplings[model]
    total = matching(model)
    combined = total.to_wcxf(total(pair, random_point.sm, random_point.mu))
    added = dict.fromkeys(combined, 0j)
    for couplings, parts in (*((field, ("tree", "loop")) for field in pair.fields()), (pair, ("mixed",))):
        prepared = matching(couplings.model, parts=parts)
        for name, value in prepared.to_wcxf(prepared(couplings, random_point.sm, random_point.mu)).items():
            added[name] += value
    assert combined == pytest.approx(added, rel=1e-12, abs=1e-24)
