"""Labels of figures and tables."""

import pytest
from matplotlib.mathtext import MathTextParser

from muobayes.likelihood.dataset import load_dataset
from muobayes.likelihood.predictions import readable_name
from muobayes.models.catalogue import model_names, read_model
from muobayes.report.names import observable_label
from muobayes.report.write import in_decades

DATASETS = ("paper2021", "current", "latest")


@pytest.mark.parametrize("unit", ["", " [MeV]"])
@pytest.mark.parametrize("model", model_names())
def test_every_parameter_can_be_drawn_in_decades(model, unit):
    parser = MathTextParser("path")
    for parameter in read_model(model).parameters.values():
        parser.parse(in_decades(f"${parameter.latex}${unit}"))


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_observable_of_a_data_set_has_a_label_that_can_be_drawn(dataset):
    parser = MathTextParser("path")
    names = {readable_name(key) for term in load_dataset(dataset).terms for key in term.observables}
    labels = {observable_label(name) for name in names}
    assert len(labels) == len(names) > 100  # no two look the same
    for formula in {label.partition(" [")[0] for label in labels}:  # bins are plain text
        assert formula.startswith("$")
        parser.parse(formula)


def test_labels_keep_the_bin_and_name_nuclei_and_ratios():
    assert observable_label("<P5p>(B0->K*mumu)[4, 6]").endswith("$ [4, 6]")
    assert observable_label("Ft(26mAl)") == r"$\mathcal{F}t({}^{26m}\mathrm{Al})$"
    assert observable_label("epsp/eps") == r"$\epsilon^\prime/\epsilon$"
    assert observable_label("not an observable [1, 2]") == "not an observable [1, 2]"
