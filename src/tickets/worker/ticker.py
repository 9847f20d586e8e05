"""The ticker: lets time pass on tickets, and gives those that wait to agents.

Any number may run. Each sleeps until the next due instant, a bell, or `PULSE`, whichever is first; what it
finds due is a hint, decided anew under the ticket's lock (laws 1 and 2).
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from tickets.application.arrivals.receive import Porter
from tickets.application.assignments.hand_back import hand_back
from tickets.application.assignments.presence import Presences
from tickets.application.assignments.route_waiting import route_waiting
from tickets.application.assignments.take_back import take_back
from tickets.application.house import House
from tickets.application.pass_time import BATCH, pass_time
from tickets.application.watch_duty import WatchDuty
from tickets.domain.ticket import Change
from tickets.persistence.outages import OUTAGES
from tickets.worker.perpetual import FIRST_PAUSE
from tickets.worker.vital_signs import VitalSigns

PULSE = timedelta(milliseconds=250)
"""Longest sleep: a bell may be lost, a row never is."""

LONGEST_PAUSE = timedelta(seconds=1)
"""After failures in a row; the first is short, for who has lost a connection has the next at once."""

SWEEP = timedelta(seconds=5)
"""How often every waiting ticket is looked at again, whatever the bells said, and who is on call watched."""

LANES = 3
"""Batches under way at once where one was not, or will not be, enough: the database works on some while we
decide another."""

BATCHES = 3
"""So many batches of due tickets in each lane and the router has its turn, and the clock is read anew: after
hours of silence routing does not wait for the last of a hundred thousand."""

_log = structlog.get_logger("tickets.ticker")


class Bell:
    """A doorbell: says that looking is worth while now. Ringing twice is ringing once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.everyone = False

    def ring(self, *, everyone: bool = False) -> None:
        """Wake the ticker; `everyone` when an agent may be able to take what was refused before."""
        self.everyone = self.everyone or everyone
        self._rung.set()

    async def wait(self, most: timedelta) -> None:
        """Sleep until the bell, at most so long."""
        try:
            async with asyncio.timeout(most.total_seconds()):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()

    def answer(self) -> bool:
        """Whether everyone was asked for; the answer resets it."""
        everyone, self.everyone = self.everyone, False
        return everyone


class Ticker:
    """One ticker. `step` is the whole of it; `run` repeats it in real time."""

    def __init__(
        self,
        house: House,
        porter: Porter,
        watch_duty: WatchDuty,
        presences: Presences,
        bell: Bell,
        signs: VitalSigns,
    ) -> None:
        self.house = house
        self.porter = porter
        self.watch_duty = watch_duty
        self.presences = presences
        self.bell = bell
        self.signs = signs
        self._swept = datetime.min.replace(tzinfo=UTC)
        self._behind = True  # whoever has just started may find hours of silence
        self._failing: set[UUID] = set()
        self._failed_before: set[UUID] = set()

    async def step(self, now: datetime, *, everyone: bool) -> int:
        """Bring everything up to `now`, or the most overdue (`BATCHES`); how many tickets changed.

        Each part has its turn even if one before it fails; what failed first is raised in the end.
        """
        faults: list[Exception] = []
        changed = 0
        self._failed_before, self._failing = self._failing, set()
        for part in (self._pass_time, self._settle, self._take_back, self._hand_back):
            try:
                changed += await part(now)
            except OUTAGES:
                raise
            except Exception as fault:  # noqa: BLE001 - raised below
                faults.append(fault)
        routed = await route_waiting(
            self.house, now, everyone=everyone, passed_over=self._passed_over, outages=OUTAGES
        )
        changed += self._observe(routed)
        if faults:
            raise faults[0]
        return changed

    async def run(self, now: Callable[[], datetime], stopped: asyncio.Event) -> None:
        """Tick until stopped. A database that is away is waited for, longer each time."""
        pause = FIRST_PAUSE
        while not stopped.is_set():
            try:
                await self._turn(now)
            except OUTAGES as outage:
                _log.warning("interrupted", work="ticker", error=f"{type(outage).__name__}: {outage}")
            except Exception:  # noqa: BLE001 - whatever it is, time goes on
                _log.exception("ticker.failed")
                self.signs.stumbled()
            else:
                pause = FIRST_PAUSE
                continue
            self.bell.ring(everyone=True)  # whoever rang for this turn is still to be served
            await asyncio.sleep(pause.total_seconds())
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _turn(self, now: Callable[[], datetime]) -> None:
        instant = now()
        sweep = self.bell.answer() or instant - self._swept >= SWEEP
        await self.step(instant, everyone=sweep)
        if sweep:
            await self.porter.rescue(await self.house.desks.current(), instant, outages=OUTAGES)
            await self.watch_duty(instant)
            await self.signs.compare_clocks(now)
            self._swept = instant
        if rest := await self._rest(now):
            await self.signs.on_time(instant)
        # What was passed over stays due: not a moment's rest would be nothing but trying it again.
        await self.bell.wait(PULSE if self._failing else rest)

    async def _rest(self, now: Callable[[], datetime]) -> timedelta:
        instant = await self.house.tickets.next_instant()
        return PULSE if instant is None else min(PULSE, max(timedelta(0), instant - now()))

    async def _pass_time(self, now: datetime) -> int:
        changed = 0
        if not self._behind:
            changed = await self._batch(now)
            if changed < BATCH:
                return changed
        lanes = await asyncio.gather(*(self._lane(now) for _ in range(LANES)), return_exceptions=True)
        for lane in lanes:  # both are over: nothing of this turn goes on behind our back
            if isinstance(lane, BaseException):
                raise lane
            changed += lane
        self._behind = changed >= LANES * BATCHES * BATCH
        return changed

    async def _lane(self, now: datetime) -> int:
        changed = 0
        for _ in range(BATCHES):
            changed += (last := await self._batch(now))
            if last < BATCH:
                break
        return changed

    async def _batch(self, now: datetime) -> int:
        return self._observe(await pass_time(self.house, now, _failed, outages=OUTAGES))

    async def _settle(self, now: datetime) -> int:
        await self.presences.settle(now)
        return 0

    async def _take_back(self, now: datetime) -> int:
        changed = 0
        while changes := await take_back(self.house, now, passed_over=self._passed_over, outages=OUTAGES):
            changed += self._observe(changes)
        return changed

    async def _hand_back(self, now: datetime) -> int:
        changed = 0
        while changes := await hand_back(self.house, now, passed_over=self._passed_over, outages=OUTAGES):
            changed += self._observe(changes)
        return changed

    def _passed_over(self, ticket: UUID, fault: Exception) -> None:
        """Count it each time, and say it once: until its turn does not fail."""
        self._failing.add(ticket)
        if ticket not in self._failed_before:
            _log.error("ticket.passed_over", ticket=str(ticket), error=repr(fault))
        self.signs.stumbled()

    def _observe(self, changes: list[Change]) -> int:
        for change in changes:
            self.house.observer.changed(change)
        return len(changes)


async def _failed(ticket: UUID, error: Exception) -> None:
    _log.error("ticket.set_aside", ticket=str(ticket), error=repr(error))
