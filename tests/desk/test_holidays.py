"""Where the holidays of a calendar come from: a country, a province of it, an iCalendar."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.application.desk import InvalidDesk, check, diff, export
from tickets.application.desk.holiday_events import event_dates

FIRST, LAST = date(2025, 1, 1), date(2027, 12, 31)

TET = "DTSTART;VALUE=DATE:20260216\r\nDTEND;VALUE=DATE:20260221\r\nSUMMARY:Tết"
NATIONAL_DAY = "UID:nd\r\nDTSTART;VALUE=DATE:20200902\r\nRRULE:FREQ=YEARLY"


def feed(*events: str) -> str:
    """An iCalendar as servers send it."""
    inside = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//shop//holidays//\r\n{inside}END:VCALENDAR\r\n"


def dates(*events: str) -> tuple[str, ...]:
    return event_dates(feed(*events), FIRST, LAST)


def holidays_of(source: str) -> set[str]:
    desk = check(f"calendars:\n  a: {{hours: {{mon: [['08:00', '12:00']]}}, holidays_of: {source}}}\n").desk
    return set(desk.calendars["a"].business_calendar.holidays)


def test_a_province_has_holidays_of_its_own() -> None:
    bavaria, germany = holidays_of("{country: DE, subdivision: BY}"), holidays_of("DE")
    assert germany < bavaria
    assert "2026-01-06" in bavaria - germany


def test_an_event_of_several_days_closes_each_but_its_end() -> None:
    assert dates(TET) == tuple(f"2026-02-{day}" for day in range(16, 21))


def test_an_event_without_an_end_is_one_day() -> None:
    assert dates("DTSTART;VALUE=DATE:20260430") == ("2026-04-30",)


def test_a_yearly_event_repeats_for_all_the_years_asked_for() -> None:
    assert dates(NATIONAL_DAY) == ("2025-09-02", "2026-09-02", "2027-09-02")


def test_an_event_that_began_before_the_first_day_counts_from_it() -> None:
    assert dates("DTSTART;VALUE=DATE:20241230\r\nDTEND;VALUE=DATE:20250103") == ("2025-01-01", "2025-01-02")


def test_rules_may_end_at_an_instant_and_name_further_days() -> None:
    until = (
        "DTSTART;VALUE=DATE:20250101\r\nRRULE:FREQ=YEARLY;UNTIL=20260101T000000Z\r\nRDATE;VALUE=DATE:20260303"
    )
    assert dates(until) == ("2025-01-01", "2026-01-01", "2026-03-03")


def test_an_instance_that_is_taken_out_moved_or_cancelled_is_none() -> None:
    out = f"{NATIONAL_DAY}\r\nEXDATE;VALUE=DATE:20250902"
    moved = "UID:nd\r\nRECURRENCE-ID;VALUE=DATE:20260902\r\nDTSTART;VALUE=DATE:20260903"
    cancelled = (
        "UID:nd\r\nRECURRENCE-ID;VALUE=DATE:20270902\r\nDTSTART;VALUE=DATE:20270902\r\nSTATUS:CANCELLED"
    )
    assert dates(out, moved, cancelled) == ("2026-09-03",)


def test_a_cancelled_event_is_no_holiday() -> None:
    assert dates(f"{TET}\r\nSTATUS:CANCELLED") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "not an iCalendar"),
        ("BEGIN:VEVENT\r\nEND:VEVENT", "not an iCalendar"),
        (feed("SUMMARY:never"), "No DTSTART"),
        (feed("DTSTART;VALUE=DATE:2026"), "DTSTART"),
        (feed("SUMMARY:party\r\nDTSTART:20260101T180000Z"), "'party' has times of day"),
        (feed("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY"), "repeats daily"),
        (feed("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY;BYHOUR=1,2"), "times of day"),
        (feed("DTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20990101"), "longer than a year"),
    ],
)
def test_what_is_no_list_of_holidays_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        event_dates(text, FIRST, LAST)


def test_a_rule_may_count_its_instances_and_one_that_never_comes_true_ends() -> None:
    assert dates("DTSTART;VALUE=DATE:20250101\r\nRRULE:FREQ=YEARLY;COUNT=2") == ("2025-01-01", "2026-01-01")
    never = "DTSTART;VALUE=DATE:20250101\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    assert dates(never) == dates(f"{never};COUNT=2") == ("2025-01-01",)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.text(max_size=8))
def test_a_feed_with_something_typed_into_it_is_read_or_refused(data: st.DataObject, typed: str) -> None:
    text = feed(f"{NATIONAL_DAY}\r\nEXDATE;VALUE=DATE:20250902\r\nRDATE;VALUE=DATE:20260303", TET)
    at, gone = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 5))
    try:
        found = event_dates(text[:at] + typed + text[at + gone :], FIRST, LAST)
    except ValueError:
        found = ()
    assert all(FIRST <= date.fromisoformat(day) <= LAST for day in found)


DESK = """\
calendars:
  office:
    hours: {fri: [["08:00", "12:00"]]}
    holidays: [2026-12-24]
    holidays_of: {country: VN, first_year: 2026, last_year: 2026}
    icalendar: |
      BEGIN:VCALENDAR
      BEGIN:VEVENT
      SUMMARY:Founding day
      DTSTART;VALUE=DATE:20260904
      END:VEVENT
      END:VCALENDAR
"""


def test_a_calendar_has_its_own_holidays_the_countrys_and_those_of_a_feed() -> None:
    calendar = check(DESK).desk.calendars["office"].business_calendar
    assert {"2026-12-24", "2026-09-02", "2026-09-04"} <= set(calendar.holidays)


def test_a_special_day_overrules_a_public_holiday_and_not_one_of_the_calendars_own() -> None:
    text = DESK.replace(
        "hours:", "special_days: {2026-09-02: [['08:00', '12:00']], 2026-12-24: []}\n    hours:"
    )
    holidays = check(text).desk.calendars["office"].business_calendar.holidays
    assert "2026-09-02" not in holidays
    assert "2026-12-24" in holidays


def test_a_feed_survives_the_round_trip_and_its_dates_are_computed() -> None:
    desk = check(DESK).desk
    assert "event_holidays" not in export(desk)
    assert diff(desk, check(export(desk)).desk) == []
    later = check(DESK.replace("20260904", "20260911"), desk).desk
    (change,) = diff(desk, later)
    assert set(change.paths) == {"/icalendar", "/event_holidays/0"}


def test_a_feed_that_cannot_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidDesk) as refused:
        check(DESK.replace("BEGIN:VCALENDAR", "BEGIN:VCARD"))
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.line) == ("/calendars/office/icalendar", 6)
