"""Webhooks that asked for events of tickets are told of them: rows written with the change itself."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.desk.listeners import Listeners
from tickets.domain.escalation import Format
from tickets.domain.history import event_name, told_outside
from tickets.domain.ticket import Change, Outgoing, Ticket


class Event(Struct, frozen=True, kw_only=True):
    """A line of a ticket's history as others may see it.

    `epoch` and `position` are its place in the history: webhooks overtake each other, the history does not.
    """

    type: str
    epoch: int
    position: int
    actor: str
    occurred_at: datetime
    detected_at: datetime
    data: dict[str, object]


class EventNotices(Protocol):
    """How an event reads."""

    def event(self, notice_id: UUID, event: Event, ticket: Ticket, written: Format) -> bytes:
        """The bytes to send, the same in every attempt."""


def tell_events(
    change: Change, listeners: Listeners, notices: EventNotices, new_id: Callable[[], UUID]
) -> Change:
    """The change, and a row for each of its events and each webhook that asked for it."""
    if not listeners:
        return change
    told = tuple(_told(change, listeners, notices, new_id))
    return replace(change, outgoing=change.outgoing + told) if told else change


def _told(
    change: Change, listeners: Listeners, notices: EventNotices, new_id: Callable[[], UUID]
) -> Iterator[Outgoing]:
    for position, line in enumerate(change.happened):
        for webhook in listeners.of(line.type):
            event = Event(
                type=event_name(line.type),
                epoch=change.after.epoch,
                position=position,
                actor=line.actor,
                occurred_at=line.occurred_at,
                detected_at=line.detected_at,
                data=told_outside(line.type, line.data),
            )
            notice_id = new_id()
            yield Outgoing(
                id=notice_id,
                way="webhook",
                destination=webhook.key,
                body=notices.event(notice_id, event, change.after, webhook.format),
                cause={"event": event.type, "ticket": str(change.after.id)},
                created_at=change.now,
            )
