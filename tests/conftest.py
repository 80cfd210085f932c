"""Every test runs in 64 bits, on the CPU, without the network, and with silent promotions turned into errors."""

import os
import socket
from pathlib import Path

import pytest

os.environ["JAX_PLATFORMS"] = "cpu"

import muobayes  # noqa: F401  (sets 64-bit numbers before JAX starts)

ORACLES = Path(os.environ.get("MUOBAYES_ORACLES", Path(__file__).parents[2] / "shared" / "oracles"))


@pytest.fixture
def oracles() -> Path:
    """Folder of the independent check numbers; they are not part of the repository."""
    if not ORACLES.is_dir():
        pytest.skip(f"the check numbers are not at {ORACLES} (set MUOBAYES_ORACLES)")
    return ORACLES


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("a test tried to use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
