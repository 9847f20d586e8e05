"""Changes of tickets as the one JSON document that the statements of `ticket_sql` write from.

A list for each table; every entry names its ticket, so that a document carries one change or many.
"""

from collections.abc import Iterable, Sequence

from msgspec import Raw
from msgspec.structs import asdict

from tickets.application.ports import Idempotent, Ledger, Wanted
from tickets.domain.ticket import Change, Customer, Message, Ticket

Entry = dict[str, object]


def document(changes: Sequence[Change], ledgers: Sequence[Ledger | None] = ()) -> dict[str, list[Entry]]:
    """What changes write: the tickets themselves and what hangs on them."""
    return {
        "tickets": [_ticket(change.after) for change in changes],
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
    """Its row. PostgreSQL reads bytes in hexadecimal."""
    return {**asdict(ticket), "terms_id": f"\\x{ticket.terms_id.hex()}"}


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
