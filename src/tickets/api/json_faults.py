"""Every fault of a JSON value, not only the first: msgspec stops at one, a caller wants them all at once."""

import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, UnsetType

from tickets.api.fault_words import in_words
from tickets.api.problems import Fault

_PLACE = re.compile(r" - at `(?P<key>key in )?\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL)
_NO_FIELD = re.compile(r"^Object missing required field `(.*)`$", re.DOTALL)


def find_faults(value: object, kind: Any, at: str = "") -> Iterator[Fault]:  # noqa: ANN401 - any type msgspec knows
    """What keeps a JSON value from being of a kind, each with its pointer below `at`; nothing when it is.

    Structs, lists and dicts are looked into, field by field; whatever else is wrong inside one field is named
    once, where msgspec stopped.
    """
    if value is not None:
        kind = _without_none(kind)
    if isinstance(value, dict) and _is_struct(kind):
        found = _faults_of_object(value, kind, at)
    elif isinstance(value, dict) and (parts := _parts_of(kind, dict)):
        found = _faults_of_entries(value, parts[0], parts[1], at)
    elif isinstance(value, list) and (parts := _parts_of(kind, list, tuple)):
        found = (f for index, one in enumerate(value) for f in find_faults(one, parts[0], f"{at}/{index}"))
    else:
        found = iter(())
    deeper = tuple(found)
    yield from deeper or _fault_of(value, kind, at)  # what concerns the whole: lengths, __post_init__, tags


def find_nul(value: object, at: str = "") -> Iterator[Fault]:
    """Every string with a NUL character, which PostgreSQL cannot keep."""
    if isinstance(value, str):
        if "\0" in value:
            yield Fault("must not contain the NUL character", pointer=at)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from find_nul(key, at)
            yield from find_nul(one, f"{at}/{escape(key)}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from find_nul(one, f"{at}/{index}")


def escape(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901 §3)."""
    return key.replace("~", "~0").replace("/", "~1")


def _faults_of_object(value: dict[str, object], kind: type[Struct], at: str) -> Iterator[Fault]:
    config = kind.__struct_config__
    hints = get_type_hints(kind, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if name in value:
            yield from find_faults(value[name], hints[field.name], f"{at}/{escape(name)}")
        elif field.required:
            yield Fault("is required", pointer=f"{at}/{escape(name)}")
    if config.forbid_unknown_fields:
        strange = [key for key in value if key not in fields and key != config.tag_field]
        yield from (Fault("is not a known field", pointer=f"{at}/{escape(key)}") for key in strange)


def _faults_of_entries(value: dict[str, object], key_kind: Any, kind: Any, at: str) -> Iterator[Fault]:  # noqa: ANN401 - any types msgspec knows
    for key, one in value.items():
        place = f"{at}/{escape(key)}"
        yield from _fault_of(key, key_kind, place)
        yield from find_faults(one, kind, place)


def _fault_of(value: object, kind: Any, at: str) -> Iterator[Fault]:  # noqa: ANN401 - any type msgspec knows
    try:
        msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        yield to_fault(str(error), at, kind)


def to_fault(message: str, at: str = "", kind: Any = None) -> Fault:  # noqa: ANN401 - any type msgspec knows
    """A message of msgspec's about a kind, with the place it names as a pointer below `at`."""
    place = _PLACE.search(message)
    if place is not None:
        message = message[: place.start()]
        for step in _STEP.finditer(place["path"]):
            if step["index"] == "...":
                break  # below here msgspec does not say which key it was
            at += "/" + (step["index"] or escape(step["name"]))
    if (unknown := _UNKNOWN.match(message)) is not None:
        return Fault("is not a known field", pointer=f"{at}/{escape(unknown[1])}")
    if (missing := _NO_FIELD.match(message)) is not None:
        return Fault("is required", pointer=f"{at}/{escape(missing[1])}")
    return Fault(in_words(message, kind), pointer=at)


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct) and not kind.__struct_config__.array_like


def _without_none(kind: Any) -> Any:  # noqa: ANN401 - any type msgspec knows
    if get_origin(kind) in (Union, UnionType):
        rest = [part for part in get_args(kind) if part not in {NoneType, UnsetType}]
        if len(rest) == 1 and (_is_struct(rest[0]) or _parts_of(rest[0], dict, list, tuple)):
            return rest[0]
    return kind


def _parts_of(kind: Any, *origins: type) -> tuple[Any, ...]:  # noqa: ANN401 - any type msgspec knows
    """What a collection of one of these origins holds; nothing when the kind is no such collection."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    origin, parts = get_origin(kind), get_args(kind)
    if origin not in origins or (origin is tuple and parts[1:] != (Ellipsis,)):
        return ()
    return parts
