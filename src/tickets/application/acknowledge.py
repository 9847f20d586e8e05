"""Somebody has an alert: its repeats stop."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tickets.application import facts
from tickets.application.house import House
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Change, Happened


async def acknowledge(house: House, alert_id: UUID, by: str, now: datetime) -> None:
    """Acknowledge an alert and with it every open one of the same promise. Doing it twice changes nothing.

    Raises:
        NotFound: there is no such alert.
    """
    desk = await house.desks.current()
    async with house.tickets.transaction():
        found = await house.tickets.find_alert(alert_id)
        if found is None:
            raise NotFound(f"there is no alert {alert_id}")
        ticket_id, metric = found.ticket_id, found.metric
        ticket = await house.tickets.lock(ticket_id)
        found = await house.tickets.find_alert(alert_id)  # again: whoever held the ticket may have had it
        if ticket is None or found is None or found.state != "open":
            return
        verdict = (
            facts.Verdict(ticket, (), ())  # the promises know nothing of it, and it is never repeated
            if metric == facts.ROUTING
            else facts.acknowledged(ticket, await house.pinned(ticket), metric, now, now)
        )
        noted = Happened(
            type="alert_acknowledged",
            actor=by,
            occurred_at=now,
            detected_at=now,
            data={"alert": str(alert_id), "metric": metric},
        )
        after = replace(verdict.ticket, epoch=ticket.epoch + 1, updated_at=now)
        change = Change(before=ticket, after=after, now=now, happened=(noted, *verdict.happened))
        change = house.with_alerts(change, verdict.escalations, desk)
        await house.save(change, desk=desk)
        await house.tickets.acknowledge_alerts(ticket_id, metric, by, now)
    house.observer.changed(change)
