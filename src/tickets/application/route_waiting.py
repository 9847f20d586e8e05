"""The router's round: waiting tickets, most urgent first, to agents who can take them."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tickets.application import facts
from tickets.application.change import Assign, decide
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.facts import Placement
from tickets.application.house import House
from tickets.application.ports import Load
from tickets.domain.ticket import Change, Happened, Ticket

BATCH = 200


async def route_waiting(house: House, now: datetime, *, everyone: bool, batch: int = BATCH) -> list[Change]:
    """Go through the tickets that wait; the changes made.

    `everyone` looks at all of them (an agent came, capacity came free, the desk changed), otherwise only at
    those whose next relaxation step has come. Many may do this at once: each ticket is looked at by one, and
    an agent's capacity is taken only where it still fits (law 11).
    """
    desk = await house.desks.current()
    changes: list[Change] = []
    after: tuple[datetime, UUID] | None = None
    while True:
        async with house.tickets.transaction():
            waiting = await house.tickets.claim_waiting(now, batch, after, everyone=everyone)
            if waiting:
                changes += await _round(house, desk, [ticket for _, ticket in waiting], now)
        if len(waiting) < batch:
            return changes
        wanted_by, last = waiting[-1]
        after = wanted_by, last.id


async def _round(house: House, desk: CompiledDesk, waiting: list[Ticket], now: datetime) -> list[Change]:
    states = await house.tickets.agent_states()
    placements = facts.place(waiting, desk, states, now)
    by_id = {str(ticket.id): ticket for ticket in waiting}
    took = await _take(house, desk, placements, by_id, now)
    changes = []
    for placement in placements:
        ticket = by_id[placement.ticket]
        if placement.agent is None:
            change = _still_waiting(ticket, placement, now)
        elif placement.agent in took:
            change = await assigned(house, desk, ticket, placement, "router", now)
        else:
            continue  # somebody else was faster: it waits, and the next round looks again
        if change is not None:
            changes.append(change)
    await house.save(*changes, desk=desk)
    return changes


async def _take(
    house: House, desk: CompiledDesk, placements: list[Placement], by_id: dict[str, Ticket], now: datetime
) -> frozenset[str]:
    units: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for placement in placements:
        if placement.agent is not None:
            units[placement.agent] += by_id[placement.ticket].units
            last[placement.agent] = placement.assigned_at or now
    loads = [Load(agent, units[agent], desk.desk.agents[agent].capacity, at) for agent, at in last.items()]
    return await house.tickets.take_capacity(loads)


async def assigned(
    house: House, desk: CompiledDesk, ticket: Ticket, placement: Placement, actor: str, now: datetime
) -> Change:
    """What it comes to when a held ticket goes to the agent it was placed with, whose capacity is taken."""
    scene = await house.scene(ticket, desk, actor, now)
    change, escalations = decide(Assign(placement.agent), scene)
    change = replace(change, after=replace(change.after, routing=placement.explanation))
    return house.with_alerts(change, escalations, desk)


def _still_waiting(ticket: Ticket, placement: Placement, now: datetime) -> Change | None:
    """What to remember of a decision to wait: nothing when it is the one already known."""
    if ticket.routing is not None and facts.same_decision(ticket.routing, placement.explanation):
        if ticket.route_at == placement.look_again_at:
            return None
        happened: tuple[Happened, ...] = ()
    else:
        happened = (
            Happened(
                type=f"routing.{placement.outcome}",
                actor="router",
                occurred_at=now,
                detected_at=now,
                data={"reason": placement.reason},
            ),
        )
    after = replace(
        ticket,
        epoch=ticket.epoch + 1,
        updated_at=now,
        routing=placement.explanation,
        route_at=placement.look_again_at,
    )
    return Change(before=ticket, after=after, now=now, happened=happened)
