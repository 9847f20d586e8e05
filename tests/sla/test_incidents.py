"""Seventeen thousand real incidents replayed: pauses, hand-overs, reopenings, and dirt."""

import gzip
from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path

from tests.sla.effort import LONG
from tests.sla.incidents import AWAITING, Incident, Log
from tests.sla.shared_data import DATA, needs

from sla import (
    BusinessCalendar,
    Clocks,
    Level,
    Metric,
    Policy,
    StatusChanged,
    Target,
    Terms,
    TermsChanged,
    Versioned,
    apply,
    choose,
    explain,
    replay,
)

LOG = "incidents/incident_event_log_until_2016_04.csv.gz"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
CALENDARS = {
    "day": Versioned(
        BusinessCalendar(hours={day: [["08:00", "12:00"], ["13:00", "18:00"]] for day in WEEKDAYS}), 1
    ),
    "night": Versioned(BusinessCalendar(hours={day: [["18:00", "08:00"]] for day in WEEKDAYS}), 1),
}
WHOLE: tuple[Metric, ...] = ("resolution", "requester_wait", "agent_work")
TARGETS = (
    Target(metric="first_response", budget="PT4H"),
    Target(metric="resolution", budget={"urgent": "PT4H", "high": "PT8H", "normal": "P3D", "low": "P5D"}),
    Target(metric="assignment", budget="PT2H", calendar="always_open"),
    Target(metric="requester_wait", budget="P2D", on_reopen="new_cycle"),
    Target(metric="agent_work", budget="PT16H"),
)
POLICY = Policy(key="desk", order=1, calendar="team", pauses=AWAITING, escalation="loud", targets=TARGETS)
LOUD = (
    Level(name="soon", before_due="PT1H"),
    Level(name="lead", after_due="PT0S", repeat="PT4H"),
    Level(name="boss", after_due="PT24H", clock="calendar"),
)

pytestmark = needs(LOG)


@cache
def terms(priority: str, group: str) -> Terms:
    """Every third group works at night."""
    night = group != "?" and int(group.removeprefix("Group ")) % 3 == 0
    return _terms(priority, "late" if night else "early")


@cache
def _terms(priority: str, team: str) -> Terms:
    facts = {"priority": frozenset({priority}), "team": frozenset({team})}
    teams = {"early": "day", "late": "night"}
    return choose([Versioned(POLICY, 1)], CALENDARS, {"loud": LOUD}, facts, teams).terms


def lived(incident: Incident) -> Clocks:
    """Live an incident signal by signal, looking at it after each."""
    running, clocks = incident.first, Clocks()
    for signal in incident.signals:
        outcome = apply(signal, clocks, running, signal.at)
        clocks = outcome.clocks
        running = signal.terms if isinstance(signal, TermsChanged) else running
        if clocks.status in ("solved", "closed"):
            assert outcome.next_instant is None, incident.number
            assert all(clock.since is None for clock in clocks), incident.number
        elif isinstance(signal, StatusChanged):
            paused = {clock.metric for clock in clocks if clock.is_live and clock.since is None}
            assert bool(paused & set(WHOLE)) == (clocks.status in AWAITING), incident.number
    return clocks


def test_every_incident_replays_and_twice_alike() -> None:
    log, seen, states = Log(DATA / LOG, terms), 0, Counter[str]()
    for seen, incident in enumerate(log, 1):
        clocks = lived(incident)
        assert clocks.status == "closed", incident.number
        assert all(not clock.is_live for clock in clocks), incident.number
        states.update(clock.state for clock in clocks)
        if LONG or not seen % 8:
            accounted(incident, clocks)
    assert seen == 17_136
    assert states.keys() == {"met", "breached", "cancelled"}
    assert Counter(dirt.what for dirt in log.dirt) == {
        "before it was opened": 5,
        "goes on after it was closed": 7,
    }
    assert len({dirt.line for dirt in log.dirt}) == len(log.dirt)


def accounted(incident: Incident, clocks: Clocks) -> None:
    """Replay it, and account for every minute."""
    assert clocks == replay(incident.signals, incident.first).clocks, incident.number
    for clock, found in zip(clocks, explain(incident.signals, incident.first), strict=True):
        counted = (part.end - part.start for part in found.stretches if part.kind == "counted")
        assert sum(counted, timedelta()) == clock.used, incident.number


def test_what_cannot_be_read_is_reported_with_its_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    fields = (
        "number",
        "opened_at",
        "sys_updated_at",
        "incident_state",
        "priority",
        "assignment_group",
        "assigned_to",
    )
    rows = [
        ("1", "1/2/2016 08:00", "1/2/2016 08:10", "New", "3 - Moderate", "Group 1", "?"),
        ("1", "1/2/2016 08:00", "?", "Active", "3 - Moderate", "Group 1", "?"),
        ("1", "1/2/2016 08:00", "1/2/2016 08:30", "-100", "?", "?", "?"),
        ("1", "1/2/2016 08:00", "1/2/2016 09:00", "Closed", "3 - Moderate", "Group 1", "?"),
    ]
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress("\n".join(",".join(row) for row in (fields, *rows)).encode()))
    log = Log(path, terms)
    [incident] = log
    assert log.dirt == [(3, "no instant"), (4, "unknown state"), (4, "unknown priority")]
    assert lived(incident).status == "closed"
