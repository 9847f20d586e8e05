"""What somebody with a key can do to runs who means no good, or does not know what they do."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem
from tests.journeys.test_escalation_rules import policy
from tests.journeys.test_escalation_runs import (
    act,
    alerts,
    begun,
    ladder,
    left,
    link_to,
    opened,
    pages,
    put,
    run,
    runs,
    stranger,
    types,
)

from tickets.application.runs.follow import MOST_LIVE


async def live(shop: Shop) -> tuple[str, str]:
    """A ticket with a run, and where the run is."""
    await ladder(shop)
    ticket = await opened(shop)
    return ticket, f"/v1/tickets/{ticket}/escalations/{(await begun(shop, ticket))['id']}"


async def test_of_twenty_who_acknowledge_at_once_one_has_it(shop: Shop) -> None:
    ticket, path = await live(shop)
    answers = await asyncio.gather(*(shop.client.post(f"{path}/acknowledge") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert types(await shop.events(ticket)) == ["begun", "acknowledged"]


@pytest.mark.parametrize("what", ["acknowledge", "unacknowledge", "take-over", "escalate", "resolve"])
async def test_a_run_of_nobody_or_of_another_ticket_is_not_found(shop: Shop, what: str) -> None:
    _, path = await live(shop)
    other = await opened(shop)
    for bad in (f"/v1/tickets/{other}/escalations/{path.rpartition('/')[2]}", f"{path[:-36]}{NOBODY}"):
        problem(await shop.client.post(f"{bad}/{what}"), 404)
    assert (await shop.client.post(f"{path[:-36]}nonsense/{what}")).status_code == 404
    assert await runs(shop, other) == []


async def test_a_wrong_etag_changes_nothing(shop: Shop) -> None:
    ticket, path = await live(shop)
    for etag, status in (('"999"', 412), ('"0"', 412), ("nonsense", 400), ('"99999999999999999999"', 400)):
        answer = await shop.client.post(f"{path}/acknowledge", headers={"If-Match": etag})
        assert answer.status_code == status, (etag, answer.text)
    assert (await run(shop, ticket))["state"] == "open"


@pytest.mark.parametrize(
    ("until", "status"),
    [
        ("2026-03-02T01:59:59Z", 409),  # it has passed
        ("2026-03-02T02:00:00Z", 409),  # it is now
        ("2026-03-02T08:59:00+07:00", 409),
        ("0001-01-01T00:00:00+14:00", 409),
        ("2026-03-09T02:00:01Z", 409),  # silence for longer than a week
        ("9999-12-31T23:59:59Z", 409),
        ("9999-12-31T23:59:59-14:00", 409),
        ("10000-01-01T00:00:00Z", 400),
        ("2026-03-02T10:00:00", 400),  # of no zone
        ("tomorrow", 400),
    ],
)
async def test_until_when_a_run_cannot_be_snoozed(shop: Shop, until: str, status: int) -> None:
    ticket, path = await live(shop)
    answer = await shop.client.post(f"{path}/snooze", json={"until": until})
    assert answer.status_code in {status, 422 if status == 400 else status}, answer.text
    assert (await run(shop, ticket))["state"] == "open"
    await shop.pass_time(minutes=5)
    assert await pages(shop, ticket) == [("first", 0), ("first", 1)]


async def test_snoozed_in_another_zone_over_a_clock_change_it_is_the_same_instant(shop: Shop) -> None:
    shop.instant = shop.instant.replace(day=27)
    ticket, path = await live(shop)
    until = "2026-03-29T03:30:00+02:00"  # in Berlin, an hour that the night before has not
    asleep = await shop.post(f"{path}/snooze", {"until": until}, status=200)
    assert asleep["until"] == "2026-03-29T01:30:00Z"
    before = await pages(shop, ticket)
    shop.instant = shop.instant.replace(day=29, hour=1, minute=29, second=59)
    await shop.tick()
    assert await pages(shop, ticket) == before
    shop.instant += timedelta(seconds=1)
    await shop.tick()
    assert await pages(shop, ticket) == [*before, ("first", 1)]


async def test_a_hundred_levels_at_once_are_one_page(shop: Shop) -> None:
    many = [{"name": f"mức-{n}", "delay": "PT0S", "notify": ["agent:sales-hn-1"]} for n in range(100)]
    await policy(shop, "ladder", *many)
    ticket = await opened(shop)
    await begun(shop, ticket)
    (alert,) = await alerts(shop, ticket)
    assert alert["level"] == "mức-99"
    assert len(alert["covers"]) == 99
    assert await left(shop) == ["sales-hn-1"]


async def test_levels_that_nobody_will_live_to_see_do_no_harm(shop: Shop) -> None:
    away: dict[str, Any] = {"name": "away", "delay": "PT99999H", "notify": ["agent:sales-hn-1"]}
    await put(
        shop, "calendars/office", {"timezone": "Asia/Ho_Chi_Minh", "hours": {"fri": [["08:00", "08:01"]]}}
    )
    await policy(shop, "ladder", {**away, "clock": "business"})
    ticket = await opened(shop)
    answer = await shop.client.post(
        f"/v1/tickets/{ticket}/escalations", json={"policy": "ladder", "reason": "Khách dọa kiện"}
    )
    assert answer.status_code < 500, answer.text
    await shop.pass_time(hours=1)
    assert "set_aside" not in await shop.events(ticket)


async def test_nobody_to_notify_is_refused(shop: Shop) -> None:
    for levels in ([], [{"name": "empty", "delay": "PT0S", "notify": []}]):
        answer = await shop.client.put(
            "/v1/desk/escalation_policies/ladder", json={"levels": levels, "fallback": ["agent:sales-hn-1"]}
        )
        problem(answer, 422 if answer.status_code == 422 else 400)


@pytest.mark.parametrize("reason", ["", "x" * 501, "zero\0byte"])
async def test_reasons_that_cannot_be_kept_are_refused(shop: Shop, reason: str) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    answer = await shop.client.post(
        f"/v1/tickets/{ticket}/escalations", json={"policy": "ladder", "reason": reason}
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert await runs(shop, ticket) == []


async def test_causes_without_end_are_refused(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    path = f"/v1/tickets/{ticket}/escalations"
    for n in range(MOST_LIVE):
        await begun(shop, ticket, cause=f"c{n}")
    body = {"policy": "ladder", "reason": "Khách dọa kiện", "cause": "more"}
    problem(await shop.client.post(path, json=body), 409)
    again = await begun(shop, ticket, cause="c0")  # the one that is there
    await act(shop, ticket, again["id"], "resolve")
    assert (await shop.client.post(path, json=body)).status_code == 201


async def test_whoever_has_left_the_desk_has_left_with_their_links(shop: Shop) -> None:
    await put(shop, "agents/leaver", {"email": "leaver@shop.example.vn", "teams": ["sales"]})
    await policy(shop, "ladder", {"name": "first", "delay": "PT0S", "notify": ["agent:leaver"]})
    ticket = await opened(shop)
    await begun(shop, ticket)
    link = await link_to(shop, "leaver@shop.example.vn")
    await ladder(shop)
    assert (await shop.client.delete("/v1/desk/agents/leaver")).status_code in (200, 204)
    for method in ("GET", "POST"):
        assert (await stranger(shop, method, link)).status_code == 404
    assert (await run(shop, ticket))["state"] == "open"
