"""The time of runs: the calendar a run began on stays its own, and nobody is passed over after an outage."""

from datetime import timedelta

from tests.journeys.conftest import Shop
from tests.journeys.test_escalation_rules import policy, promise
from tests.journeys.test_escalation_runs import act, alerts, begun, opened, pages, put, run
from tests.journeys.test_recompute import asked, finished

FALLBACK = ["email:manager@shop.example.vn"]
TWO = (
    {"name": "first", "delay": "PT0S", "notify": ["agent:sales-hn-1"]},
    {"name": "second", "delay": "PT10M", "notify": ["agent:sales-hcm-1"]},
)


async def in_business_time(shop: Shop) -> str:
    """A ticket on office hours with a run whose second level is four open hours away: at 14:00."""
    later = {"name": "second", "delay": "PT4H", "clock": "business", "notify": ["agent:sales-hcm-1"]}
    await policy(shop, "ladder", TWO[0], later)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    assert made["next"]["at"] == "2026-03-02T07:00:00Z"
    return ticket


async def test_an_edited_calendar_moves_no_level_of_a_live_run(shop: Shop) -> None:
    ticket = await in_business_time(shop)
    await put(
        shop, "calendars/office", {"timezone": "Asia/Ho_Chi_Minh", "hours": {"fri": [["08:00", "09:00"]]}}
    )
    await finished(shop, await asked(shop))  # its promises are on the new one now
    assert (await run(shop, ticket))["next"]["at"] == "2026-03-02T07:00:00Z"
    await shop.pass_time(hours=5)
    assert await pages(shop, ticket) == [("first", 0), ("second", 0)]
    fresh = await begun(shop, ticket, cause="fresh")  # on what holds now
    assert fresh["next"]["at"] == "2026-04-03T01:00:00Z"


async def test_a_ticket_that_comes_under_other_hours_moves_no_level_of_a_live_run(shop: Shop) -> None:
    ticket = await in_business_time(shop)
    await shop.post(f"/v1/tickets/{ticket}/priority", {"priority": "urgent"}, status=200)  # day and night
    assert (await run(shop, ticket))["next"]["at"] == "2026-03-02T07:00:00Z"


async def test_a_run_held_over_a_night_goes_on_by_the_open_time_it_had_left(shop: Shop) -> None:
    ticket = await in_business_time(shop)
    await shop.pass_time(hours=1)
    had = await act(shop, ticket, (await run(shop, ticket))["id"], "acknowledge")
    await shop.pass_time(days=2)
    back = await act(shop, ticket, had["id"], "unacknowledge")
    assert back["next"]["at"] == "2026-03-04T07:00:00Z"


async def test_after_an_outage_whoever_is_told_late_has_their_time(shop: Shop) -> None:
    await policy(shop, "ladder", *TWO)
    ticket = await opened(shop)
    await begun(shop, ticket)
    shop.instant += timedelta(hours=1)  # nobody lived for an hour
    await shop.tick()
    found = await run(shop, ticket)
    assert await pages(shop, ticket) == [("first", 0), ("second", 0)]
    assert (await alerts(shop, ticket))[-1]["occurred_at"] == "2026-03-02T02:10:00Z"  # true
    assert (found["state"], found["next"]) == (
        "open",
        {"level": "fallback", "at": "2026-03-02T03:15:00Z", "notify": FALLBACK},
    )
    await shop.pass_time(minutes=16)
    assert await pages(shop, ticket) == [("first", 0), ("second", 0), ("fallback", 0)]


async def test_a_promise_that_is_told_late_begins_its_run_then_and_not_all_of_it_at_once(shop: Shop) -> None:
    broken = {"name": "broken", "after_due": "PT0S", "notify": ["team_lead"]}
    await policy(shop, "night", broken, {**TWO[0], "delay": "PT1M"}, TWO[1])
    await promise(shop, "night")
    ticket = await opened(shop, tags=["promised"])
    shop.instant += timedelta(hours=2)
    await shop.tick()
    found = await run(shop, ticket)
    assert found["began_at"] == "2026-03-02T02:20:00Z"  # true
    assert await pages(shop, ticket) == [("broken", 0)]
    assert found["next"] == {"level": "first", "at": "2026-03-02T04:01:00Z", "notify": ["agent:sales-hn-1"]}
    await shop.pass_time(minutes=11)
    assert await pages(shop, ticket) == [("broken", 0), ("first", 0), ("second", 0)]
