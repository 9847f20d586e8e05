"""How a case comes in: the request its channel would have brought.

Each carries the case's id where its channel recognises requests by: sent twice, it is one ticket.
"""

from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Struct

from tickets.replay.mapping import Case

JSON = "application/json"


class Sent(Struct, frozen=True, kw_only=True):
    """A POST. `once` is its Idempotency-Key, if it needs one."""

    path: str
    body: bytes = b""
    media_type: str = JSON
    once: str | None = None


def opening(case: Case) -> Sent:
    """The request that opens a ticket for the case."""
    match case.channel:
        case "hotline":
            return _call(case)
        case "form":
            return _form(case)
        case "inbox":
            return _mail(case)
        case _:
            return _rest(case)


def solving(ticket: UUID) -> Sent:
    """The request that solves a ticket."""
    return Sent(path=f"/v1/tickets/{ticket}/solve")


def _call(case: Case) -> Sent:
    event = {
        "call_id": case.id,
        "event": "started",
        "at": case.opened,
        "subject": case.subject,
        "fields": case.fields,
        "region": case.region,
    }
    return Sent(path=f"/v1/intake/hotline/{quote(case.account)}", body=msgspec.json.encode(event))


def _form(case: Case) -> Sent:
    answers = {**case.fields, "region": case.region} if case.region else case.fields
    return Sent(
        path=f"/v1/intake/forms/{quote(case.account)}",
        body=msgspec.json.encode(answers),
        once=f"replay-{case.id}",
    )


def _mail(case: Case) -> Sent:
    """A mail says nothing but text: its facts are in the mailbox it was written to."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"customer-{case.id}@replay.invalid"
    mail["To"] = f"{case.account}@replay.invalid"
    mail["Subject"] = case.subject
    mail["Date"] = case.opened
    mail["Message-ID"] = f"<{case.id}@replay.invalid>"
    mail.set_content("\n".join(f"{name}: {value}" for name, value in case.fields.items()) or case.subject)
    return Sent(
        path=f"/v1/intake/inbox/{quote(case.account)}", body=mail.as_bytes(), media_type="message/rfc822"
    )


def _rest(case: Case) -> Sent:
    body = {
        "subject": case.subject,
        "fields": case.fields,
        "region": case.region,
        "source": case.source or "replay",
        "external_id": case.id,
    }
    return Sent(path="/v1/tickets", body=msgspec.json.encode(body))
