"""Agents work in shifts, in their own time zone, and nothing is given to who is not there to do it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.journeys.conftest import Shop

HN = "sales-hn-1"
EARLY = [["08:00", "12:00"]]
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


async def works_in(shop: Shop, timezone: str, hours: list[list[str]], agent: str = HN) -> None:
    """Everybody but this agent goes; the agent works these hours every day."""
    for one in (await shop.client.get("/v1/agents")).json():
        presence = {"presence": "online" if one["key"] == agent else "offline"}
        (await shop.client.put(f"/v1/agents/{one['key']}/presence", json=presence)).raise_for_status()
    await put(shop, "calendars/early", {"timezone": timezone, "hours": dict.fromkeys(WEEK, hours)})
    await put(shop, f"agents/{agent}", await shop.get(f"/v1/desk/agents/{agent}") | {"shift": "early"})


async def put(shop: Shop, at: str, body: dict[str, Any]) -> None:
    answer = await shop.client.put(f"/v1/desk/{at}", json=body)
    assert answer.status_code == 200, answer.text


async def comes(shop: Shop) -> str:
    return str((await shop.post("/v1/tickets", {"subject": "Tivi", "region": "vn-hn"}))["id"])


async def assignee(shop: Shop, ticket: str) -> str | None:
    found: str | None = (await shop.get(f"/v1/tickets/{ticket}"))["assignee"]
    return found


async def assigned_at(shop: Shop, ticket: str) -> datetime:
    events = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    return next(datetime.fromisoformat(one["occurred_at"]) for one in events if one["type"] == "assigned")


async def agent(shop: Shop, key: str = HN) -> dict[str, Any]:
    return next(one for one in (await shop.client.get("/v1/agents")).json() if one["key"] == key)


async def test_the_backlog_drains_at_the_instant_the_shift_begins_without_anybody_ringing(shop: Shop) -> None:
    shop.instant = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)  # 07:30 in Hà Nội
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    tickets = [await comes(shop) for _ in range(3)]
    begins = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    looked = []
    while (due := await shop.app.parts.house.tickets.next_instant()) is not None and due <= begins:
        looked.append(due)
        await shop.app.ticker.step(due, everyone=False)
    assert looked[-1] == begins
    assert {await assignee(shop, ticket) for ticket in tickets} == {HN}
    assert {await assigned_at(shop, ticket) for ticket in tickets} == {begins}


@pytest.mark.parametrize(("minute", "gets"), [(54, HN), (55, None), (59, None)])
async def test_who_leaves_in_minutes_is_not_given_what_they_could_not_begin(
    shop: Shop, minute: int, gets: str | None
) -> None:
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    shop.instant = datetime(2026, 3, 2, 4, minute, tzinfo=UTC)
    ticket = await comes(shop)
    await shop.tick()
    assert await assignee(shop, ticket) == gets


async def test_how_close_to_the_end_is_the_desks_to_say(shop: Shop) -> None:
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    await put(shop, "settings/desk", await shop.get("/v1/desk/settings/desk") | {"wind_down": "PT0S"})
    shop.instant = datetime(2026, 3, 2, 4, 59, 59, tzinfo=UTC)
    ticket = await comes(shop)
    await shop.tick()
    assert await assignee(shop, ticket) == HN


async def test_outside_the_shift_nobody_gets_or_pulls_anything_whatever_presence_says(shop: Shop) -> None:
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    shop.instant = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)  # noon, to the second
    ticket = await comes(shop)
    await shop.tick()
    assert await assignee(shop, ticket) is None
    assert (await shop.client.post(f"/v1/agents/{HN}/next")).status_code == 204
    seen = await agent(shop)
    assert (seen["presence"], seen["in_shift"], seen["shift_ends_at"]) == ("online", False, None)
    queue = next(one for one in (await shop.get("/v1/queues"))["queues"] if one["team"] == "sales")
    assert queue["online"] == 0


@pytest.mark.parametrize(
    ("timezone", "hours", "at", "ends"),
    [
        ("Europe/Berlin", EARLY, "2026-03-28T10:00:00Z", "2026-03-28T11:00:00Z"),
        ("Europe/Berlin", EARLY, "2026-03-29T07:00:00Z", "2026-03-29T10:00:00Z"),  # put forward that night
        ("Asia/Ho_Chi_Minh", [["22:00", "06:00"]], "2026-03-02T17:30:00Z", "2026-03-02T23:00:00Z"),
        ("Europe/Berlin", [["22:00", "06:00"]], "2026-03-29T00:30:00Z", "2026-03-29T04:00:00Z"),  # over it
    ],
)
async def test_a_shift_is_read_by_its_own_clock(
    shop: Shop, timezone: str, hours: list[list[str]], at: str, ends: str
) -> None:
    await works_in(shop, timezone, hours)
    shop.instant = datetime.fromisoformat(at)
    assert (await agent(shop))["shift_ends_at"] == ends
    ticket = await comes(shop)
    await shop.tick()
    assert await assignee(shop, ticket) == HN


async def test_a_teams_shift_holds_for_its_agents_and_their_own_overrules_it(shop: Shop) -> None:
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    await put(shop, f"agents/{HN}", await shop.get(f"/v1/desk/agents/{HN}") | {"shift": None})
    await put(shop, "teams/sales", await shop.get("/v1/desk/teams/sales") | {"shift": "early"})
    shop.instant = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    assert not (await agent(shop))["in_shift"]
    await put(shop, f"agents/{HN}", await shop.get(f"/v1/desk/agents/{HN}") | {"shift": "always_open"})
    assert (await agent(shop))["in_shift"]


async def test_a_call_weighs_what_the_desk_says(shop: Shop) -> None:
    settings = await shop.get("/v1/desk/settings/desk")
    await put(shop, "settings/desk", settings | {"weights": {"api": 3}})
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    tickets = [await comes(shop) for _ in range(3)]  # room for 8 units
    await shop.tick()
    assert [await assignee(shop, ticket) for ticket in tickets].count(HN) == 2
    assert (await agent(shop))["load"] == 6
    held = [ticket for ticket in tickets if await assignee(shop, ticket)][0]  # noqa: RUF015 - asked one by one
    await shop.post(f"/v1/tickets/{held}/solve", status=200)
    assert (await agent(shop))["load"] == 3


async def test_idle_is_who_came_or_finished_and_is_kept(shop: Shop) -> None:
    await works_in(shop, "Asia/Ho_Chi_Minh", EARLY)
    ticket = await comes(shop)
    await shop.tick()
    assert (await agent(shop))["idle_since"] is None
    await shop.pass_time(minutes=7)
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
    assert (await agent(shop))["idle_since"] == shop.instant.isoformat().replace("+00:00", "Z")


async def test_shifts_and_weights_that_cannot_be_are_refused_where_they_stand(shop: Shop) -> None:
    settings = await shop.get("/v1/desk/settings/desk")
    for body, at in (
        (settings | {"wind_down": "soon"}, "/wind_down"),
        (settings | {"wind_down": "P999999999D"}, "/wind_down"),
        (settings | {"presence_expiry": "P367D"}, "/presence_expiry"),
        (settings | {"weights": {"api": 0}}, "/weights/api"),
    ):
        answer = await shop.client.put("/v1/desk/settings/desk", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, at)
    many = await shop.get(f"/v1/desk/agents/{HN}") | {"capacity": 10**12}
    answer = await shop.client.put(f"/v1/desk/agents/{HN}", json=many)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/capacity")
    team = await shop.get("/v1/desk/teams/sales") | {"shift": "nights"}
    answer = await shop.client.put("/v1/desk/teams/sales", json=team)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/shift")
