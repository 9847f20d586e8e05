"""Our open alerts in an Alertmanager: when it is told what, and how an alert of ours reads there.

An Alertmanager forgets: it keeps alerts in memory, and ends those it has not been told again in time. So it
is told how things stand, not what has changed: whatever has moved at once, and everything that is open again
and again. Whoever is killed in between, the rows of the alerts are what is told next (law 1).
"""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from tickets.application.desk.alertmanagers import LONGEST_LABEL
from tickets.application.notices.page import Page
from tickets.domain.ticket import Alert, Ticket
from tickets.domain.words import Priority

WAY = "alertmanager"

EVERY = timedelta(minutes=1)
"""How often an Alertmanager is told everything that is open."""

LIVES = timedelta(minutes=10)
"""How long an alert lives there that is not told again: longer than an endpoint that failed is left alone."""

ENDED = timedelta(minutes=15)
"""How long it is told that an alert is over, as Prometheus does: it may not have heard the first time."""

LATE = timedelta(seconds=10)
"""How much later than its instant a change may be committed, and still be told at once."""

REST = timedelta(minutes=5)
"""How long an Alertmanager that refuses what it is told (a wrong password) is left alone."""

LONGEST_SUMMARY, LONGEST_DESCRIPTION = 300, 4_000
"""In characters."""

SEVERITIES: dict[Priority, str] = {
    "urgent": "critical",
    "high": "warning",
    "normal": "warning",
    "low": "info",
}
"""What rules of Prometheus call what we call a priority."""


NAMES = {"routing": "TicketStuck", "rule": "TicketEscalation", "manual": "TicketEscalation"}
"""What kind of alert it is, by metric; of a promise `TicketPromise`."""


class Standing(Struct, frozen=True, kw_only=True):
    """An alert, its ticket now, and since when the alert is not open any more."""

    alert: Alert
    ended_at: datetime | None
    ticket: Ticket


class Pass(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an outbox row tells an Alertmanager: what has moved `since`, or, without it, everything.

    `at` is when it was asked for, `whole_at` when it had last been told everything before. `moved` is what
    the store said of movements then: when it says something else, something has moved.
    """

    at: datetime
    since: datetime | None = None
    moved: str = ""
    whole_at: datetime | None = None


class Last(Struct, frozen=True, kw_only=True):
    """The row of the last pass, and whether somebody is at it just now. The fence moves with every claim."""

    state: str
    body: Pass
    fence: int
    under_way: bool

    @property
    def whole_at(self) -> datetime | None:
        """When the Alertmanager was last told everything, and took it."""
        took_it = self.state == "settled" and self.body.since is None
        return self.body.at if took_it else self.body.whole_at


def due(last: Last | None, now: datetime) -> Pass | None:
    """The pass there is to make: of everything, or of changes should there be any; None while one is made."""
    if last is None:
        return Pass(at=now)
    everything = Pass(at=now, whole_at=last.whole_at)
    ago = now - last.body.at
    if last.state == "settled":
        if last.whole_at is None or now - last.whole_at >= EVERY:
            return everything
        return Pass(at=now, since=last.whole_at - LATE, whole_at=last.whole_at)
    if last.state == "pending":
        return everything if ago >= EVERY and not last.under_way else None
    return everything if ago >= REST else None


def reads(standing: Standing, page: Page, more: dict[str, str], now: datetime) -> dict[str, Any]:
    """An alert as Alertmanager takes it (API v2, postableAlert). `more` are labels besides ours.

    It fires until somebody has it: what is acknowledged would go on ringing there.
    """
    alert = standing.alert
    ends = now + LIVES
    if alert.state != "open":
        ends = max(standing.ended_at or alert.detected_at, alert.occurred_at)
    return {
        "labels": _labels(standing, more),
        "annotations": {
            "summary": page.title[:LONGEST_SUMMARY],
            "description": page.text[:LONGEST_DESCRIPTION],
            "link": page.url,
        },
        "startsAt": alert.occurred_at,
        "endsAt": ends,
        "generatorURL": page.url,
    }


def _labels(standing: Standing, more: dict[str, str]) -> dict[str, str]:
    alert, ticket = standing.alert, standing.ticket
    ours = {
        "alertname": NAMES.get(alert.metric, "TicketPromise"),
        "severity": SEVERITIES[alert.priority],
        "priority": alert.priority,
        "metric": alert.metric,
        "level": alert.level,
        "policy": alert.policy,
        "team": alert.team or "",
        "channel": ticket.channel,
        "ticket": str(ticket.number),
        "alert": str(alert.id),
    }
    return {name: value[:LONGEST_LABEL] for name, value in {**more, **ours}.items() if value}
