"""What committed changes mean for the metrics."""

from tickets.domain.ticket import Change, Happened
from tickets.observability.metrics import Metrics

_ON_TIME = frozenset({"sla.breached", "sla.at_risk", "sla.escalation_due"})
"""Events that happen at an instant of their own, whether we look or not; our lateness is in noticing."""


class Counting:
    """An `Observer` that counts."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    def changed(self, change: Change) -> None:
        """Count one committed change."""
        before, after = change.before, change.after
        if before is None:
            self.metrics.opened.labels(after.channel).inc()
        waited_since = after.opened_at if before is None else before.waiting_since
        if waited_since is not None and after.assignee is not None:
            self.metrics.assignment.observe((change.now - waited_since).total_seconds())
        for happened in change.happened:
            self._count(happened)
        for alert in change.alerts:
            self.metrics.alerts.labels(alert.metric, alert.level).inc()

    def _count(self, happened: Happened) -> None:
        metric = str(happened.data.get("metric"))
        if happened.type == "sla.breached":
            self.metrics.clocks.labels(metric, "breached").inc()
        elif happened.type == "sla.fulfilled" and not happened.data.get("late"):
            self.metrics.clocks.labels(metric, "met").inc()  # one fulfilled late has been counted as breached
        if happened.type in _ON_TIME:
            late = happened.detected_at - happened.occurred_at
            self.metrics.lateness.observe(late.total_seconds())
