"""What two other libraries' own test suites expect; where we differ, the convention that differs is named.

The table of `docs/sla.md` is this one.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.sla.shared_data import DATA, needs

from sla import BusinessCalendar

Case = dict[str, Any]

NEGATIVE = "elapsed time is negative backwards, not nothing"
ROLLED = (
    "days are counted from the start itself, not from the opening that a closed start would roll to first"
)
AT_CLOSING = "a budget that ends at closing is due at the next opening, not at that closing"
"""The conventions in which we differ."""

DIFFERENT: dict[str, dict[int, str]] = {
    "biz": {36: NEGATIVE},
    "business_time": {
        **dict.fromkeys((147, 148, 149, 157, 158, 161, 182, 183, 184, 193, 194, 198, 199, 200), ROLLED),
        **dict.fromkeys((201, 237), AT_CLOSING),
    },
}
"""Every case that differs, by its line, and by which convention: all that are not in here agree."""

COUNTS = {"biz": 74, "business_time": 270}


def cases(name: str) -> list[Case]:
    lines = (DATA / "business_hours" / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def biz_calendar(case: Case) -> BusinessCalendar:
    fields = dict(case["calendar"])
    fields["special_days"] = fields.pop("shifts")
    return msgspec.convert(fields, BusinessCalendar)


def biz_answer(case: Case) -> tuple[object, object]:
    calendar = biz_calendar(case)
    if case["op"] == "in_hours":
        return calendar.is_open(instant(case["at"])), case["expected"]
    start = instant(case["start"])
    if case["op"] == "between":
        return calendar.elapsed(start, instant(case["end"])).total_seconds(), case["expected_seconds"]
    unit = case["unit"][0].upper()
    amount = f"P{case['amount']}D" if unit == "D" else f"PT{case['amount']}{unit}"
    move = calendar.due if case["op"] == "add" else calendar.before
    return move(start, amount), instant(case["expected"])


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


def business_time_answer(case: Case) -> tuple[object, object]:
    calendar, op, args, expected = business_time_calendar(case), case["op"], case["args"], case["expected"]
    if op == "Date.business_days_until":
        return sum(works_on(calendar, day) for day in dates(*args)), expected
    if op.endswith("workday?"):
        return works_on(calendar, date.fromisoformat(args[0][:10])), expected
    if op.endswith("during_business_hours?"):
        return calendar.is_open(instant(args[0])), expected
    if op.endswith("business_time_until"):
        return calendar.elapsed(*map(instant, args)).total_seconds(), float(expected)
    return moved(calendar, op, args, expected)


def dates(first: str, last: str, inclusive: bool = False) -> Iterator[date]:  # noqa: FBT001, FBT002 - its own
    day, end = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=inclusive)
    while day < end:
        yield day
        day += timedelta(days=1)


def works_on(calendar: BusinessCalendar, day: date) -> bool:
    midnight = datetime.combine(day, time(), ZoneInfo(calendar.timezone))
    return any(calendar.open_periods(midnight, midnight + timedelta(days=1)))


def moved(calendar: BusinessCalendar, op: str, args: list[Any], expected: str) -> tuple[object, object]:
    unit, _, direction = op.partition("_")
    amount = args[1] if direction == "after" else -args[1]
    whole_day = len(args[0]) == len("2010-04-09")
    start = instant(args[0] + "T12:00:00+00:00" if whole_day else args[0])
    size = f"P{abs(amount)}D" if unit == "days" else f"PT{abs(amount)}H"
    forward = amount > 0 or (amount == 0 and direction == "after")
    found = calendar.due(start, size) if forward else calendar.before(start, size)
    return (found.date().isoformat(), expected) if whole_day else (found, instant(expected))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=needs(f"business_hours/{n}.jsonl")) for n in DIFFERENT]
)
def test_every_case_of_a_peer_agrees_or_stands_in_the_table_of_conventions(name: str) -> None:
    answer = biz_answer if name == "biz" else business_time_answer
    answers = [answer(case) for case in cases(name)]
    different = {line for line, (found, expected) in enumerate(answers, 1) if found != expected}
    assert different == DIFFERENT[name].keys()
    assert len(answers) == COUNTS[name]


def test_the_documented_table_is_this_one() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "sla.md").read_text()
    for name, different in DIFFERENT.items():
        agree = COUNTS[name] - len(different)
        assert f"{agree} of {COUNTS[name]}" in guide
        for why in set(different.values()):
            count = list(different.values()).count(why)
            assert f"| `{name}` | {count} | {why} |" in guide
