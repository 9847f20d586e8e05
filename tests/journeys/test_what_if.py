"""What other policies and calendars would have come to on what really happened; asking changes nothing."""

from datetime import timedelta
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem

from tickets.application.jobs.advance import Jobs
from tickets.application.jobs.job import WhatIf
from tickets.application.jobs.what_if import Supposing
from tickets.bootstrap import wired

MARCH = {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}
EMPTY_TABLES = ("ticket", "ticket_event", "alert", "outbox", "terms", "desk_object")


def policy(first_response: object, **more: object) -> dict[str, object]:
    return {
        "order": 100,
        "calendar": "office",
        "pauses": ["pending", "on_hold"],
        "escalation": "standard",
        "targets": [
            {"metric": "first_response", "budget": first_response},
            {"metric": "next_response", "budget": "PT8H"},
            {"metric": "resolution", "budget": "P3D", "at_risk": 0.9},
        ],
        **more,
    }


async def opened(shop: Shop, **more: object) -> str:
    return str((await shop.post("/v1/tickets", {"subject": "Tivi hỏng", **more}))["id"])


async def reply(shop: Shop, ticket: str) -> None:
    await shop.post(f"/v1/tickets/{ticket}/messages", {"kind": "public_reply", "text": "Chào anh"})


async def asked(shop: Shop, **draft: object) -> str:
    answer = await shop.client.post("/v1/sla/what-if", json={**MARCH, **draft})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Location"])


async def compared(shop: Shop, **draft: object) -> dict[str, dict[str, Any]]:
    """The rows of a finished comparison, by metric."""
    job = await asked(shop, **draft)
    while await shop.app.jobs.step(shop.instant):
        pass
    found = await shop.get(job)
    assert (found["state"], found["result"]["failed"]) == ("done", [])
    return {row["metric"]: row for row in found["result"]["rows"]}


async def an_ordinary_day(shop: Shop) -> None:
    """First responses after half an hour, two hours, five open hours, never; a pause, another priority."""
    quick, slow, late, never = [await opened(shop) for _ in range(4)]
    await shop.pass_time(minutes=30)
    await reply(shop, quick)
    await shop.post(f"/v1/tickets/{quick}/status", {"status": "pending"}, status=200)
    await shop.pass_time(hours=1, minutes=30)
    await reply(shop, slow)
    await shop.post(f"/v1/tickets/{slow}/solve", status=200)
    await shop.pass_time(hours=4)
    await reply(shop, late)
    await shop.post(f"/v1/tickets/{never}/priority", {"priority": "high"}, status=200)
    await shop.post(f"/v1/tickets/{quick}/messages", {"kind": "customer_message", "text": "Còn đó không?"})
    await shop.pass_time(hours=20)
    await shop.post(f"/v1/tickets/{slow}/reopen", status=200)
    await shop.pass_time(days=1)


async def test_the_desk_as_it_is_would_have_come_to_what_it_came_to(shop: Shop) -> None:
    await an_ordinary_day(shop)
    rows = await compared(shop)
    assert rows.keys() == {"first_response", "next_response", "resolution"}
    for row in rows.values():
        assert row["before"] == row["after"]
        assert (row["newly_breached"], row["newly_met"]) == (0, 0)
        assert (row["due"]["earlier"], row["due"]["later"]) == (0, 0)
    report = (await shop.get("/v1/reports/sla?start=2026-03-01&end=2026-04-01"))["rows"]
    for row in report:
        before = rows[row["metric"]]["before"]
        assert [before[name] for name in ("met", "breached", "attainment")] == [
            row[name] for name in ("met", "breached", "attainment")
        ]


async def test_a_stricter_policy_would_have_been_broken_more_often(shop: Shop) -> None:
    await an_ordinary_day(shop)
    row = (await compared(shop, sla_policies={"standard": policy("PT1H")}))["first_response"]
    assert row["before"] == {"met": 2, "breached": 2, "attainment": 0.5}
    assert row["after"] == {"met": 1, "breached": 3, "attainment": 0.25}
    assert (row["newly_breached"], row["newly_met"], row["team"]) == (1, 0, "sales")
    assert row["due"] == {
        "earlier": 4, "later": 0, "same": 0, "most_earlier": "PT4H", "most_later": "PT0S",
    }  # fmt: skip  # three open hours, and lunch between them


async def test_a_more_generous_policy_makes_up_for_late_answers_but_not_for_missing_ones(shop: Shop) -> None:
    await an_ordinary_day(shop)
    row = (await compared(shop, sla_policies={"standard": policy("PT6H")}))["first_response"]
    assert row["after"] == {"met": 3, "breached": 1, "attainment": 0.75}
    assert (row["newly_breached"], row["newly_met"]) == (0, 1)


async def test_another_calendar_is_tried_with_the_policies_there_are(shop: Shop) -> None:
    await an_ordinary_day(shop)
    row = (await compared(shop, calendars={"office": {"always_open": True}}))["first_response"]
    assert row["due"]["most_earlier"] == "PT1H"  # no lunch break
    assert row["after"]["breached"] == 2


async def test_facts_are_followed_as_they_changed_though_the_real_policy_did_not_care(shop: Shop) -> None:
    alike = policy("PT4H")
    await shop.client.put("/v1/desk/sla_policies/standard", json=alike)
    raised = await opened(shop)
    await shop.pass_time(hours=1)
    await shop.post(f"/v1/tickets/{raised}/priority", {"priority": "high"}, status=200)
    await shop.pass_time(hours=1)
    await reply(shop, raised)
    by_priority = policy({"normal": "PT4H", "high": "PT1H30M"})
    row = (await compared(shop, sla_policies={"standard": by_priority}))["first_response"]
    assert (row["before"]["met"], row["after"]["breached"]) == (1, 1)


async def test_a_metric_nobody_promised_is_compared_with_nothing(shop: Shop) -> None:
    await opened(shop)
    await shop.pass_time(minutes=1)  # assigned at once
    promised = policy("PT4H", targets=[{"metric": "assignment", "budget": "PT5M"}])
    rows = await compared(shop, sla_policies={"standard": promised})
    assert rows["assignment"]["before"] == {"met": 0, "breached": 0, "attainment": None}
    assert rows["assignment"]["after"] == {"met": 1, "breached": 0, "attainment": 1.0}
    await shop.pass_time(days=10)
    rows = await compared(shop, sla_policies={"standard": promised})
    assert rows["first_response"]["after"]["breached"] == 0
    assert rows["first_response"]["before"]["breached"] == 1


async def test_asking_changes_nothing_but_the_list_of_jobs(shop: Shop) -> None:
    await an_ordinary_day(shop)

    async def everything() -> list[object]:
        return [await shop.app.engine.fetch(f"SELECT * FROM {table}") for table in EMPTY_TABLES]

    before = await everything()
    await compared(shop, sla_policies={"standard": policy("PT1M"), "drill": None})
    assert await everything() == before


async def test_progress_is_seen_and_another_process_goes_on_with_the_same_draft(shop: Shop) -> None:
    await an_ordinary_day(shop)
    draft = {"sla_policies": {"standard": policy("PT1H")}}
    whole = await compared(shop, **draft)
    job = await asked(shop, **draft)
    store, house, desks = shop.app.parts.jobs, shop.app.parts.house, shop.app.parts.desks
    slowly = Jobs(store, {WhatIf: Supposing(house, desks, store, batch=1)}, house.observer)
    await slowly.step(shop.instant)
    found = await shop.get(job)
    assert (found["done"], found["total"], found["state"]) == (1, 4, "running")
    assert found["asked"]["sla_policies"] == draft["sla_policies"]
    shop.instant += timedelta(hours=1)  # and the desk moves on meanwhile
    await shop.client.put("/v1/desk/sla_policies/standard", json=policy("PT99H"))
    async with wired(shop.app.settings, shop.app.engine.url, now=shop.now, new_id=shop.new_id) as another:
        while await another.jobs.step(shop.instant):
            pass
    found = await shop.get(job)
    assert {row["metric"]: row for row in found["result"]["rows"]} == whole


async def test_a_comparison_can_be_cancelled(shop: Shop) -> None:
    await opened(shop)
    job = await asked(shop)
    await shop.post(f"{job}/cancel", status=200)
    assert not await shop.app.jobs.step(shop.instant)


async def test_a_job_that_cannot_be_carried_out_says_why_and_lets_the_next_one_pass(shop: Shop) -> None:
    await opened(shop)
    job = await asked(shop, sla_policies={"standard": policy("PT1H")})
    spoilt = "UPDATE job SET asked = jsonb_set(asked, '{sla_policies,standard,order}', '\"first\"')"
    await shop.app.engine.execute(spoilt)
    await compared(shop)
    found = await shop.get(job)
    assert found["state"] == "failed"
    assert "/sla_policies/standard/order" in found["error"]
    problem(await shop.client.post(f"{job}/cancel"), 409)


async def test_a_draft_that_could_be_no_desk_is_refused_with_pointers_into_it(shop: Shop) -> None:
    for draft, pointer in (
        ({"sla_policies": {"standard": policy("PT0S")}}, "/sla_policies/standard/targets/0/budget"),
        ({"sla_policies": {"standard": policy("PT1H", calendar="moon")}}, "/sla_policies/standard/calendar"),
        ({"sla_policies": {"nobody": None}}, "/sla_policies/nobody"),
        (
            {"calendars": {"office": {"timezone": "Mars/Olympus", "always_open": True}}},
            "/calendars/office/timezone",
        ),
        ({"calendars": {"office": None}}, "/sla_policies/standard/calendar"),
        ({"calendars": {"office": 7}}, "/calendars/office"),
        ({"end": MARCH["start"]}, "/end"),
        ({"start": "2026-03-01T00:00:00"}, "/start"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "/start"),
        ({"teams": {}}, "/teams"),
    ):
        answer = await shop.client.post("/v1/sla/what-if", json={**MARCH, **draft})
        problem(answer, 422, pointer, what=draft)
    assert (await shop.get("/v1/jobs"))["items"] == []
    problem(await shop.client.get(f"/v1/jobs/{NOBODY}"), 404)
