"""What we hold of a customer, and forgetting it, on their request (GDPR articles 15 to 17 and 20)."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Raw, Struct

from tickets.api.auth import Call
from tickets.api.idempotency import Answer, once
from tickets.api.parts import FromParts
from tickets.api.problems import Fault, Problem
from tickets.api.routes.customers import READ, TAGS, WRITE
from tickets.application.customers.erase import start_erase
from tickets.application.jobs.job import Job
from tickets.domain.errors import NotFound
from tickets.persistence.customer_reading import CustomerExport


@get("/v1/customers/{id:uuid}/export", opt=READ, tags=TAGS, operation_id="exportCustomer")
async def export_customer(id: FromPath[UUID], parts: FromParts) -> Response[CustomerExport]:
    """Everything we hold of a customer, those merged into them included, as one document."""
    export = await parts.customer_reading.export(id)
    if export is None:
        raise NotFound(f"there is no customer {id}")
    return Response(export, headers={"Cache-Control": "no-store"})


class Confirmed(Struct, frozen=True, forbid_unknown_fields=True):
    """`confirm` is the customer's id once more: there is no way back."""

    confirm: UUID


@post(
    "/v1/customers/{id:uuid}/erase",
    opt=WRITE,
    tags=TAGS,
    operation_id="eraseCustomer",
    status_code=HTTPStatus.ACCEPTED,
)
async def erase_customer(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[Confirmed],
) -> Response[Job | Raw]:
    """Forget a customer for ever: names, addresses, texts, files. What happened when stays, without them.

    Their open tickets are closed. Asking again gives the same job.
    """
    if data.confirm != id:
        raise Problem(
            422, "The body does not fit.", errors=[Fault("must be the customer's id", pointer="/confirm")]
        )

    async def start() -> Answer:
        job = await start_erase(
            parts.customers,
            parts.jobs,
            parts.erasure,
            id,
            parts.new_id(),
            request.auth.actor,
            parts.now(),
        )
        return Answer(HTTPStatus.ACCEPTED, msgspec.json.encode(job))

    answer = await once(parts, request, start)
    job = msgspec.json.decode(answer.body, type=_Started).id
    return Response(Raw(answer.body), status_code=answer.status, headers={"Location": f"/v1/jobs/{job}"})


class _Started(Struct):
    id: UUID


ROUTES = (export_customer, erase_customer)
