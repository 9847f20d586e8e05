"""The desk as rows: one JSON body for each object, versioned by itself."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct

import sla
from tickets.application.desk.kinds import KIND, every_object
from tickets.application.desk.model import Desk
from tickets.errors import CannotStart

Versions = Mapping[tuple[str, str], int]
"""The published version of every object, by kind and key."""


class StoredObject(NamedTuple):
    """A row: `body` is the struct as JSON, its key included; the database gives the version."""

    kind: str
    key: str
    body: bytes
    version: int = 0


class Published(Struct, frozen=True):
    """A desk as stored: tickets pin the versions of policies and calendars they run on."""

    desk: Desk
    versions: Versions


class DeskTooNew(CannotStart):
    """A row of the desk was written by a later release than this one, or by none of ours."""


def to_objects(desk: Desk) -> list[StoredObject]:
    """Every object as a row, in the order of `KINDS`, still without a version."""
    return [StoredObject(kind.name, key, body_of(found)) for kind, key, found in every_object(desk)]


def body_of(found: Struct) -> bytes:
    """One object as JSON: the body of its row and of its REST resource."""
    return msgspec.json.encode(found)


def from_objects(rows: Iterable[StoredObject]) -> Published:
    """The desk that the rows hold.

    Raises:
        DeskTooNew: a kind or a field that this release does not know.
    """
    sections: dict[str, dict[str, Struct]] = {name: {} for name in KIND}
    versions: dict[tuple[str, str], int] = {}
    for kind, key, body, version in rows:
        if kind not in KIND:
            raise DeskTooNew(f"the desk has {kind}/{key}; this release knows no {kind}: start a later one")
        try:
            sections[kind][key] = _decoders[kind].decode(body)
        except (msgspec.MsgspecError, sla.SlaError) as error:
            raise DeskTooNew(f"this release cannot read {kind}/{key} of the desk ({error})") from error
        versions[kind, key] = version
    return Published(msgspec.structs.replace(Desk(), **sections), versions)


_decoders = {name: msgspec.json.Decoder(kind.struct) for name, kind in KIND.items()}
