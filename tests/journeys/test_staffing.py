"""How many agents each hour of the week needs, from what really came and how long it was held."""

from datetime import timedelta
from typing import Any

import pytest
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import problem
from tests.journeys.test_shifts import put

HANOI = "zone=Asia/Ho_Chi_Minh"
WEEK = f"/v1/reports/staffing?start=2026-03-02&end=2026-03-09&{HANOI}"


async def a_morning(shop: Shop) -> None:
    """From 09:00 on Monday six requests five minutes apart, each held for half an hour."""
    for n in range(6):
        came = {"name": f"Nguyễn Thị Lan {n}", "phone": f"091234567{n}", "product": "Tủ lạnh"}
        received = await shop.post(
            "/v1/intake/forms/warranty", came | {"region": "vn-hcm", "problem": "Không lạnh"}
        )
        await shop.tick()
        [ticket] = (await shop.get(f"/v1/tickets?number={received['number']}"))["items"]
        shop.instant += timedelta(minutes=30)
        await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
        shop.instant -= timedelta(minutes=25)


async def rows(shop: Shop, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.get(path))["rows"]
    return found


async def test_an_hour_is_told_with_what_came_how_long_it_was_held_and_who_is_needed(shop: Shop) -> None:
    await a_morning(shop)
    first, second = await rows(shop, WEEK)
    assert (first["team"], first["weekday"], first["hour"], first["arrivals"]) == ("warranty", 1, 9, 6)
    assert (first["handling"], second["arrivals"], second["handling"]) == ("PT30M", 0, None)
    assert first["load"] == pytest.approx(2.25)  # six half hours, a quarter of them in the next hour
    assert second["load"] == pytest.approx(0.75)
    assert (first["slots"], first["needed"], first["rostered"], first["scheduled"]) == (5, 1, 5, 5)
    assert first["gap"] == -4  # nobody has a shift: all are always there
    weeks = await rows(shop, WEEK.replace("03-09", "03-16"))
    assert weeks[0]["arrivals"] == 3  # of two Mondays one was quiet


async def test_gaps_are_shown_by_skill_and_region(shop: Shop) -> None:
    await a_morning(shop)
    found = await rows(shop, f"{WEEK}&by=skill&by=region&share=0.99&within=PT0S")
    at_nine = {(row["skill"], row["region"]): row for row in found if row["hour"] == 9}
    assert set(at_nine) == {(None, None), ("warranty", None), (None, "vn-hcm")}
    assert at_nine["warranty", None]["rostered"] == 5
    assert at_nine[None, "vn-hcm"]["rostered"] == 3  # two of them, and the lead who serves all of Việt Nam
    for agent in ("warranty-lead", "warranty-hcm-1", "warranty-hcm-2"):
        body = (await shop.get(f"/v1/desk/agents/{agent}")) | {"capacity": 1}
        answer = await shop.client.put(f"/v1/desk/agents/{agent}", json=body)
        assert answer.status_code < 300, answer.text
    found = await rows(shop, f"{WEEK}&by=region&share=0.99&within=PT0S")
    [row] = [row for row in found if row["region"] == "vn-hcm" and row["hour"] == 9]
    assert (row["slots"], row["needed"], row["gap"]) == (7, 7, 4)


async def test_who_is_scheduled_in_an_hour_is_read_from_the_shifts_by_skill_and_region(shop: Shop) -> None:
    await a_morning(shop)
    hours = {
        "timezone": "Asia/Ho_Chi_Minh",
        "hours": {"mon": [["08:00", "09:30"]], "tue": [["09:00", "10:00"]]},
    }
    await put(shop, "calendars/early", hours | {"holidays": ["2026-03-09"]})
    await put(shop, "teams/warranty", await shop.get("/v1/desk/teams/warranty") | {"shift": "early"})
    at_hcm = await shop.get("/v1/desk/agents/warranty-hcm-1")
    await put(shop, "agents/warranty-hcm-1", at_hcm | {"shift": "always_open"})
    found = await rows(shop, f"{WEEK}&by=skill&by=region")
    seen = {(row["skill"], row["region"], row["hour"]): (row["rostered"], row["scheduled"]) for row in found}
    assert seen[None, None, 9] == (5, 3)  # four of them for half of the hour, one for all of it
    assert seen[None, None, 10] == (5, 1)
    assert seen["warranty", None, 9] == (5, 3)
    assert seen[None, "vn-hcm", 9] == (3, 2)
    ten = next(row for row in found if (row["region"], row["hour"]) == ("vn-hcm", 10))
    assert ten["gap"] == ten["needed"] - 1
    two_weeks = await rows(shop, WEEK.replace("03-09", "03-16"))
    assert (two_weeks[0]["scheduled"], two_weeks[0]["hour"]) == (2, 9)  # the second Monday is a holiday
    elsewhere = await rows(shop, WEEK.replace(HANOI, "zone=UTC"))
    assert [(row["hour"], row["scheduled"]) for row in elsewhere if row["skill"] is None][:1] == [(2, 3)]


async def test_with_patience_it_is_erlang_a_and_channels_can_be_picked(shop: Shop) -> None:
    await a_morning(shop)
    found = await shop.get(f"{WEEK}&patience=PT1M&channel=form&team=warranty")
    assert (found["model"], found["patience"]) == ("erlang_a", "PT1M")
    assert len(found["rows"]) == 2
    assert await rows(shop, f"{WEEK}&channel=hotline") == []
    assert await rows(shop, f"{WEEK}&team=sales") == []


async def test_what_is_not_finished_has_no_handling_time_and_nobody_guesses(shop: Shop) -> None:
    await shop.post("/v1/tickets", {"subject": "Bảo hành"})
    [row] = await rows(shop, WEEK)
    assert (row["handling"], row["load"], row["needed"], row["gap"]) == (None, None, None, None)


async def test_absurd_parameters_are_refused_by_name(shop: Shop) -> None:
    for query, parameter in (
        ("zone=Mars/Olympus", "zone"),
        ("start=2026-03-02&end=2026-03-01", "end"),
        ("start=1926-03-02&end=2026-03-01", "start"),
        ("start=2000-03-02&end=2100-03-01", "end"),
        ("share=1", "share"),
        ("within=soon", "within"),
        ("within=-PT1S", "within"),
        ("patience=PT0S", "patience"),
        ("by=mood", "by"),
        ("channel=pigeon", "channel"),
    ):
        found = await shop.client.get(f"/v1/reports/staffing?{query}")
        problem(found, 400, what=query)
        assert [fault["parameter"] for fault in found.json()["errors"]] == [parameter]
