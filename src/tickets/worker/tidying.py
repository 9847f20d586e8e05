"""Drops raw envelopes that are past their time, and objects no row refers to."""

from datetime import datetime, timedelta

from tickets.observability.metrics import Metrics
from tickets.persistence.envelopes import PostgresEnvelopes
from tickets.persistence.objects import Objects

TIDY_PULSE = timedelta(minutes=1)
"""How often is tidied up; what was erased is gone from the object store by then."""


async def tidy(
    envelopes: PostgresEnvelopes, objects: Objects, metrics: Metrics, kept: timedelta | None, now: datetime
) -> None:
    """One round, batch by batch. `kept` is how long accepted envelopes are kept, None for ever."""
    while kept is not None and (dropped := await envelopes.drop(kept, now)):
        metrics.envelopes_dropped.inc(dropped)
    while swept := await objects.sweep(now):
        metrics.objects_swept.inc(swept)
