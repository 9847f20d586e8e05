"""The desk that ships: it teaches by being right."""

import time

from tickets.application.desk import Desk, check, read_target
from tickets.application.desk.kinds import KINDS, objects_of

AGENT = """\
  extra-{n}:
    name: Bảo hành {n}
    email: extra-{n}@shop.example.vn
    phone: 0901{n:06}
    teams: [warranty, sales]
    skills: {{warranty: 4, electronics: 3}}
    languages: [vi, en]
    regions: [vn-hcm]
    capacity: 8
    presence: online
"""


def test_the_sample_is_a_desk_without_a_single_warning(sample_text: str) -> None:
    assert check(sample_text).warnings == ()


def test_it_shows_every_kind_of_object(sample: Desk, sample_text: str) -> None:
    shown = [kind.name for kind in KINDS if objects_of(sample, kind)]
    assert shown == [kind.name for kind in KINDS if kind.name not in {"webhooks", "pagers", "alertmanagers"}]
    assert "#   secret_env:" in sample_text


def test_it_escalates_a_drill_within_half_a_minute_to_somebody_on_call(sample: Desk) -> None:
    drill = sample.sla_policies["drill"]
    assert drill.targets[0].budget == "PT20S"
    assert drill.calendar == "always_open"
    levels = sample.escalation_policies[drill.escalation or ""].levels
    assert any(read_target(target).kind == "on_call" for level in levels for target in level.notify)


def test_its_offices_close_for_lunch_and_for_the_holidays(sample: Desk) -> None:
    office = sample.calendars["office"].business_calendar
    assert office.hours["mon"] == [["08:00", "12:00"], ["13:00", "17:30"]]
    assert {"2026-01-01", "2026-02-17", "2026-04-30", "2026-09-02"} <= set(office.holidays)


def test_everybody_can_be_reached_and_is_at_work(sample: Desk) -> None:
    assert len(sample.agents) == 12
    assert all(agent.email and agent.presence == "online" for agent in sample.agents.values())


def test_ten_thousand_agents_more_are_checked_within_seconds(sample_text: str) -> None:
    crowd = "".join(AGENT.format(n=n) for n in range(10_000))
    text = sample_text.replace("\nagents:\n", f"\nagents:\n{crowd}")
    began = time.process_time()
    desk = check(text).desk
    assert len(desk.agents) == 10_012
    assert time.process_time() - began < 10
