"""Agents go while they hold tickets: retired, out of the team, on leave, away, at the end of a shift."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.faults.order import must_hold_what_is_theirs
from tests.journeys.conftest import Shop
from tests.journeys.test_presence import AT, alone, history, iso, says
from tests.journeys.test_shifts import EARLY, HN, agent, assignee, comes, put, works_in

OTHER = "sales-lead"


async def team(shop: Shop, **changed: object) -> None:
    await put(shop, "teams/sales", await shop.get("/v1/desk/teams/sales") | changed)


async def held(shop: Shop) -> str:
    """A ticket that the one agent who is there holds."""
    await alone(shop, beats=False)
    ticket = await comes(shop)
    await shop.tick()
    assert await assignee(shop, ticket) == HN
    await shop.pass_time(minutes=10)
    return ticket


async def handed_back(shop: Shop, ticket: str) -> list[dict[str, Any]]:
    events = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    return [one["data"] for one in events if one["type"] == "handed_back"]


async def why(shop: Shop, ticket: str) -> list[str]:
    return [data["why"] for data in await handed_back(shop, ticket)]


async def test_who_is_retired_holds_nothing_any_more(shop: Shop) -> None:
    ticket = await held(shop)
    assert (await shop.client.delete(f"/v1/desk/agents/{HN}")).status_code == 204
    await shop.tick()
    await shop.tick()
    assert (await assignee(shop, ticket), await why(shop, ticket)) == (None, ["retired"])


@pytest.mark.parametrize(("policy", "after"), [("hand_back", ["left_team"]), ("keep", [])])
async def test_who_leaves_the_team_keeps_its_tickets_or_not_as_the_team_says(
    shop: Shop, policy: str, after: list[str]
) -> None:
    await team(shop, on_leave=policy)
    ticket = await held(shop)
    await put(shop, f"agents/{HN}", await shop.get(f"/v1/desk/agents/{HN}") | {"teams": ["warranty"]})
    await shop.tick()
    assert await why(shop, ticket) == after
    assert await assignee(shop, ticket) == (None if after else HN)


@pytest.mark.parametrize(("policy", "after"), [("hand_back", ["on_leave"]), ("keep", [])])
async def test_who_goes_on_leave_keeps_their_tickets_or_not_as_the_team_says(
    shop: Shop, policy: str, after: list[str]
) -> None:
    await team(shop, on_leave=policy)
    ticket = await held(shop)
    await says(shop, HN, presence="on_leave")
    await shop.tick()
    assert await why(shop, ticket) == after


async def test_what_is_handed_back_keeps_its_age_and_goes_to_who_is_there(shop: Shop) -> None:
    await team(shop, on_leave="hand_back")
    given = shop.instant
    ticket = await held(shop)
    await says(shop, HN, presence="on_leave")
    await shop.app.ticker.step(shop.instant, everyone=True)
    seen = await shop.get(f"/v1/tickets/{ticket}")
    assert datetime.fromisoformat(seen["waiting_since"]) == given
    await says(shop, OTHER, presence="online")
    await shop.tick()
    assert await assignee(shop, ticket) == OTHER
    assert await handed_back(shop, ticket) == [{"agent": HN, "why": "on_leave", "since": iso(given)}]


async def test_who_is_away_too_long_loses_their_tickets_never_early(shop: Shop) -> None:
    await team(shop, away_limit="PT30M")
    ticket = await held(shop)
    await says(shop, HN, presence="away")
    await shop.pass_time(minutes=29, seconds=59)
    assert await why(shop, ticket) == []
    await shop.pass_time(seconds=1)
    assert await why(shop, ticket) == ["away"]


async def test_away_goes_on_when_away_becomes_offline(shop: Shop) -> None:
    """Whether somebody said so, or their program fell silent."""
    await team(shop, away_limit="PT30M")
    ticket = await held(shop)
    await says(shop, HN, presence="away", beats=True)
    await shop.pass_time(minutes=20)  # it ran out after two
    assert (await agent(shop))["presence"] == "offline"
    await says(shop, HN, presence="away")
    await shop.pass_time(minutes=5)
    await says(shop, HN, presence="offline")
    await shop.pass_time(minutes=4, seconds=59)
    assert await why(shop, ticket) == []
    await shop.pass_time(seconds=1)
    assert await why(shop, ticket) == ["away"]


async def test_who_comes_back_in_between_begins_anew_and_a_leave_is_not_counted(shop: Shop) -> None:
    await team(shop, away_limit="PT30M", on_leave="keep")
    ticket = await held(shop)
    for presence, minutes in (
        ("away", 25),
        ("online", 1),
        ("offline", 25),
        ("on_leave", 60),
        ("offline", 29),
    ):
        await says(shop, HN, presence=presence)
        await shop.pass_time(minutes=minutes)
        assert await why(shop, ticket) == []
    await shop.pass_time(minutes=1)
    assert await why(shop, ticket) == ["away"]


async def test_away_is_counted_in_the_agents_shift(shop: Shop) -> None:
    await team(shop, away_limit="PT2H")
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)  # until noon
    shop.instant = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # eleven
    ticket = await comes(shop)
    await shop.tick()
    await says(shop, HN, presence="offline")
    await shop.pass_time(hours=20)
    assert await why(shop, ticket) == []
    shop.instant = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # nine: an hour yesterday, an hour today
    await shop.tick()
    assert await why(shop, ticket) == ["away"]


async def test_whose_shift_ends_in_three_minutes_keeps_what_they_have_and_is_given_no_more(
    shop: Shop,
) -> None:
    await team(shop, on_leave="hand_back", away_limit="PT1H")
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    first = await comes(shop)
    await shop.tick()
    shop.instant = datetime(2026, 3, 2, 4, 57, tzinfo=UTC)
    second = await comes(shop)
    await shop.pass_time(hours=10)
    assert (await assignee(shop, first), await assignee(shop, second)) == (HN, None)


async def test_tickers_at_once_hand_each_back_once(shop: Shop, database_url: str) -> None:
    await team(shop, on_leave="hand_back")
    await alone(shop, beats=False)
    tickets = [await comes(shop) for _ in range(8)]
    await shop.tick()
    assert (await agent(shop))["load"] == 8
    await says(shop, HN, presence="on_leave")
    await asyncio.gather(*(shop.app.ticker.step(shop.instant, everyone=True) for _ in range(6)))
    assert [await why(shop, ticket) for ticket in tickets] == [["on_leave"]] * 8
    database = await asyncpg.connect(database_url)
    await must_hold_what_is_theirs(database)
    await database.close()


async def leaves(shop: Shop, starts_at: datetime, ends_at: datetime) -> int:
    body = {"starts_at": iso(starts_at), "ends_at": iso(ends_at)}
    return (await shop.client.put(f"{AT}/leave", json=body)).status_code


async def test_a_planned_leave_begins_and_ends_by_itself(shop: Shop) -> None:
    await team(shop, on_leave="hand_back")
    ticket = await held(shop)
    begins, ends = shop.instant + timedelta(hours=1), shop.instant + timedelta(days=7)
    assert await leaves(shop, begins, ends) == 200
    assert (await agent(shop))["leave"] == {"starts_at": iso(begins), "ends_at": iso(ends)}
    await shop.pass_time(minutes=59, seconds=59)
    assert await assignee(shop, ticket) == HN
    await shop.pass_time(seconds=1)
    assert await why(shop, ticket) == ["on_leave"]
    await shop.pass_time(days=8)
    assert await assignee(shop, ticket) is None
    assert (await history(shop))[:2] == [
        ("leave_ended", "offline", iso(ends)),
        ("leave_began", "on_leave", iso(begins)),
    ]
    assert (await agent(shop))["leave"] is None


async def test_nobody_on_a_planned_leave_is_given_anything_though_no_ticker_has_looked(shop: Shop) -> None:
    await alone(shop)
    assert await leaves(shop, shop.instant + timedelta(minutes=1), shop.instant + timedelta(hours=1)) == 200
    for minutes, presence in ((1, "on_leave"), (70, "offline")):
        shop.instant += timedelta(minutes=minutes)
        ticket = await comes(shop)
        assert (await agent(shop))["presence"] == presence
        assert (await shop.client.post(f"{AT}/next")).status_code == 204
        by_hand = await shop.client.post(f"/v1/tickets/{ticket}/assign", json={"agent": HN})
        assert by_hand.status_code == 409
        assert (await shop.client.post(f"{AT}/heartbeat")).status_code == 409


async def test_who_comes_back_early_calls_the_leave_off(shop: Shop) -> None:
    await alone(shop)
    assert await leaves(shop, shop.instant, shop.instant + timedelta(days=1)) == 200
    online = {"presence": "online"}
    assert (await shop.client.put(f"{AT}/presence", json=online)).status_code == 409
    assert (await shop.client.delete(f"{AT}/leave")).status_code == 204
    assert (await agent(shop))["presence"] == "offline"
    assert (await shop.client.put(f"{AT}/presence", json=online)).status_code == 200
    assert [why for why, *_ in await history(shop)][:3] == ["set", "leave_cancelled", "leave_began"]


async def test_a_leave_that_cannot_be_is_refused(shop: Shop) -> None:
    now = shop.instant
    assert await leaves(shop, now + timedelta(days=1), now) == 422
    assert await leaves(shop, now - timedelta(days=2), now - timedelta(days=1)) == 422
    for first, last in (
        ("0001-01-01", "9999-12-31"),
        ("2026-01-01", "2029-01-03"),
        ("2036-01-01", "2036-04-01"),
    ):
        body = {"starts_at": f"{first}T00:00:00+14:00", "ends_at": f"{last}T23:59:59-14:00"}
        assert (await shop.client.put(f"{AT}/leave", json=body)).status_code == 422, body
    assert (await shop.client.delete("/v1/agents/nobody/leave")).status_code == 404
    answer = await shop.client.put(
        "/v1/desk/teams/sales", json=await shop.get("/v1/desk/teams/sales") | {"away_limit": "soon"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/away_limit")
