"""One finished run of the closed-form likelihood, shared by the tests that look at results."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import toy


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Results of the toy card, sampled once."""
    from muobayes.job import run
    from muobayes.runcard import RunCard

    output = tmp_path_factory.mktemp("runs") / "toy"
    return run(
        RunCard.from_dict({**toy.CARD, "output": str(output)}),
        build=toy.build,
        observe=toy.observe,
        show_progress=False,
    )
