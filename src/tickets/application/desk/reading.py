"""A plain tree becomes structs, field by field, so that every fault is found and knows its place.

`msgspec.convert` of the whole would stop at the first one.
"""

import re
import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo

import routing
import sla
from tickets.application.desk.fault import Faults
from tickets.intake.unreadable import pointer

UNREADABLE = object()
"""Stands for a value that could not be read; its faults are noted."""

_STEP = re.compile(r"\[(\d+)\]|\.(\w+)")


class _Shape(Struct, frozen=True):
    """How a type is read: as a `struct`, an `array` or a `table` of parts, or as one `leaf`.

    `part` is the type of the parts, `keys` that of a table's keys; an array has `least` parts and is a list
    or, `fixed`, a tuple.
    """

    form: Literal["struct", "array", "table", "leaf"]
    part: Any = None
    keys: Any = str
    least: int = 0
    fixed: bool = False


class Reader:
    """Reads values of given types out of a tree and notes what is wrong.

    With `text` the tree holds only text (a YAML file): numbers and truth values are written as text.
    """

    def __init__(self, faults: Faults, *, text: bool) -> None:
        self._faults = faults
        self._text = text

    def struct(self, kind: type[Struct], tree: object, at: str) -> object:
        """The struct at pointer `at`, or `UNREADABLE`."""
        if tree is None:
            tree = {}
        if not isinstance(tree, dict):
            return self._refuse(at, f"expected fields, got {_shown(tree)}")
        fields = _fields(kind)
        for name in tree.keys() - fields.keys():
            self._faults.unknown(at + pointer(name), "field", name, fields)
        values: dict[str, object] = {}
        for name, field in fields.items():
            if name in tree:
                values[field.name] = self.value(field.type, tree[name], at + pointer(name))
            elif field.required:
                values[field.name] = self._refuse(at, f"{name!r} is missing")
        if UNREADABLE in values.values():
            return UNREADABLE
        try:
            return kind(**values)
        except (sla.SlaError, routing.InvalidError) as error:
            for fault in error.faults:
                self._faults.add(at + fault.pointer, fault.message)
        return UNREADABLE

    def value(self, kind: Any, tree: object, at: str) -> object:  # noqa: ANN401 - a type form
        """The value of any type a struct may have, or `UNREADABLE`."""
        shape = _shape(kind, isinstance(tree, dict))
        if shape.form == "struct" and tree is not None:
            return self.struct(shape.part, tree, at)
        if shape.form == "array" and isinstance(tree, list):
            if len(tree) < shape.least:
                return self._refuse(at, f"needs {shape.least} at least")
            items = [self.value(shape.part, item, f"{at}/{n}") for n, item in enumerate(tree)]
            if any(item is UNREADABLE for item in items):
                return UNREADABLE
            return tuple(items) if shape.fixed else items
        if shape.form == "table" and isinstance(tree, dict):
            return self._table(shape, tree, at)
        return self._leaf(kind, tree, at)

    def _table(self, shape: _Shape, tree: dict[str, object], at: str) -> object:
        keys = {key: self._leaf(shape.keys, key, at + pointer(key)) for key in tree}
        values = {keys[key]: self.value(shape.part, item, at + pointer(key)) for key, item in tree.items()}
        if UNREADABLE in keys.values() or any(value is UNREADABLE for value in values.values()):
            return UNREADABLE
        return values

    def _leaf(self, kind: Any, tree: object, at: str) -> object:  # noqa: ANN401 - a type form
        if isinstance(tree, str) and "\0" in tree:
            return self._refuse(at, "text cannot hold a NUL character")
        if kind is str and isinstance(tree, str):
            return tree
        try:
            return msgspec.convert(tree, kind, strict=not (self._text and _is_number(kind)))
        except msgspec.ValidationError as error:
            message, _, place = str(error).rpartition(" - at ")
            steps = "".join(f"/{n or name}" for n, name in _STEP.findall(place)) if message else ""
            return self._refuse(at + steps, self._sentence(message or str(error), kind, tree))

    def _sentence(self, message: str, kind: Any, tree: object) -> str:  # noqa: ANN401 - a type form
        """What msgspec says, with the value in it and, for a closed list of words, the words."""
        words = _words(kind)
        if words and isinstance(tree, str):
            return f"{tree!r} is none of {', '.join(words)}{self._faults.hint('word', tree, words)}"
        if message == "Invalid RFC3339 encoded datetime":
            return f"{tree!r} is no date and time such as 2026-01-05T08:00:00"
        expected, got, _ = message.partition(", got `")
        message = f"{expected}, got {_shown(tree)}" if got else message
        return message[:1].lower() + message[1:]

    def _refuse(self, at: str, message: str) -> object:
        self._faults.add(at, message)
        return UNREADABLE


def _shown(tree: object) -> str:
    if isinstance(tree, dict):
        return "fields"
    if isinstance(tree, list):
        return "a list"
    return "nothing" if tree is None else repr(tree)


@cache
def _fields(kind: type[Struct]) -> dict[str, FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


@cache
def _shape(kind: Any, keyed: bool) -> _Shape:  # noqa: ANN401, FBT001 - a type form; part of a cache key
    """The shape of a type; of a union the member that a tree with keys, or one without, can be."""
    bare = _bare(kind)
    if get_origin(bare) in {Union, types.UnionType}:
        members = [_shape(member, keyed) for member in get_args(bare)]
        wanted = {"struct", "table"} if keyed else {"array"}
        return next((shape for shape in members if shape.form in wanted), _Shape("leaf"))
    if isinstance(bare, type) and issubclass(bare, Struct):
        return _Shape("struct", bare)
    arguments = get_args(bare)
    if get_origin(bare) is dict:
        return _Shape("table", arguments[1], keys=arguments[0])
    fixed = get_origin(bare) is tuple and arguments[1:] == (...,)
    if fixed or get_origin(bare) is list:
        return _Shape("array", arguments[0], least=_least(kind), fixed=fixed)
    return _Shape("leaf")


def _bare(kind: Any) -> Any:  # noqa: ANN401 - a type form
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _least(kind: Any) -> int:  # noqa: ANN401 - a type form
    return next((meta.min_length or 0 for meta in getattr(kind, "__metadata__", ())), 0)


@cache
def _is_number(kind: Any) -> bool:  # noqa: ANN401 - a type form
    members = {_bare(member) for member in (get_args(_bare(kind)) or (_bare(kind),))}
    return bool(members & {int, float, bool})


@cache
def _words(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a type form
    """The words of a Literal, alone or in a union."""
    if get_origin(kind) is Literal:
        return tuple(word for word in get_args(kind) if isinstance(word, str))
    return tuple(word for member in get_args(kind) for word in _words(member))
