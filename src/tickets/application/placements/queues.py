"""Where tickets wait: how many, how urgently, and who there is to take them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct

import routing
import sla
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.model import Agent
from tickets.application.placements import placing
from tickets.application.ports import AgentState
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant

SOON = timedelta(hours=1)
"""What is wanted within it is due soon."""
LATELY = timedelta(hours=1)
"""How far back it is looked how fast a queue is served."""
ASKED = 20
"""Of how many tickets of a queue, the most urgent, routing is asked who could take them."""


class Queued(Struct, frozen=True):
    """What waits for one team, how much of it nobody could ever take, and the most urgent, in order."""

    team: str | None
    waiting: int
    unroutable: int
    overdue: int
    due_soon: int
    oldest_since: Instant
    wanted_by: Instant
    most_urgent: tuple[UUID, ...]


class Served(Struct, frozen=True):
    """How a queue was served `since`: so many tickets were assigned after a mean wait, in seconds."""

    team: str | None
    assigned: int
    mean_wait: float
    since: Instant


class QueueView(Struct, frozen=True, kw_only=True):
    """One team's queue.

    `most_urgent` is the ticket that wants an agent first, by `wanted_by`; `oldest_since` is since when the
    one that waits longest has waited. `overdue` tickets wanted one before now, `due_soon` want one within an
    hour. `agents` are the team's, `online` those who are there, `with_room` those of them who have capacity
    left: `room` units together. `could_take_first` agents could be given the most urgent ticket this instant
    (whatever their team, the first 20 named in `takers`), `could_take_any` one of its 20 most urgent.
    `expected_wait` (ISO 8601) is that of a ticket that joins the queue now: null when nothing was assigned
    from it in the last hour. A team that is no longer part of the desk is shown while tickets wait for it;
    `team` is null for tickets that no rule gave to any.
    """

    team: str | None
    waiting: int
    unroutable: int
    overdue: int
    due_soon: int
    oldest_since: Instant | None
    wanted_by: Instant | None
    most_urgent: UUID | None
    agents: int
    online: int
    with_room: int
    room: int
    could_take_first: int
    takers: tuple[str, ...]
    could_take_any: int
    expected_wait: str | None


class QueuesView(Struct, frozen=True, kw_only=True):
    """Every team's queue as of an instant, by the team's key; what waits for no team comes last."""

    as_of: Instant
    queues: tuple[QueueView, ...]


class Reading(Protocol):
    """What is read of the queues."""

    async def queues(self, now: datetime, soon: datetime, most: int) -> list[Queued]:
        """What waits, for each team that something waits for, and its `most` most urgent tickets."""

    async def these(self, tickets: Sequence[UUID]) -> list[Ticket]:
        """Tickets by their ids, as far as there are any."""

    async def served(self, since: datetime, now: datetime) -> list[Served]:
        """How fast each team's queue was served lately."""


async def queues_of(
    reading: Reading,
    last_agents: Callable[[Sequence[UUID]], Awaitable[placing.KnownAgents]],
    desk: CompiledDesk,
    states: Sequence[AgentState],
    now: datetime,
) -> QueuesView:
    """Every queue, with the agents of its team in these states; `last_agents`: who had which customer."""
    lines = {line.team: line for line in await reading.queues(now, now + SOON, ASKED)}
    served = {line.team: line for line in await reading.served(now - LATELY, now)}
    urgent = await reading.these([ticket for line in lines.values() for ticket in line.most_urgent])
    asked = {ticket.id: ticket for ticket in urgent if ticket.waiting_since is not None}
    known = await last_agents([ticket.customer_id for ticket in asked.values()])
    live = {state.key: state for state in states}

    def takers(tickets: Sequence[UUID]) -> list[str]:
        """Who could be given one of these, by routing itself."""
        waiting = [asked[ticket] for ticket in tickets if ticket in asked]
        roster, waits = placing.asking(waiting, desk, states, now, known)
        return sorted(routing.takers(waits, roster, desk.rules, now))

    def queue(team: str | None) -> QueueView:
        line = lines.get(team)
        first = takers(line.most_urgent[:1]) if line else []
        online, rooms = _rooms(team, desk, live)
        return QueueView(
            team=team,
            waiting=line.waiting if line else 0,
            unroutable=line.unroutable if line else 0,
            overdue=line.overdue if line else 0,
            due_soon=line.due_soon if line else 0,
            oldest_since=line.oldest_since if line else None,
            wanted_by=line.wanted_by if line else None,
            most_urgent=line.most_urgent[0] if line else None,
            agents=len(_members(team, desk)),
            online=online,
            with_room=len(rooms),
            room=sum(rooms),
            could_take_first=len(first),
            takers=tuple(first[: routing.AGENTS_LISTED]),
            could_take_any=len(takers(line.most_urgent)) if line else 0,
            expected_wait=_expected(line, served.get(team), now),
        )

    teams = sorted({*desk.desk.teams, *(team for team in lines if team is not None)})
    shifts = desk.shifts.open_until(now)
    live = {key: state for key, state in live.items() if key not in shifts or shifts[key]}
    named: Sequence[str | None] = [*teams, None] if None in lines else teams
    return QueuesView(as_of=now, queues=tuple(queue(team) for team in named))


def _members(team: str | None, desk: CompiledDesk) -> Sequence[Agent]:
    return desk.members.get(team, ()) if team is not None else ()


def _rooms(team: str | None, desk: CompiledDesk, live: Mapping[str, AgentState]) -> tuple[int, list[int]]:
    """How many of the team are online, and the room of those of them who have any."""
    online = [
        (agent, live[agent.key])
        for agent in _members(team, desk)
        if agent.key in live and live[agent.key].presence == "online"
    ]
    return len(online), [
        agent.capacity - state.load for agent, state in online if state.load < agent.capacity
    ]


def _expected(line: Queued | None, served: Served | None, now: datetime) -> str | None:
    """The wait of whoever joins the queue now, at its end.

    Little's law (1961, A Proof for the Queuing Formula: L = λW, Operations Research 9(3)): what waits ÷ the
    rate at which it was assigned lately. Where nothing waits, the mean of the recent waits.
    """
    if served is None:
        return None
    seconds = served.mean_wait
    if line is not None:
        seconds = line.waiting * (now - served.since).total_seconds() / served.assigned
    return sla.time_text(timedelta(seconds=round(seconds)))
