"""Labels of figures."""

import pytest
from matplotlib.mathtext import MathTextParser

from muobayes.models.catalogue import model_names, read_model
from muobayes.report.write import in_decades


@pytest.mark.parametrize("unit", ["", " [MeV]"])
@pytest.mark.parametrize("model", model_names())
def test_every_parameter_can_be_drawn_in_decades(model, unit):
    parser = MathTextParser("path")
    for parameter in read_model(model).parameters.values():
        parser.parse(in_decades(f"${parameter.latex}${unit}"))
