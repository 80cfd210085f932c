"""The Helm form factor of a nucleus: Phys. Rev. 104 (1956) 1466; Astropart. Phys. 6 (1996) 87."""

import numpy as np

from .inputs import INPUTS

__all__ = ["helm"]


def helm(q: np.ndarray, A: float, skin_fm: float = 0.9, diffuseness_fm: float = 0.52) -> np.ndarray:
    """F(q) of a nucleus of mass number `A`, normalised to F(0) = 1.

    Parameters
    ----------
    q : array
        Momentum transfer in GeV.
    A : float
    skin_fm, diffuseness_fm : float
        Surface thickness s and diffuseness a; the radius parameter is c = 1.23 A^(1/3) - 0.60 fm.
    """
    c = 1.23 * A ** (1 / 3) - 0.60
    radius = np.sqrt(c**2 + 7 / 3 * np.pi**2 * diffuseness_fm**2 - 5 * skin_fm**2)
    x = np.maximum(np.asarray(q) * radius / INPUTS.hbarc_fm, 1e-4)
    bessel = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    damping = np.exp(-((np.asarray(q) * skin_fm / INPUTS.hbarc_fm) ** 2) / 2)
    # below x = 0.03 the closed form loses digits to cancellation
    return np.where(x < 0.03, 1 - x**2 / 10 + x**4 / 280, bessel) * damping
