"""What bit other routers, against the whole service; `tests/routing/test_pitfalls.py` asks the library alone.

Where the others stand: the backlog drains when an agent comes, capacity frees, a skill is added, a shift
begins (`test_rerouting`, `test_shifts`); solved, closed, merged, spam and erased tickets (`test_rerouting`,
`test_merging_tickets`, `test_erasing_customers`, here); a requirement nobody can meet (`test_rerouting`); who
refused, and the cap (`test_offers`); who retires, leaves the team, goes on leave, ends their shift, holding
tickets (`test_hand_back`, `test_shifts`), being offered one (here).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.faults.order import must_hold_what_is_theirs
from tests.journeys.conftest import Shop
from tests.journeys.test_asking_for_work import loads
from tests.journeys.test_offers import alerts, offers, only_offer, team
from tests.journeys.test_rerouting import AN, HANOI, opened, read, rule
from tests.journeys.test_shifts import EARLY, put, works_in
from tests.journeys.test_why_this_agent import HCM, HN, LEAD, SALES, routing_of, set_presence

from tickets.bootstrap import Application, wired
from tickets.settings import read_settings

ELEVEN_57 = datetime(2026, 3, 2, 4, 57, tzinfo=UTC)
"""Three minutes before a shift till noon ends, in Hà Nội."""


@asynccontextmanager
async def other_process(shop: Shop, database_url: str, folder: Path) -> AsyncIterator[Application]:
    """The service started once more on the same database: it remembers nothing but what is stored."""
    settings = read_settings({"TICKETS_DATA_DIR": str(folder)})
    async with wired(settings, database_url, now=shop.now, new_id=shop.new_id) as app:
        yield app


async def alike(shop: Shop, strategy: str) -> None:
    """The sales team as four of the same kind."""
    await rule(shop, "everything-else", order=100, team="sales", match_region=False, strategy=strategy)
    for agent in SALES:
        body = await shop.get(f"/v1/desk/agents/{agent}")
        await put(shop, f"agents/{agent}", body | {"capacity": 8, "skills": {}, "regions": []})


async def given_after_restarts(
    shop: Shop, database_url: str, folder: Path, tickets: int
) -> list[dict[str, Any]]:
    """So many tickets, a minute apart, each routed by a process that has just been started."""
    found = []
    for _ in range(tickets):
        shop.instant += timedelta(minutes=1)
        ticket = await shop.post("/v1/tickets", {"subject": "Tivi"})
        async with other_process(shop, database_url, folder) as app:
            await app.ticker.step(shop.instant, everyone=True)
        found.append(await shop.get(f"/v1/tickets/{ticket['id']}"))
    return found


def agents(tickets: Sequence[dict[str, Any]]) -> list[str]:
    return [ticket["assignee"] for ticket in tickets]


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded"])
async def test_turns_are_kept_though_the_process_restarts_before_each(
    shop: Shop, database_url: str, tmp_path: Path, strategy: str
) -> None:
    await alike(shop, strategy)
    first = await given_after_restarts(shop, database_url, tmp_path, 4)
    assert sorted(agents(first)) == sorted(SALES)
    assert agents(await given_after_restarts(shop, database_url, tmp_path, 4)) == agents(first)


async def test_who_is_idle_longest_is_known_though_the_process_restarts(
    shop: Shop, database_url: str, tmp_path: Path
) -> None:
    await alike(shop, "longest_idle")
    first = await given_after_restarts(shop, database_url, tmp_path, 4)
    assert sorted(agents(first)) == sorted(SALES)
    finished = [first[n] for n in (2, 0, 3, 1)]
    for ticket in finished:
        shop.instant += timedelta(minutes=1)
        await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
    again = await given_after_restarts(shop, database_url, tmp_path, 4)
    assert agents(again) == agents(finished)


async def test_two_routers_with_two_tickets_and_one_last_slot_give_out_one(
    shop: Shop, database_url: str, tmp_path: Path
) -> None:
    await set_presence(shop, "offline", *(set(SALES) - {HN}))
    await put(shop, f"agents/{HN}", await shop.get(f"/v1/desk/agents/{HN}") | {"capacity": 1})
    async with (
        other_process(shop, database_url, tmp_path) as one,
        other_process(shop, database_url, tmp_path) as other,
    ):
        for _ in range(5):
            tickets = [await shop.post("/v1/tickets", {"subject": "Tivi", **HANOI}) for _ in range(2)]
            await asyncio.gather(*(app.ticker.step(shop.instant, everyone=True) for app in (one, other) * 2))
            held = [ticket for ticket in tickets if (await read(shop, ticket))["assignee"] == HN]
            assert len(held) == 1
            assert (await loads(shop))[HN] == 1
            for ticket in tickets:
                await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)


async def test_what_came_while_the_router_was_on_its_way_is_not_given_before_it_came(shop: Shop) -> None:
    set_out = shop.instant
    shop.instant += timedelta(milliseconds=80)
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", **HANOI})
    await shop.app.ticker.step(set_out, everyone=True)
    lines = (await shop.get(f"/v1/tickets/{ticket['id']}/events"))["items"]
    when = [datetime.fromisoformat(line["occurred_at"]) for line in lines]
    assert "assigned" in [line["type"] for line in lines]
    assert min(when) == when[0] == shop.instant


async def test_nobody_unavailable_is_assigned_however_long_it_waits_and_it_is_not_silent(shop: Shop) -> None:
    for presence, agent in zip(("away", "offline", "on_leave", "offline"), SALES, strict=True):
        await set_presence(shop, presence, agent)
    ticket = await opened(shop, priority="urgent", **HANOI)
    await shop.pass_time(hours=30)
    after = await read(shop, ticket)
    assert (after["assignee"], after["offered_to"]) == (None, None)
    raised = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert raised  # its promises are broken meanwhile: somebody heard
    queue = next(one for one in (await shop.get("/v1/queues"))["queues"] if one["team"] == "sales")
    assert (queue["waiting"], queue["overdue"]) == (1, 1)


async def test_an_erased_customers_ticket_is_never_routed(shop: Shop) -> None:
    await set_presence(shop, "offline", *SALES)
    ticket = await opened(shop, customer=AN, **HANOI)
    customer = ticket["customer"]["id"]
    await shop.post(f"/v1/customers/{customer}/erase", {"confirm": customer}, status=202)
    while await shop.app.jobs.step(shop.instant):
        pass
    await set_presence(shop, "online", *SALES)
    await shop.pass_time(hours=1)
    assert "assigned" not in await shop.events(ticket["id"])
    assert (await read(shop, ticket))["status"] == "closed"


async def test_who_refused_is_not_asked_again_by_a_process_that_has_just_started(
    shop: Shop, database_url: str, tmp_path: Path
) -> None:
    await team(shop, assignment="offer", rounds=1)
    await set_presence(shop, "offline", HCM)
    ticket = await opened(shop, **HANOI)
    asked = []
    while (agent := (await read(shop, ticket))["offered_to"]) is not None:
        asked.append(agent)
        await shop.post(f"/v1/offers/{await only_offer(shop, agent)}/decline", status=200)
        async with other_process(shop, database_url, tmp_path) as app:
            await app.ticker.step(shop.instant, everyone=True)
    assert sorted(asked) == sorted({*asked}) == sorted((HN, LEAD))
    assert [alert["level"] for alert in await alerts(shop, ticket)] == ["refused"]


# Who is asked, and goes.


async def asked(shop: Shop) -> dict[str, Any]:
    """A ticket offered to the agent in Hà Nội for half an hour; nobody else is there."""
    await team(shop, assignment="offer", offer_timeout="PT30M")
    await set_presence(shop, "offline", *(set(SALES) - {HN}))
    ticket = await opened(shop, **HANOI)
    assert ticket["offered_to"] == HN
    return ticket


async def must_be_taken_back(shop: Shop, ticket: dict[str, Any], database_url: str) -> None:
    """It was withdrawn once, without blame, and takes nobody's room."""
    await shop.tick()
    await shop.tick()
    assert (await read(shop, ticket))["offered_to"] is None
    assert (await shop.events(ticket["id"])).count("offer_withdrawn") == 1
    assert (await routing_of(shop, ticket))["refused"] == []
    database = await asyncpg.connect(database_url)
    await must_hold_what_is_theirs(database)
    assert await database.fetchval("SELECT load FROM agent_state WHERE key = $1", HN) == 0
    await database.close()


async def test_an_agent_retired_while_asked_is_asked_no_more(shop: Shop, database_url: str) -> None:
    ticket = await asked(shop)
    assert (await shop.client.delete(f"/v1/desk/agents/{HN}")).status_code == 204
    await must_be_taken_back(shop, ticket, database_url)


async def test_an_agent_who_leaves_the_team_while_asked_is_asked_no_more(
    shop: Shop, database_url: str
) -> None:
    ticket = await asked(shop)
    await put(shop, f"agents/{HN}", await shop.get(f"/v1/desk/agents/{HN}") | {"teams": ["warranty"]})
    await must_be_taken_back(shop, ticket, database_url)


async def test_an_agent_who_goes_on_a_planned_leave_while_asked_is_asked_no_more(
    shop: Shop, database_url: str
) -> None:
    ticket = await asked(shop)
    times = [(shop.instant + timedelta(hours=n)).isoformat() for n in (0, 24)]
    leave = {"starts_at": times[0], "ends_at": times[1]}
    assert (await shop.client.put(f"/v1/agents/{HN}/leave", json=leave)).status_code == 200
    await must_be_taken_back(shop, ticket, database_url)


async def test_an_agent_whose_shift_ends_while_asked_is_asked_no_more_from_that_instant(
    shop: Shop, database_url: str
) -> None:
    await team(shop, assignment="offer", offer_timeout="PT30M")
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    shop.instant = ELEVEN_57 - timedelta(minutes=7)
    ticket = await opened(shop, **HANOI)
    shop.instant = ELEVEN_57 + timedelta(minutes=2, seconds=59)
    await shop.tick()
    assert (await read(shop, ticket))["offered_to"] == HN
    shop.instant += timedelta(seconds=1)
    offer = await only_offer(shop, HN)
    refused = await shop.post(f"/v1/offers/{offer}/accept", status=409)  # whether a ticker has looked or not
    assert "shift" in refused["detail"]
    await must_be_taken_back(shop, ticket, database_url)
    assert await offers(shop, HN) == []


async def test_an_agent_whose_shift_ends_in_three_minutes_is_asked_nothing(shop: Shop) -> None:
    await team(shop, assignment="offer")
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    shop.instant = ELEVEN_57
    ticket = await opened(shop, **HANOI)
    assert ticket["offered_to"] is None


# A team that is no more.


async def retire(shop: Shop, *, keeping: Sequence[str] = ()) -> None:
    """The sales team is retired from the desk, and with it all that refers to it."""
    for agent in (await shop.client.get("/v1/desk/agents")).json():
        if "sales" in agent["teams"]:
            teams = ["warranty"] if agent["key"] in keeping else []
            await put(shop, f"agents/{agent['key']}", agent | {"teams": teams})
    for order, key in ((40, "hotline"), (100, "everything-else")):
        await rule(shop, key, order=order, team="warranty")
    answer = await shop.client.delete("/v1/desk/teams/sales")
    assert answer.status_code == 204, answer.text


async def test_what_waits_for_a_team_that_is_retired_goes_where_the_rules_send_it_now(shop: Shop) -> None:
    await set_presence(shop, "offline", *SALES)
    waits = await opened(shop, **HANOI)
    since = waits["waiting_since"]
    await shop.pass_time(minutes=10)
    await retire(shop)
    await shop.tick()
    await shop.tick()
    after = await read(shop, waits)
    assert after["team"] == "warranty"
    assert after["assignee"] is not None
    history = (await shop.get(f"/v1/tickets/{waits['id']}/events"))["items"]
    [moved] = [line["data"] for line in history if line["type"] == "team_changed"]
    assert moved == {"before": "sales", "after": "warranty", "why": "retired"}
    assert since == waits["opened_at"]  # its age goes with it


async def test_who_has_a_ticket_of_a_team_that_is_retired_keeps_it_and_when_it_waits_again_it_goes_on(
    shop: Shop,
) -> None:
    ticket = await opened(shop, **HANOI)
    assert ticket["assignee"] == HN
    await retire(shop, keeping=(HN,))
    await shop.tick()
    assert (await read(shop, ticket))["assignee"] == HN
    await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
    await set_presence(shop, "offline", HN)
    await shop.post(f"/v1/tickets/{ticket['id']}/reopen", status=200)
    await shop.tick()
    await shop.tick()
    after = await read(shop, ticket)
    assert after["team"] == "warranty"
    assert after["assignee"].startswith("warranty-")
