"""One object at a time, as REST puts and deletes it: the same checks, pointers into the body."""

import msgspec
import pytest

from tickets.application.desk import Desk, InvalidDesk, UnknownObject, body_of, put_object, remove_object
from tickets.application.desk.fault import StillNamed


def faults(desk: Desk, kind: str, key: str, body: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDesk) as refused:
        put_object(desk, kind, key, msgspec.json.encode(body))
    return [(fault.pointer, fault.message) for fault in refused.value.faults]


def test_a_put_replaces_one_object_and_touches_no_other(sample: Desk) -> None:
    desk = put_object(sample, "teams", "sales", b'{"name": "Sales"}').desk
    assert desk.teams["sales"].name == "Sales"
    assert desk.teams["sales"].lead is None
    assert desk.teams["warranty"] is sample.teams["warranty"]


def test_what_a_get_gave_can_be_put_again(sample: Desk) -> None:
    for kind in ("calendars", "forms", "escalation_policies", "on_call_schedules", "agents", "sla_policies"):
        for key, found in getattr(sample, kind).items():
            assert put_object(sample, kind, key, body_of(found)).desk == sample


def test_faults_point_into_the_body(sample: Desk) -> None:
    assert faults(sample, "agents", "new", {"capacity": "5", "teams": ["sale"], "nick": 1}) == [
        ("/nick", "there is no field 'nick'"),
        ("/capacity", "expected `int`, got '5'"),
    ]
    assert faults(sample, "agents", "new", {"teams": ["sale"]}) == [
        ("/teams/0", "there is no team 'sale'; did you mean 'sales'?")
    ]


def test_a_fault_it_causes_elsewhere_is_said_of_the_whole_body(sample: Desk) -> None:
    assert faults(sample, "agents", "warranty-lead", {"name": "x"}) == [
        ("", "escalation_policies/urgent/fallback/0: agent 'warranty-lead' has no e-mail address")
    ]


def test_a_body_that_is_no_json_is_one_fault(sample: Desk) -> None:
    with pytest.raises(InvalidDesk, match="not JSON"):
        put_object(sample, "teams", "x", b"{")
    assert faults(sample, "teams", "x", [1]) == [("", "expected fields, got a list")]


def test_settings_are_one_object(sample: Desk) -> None:
    assert put_object(sample, "settings", "desk", b'{"country": "US"}').desk.country == "US"
    with pytest.raises(UnknownObject):
        put_object(sample, "settings", "other", b"{}")


def test_an_unknown_kind_is_not_found(sample: Desk) -> None:
    with pytest.raises(UnknownObject, match="a desk has no 'macros'"):
        put_object(sample, "macros", "a", b"{}")


def test_an_object_goes_unless_something_needs_it(sample: Desk) -> None:
    assert "cskh" not in remove_object(sample, "mailboxes", "cskh").desk.mailboxes
    with pytest.raises(StillNamed) as refused:
        remove_object(sample, "on_call_schedules", "duty")
    assert [fault.pointer for fault in refused.value.faults] == [
        "/escalation_policies/standard/levels/3/notify/0",
        "/escalation_policies/urgent/levels/1/notify/1",
        "/escalation_policies/vip/levels/0/notify/0",
    ]
    with pytest.raises(UnknownObject, match="there is no team 'nobody'"):
        remove_object(sample, "teams", "nobody")
