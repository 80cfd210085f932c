"""Bayesian fits of muoquark models (arXiv:2103.13991).

Importing this package loads neither JAX nor flavio; it only settles two things that must be settled before
JAX starts: 64-bit numbers, and a persistent compilation cache in the user's cache folder.
"""

import os
import sys
from pathlib import Path

__version__ = "0.1.0"

if "jax" in sys.modules:
    import jax

    jax.config.update("jax_enable_x64", True)
else:
    os.environ.setdefault("JAX_ENABLE_X64", "1")
    _cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "muobayes" / "xla"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_cache))
