"""Tickets of a team that offers: one agent at a time is asked, nobody twice in a round, none in silence."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_asking_for_work import ask, loads
from tests.journeys.test_why_this_agent import DN, HCM, HN, LEAD, SALES, routing_of, set_presence

from tickets.application.assignments.take_back import take_back

HANOI = {"region": "vn-hn"}


async def team(shop: Shop, **ways: object) -> None:
    """The sales team, working in other ways."""
    answer = await shop.client.put("/v1/desk/teams/sales", json={"lead": LEAD, **ways})
    assert answer.status_code == 200, answer.text


async def offered(shop: Shop, **ways: object) -> dict[str, Any]:
    """A ticket from Hà Nội, which the agent there or the lead may take, offered to the first of them."""
    await team(shop, assignment="offer", **ways)
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", **HANOI})
    await shop.tick()
    return await shop.get(f"/v1/tickets/{ticket['id']}")


async def offers(shop: Shop, agent: str) -> list[dict[str, Any]]:
    answer = await shop.client.get(f"/v1/agents/{agent}/offers")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def only_offer(shop: Shop, agent: str) -> str:
    (found,) = await offers(shop, agent)
    return str(found["id"])


async def alerts(shop: Shop, ticket: dict[str, Any]) -> list[dict[str, Any]]:
    found = await shop.get(f"/v1/alerts?ticket={ticket['id']}")
    return [alert for alert in found["items"] if alert["metric"] == "routing"]


async def samples(shop: Shop) -> dict[str, float]:
    text = (await shop.client.get("/metrics")).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


async def test_an_offer_is_seen_by_its_agent_who_accepts_it(shop: Shop) -> None:
    ticket = await offered(shop)
    assert (ticket["offered_to"], ticket["assignee"]) == (HN, None)
    assert ticket["waiting_since"] is not None
    (offer,) = await offers(shop, HN)
    assert (offer["ticket_id"], offer["number"], offer["round"]) == (ticket["id"], ticket["number"], 1)
    assert (offer["offered_at"], offer["expires_at"]) == ("2026-03-02T02:00:00Z", "2026-03-02T02:01:00Z")
    assert await offers(shop, LEAD) == []
    seen = await routing_of(shop, ticket)
    assert (seen["mode"], seen["offered_to"], seen["offer_expires_at"]) == ("offer", HN, offer["expires_at"])
    assert (seen["last"]["outcome"], seen["last"]["agent"]) == ("offered", HN)
    taken = await shop.post(f"/v1/offers/{offer['id']}/accept", status=200)
    assert (taken["assignee"], taken["offered_to"], taken["status"]) == (HN, None, "open")
    assert (await routing_of(shop, ticket))["last"]["outcome"] == "assigned"
    assert await offers(shop, HN) == []
    history = await shop.events(ticket["id"])
    assert [line for line in history if "offer" in line or line == "assigned"] == [
        "offered",
        "offer_accepted",
        "assigned",
    ]
    seen = await samples(shop)
    assert seen['tickets_offers_total{step="offered"}'] == seen['tickets_offers_total{step="accepted"}'] == 1


async def test_an_open_offer_takes_its_agents_capacity_and_gives_it_back(shop: Shop) -> None:
    ticket = await offered(shop)
    assert (await loads(shop))[HN] == 1
    offer = await only_offer(shop, HN)
    await shop.post(f"/v1/offers/{offer}/accept", status=200)
    assert (await loads(shop))[HN] == 1
    await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
    assert (await loads(shop))[HN] == 0


async def test_nobody_is_offered_more_than_they_have_room_for(shop: Shop) -> None:
    """Two tickets, one last slot of capacity: the second waits though the first is only offered."""
    await set_presence(shop, "offline", HN, DN, HCM)
    await team(shop, assignment="offer")
    for _ in range(6):
        await shop.post("/v1/tickets", {"subject": "Tivi", **HANOI})
    await asyncio.gather(*(shop.tick() for _ in range(4)))
    assert len(await offers(shop, LEAD)) == (await loads(shop))[LEAD] == 4


async def test_a_declined_offer_goes_to_the_next_and_not_back_to_who_just_refused(shop: Shop) -> None:
    ticket = await offered(shop)
    await shop.post(f"/v1/offers/{await only_offer(shop, HN)}/decline", status=200)
    assert (await loads(shop))[HN] == 0
    await shop.tick()
    assert (await offers(shop, HN), len(await offers(shop, LEAD))) == ([], 1)
    seen = await routing_of(shop, ticket)
    assert (seen["refused"], seen["round"]) == ([HN], 1)
    assert [(each["reason"], each["agents"]) for each in seen["last"]["rejected"]][-1] == ("excluded", [HN])


async def test_silence_is_a_refusal_and_the_ticker_knows_when(shop: Shop) -> None:
    ticket = await offered(shop, offer_timeout="PT30S")
    await shop.pass_time(seconds=30)
    assert len(await offers(shop, HN)) == 1
    await shop.pass_time(seconds=1)
    assert (await offers(shop, HN), len(await offers(shop, LEAD))) == ([], 1)
    lines = (await shop.get(f"/v1/tickets/{ticket['id']}/events"))["items"]
    (expired,) = [line for line in lines if line["type"] == "offer_expired"]
    assert expired["occurred_at"] == "2026-03-02T02:00:30Z"
    assert (await loads(shop))[HN] == 0


async def test_after_the_last_round_the_lead_hears_once_and_people_decide(shop: Shop) -> None:
    ticket = await offered(shop, rounds=2)
    for _ in range(2):
        for agent in (HN, LEAD):
            await shop.post(f"/v1/offers/{await only_offer(shop, agent)}/decline", status=200)
            await shop.pass_time(seconds=0)
    assert [await offers(shop, agent) for agent in SALES] == [[], [], [], []]
    (alert,) = await alerts(shop, ticket)
    assert (alert["level"], alert["state"]) == ("refused", "open")
    assert alert["recipients"] == [f"agent:{LEAD}"]
    await shop.pass_time(minutes=10)
    assert len(await alerts(shop, ticket)) == 1
    history = await shop.events(ticket["id"])
    assert (history.count("offered"), history.count("routing.round_over")) == (4, 1)
    assert history.count("routing.refused") == 1
    stuck = await routing_of(shop, ticket)
    assert stuck["stuck"] == stuck["last"]["reason"]
    assert (await samples(shop))['tickets_routing_failures_total{cause="refused"}'] == 1
    await shop.post(f"/v1/tickets/{ticket['id']}/assign", {"agent": HN}, status=200)
    (alert,) = await alerts(shop, ticket)
    assert alert["state"] == "resolved"


async def test_who_asks_for_work_may_take_what_everybody_refused(shop: Shop) -> None:
    ticket = await offered(shop, rounds=1)
    for agent in (HN, LEAD):
        await shop.post(f"/v1/offers/{await only_offer(shop, agent)}/decline", status=200)
        await shop.pass_time(seconds=0)
    found = await ask(shop, HN)
    assert found
    assert (found["id"], found["stuck"]) == (ticket["id"], None)


async def test_who_refused_is_not_given_it_when_they_ask_for_work(shop: Shop) -> None:
    await offered(shop)
    await shop.post(f"/v1/offers/{await only_offer(shop, HN)}/decline", status=200)
    assert await ask(shop, HN) is None


async def test_what_everybody_refused_is_asked_anew_when_it_becomes_more_urgent(shop: Shop) -> None:
    ticket = await offered(shop, rounds=1)
    for agent in (HN, LEAD):
        await shop.post(f"/v1/offers/{await only_offer(shop, agent)}/decline", status=200)
        await shop.pass_time(seconds=0)
    await shop.post(f"/v1/tickets/{ticket['id']}/priority", {"priority": "urgent"}, status=200)
    await shop.tick()
    assert len(await offers(shop, HN)) == 1
    (alert,) = await alerts(shop, ticket)
    assert alert["state"] == "resolved"


async def test_an_agent_who_goes_away_loses_the_offer_without_blame(shop: Shop) -> None:
    ticket = await offered(shop)
    await set_presence(shop, "on_leave", HN)
    await shop.tick()
    assert len(await offers(shop, LEAD)) == 1
    assert (await routing_of(shop, ticket))["refused"] == []
    assert (await loads(shop))[HN] == 0
    assert "offer_withdrawn" in await shop.events(ticket["id"])


async def test_an_agent_who_has_gone_cannot_accept(shop: Shop) -> None:
    await offered(shop)
    await set_presence(shop, "offline", HN)
    refused = await shop.post(f"/v1/offers/{await only_offer(shop, HN)}/accept", status=409)
    assert refused["detail"].startswith(f"Agent {HN} is not online")


async def test_an_offer_that_is_over_says_what_became_of_it(shop: Shop) -> None:
    await offered(shop)
    offer = await only_offer(shop, HN)
    shop.instant += timedelta(minutes=1, microseconds=1)
    for _ in range(2):  # before the ticker has looked, and after
        refused = await shop.post(f"/v1/offers/{offer}/accept", status=409)
        assert refused["type"] == "urn:tickets:problem:offer-over"
        assert refused["detail"] == "The offer was not answered in time."
        await shop.tick()
    unknown = "00000000-0000-0000-0000-00000000ffff"
    await shop.post(f"/v1/offers/{unknown}/accept", status=404)


async def test_the_same_answer_twice_is_one_and_another_answer_is_refused(shop: Shop) -> None:
    ticket = await offered(shop)
    offer = await only_offer(shop, HN)
    for path, key in (("accept", "one"), ("accept", "one"), ("accept", "two")):
        headers = {"Idempotency-Key": key}
        taken = await shop.post(f"/v1/offers/{offer}/{path}", status=200, headers=headers)
        assert taken["assignee"] == HN
    refused = await shop.post(f"/v1/offers/{offer}/decline", status=409)
    assert refused["detail"] == "The offer was accepted."
    assert (await shop.events(ticket["id"])).count("assigned") == 1
    assert (await loads(shop))[HN] == 1


async def test_accepting_and_declining_at_once_does_one_of_them(shop: Shop) -> None:
    ticket = await offered(shop)
    offer = await only_offer(shop, HN)
    paths = ["accept", "decline"] * 4
    answers = await asyncio.gather(*(shop.client.post(f"/v1/offers/{offer}/{path}") for path in paths))
    said = {path for path, answer in zip(paths, answers, strict=True) if answer.status_code == 200}
    assert len(said) == 1
    history = await shop.events(ticket["id"])
    assert (history.count("offer_accepted"), history.count("offer_declined")) in {(1, 0), (0, 1)}


async def test_any_number_of_tickers_ends_an_offer_once(shop: Shop) -> None:
    ticket = await offered(shop)
    shop.instant += timedelta(minutes=2)
    house = shop.app.parts.house
    changes = await asyncio.gather(*(take_back(house, shop.instant) for _ in range(8)))
    assert sum(map(len, changes)) == 1
    assert (await shop.events(ticket["id"])).count("offer_expired") == 1
    assert (await loads(shop))[HN] == 0


async def test_a_ticket_given_away_by_hand_takes_the_offer_back(shop: Shop) -> None:
    ticket = await offered(shop)
    offer = await only_offer(shop, HN)
    await shop.post(f"/v1/tickets/{ticket['id']}/assign", {"agent": LEAD}, status=200)
    assert ((await loads(shop))[HN], (await loads(shop))[LEAD]) == (0, 1)
    refused = await shop.post(f"/v1/offers/{offer}/accept", status=409)
    assert refused["detail"] == "The offer was withdrawn."


async def test_a_ticket_given_by_hand_to_who_is_asked_is_an_accepted_offer(shop: Shop) -> None:
    ticket = await offered(shop)
    await shop.post(f"/v1/tickets/{ticket['id']}/assign", {"agent": HN}, status=200)
    assert "offer_accepted" in await shop.events(ticket["id"])
    assert (await loads(shop))[HN] == 1


async def test_a_ticket_solved_while_it_is_offered_frees_who_was_asked(shop: Shop) -> None:
    ticket = await offered(shop)
    await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
    await shop.pass_time(minutes=5)
    assert (await loads(shop))[HN] == 0
    assert (await shop.events(ticket["id"])).count("offer_withdrawn") == 1


async def test_me_is_the_agent_the_key_acts_as_and_answers_for_nobody_else(shop: Shop) -> None:
    await offered(shop)
    offer = await only_offer(shop, HN)
    scopes = ["tickets:read", "tickets:write"]
    keys = {
        agent: (await shop.post("/v1/api-keys", {"name": agent, "scopes": scopes, "agent": agent}))["key"]
        for agent in (HN, LEAD)
    }
    as_agent = {agent: {"Authorization": f"Bearer {key}"} for agent, key in keys.items()}
    mine = (await shop.client.get("/v1/agents/me/offers", headers=as_agent[HN])).json()
    assert [each["id"] for each in mine] == [offer]
    await shop.post(f"/v1/offers/{offer}/accept", status=403, headers=as_agent[LEAD])
    await shop.post(f"/v1/offers/{offer}/accept", status=200, headers=as_agent[HN])
    shown = await shop.client.put("/v1/agents/me/presence", json={"presence": "away"}, headers=as_agent[HN])
    assert shown.status_code == 200
    assert (await shop.client.post("/v1/agents/me/next", headers=as_agent[HN])).status_code == 204
    nobody = await shop.post("/v1/agents/me/next", status=422)
    assert nobody["errors"][0]["parameter"] == "key"
