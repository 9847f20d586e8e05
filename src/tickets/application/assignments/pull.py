"""An agent asks for work: the most urgent ticket they may take is theirs."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tickets.application.assignments.route_waiting import assigned
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import ATTEMPTS, House
from tickets.application.placements import placing
from tickets.application.placements.placing import Placement
from tickets.application.ports import Load, Superseded
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Change, Ticket

PAGE = 200


async def pull(
    house: House, agent: str, actor: str, now: datetime, correlation_id: str | None = None
) -> Change | None:
    """Give the agent the most urgent ticket they may take; None when there is none, or they are not there.

    The queue is read without holding it, so that agents who ask at once see all of it; the ticket chosen is
    then held, and chosen anew if somebody was faster. Capacity is taken as the router takes it (law 11).

    Raises:
        NotFound: no such agent.
        Superseded: somebody was faster each time.
    """
    desk = await house.desks.current()
    known = desk.desk.agents.get(agent)
    if known is None:
        raise NotFound(f"there is no agent {agent}")
    async with house.tickets.transaction():
        for _ in range(ATTEMPTS):
            found = await _most_urgent(house, desk, agent, now)
            if found is None:
                return None
            ticket, placement = found
            if await house.tickets.lock(ticket.id) != ticket:
                continue
            load = Load(agent, ticket.units, known.capacity, placement.assigned_at or now)
            if not await house.tickets.take_capacity([load]):
                continue
            change = await assigned(house, desk, ticket, placement, actor, now)
            change = replace(change, correlation_id=correlation_id)
            await house.save(change, desk=desk)
            return change
    raise Superseded


async def _most_urgent(
    house: House, desk: CompiledDesk, agent: str, now: datetime
) -> tuple[Ticket, Placement] | None:
    states = await house.tickets.agent_states(now)
    after: tuple[datetime, UUID] | None = None
    while page := await house.tickets.waiting(PAGE, after):
        tickets = {str(ticket.id): ticket for _, ticket in page}
        known = await house.tickets.last_agents({ticket.customer_id for ticket in tickets.values()})
        placement = placing.pull(agent, list(tickets.values()), desk, states, now, known)
        if placement is not None:
            return tickets[placement.ticket], placement
        wanted_by, last = page[-1]
        after = wanted_by, last.id
    return None
