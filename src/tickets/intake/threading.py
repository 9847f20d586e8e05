"""Our own keys in mail: a Message-ID and a reply address that prove which ticket an answer belongs to.

Both carry a MAC (HMAC-SHA-256, truncated) over what they name, so knowing or guessing a ticket's id is not
enough to reach it.
"""

from uuid import UUID


def message_id(ticket: UUID, message: UUID, domain: str, secret: bytes) -> str:
    """`<ticket.message.mac@domain>` for a mail of ours."""
    raise NotImplementedError


def ticket_of_message_id(text: str, secret: bytes) -> UUID | None:
    """The ticket a Message-ID (with or without brackets) proves, or None. Constant-time compare."""
    raise NotImplementedError


def reply_address(ticket: UUID, address: str, secret: bytes) -> str:
    """`local+ticket.mac@domain`: answers to it reach the ticket even when clients drop `References`."""
    raise NotImplementedError


def ticket_of_address(address: str, secret: bytes) -> UUID | None:
    """The ticket a keyed address proves, or None. Constant-time compare."""
    raise NotImplementedError
