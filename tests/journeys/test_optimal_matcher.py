"""A desk may have what waits weighed as a whole; who is there, able and has room is asked as ever."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.bench.request import record
from tests.burst_desk import arrive, desk_of, people
from tests.faults.audit import WATCH, must_have_been_lawful
from tests.faults.order import must_hold_what_is_theirs
from tests.journeys.conftest import Shop
from tests.journeys.test_asking_for_work import ask
from tests.journeys.test_bad_input import problem
from tests.journeys.test_offers import only_offer, team
from tests.journeys.test_rerouting import read, rule
from tests.journeys.test_routing_what_if import supposed
from tests.journeys.test_shifts import put
from tests.journeys.test_why_this_agent import HN, LEAD, SALES, routing_of, set_presence
from tests.routing.bursts import RULES

from tickets.application.assignments.route_waiting import route_waiting
from tickets.application.publish import apply_file
from tickets.bootstrap import wired
from tickets.settings import read_settings

AGENTS, TICKETS, ROUTERS = 30, 250, 3
WEIGHED = f"{HN} is one of 2 candidates, chosen so that all who wait come off best (optimal)."
_GIVEN = "SELECT assignee, tags[1], region, language, routing FROM ticket WHERE assignee IS NOT NULL"


async def choose(shop: Shop, matcher: str) -> None:
    await put(shop, "settings/desk", await shop.get("/v1/desk/settings/desk") | {"matcher": matcher})


async def two_sellers(shop: Shop) -> None:
    """Each has room for one; both know selling, the lead alone knows appliances, and sells better."""
    await set_presence(shop, "offline", *(set(SALES) - {HN, LEAD}))
    for agent in (HN, LEAD):
        await put(shop, f"agents/{agent}", await shop.get(f"/v1/desk/agents/{agent}") | {"capacity": 1})
    selling, appliances = {"skill": "sales", "level": 3}, {"skill": "appliances", "level": 4}
    await rule(shop, "everything-else", order=100, team="sales", match_region=False, skills=[selling])
    hard = {"when": {"tags": ["hard"]}, "match_region": False, "skills": [appliances]}
    await rule(shop, "hard", order=1, team="sales", **hard)


async def easy_and_hard(shop: Shop) -> list[dict[str, Any]]:
    """The easy one is more urgent: it chooses first."""
    easy = await shop.post("/v1/tickets", {"subject": "Tivi", "priority": "urgent"})
    hard = await shop.post("/v1/tickets", {"subject": "Máy giặt", "tags": ["hard"]})
    await shop.tick()
    return [await read(shop, easy), await read(shop, hard)]


async def test_the_optimal_matcher_leaves_the_only_one_who_can_to_the_other_ticket(shop: Shop) -> None:
    await two_sellers(shop)
    await choose(shop, "optimal")
    easy, hard = await easy_and_hard(shop)
    assert (easy["assignee"], hard["assignee"]) == (HN, LEAD)
    last = (await routing_of(shop, easy))["last"]
    assert (last["matcher"], last["reason"]) == ("optimal", WEIGHED)
    assert [each["agent"] for each in last["candidates"]] == [LEAD, HN]


async def test_a_desk_that_says_nothing_gives_each_in_turn_the_best(shop: Shop) -> None:
    assert (await shop.get("/v1/desk/settings/desk"))["matcher"] == "greedy"
    await two_sellers(shop)
    easy, hard = await easy_and_hard(shop)
    assert (easy["assignee"], hard["assignee"]) == (LEAD, None)
    assert (await routing_of(shop, easy))["last"]["matcher"] == "greedy"
    assert (await routing_of(shop, hard))["last"]["matcher"] is None


async def test_a_ticket_that_competes_with_nobody_goes_to_the_first_and_a_preview_says_so(shop: Shop) -> None:
    await two_sellers(shop)
    await choose(shop, "optimal")
    placed = await shop.post("/v1/routing/preview", {}, status=200)
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi"})
    await shop.tick()
    last = (await routing_of(shop, ticket))["last"]
    assert (last["agent"], last["matcher"]) == (LEAD, "greedy")
    assert placed["decision"] == last


async def test_a_team_that_offers_asks_whom_the_matcher_chose_and_the_other_when_they_decline(
    shop: Shop,
) -> None:
    await two_sellers(shop)
    await choose(shop, "optimal")
    await team(shop, assignment="offer", offer_timeout="PT30M")
    easy, hard = await easy_and_hard(shop)
    assert (easy["offered_to"], hard["offered_to"]) == (HN, LEAD)
    assert (await routing_of(shop, easy))["last"]["matcher"] == "optimal"
    await shop.post(f"/v1/offers/{await only_offer(shop, HN)}/decline", status=200)
    await shop.post(f"/v1/offers/{await only_offer(shop, LEAD)}/accept", status=200)
    await shop.tick()
    easy, hard = await read(shop, easy), await read(shop, hard)
    assert (hard["assignee"], easy["assignee"], easy["offered_to"]) == (LEAD, None, None)
    assert (await routing_of(shop, hard))["last"]["matcher"] == "optimal"


async def test_who_asks_for_work_gets_the_most_urgent_they_may_take_whatever_the_matcher(shop: Shop) -> None:
    await two_sellers(shop)
    await choose(shop, "optimal")
    await team(shop, assignment="pull")
    easy, hard = await easy_and_hard(shop)
    assert (easy["assignee"], hard["assignee"]) == (None, None)
    found = await ask(shop, LEAD)
    assert found
    assert found["id"] == easy["id"]
    last = (await routing_of(shop, easy))["last"]
    assert (last["matcher"], last["reason"]) == (
        None,
        f"{LEAD} asked for work, and may take nothing more urgent.",
    )


async def test_what_if_weighs_one_matcher_against_the_other(shop: Shop) -> None:
    """Both come at nine and are an hour's work: in turn the second waits an hour for the lead."""
    await two_sellers(shop)
    for agent in set(SALES) - {HN, LEAD}:
        await put(shop, f"agents/{agent}", await shop.get(f"/v1/desk/agents/{agent}") | {"capacity": 0})
    tickets = await easy_and_hard(shop)
    for ticket in tickets:
        await shop.pass_time(hours=1)
        await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
    await shop.pass_time(hours=12)
    rows = {row["priority"]: row for row in (await supposed(shop, matcher="optimal"))["rows"]}
    assert [rows["normal"][side]["longest"] for side in ("really", "before", "after")] == [
        "PT1H",
        "PT1H",
        "PT0S",
    ]
    assert rows["urgent"]["after"]["longest"] == "PT0S"
    await choose(shop, "optimal")
    rows = {row["priority"]: row for row in (await supposed(shop, matcher="greedy"))["rows"]}
    assert [rows["normal"][side]["longest"] for side in ("before", "after")] == ["PT0S", "PT1H"]


async def test_a_word_that_is_no_matcher_is_refused_where_it_stands(shop: Shop) -> None:
    settings = await shop.get("/v1/desk/settings/desk")
    answer = await shop.client.put("/v1/desk/settings/desk", json=settings | {"matcher": "optimum"})
    problem(answer, 422, "/matcher")
    assert "'optimum' is none of greedy, optimal; did you mean 'optimal'?" in answer.text


@pytest.mark.parametrize("batch", [40, 200])
async def test_many_routers_keep_to_capacity_skill_and_one_assignee_when_they_weigh(
    tmp_path: Path, database_url: str, batch: int
) -> None:
    """A burst, some of it heavy, on more than there is room for; each router weighs what it has claimed."""
    agents = {agent.key: agent for agent in people(AGENTS)}
    settings = read_settings({"TICKETS_DATA_DIR": str(tmp_path)})
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(wired(settings, database_url)) for _ in range(ROUTERS)]
        engine, now = apps[0].engine, apps[0].parts.now
        await apply_file(apps[0].parts.desks, desk_of(list(agents.values()), matcher="optimal"), now())
        await arrive(engine, TICKETS, (await record(database_url)).ticket)
        await engine.execute(WATCH)
        for _ in range(2):
            await asyncio.gather(
                *(route_waiting(app.parts.house, now(), everyone=True, batch=batch) for app in apps)
            )
        given = await engine.fetch(_GIVEN)
    rules = {rule.key: rule for rule in RULES}
    for agent, tag, region, language, routing in given:
        found = agents[agent]
        assert all(found.skills.get(wish.skill, 0) >= wish.level for wish in rules[tag].skills)
        assert {region, "vn"} & set(found.regions)
        assert language in found.languages
        assert json.loads(routing)["matcher"] in {"optimal", "greedy"}
    assert "optimal" in {json.loads(routing)["matcher"] for *_, routing in given}
    database = await asyncpg.connect(database_url)
    try:
        await must_hold_what_is_theirs(database)
        assert (await must_have_been_lawful(database, agents)).by_router == len(given) > AGENTS
    finally:
        await database.close()
