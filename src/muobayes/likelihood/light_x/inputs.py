"""Physical inputs of the light-X terms (``data/inputs.yaml``): one value and one source each. GeV."""

from typing import NamedTuple

from ._data import read

__all__ = ["INPUTS", "Inputs"]


class Inputs(NamedTuple):
    """Couplings, masses and conversion factors; the sources stand in ``data/inputs.yaml``."""

    e: float
    alpha: float
    GF: float
    hbar: float
    hbarc2_cm2: float
    hbarc_fm: float
    mZ: float
    GammaZ: float
    sw2_mz: float
    sw2_low: float
    m_e: float
    m_mu: float
    m_tau: float

    @property
    def v2(self) -> float:
        """Square of the Higgs vacuum expectation value, 1/(sqrt2 GF), GeV^2."""
        return 1.0 / (2.0**0.5 * self.GF)


INPUTS = Inputs(**{name: float(entry["value"]) for name, entry in read("inputs").items()})
