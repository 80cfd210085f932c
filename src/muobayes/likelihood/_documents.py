"""The YAML documents of the rooms below: physical inputs, one file per experiment or global fit."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def document(package: str, name: str) -> dict[str, Any]:
    """``data/<name>.yaml`` of a package; read once, so it must not be changed."""
    return yaml.safe_load((files(package) / "data" / f"{name}.yaml").read_text(encoding="utf-8"))
