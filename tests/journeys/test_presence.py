"""An agent's program beats; when it no longer does, the agent is gone, and is given nothing."""

from datetime import datetime, timedelta

import pytest
from tests.journeys.conftest import Shop
from tests.journeys.test_shifts import HN, agent, assignee, comes, put

AT = f"/v1/agents/{HN}"


async def alone(shop: Shop, *, beats: bool = True) -> None:
    """Everybody goes; one comes back, with beats or without."""
    for one in (await shop.client.get("/v1/agents")).json():
        await says(shop, one["key"], presence="offline")
    await says(shop, HN, presence="online", beats=beats)


async def says(shop: Shop, key: str, **body: object) -> None:
    (await shop.client.put(f"/v1/agents/{key}/presence", json=body)).raise_for_status()


async def beat(shop: Shop) -> int:
    return (await shop.client.post(f"{AT}/heartbeat")).status_code


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def history(shop: Shop) -> list[tuple[str, str, str]]:
    events = (await shop.get(AT))["events"]
    return [(one["why"], one["after"], one["occurred_at"]) for one in events]


async def test_who_beats_stays(shop: Shop) -> None:
    await alone(shop)
    for _ in range(5):
        await shop.pass_time(seconds=100)
        assert await beat(shop) == 200
    ticket = await comes(shop)
    await shop.tick()
    assert await assignee(shop, ticket) == HN
    assert (await agent(shop))["expires_at"] == iso(shop.instant + timedelta(minutes=2))


async def test_nobody_expired_is_given_anything_though_no_ticker_has_looked(shop: Shop) -> None:
    await alone(shop)
    shop.instant += timedelta(minutes=2)
    ticket = await comes(shop)
    assert (await agent(shop))["presence"] == "offline"
    assert (await shop.client.post(f"{AT}/next")).status_code == 204
    by_hand = await shop.client.post(f"/v1/tickets/{ticket}/assign", json={"agent": HN})
    assert by_hand.status_code == 409
    assert await assignee(shop, ticket) is None


async def test_it_runs_out_at_its_instant_once_and_never_early(shop: Shop) -> None:
    await alone(shop)
    expires = shop.instant + timedelta(minutes=2)
    shop.instant = expires - timedelta(microseconds=1)
    await shop.tick()
    assert (await agent(shop))["presence"] == "online"
    assert await shop.app.parts.house.tickets.next_instant() == expires
    shop.instant = expires + timedelta(seconds=30)  # an outage
    for _ in range(3):
        await shop.tick()
    assert (await history(shop))[:2] == [
        ("expired", "offline", iso(expires)),
        ("set", "online", iso(expires - timedelta(minutes=2))),
    ]
    assert (await agent(shop))["presence_since"] == iso(expires)


async def test_a_beat_brings_nobody_back(shop: Shop) -> None:
    await alone(shop)
    shop.instant += timedelta(minutes=2)
    assert await beat(shop) == 409
    await shop.tick()
    assert await beat(shop) == 409
    body = {"presence": "online", "beats": True}
    assert (await shop.client.put(f"{AT}/presence", json=body)).status_code == 200
    assert await beat(shop) == 200


async def test_who_comes_back_before_anybody_looked_was_gone_all_the_same(shop: Shop) -> None:
    await alone(shop)
    shop.instant += timedelta(minutes=10)
    (await shop.client.put(f"{AT}/presence", json={"presence": "online"})).raise_for_status()
    assert [why for why, *_ in await history(shop)][:3] == ["set", "expired", "set"]


async def test_what_is_set_by_hand_stands(shop: Shop) -> None:
    await alone(shop, beats=False)
    assert await beat(shop) == 409
    await shop.pass_time(days=3)
    assert ((await agent(shop))["presence"], (await agent(shop))["expires_at"]) == ("online", None)


async def test_how_long_a_beat_lasts_is_the_desks_to_say(shop: Shop) -> None:
    settings = await shop.get("/v1/desk/settings/desk")
    await put(shop, "settings/desk", settings | {"presence_expiry": "PT10M"})
    await alone(shop)
    await shop.pass_time(minutes=9, seconds=59)
    assert (await agent(shop))["presence"] == "online"
    await shop.pass_time(seconds=1)
    assert (await agent(shop))["presence"] == "offline"
    for expiry in ("soon", "PT1S"):
        answer = await shop.client.put("/v1/desk/settings/desk", json=settings | {"presence_expiry": expiry})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/presence_expiry")


@pytest.mark.parametrize("presence", ["offline", "on_leave"])
async def test_who_is_gone_sends_no_beats(shop: Shop, presence: str) -> None:
    body = {"presence": presence, "beats": True}
    assert (await shop.client.put(f"{AT}/presence", json=body)).status_code == 409


async def test_nobody_beats_for_who_is_not_there(shop: Shop) -> None:
    assert (await shop.client.post("/v1/agents/nobody/heartbeat")).status_code == 404
    assert (await shop.client.get("/v1/agents/nobody")).status_code == 404
    assert (await shop.client.post("/v1/agents/me/heartbeat")).status_code == 422


async def test_how_many_are_there_is_seen_from_outside(shop: Shop) -> None:
    await alone(shop)
    assert 'tickets_agents{presence="online"} 1.0' in (await shop.client.get("/metrics")).text
    shop.instant += timedelta(minutes=2)
    assert 'tickets_agents{presence="online"} 0.0' in (await shop.client.get("/metrics")).text
