"""YAML text becomes a plain tree in which every value knows its line.

Plain scalars stay text, save null: what `08:30`, `no`, `1900` or `0901234567` is, the field it is written in
decides, not YAML. (YAML 1.1 makes of them 510 minutes, false, and two numbers; the core schema of YAML 1.2
still takes the last two for numbers and loses the zero.) Texts are composed (NFC), so that they compare.
"""

from collections.abc import Iterator
from typing import Protocol, cast

import yaml
from msgspec import Struct

from tickets.application.desk.fault import Fault, InvalidDesk
from tickets.domain.words import composed
from tickets.intake.unreadable import pointer

Tree = str | None | list["Tree"] | dict[str, "Tree"]

LARGEST = 32_000_000
"""Characters of a desk file: some hundred thousand agents."""
DEEPEST = 32
"""Levels of nesting; a desk needs 8. libyaml takes quadratic time over a million brackets."""
ALIASED = 100_000
"""Values that aliases may add: enough for shared hours, too little for a bomb."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Spot(Protocol):
    """A place as either of PyYAML's parsers gives it, counted from 0."""

    line: int
    column: int


class _Event(Protocol):
    """What all events that begin a value have."""

    start_mark: _Spot
    anchor: str | None
    tag: str | None
    implicit: tuple[bool, bool]
    value: str


class Mark(Struct, frozen=True):
    """Where a value stands, counted from 1: an entry of a mapping at its key, one of a list at itself."""

    line: int
    column: int
    inside: dict[str, "Mark"] = {}


class Document(Struct, frozen=True):
    """What a file says, and where. `faults` are keys given twice: the tree has the first of each."""

    tree: Tree
    mark: Mark
    faults: tuple[Fault, ...] = ()

    def place(self, at: str) -> Mark:
        """The place of the value at a JSON pointer, or of the innermost one around it that is there."""
        mark = self.mark
        for step in at.split("/")[1:]:
            below = mark.inside.get(step.replace("~1", "/").replace("~0", "~"))
            if below is None:
                break
            mark = below
        return mark


def read_yaml(text: str) -> Document:
    """The tree of one YAML document.

    Raises:
        InvalidDesk: not YAML, more than one document, tags, merge keys, keys that are no text, an alias bomb,
            too long or too deep.
    """
    if len(text) > LARGEST:
        raise InvalidDesk([Fault("", f"a desk file has at most {LARGEST:,} characters", 1, 1)])
    try:
        return _Reader(cast("Iterator[_Event]", yaml.parse(text, Loader=_LOADER))).document()
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        raise _refused(f"not YAML: {error.problem or error.context}", at) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise InvalidDesk([Fault("", f"not YAML: {str(error).splitlines()[0]}", 1, 1)]) from error


def _refused(message: str, mark: _Spot | None) -> InvalidDesk:
    return InvalidDesk([Fault("", message, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1)])


class _Value(Struct, frozen=True):
    """A finished value. `weight` counts the values it stands for, itself included, aliases written out."""

    tree: Tree
    inside: dict[str, Mark]
    weight: int


class _Reader:
    """Builds a tree from parse events: one pass, no recursion deeper than `DEEPEST`."""

    def __init__(self, events: Iterator[_Event]) -> None:
        self._events = events
        self._anchors: dict[str, _Value] = {}
        self._aliased = 0
        self._faults: list[Fault] = []

    def document(self) -> Document:
        next(self._events)  # the stream starts
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return Document(None, Mark(1, 1))
        start = next(self._events)
        value = self._value(start, ())
        next(self._events)  # the document ends
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _refused("a desk file is one YAML document", event.start_mark)
        return Document(value.tree, _mark(start, value.inside), tuple(self._faults))

    def _value(self, event: _Event, path: tuple[str, ...]) -> _Value:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag not in {None, "!"}:
            raise _refused(f"a desk file has no tags ({event.tag})", event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            value = _Value(_scalar(event), {}, 1)
        elif len(path) >= DEEPEST:
            raise _refused(f"nested deeper than {DEEPEST} levels", event.start_mark)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(path)
        else:
            value = self._mapping(path)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _alias(self, event: _Event) -> _Value:
        value = self._anchors.get(event.anchor or "")
        if value is None:
            raise _refused(f"no anchor &{event.anchor} before this", event.start_mark)
        self._aliased += value.weight
        if self._aliased > ALIASED:
            raise _refused(f"aliases stand for more than {ALIASED:,} values", event.start_mark)
        return value

    def _list(self, path: tuple[str, ...]) -> _Value:
        items: list[Tree] = []
        marks: dict[str, Mark] = {}
        weight = 1
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            step = str(len(items))
            value = self._value(event, (*path, step))
            items.append(value.tree)
            marks[step] = _mark(event, value.inside)
            weight += value.weight
        return _Value(items, marks, weight)

    def _mapping(self, path: tuple[str, ...]) -> _Value:
        entries: dict[str, Tree] = {}
        marks: dict[str, Mark] = {}
        weight = 1
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event)
            value = self._value(next(self._events), (*path, key))
            if key in entries:
                self._twice(event, (*path, key), marks[key])
                continue
            entries[key] = value.tree
            marks[key] = _mark(event, value.inside)
            weight += value.weight
        return _Value(entries, marks, weight)

    def _key(self, event: _Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _refused("a key is text", event.start_mark)
        if event.value == "<<" and event.implicit[0]:
            raise _refused("YAML 1.2 has no merge keys (<<); write the fields out", event.start_mark)
        return composed(str(event.value))

    def _twice(self, event: _Event, path: tuple[str, ...], first: Mark) -> None:
        place = _mark(event, {})
        message = f"{path[-1]!r} is already given in line {first.line}"
        self._faults.append(Fault(pointer(*path), message, place.line, place.column))


def _mark(event: _Event, inside: dict[str, Mark]) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1, inside)


def _scalar(event: _Event) -> str | None:
    """Null where a plain scalar is one in the core schema (YAML 1.2.2 §10.3.2), else its text."""
    if event.implicit[0] and event.value in _NULLS:
        return None
    return composed(str(event.value))
