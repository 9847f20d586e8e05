"""`/v1/customers`: who they are, by what we know them, what they asked us before."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.structs import replace

from tickets.api.auth import Call, needs
from tickets.api.conditional import IfMatch, etag, expected_epoch
from tickets.api.idempotency import AGAIN_IS_FINE, Answer, once
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Fault, Problem
from tickets.application.customers.likeness import Suggestion, suggestions
from tickets.domain.customer import CustomerRecord
from tickets.domain.draft import Identity
from tickets.domain.errors import NotFound
from tickets.domain.words import IdentityKind
from tickets.intake.addresses import normal_address
from tickets.intake.phones import e164
from tickets.intake.text import NAME_LIMIT, line
from tickets.persistence.customer_reading import Place, TimelineItem
from tickets.persistence.customer_store import CustomerFilter

TAGS = ["Customers"]
READ = needs("customers:read")
WRITE = needs("customers:write")

Word = Annotated[str, Meta(min_length=1, max_length=200)]
Value = Annotated[str, Meta(min_length=1, max_length=320)]


class CustomerPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not named stays, null takes away."""

    name: Annotated[str, Meta(max_length=NAME_LIMIT)] | UnsetType = UNSET
    language: Word | UnsetType | None = UNSET
    region: Word | UnsetType | None = UNSET
    tier: Word | UnsetType | None = UNSET
    segment: Word | UnsetType | None = UNSET


class NewIdentity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more way to recognise them. A telephone may be several customers', all else names one person."""

    kind: IdentityKind
    value: Value


@get("/v1/customers", opt=READ, tags=TAGS, operation_id="listCustomers")
async def list_customers(
    request: Call,
    parts: FromParts,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    q: Annotated[
        str | None, QueryParameter(max_length=200, description="Beginnings of words of the name.")
    ] = None,
    identity: Annotated[
        str | None,
        QueryParameter(max_length=400, description="`kind:value`, such as `phone:0903123456`."),
    ] = None,
) -> Response[Page[CustomerRecord]]:
    """Customers from the newest on. Accents and case do not matter in names, nor spelling in numbers."""
    known_by = None if identity is None else await _named(parts, identity)
    before = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.customers_kept.page(CustomerFilter(q=q, identity=known_by), before, limit + 1)
    return answer_page(request, rows, limit, key=lambda each: each.id, show=lambda each: each)


async def _named(parts: Parts, text: str) -> Identity:
    kind, _, value = text.partition(":")
    try:
        given = msgspec.convert({"kind": kind, "value": value}, NewIdentity)
    except msgspec.ValidationError as error:
        fault = Fault("must be kind:value, such as phone:0903123456", parameter="identity")
        raise Problem(400, "A parameter of the request cannot be used.", errors=[fault]) from error
    return await normal(parts, given.kind, given.value) or Identity(given.kind, given.value)


async def normal(parts: Parts, kind: IdentityKind, value: str) -> Identity | None:
    """An identity as intake would have it; None when it is no address or number."""
    if kind == "email":
        found = normal_address(value)
    elif kind in {"phone", "whatsapp"}:
        found = e164(value, (await parts.house.desks.current()).desk.country)
    else:
        found = value
    return None if found is None else Identity(kind, found)


@get("/v1/customers/{id:uuid}", opt=READ, tags=TAGS, operation_id="getCustomer")
async def get_customer(id: FromPath[UUID], parts: FromParts) -> Response[CustomerRecord]:
    """One customer; of one who was merged, whom they live on in."""
    return shown(await found(parts, id))


@patch("/v1/customers/{id:uuid}", opt=WRITE | AGAIN_IS_FINE, tags=TAGS, operation_id="changeCustomer")
async def change_customer(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[CustomerPatch],
    if_match: IfMatch = None,
) -> Response[CustomerRecord]:
    """Know something else of a customer. Tier and segment change what their open tickets are promised."""
    given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
    if "name" in given:
        given["name"] = line(given["name"], NAME_LIMIT)
    changes = await parts.customers.amend(
        id, lambda known: replace(known, **given), request.auth.actor, parts.now(), expected_epoch(if_match)
    )
    for change in changes:
        parts.house.observer.changed(change)
    return shown(await found(parts, id))


@post("/v1/customers/{id:uuid}/identities", opt=WRITE, tags=TAGS, operation_id="addIdentity")
async def add_identity(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewIdentity],
    if_match: IfMatch = None,
) -> Response[CustomerRecord | Raw]:
    """Recognise a customer by one more identity. One they have already changes nothing."""
    identity = await normal(parts, data.kind, data.value)
    if identity is None:
        fault = Fault(f"is no {data.kind} anybody could be reached at", pointer="/value")
        raise Problem(422, "The body does not fit.", errors=[fault])

    async def add() -> Answer:
        await parts.customers.know_by(id, identity, expected_epoch(if_match))
        return Answer(HTTPStatus.CREATED, msgspec.json.encode(await found(parts, id)))

    answer = await once(parts, request, add)
    return Response(Raw(answer.body), status_code=answer.status)


@delete(
    "/v1/customers/{id:uuid}/identities/{kind:str}/{value:path}",
    opt=WRITE,
    tags=TAGS,
    operation_id="removeIdentity",
)
async def remove_identity(
    id: FromPath[UUID],
    kind: FromPath[str],
    value: FromPath[str],
    parts: FromParts,
    if_match: IfMatch = None,
) -> None:
    """Recognise a customer by an identity no more; who writes by it next is somebody new."""
    identity = await _named(parts, f"{kind}:{str(value).removeprefix('/')}")
    await parts.customers.know_no_more_by(id, identity, expected_epoch(if_match))


class Suggestions(Struct, frozen=True):
    """Customers who may be the same person, the likeliest first."""

    items: list[Suggestion]


@get("/v1/customers/{id:uuid}/suggestions", opt=READ, tags=TAGS, operation_id="suggestCustomers")
async def suggest_customers(id: FromPath[UUID], parts: FromParts) -> Suggestions:
    """Who may be the same person, and what speaks for it. Nothing is merged by itself."""
    customer = await found(parts, id)
    return Suggestions(suggestions(customer, await parts.customer_reading.alike(id)))


@get("/v1/customers/{id:uuid}/timeline", opt=READ, tags=TAGS, operation_id="customerTimeline")
async def customer_timeline(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Response[Page[TimelineItem]]:
    """Everything they asked and we said, across channels, newest first, internal notes too.

    Of a customer who was merged it is the past of the one they live on in.
    """
    survivor = await parts.customers_kept.survivor(id)
    if survivor is None:
        raise NotFound(f"there is no customer {id}")
    behind = from_cursor(cursor, Place) if cursor else None
    rows = await parts.customer_reading.timeline(survivor, behind, limit + 1)
    return answer_page(request, rows, limit, key=lambda one: (one.at, one.type, one.id), show=lambda one: one)


async def found(parts: Parts, customer: UUID) -> CustomerRecord:
    """A customer, or `NotFound`."""
    record = await parts.customers_kept.read(customer)
    if record is None:
        raise NotFound(f"there is no customer {customer}")
    return record


def shown(record: CustomerRecord) -> Response[CustomerRecord]:
    """A customer with their ETag."""
    return Response(record, headers={"ETag": etag(record.epoch)})


ROUTES = (
    list_customers,
    get_customer,
    change_customer,
    add_identity,
    remove_identity,
    suggest_customers,
    customer_timeline,
)
