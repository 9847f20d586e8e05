"""What people do with runs: begin one by hand, say "I have it", hand it on, leave it for later, end it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

import sla
from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.domain.errors import NotFound, Refused
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Settled, Ticket

ASLEEP = timedelta(days=7)
"""How long a run may be snoozed: what nobody will hear of for longer is forgotten."""


class Acknowledge(Struct, frozen=True):
    """`by` has it."""


class Unacknowledge(Struct, frozen=True):
    """`by` does not have it after all."""


class TakeOver(Struct, frozen=True):
    """`by` has it, whoever had it before. Whose the ticket is stays as it is."""


class Escalate(Struct, frozen=True):
    """The next level is to hear now."""


class Snooze(Struct, frozen=True):
    """Leave everybody alone until an instant."""

    until: datetime


class Resolve(Struct, frozen=True):
    """What it was about is over."""


Act = Acknowledge | Unacknowledge | TakeOver | Escalate | Snooze | Resolve

_SIGNALS: dict[type[Act], Callable[[datetime, str], sla.RunSignal]] = {
    Acknowledge: sla.RunAcknowledged,
    Unacknowledge: sla.RunUnacknowledged,
    TakeOver: sla.RunTakenOver,
    Escalate: lambda at, _: sla.EscalateNow(at),
    Resolve: lambda at, _: sla.RunResolved(at),
}


class ByHand(Struct, frozen=True):
    """A run to begin by hand; its cause is named after the policy unless it has a name of its own."""

    policy: str
    reason: str
    cause: str | None = None


async def begin_run(
    house: House,
    ticket_id: UUID,
    wanted: ByHand,
    actor: str,
    now: datetime,
    *,
    expected: int | None = None,
    correlation_id: str | None = None,
) -> tuple[Change, sla.Run]:
    """Begin a run by hand; where there is a live one of the same cause, it is that one.

    Raises:
        NotFound: no such ticket, or no such policy.
        Stale: the ticket is not at the expected epoch any more.
        Refused: nobody works on the ticket any more, or it has as many live runs as it may have.
    """
    desk = await house.desks.current()
    terms = desk.run_terms(wanted.policy)
    if terms is None:
        raise NotFound(f"there is no escalation policy {wanted.policy}")
    async with house.tickets.transaction():
        ticket = await house.held(ticket_id, expected)
        if not ticket.working:
            raise Refused(f"the ticket is {ticket.status}; reopen it first")
        moving = await _moving(house, ticket, now, correlation_id)
        following = house.following(moving, desk, actor)
        named = f"manual:{wanted.cause or wanted.policy}"
        if (known := following.live(named)) is not None:
            return Change(before=ticket, after=ticket, now=now), known
        if following.is_full:
            raise Refused("the ticket has too many live runs; resolve some of them first")
        run = following.begin(named, terms, "manual", moving.after.epoch, now, wanted.reason)
        following.follow((), {})
        change = house.followed(following)
        await house.save(change, desk=desk)
    return change, find_run(change.after, UUID(run.id))


async def tell_run(
    house: House,
    ticket_id: UUID,
    run_id: UUID,
    act: Act,
    by: str,
    now: datetime,
    *,
    expected: int | None = None,
    correlation_id: str | None = None,
) -> tuple[Change, sla.Run]:
    """Do something with a run, in the caller's transaction if there is one. What holds already stays so.

    Whoever acknowledges has what the promise it is about pages, too.

    Raises:
        NotFound: no such ticket or run.
        Stale: the ticket is not at the expected epoch any more.
        Refused: it is to be snoozed until an instant that has passed, or for longer than `ASLEEP`.
    """
    desk = await house.desks.current()
    async with house.tickets.transaction():
        ticket = await house.held(ticket_id, expected)
        run = find_run(ticket, run_id)
        if isinstance(act, Snooze) and not now < act.until <= now + ASLEEP:
            raise Refused(f"it can be snoozed until an instant to come, within {ASLEEP.days} days")
        change = await _told(house, desk, ticket, run, _signal(act, now, by), by, now, correlation_id)
        if change.happened or facts.runs_of(change.after) != facts.runs_of(ticket):
            await house.save(change, desk=desk)
            if had_by(run, change.after):
                await house.tickets.acknowledge_alerts(ticket_id, run.metric, by, now)
        else:
            change = Change(before=ticket, after=ticket, now=now)
            if isinstance(act, Acknowledge) and run.state == "acknowledged":  # what its promise paged since
                had = Settled(run_id, "acknowledged", by)
                await house.tickets.settle_alerts(ticket_id, had, now)
    return change, find_run(change.after, run_id)


def find_run(ticket: Ticket, run_id: UUID) -> sla.Run:
    """A run of a ticket. Raises `NotFound`."""
    found = next((run for run in facts.runs_of(ticket) if run.id == str(run_id)), None)
    if found is None:
        raise NotFound(f"ticket {ticket.id} has no run {run_id}")
    return found


def had_by(before: sla.Run, ticket: Ticket) -> bool:
    """Whether somebody has a promise's run now that nobody had before."""
    after = next((run for run in facts.runs_of(ticket) if run.id == before.id), before)
    return before.cause.startswith("sla:") and before.state != "acknowledged" == after.state


def _signal(act: Act, now: datetime, by: str) -> sla.RunSignal:
    return (
        sla.RunSnoozed(now, act.until.astimezone(UTC))
        if isinstance(act, Snooze)
        else _SIGNALS[type(act)](now, by)
    )


async def _told(
    house: House,
    desk: CompiledDesk,
    ticket: Ticket,
    run: sla.Run,
    signal: sla.RunSignal,
    by: str,
    now: datetime,
    correlation_id: str | None,
) -> Change:
    """The change a signal makes: of the run, and, where somebody has it now, of the promise it is about."""
    change = await _moving(house, ticket, now, correlation_id)
    pinned = await house.pinned(ticket)
    outcome = sla.advance(run, signal, now)
    escalations: tuple[Escalation, ...] = ()
    if run.cause.startswith("sla:") and run.state != "acknowledged" == outcome.run.state:
        verdict = facts.acknowledged(ticket, pinned, run.metric, now, now)
        change = replace(change, after=verdict.ticket.moved_on(now), happened=verdict.happened)
        escalations = verdict.escalations
    following = house.following(change, desk, by)
    following.follow(escalations, {run.id: signal})
    return house.followed(following)


async def _moving(house: House, ticket: Ticket, now: datetime, correlation_id: str | None) -> Change:
    await house.pinned(ticket)  # so that its hours are known
    return Change(before=ticket, after=ticket.moved_on(now), now=now, correlation_id=correlation_id)
