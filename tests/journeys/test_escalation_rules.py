"""What begins runs by itself: rules and promises; what levels do to tickets; what edits cannot change."""

from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import problem
from tests.journeys.test_escalation_runs import (
    act,
    alerts,
    begun,
    ladder,
    left,
    link_to,
    opened,
    pages,
    put,
    run,
    runs,
    stranger,
    types,
)

AT_ONCE = [{"name": "first", "delay": "PT0S", "notify": ["agent:sales-hn-1"]}]
LATER = [{"name": "later", "delay": "PT10M", "notify": ["agent:sales-hn-1"]}]


async def rule(
    shop: Shop, key: str, when: dict[str, list[str]], policy: str = "ladder", **more: object
) -> None:
    body = {"when": when, "policy": policy, "reason": f"because {key}", **more}
    await put(shop, f"escalation_rules/{key}", body)


async def policy(shop: Shop, key: str, *levels: dict[str, Any], **more: object) -> None:
    body = {"levels": levels, "fallback": ["email:manager@shop.example.vn"], **more}
    await put(shop, f"escalation_policies/{key}", body)


async def priority(shop: Shop, ticket: str, priority: str) -> None:
    await shop.post(f"/v1/tickets/{ticket}/priority", {"priority": priority}, status=200)


async def promise(shop: Shop, escalation: str, budget: str = "PT20M") -> None:
    body = {
        "order": 1,
        "when": {"tags": ["promised"]},
        "escalation": escalation,
        "targets": [{"metric": "first_response", "budget": budget, "at_risk": None}],
    }
    await put(shop, "sla_policies/promised", body)


async def test_a_rule_begins_a_run_when_it_comes_to_hold_and_ends_it_when_it_ceases(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "high", {"priority": ["high", "urgent"]})
    ticket = await opened(shop)
    assert await runs(shop, ticket) == []
    await priority(shop, ticket, "high")
    found = await run(shop, ticket)
    assert (found["cause"], found["reason"], found["state"]) == ("rule:high", "because high", "open")
    await priority(shop, ticket, "urgent")  # it holds as before
    assert len(await runs(shop, ticket)) == 1
    await priority(shop, ticket, "low")
    assert (await run(shop, ticket))["state"] == "resolved"
    assert [one["state"] for one in await alerts(shop, ticket) if one["run"]] == ["resolved"]
    await priority(shop, ticket, "high")
    assert [one["state"] for one in await runs(shop, ticket)] == ["resolved", "open"]


async def test_a_new_ticket_comes_to_hold_and_its_page_has_the_number_it_will_have(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "survey", {"fields.survey": ["1", "2"]})
    ticket = await opened(shop, fields={"survey": 1})
    number = (await shop.get(f"/v1/tickets/{ticket}"))["number"]
    page = await stranger(shop, "GET", await link_to(shop, "sales-hn-1@shop.example.vn"))
    assert f"#{number} Cháy kho" in page.text
    assert await runs(shop, await opened(shop, fields={"survey": 5})) == []


async def test_a_customer_who_becomes_important_begins_one_on_what_is_open(shop: Shop) -> None:
    ticket = await opened(shop, priority="urgent")
    customer = (await shop.get(f"/v1/tickets/{ticket}"))["customer"]["id"]
    answer = await shop.client.patch(f"/v1/customers/{customer}", json={"tier": "platinum"})
    assert answer.status_code == 200, answer.text
    assert (await run(shop, ticket))["cause"] == "rule:vip-urgent"  # as the sample desk has it


async def test_what_routing_gives_up_begins_one_until_it_goes_on(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "stuck", {"stuck": ["unroutable"]})
    await put(shop, "teams/nobody", {})
    await put(shop, "routing_rules/nobody", {"order": 1, "when": {"tags": ["odd"]}, "team": "nobody"})
    ticket = await opened(shop, tags=["odd"])
    await shop.tick()
    assert (await run(shop, ticket))["state"] == "open"
    await shop.post(f"/v1/tickets/{ticket}/team", {"team": "sales"}, status=200)
    assert (await run(shop, ticket))["state"] == "resolved"


async def test_solving_ends_it_and_reopening_begins_another(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "high", {"priority": ["high"]})
    ticket = await opened(shop, priority="high")
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
    await shop.post(f"/v1/tickets/{ticket}/reopen", status=200)
    assert [one["state"] for one in await runs(shop, ticket)] == ["resolved", "open"]


async def test_a_promise_begins_one_run_a_cycle_and_ends_it_when_it_is_kept(shop: Shop) -> None:
    broken = {"name": "broken", "after_due": "PT0S", "notify": ["team_lead"]}
    await policy(shop, "watch", broken, *LATER)
    await promise(shop, "watch")
    ticket = await opened(shop, tags=["promised"])
    await shop.pass_time(minutes=21)
    found = await run(shop, ticket)
    assert (found["cause"], found["level"]) == ("sla:first_response:1", "broken")
    assert found["next"]["at"].startswith("2026-03-02T02:30:00")
    await shop.pass_time(minutes=10)
    assert await pages(shop, ticket) == [("broken", 0), ("later", 0)]
    await shop.post(f"/v1/tickets/{ticket}/messages", {"kind": "public_reply", "text": "Xin lỗi"})
    assert (await run(shop, ticket))["state"] == "resolved"
    assert {one["state"] for one in await alerts(shop, ticket)} == {"resolved"}


async def test_whoever_has_the_run_of_a_promise_stops_its_repeats_too(shop: Shop) -> None:
    broken = {"name": "broken", "after_due": "PT0S", "repeat": "PT5M", "notify": ["team_lead"]}
    await policy(shop, "watch", broken, acknowledge_within="PT1H")
    await promise(shop, "watch")
    ticket = await opened(shop, tags=["promised"])
    await shop.pass_time(minutes=26)
    assert await pages(shop, ticket) == [("broken", 0), ("broken", 1)]
    await act(shop, ticket, (await run(shop, ticket))["id"], "acknowledge")
    await shop.pass_time(minutes=59)
    assert await pages(shop, ticket) == [("broken", 0), ("broken", 1)]
    await shop.pass_time(minutes=1)  # an hour, and nothing was done: those who had it hear again
    assert await pages(shop, ticket) == [("broken", 0), ("broken", 1), ("broken", 2)]
    assert (await alerts(shop, ticket))[-1]["recipients"] == ["agent:sales-lead"]


async def test_a_policy_without_runs_pages_as_it_always_did(shop: Shop) -> None:
    await policy(shop, "watch", {"name": "broken", "after_due": "PT0S", "notify": ["team_lead"]})
    await promise(shop, "watch")
    ticket = await opened(shop, tags=["promised"])
    await shop.pass_time(minutes=21)
    assert await runs(shop, ticket) == []
    assert [(one["level"], one["run"]) for one in await alerts(shop, ticket)] == [("broken", None)]


async def test_without_a_level_of_its_own_a_run_pages_the_fallback_at_once(shop: Shop) -> None:
    ticket = await opened(shop)
    made = await begun(shop, ticket, policy="standard")
    assert (made["state"], made["level"]) == ("exhausted", "fallback")
    assert (await left(shop))[-1] == "manager"


async def test_levels_act_in_the_change_that_pages(shop: Shop) -> None:
    acts = {"raise_priority": "urgent", "team": "warranty", "note": "Đã gọi trưởng nhóm."}
    await policy(shop, "ladder", {**LATER[0], "actions": acts})
    ticket = await opened(shop)
    await begun(shop, ticket)
    await shop.pass_time(minutes=10)
    found = await shop.get(f"/v1/tickets/{ticket}")
    assert (found["priority"], found["team"]) == ("urgent", "warranty")
    said = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"][-1]
    assert (said["kind"], said["author"], said["text"]) == (
        "internal_note",
        "escalation",
        "Đã gọi trưởng nhóm.",
    )
    lines = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    page = next(line for line in lines if line["type"] == "alert_raised")
    done = [line for line in lines if line["actor"] == "escalation" and line["epoch"] == page["epoch"]]
    assert {"priority_changed", "team_changed", "message_added"} <= {line["type"] for line in done}
    assert any(promise["policy"] == "urgent" for promise in found["clocks"])


async def test_a_level_never_lowers_a_priority_and_a_retired_team_takes_nothing(shop: Shop) -> None:
    await put(shop, "teams/gone", {})
    await policy(shop, "ladder", {**LATER[0], "actions": {"raise_priority": "high", "team": "gone"}})
    ticket = await opened(shop, priority="urgent")
    team = (await shop.get(f"/v1/tickets/{ticket}"))["team"]
    await begun(shop, ticket)
    await policy(shop, "ladder", *AT_ONCE)
    assert (await shop.client.delete("/v1/desk/teams/gone")).status_code in (200, 204)
    await shop.pass_time(minutes=10)
    found = await shop.get(f"/v1/tickets/{ticket}")
    assert (found["priority"], found["team"]) == ("urgent", team)
    assert await pages(shop, ticket) == [("later", 0)]


async def test_rules_whose_levels_feed_each_other_come_to_rest(shop: Shop) -> None:
    for key, other in (("sales", "warranty"), ("warranty", "sales")):
        await policy(shop, f"to-{other}", {**AT_ONCE[0], "actions": {"team": other}})
        await rule(shop, f"in-{key}", {"team": [key]}, f"to-{other}")
    ticket = await opened(shop)
    await shop.pass_time(hours=2)
    causes = [one["cause"] for one in await runs(shop, ticket)]
    assert sorted(causes) == ["rule:in-sales", "rule:in-warranty"]
    assert len(await pages(shop, ticket)) == 2


async def test_an_edited_policy_and_a_deleted_level_change_nothing_of_a_live_run(shop: Shop) -> None:
    await policy(shop, "ladder", *AT_ONCE, *LATER)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    await policy(shop, "ladder", *AT_ONCE, fallback=["email:other@shop.example.vn"])
    await shop.pass_time(minutes=10)
    assert await pages(shop, ticket) == [("first", 0), ("later", 0)]
    assert (await run(shop, ticket))["policy_version"] == made["policy_version"]
    assert (await shop.client.delete("/v1/desk/escalation_policies/ladder")).status_code in (200, 204)
    await shop.pass_time(minutes=15)
    assert (await left(shop))[-1] == "manager"  # the fallback it began with, of a policy that is gone


async def test_somebody_removed_while_a_run_is_live_is_replaced_by_the_fallback(shop: Shop) -> None:
    await put(shop, "agents/leaver", {"email": "leaver@shop.example.vn", "teams": ["sales"]})
    await policy(shop, "ladder", {**LATER[0], "notify": ["agent:leaver"]})
    ticket = await opened(shop)
    await begun(shop, ticket)
    await policy(shop, "ladder", *AT_ONCE)
    assert (await shop.client.delete("/v1/desk/agents/leaver")).status_code in (200, 204)
    await shop.pass_time(minutes=10)
    (page,) = [one for one in await alerts(shop, ticket) if one["run"]]
    assert page["recipients"] == ["agent:leaver", "email:manager@shop.example.vn"]
    assert (await left(shop))[-1] == "manager"


async def test_after_an_hour_away_one_page_speaks_for_all_that_were_missed(shop: Shop) -> None:
    await ladder(shop, patience="PT2H")
    ticket = await opened(shop)
    await begun(shop, ticket)
    shop.instant = shop.instant.replace(hour=3)
    await shop.tick()
    page = [one for one in await alerts(shop, ticket) if one["run"]][-1]
    assert (page["level"], page["covers"]) == ("second", ["first"])
    assert page["occurred_at"] == "2026-03-02T02:10:00Z"
    assert len(await pages(shop, ticket)) == 2


async def test_faults_in_runs_are_pointed_at(shop: Shop) -> None:
    body = {
        "levels": [
            {"name": "fallback", "delay": "PT0S", "notify": ["team_lead"], "actions": {"team": "none"}},
            {"name": "b", "delay": "soon", "notify": ["team_lead"]},
        ],
        "fallback": ["email:manager@shop.example.vn"],
    }
    found = problem(await shop.client.put("/v1/desk/escalation_policies/bad", json=body), 422)
    assert [fault["pointer"] for fault in found["errors"]] == ["/levels/1/delay"]
    del body["levels"][1]  # type: ignore[attr-defined]
    body |= {"patience": "P1D", "acknowledge_within": "PT0S"}
    found = problem(await shop.client.put("/v1/desk/escalation_policies/bad", json=body), 422)
    assert {fault["pointer"] for fault in found["errors"]} == {
        "/levels/0/name",
        "/levels/0/actions/team",
        "/patience",
        "/acknowledge_within",
    }
    for field, value, at in (
        ("when", {}, "/when"),
        ("when", {"stuck": ["badly"]}, "/when/stuck/0"),
        ("when", {"moon": ["full"]}, "/when/moon"),
        ("policy", "none", "/policy"),
    ):
        bad = {"when": {"tags": ["a"]}, "policy": "standard", field: value}
        problem(await shop.client.put("/v1/desk/escalation_rules/bad", json=bad), 422, at)
    only_runs = {"order": 1, "targets": [{"metric": "resolution", "budget": "PT1H"}], "escalation": "vip"}
    problem(await shop.client.put("/v1/desk/sla_policies/bad", json=only_runs), 422, "/escalation")


async def test_closing_the_ticket_ends_what_runs(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    await begun(shop, ticket)
    await shop.post(f"/v1/tickets/{ticket}/status", {"status": "closed"}, status=200)
    assert types(await shop.events(ticket))[-1] == "resolved"
    await shop.pass_time(hours=1)
    assert await pages(shop, ticket) == [("first", 0)]


async def test_what_a_promise_pages_while_somebody_has_its_run_is_theirs_too_once_they_say_so(
    shop: Shop,
) -> None:
    soon = {"name": "soon", "share": 0.5, "notify": ["agent:sales-hn-1"]}
    broken = {"name": "broken", "after_due": "PT0S", "notify": ["team_lead"]}
    await policy(shop, "watch", soon, broken, acknowledge_within="PT2H")
    await promise(shop, "watch")
    ticket = await opened(shop, tags=["promised"])
    await shop.pass_time(minutes=10)
    await stranger(shop, "POST", await link_to(shop, "sales-hn-1@shop.example.vn"))
    await shop.pass_time(minutes=11)
    assert [(one["level"], one["state"]) for one in await alerts(shop, ticket)] == [
        ("soon", "acknowledged"),
        ("broken", "open"),
    ]
    lead = await link_to(shop, "sales-lead@shop.example.vn")
    assert "<button name=act value=acknowledge>" in (await stranger(shop, "GET", lead)).text
    await stranger(shop, "POST", lead)
    assert [one["acknowledged_by"] for one in await alerts(shop, ticket)] == [
        "agent:sales-hn-1",
        "agent:sales-lead",
    ]
    assert (await run(shop, ticket))["acknowledged_by"] == ["agent:sales-hn-1"]


async def test_two_runs_that_act_at_once_both_do(shop: Shop) -> None:
    for key in ("one", "two"):
        await policy(shop, key, {**AT_ONCE[0], "actions": {"note": f"Mức {key}"}})
        await rule(shop, key, {"priority": ["high"]}, key)
    ticket = await opened(shop)
    await priority(shop, ticket, "high")
    said = [one["text"] for one in (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]]
    assert said[1:] == ["Mức one", "Mức two"]
    assert len(await pages(shop, ticket)) == 2
