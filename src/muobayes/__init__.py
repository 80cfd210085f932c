"""Bayesian fits of muoquark models (arXiv:2103.13991).

Importing this package loads neither JAX nor flavio; it only settles what must be settled before JAX
starts: 64-bit numbers, a persistent compilation cache in the user's cache folder, and a silent compiler.
"""

import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"
__all__ = ["InputError", "Results", "RunCard", "build", "evidence", "run"]

_HOMES = {
    "InputError": "errors",
    "Results": "report.results",
    "RunCard": "runcard",
    "build": "models",
    "evidence": "_evidence",
    "run": "job",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its room when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'muobayes' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


# An announcement for ArviZ's own users; the version is locked here.
warnings.filterwarnings("ignore", message=r"\s*ArviZ is undergoing a major refactor", category=FutureWarning)

# The compiler tells its own troubles, such as a slow simplification; what matters to a user is raised as an exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_cache = str(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "muobayes" / "xla")
if "jax" in sys.modules:
    import jax

    jax.config.update("jax_enable_x64", True)
    if getattr(jax.config, "jax_compilation_cache_dir", None) is None:
        jax.config.update("jax_compilation_cache_dir", _cache)
else:
    os.environ.setdefault("JAX_ENABLE_X64", "1")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", _cache)
