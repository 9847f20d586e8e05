"""Half a year of a city's real requests, with the due instants that its own engine computed."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from tests.sla.shared_data import DATA, needs

from sla import BusinessCalendar

ZONE = "America/New_York"
DAY_MINUTES = 24 * 60

ODDITIES = {
    "101001244449": "due at a midnight, outside the city's own opening hours",
    "101001265070": "due on a holiday, four seconds before it was closed: set by hand",
    "101001328814": "due at a midnight, outside the city's own opening hours",
}
"""The cases that follow no rule of the city's."""

pytestmark = needs("boston311/sla_cases_2015_h1.csv.gz", "boston311/calendar.json")


def rows() -> Iterator[dict[str, str]]:
    with gzip.open(DATA / "boston311/sla_cases_2015_h1.csv.gz", "rt") as lines:
        yield from csv.DictReader(lines)


def office() -> BusinessCalendar:
    written = json.loads((DATA / "boston311/calendar.json").read_text())
    return msgspec.convert({key: written[key] for key in ("timezone", "hours", "holidays")}, BusinessCalendar)


def test_due_instants_are_the_citys_but_for_three_that_follow_no_rule() -> None:
    opening_hours, always = office(), BusinessCalendar(timezone=ZONE, always_open=True)
    different = set()
    count = 0
    for row in rows():
        count += 1
        minutes = int(row["sla_minutes"])
        in_days = row["clock"] == "calendar" and minutes % DAY_MINUTES == 0
        budget = f"P{minutes // DAY_MINUTES}D" if in_days else f"PT{minutes}M"
        due = (opening_hours if row["clock"] == "business" else always).due(local(row["open"]), budget)
        if abs(due - local(row["expected_due"])) >= timedelta(seconds=60):
            different.add(row["case_id"])
    assert count == 37_818
    assert different == ODDITIES.keys()


def test_no_business_clock_could_be_due_when_the_three_are() -> None:
    """A due instant of opening hours is open; each of these is not."""
    odd = {row["case_id"]: row for row in rows() if row["case_id"] in ODDITIES}
    assert {row["clock"] for row in odd.values()} == {"business"}
    assert not any(office().is_open(local(row["expected_due"])) for row in odd.values())
    said = {case: row["expected_due"][11:] for case, row in odd.items()}
    assert said == {"101001244449": "00:00:00", "101001265070": "11:16:41", "101001328814": "00:00:00"}
    assert odd["101001265070"]["expected_due"][:10] in office().holidays
    assert odd["101001265070"]["closed"] == "2015-02-16T11:16:45"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
