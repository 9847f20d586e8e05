"""A fortnight of a bank's real calls through `route`: its skill matrix, its arrivals, its agents' presence.

What a log cannot tell is supposed: an agent was there from the first to the last call of a stretch without a
pause above `PAUSE`; a call takes as long as it really took, whoever answers; who hung up waits as long
as they really did, everybody else for as long as it takes.
"""

import csv
import gzip
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from routing import Agent, Availability, Requirement, Roster, Rule, Waiting, route

DATA = Path(os.environ.get("TICKETS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "calls"
PAUSE = timedelta(minutes=2)
HEAD_START = timedelta(seconds=90)  # what the bank gave its priority customers in the queue
PATIENCE = timedelta(minutes=15)


class Call(NamedTuple):
    id: str
    service: str
    at: datetime
    favoured: bool
    waited: timedelta
    lasts: timedelta
    agent: str | None
    hung_up: bool


class Answer(NamedTuple):
    call: Call
    agent: str | None  # None: hung up first
    waited: timedelta


def skill_matrix() -> dict[str, frozenset[str]]:
    """The services each agent really served."""
    with (DATA / "bank_agents_by_service.csv").open(encoding="utf-8") as file:
        return {
            row["server"]: frozenset(
                key for key, count in row.items() if len(key) == len("PS") and int(count) > 0
            )
            for row in csv.DictReader(file)
        }


def calls() -> list[Call]:
    """Every call that hung up in the queue or whose agent the log names, in order of arrival."""
    with gzip.open(DATA / "bank_1999_02_first_half.tsv.gz", "rt", encoding="utf-8") as file:
        found = [_call(row) for row in csv.DictReader(file, delimiter="\t") if row["outcome"] != "PHANTOM"]
    known = [call for call in found if call.agent or call.hung_up]
    return sorted(known, key=lambda call: (call.at, call.id))


def _call(row: dict[str, str]) -> Call:
    return Call(
        id=f"{row['date']}-{row['vru+line']}-{row['call_id']}",
        service=row["type"],
        at=_instant(row["date"], row["vru_exit"]),
        favoured=row["priority"] == "2",
        waited=timedelta(seconds=int(row["q_time"])),
        lasts=timedelta(seconds=int(row["ser_time"])),
        agent=None if row["server"] == "NO_SERVER" else row["server"],
        hung_up=row["outcome"] == "HANG",
    )


def _instant(date: str, clock: str) -> datetime:
    return datetime.strptime(f"19{date} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=UTC)


def stretches(found: Sequence[Call]) -> Iterator[tuple[str, datetime, datetime]]:
    """When each agent was there: from the first call of a stretch to the end of the last."""
    there: dict[str, tuple[datetime, datetime]] = {}
    for call in sorted(found, key=lambda call: call.at + call.waited):
        if call.agent is None:
            continue
        start = call.at + call.waited
        known = there.get(call.agent)
        if known and start - known[1] <= PAUSE:
            there[call.agent] = known[0], max(known[1], start + call.lasts)
        else:
            if known:
                yield call.agent, *known
            there[call.agent] = start, start + call.lasts
    yield from ((agent, *known) for agent, known in there.items())


def replay(found: Sequence[Call], skills: dict[str, frozenset[str]]) -> list[Answer]:
    """What becomes of each call when routing decides at every arrival, hang-up, end of call and hand-over."""
    agents = [
        Agent(key=key, teams=("bank",), skills=dict.fromkeys(known, 1)) for key, known in skills.items()
    ]
    rules = [
        Rule(
            key=service,
            order=1,
            team="bank",
            when={"line": [service]},
            skills=(Requirement(service),),
            strategy="longest_idle",
        )
        for service in sorted({call.service for call in found})
    ]
    return _Centre(Roster(agents, {}), rules, found).run()


class _Centre:
    """The queue and the agents, from one instant at which something happens to the next."""

    def __init__(self, roster: Roster, rules: Sequence[Rule], found: Sequence[Call]) -> None:
        self.roster = roster
        self.rules = rules
        self.calls = {call.id: call for call in found}
        self.waiting: dict[str, Waiting] = {}
        self.live: dict[str, Availability] = {}
        self.answers: list[Answer] = []
        self.ahead = [(call.at, "3 call", call.id) for call in found]
        for agent, start, end in stretches(found):
            self.ahead += [(start, "2 comes", agent), (end, "1 goes", agent)]
        heapify(self.ahead)

    def run(self) -> list[Answer]:
        while self.ahead:
            now = self.ahead[0][0]
            while self.ahead and self.ahead[0][0] == now:
                _, what, key = heappop(self.ahead)
                self._happens(now, what, key)
            for decision in route(list(self.waiting.values()), self.roster, self.rules, now, listed=0):
                if decision.agent:
                    self._answered(now, self.calls[decision.ticket], decision.agent)
        return self.answers

    def _happens(self, now: datetime, what: str, key: str) -> None:
        match what:
            case "0 done":
                self._sees(key, replace(self.live[key], load=0, idle_since=now))
            case "1 goes":
                self._sees(key, replace(self.live[key], presence="offline"))
            case "2 comes":
                before = self.live.get(key, Availability())
                self._sees(key, replace(before, presence="online", idle_since=now))
            case "4 hangs up":
                if self.waiting.pop(key, None):
                    self.answers.append(Answer(self.calls[key], None, now - self.calls[key].at))
            case _:
                call = self.calls[key]
                self.waiting[key] = Waiting(
                    id=key,
                    facts={"line": frozenset([call.service])},
                    priority="normal",
                    waiting_since=now,
                    breach_at=now + PATIENCE - call.favoured * HEAD_START,
                )
                if call.hung_up:
                    heappush(self.ahead, (now + call.waited, "4 hangs up", key))

    def _answered(self, now: datetime, call: Call, agent: str) -> None:
        del self.waiting[call.id]
        self.answers.append(Answer(call, agent, now - call.at))
        self._sees(agent, replace(self.live[agent], load=1, last_assigned_at=now, idle_since=None))
        heappush(self.ahead, (now + call.lasts, "0 done", agent))

    def _sees(self, key: str, seen: Availability) -> None:
        self.live[key] = seen
        self.roster.move(key, seen)
