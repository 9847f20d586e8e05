"""Calls of a ticket, and the stream that shows an agent who is on the telephone."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath, HeaderParameter
from litestar.response import Stream
from msgspec import Struct

from tickets.api.auth import Call, needs
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.domain.errors import NotFound
from tickets.domain.telephony import Direction, Outcome, State, TelephoneCall
from tickets.domain.words import Instant

_TAGS = ["Calls"]
_BATCH = 100
_QUIET = 7
"""Waits without news before a comment keeps the connection alive: 14 s."""
MOST_STREAMS = 1_000
"""Open streams of one process."""


class CallView(Struct, frozen=True, kw_only=True):
    """A call as far as it is known; times in seconds."""

    line: str
    call_id: str
    direction: Direction
    caller: str
    callee: str
    state: State
    outcome: Outcome
    agent: str | None
    started_at: Instant
    ringing_at: Instant | None
    queued_at: Instant | None
    answered_at: Instant | None
    ended_at: Instant | None
    waited: int | None
    talked: int | None
    held: int
    wrapped: int | None
    transfers: int
    voicemail: bool
    timed_out: bool
    cause: str | None
    recordings: tuple[str, ...]


class Calls(Struct, frozen=True):
    """The calls of a ticket, the earliest first."""

    items: list[CallView]


@get("/v1/tickets/{id:uuid}/calls", opt=needs("tickets:read"), tags=_TAGS, operation_id="listCalls")
async def list_calls(id: FromPath[UUID], parts: FromParts) -> Calls:
    """Its telephone calls, rebuilt from what was told of them."""
    found = await parts.calls.of_ticket(id)
    if not found and await parts.house.tickets.read(id) is None:
        raise NotFound(f"there is no ticket {id}")
    return Calls([_show(line, call) for line, call in found])


def _show(line: str, call: TelephoneCall) -> CallView:
    return CallView(line=line, **msgspec.structs.asdict(call))


_LAST = HeaderParameter(name="Last-Event-ID", description="The last line that was read; those after it come.")


@get(
    "/v1/agents/{agent:str}/events",
    opt=needs("tickets:read"),
    tags=_TAGS,
    operation_id="streamAgentEvents",
    media_type="text/event-stream",
)
async def stream_agent_events(
    agent: FromPath[str],
    request: Call,
    parts: FromParts,
    last: Annotated[str | None, _LAST] = None,
) -> Stream:
    """What an agent has to see now, as server-sent events: `call.answered` carries the customer's card.

    `me` is the agent the API key acts as. Without `Last-Event-ID` it begins now. Lines are kept for a week.
    """
    key = request.auth.agent if agent == "me" else agent
    if key is None:
        raise Problem(403, "This API key acts as no agent; mint one with --agent, or name the agent.")
    if request.auth.agent is not None and request.auth.agent != key:
        raise Problem(403, f"This API key acts as {request.auth.agent} and sees only that stream.")
    if key not in (await parts.house.desks.current()).desk.agents:
        raise NotFound(f"there is no agent {key!r}")
    if parts.streams.open >= MOST_STREAMS:
        raise Problem(503, "Too many streams are open.", headers={"Retry-After": "5"})
    after = int(last) if last and last.isascii() and last.isdigit() and len(last) <= len("9" * 18) else None
    if after is None:
        after = await parts.calls.latest(key)
    return Stream(
        _lines(parts, key, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(parts: Parts, agent: str, after: int) -> AsyncIterator[bytes]:
    parts.streams.open += 1
    try:
        yield f"retry: 1000\nid: {after}\n: {agent}\n\n".encode()
        quiet = 0
        while True:
            events = await parts.calls.stream(agent, after, _BATCH)
            for event in events:
                after, quiet = event.id, 0
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), bytes(event.data))
            if len(events) < _BATCH:
                await parts.streams.wait()
                quiet += 1
            if quiet >= _QUIET:
                quiet = 0
                yield b": still here\n\n"
    finally:
        parts.streams.open -= 1


ROUTES = (list_calls, stream_agent_events)
