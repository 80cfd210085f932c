"""Sign symmetries: verified, folded, counted in full."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from targets import make

from muobayes.errors import InputError
from muobayes.inference.symmetry import fold_signs, sign_symmetry
from muobayes.priors.spec import Fixed, Normal, Uniform

BOX = Uniform(low=-2, high=2)
KEY = jax.random.key(0)


def _product(x):
    """Invariant under (a, b) -> -(a, b) and (b, c) -> -(b, c)."""
    return -((x[0] * x[1] * x[2] - 1) ** 2) - jnp.sum(x**2)


def test_group_is_generated_by_the_declarations():
    posterior = make(dict.fromkeys("abc", BOX), _product, (("a", "b"), ("b", "c"), ("a", "c")))
    symmetry = sign_symmetry(posterior, KEY)
    assert len(symmetry.generators) == 2 and not symmetry.notes
    expected = {(1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1)}
    assert {tuple(row) for row in symmetry.group.astype(int)} == expected


def test_fold_picks_one_of_each_orbit_and_keeps_the_likelihood():
    posterior = make(dict.fromkeys("abc", BOX), _product, (("a", "b"), ("b", "c")))
    symmetry = sign_symmetry(posterior, KEY)
    x = np.asarray(posterior.prior.sample(jax.random.key(1), (50,)))
    fold = fold_signs(symmetry, x, posterior.prior.names)
    np.testing.assert_allclose(fold.x, x * fold.signs)
    np.testing.assert_allclose(jax.vmap(_product)(fold.x), jax.vmap(_product)(x))
    for signs in symmetry.group:
        np.testing.assert_array_equal(fold_signs(symmetry, x * signs, posterior.prior.names).x, fold.x)


def test_fold_uses_the_parameter_that_tells_the_images_apart():
    """a is compatible with zero, b is not: folding by a would leave b with two modes."""
    posterior = make(
        {"a": BOX, "b": BOX}, lambda x: -((x[0] * x[1]) ** 2) - (x[1] ** 2 - 1) ** 2, (("a", "b"),)
    )
    random = np.random.default_rng(0)
    sign = random.choice([-1, 1], 200)
    x = np.stack([random.normal(0, 0.3, 200), sign + 0.1 * random.normal(size=200)], axis=-1)
    fold = fold_signs(sign_symmetry(posterior, KEY), x, ("a", "b"))
    assert (fold.x[:, 1] > 0).all() and fold.x[:, 1].std() < 0.2
    assert "(a, b)" in fold.sentence and "b >= 0" in fold.sentence


def test_two_samples_can_be_folded_alike():
    """A sample that knows a best is folded by b, as the one that it is compared with."""
    symmetry = sign_symmetry(make({"a": BOX, "b": BOX}, lambda x: -((x[0] * x[1]) ** 2), (("a", "b"),)), KEY)
    random = np.random.default_rng(0)
    wide, narrow = random.normal(0, 1, 200), random.choice([-1, 1], 200) + 0.1 * random.normal(size=200)
    by_b, by_a = np.stack([wide, narrow], axis=-1), np.stack([narrow, wide], axis=-1)
    assert (fold_signs(symmetry, by_a, ("a", "b")).x[:, 0] > 0).all()
    assert (fold_signs(symmetry, by_a, ("a", "b"), like=by_b).x[:, 1] > 0).all()


def test_prior_of_one_sign_breaks_it_and_says_so():
    posterior = make({"a": Uniform(low=0, high=2), "b": BOX}, lambda x: -((x[0] * x[1]) ** 2), (("a", "b"),))
    symmetry = sign_symmetry(posterior, KEY)
    assert len(symmetry.group) == 1 and "prior breaks" in symmetry.notes[0]
    x = np.ones((3, 2))
    assert fold_signs(symmetry, x, ("a", "b")).sentence == ""


@pytest.mark.parametrize("value, size", [(0.0, 2), (0.3, 1)])
def test_fixed_partner(value, size):
    posterior = make(
        {"a": Normal(mean=0, sd=1), "b": Fixed(value=value)}, lambda x: -(x[0] ** 2), (("a", "b"),)
    )
    assert len(sign_symmetry(posterior, KEY).group) == size


def test_wrong_declaration_is_refused():
    with pytest.raises(InputError, match="the declaration is wrong"):
        sign_symmetry(make({"a": BOX}, lambda x: -((x[0] - 1) ** 2), (("a",),)), KEY)


def test_misspelt_declaration_is_refused():
    posterior = make({"eta33L": BOX}, lambda x: -(x[0] ** 2), (("eta33l",),))
    with pytest.raises(InputError, match="did you mean 'eta33L'"):
        sign_symmetry(posterior, KEY)
