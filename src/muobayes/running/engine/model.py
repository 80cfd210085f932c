"""From a model description (YAML) to tensors: fields, generators, Yukawa and quartic operators.

An operator is written as it stands in -L or V, with contracted indices shown, e.g.::

    eta_3L[i] eps[a,b] sigma[I,b,d] q[c,a,i] l2[d] S3[c,I]         (Yukawa, "+ h.c." understood)
    1/2 lambda_H H*[a] H[a] H*[b] H[b]                             (quartic)
    kappa_H13 H*[a] sigma[I,a,b] H[b] S1*[c] S3[c,I] + h.c.        (quartic with a complex coupling)

Fermions are left-handed two-component fields (``uc`` is the conjugate of u_R), with their indices in the order
colour, isospin, generation, as far as they have them. Triplets of SU(2) carry the index I of sigma^I.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ...errors import InputError, did_you_mean
from .sparse import Tensor, contract_all, monomial_words, total

__all__ = ["Coupling", "Model", "load_model", "model_names"]

MODELS = Path(__file__).parents[1] / "models"
_TOKEN = re.compile(r"([A-Za-z]\w*)(\*?)(?:\[([A-Za-z,]+)\])?")

SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
EPS3 = np.zeros((3, 3, 3))
for _i, _j, _k in itertools.permutations(range(3)):
    EPS3[_i, _j, _k] = np.linalg.det(np.eye(3)[[_i, _j, _k]])
INVARIANTS = {"eps": np.array([[0, 1], [-1, 0]]), "sigma": SIGMA, "epsIJK": EPS3}


def _gell_mann() -> np.ndarray:
    matrices = np.zeros((8, 3, 3), dtype=np.clongdouble)
    for n, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        first = (0, 3, 5)[n]
        matrices[first, i, j] = matrices[first, j, i] = 1
        matrices[first + 1, i, j], matrices[first + 1, j, i] = -1j, 1j
    matrices[2] = np.diag([1, -1, 0])
    matrices[7] = np.diag([1, 1, -2]) / np.sqrt(np.longdouble(3))
    return matrices


_T3 = _gell_mann() / 2
SU3 = {"1": np.zeros((8, 1, 1)), "3": _T3, "3bar": -_T3.conj()}
SU2 = {"1": np.zeros((3, 1, 1)), "2": SIGMA / 2, "3": -1j * EPS3}


@dataclass(frozen=True)
class Field:
    """A multiplet: representations, charges (per U(1): a number times an optional parameter), generations."""

    name: str
    su3: str
    su2: str
    charges: tuple[tuple[Fraction, str | None], ...]
    generations: int
    first: int  # position of its first component

    @property
    def shape(self) -> tuple[int, ...]:
        dims = (len(SU3[self.su3][0]), len(SU2[self.su2][0]), self.generations)
        return tuple(d for d in dims if d > 1)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def component(self, index: tuple[int, ...]) -> int:
        return self.first + (int(np.ravel_multi_index(index, self.shape)) if index else 0)


@dataclass(frozen=True)
class Coupling:
    """A coupling constant: its shape in flavour, whether it is complex, and the operator that it multiplies."""

    name: str
    shape: tuple[int, ...]
    is_complex: bool
    operator: str

    def components(self) -> list[str]:
        """Names of its real components, e.g. ``Y_u[3,3]`` and ``Y_u[3,3].im``."""
        labels = [
            f"{self.name}[{','.join(str(i + 1) for i in index)}]" if index else self.name
            for index in np.ndindex(*self.shape)
        ]
        return labels + [f"{label}.im" for label in labels] if self.is_complex else labels


def model_names() -> list[str]:
    """The models whose descriptions ship with the package."""
    return sorted(p.stem for p in MODELS.glob("*.yaml"))


def load_model(name: str) -> Model:
    """Read a model description by its name, or from a YAML file.

    Raises
    ------
    InputError
        If there is no such model, or the description is faulty.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else MODELS / f"{name}.yaml"
    if not path.exists():
        names = model_names()
        raise InputError(
            f"model {name!r} is unknown{did_you_mean(name, names)}; known are {', '.join(names)}."
        )
    try:
        description = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise InputError(f"{path}: the model description is not valid YAML ({error}).") from None
    return Model(path.stem, _extended(description))


def _extended(description: Mapping) -> dict:
    """Resolve ``extends: MODEL`` (with ``without: [fields]`` left out and the rest overridden or added)."""
    if "extends" not in description:
        return dict(description)
    base = _extended(yaml.safe_load((MODELS / f"{description['extends']}.yaml").read_text()))
    gone = set(description.get("without", ()))
    out = dict(base)
    for kind in ("yukawas", "quartics"):
        kept = [t for t in base[kind] if not gone & {m.group(1) for m in _TOKEN.finditer(t)}]
        out[kind] = kept + list(description.get(kind, ()))
    abelian = set(description.get("abelian", base["abelian"]))
    for kind in ("fermions", "scalars"):
        fields = {n: dict(e) for n, e in base[kind].items() if n not in gone}
        for name, entry in description.get(kind, {}).items():
            fields[name] = {**fields.get(name, {}), **entry}
        dropped = set(base["abelian"]) - abelian
        out[kind] = {n: {k: v for k, v in e.items() if k not in dropped} for n, e in fields.items()}
    for key in ("title", "reference", "abelian", "parameters", "benchmark"):
        if key in description:
            out[key] = description[key]
    names = {_coupling_name(t, out) for t in (*out["yukawas"], *out["quartics"])}
    out["tables"] = {
        variant: [
            c for c in (*listed, *description.get("tables", {}).get(variant, ())) if c.split("[")[0] in names
        ]
        for variant, listed in base.get("tables", {}).items()
    }
    out["benchmark"] = {
        k: v for k, v in out.get("benchmark", {}).items() if k.split("[")[0] in names | _gauge(out)
    }
    return out


def _gauge(description: Mapping) -> set[str]:
    return {f"g_{u1}" for u1 in description["abelian"]} | {f"eps_B{u1}" for u1 in description["abelian"][1:]}


def _coupling_name(text: str, description: Mapping) -> str:
    known = {*description["fermions"], *description["scalars"], *INVARIANTS, "i"}
    words = (m.group(1) for m in _TOKEN.finditer(text.replace("+ h.c.", "")))
    return next((w for w in words if w not in known), "")


class Model:
    """Tensors of one model, polynomial in real symbols: couplings, squared gauge couplings, charge parameters."""

    def __init__(self, name: str, description: Mapping):
        self.name = name
        self.description = description
        self.parameters = {k: Fraction(str(v)) for k, v in description.get("parameters", {}).items()}
        self.abelian: tuple[str, ...] = tuple(description["abelian"])
        self.fermions = self._fields("fermions")
        self.scalars = self._fields("scalars")
        self.n_fermions = sum(f.size for f in self.fermions.values())
        self.n_scalars = 2 * sum(f.size for f in self.scalars.values())
        u1 = len(self.abelian)
        self.gauge_index = {"su2": range(u1, u1 + 3), "su3": range(u1 + 3, u1 + 11)}
        self.n_gauge = u1 + 11
        self.yukawas = [self._coupling(text, "yukawa") for text in description["yukawas"]]
        self.quartics = [self._coupling(text, "quartic") for text in description["quartics"]]

    # -- reading ---------------------------------------------------------------------------------------------

    def _fields(self, kind: str) -> dict[str, Field]:
        fields, position = {}, 0
        for name, entry in self.description[kind].items():
            unknown = set(entry) - {"su3", "su2", "generations", *self.abelian}
            if unknown:
                raise InputError(f"{self.name}: field {name} has the unknown entry {sorted(unknown)[0]!r}.")
            su3, su2 = str(entry.get("su3", 1)), str(entry.get("su2", 1))
            if su3 not in SU3 or su2 not in SU2:
                raise InputError(f"{self.name}: field {name} has an unknown representation ({su3}, {su2}).")
            charges = tuple(self._charge(name, str(entry.get(u1, 0))) for u1 in self.abelian)
            field = Field(name, su3, su2, charges, int(entry.get("generations", 1)), position)
            position += field.size
            fields[name] = field
        return fields

    def _charge(self, field: str, text: str) -> tuple[Fraction, str | None]:
        match = re.fullmatch(r"([-+]?[\d/]*)\s*([A-Za-z]\w*)?", text)
        if match is None or not text:
            raise InputError(f"{self.name}: the charge {text!r} of {field} is not a rational number.")
        number, parameter = match.groups()
        if parameter is not None and parameter not in self.parameters:
            raise InputError(f"{self.name}: the charge {text!r} of {field} names no parameter of the model.")
        return Fraction(number + "1" if number in ("", "+", "-") else number), parameter

    def _coupling(self, text: str, kind: str) -> Coupling:
        fields = self.fermions | self.scalars
        generation = {}  # index letter -> number of generations
        name, letters = None, ""
        for token in _TOKEN.finditer(text.replace("+ h.c.", "").strip()):
            word, _, index = token.groups()
            if word in INVARIANTS or word == "i":
                continue
            if word in fields:
                field = fields[word]
                labels = index.split(",") if index else []
                if len(labels) != len(field.shape):
                    raise InputError(f"{self.name}: {word} needs {len(field.shape)} indices in {text!r}.")
                if field.generations > 1:
                    generation[labels[-1]] = field.generations
            elif name is None:
                name, letters = word, index or ""
            else:
                hint = did_you_mean(word, fields)
                raise InputError(f"{self.name}: {word!r} in {text!r} is neither a field nor a tensor{hint}.")
        if name is None:
            raise InputError(f"{self.name}: the operator {text!r} has no coupling.")
        shape = tuple(generation[letter] for letter in letters.split(",")) if letters else ()
        return Coupling(name, shape, kind == "yukawa" or text.endswith("+ h.c."), text)

    # -- symbols ---------------------------------------------------------------------------------------------

    @cached_property
    def gauge_symbols(self) -> list[str]:
        """Names of the squared couplings: the upper triangle of the abelian matrix G, then G_2 and G_3."""
        pairs = itertools.combinations_with_replacement(self.abelian, 2)
        return [f"G_{a}{b}" for a, b in pairs] + ["G_2", "G_3"]

    @cached_property
    def coupling_symbols(self) -> list[str]:
        return [c for coupling in (*self.yukawas, *self.quartics) for c in coupling.components()]

    @cached_property
    def symbols(self) -> list[str]:
        return [*self.gauge_symbols, *self.coupling_symbols, *self.parameters]

    def restricted(self, active: list[str]) -> Model:
        """The same model with only the named real coupling components kept (the others are zero)."""
        for name in active:
            if name not in self.coupling_symbols:
                hint = did_you_mean(name, self.coupling_symbols)
                raise InputError(f"{self.name}: {name!r} is no coupling component{hint}.")
        copy = Model(self.name, self.description)
        copy.coupling_symbols = [c for c in self.coupling_symbols if c in set(active)]
        return copy

    def _words(self, symbol: str | None) -> tuple[int, ...]:
        return monomial_words(None if symbol is None else self._position[symbol], len(self.symbols))

    @cached_property
    def _position(self) -> dict[str, int]:
        return {s: n for n, s in enumerate(self.symbols)}

    # -- operators -------------------------------------------------------------------------------------------

    def _terms(self, coupling: Coupling):
        """All (factor, conjugated coupling?, flavour index, fields) of an operator's expansion in components.

        Fields are (name, conjugated?, component).
        """
        text = coupling.operator.replace("+ h.c.", "").strip()
        number = re.match(r"[\d/]+(?=\s)", text)
        factor: complex = complex(Fraction(number.group())) if number else 1.0
        tokens = [m.groups() for m in _TOKEN.finditer(text[number.end() :] if number else text)]
        dims: dict[str, int] = {}
        for word, _, index in tokens:
            if index:
                field = (self.fermions | self.scalars).get(word)
                shape = (
                    INVARIANTS[word].shape if word in INVARIANTS else field.shape if field else coupling.shape
                )
                for letter, dim in zip(index.split(","), shape):
                    if dims.setdefault(letter, dim) != dim:
                        raise InputError(
                            f"{self.name}: index {letter} in {coupling.operator!r} does not match."
                        )
        for values in itertools.product(*(range(d) for d in dims.values())):
            at = dict(zip(dims, values))
            value, conjugated, content = factor, False, []
            flavour: tuple[int, ...] = ()
            for word, star, index in tokens:
                position = tuple(at[letter] for letter in index.split(",")) if index else ()
                if word == "i":
                    value *= 1j
                elif word in INVARIANTS:
                    value *= INVARIANTS[word][position]
                elif word == coupling.name:
                    conjugated, flavour = bool(star), position
                else:
                    field = (self.fermions | self.scalars)[word]
                    content.append((word, bool(star), field.component(position)))
            if value:
                yield value, conjugated, flavour, content

    def _real_parts(self, component: int, conjugated: bool):
        """A complex scalar component as (R + i I)/sqrt2: (real index, coefficient) pairs."""
        half = 1 / np.sqrt(np.longdouble(2))
        return ((2 * component, half), (2 * component + 1, (-1j if conjugated else 1j) * half))

    @cached_property
    def operators(self) -> dict[str, dict[tuple[int, ...], complex]]:
        """For each real coupling component the entries of its tensor dY_aij or dlambda_abcd (sorted abcd)."""
        out: dict[str, Any] = {s: defaultdict(np.clongdouble) for s in self.coupling_symbols}
        for coupling in self.yukawas:
            for value, conjugated, flavour, content in self._terms(coupling):
                label = _label(coupling.name, flavour)
                fermions = [c for name, _, c in content if name in self.fermions]
                scalars = [(star, c) for name, star, c in content if name in self.scalars]
                if len(fermions) != 2 or len(scalars) != 1:
                    raise InputError(f"{self.name}: {coupling.operator!r} needs two fermions and one scalar.")
                for a, part in self._real_parts(scalars[0][1], scalars[0][0]):
                    for name, unit in ((label, 1.0), (f"{label}.im", -1j if conjugated else 1j)):
                        if name in out:
                            i, j = fermions
                            out[name][a, i, j] += value * part * unit
                            out[name][a, j, i] += value * part * unit
        for coupling in self.quartics:
            for value, _, flavour, content in self._terms(coupling):
                if len(content) != 4 or any(name not in self.scalars for name, _, _ in content):
                    raise InputError(f"{self.name}: {coupling.operator!r} needs four scalars.")
                label = _label(coupling.name, flavour)
                for choice in itertools.product(*(self._real_parts(c, star) for _, star, c in content)):
                    legs = tuple(sorted(a for a, _ in choice))
                    entry = value * np.prod([p for _, p in choice])
                    entry *= math.prod(math.factorial(legs.count(a)) for a in set(legs))
                    if not coupling.is_complex:
                        if label in out:
                            out[label][legs] += entry
                    else:
                        for name, unit in ((label, 1.0), (f"{label}.im", 1j)):
                            if name in out:
                                out[name][legs] += 2 * (entry * unit).real
        cleaned = {n: {k: v for k, v in e.items() if abs(v) > 1e-12} for n, e in out.items()}
        self._check_operators(cleaned)
        return cleaned

    def _check_operators(self, operators: dict[str, dict[tuple[int, ...], complex]]) -> None:
        for name, entries in operators.items():
            if not entries:
                raise InputError(f"{self.name}: the operator of {name} vanishes identically.")
            if len(next(iter(entries))) == 4 and any(abs(complex(v).imag) > 1e-9 for v in entries.values()):
                raise InputError(f"{self.name}: the operator of {name} is not real; add '+ h.c.'.")

    @cached_property
    def yukawa_symbols(self) -> list[str]:
        names = {c for coupling in self.yukawas for c in coupling.components()}
        return [s for s in self.coupling_symbols if s in names]

    @cached_property
    def quartic_symbols(self) -> list[str]:
        names = {c for coupling in self.quartics for c in coupling.components()}
        return [s for s in self.coupling_symbols if s in names]

    # -- tensors ---------------------------------------------------------------------------------------------

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Y, Yc, L, T, Tt, th, G and f with polynomial entries."""
        n_words = len(self._words(None))
        y_rows = [
            (index, self._words(s), v) for s in self.yukawa_symbols for index, v in self.operators[s].items()
        ]
        l_rows = [
            (order, self._words(s), v.real)
            for s in self.quartic_symbols
            for index, v in self.operators[s].items()
            for order in set(itertools.permutations(index))
        ]
        yukawa = Tensor.from_rows(y_rows, 3, n_words)
        fermion = Tensor.from_rows(list(self._generator_rows(self.fermions)), 3, n_words)
        return {
            "Y": yukawa,
            "Yc": yukawa.conj(),
            "L": Tensor.from_rows(l_rows, 4, n_words),
            "T": fermion,
            "Tt": fermion.transposed(0, 2, 1).scaled(-1),
            "th": self._scalar_generators(n_words),
            "G": Tensor.from_rows(list(self._coupling_rows()), 2, n_words),
            "f": Tensor.from_rows(list(self._structure_rows()), 3, n_words),
        }

    def _generator_rows(self, fields: Mapping[str, Field]):
        """(A, i, j) entries of the hermitian generators of complex or two-component fields."""
        for field in fields.values():
            t3, t2 = SU3[field.su3], SU2[field.su2]
            one3, one2 = np.eye(t3.shape[1]), np.eye(t2.shape[1])
            flavour = np.eye(field.generations)
            blocks = [
                (A, np.kron(np.kron(one3, t2[n]), flavour)) for n, A in enumerate(self.gauge_index["su2"])
            ]
            blocks += [
                (A, np.kron(np.kron(t3[n], one2), flavour)) for n, A in enumerate(self.gauge_index["su3"])
            ]
            for A, matrix in blocks:
                for i, j in np.argwhere(np.abs(matrix) > 1e-12):
                    yield (A, field.first + i, field.first + j), self._words(None), matrix[i, j]
            for A, (number, parameter) in enumerate(field.charges):
                if number:
                    for i in range(field.first, field.first + field.size):
                        yield (
                            (A, i, i),
                            self._words(parameter),
                            number.numerator / np.longdouble(number.denominator),
                        )

    def _scalar_generators(self, n_words: int) -> Tensor:
        """theta^A on (R, I): with T = a + ib, theta = -i [[-b, -a], [a, -b]]."""
        rows = []
        for (A, i, j), words, value in self._generator_rows(self.scalars):
            a, b = np.real(value), np.imag(value)
            rows += [
                ((A, 2 * i, 2 * j), words, 1j * b),
                ((A, 2 * i, 2 * j + 1), words, 1j * a),
                ((A, 2 * i + 1, 2 * j), words, -1j * a),
                ((A, 2 * i + 1, 2 * j + 1), words, 1j * b),
            ]
        return Tensor.from_rows([r for r in rows if r[2]], 3, n_words)

    def _coupling_rows(self):
        for a, b in itertools.product(range(len(self.abelian)), repeat=2):
            low, high = sorted((a, b))
            yield (a, b), self._words(f"G_{self.abelian[low]}{self.abelian[high]}"), 1.0
        for group, symbol in (("su2", "G_2"), ("su3", "G_3")):
            for A in self.gauge_index[group]:
                yield (A, A), self._words(symbol), 1.0

    def _structure_rows(self):
        for group, fundamental in (("su2", SU2["2"]), ("su3", SU3["3"])):
            start = self.gauge_index[group][0]
            for a, b in itertools.permutations(range(len(fundamental)), 2):
                commutator = fundamental[a] @ fundamental[b] - fundamental[b] @ fundamental[a]
                f = (-2j * np.einsum("ij,cji->c", commutator, fundamental)).real
                for c in np.flatnonzero(np.abs(f) > 1e-12):
                    yield (start + a, start + b, start + c), self._words(None), f[c]

    # -- gauge invariance ------------------------------------------------------------------------------------

    def check_invariance(self) -> None:
        """Refuse a description whose operators break the gauge symmetry.

        Raises
        ------
        InputError
            Naming the coupling and the group.
        """
        t = self.tensors
        yukawa = total(
            [
                contract_all([(t["Y"], "aij"), (t["T"], "Aik")], "Aakj"),
                contract_all([(t["Y"], "aij"), (t["T"], "Ajk")], "Aaik"),
                contract_all([(t["Y"], "bij"), (t["th"], "Aba")], "Aaij"),
            ]
        )
        quartic = total(
            [
                contract_all([(t["L"], "ebcd"), (t["th"], "Aea")], "Aabcd").transposed(0, *order)
                for order in ((1, 2, 3, 4), (2, 1, 3, 4), (2, 3, 1, 4), (2, 3, 4, 1))
            ]
        )
        for tensor in (yukawa, quartic):
            bad = np.flatnonzero(np.abs(tensor.val) > 1e-9)
            if len(bad):
                boson = int(tensor.idx[bad[0], 0]) - len(self.abelian)
                group = f"U(1)_{self.abelian[boson]}" if boson < 0 else "SU(2)" if boson < 3 else "SU(3)"
                exponents = np.array(
                    [(int(w) >> s) & 15 for w in tensor.mono[bad[0]] for s in range(0, 64, 4)]
                )
                culprits = [s for s, e in zip(self.symbols, exponents) if e and s in self.coupling_symbols]
                culprit = culprits[0].removesuffix(".im")
                raise InputError(f"{self.name}: the operator of {culprit} is not invariant under {group}.")


def _label(name: str, flavour: tuple[int, ...]) -> str:
    return f"{name}[{','.join(str(i + 1) for i in flavour)}]" if flavour else name
