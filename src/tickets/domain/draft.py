"""What intake makes of one raw envelope, before anybody decides what becomes of it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec import Struct

from tickets.domain.words import Channel, IdentityKind, Priority, composed

FieldValue = str | int | float | bool | None


def comparable(answer: FieldValue) -> FieldValue:
    """The value of a field as it is kept and compared: a number without a fraction is whole."""
    if isinstance(answer, float) and answer.is_integer():
        return int(Decimal(repr(answer)))  # its digits, as PostgreSQL keeps them
    return composed(answer) if isinstance(answer, str) else answer


class Identity(Struct, frozen=True):
    """One way to recognise a customer: `kind` and the normal form of `value`.

    E-mail addresses are lower case, phone numbers E.164; other values are kept as the provider sends them.
    """

    kind: IdentityKind
    value: str


class Sender(Struct, frozen=True, kw_only=True):
    """Who asks, as far as the envelope tells; no identity at all means an unknown customer."""

    name: str = ""
    identities: tuple[Identity, ...] = ()
    language: str | None = None
    region: str | None = None


class Attachment(Struct, frozen=True, kw_only=True):
    """A file that came with a message. `content_id` is set for images shown inside an HTML body.

    `object` is the key under which its content is kept, when that is not to stand in its row.
    """

    name: str
    media_type: str
    content: bytes
    content_id: str | None = None
    object: str | None = None


class Call(Struct, frozen=True, kw_only=True):
    """One event of one telephone call. Events arrive in any order, twice, or never.

    `agent` is the key of the agent who answered; `seconds` the talk time, known when the call has ended.
    """

    event: Literal["started", "answered", "missed", "ended"]
    call_id: str
    at: datetime
    agent: str | None = None
    seconds: int | None = None
    recording_url: str | None = None
    direction: Literal["in", "out"] = "in"


class Returned(Struct, frozen=True):
    """Mail of ours that came back: to whom (as far as told), for good or only late, why in its own words.

    `message` is which of our messages it was, where our key in it proves that.
    """

    recipients: tuple[str, ...] = ()
    final: bool = True
    reason: str = ""
    message: UUID | None = None


class Verdict(Struct, frozen=True):
    """What a mail server says it found out (RFC 8601).

    `method` (spf, dkim, dmarc) came to `result` for `domain`; `trusted`: the mailbox believes that server.
    """

    server: str
    method: str
    result: str
    domain: str
    trusted: bool = False


class Draft(Struct, frozen=True, kw_only=True):
    """A request as understood.

    `(channel, account, external_id)` names the envelope once and for all: the same triple again is the same
    request; without an `external_id` nothing is recognised. `account` is the key of the form, mailbox or
    hotline.

    `ticket` is set only by a proof (our keyed Message-ID or keyed address); `references` are keys other
    envelopes may have registered as their `conversation` (Message-IDs, call ids) and prove nothing: a
    message joins that ticket only when its sender takes part in it.
    `number` is a ticket's number as a subject names it: anybody can guess it, so it counts even less.
    `automatic` marks auto-replies, bounces and bulk mail, which stop no clock and get no acknowledgement.
    `notice`: it answers, or brings back, a notice of `ticket` to our own people: nobody else has that key.
    `written_at` is when the sender says it was written; promises count from when it reached us.
    `returned` says which mail of ours it is that came back. `verdicts` are what mail servers found out about
    the sender, `vouched` what the trusted among them come to: their domain sent it, did not, or nobody said.
    `signature` and `quoted` (what a mail repeats of earlier ones) are split off the end of `text`: the three
    together are the whole, so that nothing is lost.

    `quiet` is set for direct messages, which have no threads: one joins the customer's last ticket at the
    account while that is somebody's work, and within `quiet` of its last word. `echo` marks what a person of
    ours said in the provider's own inbox; `sender` is then the customer it was said to.
    """

    channel: Channel
    source: str
    account: str
    external_id: str | None
    subject: str
    text: str
    signature: str = ""
    quoted: str = ""
    html: str | None = None
    sender: Sender = Sender()
    priority: Priority | None = None
    language: str | None = None
    region: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, FieldValue] = {}
    attachments: tuple[Attachment, ...] = ()
    ticket: UUID | None = None
    number: int | None = None
    conversation: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    automatic: bool = False
    notice: bool = False
    returned: Returned | None = None
    verdicts: tuple[Verdict, ...] = ()
    vouched: bool | None = None
    written_at: datetime | None = None
    call: Call | None = None
    quiet: timedelta | None = None
    echo: bool = False
