"""What others got wrong about calendars, one test each."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla import BusinessCalendar, CalendarError

HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def daily(*pairs: list[str], timezone: str = "Europe/Berlin", **fields: object) -> BusinessCalendar:
    hours = {day: list(pairs) for day in DAYS}
    return BusinessCalendar(timezone=timezone, hours=hours, **fields)  # type: ignore[arg-type]


def open_hours(calendar: BusinessCalendar, day: str) -> float:
    """Real open hours of a local date."""
    zone = ZoneInfo(calendar.timezone)
    midnight = datetime.fromisoformat(day)
    start, end = (at.replace(tzinfo=zone) for at in (midnight, midnight + timedelta(days=1)))
    return calendar.elapsed(start, end) / HOUR


@pytest.mark.parametrize("night", ["2026-03-28T23:00", "2026-10-24T23:00"])
def test_eight_hours_after_23_00_are_eight_real_hours_in_spring_and_in_autumn(night: str) -> None:
    start = berlin(night)
    due = BusinessCalendar(timezone="Europe/Berlin", always_open=True).due(start, "PT8H")
    assert due.timestamp() - start.timestamp() == 8 * 3600


def test_instants_of_one_zone_are_subtracted_as_instants_not_as_wall_times() -> None:
    always = BusinessCalendar(timezone="Europe/Berlin", always_open=True)
    assert always.elapsed(berlin("2026-03-28T23:00"), berlin("2026-03-29T08:00")) == 8 * HOUR
    assert always.elapsed(berlin("2026-10-24T23:00"), berlin("2026-10-25T06:00")) == 8 * HOUR


def test_days_are_counted_on_over_the_autumn_change_and_do_not_loop() -> None:
    calendar = daily(["09:00", "17:00"])
    assert calendar.due(berlin("2026-10-24T16:00"), "PT9H") == berlin("2026-10-26T09:00")
    assert calendar.due(berlin("2026-10-24T16:00"), "P2D") == berlin("2026-10-26T16:00")


@pytest.mark.parametrize("hours", [{}, {"mon": []}])
def test_a_calendar_with_no_open_time_is_refused_not_looped_on(hours: dict[str, list[list[str]]]) -> None:
    with pytest.raises(CalendarError, match="never open"):
        BusinessCalendar(hours=hours)


def test_a_closure_of_26_days_still_gives_a_due_instant() -> None:
    closed = [f"2026-07-{day:02}" for day in range(6, 32)]
    calendar = daily(["08:00", "16:00"], timezone="UTC", holidays=closed)
    assert calendar.due(datetime(2026, 7, 5, 15, tzinfo=UTC), "PT2H") == datetime(2026, 8, 1, 9, tzinfo=UTC)


def test_opening_time_inside_a_gap_never_is() -> None:
    assert open_hours(daily(["02:15", "02:45"]), "2026-03-29") == 0
    assert open_hours(daily(["01:30", "03:30"]), "2026-03-29") == 1


def test_opening_time_inside_a_fold_is_open_twice() -> None:
    assert open_hours(daily(["02:15", "02:45"]), "2026-10-25") == 1
    assert open_hours(daily(["01:30", "03:30"]), "2026-10-25") == 3


def test_a_budget_may_end_in_either_of_two_equal_wall_times() -> None:
    calendar = daily(["02:00", "03:00"])
    twice = [berlin("2026-10-25T02:30").replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert [calendar.due(berlin("2026-10-25T00:00"), budget) for budget in ("PT30M", "PT1H30M")] == twice


def test_the_changing_days_have_23_and_25_hours() -> None:
    around_the_clock = daily(["00:00", "24:00"])
    assert [open_hours(around_the_clock, day) for day in ("2026-03-29", "2026-03-30", "2026-10-25")] == [
        23,
        24,
        25,
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/Santiago", "2026-09-06", 23),
        ("Africa/Cairo", "2026-04-24", 23),
        ("Asia/Beirut", "2026-03-29", 23),
    ],
)
def test_a_zone_may_change_at_midnight_and_have_none(zone: str, day: str, hours: int) -> None:
    assert open_hours(daily(["00:00", "24:00"], timezone=zone), day) == hours
    assert open_hours(daily(["00:00", "01:00"], timezone=zone), day) == 0


def test_lord_howe_changes_by_half_an_hour() -> None:
    around_the_clock = daily(["00:00", "24:00"], timezone="Australia/Lord_Howe")
    assert [open_hours(around_the_clock, day) for day in ("2026-04-05", "2026-10-04")] == [24.5, 23.5]


def test_24_00_is_the_end_of_the_day_and_meets_the_next() -> None:
    calendar = daily(["00:00", "06:00"], ["18:00", "24:00"])
    [period] = calendar.open_periods(berlin("2026-06-01T12:00"), berlin("2026-06-02T12:00"))
    assert period == (berlin("2026-06-01T18:00"), berlin("2026-06-02T06:00"))


def test_a_night_from_22_to_06_belongs_to_the_date_it_starts_on() -> None:
    calendar = BusinessCalendar(timezone="Europe/Berlin", hours={"sat": [["22:00", "06:00"]]})
    assert open_hours(calendar, "2026-06-06") == 2
    assert open_hours(calendar, "2026-06-07") == 6
    assert calendar.due(berlin("2026-06-06T23:00"), "PT4H") == berlin("2026-06-07T03:00")
    # Over the change it is an hour shorter in spring, an hour longer in autumn.
    assert [open_hours(calendar, day) for day in ("2026-03-29", "2026-10-25")] == [5, 7]


def test_the_lunch_break_is_not_counted() -> None:
    calendar = daily(["08:00", "12:00"], ["13:00", "17:30"])
    assert calendar.due(berlin("2026-06-01T11:30"), "PT1H") == berlin("2026-06-01T13:30")
    assert not calendar.is_open(berlin("2026-06-01T12:00"))


def test_a_half_day_holiday_is_a_special_day() -> None:
    calendar = daily(["08:00", "17:00"], special_days={"2026-12-24": [["08:30", "12:00"]]})
    assert open_hours(calendar, "2026-12-24") == 3.5
    assert calendar.due(berlin("2026-12-24T11:00"), "PT2H") == berlin("2026-12-25T09:00")


def test_a_holiday_inside_a_night_shift_closes_the_night_that_starts_on_it_alone() -> None:
    calendar = daily(["22:00", "06:00"], holidays=["2026-06-02"])
    assert calendar.is_open(berlin("2026-06-02T05:59"))
    assert not calendar.is_open(berlin("2026-06-02T22:00"))
    assert not calendar.is_open(berlin("2026-06-03T05:59"))
    assert calendar.due(berlin("2026-06-02T05:00"), "PT2H") == berlin("2026-06-03T23:00")


def test_a_date_that_is_both_special_and_a_holiday_is_closed() -> None:
    calendar = daily(
        ["08:00", "17:00"], holidays=["2026-06-02"], special_days={"2026-06-02": [["08:00", "12:00"]]}
    )
    assert open_hours(calendar, "2026-06-02") == 0


def test_seconds_and_microseconds_count() -> None:
    calendar = daily(["08:00:30", "17:00"])
    start = berlin("2026-06-01T16:59:59.999999")
    assert calendar.due(start, timedelta(microseconds=1)) == berlin("2026-06-02T08:00:30")
    assert calendar.due(start, timedelta(microseconds=2)) == berlin("2026-06-02T08:00:30.000001")


def test_early_warnings_are_counted_backwards_in_open_time() -> None:
    calendar = BusinessCalendar(
        timezone="Europe/Berlin", hours={day: [["09:00", "17:00"]] for day in DAYS[:5]}
    )
    assert calendar.before(berlin("2026-06-08T10:00"), "PT2H") == berlin("2026-06-05T16:00")


FAULTS = {
    "/timezone": ("timezone", "Mars/Olympus"),
    "/hours/funday": ("hours", {"funday": []}),
    "/hours/mon/0/1": ("hours", {"mon": [["08:00", "25:00"]]}),
    "/hours/tue/1": ("hours", {"tue": [["08:00", "12:00"], ["11:00", "13:00"]]}),
    "/hours/wed/0": ("hours", {"wed": [["08:00"]]}),
    "/holidays/1": ("holidays", ["2026-02-28", "2026-02-29"]),
    "/special_days/2026-13-01": ("special_days", {"2026-13-01": []}),
    "/special_days/2026-12-24/0/0": ("special_days", {"2026-12-24": [["noon", "13:00"]]}),
    "/breaks/2026-06-31": ("breaks", {"2026-06-31": [["10:00", "10:30"]]}),
}
"""A pointer, and what in a document is at fault there."""


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(sorted(FAULTS)), min_size=1))
def test_whatever_faults_a_calendar_has_all_are_told_at_once(pointers: set[str]) -> None:
    fields: dict[str, object] = {"hours": {"sat": [["08:00", "12:00"]]}}
    for field, fault in (FAULTS[pointer] for pointer in sorted(pointers)):
        known = fields.get(field)
        fields[field] = {**known, **fault} if isinstance(known, dict) and isinstance(fault, dict) else fault
    with pytest.raises(CalendarError) as refused:
        BusinessCalendar(**fields)  # type: ignore[arg-type]
    assert {fault.pointer for fault in refused.value.faults} == pointers
