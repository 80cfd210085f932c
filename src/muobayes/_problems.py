"""A pydantic model's refusal, told as located sentences with what is allowed and the nearest right name."""

import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .errors import did_you_mean

Path = tuple[str | int, ...]

_MANY = 16
_NOT_A = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
    "bool": "true or false",
    "dict": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "tuple": "a list",
    "list": "a list",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where: the path of keys from the top of the card."""

    path: Path
    message: str

    @property
    def location(self) -> str:
        """The path as it is written in messages: ``measurements[0].value``."""
        text = ""
        for key in self.path:
            text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
        return text


def allowed(names: Iterable[str]) -> str:
    """ "allowed are a, b" for a sentence; a long list is cut, and says so."""
    names = list(names)
    shown = ", ".join(names[:_MANY])
    more = f", ... ({len(names)} in all)" if len(names) > _MANY else ""
    return f"allowed {'is' if len(names) == 1 else 'are'} {shown}{more}"


def unknown(kind: str, name: object, names: Iterable[str]) -> str:
    """ "unknown <kind> 'nmae' (did you mean 'name'?); allowed are ..." """
    names = list(names)
    return f"unknown {kind} {name!r}{did_you_mean(str(name), names)}; {allowed(names)}"


def problems_of(error: ValidationError, annotation: Any, prefix: Path = ()) -> list[Problem]:
    """The sentences of a validation error.

    Parameters
    ----------
    error : ValidationError
        From validating a value against `annotation`.
    annotation : type
        What was expected; it tells which keys are allowed at each place.
    prefix : tuple
        Path of the value inside the card.
    """
    found = []
    for item in error.errors(include_url=False):
        path, keys = _locate(annotation, item["loc"])
        found.append(Problem((*prefix, *path), _sentence(item, keys)))
    return found


def _locate(annotation: Any, location: Path) -> tuple[Path, list[str]]:
    """The user's path (without pydantic's union tags), and the keys allowed where the path ends."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _locate(get_args(annotation)[0], location)
    if origin in (Union, types.UnionType):
        members = [a for a in get_args(annotation) if a is not type(None)]
        if len(members) == 1:
            return _locate(members[0], location)
        for member in members:
            if location and location[0] == _tag(member):
                return _locate(member, location[1:])
        return location, []
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        keys = list(annotation.model_fields)
        if len(location) > 1 and location[0] in annotation.model_fields:
            path, inner = _locate(annotation.model_fields[str(location[0])].annotation, location[1:])
            return (location[0], *path), inner
        return location, keys
    if origin in (tuple, list, dict) and len(location) > 1:
        path, inner = _locate(get_args(annotation)[-1 if origin is dict else 0], location[1:])
        return (location[0], *path), inner
    return location, []


def _tag(member: Any) -> object:
    """How pydantic names a member of a union: the tag given to it, its ``type``, or its class."""
    if get_origin(member) is Annotated:
        tags = [m.tag for m in get_args(member)[1:] if hasattr(m, "tag")]
        return tags[0] if tags else _tag(get_args(member)[0])
    if isinstance(member, type) and issubclass(member, BaseModel) and "type" in member.model_fields:
        return member.model_fields["type"].default
    return getattr(member, "__name__", str(member))


def _sentence(item: Any, keys: list[str]) -> str:
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown("key", item["loc"][-1], keys)
    if kind == "missing":
        return "the key is missing"
    if kind == "union_tag_invalid":
        return unknown("type", context["tag"], [t.strip("'") for t in context["expected_tags"].split(", ")])
    if kind == "union_tag_not_found":
        return "the key 'type' is missing"
    if kind in ("literal_error", "enum"):
        names = [n.strip("'") for n in context["expected"].replace(" or ", ", ").split(", ")]
        return f"{value!r} is not allowed{did_you_mean(str(value), names)}; {allowed(names)}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{value!r} must be {words} {context[key]:g}"
    if kind == "value_error":
        return str(context["error"])
    for start, words in _NOT_A.items():
        if kind.startswith(start):
            return f"{value!r} is not {words}"
    return f"{value!r}: {item['msg'][0].lower()}{item['msg'][1:]}"
