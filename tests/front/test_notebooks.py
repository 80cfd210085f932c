"""The notebooks run from top to bottom (with fewer points), and what is committed was executed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_runs(name, monkeypatch):
    monkeypatch.setenv("MUOBAYES_SHORT", "1")
    notebook = nbformat.read(FOLDER / name, as_version=4)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": FOLDER}}
    ).execute()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_was_executed_without_errors(name):
    notebook = nbformat.read(FOLDER / name, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]


def test_there_is_one_for_each_figure():
    assert {"fig1.ipynb", "fig2.ipynb", "fig3.ipynb", "fig4.ipynb", "data-2026.ipynb"} <= set(NOTEBOOKS)
