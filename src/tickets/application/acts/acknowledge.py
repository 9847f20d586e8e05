"""Somebody has an alert: its repeats stop."""

from datetime import datetime
from uuid import UUID

from tickets.application import facts
from tickets.application.acts.runs import Acknowledge, tell_run
from tickets.application.house import House
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Alert, Change, Happened, Ticket


async def acknowledge(house: House, alert_id: UUID, by: str, now: datetime) -> None:
    """Acknowledge an alert, and its run, or every open one of the same promise. Twice changes nothing.

    Raises:
        NotFound: there is no such alert.
    """
    async with house.tickets.transaction():
        found = await house.tickets.find_alert(alert_id)
        if found is None:
            raise NotFound(f"there is no alert {alert_id}")
        ticket = await house.tickets.lock(found.ticket_id)
        found = await house.tickets.find_alert(alert_id)  # again: whoever held the ticket may have had it
        if ticket is None or found is None or found.state != "open":
            return
        run = _run_of(found, ticket)
        if run is not None:
            change, _ = await tell_run(house, ticket.id, run, Acknowledge(), by, now)
        else:
            change = await _acknowledged(house, ticket, found, by, now)
    house.observer.changed(change)


def _run_of(alert: Alert, ticket: Ticket) -> UUID | None:
    """The live run that an alert belongs to: that it is a page of, or that began later with its promise."""
    for run in facts.runs_of(ticket):
        if run.is_live and (run.id == str(alert.run) or run.cause == f"sla:{alert.metric}:{alert.cycle}"):
            return UUID(run.id)
    return None


async def _acknowledged(house: House, ticket: Ticket, alert: Alert, by: str, now: datetime) -> Change:
    desk = await house.desks.current()
    promised = alert.metric in {clock.metric for clock in facts.clocks_of(ticket)}
    verdict = (
        facts.acknowledged(ticket, await house.pinned(ticket), alert.metric, now, now)
        if promised
        else facts.Verdict(ticket, (), ())  # the promises know nothing of it, and it is never repeated
    )
    noted = Happened(
        type="alert_acknowledged",
        actor=by,
        occurred_at=now,
        detected_at=now,
        data={"alert": str(alert.id), "metric": alert.metric},
    )
    after = verdict.ticket.moved_on(now)
    change = Change(before=ticket, after=after, now=now, happened=(noted, *verdict.happened))
    change = house.with_alerts(change, verdict.escalations, desk)
    await house.save(change, desk=desk)
    await house.tickets.acknowledge_alerts(ticket.id, alert.metric, by, now)
    return change
