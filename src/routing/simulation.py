"""What routing would have come to: tickets arrive, keep an agent for a while and go, in simulated time.

Event by event, without dice: the same arrivals, roster and rules always come to the same.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush, merge
from itertools import count, groupby, islice
from typing import Literal

import msgspec

from routing.agents import Agent, Availability
from routing.decision import Decision, Matcher
from routing.masks import Mask, union
from routing.matching import optimal
from routing.regions import Region
from routing.roster import Roster
from routing.round import Round
from routing.rules import Rule
from routing.waiting import Waiting, urgency

Shift = tuple[datetime, datetime]
"""A half-open period in which an agent is there."""

_Kind = Literal["free", "come", "go", "leave", "arrive", "look"]
_RANK: Mapping[_Kind, int] = {"free": 0, "go": 1, "come": 2, "leave": 3, "arrive": 4, "look": 5}
_Event = tuple[datetime, int, int, _Kind, str]
_Place = tuple[tuple[datetime, timedelta, datetime, str], str]


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that begins to wait at its `waiting_since` and will keep its agent for `work`.

    One that nobody was given by `leaves_at` waits no longer: it was withdrawn, or solved without an agent.
    """

    ticket: Waiting
    work: timedelta
    leaves_at: datetime | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an arrival: who was given it, when, and until when they held it.

    Without an agent it left at `until`, or still waits.
    """

    ticket: str
    agent: str | None = None
    assigned_at: datetime | None = None
    until: datetime | None = None


class Simulation:
    """A desk in simulated time. Nobody holds anything to begin with.

    An agent with `shifts` is there in these periods only, and finishes what they hold when one has ended;
    every other agent is always there. Tickets are looked at whenever one arrives, an agent comes or has room,
    and when a relaxation step is due, as the service does it; each look is `routing.route` of all that wait,
    less those for whom nobody has room.

    With the `optimal` matcher so many of the most urgent are weighed against one another `together`, then
    as many again, as long as anybody has room.

    Raises:
        InvalidError: an agent twice, or regions that are no tree.
    """

    def __init__(
        self,
        agents: Sequence[Agent],
        rules: Sequence[Rule],
        regions: Sequence[Region] = (),
        shifts: Mapping[str, Sequence[Shift]] | None = None,
        *,
        wind_down: timedelta = timedelta(0),
        matcher: Matcher = "greedy",
        together: int = 200,
    ) -> None:
        self.rules = rules
        self.matcher = matcher
        self.together = together
        self.waiting: dict[str, Arrival] = {}
        self.turns: dict[str, Turn] = {}
        self._shifts = {agent: sorted(periods) for agent, periods in (shifts or {}).items()}
        always = Availability(presence="online")
        there = {agent.key: always for agent in agents if agent.key not in self._shifts}
        self.roster = Roster(agents, there, regions, wind_down=wind_down)
        self._numbers = count()
        self._events: list[_Event] = []
        self._queue: dict[Mask, list[_Place]] = {}
        self._at: dict[str, tuple[Mask, _Place]] = {}
        self._coming: dict[str, Arrival] = {}
        for agent, periods in self._shifts.items():
            for start, end in periods:
                self._plan(start, "come", agent)
                self._plan(end, "go", agent)

    def add(self, arrivals: Iterable[Arrival]) -> None:
        """Let tickets come, in any order, none of them before the instant already run to."""
        for arrival in arrivals:
            self._coming[arrival.ticket.id] = arrival
            self._events.append(self._event(arrival.ticket.waiting_since, "arrive", arrival.ticket.id))
        heapify(self._events)

    def run(self, until: datetime) -> Iterator[Turn]:
        """Everything that happens up to and including an instant; each turn when its agent is given it.

        An arrival that leaves is a turn without an agent; what still waits is in `waiting`.
        """
        while self._events and self._events[0][0] <= until:
            now = self._events[0][0]
            look: list[str] = []
            while self._events and self._events[0][0] == now:
                _, _, _, kind, key = heappop(self._events)
                if kind in {"arrive", "look"}:
                    look.append(key)
                    if kind == "arrive":
                        self.waiting[key] = arrival = self._coming.pop(key)
                        if arrival.leaves_at is not None:
                            self._plan(max(arrival.leaves_at, now), "leave", key)
                elif kind == "leave":
                    if key in self.waiting:
                        self._forget(key)
                        yield Turn(ticket=key, until=now)
                else:
                    self._move(kind, key, now)
            yield from self._route(look, now)

    def _route(self, look: list[str], now: datetime) -> Iterator[Turn]:
        """Give away what can be, most urgent first."""
        round_ = Round(self.roster, self.rules, now, 0)
        for key in dict.fromkeys(look):
            if key in self.waiting:
                self._place(key, round_)
        free = self._with_room(round_)
        # The last unit there is goes to the most urgent who can take it, with either matcher.
        last = free.bit_count() == 1 and round_.balance.free(free.bit_length() - 1) == 1
        decided = self._in_turn if last or self.matcher == "greedy" else self._weighed
        for decision in list(decided(round_, free)):
            ticket = self.waiting[decision.ticket]
            self._forget(decision.ticket)
            yield self._given(ticket, decision, now)

    def _with_room(self, round_: Round) -> Mask:
        """Who is there, has room, and may take anything that waits."""
        absent = union(test.failing for test in self.roster.absent(round_.now))
        return union(self._queue) & ~absent & ~round_.balance.packed(1)

    def _weighed(self, round_: Round, free: Mask) -> Iterator[Decision]:
        """Assignments of one optimal round. Tickets for whom nobody has room are passed over."""
        places = merge(*self._queue.values())
        while free and (some := list(islice(places, self.together))):
            for _, run in groupby(some, key=lambda place: self.waiting[place[1]].ticket.weight):
                able = [self.waiting[key].ticket for _, key in run if self._at[key][0] & free]
                for decision in optimal(round_, able):
                    if decision.agent is not None:
                        i = self.roster.index.place[decision.agent]
                        if round_.balance.free(i) < 1:
                            free &= ~(1 << i)
                        yield decision

    def _in_turn(self, round_: Round, free: Mask) -> Iterator[Decision]:
        """Assignments of one greedy round. Tickets for whom nobody has room are passed over by the group."""
        heads = [(places[0], mask, 0) for mask, places in self._queue.items() if mask & free]
        heapify(heads)
        while heads:
            (_, key), mask, place = heappop(heads)
            if not mask & free:
                continue
            decision = round_.decide(self.waiting[key].ticket)
            if decision.agent is not None:
                i = self.roster.index.place[decision.agent]
                if round_.balance.free(i) < 1:
                    free &= ~(1 << i)
                yield decision
            if place + 1 < len(self._queue[mask]):
                heappush(heads, (self._queue[mask][place + 1], mask, place + 1))

    def _place(self, key: str, round_: Round) -> None:
        """Put a ticket among those whom the same agents may take at this step of its rules."""
        ticket = self.waiting[key].ticket
        possible = [answer for answer in round_.ask(ticket) if not answer.never]
        mask = union(answer.eligible.admitted[answer.form] for answer in possible)
        if key in self._at:
            self._lift(key)
        place = urgency(ticket), key
        insort(self._queue.setdefault(mask, []), place)
        self._at[key] = mask, place
        again = min((answer.again for answer in possible if answer.again), default=None)
        if again is not None:
            self._plan(again, "look", key)

    def _given(self, arrival: Arrival, decision: Decision, now: datetime) -> Turn:
        ticket, agent = arrival.ticket, decision.agent or ""
        seen = self.roster.seen[self.roster.index.place[agent]]
        self.roster.move(
            agent,
            msgspec.structs.replace(
                seen, load=seen.load + ticket.weight, last_assigned_at=decision.assigned_at, idle_since=None
            ),
        )
        turn = Turn(ticket=ticket.id, agent=agent, assigned_at=now, until=now + arrival.work)
        self.turns[ticket.id] = turn
        self._coming[ticket.id] = arrival  # until it is done: its weight is given back then
        self._plan(now + arrival.work, "free", ticket.id)
        return turn

    def _move(self, kind: _Kind, key: str, now: datetime) -> None:
        """An agent is done with a ticket, comes or goes."""
        agent = self.turns[key].agent or "" if kind == "free" else key
        i = self.roster.index.place.get(agent)
        if i is None:
            return
        seen = self.roster.seen[i]
        if kind == "free":
            del self.turns[key]
            load = seen.load - self._coming.pop(key).ticket.weight
            idle_since = seen.idle_since if load else now
            after = msgspec.structs.replace(seen, load=load, idle_since=idle_since)
        else:
            ends = max((end for start, end in self._shifts[key] if start <= now < end), default=None)
            after = msgspec.structs.replace(
                seen,
                presence="offline" if ends is None else "online",
                shift_ends_at=ends,
                idle_since=seen.idle_since if seen.load or ends is None else now,
            )
        self.roster.move(agent, after)

    def _forget(self, key: str) -> None:
        if key in self._at:  # else it leaves as it comes
            self._lift(key)
        del self.waiting[key]

    def _lift(self, key: str) -> None:
        mask, place = self._at.pop(key)
        places = self._queue[mask]
        places.remove(place)
        if not places:
            del self._queue[mask]

    def _plan(self, at: datetime, kind: _Kind, key: str) -> None:
        heappush(self._events, self._event(at, kind, key))

    def _event(self, at: datetime, kind: _Kind, key: str) -> _Event:
        return at, _RANK[kind], next(self._numbers), kind, key
