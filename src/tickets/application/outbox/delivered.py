"""A reply has left, or a page is withdrawn: its ticket's history says so, in the row's transaction."""

from datetime import datetime

from msgspec import Struct

from tickets.application.house import House
from tickets.application.outbox.deliver import Claimed, Outbox, Settled, Withdrawn
from tickets.application.outbox.give_up import named
from tickets.domain.ticket import Happened

_TOLD = ("message", "receipt")


class Delivered(Struct, frozen=True):
    """Settles a row. The ticket stays at its epoch: an agent who replied need not read it again to go on."""

    house: House
    outbox: Outbox

    async def __call__(self, claimed: Claimed, verdict: Settled | Withdrawn, now: datetime) -> bool:
        """Write the verdict, and the line; False when somebody else has claimed the row since."""
        withdrawn = isinstance(verdict, Withdrawn)
        names = ("alert",) if withdrawn else _TOLD
        told = {name: claimed.cause[name] for name in names if name in claimed.cause}
        if isinstance(verdict, Withdrawn):
            told["reason"] = verdict.reason
        ticket = named(claimed, "ticket") if told else None
        if ticket is None:
            return await self.outbox.conclude(claimed, verdict, now)
        data = {"way": claimed.way, "destination": claimed.destination, "attempts": claimed.attempts, **told}
        event = "page_withdrawn" if withdrawn else "delivered"
        line = Happened(type=event, actor="outbox", occurred_at=now, detected_at=now, data=data)
        async with self.house.tickets.transaction():
            held = await self.house.tickets.lock(ticket)  # before the row (law 3)
            if not await self.outbox.conclude(claimed, verdict, now):
                return False
            if held is not None:
                await self.house.tickets.note(ticket, line)
        return True
