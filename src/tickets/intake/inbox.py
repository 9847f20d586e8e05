"""One e-mail as received (RFC 5322 bytes) becomes a draft, whatever is wrong with it."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from itertools import chain
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.domain.draft import Draft, Identity, Sender
from tickets.domain.words import Priority
from tickets.intake.addresses import Address, read_addresses
from tickets.intake.authentication import read_verdicts, vouched
from tickets.intake.automatic import is_automatic
from tickets.intake.bounces import read_bounce
from tickets.intake.headers import Headers
from tickets.intake.mail_source import ImapSource, PostedMail
from tickets.intake.mime import Part, read_parts
from tickets.intake.mime_text import read_body
from tickets.intake.quoting import split_quote
from tickets.intake.signatures import split_signature
from tickets.intake.text import ID_LIMIT, SUBJECT_LIMIT, line
from tickets.intake.threading import Use, named_by_message_id, ticket_of_address, ticket_of_message_id

REFERENCES_LIMIT = 50
"""References kept, the nearest first."""

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_INSTEAD = ("reply-to", "sender", "return-path")
_RETURNED = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "text/plain"})
_FIRST_LINE = 100
_TAG = re.compile(r"\[#([1-9][0-9]{0,17})\]")


class Mailbox(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address of the desk. `domain` of our Message-IDs; by default that of `address`.

    Customers are answered from it, as `name` and with `signature`.
    `receipts` tell who opens a ticket that it has come, in words of ours or `receipt_text`; `plus_address`:
    its server takes `name+anything@…`, so that answers may be asked for at an address of the ticket's own.
    `trusts` names the servers (authserv-ids, RFC 8601) whose Authentication-Results are believed; each must
    remove forged ones. `agents_reply`: an agent's mail whose sender such a server vouches for is their reply.
    Its mail is fetched by `imap`, `posted` by a provider, or handed over by LMTP or as `message/rfc822`.
    """

    key: str
    address: str
    name: str = ""
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    language: str | None = None
    region: str | None = None
    domain: str = ""
    signature: str = ""
    receipts: bool = True
    receipt_text: str = ""
    plus_address: bool = False
    trusts: tuple[str, ...] = ()
    agents_reply: bool = False
    imap: ImapSource | None = None
    posted: PostedMail | None = None


def read_mail(raw: bytes, mailbox: Mailbox, secret: bytes) -> Draft:
    """The draft of one mail; never raises. `secret` is the key of our Message-IDs and addresses.

    The external id is the Message-ID and a digest of what people wrote, so that the same mail delivered
    again is known and another mail under a used Message-ID is not lost.
    """
    root = read_parts(raw)
    headers = root.headers
    authors = [read_addresses(value) for value in headers.texts("from")]
    sender = _sender(headers, authors, mailbox.address)
    body = read_body(root)
    reply, quoted = split_quote(body.text)
    text, signature = split_signature(reply)
    own_id, references = _own_id(headers), _references(headers)
    own = frozenset({mailbox.address.lower()})
    returned = read_bounce(root, sender.address, body.text, own)
    ticket = _proven_ticket(root, references, secret)
    noticed = _noticed_ticket(root, references, secret, came_back=returned is not None)
    if noticed is not None:
        ticket, returned = noticed, None
    elif returned is not None and (named := _returned_mail(root, secret)):
        ticket, returned = named[0], replace(returned, message=named[1])
    verdicts = read_verdicts(headers, mailbox.trusts)
    return Draft(
        channel="inbox",
        source="email",
        account=mailbox.key,
        external_id=_external_id(root, own_id),
        subject=_subject(headers, text),
        text=text,
        signature=signature,
        quoted=quoted,
        html=body.html,
        sender=Sender(
            name=sender.name,
            identities=(Identity("email", sender.address),) if sender.address else (),
        ),
        priority=mailbox.priority,
        language=mailbox.language,
        region=mailbox.region,
        tags=mailbox.tags,
        attachments=body.attachments,
        ticket=ticket,
        number=_number(headers),
        conversation=(own_id,) if own_id else (),
        references=references,
        notice=noticed is not None,
        automatic=returned is not None
        or noticed is not None
        or _is_ours(own_id, secret)
        or is_automatic(root, sender.address, mailbox.address),
        returned=returned,
        verdicts=verdicts,
        # Of several authors, servers may have checked another than we read.
        vouched=vouched(sender.address, verdicts) if [len(each) for each in authors] == [1] else None,
        written_at=_date(headers),
    )


def _sender(headers: Headers, authors: list[tuple[Address, ...]], mailbox: str) -> Address:
    """Who wrote: `authors` of From; Reply-To only where From is missing or the mailbox (relayed web forms).

    Never both: a Reply-To chosen by a stranger would make them the customer of that address.
    """
    others = (read_addresses(each) for name in _INSTEAD for each in headers.texts(name))
    for address in chain.from_iterable(chain(authors, others)):
        if address.address != mailbox.lower():
            return address
    return authors[0][0] if authors and authors[0] else Address("", "")


def _subject(headers: Headers, text: str) -> str:
    return line(headers.text("subject"), SUBJECT_LIMIT) or line(text, _FIRST_LINE) or "(no subject)"


def _own_id(headers: Headers) -> str:
    value = headers.plain("message-id")
    match = _MESSAGE_ID.search(value)
    return _short(match[0] if match else line(value, ID_LIMIT))


def _references(headers: Headers) -> tuple[str, ...]:
    """Message-IDs this mail answers, the nearest first."""
    nearest = _MESSAGE_ID.findall(headers.plain("in-reply-to"))
    chain = _MESSAGE_ID.findall(" ".join(headers.texts("references")))
    return tuple(dict.fromkeys(map(_short, [*nearest, *reversed(chain)])))[:REFERENCES_LIMIT]


def _short(message_id: str) -> str:
    """An id of at most `ID_LIMIT` characters; a longer one is named by its digest."""
    cleaned = line(message_id, 2 * ID_LIMIT)
    if len(cleaned) <= ID_LIMIT:
        return cleaned
    return "<" + sha256(message_id.encode("utf-8", "replace")).hexdigest() + "@digest.invalid>"


def _external_id(root: Part, own_id: str) -> str:
    """Message-ID and digest. Trace headers stay out of it: they differ from one delivery to the next."""
    digest = sha256()
    for name in ("from", "date", "subject"):
        digest.update(root.headers.raw(name) + b"\0")
    digest.update(root.raw[root.start : root.end].replace(b"\r\n", b"\n").rstrip())
    if not own_id:
        return digest.hexdigest()
    short = digest.hexdigest()[:16]
    return f"{own_id[: ID_LIMIT - len(short) - 1]} {short}"


def _number(headers: Headers) -> int | None:
    """The ticket's number our subjects end in: `[#123]`."""
    tags = _TAG.findall(headers.text("subject"))
    return int(tags[-1]) if tags else None


def _proven_ticket(root: Part, references: tuple[str, ...], secret: bytes) -> UUID | None:
    """By our Message-IDs, then by our address."""
    for reference in references:
        if ticket := ticket_of_message_id(reference, secret):
            return ticket
    for value in root.headers.texts(*_RECIPIENTS):
        for address in read_addresses(value) if "+" in value else ():
            if ticket := ticket_of_address(address.address, secret):
                return ticket
    return None


def _noticed_ticket(
    root: Part, references: tuple[str, ...], secret: bytes, *, came_back: bool
) -> UUID | None:
    """The ticket of the notice of ours that this mail answers or brings back."""
    named = (named_by_message_id(reference, secret, "notice") for reference in references)
    found = next(filter(None, named), None) or (came_back and _returned_mail(root, secret, "notice")) or None
    return None if found is None else found[0]


def _returned_mail(root: Part, secret: bytes, use: Use = "message") -> tuple[UUID, UUID] | None:
    """Ticket and message of the mail of ours that a bounce brings back, by our Message-ID in it."""
    for part in root.walk():
        if part.media_type in _RETURNED:
            for candidate in _MESSAGE_ID.findall(part.text[:20_000]):
                if named := named_by_message_id(candidate, secret, use):
                    return named
    return None


def _is_ours(own_id: str, secret: bytes) -> bool:
    return bool(own_id) and ticket_of_message_id(own_id, secret) is not None


def _date(headers: Headers) -> datetime | None:
    """The Date header in UTC, if it is one; without a zone it is taken as UTC."""
    try:
        date = parsedate_to_datetime(line(headers.text("date"), 100))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
