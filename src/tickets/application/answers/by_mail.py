"""Answers by e-mail: from which mailbox, to which address, in which thread."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.answers.answer import Correspondence, Unanswered
from tickets.application.answers.letter import Letter, letter_bytes
from tickets.application.desk.model import Desk
from tickets.domain.ticket import Message, Origin, Outgoing, Ticket
from tickets.intake.addresses import normal_address
from tickets.intake.inbox import Mailbox
from tickets.intake.threading import message_id, reply_address

AUTOMATIC = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"))
"""Header fields of what no person wrote (RFC 3834 §5), for programs that answer mail to see."""


class MailAnswers(Struct, frozen=True):
    """The way `email` to customers. `secret` keys our Message-IDs and addresses."""

    secret: bytes

    def answer(
        self, ticket: Ticket, message: Message, correspondence: Correspondence, desk: Desk
    ) -> Outgoing | Unanswered:
        """The mail that carries an agent's reply."""
        address, mailbox = correspondence.address("email"), mailbox_for(ticket, correspondence.last, desk)
        if address is None:
            return Unanswered("the customer has no e-mail address")
        if mailbox is None:
            return Unanswered("the desk has no mailbox to answer from")
        if (reason := cannot_be_written_to(address, desk)) is not None:
            return Unanswered(reason)
        letter = replace(
            letter_about(ticket, message.id, message.occurred_at, mailbox, correspondence.last, self.secret),
            to=(correspondence.customer.name, address),
            bounces_to=mailbox.address,
            text=message.text,
            html=message.html,
            attachments=message.attachments,
            extra=AUTOMATIC if message.automatic else (),
        )
        return Outgoing(
            id=message.id,
            way="email",
            destination=address,
            body=letter_bytes(letter),
            cause={"ticket": str(ticket.id), "message": str(message.id)},
            created_at=message.occurred_at,
        )


def mailbox_for(ticket: Ticket, last: Origin | None, desk: Desk) -> Mailbox | None:
    """The mailbox the customer wrote to, while there is one; else the one the desk answers from."""
    for source, account in ((last and last.source, last and last.account), (ticket.source, ticket.account)):
        if source == "email" and account in desk.mailboxes:
            return desk.mailboxes[account]
    return desk.default_mailbox


def cannot_be_written_to(address: str, desk: Desk) -> str | None:
    """Why no mail may go there: it would come back to us, or no server would take it."""
    if normal_address(address) is None or not address.isascii():
        return f"{address!r} is no address mail can be sent to"
    local, _, domain = address.partition("@")
    if f"{local.partition('+')[0]}@{domain}" in {box.address.lower() for box in desk.mailboxes.values()}:
        return f"{address!r} is an address of ours"
    return None


def letter_about(
    ticket: Ticket, letter: UUID, at: datetime, mailbox: Mailbox, last: Origin | None, secret: bytes
) -> Letter:
    """A letter with nothing said in it yet: who writes, under which Message-ID, in which thread.

    Our key in the Message-ID leads the answer to its ticket. Subject, In-Reply-To and References are RFC 5322
    §3.6.4; a root made of the ticket alone stands first, so that mail programs keep together what we write
    even where the customer never wrote a mail (forms, calls).
    """
    domain = mailbox.domain or mailbox.address.rpartition("@")[2]
    root = message_id(ticket.id, ticket.id, domain, secret)
    before = last.thread if last is not None and last.source == "email" else ()
    return Letter(
        message_id=message_id(ticket.id, letter, domain, secret),
        at=at,
        sender=(mailbox.name, mailbox.address),
        reply_to=reply_address(ticket.id, mailbox.address, secret) if mailbox.plus_address else "",
        subject=f"{_again(ticket.subject)} [#{ticket.number}]",
        thread=(root, *(each for each in before if each != root)),
        answers=before[-1] if before else root,
        signature=mailbox.signature,
    )


def _again(subject: str) -> str:
    return subject if subject[:3].lower() == "re:" else f"Re: {subject}"
