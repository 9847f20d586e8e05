"""The service's own signs of life: its heartbeat to somebody outside, and whether clocks agree."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from tickets.observability.metrics import Metrics
from tickets.persistence.engine import Engine
from tickets.persistence.vital_signs import beat, skew

EVERY = timedelta(minutes=1)
"""Between two heartbeats, however many tickers there are."""

TOLERATED = timedelta(seconds=1)
"""By how much clocks may differ before it is said."""

_log = structlog.get_logger("tickets.ticker")


class VitalSigns:
    """Of one process. With `beating` somebody outside waits for heartbeats: a dead man's switch."""

    def __init__(
        self, engine: Engine, metrics: Metrics, left: Callable[[], object], *, beating: bool
    ) -> None:
        self.engine = engine
        self.metrics = metrics
        self._left = left
        self._beating = beating
        self._beaten = datetime.min.replace(tzinfo=UTC)
        self._agreed = True

    async def on_time(self, now: datetime) -> None:
        """A ticker has left nothing due behind: let the heartbeat leave, by the outbox like any page."""
        if self._beating and now - self._beaten >= EVERY:
            self._beaten = now
            if await beat(self.engine, now, EVERY):
                self._left()

    def stumbled(self) -> None:
        """A ticker's turn failed, for no fault of the database."""
        self.metrics.ticker_failures.inc()

    async def compare_clocks(self, now: Callable[[], datetime]) -> None:
        """Measure, and say so when clocks begin to differ, and when they agree again."""
        ahead = await skew(self.engine, now)
        self.metrics.clock_skew.set(ahead.total_seconds())
        agree = abs(ahead) <= TOLERATED
        if agree != self._agreed:
            self._agreed = agree
            say = _log.info if agree else _log.warning
            say("clocks.agree" if agree else "clocks.differ", ahead_seconds=round(ahead.total_seconds(), 3))
