"""The calendar's JSON contract: what it accepts, what it refuses, all faults at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.sla.desk import OFFICE, at

from sla import BusinessCalendar, CalendarError, InstantError

WEEK = {"mon": [["08:00", "12:00"]]}


def faults(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(CalendarError) as refused:
        msgspec.convert(document, BusinessCalendar)
    return {fault.pointer: fault.message for fault in refused.value.faults}


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"timezone": "Mars/Olympus", "hours": WEEK}, "/timezone"),
        ({"timezone": "../etc/passwd", "hours": WEEK}, "/timezone"),
        ({"timezone": "Europe", "hours": WEEK}, "/timezone"),
        ({"timezone": "localtime", "hours": WEEK}, "/timezone"),
        ({}, "/hours"),
        ({"hours": {"mon": []}, "special_days": {"2026-12-24": [["08:30", "12:00"]]}}, "/hours"),
        ({"hours": {"monday": [["08:00", "12:00"]]}}, "/hours/monday"),
        ({"hours": {"mon": [["8:00", "12:00"]]}}, "/hours/mon/0/0"),
        ({"hours": {"mon": [["08:00", "25:00"]]}}, "/hours/mon/0/1"),
        ({"hours": {"mon": [["08:00"]]}}, "/hours/mon/0"),
        ({"hours": {"mon": [["24:00", "12:00"]]}}, "/hours/mon/0/0"),
        ({"hours": {"mon": [["08:00", "12:00"], ["11:00", "13:00"]]}}, "/hours/mon/1"),
        ({"hours": {"mon": [["22:00", "06:00"]], "tue": [["05:00", "12:00"]]}}, "/hours/tue"),
        ({"hours": {"sun": [["22:00", "06:00"]], "mon": [["05:00", "12:00"]]}}, "/hours/mon"),
        ({"hours": WEEK, "holidays": ["2026-02-30"]}, "/holidays/0"),
        ({"hours": WEEK, "special_days": {"2026/01/01": []}}, "/special_days/2026~101~101"),
        ({"hours": WEEK, "breaks": {"2026-06-01": [["10:00", "10:61"]]}}, "/breaks/2026-06-01/0/1"),
        ({"always_open": True, "holidays": ["2026-01-01"]}, "/holidays"),
    ],
)
def test_what_cannot_be_is_refused_with_a_pointer(document: dict[str, Any], pointer: str) -> None:
    assert pointer in faults(document)


def test_all_faults_come_at_once() -> None:
    document = {
        "timezone": "Nowhere",
        "hours": {"mon": [["08:00", "7"]], "someday": []},
        "holidays": ["soon"],
        "breaks": {"2026-13-01": []},
    }
    assert set(faults(document)) == {
        "/timezone",
        "/hours/someday",
        "/hours/mon/0/1",
        "/holidays/0",
        "/breaks/2026-13-01",
    }


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="hollidays"):
        msgspec.convert({"hours": WEEK, "hollidays": []}, BusinessCalendar)


@pytest.mark.parametrize(
    ("hours", "start", "budget", "due"),
    [
        ({"mon": [["22:00", "06:00"]]}, "mon 23:00", "PT2H", "tue 01:00"),
        ({"mon": [["18:00", "24:00"]], "tue": [["00:00", "06:00"]]}, "mon 23:00", "PT2H", "tue 01:00"),
        ({"mon": [["00:00", "00:00"]]}, "mon 00:00", "PT23H59M", "mon 23:59"),
        ({"mon": [["08:00", "12:00"], ["13:00", "17:30"]]}, "mon 11:00", "PT2H", "mon 14:00"),
        ({"mon": [["08:00", "12:00"], ["13:00", "17:30"]]}, "mon 11:00", "PT1H", "mon 13:00"),
        ({"mon": [["08:00:30", "12:00"]]}, "mon 08:00", "PT30S", "mon 08:01"),
        ({"mon": [["08:00", "12:00"]]}, "sun 09:00", "PT0S", "mon+1 08:00"),
        ({"mon": [["08:00", "17:00"]], "wed": [["09:00", "17:00"]]}, "mon 08:30", "P1D", "wed 09:00"),
        ({"mon": [["08:00", "17:00"]], "wed": [["09:00", "17:00"]]}, "mon 10:00", "P1DT8H", "mon+1 09:00"),
        ({"mon": [["22:00", "06:00"]]}, "tue 02:00", "P1D", "mon+1 22:00"),
    ],
)
def test_due_by_convention(hours: dict[str, list[list[str]]], start: str, budget: str, due: str) -> None:
    calendar = BusinessCalendar(timezone="Asia/Ho_Chi_Minh", hours=hours)
    assert calendar.due(at(start), budget) == at(due)


def test_a_holiday_closes_what_starts_on_it_and_not_the_night_before() -> None:
    nights = {"mon": [["22:00", "06:00"]], "tue": [["22:00", "06:00"]]}
    calendar = BusinessCalendar(timezone="Asia/Ho_Chi_Minh", hours=nights, holidays=["2026-03-03"])
    assert calendar.is_open(at("tue 05:59"))
    assert not calendar.is_open(at("tue 23:00"))


def test_a_special_day_replaces_hours_and_a_break_subtracts_from_whatever_is_open() -> None:
    calendar = BusinessCalendar(
        timezone="Asia/Ho_Chi_Minh",
        hours=OFFICE.hours,
        special_days={"2026-03-07": [["09:00", "11:00"]], "2026-03-03": []},
        breaks={"2026-03-02": [["11:30", "13:30"]]},
    )
    assert calendar.elapsed(at("mon 00:00"), at("tue 00:00")) == timedelta(hours=7)
    assert calendar.elapsed(at("tue 00:00"), at("wed 00:00")) == timedelta()
    assert calendar.elapsed(at("sat 00:00"), at("sun 00:00")) == timedelta(hours=2)


def test_an_opening_in_a_gap_never_is_and_one_in_a_fold_is_twice() -> None:
    calendar = BusinessCalendar(timezone="Europe/Berlin", hours={"sun": [["02:00", "03:00"]]})
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    autumn = datetime(2026, 10, 25, tzinfo=UTC)
    day = timedelta(days=1)
    assert calendar.elapsed(spring, spring + day) == timedelta()
    assert calendar.elapsed(autumn, autumn + day) == timedelta(hours=2)


def test_days_land_after_a_gap_and_on_the_first_of_two_equal_wall_times() -> None:
    always = BusinessCalendar(timezone="Europe/Berlin", always_open=True)
    assert always.due(datetime(2026, 3, 28, 1, 30, tzinfo=UTC), "P1D") == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )
    assert always.due(datetime(2026, 10, 24, 0, 30, tzinfo=UTC), "P1D") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_instants_need_a_zone_and_an_end() -> None:
    with pytest.raises(InstantError, match="no zone"):
        OFFICE.due(datetime(2026, 3, 2), "PT1H")  # noqa: DTZ001 - the point
    for end in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        for ask in (OFFICE.due, OFFICE.before):
            for budget in ("PT1H", "P1D"):
                with pytest.raises(InstantError, match="end of time"):
                    ask(end, budget)
    with pytest.raises(InstantError, match="end of time"):
        OFFICE.due(datetime(9999, 12, 1, tzinfo=UTC), "PT400H")
    with pytest.raises(InstantError, match="200 years"):
        OFFICE.elapsed(datetime(1000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))
    assert OFFICE.due(datetime(9999, 1, 1, tzinfo=UTC), "PT1H") == datetime(9999, 1, 1, 2, tzinfo=UTC)


def test_other_zones_and_the_last_microsecond_are_exact() -> None:
    tokyo = at("mon 08:00").astimezone(OFFICE.due(at("mon 08:00"), "PT0S").tzinfo)
    almost = timedelta(hours=4) - timedelta(microseconds=1)
    assert OFFICE.due(tokyo, almost) == at("mon 12:00") - timedelta(microseconds=1)
    assert OFFICE.due(tokyo, timedelta(hours=4)) == at("mon 13:00")
