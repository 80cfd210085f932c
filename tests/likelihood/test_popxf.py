"""Exchange files: the same functions and densities, read back by code that knows only the formats."""

import ast
import json
import math

import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

from muobayes.cli import app
from muobayes.errors import InputError
from muobayes.likelihood._expressions import evaluate
from muobayes.likelihood.dataset import load_dataset
from muobayes.likelihood.densities import SplitNormals, stack_curves
from muobayes.likelihood.measured import curve
from muobayes.likelihood.predictions import sm_prediction
from muobayes.popxf import write_popxf
from muobayes.popxf.correlations import block_id
from muobayes.popxf.expressions import algebraic
from muobayes.popxf.files import load_predictions
from muobayes.popxf.measurements import constraints


def plain(expression, values):
    """What a program finds that knows arithmetic and sqrt only."""
    return eval(expression, {"sqrt": math.sqrt, "__builtins__": {}}, dict(values))


@pytest.mark.parametrize(
    "expression",
    [
        "hypot(p0, p1)",
        "abs(p0)",
        "sign(p0)*p1",
        "cos(arctan2(p0, p1)/2)",
        "sin(arctan2(p0, p1)/2)",
        "2*pi*p0/p1**2",
    ],
)
@pytest.mark.parametrize("p0", [-1.3, -1e-3, 0.4])
@pytest.mark.parametrize("p1", [-0.7, 2.1])
def test_algebraic_form_is_the_same_function(expression, p0, p1):
    values = {"p0": p0, "p1": p1}
    # at 1e-3 from the branch cut of arctan2 six digits are lost
    assert plain(algebraic(expression), values) == pytest.approx(
        float(evaluate(expression, values)), rel=1e-8, abs=1e-9
    )


@pytest.mark.parametrize("ratio", [0.3, 0.99, 1.2, 4.0])
def test_logarithm_by_powers(ratio):
    assert plain(algebraic("log(p0)"), {"p0": ratio}) == pytest.approx(math.log(ratio), rel=2e-8)


@pytest.mark.parametrize("expression", ["arctan2(p0, p1)", "cos(p0)", "sin(arctan2(p0, p1)/3)"])
def test_functions_without_algebraic_form_are_refused(expression):
    with pytest.raises(ValueError, match="no algebraic form"):
        algebraic(expression)


def test_every_exported_expression_has_an_algebraic_form():
    artifact = load_predictions()
    rng = np.random.default_rng(3)
    for key, form in artifact["observables"].items():
        values = {
            f"p{i}": artifact["components"][c]["constant"] * (1 + 0.01 * rng.normal())
            for i, c in enumerate(form["components"])
        }
        expected = float(evaluate(form["expression"], values))
        assert plain(algebraic(form["expression"]), values) == pytest.approx(
            expected, rel=1e-8, abs=1e-300
        ), key


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("popxf")
    write_popxf(path, "current")
    return path


def read_document(path, point):
    """Predictions of a POPxf document at Re and Im of coefficients, by its definition."""
    document = json.loads(path.read_text())
    totals = np.zeros(len(document["metadata"]["polynomial_names"]))
    for key, values in document["data"]["polynomial_central"].items():
        first, second, parts = ast.literal_eval(key)
        factor = 1.0
        for name, part in zip((first, second), parts, strict=True):
            factor *= (point[name].real if part == "R" else point[name].imag) if name else 1.0
        totals += factor * np.array(values)
    polynomials = dict(zip(document["metadata"]["polynomial_names"], totals, strict=True))
    return {
        name: float(
            evaluate(
                form["expression"],
                {k: polynomials[v] for k, v in form.get("variables", form.get("terms")).items()},
            )
        )
        for name, form in zip(
            document["metadata"]["observable_names"],
            document["metadata"]["observable_expressions"],
            strict=True,
        )
    }


@pytest.mark.parametrize("term", ["likelihood_bcpv", "likelihood_rd_rds", "likelihood_ewpt"])
def test_both_flavours_give_the_same_predictions(folder, term):
    (standard,) = (folder / "standard").glob(f"{term}.*.json")
    rng = np.random.default_rng(5)
    names = json.loads(standard.read_text())["metadata"]["parameters"]
    size = 1e-9 if term == "likelihood_ewpt" else 1e-3
    point = {n: complex(*(size * rng.normal(size=2))) for n in names}
    fixed = json.loads((folder / "fixed" / term / "basis.json").read_text())["parameters"]
    long = {n: point[n.split("|")[0]] for n in fixed}
    ours = read_document(standard, point)
    assert ours == pytest.approx(read_document(folder / "fixed" / term / f"{term}.json", long), rel=1e-12)
    sm = read_document(standard, dict.fromkeys(names, 0j))
    assert sm == pytest.approx({o: sm_prediction(o) for o in sm}, rel=1e-12)
    assert any(ours[o] != sm[o] for o in sm)


def test_everything_is_there_and_files_keep_their_format(folder):
    dataset = load_dataset("current")
    expected = {o for t in dataset.terms for o in t.observables}
    fixed = [json.loads(p.read_text()) for p in (folder / "fixed").glob("*/*likelihood_*.json")]
    standard = [json.loads(p.read_text()) for p in (folder / "standard").glob("*.json")]
    for documents in (fixed, standard):
        names = [o for d in documents for o in d["metadata"]["observable_names"]]
        assert len(names) == len(set(names)) and set(names) == expected
    lists = 0
    for document in standard:
        metadata = document["metadata"]
        assert all(set(e) == {"variables", "expression"} for e in metadata["observable_expressions"])
        assert "observable_central" not in document["data"]
        if isinstance(metadata["scale"], list):
            lists += 1
            assert len(metadata["scale"]) == len(metadata["polynomial_names"])
            assert len(set(metadata["scale"])) > 1
    assert lists > 0


def test_tables_of_densities_are_accurate_between_their_nodes():
    dataset = load_dataset("current")
    for name in ("likelihood_higgs.yaml", "likelihood_lfu_fcnc.yaml"):
        term = dataset.term(name)
        written = [c for cs in constraints(term, dataset.measurements).values() for c in cs]
        densities = [d for m in term.measurements for d in dataset.measurements[m]["constraints"]]
        densities = [d for d in densities if set(d["observables"]) & set(term.observables)]
        checked = 0
        for density, constraint in zip(densities, written, strict=True):
            if constraint["distribution_type"] != "NumericalDistribution":
                continue
            x, log_y = np.array(constraint["x"]), np.log(constraint["y"])
            assert (np.diff(x) > 0).all() and log_y[[0, -1]] == pytest.approx(-50, rel=0.2)
            points = x[0] + (x[-1] - x[0]) * np.random.default_rng(7).uniform(size=50)
            if density["type"] == "AsymmetricNormal":
                shape = SplitNormals(
                    *(jnp.array([density[k]]) for k in ("central_value", "left_deviation", "right_deviation"))
                )
            elif density["type"] == "HalfNormal":  # continued symmetrically below its centre
                sd = jnp.array([density["standard_deviation"]])
                shape = SplitNormals(jnp.array([float(density["central_value"])]), sd, sd)
            else:
                shape = stack_curves([curve(density)])
            ours = np.array([float(shape(jnp.array([p]))[0]) for p in points])
            assert np.interp(points, x, log_y) == pytest.approx(ours, rel=2e-6, abs=2e-6)
            checked += 1
        assert checked


def test_correlation_blocks_are_found_by_the_names_of_their_observables():
    assert block_id(["b|c", "a"], ["d"]) == block_id(["a", "b|c"], ["d"]) != block_id(["d"], ["a", "b|c"])
    assert block_id(["a"], ["b"]) == "8e4350bbfbeaae12c71013d7e16e6603"  # md5 of a||b


def test_mistakes_end_with_one_sentence(tmp_path):
    runner = CliRunner()
    result = runner.invoke(app, ["popxf", str(tmp_path / "out"), "--dataset", "curent"])
    assert isinstance(result.exception, InputError) and "current" in str(result.exception)
    result = runner.invoke(app, ["popxf", str(tmp_path / "out"), "--points", "-1"])
    assert isinstance(result.exception, InputError) and "negative" in str(result.exception)
    file = tmp_path / "file"
    file.write_text("")
    assert isinstance(runner.invoke(app, ["popxf", str(file)]).exception, InputError)
