"""A receipt: the mail that tells a customer their request has come, and its number. Never to machines.

Everything a machine could answer is kept from it (RFC 3834): automatic mail, null senders, addresses of ours,
addresses whose mail came back, those who said stop, and whoever got enough receipts in a day.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.answers.by_mail import cannot_be_written_to, letter_about
from tickets.application.answers.letter import letter_bytes
from tickets.application.answers.origin import origin_of
from tickets.application.answers.stopping import stop_token
from tickets.application.desk.model import Desk
from tickets.application.desk.places import filled
from tickets.domain.draft import Draft
from tickets.domain.ticket import Change, Happened, Outgoing, Ticket
from tickets.intake.inbox import Mailbox

MOST = 5
"""Receipts one address gets within `WITHIN`: the last resort against machines that do not say so."""
WITHIN = timedelta(days=1)
OLD = timedelta(days=1)
"""A mail written longer ago gets no receipt: it lay in a folder we see for the first time, or was stuck."""

_TEXT: Mapping[str, str] = {
    "en": "Hello{name},\n\nwe have received your request and noted it under number #{number}. "
    "We will answer as soon as we can.\n\nIf there is anything to add, simply answer this mail.",
    "vi": "Xin chào{name},\n\nChúng tôi đã nhận được yêu cầu của bạn và ghi nhận với mã số #{number}. "
    "Chúng tôi sẽ trả lời sớm nhất có thể.\n\nNếu cần bổ sung, bạn chỉ cần trả lời thư này.",
}
_STOP: Mapping[str, str] = {
    "en": "No more receipts like this one: {url}",
    "vi": "Không nhận thư xác nhận như thế này nữa: {url}",
}


class Standing(Struct, frozen=True):
    """What is known of an address: it wants no receipts, its mail came back, how many it got of late."""

    stopped: bool = False
    bounced: bool = False
    recent: int = 0


class Addresses(Protocol):
    """What we remember of e-mail addresses."""

    async def standing(self, address: str, since: datetime) -> Standing:
        """What is known of an address; receipts are counted from `since` on."""


class Due(Struct, frozen=True):
    """Whether a receipt is owed: from `mailbox` to `address`, or not, for a reason worth telling."""

    mailbox: Mailbox | None = None
    address: str = ""
    withheld: str | None = None


class Receipts(Struct, frozen=True, kw_only=True):
    """Decides on receipts and writes them. `leaves`: whether mail can leave at all here."""

    secret: bytes
    public_url: str
    addresses: Addresses
    leaves: bool

    async def due(self, draft: Draft, desk: Desk, now: datetime) -> Due:
        """Whether who asks is owed a receipt for a new ticket."""
        mailbox, address = _wanted(draft, desk), _address(draft)
        if not self.leaves or draft.automatic or mailbox is None or address is None:
            return Due()
        reason = cannot_be_written_to(address, desk)
        if reason is None and draft.written_at is not None and now - draft.written_at > OLD:
            reason = "it was written more than a day ago"
        reason = reason or withheld(await self.addresses.standing(address, now - WITHIN))
        return Due(withheld=reason) if reason else Due(mailbox, address)

    def add(self, change: Change, due: Due, draft: Draft, desk: Desk, letter: UUID) -> Change:
        """The change that opens a ticket, with its receipt, or with why there is none."""
        if due.mailbox is None:
            return _noting(change, "receipt_withheld", reason=due.withheld) if due.withheld else change
        outgoing = self.write(change.after, due, due.mailbox, draft, desk, letter, change.now)
        change = replace(change, outgoing=(*change.outgoing, outgoing))
        return _noting(change, "receipt_sent", way=outgoing.way, destination=outgoing.destination)

    def write(
        self, ticket: Ticket, due: Due, mailbox: Mailbox, draft: Draft, desk: Desk, letter: UUID, at: datetime
    ) -> Outgoing:
        """The mail itself. It has no return path: nobody needs to know that a receipt could not be read."""
        language = _spoken(ticket.language or mailbox.language or desk.language)
        url = f"{self.public_url}/v1/mail/stop/{stop_token(due.address, self.secret)}"
        text = filled(mailbox.receipt_text or _TEXT[language], ticket, draft.sender.name)
        written = replace(
            letter_about(ticket, letter, at, mailbox, origin_of(draft), self.secret),
            to=(draft.sender.name, due.address),
            text=f"{text}\n\n{_STOP[language].format(url=url)}",
            extra=(
                ("Auto-Submitted", "auto-replied"),
                ("X-Auto-Response-Suppress", "All"),
                ("List-Unsubscribe", f"<{url}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ),
        )
        cause: dict[str, object] = {"ticket": str(ticket.id), "receipt": str(letter)}
        return Outgoing(
            id=letter,
            way="email",
            destination=due.address,
            body=letter_bytes(written),
            cause=cause,
            created_at=at,
        )


def withheld(standing: Standing) -> str | None:
    """Why an address gets no receipt."""
    if standing.stopped:
        return "the address asked for no receipts"
    if standing.bounced:
        return "mail to the address came back"
    return f"the address got {standing.recent} receipts in a day" if standing.recent >= MOST else None


def _wanted(draft: Draft, desk: Desk) -> Mailbox | None:
    """The mailbox a receipt would come from, where receipts are wanted."""
    if draft.channel == "inbox" and draft.source == "email":
        mailbox = desk.mailboxes.get(draft.account)
        return mailbox if mailbox is not None and mailbox.receipts else None
    form = desk.forms.get(draft.account) if draft.channel == "form" else None
    return desk.default_mailbox if form is not None and form.receipts else None


def _address(draft: Draft) -> str | None:
    return next((each.value for each in draft.sender.identities if each.kind == "email"), None)


def _spoken(language: str) -> Literal["en", "vi"]:
    return "vi" if language.partition("-")[0].lower() == "vi" else "en"


def _noting(change: Change, event: str, **data: object) -> Change:
    now = change.now
    said = Happened(type=event, actor="receipts", occurred_at=now, detected_at=now, data=data)
    return replace(change, happened=(*change.happened, said))
