"""Says in the log what became of every attempt."""

from datetime import datetime

import structlog

from tickets.application.deliver import Again, Claimed, Dead, Verdict

_log = structlog.get_logger("tickets.outbox")


def log_attempt(claimed: Claimed, verdict: Verdict, now: datetime) -> None:
    """A `Witness`: sent is information, trying again a warning, dead an error."""
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
            log.error("delivery_dead", reason=reason)
        case _:
            log.info("delivered", age_seconds=round((now - claimed.created_at).total_seconds(), 3))
