"""The router's round: waiting tickets, most urgent first, to agents who can take them."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tickets.application import facts
from tickets.application.assignments.passing_over import PassedOver
from tickets.application.assignments.rehome import is_homeless, rehome
from tickets.application.changes.change import Assign, decide
from tickets.application.changes.draw import Draw
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.facts import ROUTING
from tickets.application.house import House
from tickets.application.placements.modes import Course, alarm, chart, same_decision
from tickets.application.placements.offers import make_offer, offers_of, read_offers
from tickets.application.placements.placing import TOGETHER, Placement
from tickets.application.ports import Load
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Ticket


async def route_waiting(
    house: House,
    now: datetime,
    *,
    everyone: bool,
    batch: int = TOGETHER,
    passed_over: PassedOver | None = None,
    outages: tuple[type[Exception], ...] = (),
) -> list[Change]:
    """Go through the tickets that wait; the changes made.

    `everyone` looks at all of them (an agent came, capacity came free, the desk changed), otherwise only at
    those whose next relaxation step has come. Many may do this at once: each ticket is looked at by one, and
    an agent's capacity is taken only where it still fits (law 11). Once nobody is there with room, those that
    have been told to wait are left alone: nothing else can be said of them, unless the desk is a new one.

    With `passed_over`, a ticket on which the decision raises is told to it and waits; those behind it have
    their turn. `outages` are no fault of any ticket, and raised.
    """
    desk = await house.desks.current()
    told = house.looked_through == desk.revision
    changes: list[Change] = []
    after: tuple[datetime, UUID] | None = None
    most = batch
    while True:
        waiting: list[tuple[datetime, Ticket]] = []
        try:
            async with house.tickets.transaction():
                waiting = await house.tickets.claim_waiting(now, most, after, everyone=everyone)
                batched = [ticket for _, ticket in waiting]
                made, room = await _round(house, desk, batched, now)
        except outages:
            raise
        except Exception as fault:
            if passed_over is None or not waiting:
                raise
            if most > 1:
                most = most // 4 or 1
                continue
            wanted_by, last = waiting[0]
            passed_over(last.id, fault)
            after, most = (wanted_by, last.id), batch
            continue
        changes += made
        if len(waiting) < most:
            house.looked_through = desk.revision if everyone else house.looked_through
            return changes
        if everyone and told:
            everyone = room
        wanted_by, last = waiting[-1]
        after = wanted_by, last.id


async def _round(
    house: House, desk: CompiledDesk, waiting: list[Ticket], now: datetime
) -> tuple[list[Change], bool]:
    """The changes of one batch, and whether anybody there has room left."""
    if not waiting:
        return [], False
    # What came on the way to the queue came before.
    now = max(now, *(ticket.updated_at for ticket in waiting))
    homeless = [ticket for ticket in waiting if is_homeless(ticket, desk)]
    changes = [await rehome(house, desk, ticket, now) for ticket in homeless]
    waiting = [ticket for ticket in waiting if ticket not in homeless] if homeless else waiting
    states = await house.tickets.agent_states(now)
    known = await house.tickets.last_agents({ticket.customer_id for ticket in waiting})
    courses = chart(waiting, desk, states, now, known)
    took = await _take(house, desk, courses, now)
    for course in courses:
        if course.agent is not None and course.agent not in took:
            continue  # somebody else was faster: it waits, and the next round looks again
        change = await _carry_out(house, desk, course, now)
        if change is not None:
            changes.append(change)
    await house.save(*changes, desk=desk)
    agents = desk.desk.agents
    return changes, any(
        state.presence == "online"
        and state.key in agents
        and state.load + took.get(state.key, 0) < agents[state.key].capacity
        for state in states
    )


async def _take(house: House, desk: CompiledDesk, courses: list[Course], now: datetime) -> dict[str, int]:
    """Take the capacity that the courses need; who had it, and how many units that was."""
    units: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for course in courses:
        if course.agent is not None:
            units[course.agent] += course.ticket.units
            last[course.agent] = course.placement.assigned_at or now
    loads = [Load(agent, units[agent], desk.desk.agents[agent].capacity, at) for agent, at in last.items()]
    return {agent: units[agent] for agent in await house.tickets.take_capacity(loads)}


async def _carry_out(house: House, desk: CompiledDesk, course: Course, now: datetime) -> Change | None:
    if course.step == "assign":
        return await assigned(house, desk, course.ticket, course.placement, "router", now)
    draw = Draw(await house.scene(course.ticket, desk, "router", now))
    if course.step == "offer":
        _offer(draw, course)
        return house.with_alerts(draw.done(), (), desk)
    if not _wait(draw, course):
        return None
    change = draw.done()
    alarms: tuple[Escalation, ...] = ()
    if course.trouble is not None and course.stuck != course.ticket.stuck:
        own = facts.escalation_policy(draw.pinned, ROUTING)
        policies = [own] if own else sorted(desk.desk.escalation_policies)
        alarms = (alarm(course, policies, change.after.epoch, now),)
    return house.with_alerts(change, alarms, desk)


async def assigned(
    house: House, desk: CompiledDesk, ticket: Ticket, placement: Placement, actor: str, now: datetime
) -> Change:
    """What it comes to when a held ticket goes to the agent it was placed with, whose capacity is taken."""
    scene = await house.scene(ticket, desk, actor, now)
    change, escalations = decide(Assign(placement.agent), scene)
    change = replace(change, after=replace(change.after, routing=placement.explanation))
    return house.with_alerts(change, escalations, desk)


def _offer(draw: Draw, course: Course) -> None:
    """Ask the agent, whose capacity is taken for as long as the offer stands."""
    moved = replace(draw.ticket, routing=course.placement.explanation, stuck=None)
    draw.ticket, draw.offer = make_offer(moved, read_offers(course.offers), draw.scene.new_id)
    draw.note(
        "offered",
        offer=str(draw.offer.id),
        agent=draw.offer.agent,
        round=draw.offer.round,
        expires_at=draw.offer.expires_at,
    )


def _wait(draw: Draw, course: Course) -> bool:
    """What to remember of a decision to wait; False when it is the one already known."""
    ticket, placement, now = course.ticket, course.placement, draw.scene.now
    look_again_at = now if course.step == "next_round" else placement.look_again_at
    known = ticket.routing is not None and same_decision(ticket.routing, placement.explanation)
    after = replace(
        ticket,
        routing=placement.explanation,
        route_at=look_again_at,
        offers=course.offers,
        stuck=course.stuck,
    )
    if course.step == "next_round":
        before = offers_of(ticket)
        draw.note("routing.round_over", round=before.round, refused=sorted(before.refused))
    elif course.stuck != ticket.stuck or not (known or course.trouble == "refused"):
        draw.note(f"routing.{course.trouble or placement.outcome}", reason=placement.reason)
    elif known and (ticket.route_at, ticket.offers) == (after.route_at, after.offers):
        return False
    draw.ticket = after
    return True
