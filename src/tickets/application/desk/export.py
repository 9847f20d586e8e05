"""A desk becomes a file again: what `check` reads from it is the same desk."""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from tickets.application.desk.kinds import KINDS, Kind, objects_of
from tickets.application.desk.model import Desk

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_WIDTH = 110


def export(desk: Desk) -> str:
    """The whole desk as YAML text: every kind, without what holds by default, without what is computed.

    It has no secrets, for a desk has none.
    """
    tree = {kind.name: _section(desk, kind) for kind in KINDS if objects_of(desk, kind) or not kind.single}
    return str(yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH))


def tree_of(value: object) -> Any:  # noqa: ANN401 - a JSON value
    """The value as plain JSON values, every field of every struct written out."""
    if isinstance(value, Struct):
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        return {wire: tree_of(getattr(value, name)) for name, wire in names}
    if isinstance(value, tuple | list):
        return [tree_of(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): tree_of(item) for key, item in value.items()}
    return msgspec.to_builtins(value)


def _section(desk: Desk, kind: Kind) -> dict[str, object]:
    inherited = {name: getattr(desk, name) for name in kind.inherited}
    skipped = kind.computed | {"key"}
    bodies = {
        key: {name: part for name, part in _brief(found, inherited).items() if name not in skipped}
        for key, found in objects_of(desk, kind).items()
    }
    if kind.single:
        return next(iter(bodies.values()))
    return dict(bodies)


def _brief(value: Struct, inherited: Mapping[str, object]) -> dict[str, object]:
    """A struct without the fields that say what holds anyway."""
    brief: dict[str, object] = {}
    for field in msgspec.structs.fields(value):
        part = getattr(value, field.name)
        if field.required or part != inherited.get(field.name, _default(field)):
            brief[field.encode_name] = _brief_tree(part)
    return brief


def _brief_tree(value: object) -> object:
    if isinstance(value, Struct):
        return _brief(value, {})
    if isinstance(value, tuple | list):
        return [_brief_tree(item) for item in value]
    return tree_of(value)


def _default(field: msgspec.structs.FieldInfo) -> object:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


class _Dumper(_DUMPER):  # type: ignore[misc,valid-type]
    """Lists without fields in them stand on one line; nothing is written as an alias."""

    def ignore_aliases(self, _data: object) -> bool:
        """Write every value out."""
        return True


def _list(dumper: Any, items: list[object]) -> Any:  # noqa: ANN401 - PyYAML's own types differ by parser
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=not _has_fields(items))


def _has_fields(items: list[object]) -> bool:
    return any(isinstance(item, dict) or (isinstance(item, list) and _has_fields(item)) for item in items)


_Dumper.add_representer(list, _list)
