"""What a ticket is about, said anew: its tags and fields."""

from collections.abc import Iterator
from uuid import UUID

from litestar import Response, patch
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Raw, Struct, UnsetType

from tickets.api.auth import Call, needs
from tickets.api.conditional import IfMatch
from tickets.api.given import Fields, Tags, named_twice
from tickets.api.parts import FromParts
from tickets.api.problems import Fault, Problem
from tickets.api.routes.ticket_changes import carry_out
from tickets.application.changes.describe import Describe
from tickets.application.views import TicketView
from tickets.domain.draft import comparable
from tickets.domain.words import composed


class TicketPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not named stays.

    `tags` are all that the ticket is to have; `add_tags` and `remove_tags` leave the others alone, so that
    two who tag at once do not undo each other. Of `fields` each that is named is set, null takes it away.
    """

    tags: Tags | UnsetType = UNSET
    add_tags: Tags = ()
    remove_tags: Tags = ()
    fields: Fields = {}


@patch("/v1/tickets/{id:uuid}", opt=needs("tickets:write"), tags=["Tickets"], operation_id="changeTicket")
async def change_ticket(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[TicketPatch],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Give it other tags and fields; promises, routing and escalation rules ask for them anew.

    Time already used stays used, and what was broken stays broken. What it has already changes nothing.
    """
    if faults := tuple(_faults(data)):
        raise Problem(422, "The body does not fit.", errors=faults)
    command = Describe(
        tags=None if data.tags is UNSET else _composed(data.tags),
        add_tags=_composed(data.add_tags),
        remove_tags=_composed(data.remove_tags),
        fields={composed(name): comparable(answer) for name, answer in data.fields.items()},
    )
    return await carry_out(parts, request, id, command, if_match)


def _faults(data: TicketPatch) -> Iterator[Fault]:
    if data.tags is not UNSET:
        for name in ("add_tags", "remove_tags"):
            if getattr(data, name):
                yield Fault("says in part what tags says in full; send one of them", pointer=f"/{name}")
    adding = _composed(data.add_tags)
    for index, tag in enumerate(_composed(data.remove_tags)):
        if tag in adding:
            yield Fault("is to be added, too", pointer=f"/remove_tags/{index}")
    yield from named_twice(data.fields)


def _composed(tags: Tags) -> tuple[str, ...]:
    return tuple(map(composed, tags))


ROUTES = (change_ticket,)
