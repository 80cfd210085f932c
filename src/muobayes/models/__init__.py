"""The catalogue of models, and the posterior of a run card."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..inference.posterior import Posterior
    from ..runcard import RunCard

__all__ = ["build"]


def build(card: "RunCard") -> "Posterior":
    """The posterior of a run card; see `muobayes.models._build.build` (loads JAX)."""
    from ._build import build as build_posterior

    return build_posterior(card)
