"""`/v1/agents`: who there is, whether they are there, and since when."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tickets.api.acting import agent_of
from tickets.api.auth import Call, needs
from tickets.api.idempotency import AGAIN_IS_FINE
from tickets.api.parts import FromParts
from tickets.api.problems import Fault, Problem
from tickets.application.assignments.presence import AgentEvent, heartbeat
from tickets.application.assignments.presence import set_presence as change_presence
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.ports import AgentState
from tickets.domain.errors import NotFound
from tickets.domain.words import Instant, Presence

RECENT = 20
"""How many of an agent's events are shown."""

LONGEST_LEAVE = timedelta(days=1096)
FURTHEST_LEAVE = timedelta(days=3660)

_TAGS = ["Agents"]


class NewPresence(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the agent can be given tickets. With `beats` it runs out when beats no longer come."""

    presence: Presence
    beats: bool = False


class PresenceView(Struct, frozen=True):
    """A presence as it was set; `expires_at` is when it runs out without a beat, null for never."""

    presence: str
    expires_at: Instant | None


class Leave(Struct, frozen=True, forbid_unknown_fields=True):
    """From when until when the agent is on leave."""

    starts_at: Instant
    ends_at: Instant


class Beat(Struct, frozen=True):
    """The presence holds until `expires_at`; send the next beat well before."""

    expires_at: Instant


class AgentView(Struct, frozen=True, kw_only=True):
    """An agent and how busy they are, in units of capacity.

    Outside their shift the router takes them for offline, whatever `presence` says; without one they are
    always in it. At `expires_at` a presence that runs on beats becomes offline.
    """

    key: str
    name: str
    teams: tuple[str, ...]
    presence: str
    presence_since: Instant | None
    expires_at: Instant | None
    leave: Leave | None
    load: int
    capacity: int
    in_shift: bool
    shift_ends_at: Instant | None
    idle_since: Instant | None


class AgentDetail(AgentView, frozen=True, kw_only=True):
    """An agent, and what became of their presence lately, the newest first."""

    events: Annotated[list[AgentEvent], Meta(max_length=RECENT)]


@get("/v1/agents", opt=needs("desk:read"), tags=_TAGS, operation_id="listAgents")
async def list_agents(parts: FromParts) -> list[AgentView]:
    """Every agent, and how busy they are."""
    desk, now = await parts.desks.current(), parts.now()
    states = {state.key: state for state in await parts.house.tickets.agent_states(now)}
    return [AgentView(**_seen(desk, states[key], now)) for key in desk.desk.agents if key in states]


@get("/v1/agents/{key:str}", opt=needs("desk:read"), tags=_TAGS, operation_id="getAgent")
async def get_agent(key: FromPath[str], request: Call, parts: FromParts) -> AgentDetail:
    """One agent, how busy they are, and when they came and went lately."""
    agent, desk, now = agent_of(key, request), await parts.desks.current(), parts.now()
    states = {state.key: state for state in await parts.house.tickets.agent_states(now)}
    if agent not in desk.desk.agents or agent not in states:
        raise NotFound(f"there is no agent {agent}")
    events = await parts.presences.events(agent, RECENT)
    return AgentDetail(**_seen(desk, states[agent], now), events=events)


def _seen(desk: CompiledDesk, state: AgentState, now: datetime) -> dict[str, Any]:
    agent, shifts = desk.desk.agents[state.key], desk.shifts.open_until(now)
    return {
        "key": state.key,
        "name": agent.name,
        "teams": agent.teams,
        "presence": state.presence,
        "presence_since": state.presence_since,
        "expires_at": state.expires_at,
        "leave": _leave(state, now),
        "load": state.load,
        "capacity": agent.capacity,
        "in_shift": state.key not in shifts or shifts[state.key] is not None,
        "shift_ends_at": shifts.get(state.key),
        "idle_since": state.idle_since,
    }


def _leave(state: AgentState, now: datetime) -> Leave | None:
    if state.leave_starts_at is None or state.leave_ends_at is None or state.leave_ends_at <= now:
        return None
    return Leave(state.leave_starts_at, state.leave_ends_at)


@put("/v1/agents/{key:str}/presence", opt=needs("tickets:write"), tags=_TAGS, operation_id="setPresence")
async def set_presence(
    key: FromPath[str], request: Call, parts: FromParts, data: JSONBody[NewPresence]
) -> PresenceView:
    """Come, go away, leave. Only agents who are online are given tickets.

    Set with `beats` it runs out after the desk's `presence_expiry` unless a heartbeat comes; without, it
    stands until it is changed.
    """
    agent, desk = agent_of(key, request), await parts.desks.current()
    until = await change_presence(parts.presences, desk, agent, data.presence, parts.now(), beats=data.beats)
    parts.ring(everyone=data.presence == "online")
    return PresenceView(data.presence, until)


@post(
    "/v1/agents/{key:str}/heartbeat",
    opt=needs("tickets:write") | AGAIN_IS_FINE,
    tags=_TAGS,
    operation_id="sendHeartbeat",
    status_code=200,
)
async def send_heartbeat(key: FromPath[str], request: Call, parts: FromParts) -> Beat:
    """Hold on to a presence set with `beats`. One that has run out does not come back by a beat: 409."""
    desk = await parts.desks.current()
    return Beat(await heartbeat(parts.presences, desk, agent_of(key, request), parts.now()))


@put("/v1/agents/{key:str}/leave", opt=needs("tickets:write"), tags=_TAGS, operation_id="planLeave")
async def plan_leave(key: FromPath[str], request: Call, parts: FromParts, data: JSONBody[Leave]) -> Leave:
    """Be on leave from then until then, whatever presence says. It replaces a leave planned before."""
    agent, now = agent_of(key, request), parts.now()
    if data.ends_at <= max(data.starts_at, now):
        fault = Fault("must be in the future, and later than `starts_at`", pointer="/ends_at")
        raise Problem(422, "The body does not fit.", errors=[fault])
    if data.ends_at - data.starts_at > LONGEST_LEAVE or data.ends_at - now > FURTHEST_LEAVE:
        fault = Fault("a leave lasts three years at most, and ends within ten", pointer="/ends_at")
        raise Problem(422, "The body does not fit.", errors=[fault])
    if not await parts.presences.plan_leave(agent, (data.starts_at, data.ends_at), now):
        raise NotFound(f"there is no agent {agent}")
    parts.ring()
    return data


@delete("/v1/agents/{key:str}/leave", opt=needs("tickets:write"), tags=_TAGS, operation_id="callOffLeave")
async def call_off_leave(key: FromPath[str], request: Call, parts: FromParts) -> None:
    """Call a leave off. Who has begun it is offline until they say otherwise."""
    agent = agent_of(key, request)
    if not await parts.presences.plan_leave(agent, None, parts.now()):
        raise NotFound(f"there is no agent {agent}")


ROUTES = (list_agents, get_agent, set_presence, send_heartbeat, plan_leave, call_off_leave)
