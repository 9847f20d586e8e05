"""Tickets go back to the queue when they have to, once each, and say why; the backlog drains when it can."""

import asyncio
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_asking_for_work import ask, loads
from tests.journeys.test_offers import alerts, samples, team
from tests.journeys.test_why_this_agent import DN, HCM, HN, LEAD, SALES, routing_of, set_presence

from tickets.application.assignments.route_waiting import route_waiting
from tickets.application.assignments.take_back import take_back

HANOI = {"region": "vn-hn"}
AN = {"email": "an@khach.example.vn"}


async def opened(shop: Shop, **facts: object) -> dict[str, Any]:
    """A new ticket, after the router has seen it."""
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", **facts})
    await shop.tick()
    return await shop.get(f"/v1/tickets/{ticket['id']}")


async def read(shop: Shop, ticket: dict[str, Any]) -> dict[str, Any]:
    return await shop.get(f"/v1/tickets/{ticket['id']}")


async def key_of(shop: Shop, agent: str) -> dict[str, str]:
    """The Authorization of a key that acts as the agent."""
    asked = {"name": agent, "scopes": ["tickets:read", "tickets:write"], "agent": agent}
    return {"Authorization": f"Bearer {(await shop.post('/v1/api-keys', asked))['key']}"}


async def rule(shop: Shop, key: str, **body: object) -> None:
    answer = await shop.client.put(f"/v1/desk/routing_rules/{key}", json=body)
    assert answer.status_code == 200, answer.text


# Nobody reacts.


async def test_a_ticket_its_agent_does_not_react_to_goes_to_another_once(shop: Shop) -> None:
    await team(shop, react_within="PT10M")
    ticket = await opened(shop, **HANOI)
    assert (ticket["assignee"], ticket["react_by"]) == (HN, "2026-03-02T02:10:00Z")
    await shop.pass_time(minutes=10)
    after = await read(shop, ticket)
    assert (after["assignee"], after["react_by"]) == (LEAD, "2026-03-02T02:20:00Z")
    history = await shop.events(ticket["id"])
    assert [line for line in history if line.startswith("routing.")] == ["routing.not_reacted"]
    assert (history.count("unassigned"), history.count("assigned")) == (1, 2)
    assert (await routing_of(shop, ticket))["refused"] == [HN]
    assert ((await loads(shop))[HN], (await loads(shop))[LEAD]) == (0, 1)
    assert (await samples(shop))['tickets_routing_failures_total{cause="not_reacted"}'] == 1


async def test_a_reply_a_note_or_a_status_of_the_assignee_is_a_reaction(shop: Shop) -> None:
    await team(shop, react_within="PT10M")
    await set_presence(shop, "away", LEAD)
    lan = await key_of(shop, HN)
    for path, body in (
        ("messages", {"kind": "public_reply", "text": "Chào anh"}),
        ("messages", {"kind": "internal_note", "text": "Đang xem"}),
        ("status", {"status": "pending"}),
    ):
        ticket = await opened(shop, **HANOI)
        status = 201 if path == "messages" else 200
        after = await shop.post(f"/v1/tickets/{ticket['id']}/{path}", body, status, headers=lan)
        assert (ticket["assignee"], after["react_by"]) == (HN, None)
        await shop.pass_time(minutes=30)
        assert (await read(shop, ticket))["assignee"] == HN


async def test_what_another_agent_says_is_not_the_assignees_reaction(shop: Shop) -> None:
    await team(shop, react_within="PT10M")
    ticket = await opened(shop, **HANOI)
    mai = await key_of(shop, HCM)
    note = {"kind": "internal_note", "text": "?"}
    await shop.post(f"/v1/tickets/{ticket['id']}/messages", note, headers=mai)
    await shop.pass_time(minutes=10)
    assert (await read(shop, ticket))["assignee"] == LEAD


async def test_a_ticket_nobody_reacts_to_comes_to_people_after_the_last_round(shop: Shop) -> None:
    await team(shop, react_within="PT10M", rounds=2)
    ticket = await opened(shop, **HANOI)
    await shop.pass_time(hours=2)
    history = await shop.events(ticket["id"])
    assert (history.count("assigned"), history.count("routing.refused")) == (4, 1)
    assert [alert["level"] for alert in await alerts(shop, ticket)] == ["refused"]
    assert all(load == 0 for agent, load in (await loads(shop)).items() if agent in SALES)


async def test_any_number_of_tickers_takes_a_ticket_back_once(shop: Shop) -> None:
    await team(shop, react_within="PT10M")
    ticket = await opened(shop, **HANOI)
    await set_presence(shop, "away", LEAD)
    shop.instant = shop.instant.replace(minute=30)
    house = shop.app.parts.house
    changes = await asyncio.gather(*(take_back(house, shop.instant) for _ in range(8)))
    assert sum(map(len, changes)) == 1
    assert (await shop.events(ticket["id"])).count("routing.not_reacted") == 1


# A team whose agents ask for work.


async def test_tickets_of_a_team_that_pulls_are_never_pushed(shop: Shop) -> None:
    await team(shop, assignment="pull")
    ticket = await opened(shop, **HANOI)
    await shop.pass_time(hours=1)
    seen = await routing_of(shop, ticket)
    assert (seen["mode"], seen["assignee"], seen["last"]["outcome"]) == ("pull", None, "waiting")
    assert "asks for work" in seen["last"]["reason"]
    history = await shop.events(ticket["id"])
    assert [line for line in history if line.startswith("routing.")] == ["routing.waiting"]
    found = await ask(shop, HN)
    assert found
    assert found["id"] == ticket["id"]


async def test_what_waits_for_who_asks_takes_nobody_from_what_is_pushed(shop: Shop) -> None:
    await team(shop, assignment="pull")
    for _ in range(20):
        await opened(shop, priority="urgent")
    pushed = await opened(shop, fields={"topic": "warranty"})
    assert pushed["assignee"] is not None


# The agent who knows the customer.


async def test_a_customer_comes_back_to_the_agent_who_had_them_last(shop: Shop) -> None:
    first = await opened(shop, customer=AN)
    await shop.post(f"/v1/tickets/{first['id']}/assign", {"agent": DN}, status=200)
    await shop.post(f"/v1/tickets/{first['id']}/solve", status=200)
    again = await opened(shop, customer=AN)
    assert again["assignee"] == DN
    assert "sticky" in (await routing_of(shop, again))["last"]["reason"]


async def test_who_knows_the_customer_is_waited_for_as_long_as_the_rule_says_and_no_longer(
    shop: Shop,
) -> None:
    await rule(shop, "everything-else", order=100, team="sales", sticky_wait="PT3M")
    first = await opened(shop, customer=AN)
    await shop.post(f"/v1/tickets/{first['id']}/assign", {"agent": DN}, status=200)
    await set_presence(shop, "away", DN)
    again = await opened(shop, customer=AN)
    assert again["assignee"] is None
    assert (await routing_of(shop, again))["look_again_at"] == "2026-03-02T02:03:00Z"
    await shop.pass_time(minutes=3)
    assert (await read(shop, again))["assignee"] not in {None, DN}


async def test_a_reopened_ticket_goes_back_to_its_agent_or_to_the_queue_when_they_are_off(shop: Shop) -> None:
    ticket = await opened(shop, **HANOI)
    for presence, comes_to in (("online", HN), ("on_leave", LEAD)):
        await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
        await set_presence(shop, presence, HN)
        reopened = await shop.post(f"/v1/tickets/{ticket['id']}/reopen", status=200)
        assert (reopened["assignee"], reopened["waiting_since"] is None) == (None, False)
        await shop.tick()
        assert (await read(shop, ticket))["assignee"] == comes_to


# A team of experts.


async def experts(shop: Shop, **when: list[str]) -> None:
    answer = await shop.client.put("/v1/desk/teams/experts", json={})
    assert answer.status_code == 200
    agent = {"teams": ["experts"], "capacity": 1, "presence": "online"}
    answer = await shop.client.put("/v1/desk/agents/expert", json=agent)
    assert answer.status_code == 200
    await rule(shop, "experts", order=1, when=when, team="experts", fallback_after="PT15M")


async def test_a_team_of_experts_owns_everything_of_its_customer_until_it_gives_way(shop: Shop) -> None:
    first = await opened(shop, customer=AN)
    await experts(shop, customer=[first["customer"]["id"]])
    others = await opened(shop)
    mine = await opened(shop, customer=AN, tags=["anything"])
    assert (mine["team"], mine["rule"], mine["assignee"]) == ("experts", "experts", "expert")
    assert others["team"] == "sales"
    more = await opened(shop, customer=AN)
    assert more["assignee"] is None
    assert (await routing_of(shop, more))["look_again_at"] == "2026-03-02T02:15:00Z"
    await shop.pass_time(minutes=15)
    assert (await read(shop, more))["assignee"] in SALES
    assert (await routing_of(shop, more))["last"]["relaxed"] == ["after PT15M: rule experts gave way"]


async def test_a_tier_of_customers_has_its_experts_too(shop: Shop) -> None:
    await experts(shop, customer_tier=["platinum"])
    await opened(shop, customer=AN)
    await shop.app.engine.execute("UPDATE customer SET tier = 'platinum'")
    mine = await opened(shop, customer=AN)
    assert (mine["team"], mine["assignee"]) == ("experts", "expert")


# Another priority, another team.


async def test_a_raised_priority_asks_anew_while_it_waits_and_leaves_an_assignee_alone(shop: Shop) -> None:
    given = await opened(shop, **HANOI)
    await set_presence(shop, "away", *SALES)
    waits = await opened(shop, **HANOI)
    await rule(shop, "everything-else", order=100, team="sales", match_region=False)
    for ticket in (given, waits):
        await shop.post(f"/v1/tickets/{ticket['id']}/priority", {"priority": "urgent"}, status=200)
    assert (await read(shop, given))["assignee"] == HN
    await set_presence(shop, "online", HCM)
    assert await route_waiting(shop.app.parts.house, shop.instant, everyone=False)
    assert (await read(shop, waits))["assignee"] == HCM


async def test_another_team_finds_its_own_agent_and_the_history_says_so(shop: Shop) -> None:
    ticket = await opened(shop, **HANOI)
    moved = await shop.post(f"/v1/tickets/{ticket['id']}/team", {"team": "warranty"}, status=200)
    assert (moved["team"], moved["assignee"], moved["rule"]) == ("warranty", None, None)
    assert (await loads(shop))[HN] == 0
    await shop.tick()
    assert (await read(shop, ticket))["assignee"].startswith("warranty-")
    history = await shop.events(ticket["id"])
    assert history.count("team_changed") == history.count("unassigned") == 1
    await shop.post(f"/v1/tickets/{ticket['id']}/team", {"team": "nobodies"}, status=404)


async def test_who_works_in_the_other_team_too_keeps_the_ticket(shop: Shop) -> None:
    agent = {"teams": ["sales", "warranty"], "regions": ["vn-hn"], "presence": "online"}
    answer = await shop.client.put(f"/v1/desk/agents/{HN}", json=agent)
    assert answer.status_code == 200
    ticket = await opened(shop, **HANOI)
    moved = await shop.post(f"/v1/tickets/{ticket['id']}/team", {"team": "warranty"}, status=200)
    assert moved["assignee"] == ticket["assignee"] == HN


# What nobody could ever take.


async def test_what_nobody_could_ever_take_is_told_at_once_once_and_until_somebody_can(shop: Shop) -> None:
    hard = {"order": 100, "team": "sales", "skills": [{"skill": "welding"}]}
    await rule(shop, "everything-else", **hard)
    ticket = await opened(shop, **HANOI)
    (alert,) = await alerts(shop, ticket)
    assert (alert["metric"], alert["level"], alert["state"]) == ("routing", "unroutable", "open")
    assert alert["recipients"] == [f"agent:{LEAD}"]
    assert "skill welding" in ticket["stuck"]
    await asyncio.gather(*(shop.tick() for _ in range(4)))
    await shop.pass_time(minutes=30)
    assert len(await alerts(shop, ticket)) == 1
    assert (await shop.events(ticket["id"])).count("routing.unroutable") == 1
    seen = await samples(shop)
    assert (seen["tickets_stuck"], seen['tickets_routing_failures_total{cause="unroutable"}']) == (1, 1)
    welder = {"teams": ["sales"], "skills": {"welding": 1}, "presence": "online"}
    assert (await shop.client.put("/v1/desk/agents/welder", json=welder)).status_code == 200
    await shop.tick()
    after = await read(shop, ticket)
    assert (after["assignee"], after["stuck"]) == ("welder", None)
    assert [alert["state"] for alert in await alerts(shop, ticket)] == ["resolved"]
    assert (await samples(shop))["tickets_stuck"] == 0


async def test_another_cause_is_another_alert(shop: Shop) -> None:
    for skill in ("welding", "diving"):
        hard = {"order": 100, "team": "sales", "skills": [{"skill": skill}]}
        await rule(shop, "everything-else", **hard)
        if skill == "welding":
            ticket = await opened(shop, **HANOI)
        await shop.tick()
    assert [alert["state"] for alert in await alerts(shop, ticket)] == ["open", "resolved"]


async def test_an_alert_of_routing_with_no_lead_to_hear_it_reaches_the_fallback(shop: Shop) -> None:
    answer = await shop.client.put("/v1/desk/teams/nobodies", json={})
    assert answer.status_code == 200
    await rule(shop, "nobodies", order=1, when={"tags": ["nowhere"]}, team="nobodies")
    ticket = await opened(shop, tags=["nowhere"])
    (alert,) = await alerts(shop, ticket)
    assert alert["recipients"] == ["team_lead", "email:manager@shop.example.vn"]


async def test_an_alert_of_routing_can_be_acknowledged(shop: Shop) -> None:
    await rule(shop, "everything-else", order=100, team="sales", skills=[{"skill": "welding"}])
    ticket = await opened(shop, **HANOI)
    (alert,) = await alerts(shop, ticket)
    await shop.post(f"/v1/alerts/{alert['id']}/acknowledge", status=204)
    (alert,) = await alerts(shop, ticket)
    assert alert["state"] == "acknowledged"


# The backlog drains (Chatwoot #10376, #10685).


async def rung(shop: Shop) -> bool:
    """Whether the ticker was rung to look at everybody; then it looks."""
    everyone = shop.app.ticker.bell.answer()
    await shop.app.ticker.step(shop.instant, everyone=everyone)
    return everyone


async def test_the_backlog_drains_when_an_agent_comes_online(shop: Shop) -> None:
    await set_presence(shop, "offline", *SALES)
    ticket = await opened(shop, **HANOI)
    await rung(shop)
    await set_presence(shop, "online", HN)
    assert await rung(shop)
    assert (await read(shop, ticket))["assignee"] == HN


async def test_the_backlog_drains_when_capacity_comes_free(shop: Shop) -> None:
    await set_presence(shop, "offline", HN, DN, HCM)
    held = [await opened(shop, **HANOI) for _ in range(4)]
    ticket = await opened(shop, **HANOI)
    assert ticket["assignee"] is None
    await rung(shop)
    await shop.post(f"/v1/tickets/{held[0]['id']}/solve", status=200)
    assert await rung(shop)
    assert (await read(shop, ticket))["assignee"] == LEAD


async def test_the_backlog_drains_when_a_skill_is_added_or_a_rule_changes(shop: Shop) -> None:
    await rule(shop, "everything-else", order=100, team="sales", skills=[{"skill": "welding"}])
    first, second = await opened(shop, **HANOI), await opened(shop, **HANOI)
    await rung(shop)
    skilled = {"teams": ["sales"], "skills": {"welding": 1}, "capacity": 1, "presence": "online"}
    assert (await shop.client.put(f"/v1/desk/agents/{HN}", json=skilled)).status_code == 200
    assert await rung(shop)
    assert (await read(shop, first))["assignee"] == HN
    await rule(shop, "everything-else", order=100, team="sales")
    assert await rung(shop)
    assert (await read(shop, second))["assignee"] == LEAD


async def test_the_backlog_drains_when_an_offer_is_declined(shop: Shop) -> None:
    await team(shop, assignment="offer")
    await set_presence(shop, "offline", HN, DN, HCM)
    tickets = [await opened(shop, **HANOI) for _ in range(5)]
    assert tickets[4]["offered_to"] is None
    await rung(shop)
    offers = (await shop.client.get(f"/v1/agents/{LEAD}/offers")).json()
    await shop.post(f"/v1/offers/{offers[0]['id']}/decline", status=200)
    assert await rung(shop)
    assert (await read(shop, tickets[4]))["offered_to"] == LEAD


async def test_the_backlog_drains_when_a_relaxation_step_is_due(shop: Shop) -> None:
    await set_presence(shop, "offline", HN, LEAD)
    ticket = await opened(shop, **HANOI)
    assert ticket["assignee"] is None
    await shop.pass_time(minutes=15)
    assert (await read(shop, ticket))["assignee"] in {DN, HCM}


async def test_solved_tickets_are_never_routed(shop: Shop) -> None:
    await set_presence(shop, "offline", *SALES)
    ticket = await opened(shop, **HANOI)
    await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
    await set_presence(shop, "online", *SALES)
    await shop.pass_time(hours=1)
    assert (await read(shop, ticket))["assignee"] is None
    assert await ask(shop, HN) is None


async def test_who_was_assigned_last_is_remembered_where_a_restart_cannot_lose_it(shop: Shop) -> None:
    await rule(shop, "everything-else", order=100, team="sales", strategy="round_robin")
    first = await opened(shop)
    shop.instant = shop.instant.replace(minute=1)
    seen = {
        state.key: state.last_assigned_at
        for state in await shop.app.parts.house.tickets.agent_states(shop.now())
    }
    assert seen[first["assignee"]] is not None
    assert (await opened(shop))["assignee"] != first["assignee"]
