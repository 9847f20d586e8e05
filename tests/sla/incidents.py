"""Histories of a real desk's incidents, read from its event log as it is, dirt and all.

The log has no zone (read as UTC), cuts instants to the minute, and says nothing of replies. A row that cannot
be as it is written is taken as what it can mean, and reported with its line.
"""

import csv
import gzip
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Protocol

from sla import Assigned, Opened, Signal, StatusChanged, Terms, TermsChanged, Unassigned

STATUS = {
    "New": "new",
    "Active": "open",
    "Awaiting User Info": "pending",
    "Awaiting Vendor": "on_hold",
    "Awaiting Problem": "on_hold",
    "Awaiting Evidence": "on_hold",
    "Resolved": "solved",
    "Closed": "closed",
}
AWAITING = ("pending", "on_hold")
PRIORITY = {"1 - Critical": "urgent", "2 - High": "high", "3 - Moderate": "normal", "4 - Low": "low"}


class Dirt(NamedTuple):
    """Something in the log that cannot have been so."""

    line: int
    what: str


class Row(NamedTuple):
    """One row. `state` and `priority` are in our words; None where the log has none we know."""

    line: int
    incident: str
    opened_at: datetime
    at: datetime
    state: str | None
    priority: str | None
    group: str
    agent: str


class TermsOf(Protocol):
    """What is promised at a priority while a group holds an incident."""

    def __call__(self, priority: str, group: str) -> Terms: ...


class Incident(NamedTuple):
    """One incident's life, in order; `first` are the terms it begins on."""

    number: str
    first: Terms
    signals: list[Signal]


class Log:
    """The whole log; `dirt` is what was found in it so far."""

    def __init__(self, path: Path, terms: TermsOf) -> None:
        self.path, self.terms = path, terms
        self.dirt: list[Dirt] = []

    def __iter__(self) -> Iterator[Incident]:
        for number, rows in groupby(self.rows(), key=lambda row: row.incident):
            yield self.incident(number, rows)

    def rows(self) -> Iterator[Row]:
        with gzip.open(self.path, "rt", encoding="utf-8") as lines:
            for line, raw in enumerate(csv.DictReader(lines), 2):
                row = self.row(line, raw)
                if row is not None:
                    yield row

    def row(self, line: int, raw: dict[str, str]) -> Row | None:
        try:
            opened_at, at = instant(raw["opened_at"]), instant(raw["sys_updated_at"])
        except ValueError:
            self.dirt.append(Dirt(line, "no instant"))
            return None
        state, priority = STATUS.get(raw["incident_state"]), PRIORITY.get(raw["priority"])
        if state is None:
            self.dirt.append(Dirt(line, "unknown state"))
        if priority is None:
            self.dirt.append(Dirt(line, "unknown priority"))
        return Row(
            line, raw["number"], opened_at, at, state, priority, raw["assignment_group"], raw["assigned_to"]
        )

    def incident(self, number: str, rows: Iterable[Row]) -> Incident:
        life: list[Signal] = []
        for row in rows:
            if not life:
                status, priority, group, agent = row.state or "new", row.priority or "normal", row.group, "?"
                first = running = self.terms(priority, group)
                life.append(Opened(row.opened_at, "new"))
                at = self.after(life, row)
                if status != "new":
                    life.append(StatusChanged(at, status))
            else:
                at = self.after(life, row)
            if row.agent != agent:
                agent = row.agent
                life.append(Unassigned(at) if agent == "?" else Assigned(at))
            priority, group = row.priority or priority, row.group
            if (now := self.terms(priority, group)) is not running:
                running = now
                life.append(TermsChanged(at, running))
            if row.state not in (None, status):
                if status == "closed":
                    self.dirt.append(Dirt(row.line, "goes on after it was closed"))
                status = row.state or status
                life.append(StatusChanged(at, status))
        return Incident(number, first, life)

    def after(self, life: list[Signal], row: Row) -> datetime:
        """When a row happened: not before what the log has before it."""
        if row.at >= life[-1].at:
            return row.at
        what = "before it was opened" if row.at < row.opened_at else "earlier than the row before it"
        self.dirt.append(Dirt(row.line, what))
        return life[-1].at


def instant(text: str) -> datetime:
    """Read `29/2/2016 1:16`."""
    day, month, rest = text.split("/")
    return datetime(int(rest[:4]), int(month), int(day), int(rest[5:-3]), int(rest[-2:]), tzinfo=UTC)
