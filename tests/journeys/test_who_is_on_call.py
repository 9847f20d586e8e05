"""Who is on call: asked at an instant, looked at ahead, subscribed to, and changed for a night."""

from datetime import datetime
from typing import Any

import httpx
import pytest
from icalendar import Calendar
from tests.journeys.conftest import Shop

DUTY = "/v1/schedules/duty"


async def duty(shop: Shop, at: str | None = None) -> dict[str, Any]:
    found = await shop.get("/v1/on-call" + (f"?at={at}" if at else ""))
    (schedule,) = found["schedules"]
    assert schedule["schedule"] == "duty"
    return dict(schedule)


async def instead(shop: Shop, *overrides: dict[str, Any], status: int = 201) -> dict[str, Any]:
    return await shop.post(f"{DUTY}/overrides", {"overrides": list(overrides)}, status=status)


def from_to(start: str, end: str, agent: str, **more: str) -> dict[str, Any]:
    return {"starts_at": f"2026-{start}+07:00", "ends_at": f"2026-{end}+07:00", "agent": agent, **more}


async def test_a_manager_sees_who_answers_why_until_when_and_who_is_next(shop: Shop) -> None:
    found = await duty(shop)
    assert found["now"]["agent"] == "sales-lead"
    assert found["now"]["name"] == "Trưởng nhóm bán hàng"
    assert found["now"]["until"] == "2026-03-02T13:00:00Z"  # eight in the evening in Hà Nội
    assert "layer 'leads'" in found["now"]["reason"]
    assert found["next"]["since"] == found["now"]["until"]
    assert found["next"]["layer"] == "nights"
    assert found["gap_at"] is None


async def test_page_list_feed_and_the_alert_of_a_breach_name_the_same_person(shop: Shop) -> None:
    await instead(shop, from_to("03-02T08:00:00", "03-02T18:00:00", "sales-hcm-1", reason="đổi ca"))
    asked = (await duty(shop))["now"]
    assert (asked["agent"], asked["override"]) == ("sales-hcm-1", True)
    listed = (await shop.get(f"{DUTY}/shifts"))["shifts"][0]
    assert listed == asked
    event = (await events(shop, "schedules/duty"))[("duty", asked["since"])]
    assert event.start == datetime.fromisoformat(asked["since"])
    assert event.end == datetime.fromisoformat(asked["until"])
    ticket = await shop.post("/v1/tickets", {"subject": "Cháy", "priority": "urgent"})
    await shop.pass_time(minutes=16)
    alerts = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert "agent:sales-hcm-1" in alerts[0]["recipients"]


async def events(shop: Shop, whose: str) -> dict[tuple[str, str], Any]:
    """The events of a feed as its subscriber finds them: without a key, by address alone."""
    address = (await shop.get(f"/v1/{whose}/feed"))["url"]
    transport = shop.client._transport  # noqa: SLF001 - the application under test
    async with httpx.AsyncClient(transport=transport, base_url="http://anybody.test") as stranger:
        answer = await stranger.get(httpx.URL(address).raw_path.decode())
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    return {
        (str(event["SUMMARY"]).partition(":")[0], event.start.isoformat().replace("+00:00", "Z")): event
        for event in Calendar.from_ical(answer.text).events
    }


async def test_an_agent_subscribes_to_their_own_shifts(shop: Shop) -> None:
    found = await events(shop, "agents/warranty-hcm-1")
    assert found
    assert {str(event["SUMMARY"]) for event in found.values()} == {"duty: Bảo hành HCM 1"}
    assert len({str(event["UID"]) for event in found.values()}) == len(found)


async def test_a_guessed_feed_is_not_there(shop: Shop) -> None:
    address = (await shop.get("/v1/agents/sales-hn-1/feed"))["url"]
    token = address.rpartition("/")[2]
    for guess in (
        f"/v1/feeds/agents/sales-lead/{token}",
        f"/v1/feeds/schedules/duty/{token}",
        "/v1/feeds/agents/sales-hn-1/é.ics",
        "/v1/feeds/agents/sales-hn-1/.ics",
    ):
        assert (await shop.client.get(guess)).status_code == 404


async def test_two_swap_a_night_and_take_it_back(shop: Shop) -> None:
    night, after = "2026-03-02T14:00:00Z", "2026-03-09T14:00:00Z"
    one, other = [(await duty(shop, at))["now"]["agent"] for at in (night, after)]
    assert one != other
    mine = from_to("03-02T20:00:00", "03-03T08:00:00", other, replaces=one)
    theirs = from_to("03-09T20:00:00", "03-10T08:00:00", one, replaces=other)
    await instead(shop, mine, theirs)
    assert [(await duty(shop, at))["now"]["agent"] for at in (night, after)] == [other, one]
    back = {"starts_at": mine["starts_at"], "agent": other}
    assert (await shop.client.delete(f"{DUTY}/overrides", params=back)).status_code == 204
    assert (await duty(shop, night))["now"]["agent"] == one
    assert (await shop.client.delete(f"{DUTY}/overrides", params=back)).status_code == 404
    naive = back | {"starts_at": "2026-03-02T20:00:00"}
    assert (await shop.client.delete(f"{DUTY}/overrides", params=naive)).status_code == 400


async def test_an_override_that_cannot_be_is_refused_where_the_caller_wrote_it(shop: Shop) -> None:
    await instead(shop, from_to("03-02T08:00:00", "03-02T18:00:00", "sales-hcm-1"))
    good = from_to("03-03T08:00:00", "03-03T18:00:00", "sales-hcm-1")
    stranger = from_to("03-04T08:00:00", "03-04T18:00:00", "nobody-we-know")
    backwards = from_to("03-05T08:00:00", "03-05T07:00:00", "sales-hcm-1")
    problem = await instead(shop, good, stranger, backwards, status=422)
    assert {fault["pointer"] for fault in problem["errors"]} == {"/overrides/1/agent", "/overrides/2/ends_at"}
    assert (await duty(shop, "2026-03-03T03:00:00Z"))["now"]["override"] is False  # none of the three


async def test_a_gap_is_seen_ahead(shop: Shop) -> None:
    schedule = await shop.get("/v1/desk/on_call_schedules/duty")
    schedule["layers"] = [
        {
            "name": "office",
            "starts_on": "2026-01-05T08:00:00",
            "rotation": "daily",
            "agents": ["sales-lead"],
            "hours": {"mon": [["08:00", "17:00"]]},
        }
    ]
    answer = await shop.client.put("/v1/desk/on_call_schedules/duty", json=schedule)
    assert answer.status_code == 200, answer.text
    found = await duty(shop)
    assert (found["now"]["agent"], found["gap_at"]) == ("sales-lead", "2026-03-02T10:00:00Z")
    assert found["next"]["agent"] is None
    assert found["next"]["reason"].startswith("Nobody is on call")
    listed = await shop.get(f"{DUTY}/shifts?to=2026-03-09T02:00:00Z")
    assert ([shift["agent"] for shift in listed["shifts"]], listed["gaps"]) == (
        ["sales-lead", None, "sales-lead"],
        1,
    )
    assert (await duty(shop, "2026-03-03T00:00:00Z"))["gap_at"] == "2026-03-03T00:00:00Z"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/on-call?at=1969-12-31T23:59:59Z",
        "/v1/on-call?at=2200-01-01T00:00:00Z",
        "/v1/on-call?at=yesterday",
        "/v1/on-call?at=2026-03-02T10:00:00",
        f"{DUTY}/shifts?from=2026-03-02",
        f"{DUTY}/shifts?from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00Z",
        f"{DUTY}/shifts?from=2026-03-02T00:00:00Z&to=2028-03-02T00:00:00Z",
        f"{DUTY}/shifts?from=2026-03-02T00:00:00Z&to=9999-12-31T23:59:59-14:00",
    ],
)
async def test_an_instant_or_period_that_cannot_be_is_refused(shop: Shop, path: str) -> None:
    answer = await shop.client.get(path)
    assert answer.status_code == 400, answer.text
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] in {"at", "to", "from"}


async def test_an_offset_whose_plus_became_a_space_is_told_how_to_write_it(shop: Shop) -> None:
    answer = await shop.client.get("/v1/on-call?at=2026-03-02T10:00:00+07:00")
    assert [fault["detail"] for fault in answer.json()["errors"]] == [
        "must be an instant with offset, such as 2026-03-02T16:00:00+07:00; in an address + is written %2B"
    ]
    assert (await duty(shop, "2026-03-02T10:00:00%2B07:00"))["now"]["agent"]


async def test_the_last_instants_of_all_can_be_asked_about(shop: Shop) -> None:
    assert (await duty(shop, "2199-12-31T23:59:59Z"))["now"]["agent"]
    assert (await shop.get(f"{DUTY}/shifts?from=2199-12-31T23:59:58Z"))["shifts"]
    assert (await duty(shop, "1970-01-01T00:00:00Z"))["now"]["agent"] is None
