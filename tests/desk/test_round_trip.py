"""Whatever desk there is, file and rows give the same desk again."""

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.application.desk import Desk, InvalidDesk, check, diff, export, from_objects, to_objects
from tickets.application.desk.kinds import KINDS, objects_of

# Anything PostgreSQL can hold: all of Unicode but NUL and half characters.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
TRICKY = st.sampled_from(
    ["null", "~", "", "yes", "1900", "08:30", "0x1F", "1e3", "- a", "a: b", "# c", " x ", "é\n\n b", "<<"]
)
WORDS = TEXT | TRICKY
KEYS = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,8}", fullmatch=True)


WAYS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "assignment": st.sampled_from(["push", "offer", "pull"]),
        "offer_timeout": st.sampled_from(["PT30S", "PT1M"]),
        "rounds": st.integers(1, 100),
        "react_within": st.sampled_from(["PT10M", "P1D"]),
        "on_leave": st.sampled_from(["keep", "hand_back"]),
        "away_limit": st.sampled_from(["PT30M", "PT4H"]),
    },
)


def some_of(keys: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(keys), unique=True, max_size=3)


@st.composite
def desks(draw: st.DrawFn) -> dict[str, Any]:
    """A desk that holds together, as JSON: any text anywhere it may stand, references that lead somewhere."""
    teams = draw(st.lists(KEYS, min_size=1, max_size=4, unique=True))
    regions = draw(st.lists(KEYS, min_size=1, max_size=4, unique=True))
    agents = draw(st.lists(KEYS.filter(lambda key: key != "me"), min_size=1, max_size=5, unique=True))
    agent: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {"name": WORDS, "teams": some_of(teams), "regions": some_of(regions)},
        optional={
            "skills": st.dictionaries(WORDS, st.integers(1, 5), max_size=3),
            "capacity": st.integers(0, 100_000),
            "presence": st.sampled_from(["online", "offline"]),
            "languages": some_of(["vi", "en-US"]),
        },
    )
    when = st.dictionaries(
        st.sampled_from(["tags", "source", "customer_tier"]) | WORDS.map(lambda name: f"fields.x{name}"),
        st.lists(WORDS, min_size=1, max_size=3),
        max_size=3,
    )
    target: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "metric": st.just("resolution"),
            "budget": st.sampled_from(["PT4H", "P3D"]) | st.just({"high": "PT1H", "low": "P1D"}),
        },
        optional={
            "at_risk": st.none() | st.floats(0.001, 0.999),
            "pauses": st.none() | some_of(["pending", "on_hold"]),
            "on_reopen": st.sampled_from(["resume", "ignore"]),
        },
    )
    policies = draw(st.dictionaries(KEYS, st.tuples(when, target, WORDS), max_size=4))
    rules = draw(st.dictionaries(KEYS, st.tuples(when, st.sampled_from(teams), st.booleans()), max_size=4))
    form: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {
            "name": WORDS,
            "fields": st.just([{"name": "a", "label": "A"}, {"name": "b", "max_length": 9}]),
            "mapping": st.fixed_dictionaries({"subject": st.sampled_from(["{a}", "x {b}"])}),
        },
        optional={
            "origins": st.sampled_from([["*"], ["https://shop.example.vn", "http://localhost:8080"]]),
            "rate": st.none() | st.sampled_from(["30/PT1M", "5/PT1H"]),
            "redirect": st.sampled_from(["/thanks", "https://shop.example.vn/thanks?a=b"]),
            "proof": st.booleans(),
            "receipts": st.booleans(),
            "attachments": st.fixed_dictionaries({}, optional={"count": st.integers(0, 9)}),
            "honeypot": st.just("trap"),
            "submission_id": st.just("page"),
            "same_within": st.sampled_from(["PT0S", "PT1H"]),
        },
    )
    return {
        "settings": {"name": draw(WORDS), "country": draw(st.sampled_from(["VN", "US"]))}
        | {"timezone": draw(st.sampled_from(["UTC", "Asia/Ho_Chi_Minh"]))}
        | {"matcher": draw(st.sampled_from(["greedy", "optimal"]))},
        "regions": {key: {"name": draw(WORDS)} for key in regions},
        "teams": {
            key: {"name": draw(WORDS), "lead": draw(st.none() | st.sampled_from(agents))} | draw(WAYS)
            for key in teams
        },
        "agents": {key: draw(agent) for key in agents},
        "sla_policies": {
            key: {"order": n, "when": when, "targets": [target], "description": words}
            for n, (key, (when, target, words)) in enumerate(policies.items())
        },
        "routing_rules": {
            key: {"order": n, "when": when, "team": team, "match_region": matched}
            for n, (key, (when, team, matched)) in enumerate(rules.items())
        },
        "message_accounts": {
            f"m-{key}": {
                "provider": "telegram",
                "name": draw(WORDS),
                "quiet": draw(st.sampled_from(["PT0S", "PT90M", "P2D"])),
            }
            for key in draw(some_of(teams))
        },
        "forms": {f"f-{key}": draw(form) for key in draw(some_of(teams))},
        "hotlines": {
            key: {"number": f"1900 {n}", "name": draw(WORDS)} for n, key in enumerate(draw(some_of(teams)))
        },
    }


@given(tree=desks())
@settings(max_examples=60, deadline=None)
def test_an_exported_desk_applies_to_no_change(tree: dict[str, Any]) -> None:
    desk = check(yaml.safe_dump(tree)).desk
    text = export(desk)
    again = check(text).desk
    assert again == desk
    assert diff(desk, again) == []
    assert export(again) == text


@given(tree=desks())
@settings(max_examples=60, deadline=None)
def test_rows_give_the_desk_they_were_made_of(tree: dict[str, Any]) -> None:
    desk = check(yaml.safe_dump(tree)).desk
    assert from_objects(to_objects(desk)).desk == desk


@given(tree=desks(), text=st.text(max_size=30), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_with_something_typed_into_it_is_read_or_refused_with_lines(
    tree: dict[str, Any], text: str, data: st.DataObject
) -> None:
    written = export(check(yaml.safe_dump(tree)).desk)
    at = data.draw(st.integers(0, len(written)))
    try:
        check(written[:at] + text + written[at:])
    except InvalidDesk as error:
        refused = error.faults
    else:
        refused = ()
    assert all((fault.line or 0) > 0 and (fault.column or 0) > 0 for fault in refused)


def test_the_sample_survives_the_round_trip(sample: Desk) -> None:
    assert diff(sample, check(export(sample)).desk) == []
    assert diff(sample, from_objects(to_objects(sample)).desk) == []


def test_a_file_never_has_what_holds_anyway_nor_what_is_computed(sample: Desk) -> None:
    text = export(sample)
    assert "public_holidays" not in text
    assert "match_region: true" not in text
    assert "country: VN" not in text
    assert " key:" not in text


def test_an_empty_section_is_written_so_that_the_file_is_the_whole_desk() -> None:
    assert check(export(Desk()), check("teams: {a: {}}").desk).desk == Desk()


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_every_kind_is_a_field_of_the_desk(kind: str, sample: Desk) -> None:
    assert all(key == getattr(found, "key", None) for key, found in getattr(sample, kind).items())
    assert {field.name for field in msgspec.structs.fields(Desk)} == {kind.name for kind in KINDS}
    assert objects_of(Desk(), KINDS[0]) == {}
