"""A reply leaves by the customer's own way: the port that decides which, or says why it cannot."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from tickets.application.desk.model import Desk
from tickets.domain.ticket import Customer, Message, Origin, Outgoing, Ticket


class Correspondence(Struct, frozen=True):
    """Who is answered, and the way by which they last wrote on this ticket, if it is known."""

    customer: Customer
    last: Origin | None = None

    def address(self, kind: str) -> str | None:
        """Where they are reached: the identity they last wrote with, else the first they have."""
        if self.last is not None and self.last.identity is not None and self.last.identity.kind == kind:
            return self.last.identity.value
        return next((each.value for each in self.customer.identities if each.kind == kind), None)


class Unanswered(Struct, frozen=True):
    """Nothing leaves, and why: a sentence for the agent."""

    reason: str


class Elsewhere(Struct, frozen=True):
    """Nothing leaves: it has reached them already, from the provider's own inbox."""

    source: str
    account: str


Answering = Callable[[Ticket, Message], Outgoing | Unanswered | Elsewhere]
"""The decision for one ticket, once everything it needs has been loaded."""


class Answers(Protocol):
    """One way to customers, decided purely: same in, same bytes out."""

    def answer(
        self, ticket: Ticket, message: Message, correspondence: Correspondence, desk: Desk
    ) -> Outgoing | Unanswered:
        """What leaves for this customer; its id is the message's."""


class AnswersBySource(Struct, frozen=True):
    """The way that the customer last came by; mail where that way cannot carry answers (forms, calls)."""

    mail: Answers
    ways: dict[str, Answers] = {}

    def answer(
        self, ticket: Ticket, message: Message, correspondence: Correspondence, desk: Desk
    ) -> Outgoing | Unanswered:
        """Ask that way."""
        source = correspondence.last.source if correspondence.last is not None else ticket.source
        return self.ways.get(source, self.mail).answer(ticket, message, correspondence, desk)


def nobody_hears(_ticket: Ticket, _message: Message) -> Unanswered:
    """Answer where no way out was asked for."""
    return Unanswered("nothing was asked to carry it")
