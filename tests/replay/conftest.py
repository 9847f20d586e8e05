"""A small city: two kinds of requests, one promise each, a file of its own to replay."""

from pathlib import Path

import pytest

from tickets.replay.mapping import Mapping, read_mapping
from tickets.settings import Settings, read_settings

DESK = """
settings: {name: Town, country: US, language: en}
regions: {town: {name: Town}, old-town: {name: Old Town, parent: town}}
calendars:
  office:
    timezone: America/New_York
    hours: {mon: &day [["08:30", "17:00"]], tue: *day, wed: *day, thu: *day, fri: *day}
  every-day: {timezone: America/New_York, always_open: true}
teams: {works: {name: Works, lead: works-1}}
agents:
  works-1:
    name: Works 1
    email: works-1@town.invalid
    teams: [works]
    skills: {works: 3}
    languages: [en]
    regions: [town]
    capacity: 3
    presence: online
escalation_policies:
  standard: {levels: [{name: broken, after_due: PT0S, notify: [team_lead]}], fallback: ["agent:works-1"]}
sla_policies:
  lights:
    order: 10
    when: {fields.type: [Street Lights]}
    calendar: office
    escalation: standard
    targets: [{metric: resolution, budget: PT510M}]
  mailed-lights:
    order: 11
    when: {mailbox: [street-lights]}
    calendar: office
    escalation: standard
    targets: [{metric: resolution, budget: PT510M}]
  trees:
    order: 20
    calendar: every-day
    escalation: standard
    targets: [{metric: resolution, budget: P30D}]
routing_rules:
  all: {order: 10, team: works, skills: [{skill: works}]}
forms:
  request:
    name: Request
    fields: [{name: type, required: true}, {name: region}]
    mapping: {subject: "{type}", region: region}
mailboxes:
  street-lights: {address: street-lights@town.invalid}
  trees: {address: trees@town.invalid}
hotlines: {"311": {number: "311", country: US}}
"""

MAPPING = """
zone: America/New_York
time_format: "%m/%d/%Y %I:%M:%S %p"
columns: {id: nr, opened: from, closed: until, source: how, subject: what, region: where,
  expected_due: due, on_time: kept}
fields: {type: what}
kept: "yes"
broken: "no"
entrances:
  - {channel: hotline, account: "311", sources: [call]}
  - {channel: form, account: request, sources: [web]}
  - {channel: inbox, account: "{what}", sources: [tweet]}
  - {channel: api}
"""

ROWS = """nr,from,until,how,what,where,due,kept
1,03/05/2015 09:00:00 AM,03/05/2015 03:00:00 PM,call,Street Lights,Old Town,03/06/2015 09:00:00 AM,yes
2,03/05/2015 10:00:00 AM,03/06/2015 10:00:01 AM,web,Street Lights,Old Town,03/06/2015 10:00:00 AM,no
3,03/05/2015 10:00:00 AM,,tweet,Street Lights,,03/06/2015 10:00:00 AM,no
4,03/05/2015 11:00:00 AM,04/04/2015 11:00:00 AM,worker,Trees,,04/04/2015 11:00:00 AM,yes
5,03/05/2015 04:00:00 PM,,worker,Trees,,04/04/2015 04:00:00 PM,
6,03/06/2015 05:00:00 PM,03/09/2015 08:30:00 AM,call,Street Lights,,03/10/2015 08:30:00 AM,yes
"""


@pytest.fixture
def desk() -> str:
    """The town's desk: one agent, who can hold three tickets."""
    return DESK


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """The town's file."""
    file = tmp_path / "rows.csv"
    file.write_text(ROWS)
    return file


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    """What its columns are."""
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    return read_mapping(file)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Nothing but a folder."""
    return read_settings({"TICKETS_DATA_DIR": str(tmp_path)})
