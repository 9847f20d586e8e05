"""What agents did not answer in time is taken back: an offer, and a ticket nobody reacted to."""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from tickets.application.assignments.passing_over import PassedOver, passing_over
from tickets.application.changes.draw import Draw
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.placements import offers
from tickets.domain.ticket import Change, Ticket

BATCH = 100


async def take_back(
    house: House,
    now: datetime,
    passed_over: PassedOver | None = None,
    outages: tuple[type[Exception], ...] = (),
) -> list[Change]:
    """Take one batch back; the changes made, none when nothing is overdue. Many may do this at once.

    An offer past its last instant counts as refused; one to an agent who has gone (is not online, out of
    their shift, off the desk, out of the team) is withdrawn, which does not. A ticket its assignee has not
    touched by `react_by` waits again, for somebody else.

    `passed_over` and `outages` as `route_waiting` has them.
    """
    desk = await house.desks.current()
    changes: list[Change] = []
    async with house.tickets.transaction():
        online = {state.key for state in await house.tickets.agent_states(now) if state.presence == "online"}
        there = (online & desk.desk.agents.keys()) - desk.shifts.off(now)
        overdue = await house.tickets.claim_overdue(now, online - there, BATCH)
        left = {(agent, team): at for agent, team, at in await house.tickets.left_teams()} if overdue else {}

        def gone(ticket: Ticket, agent: str) -> bool:
            left_at = left.get((agent, ticket.team or ""))
            return agent not in there or (left_at is not None and left_at >= offers.offered_at(ticket))

        for ticket in overdue:
            with passing_over(ticket.id, passed_over, outages):
                draw = Draw(await house.scene(ticket, desk, "router", now))
                if _taken_back(draw, gone):
                    changes.append(_done(house, draw, desk))
        await house.save(*changes, desk=desk)
    return changes


def _taken_back(draw: Draw, gone: Callable[[Ticket, str], bool]) -> bool:
    """Decide on the ticket as it is now (law 2): whether anything of it was overdue."""
    ticket, now = draw.ticket, draw.scene.now
    if ticket.offered_to is not None:
        expires_at = offers.expires_at(ticket)
        if now > expires_at:
            draw.end_offer("expired", expires_at)
        elif gone(ticket, ticket.offered_to):
            draw.end_offer("withdrawn")
        else:
            return False
        draw.ticket = replace(draw.ticket, route_at=now)
        return True
    if ticket.assignee is None or ticket.react_by is None or ticket.react_by > now:
        return False
    draw.note("routing.not_reacted", agent=ticket.assignee, since=ticket.last_agent_since)
    draw.release()
    refused = offers.refuse(ticket, ticket.assignee).offers
    since = ticket.last_agent_since or now  # it has waited ever since: waiting raises urgency (law 13)
    draw.ticket = replace(draw.ticket, offers=refused, waiting_since=since)
    return True


def _done(house: House, draw: Draw, desk: CompiledDesk) -> Change:
    return house.with_alerts(draw.done(), tuple(draw.escalations), desk)
