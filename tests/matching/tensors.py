"""Coefficients as full flavour tensors, for tests of symmetries."""

import numpy as np

from muobayes.matching._contraction import contraction
from muobayes.matching._matching import evaluate_jit, masks
from muobayes.matching._tables import rows
from muobayes.smeft.basis import coefficients


def full_tensors(couplings, sm, mu, chosen=None):
    """Every operator as the full tensor over all flavour indices, not reduced by any symmetry.

    ``chosen``: the rows to add up, by default all of the model.
    """
    chosen = rows(couplings.model) if chosen is None else chosen
    shapes = {n.partition("_")[0]: len(n.partition("_")[2]) for n in coefficients()}
    elements, orbits = [], {}
    for op in sorted({row.operator for row in chosen}):
        orbits[op] = {}
        for index in np.ndindex(*(3,) * shapes[op]):
            orbits[op][index] = len(elements)
            elements.append((op, index))
    table = contraction(chosen, orbits, tuple(elements), masks(couplings.model))
    values = np.asarray(evaluate_jit(table, couplings, sm, mu))
    tensors = {op: np.zeros((3,) * shapes[op], complex) for op in orbits}
    for (op, index), value in zip(table.elements, values):
        tensors[op][index] = value
    return tensors
