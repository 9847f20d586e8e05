"""`/v1/jobs`: work under way, how far it is, and stopping it; and what starts it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Raw, Struct

from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Fault, Problem
from tickets.application.desk.model import Matcher
from tickets.application.jobs.job import Job, RoutingWhatIf, WhatIf
from tickets.application.jobs.recompute import start_recompute
from tickets.application.jobs.routing_what_if import TooMany, start_routing_what_if
from tickets.application.jobs.what_if import start_what_if
from tickets.domain.errors import NotFound, Refused
from tickets.domain.words import Instant

_TAGS = ["Jobs"]
_LONGEST = timedelta(days=31)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
Key = Annotated[str, Meta(min_length=1, max_length=200)]


@post(
    "/v1/sla/recompute",
    opt=needs("desk:write"),
    tags=_TAGS,
    operation_id="recomputePromises",
    status_code=HTTPStatus.ACCEPTED,
)
async def recompute_promises(request: Call, parts: FromParts) -> Response[Job | Raw]:
    """Put every open ticket on the promises of the desk as it is now, little by little.

    Tickets keep the terms they were given until somebody asks for this. Time used and verdicts stay.
    """

    async def start() -> Answer:
        job = await start_recompute(parts.jobs, parts.new_id(), request.auth.actor, parts.now())
        return Answer(HTTPStatus.ACCEPTED, msgspec.json.encode(job))

    return await _started(parts, request, start)


class DeskDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calendars and SLA policies as they might be, by key, each as `/v1/desk` takes it; null takes one away.

    What is not named stays as the desk has it. Tickets opened in [start, end) are compared.
    """

    start: Instant
    end: Instant
    calendars: Annotated[dict[Key, dict[str, object] | None], Meta(max_length=100)] = {}
    sla_policies: Annotated[dict[Key, dict[str, object] | None], Meta(max_length=100)] = {}


@post(
    "/v1/sla/what-if",
    opt=needs("desk:write"),
    tags=_TAGS,
    operation_id="supposePromises",
    status_code=HTTPStatus.ACCEPTED,
)
async def suppose_promises(request: Call, parts: FromParts, data: JSONBody[DeskDraft]) -> Response[Job | Raw]:
    """Compare what was promised with what a draft of the desk would have come to. Nothing is changed.

    The real histories are replayed on the draft's terms: attainment, breaches and due instants before and
    after, by metric and team.
    """
    _check_period(data.start, data.end)
    asked = WhatIf(
        start=data.start,
        end=data.end,
        calendars=dict(data.calendars),
        sla_policies=dict(data.sla_policies),
    )

    async def start() -> Answer:
        job = await start_what_if(
            parts.jobs, parts.desks, asked, parts.new_id(), request.auth.actor, parts.now()
        )
        return Answer(HTTPStatus.ACCEPTED, msgspec.json.encode(job))

    return await _started(parts, request, start)


class RosterDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Agents and routing rules as they might be, by key, each as `/v1/desk` takes it; null takes one away.

    What is not named stays as the desk has it, the matcher, too. Tickets opened in [start, end), 31 days at
    most, are simulated.
    """

    start: Instant
    end: Instant
    matcher: Matcher | None = None
    agents: Annotated[dict[Key, dict[str, object] | None], Meta(max_length=1000)] = {}
    routing_rules: Annotated[dict[Key, dict[str, object] | None], Meta(max_length=1000)] = {}


@post(
    "/v1/routing/what-if",
    opt=needs("desk:write"),
    tags=_TAGS,
    operation_id="supposeRouting",
    status_code=HTTPStatus.ACCEPTED,
)
async def suppose_routing(
    request: Call, parts: FromParts, data: JSONBody[RosterDraft]
) -> Response[Job | Raw]:
    """Simulate routing for a past period on other rules or another roster. Nothing is changed.

    Waits and late tickets by team and priority, load by agent: as it really was, as simulated on the desk,
    and as simulated on the draft.
    """
    _check_period(data.start, data.end)
    if data.end - data.start > _LONGEST:
        raise _unfit(f"must be at most {_LONGEST.days} days after start", "/end")
    if data.start >= parts.now():
        raise _unfit("must lie in the past", "/start")
    if not data.agents and not data.routing_rules and data.matcher is None:
        raise _unfit("names no agent, no routing rule and no matcher: there is nothing to suppose", "")
    asked = RoutingWhatIf(
        start=data.start,
        end=data.end,
        matcher=data.matcher,
        agents=dict(data.agents),
        routing_rules=dict(data.routing_rules),
    )

    async def start() -> Answer:
        try:
            job = await start_routing_what_if(
                parts.jobs, parts.desks, asked, parts.new_id(), request.auth.actor, parts.now()
            )
        except TooMany as error:
            raise _unfit(str(error), "/end") from error
        return Answer(HTTPStatus.ACCEPTED, msgspec.json.encode(job))

    return await _started(parts, request, start)


def _check_period(start: datetime, end: datetime) -> None:
    if start < _EARLIEST:
        raise _unfit(f"must not lie before {_EARLIEST:%Y-%m-%d}", "/start")
    if start >= end:
        raise _unfit("must be later than start", "/end")


def _unfit(detail: str, pointer: str) -> Problem:
    return Problem(422, "The body does not fit.", errors=[Fault(detail, pointer=pointer)])


@get("/v1/jobs", opt=needs("desk:read"), tags=_TAGS, operation_id="listJobs")
async def list_jobs(
    request: Call, parts: FromParts, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Response[Page[Job]]:
    """Jobs from the newest on."""
    before = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.jobs.page(before, limit + 1)
    return answer_page(request, rows, limit, key=lambda job: job.id, show=lambda job: job)


@get("/v1/jobs/{id:uuid}", opt=needs("desk:read"), tags=_TAGS, operation_id="getJob")
async def get_job(id: FromPath[UUID], parts: FromParts) -> Job:
    """One job: how far it is, and what it has come to so far."""
    return await _job(parts, id)


@post(
    "/v1/jobs/{id:uuid}/cancel",
    opt=needs("desk:write"),
    tags=_TAGS,
    operation_id="cancelJob",
    status_code=HTTPStatus.OK,
)
async def cancel_job(id: FromPath[UUID], request: Call, parts: FromParts) -> Response[Job | Raw]:
    """Stop a job where it is. What it has done stays done; cancelling twice is fine."""

    async def cancel() -> Answer:
        job = await parts.jobs.cancel(id, parts.now()) or await _job(parts, id)
        if job.state != "cancelled":
            raise Refused(f"the job is {job.state} already")
        return Answer(HTTPStatus.OK, msgspec.json.encode(job))

    answer = await once(parts, request, cancel)
    return Response(Raw(answer.body), status_code=answer.status)


class _Started(Struct):
    id: UUID


async def _started(
    parts: Parts, request: Call, start: Callable[[], Awaitable[Answer]]
) -> Response[Job | Raw]:
    answer = await once(parts, request, start)
    job = msgspec.json.decode(answer.body, type=_Started).id
    return Response(Raw(answer.body), status_code=answer.status, headers={"Location": f"/v1/jobs/{job}"})


async def _job(parts: Parts, job_id: UUID) -> Job:
    job = await parts.jobs.read(job_id)
    if job is None:
        raise NotFound(f"there is no job {job_id}")
    return job


ROUTES = (recompute_promises, suppose_promises, suppose_routing, list_jobs, get_job, cancel_job)
