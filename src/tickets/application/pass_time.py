"""Time passes: whatever became due on a ticket is said, once, in order."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.domain.ticket import Change, Happened, Ticket
from tickets.intake.text import storable

BATCH = 400
"""Tickets that share a transaction: of four times as many as a hundred each costs a third less."""

ASIDE = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15))
"""How long a ticket whose turn failed is left alone, so that it cannot hold up the others; the last one again
and again. A change of the ticket by anybody else begins anew."""

Failed = Callable[[UUID, Exception], Awaitable[None] | None]


async def pass_time(
    house: House,
    now: datetime,
    failed: Failed,
    batch: int = BATCH,
    outages: tuple[type[Exception], ...] = (),
) -> list[Change]:
    """Bring one batch of due tickets up to `now`; the changes made, none when nothing is due.

    Many may do this at once. A ticket whose turn raises is set aside, longer each time (`ASIDE`), and told to
    `failed`; the rest of its batch goes on. `outages` are no fault of any ticket: they are raised, and
    nothing is set aside.
    """
    desk = await house.desks.current()
    claimed: list[Ticket] = []
    try:
        return await _turn(house, desk, now, batch, claimed)
    except outages:
        raise
    except Exception as error:
        if batch > 1:
            return await pass_time(house, now, failed, batch // 4 or 1, outages)
        if not claimed:
            raise
        await _set_aside(house, claimed[0], now, error, failed)
        return []


async def _turn(
    house: House, desk: CompiledDesk, now: datetime, batch: int, claimed: list[Ticket]
) -> list[Change]:
    changes = []
    async with house.tickets.transaction():
        claimed += await house.tickets.claim_due(now, batch)
        for ticket in claimed:
            verdict = facts.time_passed(ticket, await house.pinned(ticket), now)
            change = house.with_alerts(_moved(ticket, verdict, now), verdict.escalations, desk)
            changes.append(change)
        await house.save(*changes, desk=desk)
    return changes


def _moved(ticket: Ticket, verdict: facts.Verdict, now: datetime) -> Change:
    return Change(before=ticket, after=verdict.ticket.moved_on(now), now=now, happened=verdict.happened)


async def _set_aside(house: House, failing: Ticket, now: datetime, error: Exception, failed: Failed) -> None:
    """Put a ticket off, unless anybody has done anything to it since.

    Its history tells of the first time, the alarm as long as it lasts.
    """
    async with house.tickets.transaction():
        ticket = await house.tickets.lock(failing.id)
        if ticket is None or ticket.epoch != failing.epoch:
            return
        failures = await house.tickets.failures(ticket) + 1
        until = now + ASIDE[min(failures, len(ASIDE)) - 1]
        reason = storable(repr(error))
        await house.tickets.set_aside(ticket, until, failures, reason)
        if failures == 1:
            await house.tickets.note(ticket.id, _told(ticket, until, reason, now))
        if (told := failed(ticket.id, error)) is not None:
            await told


def _told(ticket: Ticket, until: datetime, reason: str, now: datetime) -> Happened:
    data: dict[str, object] = {"reason": reason, "until": until.isoformat()}
    since = ticket.tick_at or now
    return Happened(type="set_aside", actor="ticker", occurred_at=since, detected_at=now, data=data)


def lateness(happened: Happened) -> float:
    """Seconds between becoming true and being noticed (law 6)."""
    return (happened.detected_at - happened.occurred_at).total_seconds()
