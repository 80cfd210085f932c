"""The names that a notebook uses, and what importing them costs."""

import subprocess
import sys

import pytest

import muobayes


def test_public_names():
    assert muobayes.__all__ == ["InputError", "Results", "RunCard", "build", "evidence", "run"]
    assert all(callable(getattr(muobayes, name)) for name in muobayes.__all__)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        _ = muobayes.rum


@pytest.mark.parametrize(
    "statement", ["import muobayes", "import muobayes.cli", "from muobayes import RunCard"]
)
def test_imports_are_light(statement):
    code = (
        f"import sys\n{statement}\nsys.exit(sum(n in sys.modules for n in ('jax', 'flavio', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
