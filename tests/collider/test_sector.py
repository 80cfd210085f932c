"""The collider terms of every model of the catalogue: which apply, finite, differentiable."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.likelihood.collider.sector import collider_sector
from muobayes.matching import SMParameters
from muobayes.models.catalogue import ModelEntry, model_names, read_model

CKM = np.array([[0.974, 0.225, 0.0037], [-0.225, 0.973, 0.041], [0.0086, -0.040, 0.999]], complex)
SM = SMParameters(
    0.64,
    0.36,
    1.0,
    0.2,
    CKM.conj().T @ np.diag([7e-6, 3e-3, 0.8]),
    np.diag([1e-5, 3e-4, 1e-2]) + 0j,
    np.eye(3) + 0j,
)


def typical(entry: ModelEntry) -> dict[str, float]:
    values = {}
    for name, parameter in entry.parameters.items():
        prior = parameter.prior
        if prior.type == "fixed":
            values[name] = prior.value
        elif prior.type == "loguniform":
            values[name] = (prior.low * prior.high) ** 0.5
        else:
            values[name] = 0.3 * prior.high + 0.7 * prior.low
    return values


@pytest.mark.parametrize("name", [n for n in model_names() if read_model(n).mediators])
def test_terms_of_every_model(name: str) -> None:
    entry = read_model(name)
    charges = {field: float(charge) for field, charge in entry.charges.items()}
    sector = collider_sector(charges, entry.mediators, entry.x, SM)
    point = {key: jnp.asarray(float(value)) for key, value in typical(entry).items()}

    def total(p: dict[str, jax.Array]) -> tuple[jax.Array, dict[str, jax.Array]]:
        terms = sector(p)
        return sum(terms.values(), jnp.zeros(())), terms

    (_, values), gradient = jax.jit(jax.value_and_grad(total, has_aux=True))(point)
    assert ("ATLAS dimuon resonance" in values) == (entry.x == "heavy")
    assert ("invisible Higgs decays" in values) == (entry.x == "light")
    assert ("ATLAS ditau tail" in values) == (entry.x == "heavy" or "S1tau" in entry.mediators)
    assert ("S3 pair production" in values) == ("S3" in entry.mediators)
    assert all(np.isfinite(float(value)) for value in values.values())
    assert all(np.isfinite(float(g)) for g in gradient.values())


def test_muoquarks_at_3_tev_are_invisible_in_the_tail() -> None:
    """The indirect effects are beyond even the HL-LHC for the paper's best fit (arXiv:2103.13991, Sec. II A)."""
    entry = read_model("type-a/b-3lmu")
    charges = {field: float(charge) for field, charge in entry.charges.items()}
    sector = collider_sector(charges, entry.mediators, entry.x, SM)
    best = typical(entry) | {"eta33L": 0.43, "eta13L": 0.12, "eta13R": 0.12}
    terms = sector({key: jnp.asarray(float(value)) for key, value in best.items()})
    assert abs(float(terms["CMS dimuon tail"])) < 0.05
    assert float(terms["S1 pair production"] + terms["S3 pair production"]) > -0.01


def test_a_model_without_mediators_has_no_terms() -> None:
    entry = read_model("neutrinos/b-3lmu")
    assert collider_sector({f: float(q) for f, q in entry.charges.items()}, (), entry.x, SM)({}) == {}


def test_mixing_shares_the_charge_of_the_third_generation() -> None:
    entry = read_model("type-c/b3-l2-r2")
    charges = {field: float(charge) for field, charge in entry.charges.items()}
    sector = jax.jit(collider_sector(charges, entry.mediators, entry.x, SM))
    point = typical(entry) | {"mX": 500.0, "gX": 0.3}
    point = {key: jnp.asarray(float(value)) for key, value in point.items()}
    # strange quarks are far more abundant than bottom quarks, so mixing makes X more visible
    aligned, mixed = (sector(point | {"thetasb": jnp.asarray(theta)}) for theta in (0.0, 0.25))
    assert float(mixed["ATLAS dimuon resonance"]) < float(aligned["ATLAS dimuon resonance"]) < 0
