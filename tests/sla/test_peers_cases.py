"""What two other libraries' own test suites expect; where we differ, the convention that differs is named."""

import json
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.sla.shared_data import DATA, needs

from sla import BusinessCalendar

Case = dict[str, Any]

AT_CLOSING = "a budget that ends at closing is due at the next opening, not at that closing"
ROLLED = "days are counted from the start itself, not from the opening it would roll to"
NEGATIVE = "elapsed time is negative backwards, not nothing"
COUNTING_DATES = "counting open dates is a report's business, not a promise's"
"""The conventions in which we differ."""

DIFFERENT: dict[str, dict[str, int]] = {
    "biz": {NEGATIVE: 1},
    "business_time": {ROLLED: 14, AT_CLOSING: 2, COUNTING_DATES: 4},
}
"""How many cases differ by which convention: all that are not in here agree."""


def cases(name: str) -> list[Case]:
    lines = (DATA / "business_hours" / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def biz_calendar(case: Case) -> BusinessCalendar:
    fields = dict(case["calendar"])
    fields["special_days"] = fields.pop("shifts")
    return msgspec.convert(fields, BusinessCalendar)


def biz_answer(case: Case) -> tuple[object, object, str]:
    calendar = biz_calendar(case)
    if case["op"] == "in_hours":
        return calendar.is_open(instant(case["at"])), case["expected"], ""
    start = instant(case["start"])
    if case["op"] == "between":
        found = calendar.elapsed(start, instant(case["end"])).total_seconds()
        return found, case["expected_seconds"], NEGATIVE if found < 0 else ""
    unit = case["unit"][0].upper()
    amount = f"P{case['amount']}D" if unit == "D" else f"PT{case['amount']}{unit}"
    if case["op"] == "add":
        return calendar.due(start, amount), instant(case["expected"]), AT_CLOSING
    return calendar.before(start, amount), instant(case["expected"]), ""


def business_time_calendar(case: Case) -> BusinessCalendar:
    """Its system zones are the wall clock of naive times, which the cases write as +00:00."""
    fields = case["calendar"]
    usual = [fields["beginning_of_workday"], fields["end_of_workday"]]
    hours = fields["work_hours"]
    week = hours or dict.fromkeys(fields["work_week"], usual)
    zone = "UTC" if fields["timezone"].startswith("system:") else fields["timezone"]
    return msgspec.convert(
        {
            "timezone": zone,
            "hours": {day: [[padded(text) for text in pair]] for day, pair in week.items()},
            "holidays": fields["holidays"],
        },
        BusinessCalendar,
    )


def padded(text: str) -> str:
    return ":".join(part.zfill(2) for part in text.split(":"))


def business_time_answer(case: Case) -> tuple[object, object, str]:
    calendar, op, args, expected = business_time_calendar(case), case["op"], case["args"], case["expected"]
    if op == "Date.business_days_until":
        return None, expected, COUNTING_DATES
    if op.endswith("workday?"):
        return works_on(calendar, args[0]), expected, ""
    if op.endswith("during_business_hours?"):
        return calendar.is_open(instant(args[0])), expected, ""
    if op.endswith("business_time_until"):
        return calendar.elapsed(*map(instant, args)).total_seconds(), float(expected), ""
    return moved(calendar, op, args, expected)


def works_on(calendar: BusinessCalendar, text: str) -> bool:
    day = date.fromisoformat(text[:10])
    midnight = datetime.combine(day, time(), ZoneInfo(calendar.timezone))
    return any(calendar.open_periods(midnight, midnight + timedelta(days=1)))


def moved(calendar: BusinessCalendar, op: str, args: list[Any], expected: str) -> tuple[object, object, str]:
    unit, _, direction = op.partition("_")
    amount = args[1] if direction == "after" else -args[1]
    whole_day = len(args[0]) == len("2010-04-09")
    start = instant(args[0] + "T12:00:00+00:00" if whole_day else args[0])
    size = f"P{abs(amount)}D" if unit == "days" else f"PT{abs(amount)}H"
    forward = amount > 0 or (amount == 0 and direction == "after")
    found = calendar.due(start, size) if forward else calendar.before(start, size)
    ours = ROLLED if unit == "days" else AT_CLOSING
    return (
        (found.date().isoformat() if whole_day else found),
        (expected if whole_day else instant(expected)),
        ours,
    )


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=needs(f"business_hours/{n}.jsonl")) for n in DIFFERENT]
)
def test_every_case_of_a_peer_agrees_or_differs_by_a_named_convention(name: str) -> None:
    answer = biz_answer if name == "biz" else business_time_answer
    different: Counter[str] = Counter()
    for case in cases(name):
        found, expected, why = answer(case)
        if found != expected:
            assert why, (case, found)
            different[why] += 1
    assert different == DIFFERENT[name]
