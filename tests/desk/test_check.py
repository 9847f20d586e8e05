"""Bad desks, and exactly what is said about them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tickets.application.desk import Desk, InvalidDesk, check

PEOPLE = """\
teams:
  sales: {lead: anchor}
agents:
  anchor: {teams: [sales], email: anchor@shop.example.vn}
"""


def bad_desks() -> Iterator[ParameterSet]:
    """`== a name`, the desk, `--`, what is said about it."""
    for case in (Path(__file__).parent / "bad_desks.txt").read_text("utf-8").split("== ")[1:]:
        name, _, rest = case.partition("\n")
        text, _, said = rest.partition("--\n")
        yield pytest.param(text, said.strip(), id=name)


@pytest.mark.parametrize(("text", "said"), [*bad_desks()])
def test_every_fault_of_a_bad_desk_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidDesk) as refused:
        check(text)
    assert str(refused.value) == said


def test_faults_of_yaml_of_types_and_of_references_come_together_in_the_order_of_the_file() -> None:
    with pytest.raises(InvalidDesk) as refused:
        check("teams:\n  a: {lead: x}\n  a: {}\nagents:\n  b: {capacity: -1}\n")
    assert [str(fault) for fault in refused.value.faults] == [
        "2:7: /teams/a/lead: there is no agent 'x'",
        "3:3: /teams/a: 'a' is already given in line 2",
        "5:7: /agents/b/capacity: expected `int` >= 0",
    ]


def test_an_object_with_faults_of_its_own_is_still_there_to_be_referred_to() -> None:
    with pytest.raises(InvalidDesk) as refused:
        check("teams:\n  a: {lead: boss}\nagents:\n  boss: {capacity: x}\n")
    assert [fault.pointer for fault in refused.value.faults] == ["/agents/boss/capacity"]


def test_a_section_left_out_stays_and_a_section_given_is_all_there_is(sample: Desk) -> None:
    wanted = check("webhooks: {}\nhotlines:\n  hot: {number: 1900 1111}\n", sample).desk
    assert list(wanted.hotlines) == ["hot"]
    assert wanted.teams == sample.teams


def test_a_section_left_out_can_be_referred_to(sample: Desk) -> None:
    wanted = check("mailboxes:\n  hn: {address: hn@shop.example.vn, region: vn-hn}\n", sample).desk
    assert wanted.mailboxes["hn"].region == "vn-hn"


def test_retiring_what_others_need_is_refused(sample: Desk) -> None:
    with pytest.raises(InvalidDesk, match="there is no calendar 'office'"):
        check("calendars: {}", sample)


def test_forms_and_hotlines_take_the_country_of_the_desk() -> None:
    desk = check(
        "settings: {country: US}\n"
        "hotlines:\n  a: {number: 617-555-0100}\n  b: {number: 028 3822 9999, country: VN}\n"
    ).desk
    assert [line.country for line in desk.hotlines.values()] == ["US", "VN"]


def test_what_works_though_hardly_as_meant_is_a_warning() -> None:
    desk = check(
        PEOPLE + "routing_rules:\n"
        "  a: {order: 1, team: sales, skills: [{skill: tv, level: 3}], when: {fields.topic: [tv]}}\n"
    )
    assert [str(warning) for warning in desk.warnings] == [
        "6:70: /routing_rules/a/when/fields.topic: no form asks for 'topic'",
        "6:39: /routing_rules/a/skills/0: nobody in team 'sales' has tv ≥ 3",
    ]
