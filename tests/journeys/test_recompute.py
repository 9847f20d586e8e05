"""Open tickets go over to new policies and calendars when asked to, bit by bit, to be stopped at will."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem

from tickets.application.jobs.advance import Jobs
from tickets.application.jobs.job import Job, Recompute, Step
from tickets.application.jobs.recompute import Recomputing
from tickets.bootstrap import wired

TARGETS = [{"metric": "first_response", "budget": "PT1H"}, {"metric": "resolution", "budget": "P3D"}]
STRICTER = {
    "order": 100,
    "calendar": "office",
    "pauses": ["pending", "on_hold"],
    "escalation": "standard",
    "targets": TARGETS,
}


async def publish(shop: Shop, policy: dict[str, Any]) -> None:
    answer = await shop.client.put("/v1/desk/sla_policies/standard", json=policy)
    assert answer.status_code == 200, answer.text


async def opened(shop: Shop, **more: object) -> str:
    return str((await shop.post("/v1/tickets", {"subject": "Tivi hỏng", **more}))["id"])


async def asked(shop: Shop) -> str:
    answer = await shop.client.post("/v1/sla/recompute")
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "running"
    return str(answer.headers["Location"])


async def finished(shop: Shop, job: str) -> dict[str, Any]:
    while await shop.app.jobs.step(shop.instant):
        pass
    return await shop.get(job)


async def clock_of(shop: Shop, ticket: str, metric: str = "first_response") -> dict[str, Any]:
    clocks = (await shop.get(f"/v1/tickets/{ticket}"))["clocks"]
    return next(clock for clock in reversed(clocks) if clock["metric"] == metric)


async def verdict(shop: Shop, ticket: str) -> list[object]:
    clock = await clock_of(shop, ticket)
    return [clock[name] for name in ("state", "due_at", "budget", "breached_at", "ended_at")]


def in_batches_of(shop: Shop, size: int) -> Jobs:
    """The shop's jobs, in smaller steps."""
    store = shop.app.parts.jobs
    return Jobs(store, {Recompute: Recomputing(shop.app.parts.house, store, size)}, shop.app.jobs.observer)


async def test_tickets_keep_their_terms_until_a_recompute_is_asked_for(shop: Shop) -> None:
    ticket = await opened(shop)
    solved = await opened(shop)
    await shop.post(f"/v1/tickets/{solved}/solve", status=200)
    await publish(shop, STRICTER)
    await shop.pass_time(minutes=30)
    assert (await clock_of(shop, ticket))["due_at"] == "2026-03-02T07:00:00Z"
    job = await finished(shop, await asked(shop))
    assert (job["state"], job["done"], job["total"]) == ("done", 1, 1)
    assert job["ended_at"] == "2026-03-02T02:30:00Z"
    assert job["result"]["tickets"] == 1
    assert job["result"]["clocks"] == {
        "due_earlier": 1, "due_later": 0, "due_passed": 0, "begun": 0, "dropped": 0,
    }  # fmt: skip
    assert (await clock_of(shop, ticket))["due_at"] == "2026-03-02T03:00:00Z"
    assert "recomputed" in await shop.events(ticket)
    assert "recomputed" not in await shop.events(solved)


async def test_a_second_recompute_has_nothing_to_do(shop: Shop) -> None:
    ticket = await opened(shop)
    await publish(shop, STRICTER)
    await finished(shop, await asked(shop))
    before = await shop.get(f"/v1/tickets/{ticket}")
    job = await finished(shop, await asked(shop))
    assert (job["done"], job["result"]["tickets"]) == (1, 0)
    assert await shop.get(f"/v1/tickets/{ticket}") == before


async def test_a_verdict_of_the_past_stays_however_generous_the_new_policy_is(shop: Shop) -> None:
    broken = await opened(shop)
    kept = await opened(shop)
    await shop.post(f"/v1/tickets/{kept}/messages", {"kind": "public_reply", "text": "Chào"})
    await shop.pass_time(hours=6)
    before = [await verdict(shop, ticket) for ticket in (broken, kept)]
    assert [state for state, *_ in before] == ["breached", "met"]
    generous = [{"metric": "first_response", "budget": "PT40H"}, {"metric": "resolution", "budget": "P9D"}]
    await publish(shop, {**STRICTER, "targets": generous})
    job = await finished(shop, await asked(shop))
    assert job["result"]["tickets"] == 2
    assert job["result"]["clocks"]["due_later"] == 2  # of the two resolutions
    assert [await verdict(shop, ticket) for ticket in (broken, kept)] == before


async def test_more_used_than_the_new_policy_allows_is_broken_at_the_change(
    shop: Shop,
) -> None:
    ticket = await opened(shop)
    await shop.pass_time(hours=2)
    await publish(shop, STRICTER)
    job = await finished(shop, await asked(shop))
    assert job["result"]["clocks"]["due_passed"] == 1
    clock = await clock_of(shop, ticket)
    assert (clock["state"], clock["breached_at"]) == ("breached", "2026-03-02T04:00:00Z")
    latest, earlier = (await shop.get(f"/v1/alerts?ticket={ticket}"))["items"]
    assert (earlier["level"], latest["level"]) == ("half", "still-broken")
    assert latest["covers"] == ["soon", "broken"]  # an hour over the budget: the highest level speaks for all


async def test_a_new_calendar_moves_due_instants_too(shop: Shop) -> None:
    ticket = await opened(shop)
    office = await shop.get("/v1/desk/calendars/office")
    closed = {**office, "special_days": {"2026-03-02": [["08:00", "10:00"]]}}
    answer = await shop.client.put("/v1/desk/calendars/office", json=closed)
    assert answer.status_code == 200, answer.text
    job = await finished(shop, await asked(shop))
    assert job["result"]["clocks"]["due_later"] == 1  # three days are three open days still
    assert (await clock_of(shop, ticket))["due_at"] == "2026-03-03T04:00:00Z"


async def test_a_metric_promised_no_longer_is_dropped_and_one_promised_anew_begins(shop: Shop) -> None:
    ticket = await opened(shop)
    only = [{"metric": "first_response", "budget": "PT4H"}, {"metric": "assignment", "budget": "PT1H"}]
    await publish(shop, {**STRICTER, "targets": only})
    job = await finished(shop, await asked(shop))
    assert (job["result"]["clocks"]["dropped"], job["result"]["clocks"]["begun"]) == (1, 1)
    assert (await clock_of(shop, ticket, "resolution"))["state"] == "cancelled"


async def test_progress_is_seen_and_cancelling_leaves_what_is_done(shop: Shop) -> None:
    tickets = [await opened(shop) for _ in range(5)]
    await publish(shop, STRICTER)
    job = await asked(shop)
    jobs = in_batches_of(shop, 2)
    assert await jobs.step(shop.instant)
    assert (await shop.get(job))["done"] == 2
    cancelled = await shop.post(f"{job}/cancel", status=200)
    assert (cancelled["state"], cancelled["result"]["tickets"]) == ("cancelled", 2)
    assert not await jobs.step(shop.instant)
    assert await shop.post(f"{job}/cancel", status=200) == cancelled
    moved = ["recomputed" in await shop.events(ticket) for ticket in tickets]
    assert moved == [True, True, False, False, False]
    await finished(shop, await asked(shop))
    assert all([(await shop.events(ticket)).count("recomputed") == 1 for ticket in tickets])


async def test_killed_in_the_middle_of_a_step_another_process_goes_on_and_doubles_nothing(shop: Shop) -> None:
    tickets = [await opened(shop) for _ in range(5)]
    await publish(shop, STRICTER)
    job = await asked(shop)
    await in_batches_of(shop, 2).step(shop.instant)
    store, house, reached = shop.app.parts.jobs, shop.app.parts.house, asyncio.Event()

    async def dies_before_the_commit(job: Job, now: datetime) -> Step:
        step = await Recomputing(house, store, 2)(job, now)
        assert step.done == 2
        reached.set()
        await asyncio.Event().wait()
        return step

    dying = asyncio.create_task(
        Jobs(store, {Recompute: dies_before_the_commit}, house.observer).step(shop.instant)
    )
    await reached.wait()
    assert not await shop.app.jobs.step(shop.instant)  # somebody is at it
    dying.cancel()
    await asyncio.wait([dying])
    assert (await shop.get(job))["done"] == 2
    async with wired(shop.app.settings, shop.app.engine.url, now=shop.now, new_id=shop.new_id) as another:
        while await another.jobs.step(shop.instant):
            pass
    found = await shop.get(job)
    assert (found["state"], found["done"], found["result"]["tickets"]) == ("done", 5, 5)
    assert [(await shop.events(ticket)).count("recomputed") for ticket in tickets] == [1] * 5


async def test_two_workers_share_the_work_without_doubling_it(shop: Shop) -> None:
    for _ in range(6):
        await opened(shop)
    await publish(shop, STRICTER)
    job = await asked(shop)
    jobs = in_batches_of(shop, 1)
    while any(await asyncio.gather(*(jobs.step(shop.instant) for _ in range(3)))):
        pass
    found = await shop.get(job)
    assert (found["done"], found["result"]["tickets"], found["state"]) == (6, 6, "done")


async def test_the_explanation_goes_on_over_a_recompute(shop: Shop) -> None:
    ticket = await opened(shop)
    await shop.pass_time(hours=1)
    await publish(shop, STRICTER)
    shop.instant = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    await finished(shop, await asked(shop))
    found = await shop.get(f"/v1/tickets/{ticket}/sla/explain")
    assert found["choice"]["holds"]
    assert found["choice"]["at"] == "2026-03-02T03:30:00Z"
    now = await shop.get(f"/v1/tickets/{ticket}/sla")
    assert [each["clock"] for each in found["clocks"]] == now["clocks"]


async def test_what_cannot_be_is_refused(shop: Shop) -> None:
    problem(await shop.client.get(f"/v1/jobs/{NOBODY}"), 404)
    problem(await shop.client.post(f"/v1/jobs/{NOBODY}/cancel"), 404)
    job = await asked(shop)
    await finished(shop, job)
    problem(await shop.client.post(f"{job}/cancel"), 409)
    key = {"Idempotency-Key": "once"}
    first = await shop.post("/v1/sla/recompute", status=202, headers=key)
    assert await shop.post("/v1/sla/recompute", status=202, headers=key) == first
    assert [each["id"] for each in (await shop.get("/v1/jobs?limit=1"))["items"]] == [first["id"]]
