"""Writes the desk that serves a city's 311 requests: `python tests/boston_desk.py DATA_FOLDER DESK.yaml`.

Promises come from `sla_by_type.csv` and `calendar.json`; regions, departments and how many agents they need
come from the cases. Nothing of the data is kept in this project.
"""

import csv
import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from tickets.replay.mapping import to_key

DAY_MINUTES = 24 * 60
CAPACITY = 200
"""Tickets an agent of the city may hold: many wait for weather or a contractor."""
SLACK = 1.1
"""How much more the agents of a department can hold than it ever had open at once."""

Row = Mapping[str, str]
Objects = dict[str, dict[str, Any]]


def main() -> None:
    """Write the desk file named on the command line."""
    folder, desk = map(Path, sys.argv[1:3])
    desk.write_text(boston_desk(folder), encoding="utf-8")


def boston_desk(folder: Path) -> str:
    """The desk, as YAML, made from a folder of data."""
    calendar = json.loads((folder / "calendar.json").read_text())
    with (folder / "sla_by_type.csv").open(newline="") as lines:
        types = [row for row in csv.DictReader(lines) if float(row["sla_minutes"]) >= 1]
    with gzip.open(folder / "sla_cases_2015_h1.csv.gz", "rt", newline="") as lines:
        cases = list(csv.DictReader(lines))
    zone = calendar["timezone"]
    return yaml.safe_dump(
        {
            "settings": {"name": "Boston 311", "country": "US", "language": "en"},
            "regions": regions(cases),
            "calendars": {
                "office": {name: calendar[name] for name in ("timezone", "hours", "holidays")},
                "every-day": {"timezone": zone, "always_open": True},
            },
            "on_call_schedules": {"duty": on_call(cases, zone)},
            "escalation_policies": {"standard": escalation()},
            "sla_policies": policies(types),
            **channels(types),
            **people(cases),
        },
        sort_keys=False,
        allow_unicode=True,
    )


def regions(cases: Iterable[Row]) -> Objects:
    """The city, and every neighbourhood in it."""
    names = sorted({case["neighborhood"] for case in cases} - {""})
    return {
        "city": {"name": "City"},
        **{to_key(name): {"name": name, "parent": "city"} for name in names},
    }


def department(queue: str) -> str:
    """The department a queue belongs to: letters before the first digit or underscore."""
    return (re.match(r"[A-Za-z]+", queue) or ["other"])[0].lower()


def people(cases: Sequence[Row]) -> dict[str, Objects]:
    """Departments, their agents, and the rules that lead to them.

    Each agent serves half of the neighbourhoods, one in three the whole city.
    """
    most = peaks(cases)
    places = sorted({to_key(case["neighborhood"]) for case in cases} - {""})
    queues: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        queues[department(case["queue"])].add(case["queue"])
    agents: Objects = {}
    for team, peak in most.items():
        for number in range(max(2, round(peak * SLACK / CAPACITY) + 1)):
            agents[f"{team}-{number + 1}"] = {
                "name": f"{team.upper()} {number + 1}",
                "email": f"{team}-{number + 1}@city.invalid",
                "teams": [team],
                "skills": {team: 2 + number % 4},
                "languages": ["en"],
                "regions": ["city"] if number % 3 == 0 else places[number % 3 - 1 :: 2],
                "capacity": CAPACITY,
                "presence": "online",
            }
    patience = [{"after": "PT4H", "widen_region": True}]
    rules: Objects = {
        team: {
            "order": order,
            "when": {"fields.queue": sorted(queues[team])},
            "team": team,
            "skills": [{"skill": team, "level": 2}],
            "relaxation": patience,
        }
        for order, team in enumerate(most, 1)
    }
    rules["everything-else"] = {"order": 100, "team": max(most, key=lambda team: most[team])}
    teams = {team: {"name": team.upper(), "lead": f"{team}-1"} for team in most}
    return {"teams": teams, "agents": agents, "routing_rules": rules}


def peaks(cases: Iterable[Row]) -> dict[str, int]:
    """The most tickets every department had open at once."""
    moves = sorted(
        (case[column], change, department(case["queue"]))
        for case in cases
        for column, change in (("open", 1), ("closed", -1))
        if case[column]
    )
    held: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for _, change, team in moves:
        held[team] += change
        most[team] = max(most[team], held[team])
    return dict(sorted(most.items()))


def on_call(cases: Iterable[Row], zone: str) -> dict[str, object]:
    """The leads of the departments, a week each."""
    leads = sorted({f"{department(case['queue'])}-1" for case in cases})
    week = {"name": "leads", "starts_on": "2014-12-29T08:00:00", "rotation": "weekly", "agents": leads}
    return {"timezone": zone, "layers": [week]}


def escalation() -> dict[str, object]:
    """The lead hears of a breach, whoever is on call a day later."""
    return {
        "levels": [
            {"name": "broken", "after_due": "PT0S", "notify": ["team_lead"]},
            {"name": "still-broken", "after_due": "PT24H", "notify": ["on_call:duty"]},
        ],
        "fallback": ["email:mayor@city.invalid"],
    }


def policies(types: list[dict[str, str]]) -> Objects:
    """One promise a budget, for every type that has it: told by form, call or API, or by its mailbox."""
    found: Objects = {}
    budgets = groupby(sorted(types, key=promise), key=promise)
    for order, ((clock, budget), members) in enumerate(budgets, 1):
        names = [row["type"] for row in members]
        promised = {
            "calendar": "office" if clock == "business" else "every-day",
            "escalation": "standard",
            "targets": [{"metric": "resolution", "budget": budget}],
        }
        key = f"{clock}-{budget.lower()}"
        found[key] = {**promised, "order": order, "when": {"fields.type": names}}
        mailboxes = [to_key(name) for name in names]
        found[f"{key}-mail"] = {**promised, "order": 500 + order, "when": {"mailbox": mailboxes}}
    return found


def promise(row: Row) -> tuple[str, str]:
    """Clock and budget of a type; whole days on the calendar's clock are days, as the city counts them."""
    minutes = int(float(row["sla_minutes"]))
    in_days = row["clock"] == "calendar" and minutes % DAY_MINUTES == 0
    return row["clock"], f"P{minutes // DAY_MINUTES}D" if in_days else f"PT{minutes}M"


def channels(types: Iterable[Row]) -> dict[str, Objects]:
    """One form, one hotline, and a mailbox for every type: a mail has no fields to tell it by."""
    return {
        "forms": {
            "request": {
                "name": "Service request",
                "fields": [
                    {"name": "type", "required": True},
                    {"name": "queue"},
                    {"name": "region"},
                ],
                "mapping": {"subject": "{type}", "region": "region"},
                "tags": ["web"],
            }
        },
        "hotlines": {"311": {"number": "311", "name": "311", "country": "US", "language": "en"}},
        "mailboxes": {
            to_key(row["type"]): {"address": f"{to_key(row['type'])}@city.invalid", "name": row["type"]}
            for row in types
        },
    }


if __name__ == "__main__":
    main()
