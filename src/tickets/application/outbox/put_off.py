"""A page for somebody in their quiet hours waits for their end, as long as somebody else hears of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.escalate import leaving, who_answer
from tickets.application.outbox.deliver import Claimed
from tickets.application.outbox.give_up import GiveUp, named
from tickets.application.runs.follow import told_instead
from tickets.domain.escalation import Recipient
from tickets.domain.ticket import Alert, Change, Happened, Outgoing, Ticket

LAST_RESORT = "last_resort"
"""What marks, in a row's cause, a page that nobody may make wait."""

LONGEST = timedelta(days=7)
"""Quiet hours that do not end within this are no quiet hours but a mistake: nobody waits for their end."""


class Pages(Protocol):
    """Outbox rows as they are put off."""

    async def heard(self, alert: UUID, beside: UUID, now: datetime) -> bool:
        """Whether another page of this alert has left, or is about to without waiting."""

    async def put_off(self, claimed: Claimed, until: datetime, now: datetime) -> bool:
        """Look at it again at an instant, no attempt spent; False when somebody else has claimed it since."""


def quiet_until(claimed: Claimed, desk: CompiledDesk, now: datetime) -> datetime | None:
    """When the quiet hours end that a page falls into; None when it is to be sent now.

    An urgent ticket's page never waits, nor one that is the last resort.
    """
    if claimed.priority == "urgent" or LAST_RESORT in claimed.cause or claimed.way not in {"email", "pager"}:
        return None
    calendar = desk.paged_in(claimed.destination)
    if calendar is None or calendar.is_open(now):
        return None
    opening = next(iter(calendar.open_periods(now, now + LONGEST)), None)
    return None if opening is None else opening.start


class PutOff(Struct, frozen=True):
    """The use case. When nobody else hears, the fallback is paged at once; when that is nobody, nobody waits.

    `counted` hears of every page that waits.
    """

    give_up: GiveUp
    outbox: Pages
    counted: Callable[[], object]

    async def __call__(self, claimed: Claimed, now: datetime) -> bool:
        """Whether the page waits now (or is another's affair) and must not be sent."""
        house = self.give_up.house
        desk = await house.desks.current()
        until = quiet_until(claimed, desk, now)
        alert_id, ticket_id = named(claimed, "alert"), named(claimed, "ticket")
        if until is None or alert_id is None or ticket_id is None:
            return False
        change: Change | None = None
        async with house.tickets.transaction():
            ticket = await house.tickets.lock(ticket_id)  # before the row (law 3)
            alert = await house.tickets.find_alert(alert_id)
            if ticket is None or alert is None:
                return False
            heard = await self.outbox.heard(alert_id, claimed.id, now)
            others = [] if heard else await self.give_up.others(alert, ticket, claimed, desk, now)
            if not heard and not others:
                return False
            if not await self.outbox.put_off(claimed, until, now):
                return True
            line = _line(claimed, alert, until, [other.name for other in others], now)
            if others:
                change = await self._wake(ticket, alert, others, line, now)
                await house.save(change, desk=desk)
            else:
                await house.tickets.note(ticket_id, line)
        if change is not None:
            house.observer.changed(change)
        self.counted()
        return True

    async def _wake(
        self, ticket: Ticket, alert: Alert, others: list[Recipient], line: Happened, now: datetime
    ) -> Change:
        house = self.give_up.house
        await house.tickets.tell_also(alert.id, [other.name for other in others])
        pages = leaving(alert, ticket, others, house.notices, now, house.new_id)
        after = told_instead(ticket.moved_on(now), alert.run, who_answer(others))
        outgoing = tuple(map(_last_resort, pages))
        return Change(before=ticket, after=after, now=now, happened=(line,), outgoing=outgoing)


def _last_resort(page: Outgoing) -> Outgoing:
    return replace(page, cause=page.cause | {LAST_RESORT: True})


def _line(claimed: Claimed, alert: Alert, until: datetime, instead: list[str], now: datetime) -> Happened:
    data: dict[str, object] = {
        "way": claimed.way,
        "destination": claimed.destination,
        "alert": str(alert.id),
        "until": until,
    }
    if instead:
        data["instead"] = instead
    return Happened(type="page_put_off", actor="outbox", occurred_at=now, detected_at=now, data=data)
