"""How promises stand, why, and what they would be: asked over REST, nothing changed by asking."""

from datetime import timedelta
from typing import Any

from tests.journeys.conftest import Shop

OFFICE = {
    "timezone": "Asia/Ho_Chi_Minh",
    "hours": {day: [["08:00", "12:00"], ["13:00", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
HARDER = {
    "order": 100,
    "calendar": "office",
    "pauses": ["pending", "on_hold"],
    "escalation": "standard",
    "targets": [{"metric": "first_response", "budget": "PT1H"}, {"metric": "resolution", "budget": "P3D"}],
}


async def sla_of(shop: Shop, ticket: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = await shop.get(f"/v1/tickets/{ticket['id']}/sla")
    return {clock["metric"]: clock for clock in found["clocks"]}


async def explained(shop: Shop, ticket: dict[str, Any]) -> dict[str, Any]:
    return await shop.get(f"/v1/tickets/{ticket['id']}/sla/explain")


def length(text: str) -> timedelta:
    """`PT1H30M` and its like."""
    sign, _, rest = text.partition("PT")
    units, number, total = {"H": 3600.0, "M": 60.0, "S": 1.0}, "", 0.0
    for letter in rest:
        if letter in units:
            total, number = total + float(number) * units[letter], ""
        else:
            number += letter
    return timedelta(seconds=-total if sign == "-" else total)


async def test_a_promise_shows_what_is_used_what_is_left_and_what_comes_next(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})  # Monday 09:00, four open hours
    shop.instant += timedelta(hours=3, minutes=30)  # 12:30, in the lunch break
    clock = (await sla_of(shop, ticket))["first_response"]
    assert clock["state"] == "running"
    assert (clock["budget"], clock["used"], clock["left"]) == ("PT4H", "PT3H", "PT1H")
    assert clock["due_at"] == "2026-03-02T07:00:00Z"
    assert (clock["policy"], clock["policy_version"], clock["calendar"]) == ("standard", 1, "office")
    to_come = [(each["event"], each["level"], each["at"]) for each in clock["next"]]
    assert to_come == [
        ("at_risk", None, "2026-03-02T06:12:00Z"),
        ("escalation_due", "soon", "2026-03-02T06:30:00Z"),
        ("breached", None, "2026-03-02T07:00:00Z"),
        ("escalation_due", "broken", "2026-03-02T07:00:00Z"),
        ("escalation_due", "still-broken", "2026-03-02T08:00:00Z"),
    ]


async def test_asking_sees_a_breach_nobody_has_noticed_yet_and_leaves_it_to_be_noticed(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    shop.instant += timedelta(hours=5, minutes=30)  # 14:30, no ticker has looked
    clock = (await sla_of(shop, ticket))["first_response"]
    assert (clock["state"], clock["left"]) == ("breached", "-PT30M")
    assert "sla.breached" not in await shop.events(ticket["id"])
    await shop.tick()
    assert "sla.breached" in await shop.events(ticket["id"])


async def test_a_paused_promise_has_no_due_instant_and_nothing_to_come(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    await shop.post(f"/v1/tickets/{ticket['id']}/status", {"status": "pending"}, status=200)
    clock = (await sla_of(shop, ticket))["resolution"]
    assert (clock["state"], clock["due_at"], clock["counting"], clock["next"]) == ("paused", None, False, [])


async def test_every_stretch_is_accounted_for_and_the_counted_ones_sum_to_what_was_used(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    path = f"/v1/tickets/{ticket['id']}"
    await shop.pass_time(hours=1)
    await shop.post(f"{path}/status", {"status": "pending"}, status=200)
    await shop.pass_time(hours=1)
    await shop.post(f"{path}/messages", {"kind": "customer_message", "text": "Có hoá đơn"})
    await shop.pass_time(hours=3)
    found = await explained(shop, ticket)
    account = {each["clock"]["metric"]: each for each in found["clocks"]}["first_response"]
    kinds = [(each["kind"], each["why"], each["length"]) for each in account["stretches"]]
    assert kinds == [
        ("counted", "office", "PT1H"),
        ("paused", "pending", "PT1H"),
        ("counted", "office", "PT1H"),
        ("closed", "office", "PT1H"),
        ("counted", "office", "PT1H"),
    ]
    for each in found["clocks"]:
        counted = (length(part["length"]) for part in each["stretches"] if part["kind"] == "counted")
        assert sum(counted, timedelta()) == length(each["clock"]["used"])
        ends = [part["end"] for part in each["stretches"]]
        assert [part["start"] for part in each["stretches"]][1:] == ends[:-1]


async def test_an_explanation_says_which_policy_and_why_not_those_before_it(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    choice = (await explained(shop, ticket))["choice"]
    reasons = [
        (r["policy"], r["chosen"], r["why"]) for r in choice["reasons"] if r["metric"] == "first_response"
    ]
    assert reasons == [
        ("drill", False, "tags is not known, not drill"),
        ("urgent", False, "priority is normal, not urgent"),
        ("vip", False, "customer_tier is not known, not gold or platinum"),
        ("standard", True, "first with a target"),
    ]
    assert choice["holds"]


async def test_the_reasons_are_those_of_the_desk_the_promise_was_made_by(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    shop.instant += timedelta(hours=1)
    await shop.client.put("/v1/desk/sla_policies/standard", json=HARDER)
    found = await explained(shop, ticket)
    assert found["choice"]["holds"]
    assert {r["version"] for r in found["choice"]["reasons"] if r["chosen"]} == {1}
    shop.instant += timedelta(minutes=1)
    await shop.post(f"/v1/tickets/{ticket['id']}/priority", {"priority": "high"}, status=200)
    choice = (await explained(shop, ticket))["choice"]
    assert choice["holds"]
    assert {r["version"] for r in choice["reasons"] if r["chosen"]} == {2}


async def test_time_used_before_a_change_of_terms_is_explained_too(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    await shop.pass_time(hours=1)
    await shop.post(f"/v1/tickets/{ticket['id']}/priority", {"priority": "urgent"}, status=200)
    await shop.pass_time(hours=1)
    account = {each["clock"]["metric"]: each for each in (await explained(shop, ticket))["clocks"]}
    kinds = [(s["kind"], s["why"], s["length"]) for s in account["resolution"]["stretches"]]
    assert kinds == [("counted", "office", "PT1H"), ("counted", "always_open", "PT1H")]
    assert account["resolution"]["clock"]["used"] == "PT2H"
    assert (await sla_of(shop, ticket))["resolution"] == account["resolution"]["clock"]


async def test_a_preview_promises_what_the_ticket_is_then_promised(shop: Shop) -> None:
    supposed = {"priority": "high", "tags": ["web"]}
    promised = await shop.post("/v1/sla/preview", supposed, status=200)
    assert (await shop.get("/v1/tickets"))["items"] == []
    ticket = await shop.post("/v1/tickets", {"subject": "Máy in", **supposed})
    assert promised["team"] == ticket["team"]
    due = {each["metric"]: each["due_at"] for each in promised["promises"] if each["due_at"]}
    assert due == {clock["metric"]: clock["due_at"] for clock in ticket["clocks"]}
    later = next(each for each in promised["promises"] if each["metric"] == "next_response")
    assert (later["budget"], later["due_at"], later["next"]) == ("PT8H", None, [])
    assert {r["policy"] for r in promised["reasons"] if r["chosen"]} == {"standard"}


async def test_a_preview_may_look_into_another_time(shop: Shop) -> None:
    friday_evening = {"opened_at": "2026-03-06T19:00:00+07:00"}
    promised = await shop.post("/v1/sla/preview", friday_evening, status=200)
    first = next(each for each in promised["promises"] if each["metric"] == "first_response")
    assert first["due_at"] == "2026-03-09T01:00:00Z"  # Saturday's four hours end at closing: Monday, 08:00


async def test_what_cannot_be_asked_is_refused_with_a_pointer(shop: Shop) -> None:
    for body, pointer in (
        ({"opened_at": "2026-03-06T19:00:00"}, "/opened_at"),
        ({"opened_at": "1066-10-14T09:00:00Z"}, "/opened_at"),
        ({"priority": "enormous"}, "/priority"),
        ({"colour": "red"}, "/colour"),
    ):
        refused = await shop.post("/v1/sla/preview", body, status=422)
        assert [fault["pointer"] for fault in refused["errors"]] == [pointer]
    nobody = "/v1/tickets/00000000-0000-0000-0000-00000000ffff/sla"
    assert (await shop.client.get(nobody)).status_code == 404
    assert (await shop.client.get(f"{nobody}/explain")).status_code == 404
