"""Placing tickets with agents in PostgreSQL: who waits, who has room, and what nobody reacted to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from tickets.application.ports import AgentState, Gone, Load
from tickets.domain.ticket import Offer, Ticket
from tickets.persistence import placement_sql as sql
from tickets.persistence.engine import Engine
from tickets.persistence.ticket_sql import TICKET


class PostgresPlacements:
    """The part of the `TicketStore` that the router and agents work with."""

    engine: Engine

    async def take_capacity(self, loads: Sequence[Load], freeing: Sequence[str] = ()) -> frozenset[str]:
        """Raise the agents' loads where they are online and it fits; who took it. Locks `freeing` too."""
        if not loads:
            return frozenset()
        columns = (list(column) for column in zip(*loads, strict=True))
        rows = await self.engine.fetch(sql.TAKE, *columns, list(freeing))
        return frozenset(row[0] for row in rows)

    async def claim_overdue(self, now: datetime, gone: Collection[str], limit: int) -> list[Ticket]:
        """Tickets offered too long or to somebody who has gone, or not reacted to in time; locked."""
        return TICKET.all(await self.engine.fetch(sql.CLAIM_OVERDUE, now, limit, list(gone)))

    async def left_teams(self) -> list[tuple[str, str, datetime]]:
        """Agents who hold something and were taken out of a team: who, which, when."""
        return [tuple(row) for row in await self.engine.fetch(sql.LEFT_TEAMS)]

    async def claim_held(self, gone: Sequence[Gone], limit: int) -> list[Ticket]:
        """Open tickets of agents who have gone, locked; those others hold are left to them."""
        agents, teams, since, _ = (list(column) for column in zip(*gone, strict=True))
        return TICKET.all(await self.engine.fetch(sql.CLAIM_HELD, agents, teams, since, limit))

    async def last_agents(self, customers: Collection[UUID]) -> dict[UUID, str]:
        """By customer, the agent who had a ticket of theirs last."""
        rows = await self.engine.fetch(sql.LAST_AGENTS, list(customers))
        return {customer: agent for customer, agent in rows if agent is not None}

    async def find_offer(self, offer: UUID) -> Offer | None:
        """An offer as it is now; it is held by its ticket's lock (law 3)."""
        return sql.OFFER.optional(await self.engine.fetch_row(sql.FIND_OFFER, offer))

    async def claim_waiting(
        self, now: datetime, limit: int, after: tuple[datetime, UUID] | None, *, everyone: bool
    ) -> list[tuple[datetime, Ticket]]:
        """Tickets that wait for an agent, most urgent first, locked."""
        place = after or (None, None)
        rows = await self.engine.fetch(sql.CLAIM_WAITING, now, limit, everyone, *place)
        return [(wanted_by, TICKET.one(ticket)) for wanted_by, *ticket in rows]

    async def waiting(self, limit: int, after: tuple[datetime, UUID] | None) -> list[tuple[datetime, Ticket]]:
        """Tickets that wait for an agent, most urgent first, not locked."""
        rows = await self.engine.fetch(sql.WAITING, limit, *(after or (None, None)))
        return [(wanted_by, TICKET.one(ticket)) for wanted_by, *ticket in rows]

    async def agent_states(self, now: datetime) -> list[AgentState]:
        """The live part of every agent at an instant: whose presence has run out is offline."""
        return sql.STATE.all(await self.engine.fetch(sql.AGENT_STATES, now))
