"""Tickets that are no work: they were merged into another, or are spam (Zammad #904, #1216)."""

import asyncio
from datetime import datetime
from typing import Any

import asyncpg
import httpx
from tests.faults.order import must_hold_what_is_theirs
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem
from tests.journeys.test_offers import team
from tests.journeys.test_rerouting import AN, HANOI, opened, read
from tests.journeys.test_why_this_agent import HN, SALES, set_presence


async def merged(shop: Shop, one: dict[str, Any], into: dict[str, Any], status: int = 200) -> dict[str, Any]:
    return await shop.post(f"/v1/tickets/{one['id']}/merge", {"into": into["id"]}, status)


async def clocks(shop: Shop, ticket: dict[str, Any]) -> set[tuple[str, str]]:
    return {(clock["metric"], clock["state"]) for clock in (await read(shop, ticket))["clocks"]}


async def load(shop: Shop, agent: str = HN) -> int:
    found: int = (await shop.get(f"/v1/agents/{agent}"))["load"]
    return found


async def test_a_merged_ticket_is_closed_owes_nothing_and_says_where_it_goes_on(shop: Shop) -> None:
    one, other = await opened(shop, customer=AN, **HANOI), await opened(shop, customer=AN, **HANOI)
    assert await load(shop) == 2
    answer = await merged(shop, one, other)
    assert (answer["id"], answer["status"], answer["merged_into"]) == (other["id"], "open", None)
    gone = await read(shop, one)
    assert (gone["status"], gone["assignee"], gone["merged_into"]) == ("closed", None, other["id"])
    assert {state for _, state in await clocks(shop, one)} <= {"cancelled", "met"}
    assert (await load(shop), gone["due_at"]) == (1, None)
    await shop.pass_time(days=3)
    history = await shop.events(one["id"])
    assert ("merged_into" in history, "sla.breached" in history, "alert_raised" in history) == (
        True,
        False,
        False,
    )
    [line] = (await shop.get(f"/v1/tickets?merged_into={other['id']}"))["items"]
    assert line["id"] == one["id"]


async def test_merging_both_ways_at_once_is_merging_once(shop: Shop, database_url: str) -> None:
    pairs = [(await opened(shop, customer=AN), await opened(shop, customer=AN)) for _ in range(5)]
    both_ways = [way for one, other in pairs for way in ((one, other), (other, one))]
    await asyncio.gather(*(merged(shop, one, other) for one, other in both_ways))
    for one, other in pairs:
        states = sorted([(await read(shop, one))["status"], (await read(shop, other))["status"]])
        assert states == ["closed", "open"]
    database = await asyncpg.connect(database_url)
    await must_hold_what_is_theirs(database)
    lines = await database.fetchval("SELECT count(*) FROM ticket_event WHERE type = 'merged'")
    await database.close()
    assert lines == 5


async def test_who_answers_a_merged_ticket_writes_where_it_goes_on(shop: Shop) -> None:
    one, other = await opened(shop, customer=AN), await opened(shop, customer=AN)
    third = await opened(shop, customer=AN)
    await merged(shop, one, other)
    await merged(shop, other, third)
    refused = await shop.post(
        f"/v1/tickets/{one['id']}/messages", {"kind": "internal_note", "text": "?"}, status=409
    )
    assert other["id"] in refused["detail"]
    assert (await shop.app.parts.house.tickets.survivor(one["id"])) == (
        await shop.app.parts.house.tickets.survivor(third["id"])
    )
    assert (await merged(shop, one, third))["id"] == third["id"]


async def test_who_waits_for_an_answer_there_waits_for_one_here(shop: Shop) -> None:
    other = await opened(shop, customer=AN, **HANOI)
    answer = {"kind": "public_reply", "text": "Chào anh"}
    await shop.post(f"/v1/tickets/{other['id']}/messages", answer)
    await shop.post(f"/v1/tickets/{other['id']}/status", {"status": "pending"}, status=200)
    one = await opened(shop, customer=AN, **HANOI)
    await shop.pass_time(minutes=20)
    after = await merged(shop, one, other)
    assert after["status"] == "open"
    replies = [clock for clock in after["clocks"] if clock["metric"] == "next_response"]
    assert [clock["state"] for clock in replies] in ([], ["running"])


async def test_what_cannot_be_merged_is_refused(shop: Shop) -> None:
    one, other = await opened(shop, customer=AN), await opened(shop, customer=AN)
    stranger = await opened(shop, customer={"email": "la@khach.example.vn"})
    await merged(shop, one, one, 409)
    assert "two customers" in (await merged(shop, one, stranger, 409))["detail"]
    await shop.post(f"/v1/tickets/{other['id']}/solve", status=200)
    await merged(shop, one, other, 409)
    await merged(shop, one, {"id": NOBODY}, 404)
    await merged(shop, {"id": NOBODY}, one, 404)
    answer = await shop.client.post(f"/v1/tickets/{one['id']}/merge", json={"into": "x"})
    assert problem(answer, 422)["errors"][0]["pointer"] == "/into"
    stale = {"If-Match": '"1"'}
    third = await opened(shop, customer=AN)
    answer = await shop.client.post(
        f"/v1/tickets/{one['id']}/merge", json={"into": third["id"]}, headers=stale
    )
    assert answer.status_code == 412
    # What is solved may be merged: it is asked again somewhere else.
    assert (await merged(shop, other, one))["id"] == one["id"]


async def test_spam_is_closed_owes_nothing_and_can_be_told_from_the_rest(shop: Shop) -> None:
    ticket = await opened(shop, **HANOI)
    await shop.post(f"/v1/tickets/{ticket['id']}/spam", status=200)
    again = await shop.post(f"/v1/tickets/{ticket['id']}/spam", status=200)
    assert (again["status"], again["tags"], again["assignee"]) == ("closed", ["spam"], None)
    assert (await shop.events(ticket["id"])).count("marked_as_spam") == 1
    assert {state for _, state in await clocks(shop, ticket)} <= {"cancelled", "met"}
    [line] = (await shop.get("/v1/tickets?tag=spam"))["items"]
    assert line["id"] == ticket["id"]
    assert await load(shop) == 0
    note = {"kind": "internal_note", "text": "?"}
    refused = await shop.post(f"/v1/tickets/{ticket['id']}/messages", note, status=409)
    assert "reopen it" in refused["detail"]


async def test_what_was_no_spam_after_all_begins_again(shop: Shop) -> None:
    ticket = await opened(shop, **HANOI)
    await shop.post(f"/v1/tickets/{ticket['id']}/spam", status=200)
    await shop.pass_time(hours=1)
    await shop.post(f"/v1/tickets/{ticket['id']}/reopen", status=200)
    await shop.tick()
    after = await read(shop, ticket)
    assert (after["status"], after["tags"], after["assignee"]) == ("open", [], HN)
    assert ("first_response", "running") in await clocks(shop, ticket)
    assert after["due_at"] > ticket["due_at"]


async def test_spam_merged_and_closed_tickets_are_never_routed(shop: Shop) -> None:
    await set_presence(shop, "offline", *SALES)
    spam, one, other, closed = [await opened(shop, customer=AN, **HANOI) for _ in range(4)]
    await shop.post(f"/v1/tickets/{spam['id']}/spam", status=200)
    await merged(shop, one, other)
    await shop.post(f"/v1/tickets/{closed['id']}/status", {"status": "closed"}, status=200)
    await set_presence(shop, "online", *SALES)
    await shop.pass_time(hours=1)
    for ticket in (spam, one, closed):
        assert (await read(shop, ticket))["assignee"] is None
        assert "assigned" not in await shop.events(ticket["id"])
    assert (await read(shop, other))["assignee"] is not None


async def test_what_is_offered_when_it_ends_is_offered_no_more(shop: Shop) -> None:
    await team(shop, assignment="offer", offer_timeout="PT30M")
    one, other = await opened(shop, customer=AN, **HANOI), await opened(shop, customer=AN, **HANOI)
    spam = await opened(shop, **HANOI)
    assert one["offered_to"]
    assert spam["offered_to"]
    await merged(shop, one, other)
    await shop.post(f"/v1/tickets/{spam['id']}/spam", status=200)
    for ticket in (one, spam):
        assert (await read(shop, ticket))["offered_to"] is None
        assert (await shop.events(ticket["id"])).count("offer_withdrawn") == 1
    offers = (await shop.client.get(f"/v1/agents/{other['offered_to']}/offers")).json()
    assert [offer["ticket_id"] for offer in offers] == [other["id"]]


async def test_an_alert_that_was_open_is_over_when_its_ticket_is_no_work(shop: Shop) -> None:
    ticket = await opened(shop, **HANOI)
    due = max(datetime.fromisoformat(clock["due_at"]) for clock in ticket["clocks"] if clock["due_at"])
    await shop.pass_time(seconds=(due - shop.instant).total_seconds() + 60)
    raised = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert "open" in {alert["state"] for alert in raised}
    await shop.post(f"/v1/tickets/{ticket['id']}/spam", status=200)
    await shop.pass_time(days=2)
    after = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert len(after) == len(raised)
    assert {alert["state"] for alert in after} <= {"resolved", "withdrawn"}
    breached = {state for _, state in await clocks(shop, ticket)}
    assert "breached" in breached  # a breach is for ever (law 9)


async def test_all_that_can_be_done_to_a_ticket_at_once_leaves_it_in_order(
    shop: Shop, database_url: str
) -> None:
    other = await opened(shop, customer=AN, **HANOI)
    for _ in range(6):
        ticket = await opened(shop, customer=AN, **HANOI)
        at = f"/v1/tickets/{ticket['id']}"
        posts = [
            ("spam", None),
            ("merge", {"into": other["id"]}),
            ("solve", None),
            ("reopen", None),
            ("assign", {"agent": HN}),
            ("team", {"team": "warranty"}),
        ]
        answers = await asyncio.gather(
            *(shop.client.post(f"{at}/{verb}", json=body) for verb, body in posts),
            shop.client.post(f"/v1/agents/{HN}/next"),
            shop.app.ticker.step(shop.instant, everyone=True),
        )
        codes = {answer.status_code for answer in answers if isinstance(answer, httpx.Response)}
        assert codes <= {200, 204, 409, 503}, codes
        assert (await shop.events(ticket["id"])).count("merged_into") <= 1
    database = await asyncpg.connect(database_url)
    await must_hold_what_is_theirs(database)
    await database.close()
