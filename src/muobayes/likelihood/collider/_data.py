"""Reading the data files of this room: inputs, parton luminosities, one file per experiment."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def read(name: str) -> dict[str, Any]:
    """The YAML document ``data/<name>.yaml`` of this room."""
    return yaml.safe_load((files(__package__) / "data" / f"{name}.yaml").read_text(encoding="utf-8"))
