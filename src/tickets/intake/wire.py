"""JSON objects into structs, with every fault at once (msgspec alone stops at the first)."""

from collections.abc import Mapping
from typing import TypeVar, get_args, get_origin

import msgspec

from tickets.intake.unreadable import Fault, Unreadable, pointer

T = TypeVar("T", bound=msgspec.Struct)


def decode_object(body: bytes) -> dict[str, object]:
    """The JSON object in `body`.

    Raises:
        Unreadable: no JSON, or JSON of another type.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Unreadable([Fault("", f"not JSON: {error}")]) from error
    if not isinstance(value, dict):
        raise Unreadable([Fault("", "a JSON object is expected")])
    return value


def convert_object(value: Mapping[str, object], into: type[T]) -> T:
    """`value` as the struct `into`.

    Raises:
        Unreadable: with a fault for every missing, unknown or wrong field.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(into)}
    faults = [Fault(pointer(name), "no such field") for name in value if name not in fields]
    converted: dict[str, object] = {}
    for name, field in fields.items():
        if name in value:
            try:
                converted[field.name] = msgspec.convert(value[name], field.type)
            except (msgspec.ValidationError, OverflowError) as error:
                faults += _below(value[name], field.type, name) or [Fault(pointer(name), str(error))]
        elif field.required:
            faults.append(Fault(pointer(name), "is required"))
    if faults:
        raise Unreadable(faults)
    return into(**converted)


def _below(value: object, kind: object, name: str) -> list[Fault]:
    """The faults of the values of an object, each at its own key; none when `kind` is no `dict`."""
    if not isinstance(value, Mapping) or get_origin(kind) is not dict:
        return []
    faults = []
    for key, one in value.items():
        try:
            msgspec.convert(one, get_args(kind)[1])
        except (msgspec.ValidationError, OverflowError) as error:
            faults.append(Fault(pointer(name, key), str(error)))
    return faults


def refuse_nul(value: object, *steps: str | int) -> list[Fault]:
    """A fault for every text with a NUL character or half a surrogate pair; the database takes neither.

    Looks into an object and the objects in it: no field takes deeper ones, so their types refuse them.
    """
    if isinstance(value, str):
        if "\0" in value:
            return [Fault(pointer(*steps), "NUL characters are not text")]
        if any("\ud800" <= character <= "\udfff" for character in value):
            return [Fault(pointer(*steps), "half a surrogate pair is not text")]
        return []
    if isinstance(value, Mapping) and len(steps) <= 1:
        keys = [fault for key in value for fault in refuse_nul(key, *steps)]
        return keys + [fault for key, item in value.items() for fault in refuse_nul(item, *steps, str(key))]
    return []
