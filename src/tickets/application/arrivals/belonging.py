"""Whose words a request is on a ticket: its customer's, an agent's, a mail server's; or a stranger's.

Neither a reference nor a number nor a keyed address makes a stranger a participant; theirs is a new ticket.
"""

from msgspec import Struct

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.model import Agent
from tickets.application.ports import Known
from tickets.domain.draft import Draft
from tickets.domain.ticket import Ticket
from tickets.domain.words import MessageKind
from tickets.intake.addresses import normal_address

MAIL = "mail"
"""The actor of what mail servers tell us."""


class Voice(Struct, frozen=True):
    """Who speaks, and what kind of message that is."""

    actor: str
    kind: MessageKind


def voice_of(draft: Draft, known: Known, ticket: Ticket, desk: CompiledDesk) -> Voice | None:
    """As whom a request may join a ticket, or None.

    Mail of ours comes back under our own key; what answers a notice to our own people is for them, too. A
    sender whom a trusted server disowns is nobody. An agent is believed only with our key and a server that
    vouches for them, and only on tickets of theirs.
    """
    customer = Voice(f"customer:{ticket.customer_id}", "customer_message")
    if ticket.status == "closed" or (draft.vouched is False and not draft.notice):
        return None
    if draft.call is not None:
        return customer if ticket.channel == "hotline" else None
    if draft.returned is not None or draft.notice:
        return Voice(MAIL, "internal_note") if draft.ticket == ticket.id else None
    if known.customer is not None and ticket.customer_id in {known.customer.id, *known.others}:
        return _echoed(draft) if draft.echo else customer
    agent = _agent(draft, desk) if draft.ticket == ticket.id else None
    if agent is None or not (agent.key == ticket.assignee or ticket.team in {None, *agent.teams}):
        return None
    return Voice(f"agent:{agent.key}", "internal_note" if draft.automatic else "public_reply")


def _echoed(draft: Draft) -> Voice:
    """Somebody of ours, nobody knows who, in the provider's own inbox."""
    return Voice(f"{draft.source}:{draft.account}", "public_reply")


def _agent(draft: Draft, desk: CompiledDesk) -> Agent | None:
    """The one agent who wrote this mail, beyond doubt."""
    mailbox = desk.mailbox(draft.account) if draft.channel == "inbox" else None
    if mailbox is None or not mailbox.agents_reply or not draft.vouched:
        return None
    addresses = {each.value for each in draft.sender.identities if each.kind == "email"}
    found = [agent for agent in desk.desk.agents.values() if normal_address(agent.email or "") in addresses]
    return found[0] if len(found) == 1 else None
