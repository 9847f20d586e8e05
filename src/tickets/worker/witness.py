"""Says in the log what became of every attempt, and counts what was given up."""

from datetime import datetime
from uuid import UUID

import structlog

from tickets.application.outbox.deliver import Again, Claimed, Dead, Verdict, Withdrawn
from tickets.application.outbox.endpoint import Turn
from tickets.observability.metrics import Metrics

_log = structlog.get_logger("tickets.outbox")


class Clerk:
    """A `Witness`: sent is information, trying again a warning, dead an error and counted."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def __call__(self, claimed: Claimed, verdict: Verdict, now: datetime) -> None:
        """Say what became of an attempt."""
        match verdict:
            case Dead(expired=True):
                self.metrics.pages_unsent.labels("expired").inc()
            case Dead():
                self.metrics.deliveries_dead.labels(claimed.way).inc()
            case Withdrawn():
                self.metrics.pages_unsent.labels("withdrawn").inc()
            case _:
                pass
        _say(claimed, verdict, now)


class Watchman:
    """Hears when an endpoint comes to stand otherwise; whoever's attempt it was says so, and nobody else."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def __call__(self, turn: Turn) -> None:
        """Count it, log it."""
        self.metrics.endpoint_turns.labels(turn.name.partition(":")[0], turn.state).inc()
        log = _log.bind(endpoint=turn.name, reason=turn.reason)
        match turn.state:
            case "open":
                log.warning("endpoint_left_alone", until=turn.until and turn.until.isoformat())
            case "disabled":
                log.error("endpoint_disabled")
            case _:
                log.info("endpoint_ready")


def mail_not_understood(envelope: UUID, error: Exception) -> None:
    """A mail was kept but not understood, for no fault of its sender: the rescuer or people go on."""
    structlog.get_logger("tickets.inbox").error(
        "mail_not_understood", envelope=str(envelope), error=repr(error)
    )


def _say(claimed: Claimed, verdict: Verdict, now: datetime) -> None:
    log = _log.bind(
        outbox_id=str(claimed.id),
        way=claimed.way,
        destination=claimed.destination,
        attempts=claimed.attempts,
        cause=claimed.cause,
    )
    match verdict:
        case Again(at, reason):
            log.warning("delivery_failed", reason=reason, again_at=at.isoformat())
        case Dead(reason):
            log.error("page_expired" if verdict.expired else "delivery_dead", reason=reason)
        case Withdrawn(reason):
            log.info("page_withdrawn", reason=reason)
        case _:
            log.info("delivered", age_seconds=round((now - claimed.created_at).total_seconds(), 3))
