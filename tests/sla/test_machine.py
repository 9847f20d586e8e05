"""A ticket's whole life, any way it can go, beside a program that counts every second of it.

The world is an hour and a quarter of a Sunday: the clocks of Berlin go forward in the middle of it, both
offices open and close several times, and budgets run from forty seconds to a day.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, get_args

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.sla.effort import LONG
from tests.sla.naive_engine import NaiveEngine, Verdict
from tests.sla.naive_world import NaiveWorld
from tests.sla.walk import stopped

import sla
from sla import BusinessCalendar, Clocks, Event, Level, Metric, Policy, Signal, Target, Terms, Versioned

HOURS = {
    "berlin": {
        "sun": [["01:40", "01:50"], ["02:30", "03:10"], ["03:20", "03:40"]],
        "mon": [["01:40", "02:10"]],
    },
    "hanoi": {
        "sun": [["07:35", "07:50"], ["08:00", "08:20"], ["08:25", "09:00"]],
        "mon": [["07:30", "08:00"]],
    },
}
CALENDARS = {
    "always_open": BusinessCalendar(always_open=True),
    "berlin": BusinessCalendar(timezone="Europe/Berlin", hours=HOURS["berlin"]),
    "hanoi": BusinessCalendar(timezone="Asia/Ho_Chi_Minh", hours=HOURS["hanoi"]),
}
WORLD = NaiveWorld(
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC), timedelta(seconds=1), 4500, CALENDARS, timedelta(minutes=1)
)
LOUD = (
    Level(name="half", share=0.5),
    Level(name="soon", before_due="PT1M"),
    Level(name="warning", before_due="PT3M", clock="calendar"),
    Level(name="broken", after_due="PT0S", repeat="PT45S", repeat_limit=2),
    Level(name="boss", after_due="PT2M", clock="calendar", repeat="PT1M"),
    Level(name="double", share=2.0),
)


class Wait(NamedTuple):
    """How long until the next thing happens."""

    seconds: int
    to_next: bool = False


TEAMS = {"north": "hanoi", "west": "berlin"}
PUBLISHED = {key: Versioned(calendar, 1) for key, calendar in CALENDARS.items()}

priorities = st.sampled_from(["low", "high"])
teams = st.sampled_from([None, "north", "west", "nowhere"])
statuses = st.sampled_from(["open", "pending", "on_hold"])
metrics = st.sampled_from(sla.METRICS)
leaps = st.just(0) | st.integers(0, 30).map(lambda n: 20 * n)
waits = st.builds(Wait, seconds=leaps) | st.builds(
    Wait, seconds=st.integers(-1, 1), to_next=st.just(value=True)
)
budgets = st.sampled_from(["PT40S", "PT6M", "P1D"])


def targets(metric: Metric) -> st.SearchStrategy[Target]:
    return st.builds(
        Target,
        metric=st.just(metric),
        budget=budgets | st.dictionaries(priorities, budgets, min_size=1),
        calendar=st.sampled_from([None, "team", *CALENDARS]),
        pauses=st.sampled_from([None, (), ("pending",), ("pending", "on_hold")]),
        on_change=st.sampled_from(get_args(sla.OnChange)),
        on_reopen=st.sampled_from(get_args(sla.OnReopen)),
        quiet=st.sampled_from([None, "PT2M"]) if metric == "resolution" else st.none(),
    )


def policies(key: str, order: int) -> st.SearchStrategy[Policy]:
    each = st.tuples(*(st.one_of(st.none(), *[targets(metric)] * 3) for metric in sla.METRICS))
    return st.builds(
        Policy,
        key=st.just(key),
        order=st.just(order),
        targets=each.map(lambda found: tuple(target for target in found if target)),
        when=st.sampled_from([{}, {"team": ["north"]}, {"priority": ["high"]}])
        if order == 1
        else st.just({}),
        calendar=st.sampled_from(["team", *CALENDARS]),
        pauses=st.sampled_from([(), ("pending",)]),
        escalation=st.just("loud"),
    )


desks = st.tuples(policies("first", 1), policies("second", 2))
late_facts = st.sampled_from(
    [sla.AgentReplied, sla.CustomerReplied, sla.CallMissed, sla.CallAnswered, sla.Assigned, sla.Unassigned]
)


class TicketLife(RuleBasedStateMachine):
    """`self.n` is the present second. The engine is told what happens when it happens; the other counts."""

    @initialize(desk=desks, priority=priorities, team=teams, status=statuses)
    def create(self, desk: tuple[Policy, ...], priority: str, team: str | None, status: str) -> None:
        self.n, self.version = 0, 1
        self.desk, self.priority, self.team = desk, priority, team
        self.first = self.terms = self.chosen()
        self.clocks = Clocks()
        self.next_instant: datetime | None = None
        self.history: list[Signal] = []
        self.said: Counter[Event] = Counter()
        self.naive = NaiveEngine(WORLD, self.first)
        self.tell(sla.Opened(self.now, status))

    @property
    def now(self) -> datetime:
        return WORLD.at(self.n)

    def chosen(self) -> Terms:
        facts = {"priority": frozenset({self.priority}), "team": frozenset({self.team} - {None})}
        versioned = [Versioned(policy, self.version) for policy in self.desk]
        return sla.choose(versioned, PUBLISHED, {"loud": LOUD}, facts, TEAMS).terms  # type: ignore[arg-type]

    def tell(self, signal: Signal) -> None:
        outcome = sla.apply(signal, self.clocks, self.terms, self.now)
        self.clocks, self.next_instant = outcome.clocks, outcome.next_instant
        self.said.update(outcome.events)
        self.naive.take(signal, self.n)
        if not isinstance(signal, sla.TimePassed):
            self.history.append(signal)
        if isinstance(signal, sla.TermsChanged):
            self.terms = signal.terms

    @rule(wait=waits)
    def agent_replies(self, wait: Wait) -> None:
        self.let_pass(wait)
        self.tell(sla.AgentReplied(self.now))

    @rule(wait=waits)
    def customer_writes(self, wait: Wait) -> None:
        self.let_pass(wait)
        if sla.reopens(self.clocks, self.terms, self.now):
            self.tell(sla.Reopened(self.now))
        self.tell(sla.CustomerReplied(self.now))

    @rule(wait=waits, kind=st.sampled_from([sla.CallMissed, sla.CallAnswered, sla.Assigned, sla.Unassigned]))
    def customer_calls_or_hands_change(self, wait: Wait, kind: type[sla.CallMissed]) -> None:
        self.let_pass(wait)
        self.tell(kind(self.now))

    @rule(wait=waits, status=statuses)
    def pause_or_resume(self, wait: Wait, status: str) -> None:
        self.let_pass(wait)
        self.tell(sla.StatusChanged(self.now, status))

    @rule(wait=waits, metric=metrics)
    def acknowledge(self, wait: Wait, metric: Metric) -> None:
        self.let_pass(wait)
        self.tell(sla.Acknowledged(self.now, metric))

    @rule(wait=waits, priority=priorities, team=teams)
    def change_priority_or_hand_over(self, wait: Wait, priority: str, team: str | None) -> None:
        self.let_pass(wait)
        self.priority, self.team = priority, team
        self.tell(sla.TermsChanged(self.now, self.chosen()))

    @rule(wait=waits, desk=desks)
    def publish_other_policies(self, wait: Wait, desk: tuple[Policy, ...]) -> None:
        self.let_pass(wait)
        self.desk, self.version = desk, self.version + 1
        self.tell(sla.TermsChanged(self.now, self.chosen()))

    @rule(wait=waits)
    def solve(self, wait: Wait) -> None:
        self.let_pass(wait)
        self.tell(sla.Solved(self.now))

    @rule(wait=waits, status=statuses)
    @precondition(lambda self: self.naive.status in ("solved", "cancelled"))
    def reopen_or_restore(self, wait: Wait, status: str) -> None:
        self.let_pass(wait)
        again = sla.Reopened if self.naive.status == "solved" else sla.Opened
        self.tell(again(self.now, status))

    @rule(wait=waits, end=st.sampled_from([sla.Closed, sla.Cancelled]))
    @precondition(lambda self: self.naive.status == "solved")
    def end(self, wait: Wait, end: type[sla.Closed]) -> None:
        self.let_pass(wait)
        self.tell(end(self.now))

    @rule(wait=waits, closely=st.booleans())
    def look(self, wait: Wait, *, closely: bool) -> None:
        """Whether at every next instant or only now makes no difference."""
        self.let_pass(wait)
        while closely and self.next_instant is not None and self.next_instant <= self.now:
            outcome = sla.apply(sla.TimePassed(self.next_instant), self.clocks, self.terms, self.next_instant)
            assert outcome.events, "woken for nothing"
            self.clocks, self.next_instant = outcome.clocks, outcome.next_instant
            self.said.update(outcome.events)
        self.tell(sla.TimePassed(self.now))

    def let_pass(self, wait: Wait) -> None:
        """So many seconds; or until what comes next, and so many more."""
        leap = self.n
        if wait.to_next and self.next_instant is not None:
            leap = max(self.n, (self.next_instant - WORLD.start) // WORLD.step)
        while self.n < min(leap + wait.seconds, WORLD.steps):
            self.naive.tick(self.n)
            self.n += 1

    @rule()
    def crash_and_replay(self) -> None:
        stored = msgspec.json.encode((self.clocks, self.terms, self.first, self.history))
        self.clocks, self.terms, self.first, self.history = msgspec.json.decode(
            stored, type=tuple[Clocks, Terms, Terms, list[Signal]]
        )
        replayed = sla.replay([*self.history, sla.TimePassed(self.now)], self.first)
        assert replayed.clocks == self.present()

    @rule(kind=late_facts, ago=st.integers(0, 1200))
    def tell_late(self, kind: type[sla.AgentReplied], ago: int) -> None:
        fact = kind(WORLD.at(max(0, self.n - ago)))
        amended = sla.amend(self.history, fact, self.clocks, self.first, self.now)
        assert all(self.said[event] for event in amended.withdrawn if event.type != "escalation_due")
        self.said -= Counter(amended.withdrawn)
        self.said.update(amended.events)
        self.history.append(fact)
        self.clocks, self.next_instant = amended.clocks, amended.next_instant
        self.naive = NaiveEngine(WORLD, self.first)
        self.naive.run(sorted(self.history, key=lambda signal: signal.at), self.n)

    def present(self) -> Clocks:
        return sla.apply(sla.TimePassed(self.now), self.clocks, self.terms, self.now).clocks

    @invariant()
    def verdicts_are_what_counting_finds(self) -> None:
        found: list[Verdict] = stopped(self.present(), self.terms)
        assert sorted(found) == self.naive.verdicts()

    @invariant()
    def levels_fired_when_counting_reached_them(self) -> None:
        self.naive.warn(self.n)
        reached = self.naive.fired()
        fired = {
            (c.metric, c.cycle, name): firing for c in self.present() for name, firing in c.fired.items()
        }
        assert fired.keys() == reached.keys()
        for key, firing in fired.items():
            if firing.times == 1:
                assert WORLD.at(WORLD.index(firing.at)) == reached[key]

    @invariant()
    def what_was_said_is_what_is_true(self) -> None:
        said = {
            (e.metric, e.cycle): e.occurred_at for e in self.said if e.type == "breached" and self.said[e]
        }
        assert said == {(c.metric, c.cycle): c.breached_at for c in self.clocks if c.breached_at}

    @invariant()
    def nothing_runs_at_rest(self) -> None:
        if self.clocks.status in ("solved", "closed", "cancelled"):
            assert self.next_instant is None


def test_a_ticket_lives_as_counting_every_second_says() -> None:
    effort = settings(
        max_examples=2000 if LONG else 80, stateful_step_count=40 if LONG else 15, deadline=None
    )
    run_state_machine_as_test(TicketLife, settings=effort)
