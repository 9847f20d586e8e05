"""Which policy promises what, and why not the others."""

from typing import Any

import msgspec
import pytest
from tests.sla.desk import LEVELS, OFFICE

from sla import Facts, Level, Policy, PolicyError, Target, Terms, Versioned, choose

FACTS: Facts = {
    "priority": frozenset({"high"}),
    "channel": frozenset({"hotline"}),
    "tags": frozenset({"vip", "store-12"}),
    "region": frozenset({"hanoi", "north", "vietnam"}),
}


def policy(key: str, order: int, *targets: Target, **fields: object) -> Versioned[Policy]:
    return Versioned(Policy(key=key, order=order, targets=targets, **fields), 7)  # type: ignore[arg-type]


FIRST = Target(metric="first_response", budget="PT1H")
FINAL = Target(metric="resolution", budget={"high": "PT8H", "urgent": "PT4H"})


def test_each_metric_comes_from_the_first_policy_that_has_it() -> None:
    policies = [policy("all", 9, FIRST, FINAL), policy("vip", 1, FIRST, when={"tags": ["vip"]})]
    choice = choose(policies, {}, {}, FACTS)
    assert {p.metric: p.policy for p in choice.terms.promises} == {
        "first_response": "vip",
        "resolution": "all",
    }


def test_the_choice_says_why_not_the_ones_before() -> None:
    policies = [
        policy("forms", 1, FIRST, when={"channel": ["form", "inbox"], "tags": ["vip"]}),
        policy("low", 2, Target(metric="first_response", budget={"low": "PT9H"})),
        policy("all", 3, FIRST),
        policy("never asked", 4, FIRST),
    ]
    reasons = choose(policies, {}, {}, FACTS).reasons
    assert [(reason.policy, reason.chosen, reason.why) for reason in reasons] == [
        ("forms", False, "channel is hotline, not form or inbox"),
        ("low", False, "promises nothing for this priority"),
        ("all", True, "first with a target"),
    ]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"tags": ["vip", "other"]}, True),
        ({"region": ["north"]}, True),
        ({"region": ["south"]}, False),
        ({"tags": ["vip"], "channel": ["form"]}, False),
        ({"fields.product": ["phone"]}, False),
    ],
)
def test_a_condition_holds_when_every_key_has_one_of_its_values(
    when: dict[str, list[str]], *, holds: bool
) -> None:
    assert bool(choose([policy("p", 1, FIRST, when=when)], {}, {}, FACTS).terms.promises) == holds


def test_a_target_overrides_its_policys_calendar_pauses_and_escalation() -> None:
    own = Target(metric="resolution", budget="PT1H", calendar="always_open", pauses=(), escalation="loud")
    both = policy("p", 1, FIRST, own, calendar="office", pauses=("on_hold",), escalation="quiet")
    calendars = {"office": Versioned(OFFICE, 3)}
    first, final = choose([both], calendars, {"quiet": LEVELS[:1], "loud": LEVELS}, FACTS).terms.promises
    assert (first.calendar, first.calendar_version, first.pauses, first.levels) == (
        "office",
        3,
        ("on_hold",),
        LEVELS[:1],
    )
    assert (final.calendar, final.hours.always_open, final.pauses, final.levels) == (
        "always_open",
        True,
        (),
        LEVELS,
    )


@pytest.mark.parametrize("field", ["calendar", "escalation"])
def test_a_name_that_is_not_there_is_an_error(field: str) -> None:
    with pytest.raises(PolicyError, match="unknown"):
        choose([policy("p", 1, FIRST, **{field: "gone"})], {}, {}, FACTS)


def test_a_policy_gathers_all_its_faults() -> None:
    document = {
        "key": "p",
        "order": 1,
        "when": {"tags": []},
        "targets": [
            {"metric": "resolution", "budget": {"high": "4 hours", "low": "PT0S"}},
            {"metric": "resolution", "budget": "P1W", "at_risk": 1.5},
        ],
    }
    with pytest.raises(PolicyError) as refused:
        msgspec.convert(document, Policy)
    assert {fault.pointer for fault in refused.value.faults} == {
        "/targets/0/budget/high",
        "/targets/0/budget/low",
        "/targets/1/budget",
        "/targets/1/at_risk",
        "/targets/1/metric",
        "/when/tags",
    }


@pytest.mark.parametrize(
    "fields",
    [{}, {"share": 0.5, "after_due": "PT0S"}, {"share": 0.0}, {"after_due": "P1D"}, {"before_due": "PT0S"}],
)
def test_a_level_says_when_exactly_once(fields: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        Level(name="x", **fields)


def test_terms_are_json_and_hold_one_promise_a_metric() -> None:
    terms = choose([policy("p", 1, FIRST, FINAL)], {}, {}, FACTS).terms
    assert msgspec.json.decode(msgspec.json.encode(terms), type=Terms) == terms
    with pytest.raises(PolicyError, match="two promises"):
        Terms(terms.promises * 2)
