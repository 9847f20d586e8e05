"""Too many pages for one person within the hour: the rest are gathered in one digest, and none is dropped.

Webhooks lead to programs, which are told everything at once and do their own gathering.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.notices.digest import Digests, Gathered
from tickets.application.outbox.deliver import Claimed, Withdrawn
from tickets.application.outbox.give_up import named
from tickets.domain.escalation import Manner
from tickets.domain.ticket import Happened

ALONE = "alone"
"""What marks, in a row's cause, a page whose digest could not leave: it is not gathered again."""


class Pages(Protocol):
    """Outbox rows as they are gathered."""

    async def full_until(self, claimed: Claimed, most: int, now: datetime) -> datetime | None:
        """When the hour is over in which this destination had `most` pages; None when it had fewer."""

    async def gather(self, claimed: Claimed, digest: UUID, until: datetime, now: datetime) -> bool:
        """Put a page into the digest that leaves at an instant; False when another has claimed it since."""

    async def gathered(self, digest: UUID) -> Sequence[Gathered]:
        """What is in a digest, oldest first."""

    async def write(self, claimed: Claimed, body: bytes) -> bool:
        """Keep the bytes of a digest, the same for every attempt; False when another has claimed it."""


class Gather(Struct, frozen=True):
    """The use case: asked before a page is sent, to `compose` before a digest is. `counted` hears of each."""

    house: House
    outbox: Pages
    digests: Digests
    counted: Callable[[], object]

    async def __call__(self, claimed: Claimed, now: datetime) -> bool:
        """Whether a page is in a digest now (or another's affair) and must not be sent."""
        if ALONE in claimed.cause or claimed.way == "webhook":
            return False
        desk = await self.house.desks.current()
        until = await self.outbox.full_until(claimed, desk.desk.pages_an_hour, now)
        ticket_id = named(claimed, "ticket")
        if until is None or ticket_id is None:
            return False
        line = Happened(
            type="page_gathered",
            actor="outbox",
            occurred_at=now,
            detected_at=now,
            data={
                "way": claimed.way,
                "destination": claimed.destination,
                "alert": claimed.cause["alert"],
                "until": until,
            },
        )
        async with self.house.tickets.transaction():
            held = await self.house.tickets.lock(ticket_id)  # before the row (law 3)
            if await self.outbox.gather(claimed, self.house.new_id(), until, now) and held is not None:
                await self.house.tickets.note(ticket_id, line)
        self.counted()
        return True

    async def compose(self, claimed: Claimed, now: datetime) -> Claimed | Withdrawn:
        """A digest with its bytes, made when it is first claimed; withdrawn when all in it is over."""
        if claimed.body:
            return claimed  # the same bytes in every attempt
        desk = await self.house.desks.current()
        gathered = await self.outbox.gathered(claimed.id)
        body = self.digests.render(
            claimed.way,
            claimed.destination,
            claimed.id,
            gathered,
            _manner(claimed, desk),
            desk.desk.pages_an_hour,
            now,
        )
        if body is None:
            return Withdrawn("every alert in it is over")
        await self.outbox.write(claimed, body)
        return replace(claimed, body=body)


def _manner(claimed: Claimed, desk: CompiledDesk) -> Manner:
    """How to speak to whoever gets the digest."""
    agent = desk.agent_at(claimed.destination)
    languages = () if agent is None else agent.languages
    return Manner((*languages, desk.desk.language), desk.desk.timezone)
