"""What a result was made with: versions, machine, and the checksums of every artifact of the package."""

import json
import platform
from datetime import UTC, datetime
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

from . import __version__

__all__ = ["artifact_checksums", "provenance"]

_PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "numpyro", "blackjax", "diffrax", "equinox", "arviz")


def artifact_checksums() -> dict[str, str]:
    """SHA-256 of every artifact that ships with the package, by its path inside it, from the manifests."""
    root = Path(str(files("muobayes")))
    return {
        str(path.relative_to(root)).removesuffix(".meta.json"): json.loads(path.read_text())["sha256"]
        for path in sorted(root.rglob("*.meta.json"))
    }


def provenance() -> dict[str, Any]:
    """Versions of the program and its packages, machine, time, and checksums: everything but the card."""
    import jax

    return {
        "muobayes": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": jax.devices()[0].platform,
        "float": "64 bit" if jax.config.read("jax_enable_x64") else "32 bit",
        "versions": {name: metadata.version(name) for name in _PACKAGES},
        "artifacts": artifact_checksums(),
    }
