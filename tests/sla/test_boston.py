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
    "101001265070": "due on a holiday, five seconds before it was closed: set by hand",
    "101001328814": "due at a midnight, outside the city's own opening hours",
}
"""The cases that follow no rule of the city's."""

pytestmark = needs("boston311/sla_cases_2015_h1.csv.gz", "boston311/calendar.json")


def rows() -> Iterator[dict[str, str]]:
    with gzip.open(DATA / "boston311/sla_cases_2015_h1.csv.gz", "rt") as lines:
        yield from csv.DictReader(lines)


def test_due_instants_are_the_citys_but_for_three_that_follow_no_rule() -> None:
    written = json.loads((DATA / "boston311/calendar.json").read_text())
    office = msgspec.convert(
        {key: written[key] for key in ("timezone", "hours", "holidays")}, BusinessCalendar
    )
    always = BusinessCalendar(timezone=ZONE, always_open=True)
    different = {}
    count = 0
    for row in rows():
        count += 1
        minutes = int(row["sla_minutes"])
        in_days = row["clock"] == "calendar" and minutes % DAY_MINUTES == 0
        budget = f"P{minutes // DAY_MINUTES}D" if in_days else f"PT{minutes}M"
        due = (office if row["clock"] == "business" else always).due(local(row["open"]), budget)
        if abs(due - local(row["expected_due"])) >= timedelta(seconds=60):
            different[row["case_id"]] = due
    assert count == 37_818
    assert different.keys() == ODDITIES.keys()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
