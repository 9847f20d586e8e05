"""Something could not leave: its ticket says so, and whoever comes next hears of its alert (law 15)."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.directory import DeskDirectory
from tickets.application.escalate import leaving, who_answer
from tickets.application.house import House
from tickets.application.outbox.deliver import DIGEST, Claimed, Dead, Outbox
from tickets.application.runs.follow import told_instead
from tickets.domain.escalation import Recipient
from tickets.domain.ticket import Alert, Change, Happened, Outgoing, Ticket
from tickets.intake.text import storable


class Pages(Outbox, Protocol):
    """Outbox rows as they are given up."""

    async def scatter(self, digest: UUID, now: datetime) -> None:
        """A digest could not leave: every page in it tries by itself, and is given up by itself."""

    async def reaches(self, alert: UUID) -> bool:
        """Whether a page of this alert has left, or still may."""


class GiveUp(Struct, frozen=True):
    """The use case, a `Bury`: row, history and what leaves instead are written in one transaction."""

    house: House
    outbox: Pages

    async def __call__(self, claimed: Claimed, verdict: Dead, now: datetime) -> bool:
        """Give a row up; False when somebody else has claimed it since."""
        desk = await self.house.desks.current()
        change: Change | None = None
        async with self.house.tickets.transaction():
            ticket = await self._ticket(claimed)  # before the row (law 3)
            if not await self.outbox.conclude(claimed, verdict, now):
                return False
            if DIGEST in claimed.cause:
                await self.outbox.scatter(claimed.id, now)
            if ticket is not None:
                change = await self._change(ticket, claimed, verdict, desk, now)
                await self.house.save(change, desk=desk)
        if change is not None:
            self.house.observer.changed(change)
        return True

    async def _ticket(self, claimed: Claimed) -> Ticket | None:
        if "event" in claimed.cause:
            return None  # no event of the ticket: whoever hears of events would never hear the last of it
        ticket = named(claimed, "ticket")  # none: of a digest, whose pages go on alone
        return None if ticket is None else await self.house.tickets.lock(ticket)

    async def _change(
        self, ticket: Ticket, claimed: Claimed, verdict: Dead, desk: CompiledDesk, now: datetime
    ) -> Change:
        data: dict[str, object] = {
            "way": claimed.way,
            "destination": claimed.destination,
            "attempts": claimed.attempts,
            "reason": storable(verdict.reason),
        }
        outgoing: tuple[Outgoing, ...] = ()
        after = ticket.moved_on(now)
        if (alert := await self._open_alert(claimed)) is not None:
            others = await self.others(alert, ticket, claimed, desk, now)
            names = [other.name for other in others]
            await self.house.tickets.tell_also(alert.id, names)
            outgoing = tuple(leaving(alert, ticket, others, self.house.notices, now, self.house.new_id))
            after = told_instead(after, alert.run, who_answer(others))
            data |= {"alert": str(alert.id), "instead": names}
            if not others and not await self.outbox.reaches(alert.id):
                data["unheard"] = True
        event = "page_expired" if verdict.expired else "delivery_dead"
        died = Happened(type=event, actor="outbox", occurred_at=now, detected_at=now, data=data)
        return Change(before=ticket, after=after, now=now, happened=(died,), outgoing=outgoing)

    async def _open_alert(self, claimed: Claimed) -> Alert | None:
        """The alert a row carried, unless somebody has it already."""
        told = named(claimed, "alert")
        alert = None if told is None else await self.house.tickets.find_alert(told)
        return alert if alert is not None and alert.state == "open" else None

    async def others(
        self, alert: Alert, ticket: Ticket, claimed: Claimed, desk: CompiledDesk, now: datetime
    ) -> list[Recipient]:
        """The fallback of the escalation policy, as far as it has not been told and can be."""
        policy = facts.escalation_policy(await self.house.pinned(ticket), alert.metric)
        runs = facts.runs_of(ticket) if alert.run else ()
        pinned = next((run.terms.fallback for run in runs if run.id == str(alert.run)), ())
        dead = (claimed.way, claimed.destination)
        return [
            other
            for other in DeskDirectory(desk).fallback(policy, ticket, now, pinned)
            if other.name not in alert.recipients and other.ways and dead not in other.ways
        ]


def named(claimed: Claimed, what: str) -> UUID | None:
    """An id that the row's cause names."""
    try:
        return UUID(str(claimed.cause.get(what)))
    except ValueError:
        return None
