"""Time passes: whatever became due on a ticket is said, once, in order."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.domain.ticket import Change, Happened, Ticket

BATCH = 100
ASIDE = timedelta(minutes=5)
"""How long a ticket whose turn failed is left alone, so that it cannot hold up the others."""

Failed = Callable[[UUID, Exception], Awaitable[None] | None]


async def pass_time(
    house: House,
    now: datetime,
    failed: Failed,
    batch: int = BATCH,
    outages: tuple[type[Exception], ...] = (),
) -> list[Change]:
    """Bring one batch of due tickets up to `now`; the changes made, none when nothing is due.

    Many may do this at once. A ticket whose turn raises is set aside for `ASIDE` and reported to `failed`;
    the rest of its batch goes on. `outages` are no fault of any ticket: they are raised, and nothing is set
    aside.
    """
    desk = await house.desks.current()
    try:
        return await _turn(house, desk, now, batch)
    except outages:
        raise
    except Exception as error:  # noqa: BLE001 - one bad ticket must not stop time for all
        if batch > 1:
            return await pass_time(house, now, failed, batch // 4 or 1, outages)
        await _set_aside(house, now, error, failed)
        return []


async def _turn(house: House, desk: CompiledDesk, now: datetime, batch: int) -> list[Change]:
    changes = []
    async with house.tickets.transaction():
        for ticket in await house.tickets.claim_due(now, batch):
            verdict = facts.time_passed(ticket, await house.pinned(ticket), now)
            change = house.with_alerts(_moved(ticket, verdict, now), verdict.escalations, desk)
            changes.append(change)
        await house.save(*changes, desk=desk)
    return changes


def _moved(ticket: Ticket, verdict: facts.Verdict, now: datetime) -> Change:
    after = replace(verdict.ticket, epoch=ticket.epoch + 1, updated_at=now)
    return Change(before=ticket, after=after, now=now, happened=verdict.happened)


async def _set_aside(house: House, now: datetime, error: Exception, failed: Failed) -> None:
    async with house.tickets.transaction():
        for ticket in await house.tickets.claim_due(now, 1):
            await house.tickets.set_aside(ticket.id, now + ASIDE)
            if (told := failed(ticket.id, error)) is not None:
                await told


def lateness(happened: Happened) -> float:
    """Seconds between becoming true and being noticed (law 6)."""
    return (happened.detected_at - happened.occurred_at).total_seconds()
