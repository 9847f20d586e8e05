"""`/v1/tickets/{id}/escalations`: runs of escalation policies, and what people do with them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Raw, Struct

from tickets.api.auth import Call, needs
from tickets.api.conditional import IfMatch, etag, expected_epoch
from tickets.api.idempotency import Answer, once
from tickets.api.parts import FromParts, Parts
from tickets.application.acts.runs import (
    Acknowledge,
    Act,
    ByHand,
    Escalate,
    Resolve,
    Snooze,
    TakeOver,
    Unacknowledge,
    begin_run,
    tell_run,
)
from tickets.application.runs.views import RunsView, RunView, shown_runs
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Change
from tickets.domain.words import Instant
from tickets.observability.logs import CORRELATION_ID

_TAGS = ["Escalations"]
_WRITE = needs("alerts:write")
_RUN = "/v1/tickets/{id:uuid}/escalations/{run:uuid}"
_Done = Callable[[], Awaitable[tuple[Change, UUID]]]


class NewRun(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An escalation by hand. `cause` tells two apart that go by one policy; of each there is one live run."""

    policy: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    cause: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,62}$")] | None = None


class NewSnooze(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when nobody is paged."""

    until: Instant


@get(
    "/v1/tickets/{id:uuid}/escalations",
    opt=needs("alerts:read"),
    tags=_TAGS,
    operation_id="listEscalations",
)
async def list_escalations(id: FromPath[UUID], parts: FromParts) -> Response[RunsView]:
    """The runs of a ticket: who was paged, who has it, what comes next and when."""
    ticket = await parts.house.tickets.read(id)
    if ticket is None:
        raise NotFound(f"there is no ticket {id}")
    return Response(shown_runs(ticket), headers={"ETag": etag(ticket.epoch)})


@post("/v1/tickets/{id:uuid}/escalations", opt=_WRITE, tags=_TAGS, operation_id="escalate")
async def escalate_by_hand(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewRun],
    if_match: IfMatch = None,
) -> Response[RunView | Raw]:
    """Escalate by hand. While a run of the same cause is live, it is that one, and nobody is paged anew."""

    async def begin() -> tuple[Change, UUID]:
        change, run = await begin_run(
            parts.house,
            id,
            ByHand(data.policy, data.reason, data.cause),
            request.auth.actor,
            parts.now(),
            expected=expected_epoch(if_match),
            correlation_id=CORRELATION_ID.get(),
        )
        return change, UUID(run.id)

    return await _answered(parts, request, begin, 201)


@post(f"{_RUN}/acknowledge", opt=_WRITE, tags=_TAGS, operation_id="acknowledgeEscalation", status_code=200)
async def acknowledge_run(
    id: FromPath[UUID],
    run: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[RunView | Raw]:
    """I have it: nobody is paged while the acknowledgement holds."""
    return await _act(parts, request, id, run, Acknowledge(), if_match)


@post(
    f"{_RUN}/unacknowledge", opt=_WRITE, tags=_TAGS, operation_id="unacknowledgeEscalation", status_code=200
)
async def unacknowledge_run(
    id: FromPath[UUID],
    run: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[RunView | Raw]:
    """I do not have it after all: the level reached is paged again at once, and the next ones follow."""
    return await _act(parts, request, id, run, Unacknowledge(), if_match)


@post(f"{_RUN}/take-over", opt=_WRITE, tags=_TAGS, operation_id="takeOverEscalation", status_code=200)
async def take_over_run(
    id: FromPath[UUID],
    run: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[RunView | Raw]:
    """I have it instead of whoever had it, and for all who should have acknowledged. The assignee stays."""
    return await _act(parts, request, id, run, TakeOver(), if_match)


@post(f"{_RUN}/escalate", opt=_WRITE, tags=_TAGS, operation_id="escalateFurther", status_code=200)
async def escalate_further(
    id: FromPath[UUID],
    run: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[RunView | Raw]:
    """The next level now, whoever has it; behind the last one the fallback."""
    return await _act(parts, request, id, run, Escalate(), if_match)


@post(f"{_RUN}/snooze", opt=_WRITE, tags=_TAGS, operation_id="snoozeEscalation", status_code=200)
async def snooze_run(
    id: FromPath[UUID],
    run: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewSnooze],
    if_match: IfMatch = None,
) -> Response[RunView | Raw]:
    """Page nobody until an instant; then the level reached hears again."""
    return await _act(parts, request, id, run, Snooze(data.until), if_match)


@post(f"{_RUN}/resolve", opt=_WRITE, tags=_TAGS, operation_id="resolveEscalation", status_code=200)
async def resolve_run(
    id: FromPath[UUID],
    run: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[RunView | Raw]:
    """What it was about is over, and so are its alerts. Solving the ticket does this to all of its runs."""
    return await _act(parts, request, id, run, Resolve(), if_match)


async def _act(
    parts: Parts, request: Call, ticket: UUID, run: UUID, act: Act, if_match: str | None
) -> Response[RunView | Raw]:
    telling = partial(
        tell_run,
        parts.house,
        ticket,
        run,
        act,
        request.auth.actor,
        parts.now(),
        expected=expected_epoch(if_match),
        correlation_id=CORRELATION_ID.get(),
    )

    async def done() -> tuple[Change, UUID]:
        change, _ = await telling()
        return change, run

    return await _answered(parts, request, done)


async def _answered(parts: Parts, request: Call, done: _Done, status: int = 200) -> Response[RunView | Raw]:
    change: Change | None = None

    async def answer() -> Answer:
        nonlocal change
        change, run = await done()
        shown = next(one for one in shown_runs(change.after).runs if one.id == run)
        return Answer(status, msgspec.json.encode(shown))

    answered = await once(parts, request, answer)
    if change is not None:
        parts.house.observer.changed(change)
    return Response(Raw(answered.body), status_code=answered.status)


ROUTES = (
    list_escalations,
    escalate_by_hand,
    acknowledge_run,
    unacknowledge_run,
    take_over_run,
    escalate_further,
    snooze_run,
    resolve_run,
)
