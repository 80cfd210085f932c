"""Points of the matching: random ones, and the readers of the check numbers."""

from types import SimpleNamespace

import numpy as np
import pytest

from muobayes.matching import R2, R2S3, S1, S1S3, S3, SMParameters


def random_matrix(rng: np.random.Generator, size: float = 0.5) -> np.ndarray:
    return size * (rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))


@pytest.fixture
def random_point():
    """Random complex couplings of every model, Yukawa matrices that are not diagonal, M1 != M3, mu != M."""
    rng = np.random.default_rng(20210313991)

    def matrix(size: float = 0.5) -> np.ndarray:
        return random_matrix(rng, size)

    s1 = S1(3100.0, matrix(), matrix(), 0.31)
    s3 = S3(2300.0, matrix(), 0.23, -0.41)
    r2 = R2(1900.0, matrix(), matrix(), 0.27, 0.19)
    couplings = {"s1": s1, "s3": s3, "r2": r2, "s1+s3": S1S3(s1, s3, 0.33 - 0.21j)}
    couplings["r2+s3"] = R2S3(r2, s3)
    sm = SMParameters(0.62, 0.36, 1.05, 0.26, matrix(0.4), matrix(0.3), matrix(0.3))
    return SimpleNamespace(couplings=couplings, sm=sm, mu=2500.0)
