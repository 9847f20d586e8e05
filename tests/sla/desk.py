"""A small desk to tell stories on: Hanoi office hours, one policy, three escalation levels."""

from datetime import UTC, datetime, timedelta

from sla import (
    BusinessCalendar,
    Clock,
    Clocks,
    Event,
    EventType,
    Level,
    Metric,
    Outcome,
    Promise,
    Signal,
    Terms,
    TermsChanged,
    TimePassed,
    apply,
)

OFFICE = BusinessCalendar(
    timezone="Asia/Ho_Chi_Minh",
    hours={day: [["08:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
)
ALWAYS = BusinessCalendar(timezone="Asia/Ho_Chi_Minh", always_open=True)
LEVELS = (
    Level(name="assignee", share=0.5),
    Level(name="lead", after_due="PT0S"),
    Level(name="boss", after_due="PT2H"),
)


def at(text: str) -> datetime:
    """Read `mon 09:30`, Hanoi time, in the week of Monday 2 March 2026; `mon+1` is a week later."""
    day, clock = text.split()
    name, _, weeks = day.partition("+")
    n = ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(name) + 7 * int(weeks or 0)
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    midnight = datetime(2026, 3, 1, 17, tzinfo=UTC)
    return midnight + timedelta(days=n, hours=hours, minutes=minutes, seconds=sum(seconds))


def promise(metric: Metric = "first_response", budget: str = "PT4H", **changes: object) -> Promise:
    """Promise in office hours, pausing while pending, with no levels unless asked for."""
    fields = {
        "metric": metric,
        "policy": "standard",
        "policy_version": 1,
        "budget": budget,
        "calendar": "office",
        "calendar_version": 1,
        "hours": OFFICE,
        "pauses": ("pending",),
    }
    return Promise(**{**fields, **changes})  # type: ignore[arg-type]


class Ticket:
    """Lives signal by signal; remembers everything that was said."""

    def __init__(self, *promises: Promise) -> None:
        self.terms = Terms(promises)
        self.clocks = Clocks()
        self.events: list[Event] = []
        self.next_instant: datetime | None = None

    def hears(self, *signals: Signal) -> Outcome:
        for signal in signals:
            outcome = apply(signal, self.clocks, self.terms, signal.at)
            self.clocks, self.next_instant = outcome.clocks, outcome.next_instant
            self.events += outcome.events
            self.terms = signal.terms if isinstance(signal, TermsChanged) else self.terms
        return outcome

    def waits_until(self, text: str) -> Outcome:
        return self.hears(TimePassed(at(text)))

    def clock(self, metric: Metric = "first_response") -> Clock:
        found = self.clocks.latest(metric)
        assert found is not None
        return found

    def said(self, kind: EventType) -> list[Event]:
        return [event for event in self.events if event.type == kind]
