"""The database dies under whoever works on it."""

import asyncio
import os
import signal
from datetime import datetime

from tests.faults.scene import Scene, Size
from tests.faults.served import until
from tests.faults.stories.processes import SOON, calm, fired
from tests.faults.tally import Tally

_FIRST_SINCE = "SELECT min(detected_at) FROM ticket_event WHERE type = 'sla.breached' AND detected_at > $1"
_BEGAN = "SELECT pg_postmaster_start_time()"
_LEFT = "SELECT count(*) FROM ticket WHERE tick_at IS NOT NULL"


async def stopped_at_once(scene: Scene, size: Size) -> Tally:
    """`pg_ctl stop -m immediate` under load, again and again; each time it is started again.

    Told is the longest that it took from its start to the next ticket that fired.
    """
    postgres = scene.postgres
    assert postgres is not None
    await scene.arm(size)
    await scene.bear(2)
    keeping = asyncio.create_task(postgres.keep())
    longest = 0.0
    for blow in range(1, size.blows + 1):
        share = (size.quiet + size.paged) * blow // (size.blows + 2)
        await until(lambda least=share: fired(scene, least), "tickets fire", SOON)  # type: ignore[misc]
        pid = (postgres.home.data / "postmaster.pid").read_text().split("\n")[0]
        os.kill(int(pid), signal.SIGQUIT)
        back = await _back(scene)
        if (fired_at := await _next(scene, back)) is not None:
            longest = max(longest, (fired_at - back).total_seconds())
    keeping.cancel()
    return await calm(scene, f"{size.blows} times; fired {longest:.1f} s after its start at the latest")


async def _back(scene: Scene) -> datetime:
    """When it began again; it answers by now."""
    found: list[datetime] = []

    async def answers() -> bool:
        try:
            found.append(await scene.app.engine.fetch_value(_BEGAN))
        except Exception:  # noqa: BLE001 - whatever a dying database says
            return False
        return True

    await asyncio.sleep(0.2)
    await until(answers, "PostgreSQL is back", SOON)
    return found[-1]


async def _next(scene: Scene, back: datetime) -> datetime | None:
    """When the first ticket fired since; None when there was none left to fire."""
    found: list[datetime] = []

    async def any_fired() -> bool:
        first = await scene.app.engine.fetch_value(_FIRST_SINCE, back)
        found.extend([first] if first else [])
        return bool(found) or await scene.app.engine.fetch_value(_LEFT) == 0

    await until(any_fired, "a ticket fires", SOON)
    return found[0] if found else None
