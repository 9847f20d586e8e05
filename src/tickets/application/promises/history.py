"""What the promise engine was told of a ticket, read back from its history."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

import sla
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant

_signal = msgspec.json.Decoder(sla.Signal).decode


class Line(Struct, frozen=True, kw_only=True):
    """A line of history as far as promises care: a signal, or a fact that changed (`data`)."""

    ticket_id: UUID
    type: str
    occurred_at: Instant
    signal: Raw | None
    data: Raw


class _Told(Struct, frozen=True):
    terms_before: str = ""


_told = msgspec.json.Decoder(_Told).decode


def signals_of(lines: Iterable[Line]) -> Iterator[sla.Signal]:
    """The signals, in the order they were written."""
    return (_signal(line.signal) for line in lines if line.signal is not None)


def first_terms(ticket: Ticket, lines: Sequence[Line]) -> bytes:
    """The id of the terms a ticket began on: those before its first change of terms."""
    for line in lines:
        if line.signal is not None and (before := _told(line.data).terms_before):
            return bytes.fromhex(before)
    return ticket.terms_id


def terms_since(ticket: Ticket, lines: Sequence[Line]) -> datetime:
    """Since when the ticket runs on its present terms."""
    changes = (signal.at for signal in signals_of(lines) if isinstance(signal, sla.TermsChanged))
    return max(changes, default=ticket.opened_at)
