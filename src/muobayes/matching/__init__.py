"""Tree-level and one-loop matching of the scalar leptoquarks S1, S3 and R2 to the SMEFT.

The results are tables of flavour tensors with rational coefficients (``data/*.yaml``), in the Warsaw basis,
MS-bar and naive dimensional regularisation; `matching` turns them into a differentiable function.
"""

from ._matching import PARTS, Matching, match, matching
from ._tables import MODELS
from .couplings import R2, R2S3, S1, S1S3, S3, Leptoquark, SMParameters
from .muoquarks import muoquarks, top_row
from .running import at_scale, slopes
from .thresholds import Thresholds, thresholds

__all__ = [
    "MODELS",
    "PARTS",
    "R2",
    "R2S3",
    "S1",
    "S1S3",
    "S3",
    "Leptoquark",
    "Matching",
    "SMParameters",
    "Thresholds",
    "at_scale",
    "match",
    "matching",
    "muoquarks",
    "slopes",
    "thresholds",
    "top_row",
]
