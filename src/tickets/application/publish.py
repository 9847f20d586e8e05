"""The desk changes: as a whole file, or one object at a time; every version is kept."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from tickets.application.desk.check import Checked, check, put_object, remove_object
from tickets.application.desk.fault import Fault
from tickets.application.desk.model import Desk
from tickets.application.desk.plan import Change, diff
from tickets.application.desk.stored import Published
from tickets.application.house import Desks
from tickets.application.ports import Superseded


class DeskStore(Desks, Protocol):
    """Where the desk is kept."""

    async def published(self) -> tuple[int, Published]:
        """The revision, and the desk at it."""

    async def publish(self, changes: Sequence[Change], revision: int, now: datetime) -> int:
        """Write changes as new versions; the revision after. Raises `Superseded` when it has moved."""


class Publication(Struct, frozen=True):
    """What an edit of the desk comes to, and what will work though hardly as meant."""

    changes: tuple[Change, ...]
    warnings: tuple[Fault, ...]


async def apply_file(desks: DeskStore, text: str, now: datetime, *, dry_run: bool = False) -> Publication:
    """Make the desk what a file says. Raises `InvalidDesk` with every fault; then nothing is changed."""
    return await _edit(desks, lambda current: check(text, current), now, dry_run=dry_run)


async def put(desks: DeskStore, kind: str, key: str, body: bytes, now: datetime) -> Publication:
    """Publish one object. Raises `UnknownObject` and `InvalidDesk`."""
    return await _edit(desks, lambda current: put_object(current, kind, key, body), now)


async def amend(
    desks: DeskStore, kind: str, key: str, amended: Callable[[Desk], object], now: datetime
) -> Publication:
    """Publish one object as `amended` makes it of the desk there is. Raises as `put` and `amended` do."""
    return await _edit(
        desks, lambda current: put_object(current, kind, key, msgspec.json.encode(amended(current))), now
    )


async def remove(desks: DeskStore, kind: str, key: str, now: datetime) -> Publication:
    """Retire one object. Raises `UnknownObject`, and `StillNamed` while others refer to it."""
    return await _edit(desks, lambda current: remove_object(current, kind, key), now)


async def _edit(
    desks: DeskStore, decide: Callable[[Desk], Checked], now: datetime, *, dry_run: bool = False
) -> Publication:
    while True:
        revision, published = await desks.published()
        checked = decide(published.desk)
        changes = diff(published.desk, checked.desk)
        if changes and not dry_run:
            try:
                await desks.publish(changes, revision, now)
            except Superseded:  # another edit came first: decide on the desk it left
                continue
        return Publication(tuple(changes), checked.warnings)
