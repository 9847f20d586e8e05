"""The whole application under simulated time: requests at their instants, and the ticker between them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from tickets.bootstrap import Application
from tickets.replay.cases import Step
from tickets.replay.doors import Answer, Door
from tickets.replay.requests import Sent, opening, solving
from tickets.worker.ticker import PULSE

Progress = Callable[[datetime], object]
"""Told after every request, with the instant it is."""

_ANYBODY_WAITS = "SELECT EXISTS (SELECT FROM ticket WHERE waiting_since IS NOT NULL)"
_VERSION, _VARIANT = 7 << 76, 2 << 62


class SimulatedTime:
    """The clock of a replay, which only moves forward, and names that follow it: the same in every run."""

    def __init__(self, start: datetime) -> None:
        self.instant = start
        self._made = 0

    def now(self) -> datetime:
        """The instant it is."""
        return self.instant

    def move_to(self, instant: datetime) -> None:
        """Let it be this instant, if it is not later already."""
        self.instant = max(self.instant, instant)

    def new_id(self) -> UUID:
        """A UUIDv7 (RFC 9562) of this instant; a counter stands in place of chance."""
        self._made += 1
        milliseconds = int(self.instant.timestamp() * 1000)
        return UUID(int=milliseconds << 80 | _VERSION | _VARIANT | self._made)


class Simulation:
    """Sends steps through a door and lets time pass between them.

    `tickets` are the tickets opened, by case; `refused` are answers other than 2xx, by case.
    """

    def __init__(self, app: Application, door: Door, time: SimulatedTime) -> None:
        self._app = app
        self._door = door
        self._time = time
        self.tickets: dict[str, UUID] = {}
        self.refused: dict[str, Answer] = {}
        self.requests = 0

    async def run(self, steps: Iterable[Step], progress: Progress) -> None:
        """Take every step at its instant, then let time pass to the last one's."""
        for step in steps:
            await self.pass_time(step.at)
            self._time.move_to(step.at)
            await self._take(step)
            progress(step.at)
        await self.pass_time(self._time.now())

    async def pass_time(self, until: datetime) -> None:
        """Stop wherever something is due on the way; first of all here, if an agent came free."""
        ticker, tickets = self._app.ticker, self._app.parts.house.tickets
        if ticker.bell.answer() and await self._app.engine.fetch_value(_ANYBODY_WAITS):
            await ticker.step(self._time.now(), everyone=True)
        while (due := await tickets.next_instant()) is not None and due <= until:
            self._time.move_to(min(due + PULSE, until))
            await ticker.step(self._time.now(), everyone=ticker.bell.answer())

    async def _take(self, step: Step) -> None:
        case = step.case
        if step.deed == "open":
            answer = await self._post(case.id, opening(case))
            if answer.accepted:
                self.tickets[case.id] = answer.ticket
        elif (ticket := self.tickets.get(case.id)) is not None:
            await self._post(case.id, solving(ticket))

    async def _post(self, case: str, sent: Sent) -> Answer:
        self.requests += 1
        answer = await self._door.post(sent)
        if not answer.accepted:
            self.refused[case] = answer
        return answer
