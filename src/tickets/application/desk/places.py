"""What the text of a receipt may leave open."""

from string import Formatter

from tickets.domain.ticket import Ticket
from tickets.intake.text import NAME_LIMIT, line

PLACES = frozenset({"name", "number", "subject"})
"""`{name}`, where it is known, brings a space before it: `Hello{name},`."""


def filled(text: str, ticket: Ticket, name: str) -> str:
    """The text with its places filled."""
    name = line(name, NAME_LIMIT)
    return text.format(name=f" {name}" if name else "", number=ticket.number, subject=line(ticket.subject))


def places_in(text: str) -> set[str]:
    """The places a text leaves open. Raises `ValueError` for braces that never close."""
    return {
        f"{name}!{conversion}" if conversion else f"{name}:{spec}" if spec else name
        for _, name, spec, conversion in Formatter().parse(text)
        if name is not None
    }
