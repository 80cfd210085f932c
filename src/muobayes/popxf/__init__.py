"""The likelihood in exchange formats: POPxf 1.0 predictions, measurements and theory correlations for jelli.

Everything is written from the artifacts of `muobayes.likelihood`; see docs/popxf.md for the layout.
"""

from .check_points import check_points
from .files import write_popxf

__all__ = ["check_points", "write_popxf"]
