r"""Predictions of two vanishing elements of m_nu, or of its inverse (two-zero textures and minors).

With :math:`m_\nu = U\,\mathrm{diag}(m_ie^{ia_i})\,U^T` each condition is linear in :math:`x_i =
m_ie^{ia_i}` (textures) or :math:`x_i = e^{-ia_i}/m_i` (minors, with U*). Two of them fix the ratios of the
x_i for given angles and delta; the ratio of the mass differences then fixes delta, and everything else
follows (arXiv:1705.00419, 1907.04042).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from .mixing import Oscillation, pmns

__all__ = ["Prediction", "two_zero_predictions"]


class Prediction(NamedTuple):
    """One solution: delta in degrees; masses, their sum and m_bb in eV; the complex m_nu."""

    delta: float
    masses: tuple[float, float, float]
    total: float
    m_bb: float
    matrix: np.ndarray


def two_zero_predictions(
    zeros: Sequence[tuple[int, int]], minors: bool, inputs: Oscillation
) -> list[Prediction]:
    """All solutions for given angles and mass differences; ``inputs.delta`` is not used.

    Parameters
    ----------
    zeros : two pairs of int
        Vanishing elements, flavours counted 0, 1, 2 for e, mu, tau.
    minors : bool
        Elements of the inverse of m_nu (minors) or of m_nu itself.
    inputs : Oscillation
        Normal ordering if Dm3l > 0, else inverted.
    """

    def ratios(delta: float) -> tuple[np.ndarray, np.ndarray]:
        u = np.asarray(pmns(float(inputs.s12sq), float(inputs.s23sq), float(inputs.s13sq), delta, np))
        rows = [(u.conj() if minors else u)[a] * (u.conj() if minors else u)[b] for a, b in zeros]
        x = np.cross(*rows)
        x = x / x[2]
        return u, 1 / x if minors else x  # proportional to m_i e^{i a_i}, with m_3 = 1

    def mismatch(delta: float) -> float:
        first, second = np.abs(ratios(delta)[1][:2]) ** 2
        reference = first if inputs.Dm3l > 0 else second
        return (second - first) * inputs.Dm3l - inputs.Dm21 * (1 - reference)

    grid = np.linspace(0.0, 360.0, 3601)
    values = [mismatch(delta) for delta in grid]
    solutions = []
    for low, high, a, b in zip(grid, grid[1:], values, values[1:]):
        if not (np.isfinite([a, b]).all() and a * b < 0):
            continue
        delta = brentq(mismatch, low, high, xtol=1e-12)
        u, x = ratios(delta)
        reference = abs(x[0]) ** 2 if inputs.Dm3l > 0 else abs(x[1]) ** 2
        square = inputs.Dm3l / (1 - reference)
        # a pole also changes sign, and the squared masses must be positive
        if abs(mismatch(delta)) > 1e-9 or square <= 0:
            continue
        x = x * np.sqrt(square)
        matrix = u @ np.diag(x) @ u.T
        m1, m2, m3 = (float(m) for m in np.abs(x))
        solutions.append(Prediction(delta, (m1, m2, m3), m1 + m2 + m3, float(abs(matrix[0, 0])), matrix))
    return solutions
