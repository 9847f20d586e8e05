"""On-call schedules are watched: hand-offs and gaps are told once, however many tickers there are."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.directory import DeskDirectory
from tickets.application.desk.duty_watch import Gap, HandOff, Seen, Watched, watch
from tickets.application.desk.model import OnCallSchedule
from tickets.application.house import Desks
from tickets.application.notices.duty import Sender, render
from tickets.domain.escalation import Manner, Recipient
from tickets.domain.ticket import Outgoing


class DutyStore(Protocol):
    """What has been told of schedules."""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around `claim` and `save`."""

    async def claim(self, schedules: Sequence[str], revision: int, now: datetime) -> list[tuple[str, Seen]]:
        """Schedules to look at: their instant has come, or the desk was edited since; held by us alone.

        A schedule nobody has looked at yet is one of them: its hand-offs until `now` count as told.
        """

    async def save(
        self, schedule: str, watched: Watched, revision: int, outgoing: Sequence[Outgoing]
    ) -> None:
        """Write what is told now, and what leaves for it."""


class WatchDuty(Struct, frozen=True, kw_only=True):
    """The use case. `sender` is whom notices come from; `left` is told that something must leave."""

    duties: DutyStore
    desks: Desks
    sender: Sender
    new_id: Callable[[], UUID]
    left: Callable[[], object]

    async def __call__(self, now: datetime) -> int:
        """Tell what is owed now; how many hand-offs and gaps that were."""
        desk = await self.desks.current()
        watched = {key: each for key, each in desk.desk.on_call_schedules.items() if _speaks(each)}
        if not watched:
            return 0
        told = 0
        async with self.duties.transaction():
            for key, seen in await self.duties.claim(sorted(watched), desk.revision, now):
                found = watch(watched[key], seen, now)
                outgoing = [
                    page for owed in found.owed for page in self._pages(owed, watched[key], desk, now)
                ]
                await self.duties.save(key, found, desk.revision, outgoing)
                told += len(found.owed)
        if told:
            self.left()
        return told

    def _pages(
        self, owed: HandOff | Gap, schedule: OnCallSchedule, desk: CompiledDesk, now: datetime
    ) -> Iterable[Outgoing]:
        """One notice for each way there is, however many lead to it."""
        ways: dict[tuple[str, str], Manner] = {}
        for recipient in _hearers(owed, schedule, desk, now):
            for leading_there in recipient.ways:
                ways.setdefault(leading_there, recipient.manner)
        for (way, destination), manner in ways.items():
            notice_id = self.new_id()
            yield Outgoing(
                id=notice_id,
                way=way,
                destination=destination,
                body=render(owed, way, destination, notice_id, self.sender, manner, now),
                cause={"schedule": owed.schedule, "since": owed.since.isoformat()},
                created_at=now,
            )


def _speaks(schedule: OnCallSchedule) -> bool:
    return schedule.hand_off_notice or schedule.gap_warning is not None


def _hearers(
    owed: HandOff | Gap, schedule: OnCallSchedule, desk: CompiledDesk, now: datetime
) -> Sequence[Recipient]:
    if isinstance(owed, HandOff):
        texts: tuple[str, ...] = (f"agent:{owed.agent}",)
    else:
        texts = () if schedule.gap_warning is None else schedule.gap_warning.notify
    return DeskDirectory(desk).named(texts, now)
