"""Who hears of an escalation: from the desk's levels to alerts and what leaves for their recipients."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.domain.escalation import Escalation, Recipient
from tickets.domain.ticket import Alert, Happened, Outgoing, Ticket


class Directory(Protocol):
    """What the desk knows of people: whom a level means, right now."""

    def recipients(
        self,
        policy: str,
        level: str,
        ticket: Ticket,
        at: datetime,
        notify: Sequence[str] = (),
        fallback: Sequence[str] = (),
    ) -> Sequence[Recipient]:
        """Everybody a level (or `notify`) tells, never empty: the fallback answers when nobody else does."""


class Notices(Protocol):
    """How an alert reads on each way."""

    def render(
        self,
        way: str,
        destination: str,
        notice_id: UUID,
        alert: Alert,
        ticket: Ticket,
        recipient: Recipient,
    ) -> bytes:
        """The bytes to send to a recipient, the same in every attempt."""


class Raised(Struct, frozen=True):
    """Alerts, what leaves for them, the history of both, and who has to acknowledge each run."""

    alerts: tuple[Alert, ...]
    outgoing: tuple[Outgoing, ...]
    happened: tuple[Happened, ...]
    told: dict[UUID, list[str]] = {}


def escalate(
    escalations: Iterable[Escalation],
    ticket: Ticket,
    directory: Directory,
    notices: Notices,
    now: datetime,
    new_id: Callable[[], UUID],
) -> Raised:
    """Turn what is due into alerts: one for each, to everybody its level names."""
    alerts: list[Alert] = []
    outgoing: list[Outgoing] = []
    happened: list[Happened] = []
    told: dict[UUID, list[str]] = {}
    for due in escalations:
        recipients = directory.recipients(due.policy, due.level, ticket, now, due.notify, due.fallback)
        alert = _alert(due, ticket, recipients, now, new_id())
        alerts.append(alert)
        paged = [recipient for recipient in recipients if recipient.name not in due.spared]
        pages = list(leaving(alert, ticket, paged, notices, now, new_id))
        outgoing += pages
        if due.run is not None:
            told.setdefault(due.run, []).extend(who_answer(paged))
        silent = [recipient.name for recipient in recipients if not recipient.ways]
        happened.append(_raised(alert, silent, unheard=not pages and len(paged) == len(recipients), now=now))
    return Raised(tuple(alerts), tuple(outgoing), tuple(happened), told)


def who_answer(recipients: Iterable[Recipient]) -> list[str]:
    """Who of those paged has to acknowledge: programs only where no people are told."""
    reached = [recipient.name for recipient in recipients if recipient.ways]
    return [name for name in reached if not name.startswith("webhook:")] or reached


def _alert(
    due: Escalation, ticket: Ticket, recipients: Sequence[Recipient], now: datetime, alert_id: UUID
) -> Alert:
    return Alert(
        id=alert_id,
        ticket_id=ticket.id,
        metric=due.metric,
        cycle=due.cycle,
        level=due.level,
        repeat=due.repeat,
        covers=due.covers,
        recipients=tuple(recipient.name for recipient in recipients),
        occurred_at=due.occurred_at,
        detected_at=now,
        run=due.run,
        policy=due.policy,
        priority=ticket.priority,
        team=ticket.team,
    )


def leaving(
    alert: Alert,
    ticket: Ticket,
    recipients: Sequence[Recipient],
    notices: Notices,
    now: datetime,
    new_id: Callable[[], UUID],
) -> Iterable[Outgoing]:
    """The notices of an alert: one for each way there is, which names all whom it leads to."""
    led: dict[tuple[str, str], list[Recipient]] = {}
    for recipient in recipients:
        for leading_there in recipient.ways:
            led.setdefault(leading_there, []).append(recipient)
    for (way, destination), (first, *others) in led.items():
        recipient = replace(first, beside=tuple(other.name for other in others))
        notice_id = new_id()
        yield Outgoing(
            id=notice_id,
            way=way,
            destination=destination,
            body=notices.render(way, destination, notice_id, alert, ticket, recipient),
            cause={"alert": str(alert.id), "ticket": str(ticket.id)},
            created_at=now,
        )


def _raised(alert: Alert, silent: list[str], *, unheard: bool, now: datetime) -> Happened:
    data: dict[str, object] = {
        "alert": str(alert.id),
        "metric": alert.metric,
        "level": alert.level,
        "repeat": alert.repeat,
        "recipients": list(alert.recipients),
    }
    if alert.run is not None:
        data["run"] = str(alert.run)
    if silent:
        data["without_contact"] = silent
    if unheard:
        data["unheard"] = True
    return Happened(
        type="alert_raised", actor="sla", occurred_at=alert.occurred_at, detected_at=now, data=data
    )
