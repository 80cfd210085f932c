"""What a result was made with: versions, machine, and the checksums of every data file that a likelihood may read."""

import hashlib
import json
import platform
from datetime import UTC, datetime
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

from . import __version__

__all__ = ["data_checksums", "provenance"]

_PACKAGES = ("jax", "jaxlib", "numpy", "scipy", "numpyro", "blackjax", "diffrax", "equinox", "arviz")


_LIMIT_FILES = (".lmt", ".prd", ".dat", ".yaml")


def data_checksums(limits: str | None = None) -> dict[str, str]:
    """SHA-256 of every data file, by name: artifacts (from their manifests), experiments, and limit files of a user.

    Parameters
    ----------
    limits : path, optional
        The folder of a card's ``likelihood.limits``; its files are named ``limits/...``.
    """
    root = Path(str(files("muobayes")))
    found = {
        str(path.relative_to(root)).removesuffix(".meta.json"): json.loads(path.read_text())["sha256"]
        for path in sorted(root.rglob("*.meta.json"))
    }
    found |= {
        str(path.relative_to(root)): _sha256(path)
        for path in sorted(root.glob("likelihood/*/data/**/*.yaml"))
    }
    if limits:
        given = [path for path in sorted(Path(limits).rglob("*")) if path.suffix in _LIMIT_FILES]
        found |= {f"limits/{path.relative_to(limits)}": _sha256(path) for path in given}
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def provenance(limits: str | None = None) -> dict[str, Any]:
    """Versions of the program and its packages, machine, time, and checksums: everything but the card.

    Parameters
    ----------
    limits : path, optional
        As in `data_checksums`.
    """
    import jax

    return {
        "muobayes": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": jax.devices()[0].platform,
        "float": "64 bit" if jax.config.read("jax_enable_x64") else "32 bit",
        "versions": {name: metadata.version(name) for name in _PACKAGES},
        "data": data_checksums(limits),
    }
