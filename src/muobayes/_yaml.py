"""YAML for run cards: a duplicate key is a mistake, ``1e-3`` is a number, and every key knows its line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .errors import InputError

Lines = dict[tuple[str | int, ...], int]
"""The line (from 1) of every key and list item, by its path."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2 floats: PyYAML alone reads ``1e-3`` as a text."""


_Loader.yaml_implicit_resolvers = {k: list(v) for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def _walk(node: yaml.Node, path: tuple[str | int, ...], where: str) -> Iterator[tuple[tuple, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                at = f"{where}, line {line}: {'.'.join(map(str, (*path, key.value)))}"
                raise InputError(f"{at}: the key is given twice, first in line {seen[key.value]}.")
            seen[key.value] = line
            yield (*path, key.value), line
            yield from _walk(value, (*path, key.value), where)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield (*path, i), item.start_mark.line + 1
            yield from _walk(item, (*path, i), where)


def read(path: Path) -> tuple[Any, Lines]:
    """The content of a YAML file, and the line of each of its keys.

    Raises
    ------
    InputError
        If the file cannot be read, is not valid YAML, is empty, or gives a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: the file is not text in UTF-8.") from None
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror}).") from None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise InputError(f"{path}: the file is empty.")
        lines = dict(_walk(node, (), str(path)))
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
        raise InputError(f"{at}: not valid YAML ({error.problem}).") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML ({error}).") from None
