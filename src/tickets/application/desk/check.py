"""A desk is read whole or refused whole, with every fault: from a file, or one object at a time over REST."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tickets.application.desk.calendars import NamedCalendar, event_holidays, public_holidays
from tickets.application.desk.fault import Fault, Faults, InvalidDesk, StillNamed
from tickets.application.desk.forms import check_forms
from tickets.application.desk.kinds import KIND, KINDS, Kind, objects_of
from tickets.application.desk.message_accounts import check_message_accounts
from tickets.application.desk.model import SETTINGS, Desk, Settings
from tickets.application.desk.reading import UNREADABLE, Reader
from tickets.application.desk.references import check_references
from tickets.application.desk.values import check_key, check_values
from tickets.application.desk.warnings import warnings_of
from tickets.application.desk.yaml_file import Document, read_yaml
from tickets.domain.words import composed
from tickets.intake.unreadable import pointer

T = TypeVar("T")

EMPTY = Desk()


class Checked(Struct, frozen=True):
    """A desk without faults. `warnings` are what will work, though hardly as meant."""

    desk: Desk
    warnings: tuple[Fault, ...] = ()


class UnknownObject(LookupError):  # noqa: N818  # a condition, not a bug
    """The desk has no such kind, or no object of that kind under that key."""


def check(text: str, current: Desk = EMPTY) -> Checked:
    """The desk that a file wants.

    A section that is in the file is all there is of its kind: what it leaves out is retired. A section that
    is not in the file stays as it is in `current`.

    Raises:
        InvalidDesk: every fault, in the order of the file.
    """
    document = read_yaml(text)
    if not isinstance(document.tree, dict) or not document.tree:
        raise InvalidDesk([Fault("", "a desk file has sections such as teams: and agents:", 1, 1)])
    faults = Faults()
    for name in document.tree.keys() - KIND.keys():
        faults.unknown(pointer(name), "section", name, KIND)
    desk = _merged(current, document.tree, faults, text=True)
    if faults.found or document.faults:
        placed = [*document.faults, *(_placed(fault, document) for fault in faults.found)]
        raise InvalidDesk(sorted(placed, key=lambda fault: (fault.line, fault.column, fault.pointer)))
    return Checked(desk, tuple(_placed(warning, document) for warning in warnings_of(desk)))


def put_object(current: Desk, kind: str, key: str, body: bytes) -> Checked:
    """The desk with one object new or replaced, given as JSON; its key may be left out.

    Raises:
        UnknownObject: there is no such kind, or this is not the key of its one object.
        InvalidDesk: every fault; pointers lead into the body.
    """
    row = _kind(kind)
    if row.single and key != SETTINGS:
        raise UnknownObject(f"there is no {row.noun} {key!r}")
    try:
        tree = _composed(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidDesk([Fault("", f"not JSON: {error}")]) from error
    faults = Faults()
    section = {name: _Kept(found) for name, found in objects_of(current, row).items()} | {key: tree}
    desk = _merged(current, {kind: tree if row.single else section}, faults, text=False)
    if faults.found:
        home = pointer(kind) if row.single else pointer(kind, key)
        raise InvalidDesk(_inside(fault, home) for fault in faults.found)
    return Checked(desk, tuple(warnings_of(desk)))


def _composed(tree: object) -> object:
    """A tree whose texts compare equal however their accents are written."""
    match tree:
        case str():
            return composed(tree)
        case list():
            return [_composed(one) for one in tree]
        case dict():
            return {composed(key): _composed(one) for key, one in tree.items()}
        case _:
            return tree


def remove_object(current: Desk, kind: str, key: str) -> Checked:
    """The desk without one object.

    Raises:
        UnknownObject: there is no such kind or object.
        StillNamed: something refers to it.
    """
    row = _kind(kind)
    section = dict(objects_of(current, row))
    if section.pop(key, None) is None:
        raise UnknownObject(f"there is no {row.noun} {key!r}")
    desk = replace(current, **{kind: section})
    faults = Faults()
    check_references(desk, _declared(desk), faults)
    if faults.found:
        raise StillNamed(faults.found)
    return Checked(desk, tuple(warnings_of(desk)))


class _Kept(Struct, frozen=True):
    """An object that is already read and checked, among others that still are trees."""

    found: Struct


def _merged(current: Desk, tree: Mapping[str, object], faults: Faults, *, text: bool) -> Desk:
    """`current` with the sections of `tree` in place of its own, checked as a whole."""
    reader = Reader(faults, text=text)
    declared = _declared(current)
    sections: dict[str, dict[str, Struct]] = {}
    settings = current.settings.get(SETTINGS, Settings())
    for kind in KINDS:
        if kind.name not in tree:
            continue
        section = tree[kind.name] if not kind.single else {SETTINGS: tree[kind.name]}
        if not isinstance(section, dict | None):
            faults.add(pointer(kind.name), f"expected keys, each with its {kind.noun}")
            continue
        section = section or {}
        declared[kind.name] = frozenset(section)
        sections[kind.name] = {
            key: found
            for key, entry in section.items()
            if (found := _read(kind, key, entry, settings, reader, faults)) is not None
        }
        settings = _as(Settings, sections.get("settings", {}).get(SETTINGS)) or settings
    desk = replace(current, **sections)
    check_references(desk, declared, faults)
    check_values(desk, faults)
    check_forms(desk, faults)
    check_message_accounts(desk, faults)
    return desk


def _read(
    kind: Kind, key: str, entry: object, settings: Settings, reader: Reader, faults: Faults
) -> Struct | None:
    """One object, or None when it has faults of its own."""
    if isinstance(entry, _Kept):
        return entry.found
    at = pointer(kind.name) if kind.single else pointer(kind.name, key)
    check_key(key, at, faults)
    if isinstance(entry, dict | None):
        if (entry or {}).get("key", key) != key:
            faults.add(at + "/key", f"it stands under the key {key!r}; leave this out")
        inherited = {name: getattr(settings, name) for name in kind.inherited}
        given = {name: value for name, value in (entry or {}).items() if name not in kind.computed}
        entry = {**inherited, **given, "key": key}
    found = reader.struct(kind.struct, entry, at)
    if isinstance(found, NamedCalendar):
        return _with_holidays(found, at, faults)
    return found if isinstance(found, Struct) and found is not UNREADABLE else None


def _with_holidays(calendar: NamedCalendar, at: str, faults: Faults) -> NamedCalendar:
    found: dict[str, tuple[str, ...]] = {}
    try:
        found["public_holidays"] = public_holidays(calendar.holidays_of)
    except ValueError as error:
        faults.add(f"{at}/holidays_of", str(error))
    try:
        found["event_holidays"] = event_holidays(calendar.icalendar)
    except ValueError as error:
        faults.add(f"{at}/icalendar", str(error))
    return replace(calendar, **found)


def _declared(desk: Desk) -> dict[str, frozenset[str]]:
    return {kind.name: frozenset(objects_of(desk, kind)) for kind in KINDS}


def _kind(name: str) -> Kind:
    if name not in KIND:
        raise UnknownObject(f"a desk has no {name!r}; it has {', '.join(KIND)}")
    return KIND[name]


def _placed(fault: Fault, document: Document) -> Fault:
    mark = document.place(fault.pointer)
    return replace(fault, line=mark.line, column=mark.column)


def _inside(fault: Fault, home: str) -> Fault:
    """The fault as seen from the body that is to stand at `home`."""
    if fault.pointer == home or fault.pointer.startswith(home + "/"):
        return replace(fault, pointer=fault.pointer.removeprefix(home))
    return Fault("", f"{fault.pointer.lstrip('/')}: {fault.message}")


def _as(kind: type[T], found: object) -> T | None:
    return found if isinstance(found, kind) else None
