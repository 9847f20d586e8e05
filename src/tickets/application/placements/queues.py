"""Where tickets wait: how many, how urgently, and who there is to take them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.ports import AgentState
from tickets.domain.words import Instant


class Queued(Struct, frozen=True):
    """What waits for one team: how many, how many of them nobody could ever take, and the most urgent."""

    team: str | None
    waiting: int
    unroutable: int
    oldest_since: Instant
    wanted_by: Instant
    most_urgent: UUID


class QueueView(Struct, frozen=True, kw_only=True):
    """One team's queue.

    `most_urgent` is the ticket that wants an agent first, by `wanted_by`; `oldest_since` is since when the
    one that waits longest has waited. `agents` are the team's, `online` those who are there, `with_room`
    those of them who have capacity left: `room` units together. A team that is no longer part of the desk is
    shown while tickets wait for it; `team` is null for tickets that no rule gave to any.
    """

    team: str | None
    waiting: int
    unroutable: int
    oldest_since: Instant | None
    wanted_by: Instant | None
    most_urgent: UUID | None
    agents: int
    online: int
    with_room: int
    room: int


class QueuesView(Struct, frozen=True, kw_only=True):
    """Every team's queue as of an instant, by the team's key; what waits for no team comes last."""

    as_of: Instant
    queues: tuple[QueueView, ...]


def queues_of(
    queued: Iterable[Queued], desk: CompiledDesk, states: Iterable[AgentState], now: datetime
) -> QueuesView:
    """Every queue, with the agents of its team in these states."""
    lines = {line.team: line for line in queued}
    live = {state.key: state for state in states}
    teams = sorted({*desk.desk.teams, *(team for team in lines if team is not None)})
    named: Sequence[str | None] = [*teams, None] if None in lines else teams
    return QueuesView(as_of=now, queues=tuple(_queue(team, lines.get(team), desk, live) for team in named))


def _queue(
    team: str | None, line: Queued | None, desk: CompiledDesk, live: Mapping[str, AgentState]
) -> QueueView:
    members = desk.members.get(team, ()) if team is not None else ()
    online = [
        (agent, live[agent.key])
        for agent in members
        if agent.key in live and live[agent.key].presence == "online"
    ]
    rooms = [agent.capacity - state.load for agent, state in online if state.load < agent.capacity]
    return QueueView(
        team=team,
        waiting=line.waiting if line else 0,
        unroutable=line.unroutable if line else 0,
        oldest_since=line.oldest_since if line else None,
        wanted_by=line.wanted_by if line else None,
        most_urgent=line.most_urgent if line else None,
        agents=len(members),
        online=len(online),
        with_room=len(rooms),
        room=sum(rooms),
    )
