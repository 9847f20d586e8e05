"""What a revision of the desk answers, and that it need not think twice."""

from datetime import UTC, datetime

import pytest

import routing
from tickets.application.desk import CompiledDesk, Desk, Published, check

MONDAY_MORNING = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # 10:00 in Hồ Chí Minh
MONDAY_NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def facts(**known: str) -> dict[str, frozenset[str]]:
    return {name.replace("__", "."): frozenset(value.split()) for name, value in known.items()}


@pytest.mark.parametrize(
    ("known", "promised"),
    [
        (
            facts(priority="normal"),
            {"first_response": ("standard", "PT4H"), "resolution": ("standard", "P3D")},
        ),
        (facts(priority="high"), {"first_response": ("standard", "PT2H"), "resolution": ("standard", "P3D")}),
        (
            facts(priority="high", customer_tier="gold"),
            {"first_response": ("vip", "PT1H"), "resolution": ("vip", "P1D")},
        ),
        (
            facts(priority="urgent", customer_tier="gold"),
            {"first_response": ("urgent", "PT15M"), "resolution": ("urgent", "PT8H")},
        ),
        (
            facts(priority="low", tags="web drill"),
            {"first_response": ("drill", "PT20S"), "resolution": ("drill", "PT1H")},
        ),
    ],
)
def test_the_first_policy_that_holds_gives_the_promise(
    compiled: CompiledDesk, known: dict[str, frozenset[str]], promised: dict[str, tuple[str, str]]
) -> None:
    given = {
        promise.metric: (promise.policy, promise.budget) for promise in compiled.choose_terms(known).promises
    }
    assert given["next_response"]
    assert given == promised | {"next_response": given["next_response"]}


def test_promises_pin_the_versions_they_were_made_of(compiled: CompiledDesk) -> None:
    promise = compiled.choose_terms(facts(priority="normal")).promises[0]
    assert (promise.policy_version, promise.calendar, promise.calendar_version) == (7, "office", 3)
    assert "2026-04-30" in promise.hours.holidays
    assert [level.name for level in promise.levels] == ["half", "soon", "broken", "still-broken"]


def test_the_same_promises_are_the_same_object_whoever_the_customer_is(compiled: CompiledDesk) -> None:
    one = compiled.choose_terms(facts(priority="normal", customer="a", tags="x"))
    other = compiled.choose_terms(facts(priority="normal", customer="b", tags="y"))
    assert one is other


def test_an_explanation_names_the_facts_of_this_very_ticket(compiled: CompiledDesk) -> None:
    for tag in ("x", "y"):
        reason = compiled.explain_terms(facts(priority="normal", tags=tag)).reasons[0]
        assert (reason.policy, reason.chosen, reason.why) == ("drill", False, f"tags is {tag}, not drill")


@pytest.mark.parametrize(
    ("known", "rule"),
    [
        (facts(channel="form", form="warranty"), "warranty"),
        (facts(channel="form", form="support", fields__topic="warranty"), "support-warranty"),
        (facts(channel="form", form="support", fields__topic="delivery"), "support-delivery"),
        (facts(channel="hotline", line="1900"), "hotline"),
        (facts(channel="inbox", mailbox="cskh"), "everything-else"),
    ],
)
def test_the_first_rule_that_holds_gives_the_team(
    compiled: CompiledDesk, known: dict[str, frozenset[str]], rule: str
) -> None:
    found = compiled.match_rule(known)
    assert found is not None
    assert found.key == rule


def test_a_region_is_known_with_all_it_lies_in(compiled: CompiledDesk) -> None:
    assert compiled.region_line("vn-hcm") == ("vn-hcm", "vn-south", "vn")
    assert compiled.region_line("elsewhere") == ("elsewhere",)


def test_channels_find_their_entrances(compiled: CompiledDesk) -> None:
    assert compiled.form("support") is not None
    assert compiled.mailbox("cskh") is compiled.mailbox_at["cskh@shop.example.vn"]
    assert compiled.hotline("1900") is not None
    assert [compiled.form("nope"), compiled.mailbox("nope"), compiled.hotline("nope")] == [None] * 3


def test_a_waiting_ticket_gets_somebody_of_its_region_from_the_roster(
    compiled: CompiledDesk, sample: Desk
) -> None:
    online = {key: routing.Availability(presence="online") for key in sample.agents}
    known = facts(form="warranty", region="vn-hn vn-north vn", language="vi", priority="normal")
    waiting = routing.Waiting(id="t", facts=known, priority="normal", waiting_since=MONDAY_MORNING)
    (decision,) = routing.route([waiting], compiled.roster(online), compiled.rules, MONDAY_MORNING)
    assert (decision.outcome, decision.team, decision.rule) == ("assigned", "warranty", "warranty")
    assert decision.agent in {"warranty-lead", "warranty-hn-1"}
    (later,) = routing.route([waiting], compiled.roster({}), compiled.rules, MONDAY_MORNING)
    assert later.outcome == "waiting"


def test_somebody_is_on_call_by_day_and_somebody_else_by_night(compiled: CompiledDesk) -> None:
    by_day, by_night = compiled.on_call("duty", MONDAY_MORNING), compiled.on_call("duty", MONDAY_NIGHT)
    assert by_day is not None
    assert by_night is not None
    assert by_day.key.endswith("-lead")
    assert by_night.key.endswith("-hcm-1")
    assert compiled.on_call("retired", MONDAY_MORNING) is None


def test_a_desk_without_anything_promises_and_routes_nothing() -> None:
    empty = CompiledDesk(Published(Desk(), {}))
    assert empty.choose_terms(facts(priority="low")).promises == ()
    assert empty.match_rule({}) is None


def test_always_open_may_be_given_a_zone_of_its_own() -> None:
    desk = check(
        "calendars: {always_open: {always_open: true, timezone: Asia/Ho_Chi_Minh}}\n"
        "sla_policies: {p: {order: 1, targets: [{metric: resolution, budget: P1D}]}}\n"
    ).desk
    (promise,) = CompiledDesk(Published(desk, {})).choose_terms({}).promises
    assert promise.hours.timezone == "Asia/Ho_Chi_Minh"


def test_a_promise_that_follows_the_team_counts_in_its_calendar() -> None:
    desk = check(
        "calendars: {day: {hours: {mon: [[08:00, 17:00]]}}, night: {hours: {mon: [[17:00, 08:00]]}}}\n"
        "teams: {early: {calendar: day}, late: {calendar: night}, new: {}}\n"
        "sla_policies: {p: {order: 1, calendar: team, targets: [{metric: resolution, budget: P1D}]}}\n"
    ).desk
    compiled = CompiledDesk(Published(desk, {}))
    given = [compiled.choose_terms(facts(team=team)).promises[0] for team in ("early", "late", "new")]
    assert [promise.calendar for promise in given] == ["day", "night", "always_open"]
    assert all(promise.follows_team for promise in given)


def test_a_calendar_nobody_can_name_is_warned_of() -> None:
    checked = check("calendars: {team: {always_open: true}}\nteams: {early: {calendar: team}}\n")
    assert [warning.pointer for warning in checked.warnings] == ["/calendars/team"]
