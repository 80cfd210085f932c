"""The theory uncertainty from the matching scale, as the report of a run shows it."""

import json
import shutil

from muobayes.report.results import Results
from muobayes.report.terminal import result_text
from muobayes.report.write import write_report

FOUND = {
    "given_at_GeV": 3000.0,
    "mu_GeV": [1500.0, 3000.0, 6000.0],
    "two_delta_logL": {
        "tree level": {"R_K(*)": [13.6, 13.4, 13.3], "(g-2)_mu": [17.7, 15.3, 9.9]},
        "one loop": {"R_K(*)": [13.25, 13.2, 13.15], "(g-2)_mu": [17.84, 17.85, 17.85]},
    },
}


def test_report_tells_the_theory_uncertainty(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished.path, folder)
    assert Results(folder).scale_sentence == ""
    assert "the matching scale" not in write_report(folder).read_text()
    (folder / "matching_scale.json").write_text(json.dumps(FOUND))
    sentence = Results(folder).scale_sentence
    assert "matched at 1.5 to 6 TeV instead of 3 TeV" in sentence
    assert "−0.05 to +0.04 (one loop), −5.50 to +2.60 (tree level)" in sentence
    page = write_report(folder).read_text()
    assert sentence in page and "range, tree level" in page
    assert any(sentence in str(part) for part in result_text(Results(folder)).renderables)
