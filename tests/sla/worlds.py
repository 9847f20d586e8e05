"""Small worlds for the laws: a few calendars, random promises, random histories on a coarse grid.

Instants lie on a grid of 15 minutes and budgets are few, so that signals meet due instants all the time.
"""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

from hypothesis import strategies as st
from msgspec.structs import replace
from tests.sla.naive_world import NaiveWorld

from sla import (
    METRICS,
    Acknowledged,
    AgentReplied,
    Assigned,
    BusinessCalendar,
    CallAnswered,
    CallMissed,
    Cancelled,
    Closed,
    CustomerReplied,
    Level,
    Metric,
    OnChange,
    OnReopen,
    Opened,
    Promise,
    Reopened,
    Signal,
    Solved,
    StatusChanged,
    Terms,
    TermsChanged,
    TimePassed,
    Unassigned,
)

STEP = timedelta(minutes=15)
START = datetime(2026, 3, 27, 6, tzinfo=UTC)
"""A Friday; the clocks of Berlin go forward on Sunday."""
STEPS = 4 * 24 * 4
"""How long a world lasts: four days."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
CALENDARS = {
    "always": BusinessCalendar(always_open=True),
    "office": BusinessCalendar(
        timezone="Asia/Ho_Chi_Minh",
        hours={day: [["08:00", "12:00"], ["13:00", "17:30"]] for day in WEEKDAYS},
        holidays=["2026-03-30"],
    ),
    "nights": BusinessCalendar(
        timezone="Europe/Berlin", hours={day: [["22:00", "06:00"]] for day in (*WEEKDAYS, "sat", "sun")}
    ),
}

WORLD = NaiveWorld(START, STEP, STEPS, CALENDARS, look=STEP)

LEVELS = (
    Level(name="half", share=0.5),
    Level(name="soon", before_due="PT30M"),
    Level(name="broken", after_due="PT0S", repeat="PT45M", repeat_limit=2),
    Level(name="boss", after_due="PT2H", clock="calendar"),
    Level(name="double", share=2.0, repeat="PT1H", clock="calendar"),
)

statuses = st.sampled_from(["open", "pending", "on_hold"])


def promises(policy: str, metric: Metric) -> list[Promise]:
    """One metric promised in every way."""
    kinds = product(
        CALENDARS,
        ("PT30M", "PT1H", "PT4H", "PT9H30M", "P1D", "P1DT1H"),
        ((), ("pending",), ("pending", "on_hold")),
        (False, True),
        get_args(OnChange),
        get_args(OnReopen),
    )
    return [
        Promise(
            metric=metric,
            policy=policy,
            policy_version=1,
            budget=budget,
            calendar=calendar,
            calendar_version=1,
            hours=CALENDARS[calendar],
            follows_team=follows_team,
            pauses=pauses,
            on_change=on_change,
            on_reopen=on_reopen,
            levels=LEVELS,
        )
        for calendar, budget, pauses, follows_team, on_change, on_reopen in kinds
    ]


def terms(*policies: str) -> st.SearchStrategy[Terms]:
    """Every metric promised in any way, or not."""
    each = [
        st.sampled_from([None, *(promise for policy in policies for promise in promises(policy, metric))])
        for metric in METRICS
    ]
    return st.tuples(*each).map(lambda made: Terms(tuple(promise for promise in made if promise)))


FIRST = terms("first")
SECOND = terms("first", "second")


def _signals() -> st.SearchStrategy[Signal]:
    """Anything that can happen; when is said later."""
    at = START
    often = st.sampled_from([AgentReplied(at), CustomerReplied(at), Solved(at), Assigned(at), Unassigned(at)])
    return st.one_of(
        often,
        often,
        st.builds(StatusChanged, st.just(at), statuses),
        st.builds(StatusChanged, st.just(at), statuses),
        st.builds(Reopened, st.just(at), statuses),
        st.builds(TermsChanged, st.just(at), SECOND),
        st.builds(Acknowledged, st.just(at), st.sampled_from(METRICS)),
        st.sampled_from([CallMissed(at), CallAnswered(at)]),
        st.sampled_from([TimePassed(at), Closed(at), Cancelled(at)]),
    )


SIGNALS = _signals()
LIVES = st.lists(st.tuples(st.integers(0, STEPS - 1), SIGNALS), max_size=12)


@st.composite
def histories(draw: st.DrawFn) -> list[Signal]:
    """A ticket's whole life, in order, ending with time having passed."""
    life = sorted(draw(LIVES), key=lambda moment: moment[0])
    history: list[Signal] = [Opened(START, draw(statuses))]
    history += [replace(signal, at=START + step * STEP) for step, signal in life]
    return [*history, TimePassed(START + STEPS * STEP)]
