"""A ticket ends with nothing achieved: it was no request, lives on in another, or its customer is forgotten.

What it promised is owed no longer, and counts neither way.
"""

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.changes.draw import Draw
from tickets.domain.ticket import Ticket

SPAM = "spam"
"""The tag of a ticket that was no request."""


def is_spam(ticket: Ticket) -> bool:
    """Whether it is closed for that reason, and may be reopened for another."""
    return ticket.status == "closed" and SPAM in ticket.tags and ticket.merged_into is None


class MarkAsSpam(Struct, frozen=True):
    """It is no request at all."""


class MergeInto(Struct, frozen=True):
    """It goes on in another ticket."""

    survivor: UUID


class Absorb(Struct, frozen=True):
    """What another ticket asks is asked here from now on."""

    merged: Ticket


class Forget(Struct, frozen=True):
    """Its customer is forgotten: nobody can work on it any more."""


def mark_as_spam(draw: Draw, _: MarkAsSpam) -> None:
    """Close it, and let lists tell."""
    tags = draw.ticket.tags
    draw.ticket = replace(draw.ticket, tags=tags if SPAM in tags else (*tags, SPAM))
    draw.note("marked_as_spam")
    end(draw)


def restore(draw: Draw) -> None:
    """It was a request after all: it begins again, and is promised again."""
    now = draw.scene.now
    kept = tuple(tag for tag in draw.ticket.tags if tag != SPAM)
    draw.ticket = replace(draw.ticket, tags=kept, status="open", solved_at=None)
    draw.note("restored_from_spam")
    draw.note("status_changed", before="closed", after="open")
    draw.tell(facts.Opened(now, draw.ticket.status))
    draw.release()


def merge_into(draw: Draw, command: MergeInto) -> None:
    """Close it, with the way to where it goes on."""
    draw.ticket = replace(draw.ticket, merged_into=command.survivor)
    draw.note("merged_into", other=str(command.survivor))
    end(draw)


def absorb(draw: Draw, command: Absorb) -> None:
    """Whoever waits for an answer there waits for one here, since they began to."""
    draw.note("merged", other=str(command.merged.id))
    since = facts.unanswered_since(command.merged)
    if since is not None:
        if draw.ticket.status == "pending":
            draw.move_to("open")
        draw.tell(facts.CustomerReplied(since))


def forget(draw: Draw, _: Forget) -> None:
    """Close it."""
    end(draw)


def end(draw: Draw) -> None:
    """Nobody holds it, nobody is offered it, no clock runs on it."""
    before, now = draw.ticket, draw.scene.now
    if before.working:
        draw.release()
    draw.ticket = replace(draw.ticket, status="closed", waiting_since=None, route_at=None)
    draw.note("status_changed", before=before.status, after="closed")
    draw.tell(facts.Cancelled(now))
