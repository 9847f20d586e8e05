"""What a ticket is about can be said anew at any time: promises, routing and escalation follow."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import IS_JSON, NOBODY, problem
from tests.journeys.test_calls_and_thanks import PROMISES, call
from tests.journeys.test_escalation_rules import rule
from tests.journeys.test_escalation_runs import (
    act,
    alerts,
    begun,
    ladder,
    left,
    link_to,
    pages,
    run,
    runs,
    stranger,
)
from tests.journeys.test_events_by_webhook import listening, told
from tests.journeys.test_offers import alerts as routing_alerts
from tests.journeys.test_offers import offers, team
from tests.journeys.test_rerouting import HANOI, read
from tests.journeys.test_rerouting import opened as routed
from tests.journeys.test_rerouting import rule as routing_rule
from tests.journeys.test_what_if import compared, opened, policy, reply
from tests.journeys.test_why_this_agent import SALES


async def patch(
    shop: Shop, ticket: str, headers: dict[str, str] | None = None, /, **body: object
) -> httpx.Response:
    """What the ticket is about, said anew."""
    return await shop.client.patch(f"/v1/tickets/{ticket}", json=body, headers=headers)


async def said(shop: Shop, ticket: str, /, **body: object) -> dict[str, Any]:
    answer = await patch(shop, ticket, **body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["ETag"] == f'"{found["epoch"]}"'
    return found


async def lines(shop: Shop, ticket: str, kind: str) -> list[dict[str, Any]]:
    """What the history says of such changes."""
    return [
        one["data"]
        for one in (await shop.get(f"/v1/tickets/{ticket}/events?limit=200"))["items"]
        if one["type"] == kind
    ]


async def due(shop: Shop, ticket: str) -> dict[str, tuple[str, str, str | None]]:
    """Policy, state and due instant of each promise."""
    clocks = (await shop.get(f"/v1/tickets/{ticket}"))["clocks"]
    return {one["metric"]: (one["policy"], one["state"], one["due_at"]) for one in clocks}


async def test_the_history_says_what_was_added_removed_and_changed(shop: Shop) -> None:
    ticket = await opened(
        shop, tags=["web", "cũ"], fields={"order": "A-1", "survey": None, "ok": True, "n": 1}
    )
    found = await said(
        shop,
        ticket,
        add_tags=["vip", "web"],
        remove_tags=["cũ", "never"],
        fields={"order": "A-2", "survey": 5, "ok": None, "n": 1.0, "gone": None},
    )
    assert (found["epoch"], found["tags"]) == (2, ["web", "vip"])
    assert found["fields"] == {"order": "A-2", "survey": 5, "n": 1}
    assert await lines(shop, ticket, "tags_changed") == [{"added": ["vip"], "removed": ["cũ"]}]
    assert await lines(shop, ticket, "fields_changed") == [
        {
            "fields": {
                "order": {"before": "A-1", "after": "A-2"},
                "survey": {"before": None, "after": 5},
                "ok": {"before": True},
            }
        }
    ]
    found = await said(shop, ticket, tags=["một", "hai", "một"], fields={"order": None, "n": True})
    assert (found["tags"], found["fields"]) == (["một", "hai"], {"n": True, "survey": 5})
    assert [one["id"] for one in (await shop.get("/v1/tickets?tag=hai"))["items"]] == [ticket]
    assert (await shop.get("/v1/tickets?tag=vip"))["items"] == []
    assert (await said(shop, ticket, tags=[]))["tags"] == []


async def test_what_it_has_already_changes_nothing(shop: Shop) -> None:
    ticket = await opened(shop, tags=["a", "é"], fields={"n": 1, "ô": "hàng"})
    before = await shop.events(ticket)
    for body in (
        {},
        {"tags": ["e\u0301", "a"]},  # another order, another spelling
        {"add_tags": ["a"], "remove_tags": ["b"]},
        {"fields": {"n": 1, "o\u0302": "ha\u0300ng", "none": None}},
    ):
        assert (await said(shop, ticket, **body))["epoch"] == 1, body
    assert await shop.events(ticket) == before


FAULTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"tags": "vip"}, ["/tags"]),
    ({"tags": None}, ["/tags"]),
    ({"tags": ["a", 5, ""]}, ["/tags/1", "/tags/2"]),
    ({"tags": ["x" * 201]}, ["/tags/0"]),
    ({"tags": [str(n) for n in range(51)]}, ["/tags"]),
    ({"add_tags": ["a\0b"]}, ["/add_tags/0"]),
    ({"remove_tags": [""], "fields": {"": 1}}, ["/remove_tags/0", "/fields/"]),
    ({"tags": ["a"], "add_tags": ["b"], "remove_tags": ["c"]}, ["/add_tags", "/remove_tags"]),
    ({"add_tags": ["é"], "remove_tags": ["a", "e\u0301"]}, ["/remove_tags/1"]),
    ({"fields": None}, ["/fields"]),
    ({"fields": {"a": {"deep": 1}, "b/c": []}}, ["/fields/a", "/fields/b~1c"]),
    ({"fields": {str(n): n for n in range(101)}}, ["/fields"]),
    ({"fields": {"ô": 1, "o\u0302": 2}}, ["/fields/o\u0302"]),
    ({"priority": "high"}, ["/priority"]),
]


async def test_every_fault_is_pointed_at_and_nothing_changes(shop: Shop) -> None:
    ticket = await opened(shop, tags=["a"])
    for body, pointers in FAULTS:
        found = problem(await patch(shop, ticket, **body), 422, what=body)
        assert [fault["pointer"] for fault in found["errors"]] == pointers, body
    problem(await shop.client.patch(f"/v1/tickets/{ticket}", content=b"{", headers=IS_JSON), 400, "")
    problem(await patch(shop, NOBODY, add_tags=["a"]), 404)
    assert (await shop.get(f"/v1/tickets/{ticket}"))["epoch"] == 1


async def test_nor_is_a_ticket_opened_with_two_values_of_one_field(shop: Shop) -> None:
    body = {"subject": "Tivi", "fields": {"o\u0302": 1, "ô": 2}}
    found = problem(await shop.client.post("/v1/tickets", json=body), 422)
    assert [fault["pointer"] for fault in found["errors"]] == ["/fields/ô"]


async def test_it_is_sent_as_a_merge_patch_too(shop: Shop) -> None:
    ticket = await opened(shop)
    as_patch = {"Content-Type": "application/merge-patch+json"}
    body = b'{"tags": ["vip"], "fields": {"n": 1}}'
    answer = await shop.client.patch(f"/v1/tickets/{ticket}", content=body, headers=as_patch)
    assert (answer.status_code, answer.json()["tags"]) == (200, ["vip"])


async def test_a_ticket_takes_no_more_than_others_are_opened_with(shop: Shop) -> None:
    ticket = await opened(shop, tags=[f"t{n}" for n in range(50)], fields={f"f{n}": n for n in range(100)})
    assert "51 tags" in problem(await patch(shop, ticket, add_tags=["one more"]), 409)["detail"]
    assert "101 fields" in problem(await patch(shop, ticket, fields={"one": "more"}), 409)["detail"]
    await said(shop, ticket, add_tags=["one more"], remove_tags=["t0"], fields={"one": "more", "f0": None})


async def test_a_closed_ticket_keeps_what_it_has(shop: Shop) -> None:
    ticket = await opened(shop, tags=["a"])
    await shop.post(f"/v1/tickets/{ticket}/spam", status=200)
    problem(await patch(shop, ticket, remove_tags=["spam"]), 409)
    assert (await shop.get(f"/v1/tickets/{ticket}"))["tags"] == ["a", "spam"]


async def test_two_who_tag_at_once_do_not_undo_each_other(shop: Shop) -> None:
    ticket = await opened(shop, tags=["cũ"])
    answers = await asyncio.gather(
        *(patch(shop, ticket, add_tags=[f"t{n}"], fields={f"f{n}": n}) for n in range(8)),
        patch(shop, ticket, remove_tags=["cũ"]),
    )
    assert {answer.status_code for answer in answers} == {200}
    found = await shop.get(f"/v1/tickets/{ticket}")
    assert (set(found["tags"]), found["epoch"]) == ({f"t{n}" for n in range(8)}, 10)
    assert found["fields"] == {f"f{n}": n for n in range(8)}


async def test_of_two_who_saw_the_same_list_one_is_told_to_look_again(shop: Shop) -> None:
    ticket = await opened(shop, tags=["a"])
    seen = {"If-Match": '"1"'}
    answers = await asyncio.gather(*(patch(shop, ticket, seen, tags=["a", mine]) for mine in ("b", "c")))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    lost = next(answer for answer in answers if answer.status_code == 412)
    assert problem(lost, 412)["title"] == "Precondition Failed"
    assert lost.headers["ETag"] == '"2"'
    assert len((await shop.get(f"/v1/tickets/{ticket}"))["tags"]) == 2


async def test_a_repeated_request_does_not_undo_what_came_between(shop: Shop) -> None:
    ticket = await opened(shop)
    key = {"Idempotency-Key": "k-1"}
    first = await patch(shop, ticket, key, add_tags=["vip"])
    await said(shop, ticket, remove_tags=["vip"])
    again = await patch(shop, ticket, key, add_tags=["vip"])
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await shop.get(f"/v1/tickets/{ticket}"))["tags"] == []
    problem(await patch(shop, ticket, key, add_tags=["other"]), 422)


async def test_promises_follow_and_what_was_used_and_broken_stays(shop: Shop) -> None:
    ticket = await opened(shop)
    assert (await due(shop, ticket))["first_response"] == ("standard", "running", "2026-03-02T07:00:00Z")
    await shop.pass_time(minutes=10)
    await said(shop, ticket, add_tags=["drill"])  # 20 seconds, and ten minutes are used
    assert (await due(shop, ticket))["first_response"][:2] == ("drill", "breached")
    broken = await lines(shop, ticket, "sla.breached")
    await said(shop, ticket, remove_tags=["drill"])
    after = await due(shop, ticket)
    assert after["first_response"][1] == "breached"
    assert after["resolution"][:2] == ("standard", "running")
    await shop.pass_time(days=1)
    assert await lines(shop, ticket, "sla.breached") == broken


async def test_a_pause_goes_on_when_the_terms_change(shop: Shop) -> None:
    body = policy("PT2H", order=5, when={"fields.topic": ["warranty"]})
    answer = await shop.client.put("/v1/desk/sla_policies/warranty", json=body)
    assert answer.status_code == 200, answer.text
    ticket = await opened(shop)
    await shop.pass_time(minutes=30)
    await shop.post(f"/v1/tickets/{ticket}/status", {"status": "pending"}, status=200)
    await shop.pass_time(hours=1)
    await said(shop, ticket, fields={"topic": "warranty"})
    assert (await due(shop, ticket))["first_response"] == ("warranty", "paused", None)
    await shop.post(f"/v1/tickets/{ticket}/status", {"status": "open"}, status=200)
    again = (await due(shop, ticket))["first_response"]
    assert again == ("warranty", "running", "2026-03-02T06:00:00Z")  # at noon, so after lunch


async def test_who_has_the_ticket_keeps_it_and_one_that_waits_asks_everybody_anew(shop: Shop) -> None:
    await team(shop, assignment="offer", offer_timeout="PT1M", rounds=1)
    await routing_rule(shop, "vip", order=1, team="sales", when={"tags": ["vip"]})
    held = await routed(shop, **HANOI)
    (offer,) = await offers(shop, held["offered_to"])
    await shop.post(f"/v1/offers/{offer['id']}/accept", status=200)
    await said(shop, held["id"], fields={"topic": "warranty"})
    after = await read(shop, held)
    assert (after["assignee"], after["team"], after["rule"]) == (held["offered_to"], "sales", held["rule"])
    waiting = await routed(shop, **HANOI)
    await shop.pass_time(hours=1)  # nobody answered: it is left to people
    assert (await read(shop, waiting))["stuck"]
    await said(shop, waiting["id"], add_tags=["vip"])
    await shop.tick()
    after = await read(shop, waiting)
    assert (after["stuck"], after["offered_to"] in SALES) == (None, True)


# A survey answered badly.


async def test_a_bad_answer_to_a_survey_begins_one_run_whose_page_leaves(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "unhappy", {"fields.survey": ["1", "2"]})
    ticket = await opened(shop)
    assert await runs(shop, ticket) == []
    await said(shop, ticket, fields={"survey": 1})
    found = await run(shop, ticket)
    assert (found["cause"], found["reason"], found["state"]) == ("rule:unhappy", "because unhappy", "open")
    assert found["paged"] == ["agent:sales-hn-1"]
    assert await left(shop) == ["sales-hn-1"]
    epoch = (await shop.get(f"/v1/tickets/{ticket}"))["epoch"]
    for same in (1, 1, 2):  # sent twice, and as bad in another way
        await said(shop, ticket, fields={"survey": same})
    assert (await run(shop, ticket))["id"] == found["id"]
    assert await pages(shop, ticket) == [("first", 0)]
    assert (await shop.get(f"/v1/tickets/{ticket}"))["epoch"] == epoch + 1
    await stranger(shop, "POST", await link_to(shop, "sales-hn-1@shop.example.vn"))
    assert (await run(shop, ticket))["state"] == "acknowledged"
    await said(shop, ticket, fields={"survey": 5})
    assert (await run(shop, ticket))["state"] == "resolved"
    assert {one["state"] for one in await alerts(shop, ticket)} == {"resolved"}
    await said(shop, ticket, fields={"survey": 1})
    assert [one["state"] for one in await runs(shop, ticket)] == ["resolved", "open"]


async def test_a_number_is_the_same_however_it_is_written_to_rules_too(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "unhappy", {"fields.survey": ["1", "2"], "fields.order": ["1" + "0" * 23]})
    ticket = await opened(shop, fields={"order": 1e23})
    found = await said(shop, ticket, fields={"survey": 1.0})
    assert (await run(shop, ticket))["state"] == "open"
    assert [str(one) for one in found["fields"].values()] == ["1" + "0" * 23, "1"]
    assert (await said(shop, ticket, fields={"survey": 1, "order": 10**23}))["epoch"] == found["epoch"]
    opened_so = await opened(shop, fields={"survey": 2.0, "order": 10**23})
    assert (await run(shop, opened_so))["state"] == "open"


async def test_one_that_comes_when_the_ticket_is_solved_pages_then_by_a_rule_that_says_so(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "unhappy", {"fields.survey": ["1", "2"]}, solved=True)
    await rule(shop, "urgent", {"priority": ["urgent"]})
    ticket = await opened(shop)
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
    await shop.post(f"/v1/tickets/{ticket}/priority", {"priority": "urgent"}, status=200)
    assert await runs(shop, ticket) == []  # nobody works on it
    await said(shop, ticket, fields={"survey": 1})
    await shop.pass_time(minutes=10)
    made = await run(shop, ticket)
    assert (made["cause"], made["state"]) == ("rule:unhappy", "open")
    assert await pages(shop, ticket) == [("first", 0), ("first", 1), ("second", 0)]
    await shop.post(f"/v1/tickets/{ticket}/reopen", status=200)
    assert [(one["cause"], one["state"]) for one in await runs(shop, ticket)] == [
        ("rule:unhappy", "open"),
        ("rule:urgent", "open"),
    ]
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
    assert {one["state"] for one in await runs(shop, ticket)} == {"resolved"}
    await said(shop, ticket, add_tags=["called"])
    assert len(await runs(shop, ticket)) == 2  # it was bad before, and is no worse


async def test_a_run_on_a_solved_ticket_ends_with_its_cause_by_hand_and_with_the_ticket(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "unhappy", {"fields.survey": ["1", "2"]}, solved=True)
    ended: dict[str, Callable[[str, str], Awaitable[object]]] = {
        "cause": lambda ticket, _: said(shop, ticket, fields={"survey": 5}),
        "hand": lambda ticket, made: act(shop, ticket, made, "resolve"),
        "closed": lambda ticket, _: shop.post(
            f"/v1/tickets/{ticket}/status", {"status": "closed"}, status=200
        ),
    }
    for how, end in ended.items():
        ticket = await opened(shop)
        await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
        await said(shop, ticket, fields={"survey": 1})
        made = await run(shop, ticket)
        assert (await act(shop, ticket, made["id"], "acknowledge"))["state"] == "acknowledged", how
        await end(ticket, made["id"])
        assert (await run(shop, ticket))["state"] == "resolved", how
        assert {one["state"] for one in await alerts(shop, ticket)} == {"resolved"}, how
        await shop.pass_time(hours=1)
        assert await pages(shop, ticket) == [("first", 0)], how


async def test_programs_that_tag_do_not_keep_an_acknowledgement_alive(shop: Shop) -> None:
    await ladder(shop, acknowledge_within="PT30M")
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    await act(shop, ticket, made["id"], "acknowledge")
    for minute in range(3):
        await shop.pass_time(minutes=10)
        await said(shop, ticket, fields={"synced": minute})
    assert (await run(shop, ticket))["state"] == "open"
    assert await pages(shop, ticket) == [("first", 0), ("first", 1)]


async def test_one_that_comes_when_the_ticket_is_solved_pages_when_it_is_reopened(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "unhappy", {"tags": ["unhappy"]})
    ticket = await opened(shop)
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
    await said(shop, ticket, add_tags=["unhappy"])
    assert await runs(shop, ticket) == []
    await shop.post(f"/v1/tickets/{ticket}/reopen", status=200)
    assert (await run(shop, ticket))["cause"] == "rule:unhappy"
    assert await pages(shop, ticket) == [("first", 0)]


async def test_survey_answers_that_come_at_once_begin_one_run(shop: Shop) -> None:
    await ladder(shop)
    await rule(shop, "unhappy", {"fields.survey": ["1", "2"]})
    ticket = await opened(shop)
    await asyncio.gather(*(patch(shop, ticket, fields={"survey": 1 + n % 2}) for n in range(6)))
    assert len(await runs(shop, ticket)) == 1
    assert await pages(shop, ticket) == [("first", 0)]


async def test_a_run_of_another_cause_goes_on(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    await said(shop, ticket, add_tags=["vip"], fields={"survey": 5})
    assert (await run(shop, ticket)) == made


# What others see of it.


async def test_webhooks_hear_that_it_changed_and_nobodys_words(shop: Shop) -> None:
    await listening(shop, "ticket.tags_changed", "ticket.fields_changed")
    ticket = await opened(shop)
    await said(shop, ticket, add_tags=["Chị Lan"], fields={"note": "ở 12 Hàng Bài"})
    tags, fields = await told(shop)
    assert [tags["type"], fields["type"]] == ["ticket.tags_changed", "ticket.fields_changed"]
    assert (tags["data"]["event"]["data"], fields["data"]["event"]["data"]) == ({}, {})
    assert tags["data"]["ticket"]["id"] == ticket


async def test_a_draft_is_compared_with_the_tags_and_fields_there_were(shop: Shop) -> None:
    ticket = await opened(shop, tags=["web"])
    await shop.pass_time(hours=1)
    await said(shop, ticket, tags=["vip"], fields={"topic": "loan"})
    await shop.pass_time(hours=1)
    await reply(shop, ticket)
    await said(shop, ticket, tags=[], fields={"topic": None})  # by now nothing tells
    draft = {
        "vip": policy("PT90M", order=5, when={"tags": ["vip"], "fields.topic": ["loan"]}),
        "web": policy("PT3H", order=6, when={"tags": ["web"]}),
    }
    for key, missed in (("vip", 1), ("web", 0)):
        row = (await compared(shop, sla_policies={key: draft[key]}))["first_response"]
        assert (row["before"]["met"], row["after"]["breached"]) == (1, missed), key
    row = await compared(shop, sla_policies={"web": policy("PT30M", order=6, when={"tags": ["web"]})})
    assert row["first_response"]["after"]["breached"] == 1  # it broke while the ticket was tagged so


async def test_a_call_in_vain_on_an_open_ticket_promises_a_callback(shop: Shop) -> None:
    answer = await shop.client.put(
        "/v1/desk/sla_policies/missed", json={**PROMISES, "order": 5, "when": {"tags": ["missed_call"]}}
    )
    assert answer.status_code == 200, answer.text
    ticket = (await call(shop, "started", status=201))["ticket"]
    assert "callback" not in await due(shop, ticket)
    await call(shop, "missed")
    assert (await due(shop, ticket))["callback"][:2] == ("missed", "running")
    assert await lines(shop, ticket, "tags_changed") == [{"added": ["missed_call"], "removed": []}]


async def test_a_program_that_keeps_fields_up_to_date_asks_nobody_again_and_pages_nobody(shop: Shop) -> None:
    await team(shop, assignment="offer", offer_timeout="PT1M", rounds=1)
    await routing_rule(shop, "vip", order=1, team="sales", when={"tags": ["vip"], "fields.synced": ["soon"]})
    waiting = await routed(shop, **HANOI)
    await shop.pass_time(hours=1)  # nobody answered: it is left to people
    told_once = await routing_alerts(shop, waiting)
    assert [one["state"] for one in told_once] == ["open"]
    for minute in range(3):
        await said(shop, waiting["id"], fields={"synced": minute}, add_tags=[f"s{minute}"])
        await shop.pass_time(minutes=5)
        after = await read(shop, waiting)
        assert (bool(after["stuck"]), after["offered_to"]) == (True, None)
    assert await routing_alerts(shop, waiting) == told_once
