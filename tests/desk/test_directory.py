"""Whom an escalation reaches: people as they are now, and never nobody in silence (law 15)."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from tickets.application.desk import CompiledDesk, DeskDirectory, Published, check
from tickets.domain.escalation import Manner, Recipient
from tickets.domain.ticket import Ticket

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)

DESK = """\
settings: {language: vi, timezone: Asia/Ho_Chi_Minh}
teams:
  crew: {lead: boss}
  ghosts: {}
agents:
  boss: {teams: [crew], email: boss@shop.example.vn}
  mate: {teams: [crew], email: mate@shop.example.vn, languages: [en, vi]}
  mute: {}
on_call_schedules:
  empty: {timezone: UTC}
webhooks:
  pager: {url: 'https://pager.example.vn/'}
escalation_policies:
  all:
    levels:
      - {name: assignee, share: 0.1, notify: [assignee]}
      - {name: team_lead, share: 0.2, notify: [team_lead]}
      - {name: team, share: 0.3, notify: [team]}
      - {name: named, share: 0.4, notify: ['agent:mate', 'agent:mute', 'webhook:pager', 'email:x@y.vn']}
      - {name: twice, share: 0.5, notify: [assignee, team_lead, team]}
      - {name: gap, share: 0.6, notify: ['on_call:empty']}
    fallback: ['email:manager@shop.example.vn', 'agent:boss']
"""

USUAL = Manner(("vi",), "Asia/Ho_Chi_Minh")
BOSS = Recipient("agent:boss", (("email", "boss@shop.example.vn"),), USUAL)
MATE = Recipient(
    "agent:mate", (("email", "mate@shop.example.vn"),), Manner(("en", "vi", "vi"), "Asia/Ho_Chi_Minh")
)
FALLBACK = [Recipient("email:manager@shop.example.vn", (("email", "manager@shop.example.vn"),), USUAL), BOSS]


@pytest.fixture(scope="module")
def directory() -> DeskDirectory:
    return DeskDirectory(CompiledDesk(Published(check(DESK).desk, {})))


def ticket(team: str | None = "crew", assignee: str | None = "mate") -> Ticket:
    return Ticket(
        id=UUID(int=1),
        channel="api",
        source="api",
        account="test",
        subject="Broken",
        customer_id=UUID(int=2),
        team=team,
        assignee=assignee,
        opened_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("assignee", [MATE]),
        ("team_lead", [BOSS]),
        ("team", [BOSS, MATE]),
        (
            "named",
            [
                MATE,
                Recipient("agent:mute", (), USUAL),
                Recipient("webhook:pager", (("webhook", "pager"),)),
                Recipient("email:x@y.vn", (("email", "x@y.vn"),), USUAL),
            ],
        ),
        ("twice", [MATE, BOSS]),
    ],
)
def test_a_level_reaches_those_it_names_each_once(
    directory: DeskDirectory, level: str, told: list[Recipient]
) -> None:
    assert list(directory.recipients("all", level, ticket(), NOW)) == told


def test_an_unassigned_ticket_reaches_the_fallback_and_says_who_was_missing(directory: DeskDirectory) -> None:
    told = directory.recipients("all", "assignee", ticket(assignee=None), NOW)
    assert list(told) == [Recipient("assignee", ()), *FALLBACK]


def test_a_gap_on_call_reaches_the_fallback(directory: DeskDirectory) -> None:
    told = directory.recipients("all", "gap", ticket(), NOW)
    assert list(told) == [Recipient("on_call:empty", ()), *FALLBACK]


def test_a_team_without_agents_or_lead_reaches_the_fallback(directory: DeskDirectory) -> None:
    assert list(directory.recipients("all", "team", ticket("ghosts"), NOW))[1:] == FALLBACK
    assert list(directory.recipients("all", "team_lead", ticket("ghosts"), NOW))[1:] == FALLBACK


def test_a_level_retired_while_a_ticket_ran_on_it_reaches_the_fallback(directory: DeskDirectory) -> None:
    assert list(directory.recipients("all", "retired", ticket(), NOW)) == FALLBACK


def test_a_policy_retired_while_a_ticket_ran_on_it_reaches_lead_and_team(directory: DeskDirectory) -> None:
    assert list(directory.recipients("retired", "x", ticket(), NOW)) == [BOSS, MATE]


def test_nobody_at_all_is_still_said(directory: DeskDirectory) -> None:
    told = directory.recipients("retired", "x", ticket(team=None), NOW)
    assert told
    assert not any(recipient.ways for recipient in told)
