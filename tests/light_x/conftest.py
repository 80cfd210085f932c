"""Oracle numbers of the light-X sector, and the limit files that a user may give."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

LIMITS = Path(os.environ.get("MUOBAYES_LIMITS", Path(__file__).parents[3] / "shared" / "darkcast_limits"))


@pytest.fixture
def oracle(oracles: Path):
    """Reader of one file of check numbers."""

    def read(name: str) -> Any:
        return json.loads((oracles / "light_x" / f"{name}.json").read_text())

    return read


@pytest.fixture
def limit_files() -> Path:
    """Folder of limit files in the format of arXiv:1801.04847; they are not part of the repository."""
    if not LIMITS.is_dir():
        pytest.skip(f"no limit files at {LIMITS} (set MUOBAYES_LIMITS)")
    return LIMITS
