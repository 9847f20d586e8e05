"""A ticket that is only supposed: what the previews ask about."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tickets.api.given import Fields, Tags, Word
from tickets.api.problems import Fault, Problem
from tickets.domain.draft import comparable
from tickets.domain.ticket import Ticket
from tickets.domain.words import Channel, Instant, Priority, composed

_NOBODY = UUID(int=0)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class Supposed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket as it might come in. Without a `team` the routing rules choose one, as for a real ticket.

    `account` is the form, mailbox, hotline or API client it comes by; `opened_at` is now unless given.
    """

    channel: Channel = "api"
    source: Word = "rest"
    account: Word = "-"
    priority: Priority = "normal"
    team: Word | None = None
    customer_id: UUID | None = None
    customer_tier: Word | None = None
    customer_segment: Word | None = None
    language: Word | None = None
    region: Word | None = None
    tags: Tags = ()
    fields: Fields = {}
    opened_at: Instant | None = None


def supposed_ticket(supposed: Supposed, now: datetime) -> Ticket:
    """The ticket as it would stand before anybody decided on it. Raises `Problem` 422."""
    at = supposed.opened_at or now
    if not _FIRST_YEAR <= at.year < _LAST_YEAR:
        fault = Fault(f"must lie between {_FIRST_YEAR} and {_LAST_YEAR}", pointer="/opened_at")
        raise Problem(422, "The body does not fit.", errors=[fault])
    return Ticket(
        id=_NOBODY,
        channel=supposed.channel,
        source=supposed.source,
        account=supposed.account,
        subject="",
        priority=supposed.priority,
        customer_id=supposed.customer_id or _NOBODY,
        customer_tier=supposed.customer_tier,
        customer_segment=supposed.customer_segment,
        team=supposed.team,
        language=supposed.language,
        region=supposed.region,
        tags=tuple(map(composed, supposed.tags)),
        fields={composed(name): comparable(answer) for name, answer in supposed.fields.items()},
        opened_at=at,
        updated_at=at,
    )
