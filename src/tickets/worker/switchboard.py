"""Hears the Asterisks of the desk: one connection a hotline, through outages and edits of the desk."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from msgspec.structs import replace

from tickets.adapters.ami import Connection, Refused, connected
from tickets.application.arrivals.receive import Envelope, Porter
from tickets.intake import Line
from tickets.intake.ami_messages import Message, channel_there, event_of, read_events, write_events
from tickets.intake.call_trace import ChannelEvent

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)
LOOK = timedelta(seconds=5)
"""How often the desk is looked at for hotlines that came, changed or went."""

MOST_CALLS = 10_000
"""Calls of one hotline that are remembered at once."""

_log = structlog.get_logger("tickets.switchboard")


class Ear:
    """What one hotline's manager has told so far, and what of it has not been taken in yet."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._calls: dict[str, set[ChannelEvent]] = {}
        self._said: dict[str, object] = {}
        self._there: set[str] = set()

    def hear(self, message: Message, now: datetime, *, old: bool) -> list[bytes]:
        """A message came; the body of an envelope if a call has something new to tell."""
        kind = message.get("event", "").lower()
        if kind == "coreshowchannel":
            event = channel_there(message, now)
            self._there.add(message.get("uniqueid", ""))
            if event is None or event.unique in {e.unique for e in self._calls.get(event.linked, ())}:
                return []
        else:
            event = event_of(message, now, old=old)
        return [] if event is None else self._told(event)

    def missed(self, now: datetime) -> list[bytes]:
        """The list of channels is complete: those that are not on it ended while nobody listened."""
        there, self._there = self._there, set()
        told = {(event.name, event.unique) for events in self._calls.values() for event in events}
        gone = [
            replace(event, name="CHAN_END", at=now)
            for events in self._calls.values()
            for event in events
            if event.name == "CHAN_START" and event.unique not in there
            and ("CHAN_END", event.unique) not in told
        ]  # fmt: skip
        return [body for event in gone for body in self._told(event)]

    def _told(self, event: ChannelEvent) -> list[bytes]:
        events = self._calls.setdefault(event.linked, set())
        events.add(event)
        body = write_events(sorted(events, key=lambda each: (each.at, each.unique, each.name)))
        reports = read_events(body, self.line)
        if not reports or self._said.get(event.linked) == reports[0].facts:
            return []
        (report,) = reports
        self._said[event.linked] = report.facts
        if any(fact.told == "hung_up" for fact in report.facts) or len(self._calls) > MOST_CALLS:
            oldest = event.linked if len(self._calls) <= MOST_CALLS else next(iter(self._calls))
            del self._calls[oldest], self._said[oldest]
        return [body]


class Switchboard:
    """Listens to every hotline with `ami` until cancelled."""

    def __init__(
        self,
        porter: Porter,
        environment: Mapping[str, str],
        now: Callable[[], datetime],
        new_id: Callable[[], UUID],
        away: Callable[[int], object],
    ) -> None:
        self.porter = porter
        self.environment = environment
        self.now = now
        self.new_id = new_id
        self.away = away
        self.first_pause: timedelta = FIRST_PAUSE
        self._hearing: set[str] = set()

    async def run(self) -> None:
        """Follow the desk."""
        listening: dict[str, tuple[Line, asyncio.Task[None]]] = {}
        try:
            while True:
                desk = await self.porter.house.desks.current()
                wanted = {key: line for key, line in desk.desk.hotlines.items() if line.ami is not None}
                for key in [key for key, (line, _) in listening.items() if wanted.get(key) != line]:
                    listening.pop(key)[1].cancel()
                for key, line in wanted.items():
                    if key not in listening:
                        listening[key] = (line, asyncio.create_task(self.listen(line)))
                self.away(len(wanted) - len(self._hearing & wanted.keys()))
                await asyncio.sleep(LOOK.total_seconds())
        finally:
            for _, task in listening.values():
                task.cancel()

    async def listen(self, line: Line) -> None:
        """Hear one hotline until cancelled; a manager that is away is tried again, ever less often."""
        ear, pause = Ear(line), self.first_pause
        while line.ami is not None:
            try:
                secret = self.environment.get(line.ami.secret_env, "")
                async with connected(line.ami.host, line.ami.port, line.ami.username, secret) as manager:
                    pause = self.first_pause
                    self._hearing.add(line.key)
                    await self._hear(manager, ear)
            except (OSError, TimeoutError, Refused) as error:
                _log.warning("ami.away", hotline=line.key, error=f"{type(error).__name__}: {error}")
            except Exception:  # noqa: BLE001 - whatever it is, the telephone goes on
                _log.exception("ami.failed", hotline=line.key)
            finally:
                self._hearing.discard(line.key)
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _hear(self, manager: Connection, ear: Ear) -> None:
        await manager.send(Action="CoreShowChannels")
        async for message in manager.events():
            if message.get("event", "").lower() == "coreshowchannelscomplete":
                said = ear.missed(self.now())
            else:
                said = ear.hear(message, self.now(), old=manager.old)
            for body in said:
                await self._take(ear.line, body)

    async def _take(self, line: Line, body: bytes) -> None:
        envelope = Envelope(
            id=self.new_id(),
            channel="hotline",
            account=line.key,
            media_type="application/json; exchange=ami",
            body=body,
            received_at=self.now(),
        )
        await self.porter.receive(envelope, await self.porter.house.desks.current(), None)
