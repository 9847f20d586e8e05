"""Somebody acknowledges in the very instant in which the next page would leave."""

import asyncio
import random
from datetime import datetime, timedelta
from uuid import UUID

from tests.faults.scene import Scene, Size
from tests.faults.served import until
from tests.faults.stories.processes import SOON, calm
from tests.faults.tally import Tally

from tickets.adapters import system
from tickets.application.acts.acknowledge import acknowledge
from tickets.domain.errors import NotFound

REPEAT = timedelta(seconds=1)
"""When the desk repeats a page that nobody has acknowledged."""

NARROW = 0.05
"""Seconds before and after it within which they acknowledge."""

_OPEN = "SELECT id, occurred_at FROM alert WHERE state = 'open' AND repeat = 0 AND id <> ALL ($1)"
_REPEATED = "SELECT count(*) FROM alert WHERE repeat > 0"


async def acknowledging_in_the_instant(scene: Scene, size: Size) -> Tally:
    """Every page is acknowledged in the instant in which it is to be repeated, before or after."""
    await scene.arm(size)
    await scene.bear(2)
    dice = random.Random(5)  # noqa: S311 - repeatable, not secret
    seen: set[UUID] = set()
    async with asyncio.TaskGroup() as people:

        async def all_seen() -> bool:
            for alert, occurred_at in await scene.app.engine.fetch(_OPEN, list(seen)):
                seen.add(alert)
                people.create_task(_acknowledge(scene, alert, occurred_at, dice.uniform(-NARROW, NARROW)))
            return len(seen) >= size.paged and await scene.rested()

        await until(all_seen, "every page is acknowledged", SOON * 4)
    repeated = await scene.app.engine.fetch_value(_REPEATED)
    return await calm(scene, f"{len(seen)} acknowledged, {repeated} repeated before")


async def _acknowledge(scene: Scene, alert: UUID, occurred_at: datetime, off: float) -> None:
    await asyncio.sleep(((occurred_at + REPEAT) - system.now()).total_seconds() + off)
    try:
        await acknowledge(scene.app.parts.house, alert, "agent:tester", system.now())
    except NotFound as gone:
        raise AssertionError(alert) from gone
