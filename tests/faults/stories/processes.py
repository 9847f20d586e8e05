"""Processes that are killed, die at a named point, freeze, or come back after an hour."""

import asyncio
import os
import signal
from datetime import datetime, timedelta

from tests.faults.mortal import POINTS
from tests.faults.scene import Scene, Size
from tests.faults.served import until
from tests.faults.tally import Tally

from tickets.adapters import system

SOON = 240.0
"""Seconds everything has for coming to rest after the last blow."""

_FIRED = "SELECT count(*) FROM ticket_event WHERE type = 'sla.breached'"
_USUAL = """
SELECT coalesce(max(detected_at - occurred_at), '0') FROM ticket_event
WHERE type = 'sla.breached' AND detected_at BETWEEN $1::timestamptz - interval '3 s' AND $1
"""
_WAITED = """
SELECT coalesce(max(detected_at - greatest(occurred_at, $1)), '0') FROM ticket_event
WHERE type = 'sla.breached' AND detected_at > $1
  AND occurred_at BETWEEN $1::timestamptz - interval '1 s' AND $1 + interval '1 s'
"""
_HOLDS = """
SELECT pid, xact_start FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'tickets' AND state = 'idle in transaction'
"""
_CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'tickets%' AND pid <> pg_backend_pid()
"""


async def killed(scene: Scene, size: Size) -> Tally:
    """Six processes; every 100 ms one at work is killed with `kill -9` and another one begins.

    It goes on until half of what falls due has fired under it.
    """
    await scene.arm(size)
    await scene.bear(6, every=0.1)

    async def struck() -> bool:
        return scene.nursery.died >= size.blows and await fired(scene, (size.quiet + size.paged) // 2)

    await until(struck, "they die, and half of it fires", SOON * 8)
    died, meanwhile = scene.nursery.died, await scene.app.engine.fetch_value(_FIRED)
    return await calm(scene, f"{died} killed, {meanwhile} fired meanwhile")


async def dying_at_every_point(scene: Scene, size: Size) -> Tally:
    """One process after the other dies at each point of claim, fire, commit, send and settle.

    For each of them something falls due: who has nothing to do never comes to its point.
    """
    ends = POINTS * size.blows
    share = Size(size.quiet // len(ends), size.paged // len(ends), size.rate, 1)
    await scene.bear(1, ends=ends)
    for number in range(len(ends)):
        await scene.arm(share, system.now())

        async def died(least: int = number + 1) -> bool:
            await scene.a_minute_later()
            return scene.nursery.died >= least

        await until(died, "it dies at its point", SOON)
    return await calm(scene, f"{scene.nursery.died} deaths at {len(POINTS)} points")


async def two_tickers_and_a_frozen_one(scene: Scene, size: Size) -> Tally:
    """Of three processes one is stopped while it holds its claim."""
    return await _frozen(scene, size, 3)


async def eight_tickers_and_a_frozen_one(scene: Scene, size: Size) -> Tally:
    """Of nine processes one is stopped while it holds its claim."""
    return await _frozen(scene, size, 9)


async def _frozen(scene: Scene, size: Size, children: int) -> Tally:
    """`blows` is for how many seconds."""
    await scene.arm(size)
    await scene.bear(children)
    frozen = await _freeze_holding(scene)
    await asyncio.sleep(size.blows)
    os.kill(frozen, signal.SIGCONT)
    await until(lambda: fired(scene, size.quiet + size.paged), "all have fired", SOON)
    return await calm(scene, f"1 of {children} frozen for {size.blows} s")


async def one_of_two_killed(scene: Scene, size: Size) -> Tally:
    """Of two processes one is killed; the other goes on, also with what the dead one had claimed.

    Measured is how long what was due around that instant waited since, less how late they were just before.
    """
    await scene.arm(size)
    await scene.bear(2)
    await until(lambda: fired(scene, size.quiet // 3), "tickets fire", SOON)
    killed_at = system.now()
    os.kill(scene.nursery.living[0], signal.SIGKILL)
    before = await usual(scene, killed_at)
    await until(lambda: fired(scene, size.quiet + size.paged), "all have fired", SOON)
    waited = await scene.app.engine.fetch_value(_WAITED, killed_at)
    return await calm(scene, "1 killed", recovery=max(timedelta(), waited - before))


async def an_hour_down(scene: Scene, size: Size) -> Tally:
    """Nobody lived for an hour in which everything fell due; then two processes begin."""
    await scene.arm(size, system.now() - timedelta(hours=1))
    began = system.now()
    await scene.bear(2)
    await until(lambda: fired(scene, size.quiet + size.paged), "all have fired", SOON * 4)
    rate = (size.quiet + size.paged) / (system.now() - began).total_seconds()
    return await calm(scene, f"{rate:.0f} a second worked off")


async def sessions_cut(scene: Scene, size: Size) -> Tally:
    """Every session of the database is ended again and again."""
    last = await scene.arm(size)
    cut = 0
    watcher = await scene.app.engine.get_new_connection()
    await watcher.execute("SET application_name = 'watcher'")
    await scene.bear(2)
    for _ in range(size.blows):
        cut += (await watcher.fetch(_CUT))[0][0]
        await asyncio.sleep(max(0.05, (last - system.now()).total_seconds() / size.blows / 2))
    await watcher.close()
    return await calm(scene, f"{cut} sessions ended")


async def calm(scene: Scene, said: str, recovery: timedelta | None = None) -> Tally:
    """Let one process that nobody harms finish everything, and count."""
    await scene.bear(1)
    await scene.a_minute_later()
    await scene.until_rest(SOON)
    await scene.bear(0)
    tally = await scene.tally()
    tally.said, tally.recovery = said, recovery
    return tally


async def usual(scene: Scene, instant: datetime) -> timedelta:
    """How late tickets fired in the three seconds before an instant."""
    found: timedelta = await scene.app.engine.fetch_value(_USUAL, instant)
    return found


async def fired(scene: Scene, least: int) -> bool:
    return bool(await scene.app.engine.fetch_value(_FIRED) >= least)


async def _freeze_holding(scene: Scene) -> int:
    """Stop a process in the middle of a transaction; which."""
    held: list[int] = []

    async def caught() -> bool:
        for pid in scene.nursery.living:
            os.kill(pid, signal.SIGSTOP)
            before = set(map(tuple, await scene.app.engine.fetch(_HOLDS)))
            await asyncio.sleep(0.05)
            if before & set(map(tuple, await scene.app.engine.fetch(_HOLDS))):
                held.append(pid)
                return True
            os.kill(pid, signal.SIGCONT)
        return False

    await until(caught, "a process holds a claim", SOON)
    return held[0]
