"""One seed per run, and a named stream of random numbers for each use, so that no two uses share numbers."""

import jax
from jaxtyping import Array

__all__ = ["named_key"]

# The integers are part of the reproducibility of old runs: never change one, only add.
_USES = {
    "check": 0,
    "initial": 1,
    "nuts": 2,
    "nested-live": 3,
    "nested": 4,
    "bridge": 5,
    "optimum": 6,
    "prior": 7,
    "symmetry": 8,
    "calibration": 9,
    "volumes": 10,
    "posterior-draws": 11,
    "probes": 12,
    "jumps": 13,
    "resampling": 14,
    "importance": 15,
}


def named_key(seed: int, use: str) -> Array:
    """The random key of one use within the run of this seed.

    Parameters
    ----------
    seed : int
        The seed of the run.
    use : str
        What the numbers are for; an unknown name is a KeyError.
    """
    return jax.random.fold_in(jax.random.key(seed), _USES[use])
