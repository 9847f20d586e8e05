"""Somebody does something to a ticket: reply, note, status, priority, assign, solve, reopen."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tickets.application.changes.change import Assign, Command, Say, SetTeam, decide
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.ports import Load
from tickets.domain.errors import NotFound, Refused
from tickets.domain.ticket import Change, Ticket


async def act(
    house: House,
    ticket_id: UUID,
    command: Command,
    actor: str,
    now: datetime,
    *,
    expected: int | None = None,
    correlation_id: str | None = None,
) -> Change:
    """Carry out one command, in the caller's transaction if there is one.

    `expected` is the epoch the caller decided on, if any.

    Raises:
        NotFound: no such ticket, or no such agent.
        Stale: the ticket is not at the expected epoch any more.
        Refused: the ticket, or the agent, cannot take it.
    """
    desk = await house.desks.current()
    async with house.tickets.transaction():
        ticket = await house.held(ticket_id, expected)
        scene = await house.scene(ticket, desk, actor, now)
        if isinstance(command, Say) and command.kind == "public_reply":
            scene = replace(scene, answer=await house.answering(ticket, desk))
        change, escalations = decide(command, scene)
        if not change.happened:
            return Change(before=ticket, after=ticket, now=now)
        if isinstance(command, Assign):
            await _take(house, desk, command, ticket, now)
        change = house.with_alerts(replace(change, correlation_id=correlation_id), escalations, desk)
        await house.save(change, desk=desk)
    return change


async def give_team(
    house: House,
    ticket_id: UUID,
    team: str,
    actor: str,
    now: datetime,
    *,
    expected: int | None = None,
    correlation_id: str | None = None,
) -> Change:
    """Give a ticket to another team, as `act` does; its assignee keeps it who works there, too.

    Raises:
        NotFound: no such ticket, or no such team.
        Stale, Refused: as `act`.
    """
    desk = await house.desks.current()
    if team not in desk.desk.teams:
        raise NotFound(f"there is no team {team}")
    async with house.tickets.transaction():
        ticket = await house.held(ticket_id, expected)
        holder = desk.desk.agents.get(ticket.assignee or "")
        command = SetTeam(team, keeps=holder is not None and team in holder.teams)
        return await act(house, ticket_id, command, actor, now, correlation_id=correlation_id)


async def _take(house: House, desk: CompiledDesk, command: Assign, ticket: Ticket, now: datetime) -> None:
    """Take the agent's capacity, or refuse: law 11 holds for people who assign by hand too."""
    if command.agent is None or command.agent == ticket.offered_to:  # an offer has taken it already
        return
    agent = desk.desk.agents.get(command.agent)
    if agent is None:
        raise NotFound(f"there is no agent {command.agent}")
    load = Load(agent.key, ticket.units, agent.capacity, now)
    freeing = [ticket.holder] if ticket.holder else []
    taken = await house.tickets.take_capacity([load], freeing)
    if not taken:
        raise Refused(f"agent {command.agent} is not online or has no capacity left")
