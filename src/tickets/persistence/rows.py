"""From a row to a struct, by position: the column list comes from the struct, so neither can drift."""

from collections.abc import Callable, Iterable
from inspect import signature
from types import NoneType, UnionType
from typing import Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)
_COLLECTIONS = (list, tuple, set, frozenset, dict)


class Rows(Generic[T]):
    """Reads rows of one statement as structs of one kind.

    `columns` is the SELECT or RETURNING list: the struct's fields in order. Fields whose type is a struct,
    a dict, a union or a collection may come from a `jsonb` column (decoded and checked by msgspec); a
    collection may also come from an SQL array. `msgspec.Raw` keeps JSON as it is, to be passed on unread.
    All other values are taken as PostgreSQL gave them.
    """

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        self.fields: tuple[str, ...] = kind.__struct_fields__
        self.columns = ", ".join(self.fields)
        hints = get_type_hints(kind, include_extras=True)
        found = ((index, _reader(hints[name])) for index, name in enumerate(self.fields))
        self._make = _by_position(kind)
        self._readers = [(index, reader) for index, reader in found if reader is not None]

    def of(self, alias: str) -> str:
        """The column list with a table alias before each name: `t.id, t.subject`."""
        return ", ".join(f"{alias}.{name}" for name in self.fields)

    def one(self, row: Iterable[object]) -> T:
        """The struct of one row. Raises `msgspec.ValidationError` when its JSON is not what the type says."""
        if not self._readers:
            return self._make(*row)
        values = list(row)
        for index, read in self._readers:
            if (value := values[index]) is not None:
                values[index] = read(value)
        return self._make(*values)

    def optional(self, row: Iterable[object] | None) -> T | None:
        """The struct of a row that may not be there."""
        return None if row is None else self.one(row)

    def all(self, rows: Iterable[Iterable[object]]) -> list[T]:
        """The structs of all rows."""
        if self._readers:
            return [self.one(row) for row in rows]
        make = self._make
        return [make(*row) for row in rows]


def _by_position(kind: type[T]) -> Callable[..., T]:
    """Makes the struct of its fields in order, also when it wants them by name."""
    parameters = signature(kind).parameters.values()
    if all(parameter.kind is not parameter.KEYWORD_ONLY for parameter in parameters):
        return kind
    names = kind.__struct_fields__
    return lambda *values: kind(**dict(zip(names, values, strict=True)))


def _reader(hint: object) -> Callable[[object], object] | None:
    """How a column of this type is read, None when its value can be taken as it is."""
    parts = _alternatives(hint)
    if parts == [msgspec.Raw]:
        return lambda value: msgspec.Raw(value) if isinstance(value, bytes) else value
    if not any(_is_structured(part) for part in parts):
        return None
    decode = msgspec.json.Decoder(hint).decode

    def read(value: object) -> object:
        if isinstance(value, bytes):
            return decode(value)
        return msgspec.convert(value, hint) if isinstance(value, list) else value

    return read


def _alternatives(hint: object) -> list[object]:
    if get_origin(hint) in (Union, UnionType):
        return [part for part in get_args(hint) if part is not NoneType]
    return [hint]


def _is_structured(hint: object) -> bool:
    if hint is object:
        return True
    origin = get_origin(hint) or hint
    return isinstance(origin, type) and (issubclass(origin, Struct) or origin in _COLLECTIONS)
