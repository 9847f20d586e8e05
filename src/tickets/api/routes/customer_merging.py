"""Two customers are one person, or are not after all; and whose a ticket is."""

from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from uuid import UUID

import msgspec
from litestar import Response, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Raw, Struct

from tickets.api.auth import Call, needs
from tickets.api.conditional import IfMatch, etag, expected_epoch
from tickets.api.idempotency import Answer, once_nobody_is_first, with_etag
from tickets.api.parts import FromParts, Parts
from tickets.api.routes.customers import TAGS, WRITE, found
from tickets.application.customers.merge import Merged, merge, split
from tickets.application.views import TicketView, show
from tickets.domain.customer import CustomerRecord
from tickets.observability.logs import CORRELATION_ID


class OtherCustomer(Struct, frozen=True, forbid_unknown_fields=True):
    """The other customer."""

    other: UUID


class ChosenCustomer(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose the ticket is."""

    customer_id: UUID


@post("/v1/customers/{id:uuid}/merge", opt=WRITE, tags=TAGS, operation_id="mergeCustomers", status_code=200)
async def merge_customers(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[OtherCustomer],
) -> Response[CustomerRecord | Raw]:
    """Make two customers one; the answer is who lives on. Merging twice, or both ways at once, is once."""
    return await _answered(
        parts,
        request,
        partial(merge, parts.customers, id, data.other, request.auth.actor, parts.now()),
    )


@post("/v1/customers/{id:uuid}/split", opt=WRITE, tags=TAGS, operation_id="splitCustomers", status_code=200)
async def split_customers(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[OtherCustomer],
) -> Response[CustomerRecord | Raw]:
    """Undo a merge: exactly what it moved moves back. What came in since stays."""
    return await _answered(
        parts,
        request,
        partial(split, parts.customers, id, data.other, request.auth.actor, parts.now()),
    )


async def _answered(
    parts: Parts, request: Call, acting: Callable[[], Awaitable[Merged]]
) -> Response[CustomerRecord | Raw]:
    merged: Merged | None = None

    async def answer() -> Answer:
        nonlocal merged
        merged = await acting()
        return Answer(HTTPStatus.OK, msgspec.json.encode(await found(parts, merged.survivor)))

    answered = await once_nobody_is_first(parts, request, answer)
    for change in merged.changes if merged else ():
        parts.house.observer.changed(change)
    return with_etag(answered)


@put(
    "/v1/tickets/{id:uuid}/customer",
    opt=needs("tickets:write"),
    tags=["Tickets"],
    operation_id="setTicketCustomer",
)
async def set_customer(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[ChosenCustomer],
    if_match: IfMatch = None,
) -> Response[TicketView]:
    """Say whose it is, where several customers share a telephone, or it was the wrong one.

    Its promises become those of that customer; time used and verdicts stay.
    """
    change = await parts.customers.choose(
        id,
        data.customer_id,
        request.auth.actor,
        parts.now(),
        expected=expected_epoch(if_match),
        correlation_id=CORRELATION_ID.get(),
    )
    parts.house.observer.changed(change)
    customer = await parts.house.tickets.customer(change.after.customer_id)
    return Response(show(change.after, customer), headers={"ETag": etag(change.after.epoch)})


ROUTES = (merge_customers, split_customers, set_customer)
