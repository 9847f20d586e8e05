"""How late the ticker is, with many tickets armed and a few hundred due each second.

Every ticket carries the clocks of one that was really opened, moved in time; what falls due is a breach,
which the ticker finds by recomputing them. Late is from the due instant until the breach is on disk.
"""

import asyncio
import time
from datetime import timedelta

import click
from tests.armed import arm as arm_tickets
from tests.bench.place import Place
from tests.bench.request import record

from tickets.adapters import system
from tickets.bootstrap import Application

LEAD = timedelta(seconds=20)
"""From arming to the first due instant: the server starts within them."""
SECONDS = 15.0

_DESK = """
sla_policies:
  only:
    order: 1
    targets:
      - {metric: first_response, budget: PT4H, at_risk: null}
"""
_LATE = """
SELECT count(*), percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY detected_at - occurred_at),
       percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY committed_at - occurred_at)
FROM (
    SELECT *, pg_xact_commit_timestamp(xmin) AS committed_at FROM ticket_event WHERE type = 'sla.breached'
) AS breach
"""


def measure(place: Place, armed: int, rate: int) -> None:
    """Arm, let the ticker run, and print how late it was."""
    url = place.database("lateness", _DESK)
    due, start = round(rate * SECONDS), system.now() + LEAD

    async def arm(app: Application) -> None:
        opened = await record(url)
        await arm_tickets(app.engine, opened.ticket, start, rate, due, armed - due)

    async def look(app: Application) -> None:
        row = await app.engine.fetch_row(_LATE)
        if row is None or row[0] != due:
            raise RuntimeError(f"{row and row[0]} of {due} breaches")
        click.echo(
            f"\nTime passing: {armed} tickets armed, {rate} due each second for {SECONDS:.0f} s, {due} in all"
        )
        click.echo(f"{'':<36}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
        for name, late in (("due instant to noticed", row[1]), ("due instant to committed", row[2])):
            click.echo(f"{name:<36}" + "".join(f"{1000 * each.total_seconds():>9.0f}" for each in late))

    asyncio.run(place.with_app(url, arm))
    with place.running("serve", url):
        time.sleep((start - system.now()).total_seconds() + SECONDS + 3)
    asyncio.run(place.with_app(url, look))
