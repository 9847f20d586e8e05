"""Sees to it that every Alertmanager of the desk is told: at once what has moved, and again everything."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from msgspec.structs import replace

from tickets.application.outbox.alertmanager import LATE, Last, Pass, due

PULSE = timedelta(milliseconds=500)
"""How often is looked whether anything has moved: an Alertmanager itself waits longer (`group_wait`)."""


class Passes(Protocol):
    """The rows that tell Alertmanagers."""

    async def last(self, key: str, now: datetime) -> Last | None:
        """The last pass of an Alertmanager."""

    async def moved(self, since: datetime) -> str:
        """A sum over what has moved since: another one when something more has."""

    async def arm(self, key: str, wanted: Pass, last: Last | None) -> bool:
        """Let a pass leave; False when somebody else has been there since `last` was read."""


class TellAlertmanagers:
    """Any number may run: a pass is armed once. The outbox sends it like anything else that leaves."""

    def __init__(
        self,
        passes: Passes,
        keys: Callable[[], Awaitable[Mapping[str, object]]],
        clock: Callable[[], datetime],
        left: Callable[[], object],
    ) -> None:
        self.passes = passes
        self.keys = keys
        self.clock = clock
        self.left = left

    async def round(self) -> None:
        """Look once, then rest."""
        await self.look()
        await asyncio.sleep(PULSE.total_seconds())

    async def look(self) -> int:
        """Arm whatever pass is due; how many."""
        armed = 0
        for key in await self.keys():
            armed += await self._arm(key, self.clock())
        if armed:
            self.left()
        return armed

    async def _arm(self, key: str, now: datetime) -> bool:
        last = await self.passes.last(key, now)
        wanted = due(last, now)
        if wanted is None:
            return False
        moved = await self.passes.moved(wanted.since or now - LATE)
        if wanted.since is not None and last is not None and moved == last.body.moved:
            return False
        return await self.passes.arm(key, replace(wanted, moved=moved), last)
