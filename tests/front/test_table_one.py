"""Table I with the numbers of a fit."""

from muobayes.inference.compare import Comparison, Row
from muobayes.likelihood.dataset import load_dataset
from muobayes.models.catalogue import model_names, read_model
from muobayes.report.compare import Compared, table_one_document
from muobayes.report.results import Results
from muobayes.report.table_one import Fitted, _anomalies, fitted, markdown, table_one

GAINS = {
    "fast_likelihood_quarks.yaml": 30.0,
    "likelihood_lfu_fcnc.yaml": 13.0,
    "fast_likelihood_leptons.yaml": 0.25,
    "likelihood_ewpt.yaml": -1.0,
}
ROW = Row("x", 10.0, 0.1, 0.0, 0.0, "favoured", -42.25, 300, 2.0, 5.0)


def test_gains_are_sorted_by_anomaly_and_nothing_is_lost():
    model = Fitted(
        "x", "S3; light X", {"b->smumu": "S3", "(g-2)_mu": "light X"}, GAINS, "eta33L = 0.4 [0.3, 0.5]"
    )
    columns, ((name, _, smumu, gminus2, ctaunu, others, everything, *_),) = table_one([model], [ROW])
    assert (name, smumu, gminus2, ctaunu) == ("x", "S3: +43.0", "light X: +0.2", "0.0")
    assert (others, everything) == ("\N{MINUS SIGN}1.0", "+42.2")
    assert len(columns) == 9


def test_every_anomaly_of_the_catalogue_has_its_terms():
    """A name that no data set knows would move its gain to "other data"."""
    named = {a for name in model_names() for a in (*read_model(name).explains, *read_model(name).cannot)}
    assert named == set(_anomalies())
    for dataset in ("paper2021", "current", "latest"):
        terms = {term.name for term in load_dataset(dataset).terms}
        assert all(set(anomaly["terms"]) <= terms for anomaly in _anomalies().values())


def test_document_of_a_finished_run(finished):
    model = fitted("x", Results(finished.path))
    assert model.fields == "U(1) B\N{MINUS SIGN}3L_μ; S1 + S3; X decoupled"
    assert model.parameters.startswith("eta33L = 0.") and "eta13L = 0." in model.parameters
    text = table_one_document([Compared("paper2021", [], Comparison([ROW], ["a warning."]), [model])])
    assert f"| x | {model.fields} |" in text and "- a warning." in text


def test_a_cell_with_a_bar_stays_one_cell():
    assert markdown(("a",), [("|x|",)]).splitlines()[-1] == r"| \|x\| |"
