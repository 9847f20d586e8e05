"""Who is given what and why, and to whom it would be given: asked over REST, nothing changed by asking."""

from datetime import timedelta
from typing import Any

from tests.journeys.conftest import Shop

HANOI = {"region": "vn-hn", "language": "vi"}
LEAD, HN, DN, HCM = SALES = "sales-lead", "sales-hn-1", "sales-dn-1", "sales-hcm-1"


async def set_presence(shop: Shop, presence: str, *agents: str) -> None:
    for agent in agents:
        answer = await shop.client.put(f"/v1/agents/{agent}/presence", json={"presence": presence})
        assert answer.status_code == 200


async def routing_of(shop: Shop, ticket: dict[str, Any]) -> dict[str, Any]:
    return await shop.get(f"/v1/tickets/{ticket['id']}/routing")


async def preview(shop: Shop, **supposed: object) -> dict[str, Any]:
    return await shop.post("/v1/routing/preview", supposed, status=200)


async def test_an_assignment_names_its_rule_the_candidates_and_why_nobody_else(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", **HANOI})
    await shop.tick()
    found = await routing_of(shop, ticket)
    last = found["last"]
    assert (last["outcome"], last["team"], last["rule"]) == ("assigned", "sales", "everything-else")
    assert [each["agent"] for each in last["candidates"]] == [HN, LEAD]
    assert found["assignee"] == last["agent"] == HN
    rejected = {each["reason"]: each["agents"] for each in last["rejected"]}
    assert rejected["other_region"] == [DN, HCM]
    agents = (await shop.client.get("/v1/agents")).json()
    assert last["candidate_count"] + sum(each["count"] for each in last["rejected"]) == len(agents)
    assert found["decided_at"] == last["assigned_at"] == "2026-03-02T02:00:00Z"
    assert (found["now"], found["waiting_since"], found["wanted_by"]) == (None, None, None)


async def test_a_ticket_that_waits_shows_why_it_was_told_to_and_what_it_would_be_told_now(shop: Shop) -> None:
    await set_presence(shop, "away", *SALES)
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", "priority": "high", **HANOI})
    await shop.tick()
    shop.instant += timedelta(minutes=1)
    found = await routing_of(shop, ticket)
    assert found["last"] == found["now"]
    assert found["last"]["outcome"] == "waiting"
    assert (found["decided_at"], found["look_again_at"]) == ("2026-03-02T02:00:00Z", "2026-03-02T02:05:00Z")
    assert found["wanted_by"] == "2026-03-02T03:00:00Z"
    await set_presence(shop, "online", HN)
    found = await routing_of(shop, ticket)
    assert (found["last"]["outcome"], found["now"]["outcome"]) == ("waiting", "assigned")
    assert found["now"]["agent"] == HN
    assert found["assignee"] is None
    assert "assigned" not in await shop.events(ticket["id"])


async def test_looking_again_and_finding_the_same_is_as_old_as_it_was_first_said(shop: Shop) -> None:
    await set_presence(shop, "away", *SALES)
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", **HANOI})
    await shop.tick()
    first = await routing_of(shop, ticket)
    shop.instant += timedelta(minutes=1)
    await shop.tick()
    assert (await routing_of(shop, ticket))["decided_at"] == first["decided_at"]


async def test_a_ticket_nobody_has_looked_at_yet_has_no_last_decision(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", **HANOI})
    found = await routing_of(shop, ticket)
    assert (found["last"], found["decided_at"]) == (None, None)
    assert found["now"]["agent"] == HN


async def test_a_preview_gives_to_whom_the_ticket_is_then_given(shop: Shop) -> None:
    supposed = {"priority": "high", "tags": ["web"], **HANOI}
    placed = await preview(shop, **supposed)
    assert (await shop.get("/v1/tickets"))["items"] == []
    ticket = await shop.post("/v1/tickets", {"subject": "Máy in", **supposed})
    await shop.tick()
    decision = placed["decision"]
    assert decision == (await routing_of(shop, ticket))["last"]
    assert (placed["team"], placed["rule"], placed["due_at"]) == (
        ticket["team"],
        ticket["rule"],
        ticket["due_at"],
    )


async def test_a_preview_of_one_that_has_waited_takes_the_steps_of_that_wait(shop: Shop) -> None:
    await set_presence(shop, "away", *SALES)
    call = {"channel": "hotline", "source": "asterisk", "account": "1900"}
    decision = (await preview(shop, **call))["decision"]
    assert (decision["outcome"], decision["next_relaxation_at"]) == ("waiting", "2026-03-02T02:02:00Z")
    two_minutes_ago = (shop.instant - timedelta(minutes=2)).isoformat()
    decision = (await preview(shop, opened_at=two_minutes_ago, **call))["decision"]
    assert decision["outcome"] == "assigned"
    assert decision["agent"].startswith("delivery-")
    assert len(decision["relaxed"]) == 1


async def test_what_nobody_could_ever_take_is_seen_before_it_comes(shop: Shop) -> None:
    placed = await preview(shop, team="nobodies")
    assert placed["decision"]["outcome"] == "unroutable"
    assert placed["decision"]["candidates"] == []


async def test_a_question_that_cannot_be_asked_is_refused(shop: Shop) -> None:
    refused = await shop.post("/v1/routing/preview", {"priority": "enormous"}, status=422)
    assert [fault["pointer"] for fault in refused["errors"]] == ["/priority"]
    refused = await shop.post("/v1/routing/preview", {"opened_at": "1066-10-14T09:00:00Z"}, status=422)
    assert [fault["pointer"] for fault in refused["errors"]] == ["/opened_at"]
    nobody = "/v1/tickets/00000000-0000-0000-0000-00000000ffff/routing"
    assert (await shop.client.get(nobody)).status_code == 404
