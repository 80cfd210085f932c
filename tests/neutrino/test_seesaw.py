"""Seesaw textures and Takagi factorisation: structural zeros, round trips, gradients, the oracle's example."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from muobayes.errors import InputError
from muobayes.lagrangian.textures import neutrino_texture
from muobayes.likelihood.neutrino.mixing import effective_mass, oscillation, pmns, takagi
from muobayes.likelihood.neutrino.seesaw import light_masses, majorana_matrix, seesaw
from muobayes.models.catalogue import read_model


def random_point(name: str, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    point = {}
    for parameter, entry in read_model(name).parameters.items():
        prior = entry.prior
        if prior.type == "loguniform":
            point[parameter] = float(np.exp(rng.uniform(np.log(prior.low), np.log(prior.high))))
        elif prior.type == "periodic":
            point[parameter] = float(rng.uniform(prior.low, prior.high))
    return point


def sector(name: str):
    model = read_model(name)
    return seesaw(neutrino_texture(model.charges), model.parameters)


def as_complex(pairs: list) -> np.ndarray:
    array = np.asarray(pairs, float)
    return array[..., 0] + 1j * array[..., 1]


def test_seesaw_example(oracles: Path) -> None:
    example = json.loads((oracles / "light_x" / "misc.json").read_text())["seesaw_example"]
    m = light_masses(jnp.asarray(as_complex(example["y"])), jnp.asarray(as_complex(example["M_N"])))
    assert np.asarray(m) == pytest.approx(as_complex(example["m_nu_eV"]), rel=1e-5)
    masses, U = takagi(m)
    assert np.asarray(masses) == pytest.approx(example["masses_eV"], rel=1e-5)
    assert np.abs(np.asarray(U)) ** 2 == pytest.approx(np.array(example["U2"]), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_b_minus_3lmu_has_one_vanishing_minor(seed: int) -> None:
    """m_ee m_tautau = m_etau^2, whatever the couplings: the (mu, mu) element of the inverse vanishes."""
    m = np.asarray(sector("neutrinos/b-3lmu").light_masses(random_point("neutrinos/b-3lmu", seed), 2e4))
    assert abs(m[0, 0] * m[2, 2] - m[0, 2] ** 2) < 1e-9 * abs(m[0, 2] ** 2)
    assert m == pytest.approx(m.T, rel=1e-9)


def test_what_the_light_masses_depend_on() -> None:
    """docs/neutrino.md: three rescalings change nothing, and three complex numbers decide the shape of the inverse."""
    model, point = sector("neutrinos/b-3lmu"), random_point("neutrinos/b-3lmu", 5)
    m = np.asarray(model.light_masses(point, 2e4))
    for powers in (
        {"ynu11": 1, "ynu31": 1, "MR11": 2, "yPhi12": 1},
        {"ynu22": 1, "yPhi12": 1, "yPhi23": 1},
        {"ynu13": 1, "ynu33": 1, "MR33": 2, "yPhi23": 1},
    ):
        rescaled = {name: value * 1.7 ** powers.get(name, 0) for name, value in point.items()}
        assert np.asarray(model.light_masses(rescaled, 2e4)) == pytest.approx(m, rel=1e-9)
    y_nu, M_R, _ = (np.asarray(matrix) for matrix in model.matrices(point))
    alpha, beta = (
        y_nu[i, j] / y_nu[i, k] * np.sqrt(M_R[2, 2] / M_R[0, 0]) for i, j, k in ((2, 0, 2), (0, 0, 2))
    )
    inverse = np.linalg.inv(m)
    ratio = inverse[0, 2] ** 2 / (inverse[0, 0] * inverse[2, 2])
    assert ratio == pytest.approx(np.cos(np.arctan(alpha) - np.arctan(beta)) ** 2, rel=1e-6)


def test_lmu_ltau_has_two_vanishing_minors() -> None:
    m = np.asarray(sector("neutrinos/lmu-ltau").light_masses(random_point("neutrinos/lmu-ltau", 1), 2e4))
    assert abs(m[0, 0] * m[2, 2] - m[0, 2] ** 2) < 1e-9 * abs(m[0, 2] ** 2)
    assert abs(m[0, 0] * m[1, 1] - m[0, 1] ** 2) < 1e-9 * abs(m[0, 1] ** 2)


def test_d1_r_limit() -> None:
    """With y_nu^13 = y_nu^31 = y_Phi^23 = 0 also (mu, tau) of the inverse vanishes, and m_bb = m_etau = 0 (A2)."""
    point = random_point("neutrinos/b-3lmu", 5)
    names = [name for name in point if not name.endswith(("nu13", "nu31", "Phi23"))]
    model = read_model("neutrinos/b-3lmu")
    # in this basis M_R^13 carries the e-tau mixing that a diagonal M_R would lack
    limit = seesaw(neutrino_texture(model.charges), [*names, "MR13"])
    m = np.asarray(limit.light_masses(point | {"MR13": 500.0, "MR11": 300.0, "MR33": 700.0}, 2e4))
    inverse = np.linalg.inv(m)
    assert max(abs(inverse[1, 1]), abs(inverse[1, 2])) < 1e-9 * abs(inverse[0, 1])


def test_rephasing_leaves_observables_alone() -> None:
    """Phases that field redefinitions absorb: rotate l_i and nu_j, and nothing observable changes."""
    rng = np.random.default_rng(7)
    chosen = sector("neutrinos/b-3lmu")
    y_nu, M_R, y_Phi = chosen.matrices(random_point("neutrinos/b-3lmu", 2))
    left, right = (np.diag(np.exp(1j * rng.uniform(0, 6, 3))) for _ in range(2))
    first = light_masses(y_nu, majorana_matrix(M_R, y_Phi, 2e4))
    second = light_masses(
        left @ y_nu @ right, majorana_matrix(right @ M_R @ right, right @ y_Phi @ right, 2e4)
    )
    for m in (first, second):
        assert float(effective_mass(m)) == pytest.approx(float(effective_mass(first)), rel=1e-9)
        masses, U = takagi(m)
        for got, expected in zip(oscillation(masses, U), oscillation(*takagi(first))):
            assert float(got) == pytest.approx(float(expected), rel=1e-6)


def test_forbidden_entries_are_refused() -> None:
    texture = neutrino_texture(read_model("neutrinos/b-3lmu").charges)
    with pytest.raises(InputError, match=r"does not allow the entry 'ynu12' \(did you mean"):
        seesaw(texture, ["ynu12"])
    with pytest.raises(InputError, match="does not allow the entry 'MR22'"):
        seesaw(texture, ["MR22"])
    with pytest.raises(InputError, match="has no modulus ynu13"):
        seesaw(texture, ["argynu13"])
    assert seesaw(texture, ["eta33L", "M3"]).entries == ()


@pytest.mark.parametrize("seed", range(4))
def test_takagi(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    m = jnp.asarray((a + a.T) * 10.0 ** rng.uniform(-12, 3))
    masses, U = map(np.asarray, takagi(m))
    assert np.all(np.diff(masses) > 0) and masses[0] >= 0
    assert U @ np.diag(masses) @ U.T == pytest.approx(np.asarray(m), rel=1e-10, abs=1e-12 * masses[2])
    assert pytest.approx(np.eye(3), abs=1e-12) == U.conj().T @ U
    assert masses == pytest.approx(np.linalg.svd(np.asarray(m), compute_uv=False)[::-1], rel=1e-9)
    # invariant: the trace of m m^+
    assert np.sum(masses**2) == pytest.approx(np.trace(np.asarray(m) @ np.asarray(m).conj().T).real)


@pytest.mark.parametrize("ordering", ["NO", "IO"])
def test_oscillation_parameters_come_back(ordering: str) -> None:
    """Angles, delta in all four quadrants and mass differences from m = U diag(m e^{ia}) U^T."""
    rng = np.random.default_rng(3)
    masses = np.array([0.01, 0.0133, 0.0518]) if ordering == "NO" else np.array([0.05, 0.0507, 0.009])
    for delta in (30.0, 130.0, 217.0, 340.0):
        u = pmns(0.31, 0.57, 0.0224, delta)
        m = u @ np.diag(masses * np.exp(1j * rng.uniform(0, 6, 3))) @ u.T
        # phases of the charged leptons are unphysical
        rotation = np.diag(np.exp(1j * rng.uniform(0, 6, 3)))
        got = oscillation(*takagi(jnp.asarray(rotation @ m @ rotation)), ordering=ordering)
        assert [float(got.s12sq), float(got.s23sq), float(got.s13sq)] == pytest.approx([0.31, 0.57, 0.0224])
        assert float(got.delta) == pytest.approx(delta, abs=1e-6)
        assert float(got.Dm21) == pytest.approx(masses[1] ** 2 - masses[0] ** 2)
        other = masses[0] if ordering == "NO" else masses[1]
        assert float(got.Dm3l) == pytest.approx(masses[2] ** 2 - other**2)
    with pytest.raises(InputError, match="ordering: 'normal' is unknown"):
        oscillation(jnp.ones(3), jnp.eye(3), "normal")


def test_gradients_of_the_observables() -> None:
    """Derivatives through the factorisation, at a point without strong hierarchies (finite differences lose there)."""
    chosen = sector("neutrinos/b-3lmu")
    point = {"ynu11": 1e-6, "ynu13": 0.7e-6, "ynu31": 1.3e-6, "ynu33": 0.9e-6, "ynu22": 1.1e-6}
    point |= {"MR11": 600.0, "MR33": 900.0, "yPhi12": 0.04, "yPhi23": 0.06}
    point |= {"argynu13": 0.5, "argynu31": 2.0, "argyPhi23": 4.0}
    names = list(point)

    @jax.jit
    def observables(values: jax.Array) -> jax.Array:
        m = chosen.light_masses(dict(zip(names, values)), 2e4)
        o = oscillation(*takagi(m))
        scale = jnp.sum(jnp.abs(m) ** 2)
        return jnp.stack([o.s12sq, o.s23sq, o.s13sq, o.delta, o.Dm21 / scale, effective_mass(m) / scale**0.5])

    values = jnp.array(list(point.values()))
    jacobian = np.asarray(jax.jit(jax.jacfwd(observables))(values)) * np.asarray(values)
    for k in range(len(names)):
        step = 1e-6
        up, down = (observables(values.at[k].multiply(1 + sign * step)) for sign in (1, -1))
        assert jacobian[:, k] == pytest.approx(np.asarray((up - down) / (2 * step)), rel=2e-4, abs=1e-5)
