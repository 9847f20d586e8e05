"""Changes of tickets as the one JSON document that the statements of `ticket_sql` write from.

A list for each table; every entry names its ticket, so that a document carries one change or many.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from msgspec import Raw
from msgspec.structs import asdict

from tickets.application.ports import Idempotent, Ledger, Wanted
from tickets.domain.ticket import Change, Customer, Message, Ticket

Entry = dict[str, object]


TIMED = ("epoch", "clocks", "runs", "due_at", "tick_at", "updated_at")
"""All that passing time moves on a ticket's row."""
_TIMED_ROW = ("id", *TIMED)
_timed = attrgetter(*_TIMED_ROW)
_untimed = attrgetter(*(field for field in Ticket.__struct_fields__ if field not in TIMED))


def only_timed(change: Change) -> bool:
    """Whether nothing moved on the ticket's row but what time moves."""
    return change.before is not None and _untimed(change.before) == _untimed(change.after)


def document(
    changes: Sequence[Change], ledgers: Sequence[Ledger | None] = (), *, timed: bool = False
) -> dict[str, list[Entry]]:
    """What changes write: the tickets themselves, or of them what is `TIMED`, and what hangs on them."""
    row = _timed_row if timed else _ticket
    return {
        "tickets": [row(change.after) for change in changes],
        "messages": [_message(said) for change in changes for said in change.messages],
        "happened": [line for change in changes for line in _happened(change)],
        "alerts": [asdict(alert) for change in changes for alert in change.alerts],
        "outgoing": [
            {**asdict(leaving), "ticket_id": change.after.id}
            for change in changes
            for leaving in change.outgoing
        ],
        "offers": [asdict(change.offer) for change in changes if change.offer is not None],
        "ledger": [
            entry
            for change, ledger in zip(changes, ledgers, strict=False)
            if ledger is not None
            for entry in _ledger(change, ledger)
        ],
    }


def _ledger(change: Change, ledger: Ledger) -> Iterable[Entry]:
    yield {**asdict(ledger), "ticket_id": change.after.id}
    if ledger.follows is not None:
        place = Ledger(ledger.channel, ledger.account, ledger.follows)
        yield {**asdict(place), "ticket_id": change.after.id}


def asked_about(wanted: Wanted) -> Entry:
    """A request as `KNOWN` asks about it."""
    idempotent = wanted.idempotent
    return {
        "channel": wanted.channel,
        "account": wanted.account,
        "external_id": wanted.external_id,
        "identities": wanted.identities,
        "references": wanted.references,
        "number": wanted.number,
        "api_key": idempotent and idempotent.api_key,
        "key": idempotent and idempotent.key,
    }


def newcomer(change: Change, customer: Customer) -> Entry:
    """A customer who comes with the ticket that a change opens."""
    return {**asdict(customer), "ticket_id": change.after.id, "created_at": change.now}


def kept_answer(change: Change, idempotent: Idempotent) -> Entry:
    """The answer to keep under the Idempotency-Key of the request that a change answers."""
    return {
        **asdict(idempotent),
        "ticket_id": change.after.id,
        "answer": Raw(idempotent.answer),
        "created_at": change.now,
    }


def _ticket(ticket: Ticket) -> Entry:
    """Its row. PostgreSQL reads bytes in hexadecimal; what is not named is NULL, for half the work."""
    row: Entry = {name: value for name, value in asdict(ticket).items() if value is not None}
    row["terms_id"] = f"\\x{ticket.terms_id.hex()}"
    return row


def _timed_row(ticket: Ticket) -> Entry:
    return dict(zip(_TIMED_ROW, _timed(ticket), strict=True))


def _message(said: Message) -> Entry:
    entry = asdict(said)
    del entry["attachments"]  # binary: they travel by themselves
    return entry


def _happened(change: Change) -> Iterable[Entry]:
    for position, line in enumerate(change.happened):
        yield {
            **asdict(line),
            "ticket_id": change.after.id,
            "position": position,
            "correlation_id": change.correlation_id,
        }
