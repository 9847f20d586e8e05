"""The database dies under whoever works on it."""

import asyncio
import os
import re
import signal
from datetime import datetime, timedelta
from pathlib import Path

from tests.faults.scene import Scene, Size
from tests.faults.served import until
from tests.faults.stories.processes import SOON, calm, fired, usual
from tests.faults.tally import Tally

from tickets.adapters import system

_FIRST_SINCE = "SELECT min(detected_at) FROM ticket_event WHERE type = 'sla.breached' AND detected_at > $1"
_IN = re.compile(r"(?m)^(\S+ \S+) UTC .*database system is ready to accept connections")
_LEFT = "SELECT count(*) FROM ticket WHERE tick_at IS NOT NULL"


async def stopped_at_once(scene: Scene, size: Size) -> Tally:
    """`pg_ctl stop -m immediate` under load, again and again; each time it is started again.

    Measured is the longest that it took from when it was back to the next ticket that fired, less how late
    they were just before: that is the load of the machine.
    """
    postgres = scene.postgres
    assert postgres is not None
    await scene.arm(size)
    await scene.bear(2)
    keeping = asyncio.create_task(postgres.keep((0.0,) * 2 * size.blows))
    longest = timedelta()
    for blow in range(1, size.blows + 1):
        share = (size.quiet + size.paged) * blow // (size.blows + 2)
        await until(lambda least=share: fired(scene, least), "tickets fire", SOON)  # type: ignore[misc]
        before = await usual(scene, system.now())
        pid = (postgres.home.data / "postmaster.pid").read_text().split("\n")[0]
        os.kill(int(pid), signal.SIGQUIT)
        back = await _back(scene, postgres.home.log, blow + 1)
        if (fired_at := await _next(scene, back)) is not None:
            longest = max(longest, fired_at - back - before)
    assert not keeping.done(), keeping.exception()
    keeping.cancel()
    return await calm(scene, f"{size.blows} times", recovery=longest)


async def _back(scene: Scene, log: Path, times: int) -> datetime:
    """When it let people in for so many times, by its own log; it answers by now."""
    found: list[str] = []

    async def answers() -> bool:
        found[:] = _IN.findall(await asyncio.to_thread(log.read_text, encoding="utf-8"))
        if len(found) < times:
            return False
        try:
            return bool(await scene.app.engine.fetch_value("SELECT true"))
        except Exception:  # noqa: BLE001 - whatever a dying database says
            return False

    await until(answers, "PostgreSQL is back", SOON)
    return datetime.fromisoformat(f"{found[-1]}+00:00")


async def _next(scene: Scene, back: datetime) -> datetime | None:
    """When the first ticket fired since; None when there was none left to fire."""
    found: list[datetime] = []

    async def any_fired() -> bool:
        first = await scene.app.engine.fetch_value(_FIRST_SINCE, back)
        found.extend([first] if first else [])
        return bool(found) or await scene.app.engine.fetch_value(_LEFT) == 0

    await until(any_fired, "a ticket fires", SOON)
    return found[0] if found else None
