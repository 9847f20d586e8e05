"""What other rules or another roster would have come to in a past period; asking changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import problem

from tickets.application.jobs.advance import Jobs
from tickets.application.jobs.job import RoutingWhatIf
from tickets.application.jobs.routing_what_if import SupposingRouting
from tickets.bootstrap import wired

PERIOD = {"start": "2026-03-02T02:00:00Z", "end": "2026-03-02T14:00:00Z"}
PEOPLE = ("sales-lead", "sales-hn-1", "sales-dn-1", "sales-hcm-1")
ONE, OTHER = "sales-hn-1", "sales-dn-1"
TABLES = ("ticket", "ticket_event", "alert", "outbox", "desk_object", "agent_state")


async def agent(shop: Shop, key: str, **changed: object) -> dict[str, Any]:
    return await shop.get(f"/v1/desk/agents/{key}") | changed


async def put(shop: Shop, path: str, body: object) -> None:
    answer = await shop.client.put(f"/v1/desk/{path}", json=body)
    assert answer.status_code == 200, answer.text


async def solve(shop: Shop, ticket: str) -> None:
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)


async def a_day_alone(shop: Shop) -> list[str]:
    """One seller holds one ticket; they come at 09:00, 09:10, 09:20 for an hour and wait 0, 50, 100 min."""
    for key in PEOPLE:
        await put(shop, f"agents/{key}", await agent(shop, key, capacity=int(key == ONE)))
    policy = {
        "order": 100,
        "calendar": "always_open",
        "escalation": "standard",
        "targets": [
            {"metric": "assignment", "budget": "PT1H"},
            {"metric": "first_response", "budget": "PT1H30M"},
        ],
    }
    await put(shop, "sla_policies/standard", policy)
    tickets = []
    for _ in range(3):
        tickets.append(str((await shop.post("/v1/tickets", {"subject": "Tivi hỏng"}))["id"]))
        await shop.pass_time(minutes=10)
    await shop.pass_time(minutes=30)
    for ticket in tickets:  # 10:00, 11:00, 12:00
        await shop.post(f"/v1/tickets/{ticket}/messages", {"kind": "public_reply", "text": "Đã sửa xong"})
        await solve(shop, ticket)
        await shop.pass_time(hours=1)
    await shop.pass_time(hours=12)
    return tickets


async def asked(shop: Shop, **draft: object) -> str:
    answer = await shop.client.post("/v1/routing/what-if", json=PERIOD | draft)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["Location"])


async def supposed(shop: Shop, **draft: object) -> dict[str, Any]:
    """The result of a finished job."""
    job = await asked(shop, **draft)
    while await shop.app.jobs.step(shop.instant):
        pass
    found = await shop.get(job)
    assert (found["state"], found["error"], found["result"]["failed"]) == ("done", None, [])
    assert found["done"] == found["total"]
    assert await shop.app.engine.fetch_value("SELECT count(*) FROM job_stay") == 0
    result: dict[str, Any] = found["result"]
    return result


async def helped(shop: Shop) -> dict[str, object]:
    return {"agents": {OTHER: await agent(shop, OTHER, capacity=1)}}


async def test_one_more_at_the_counter_would_have_halved_the_waits(shop: Shop) -> None:
    await a_day_alone(shop)
    result = await supposed(shop, **await helped(shop))
    (row,) = result["rows"]
    assert (row["team"], row["priority"]) == ("sales", "normal")
    assert row["really"] == {
        "tickets": 3, "unassigned": 0,
        "p50": "PT50M", "p90": "PT1H40M", "p99": "PT1H40M", "longest": "PT1H40M",
        "assignment_promised": 3, "assignment_late": 1, "response_promised": 3, "response_late": 2,
    }  # fmt: skip
    assert row["before"] == row["really"]
    assert row["after"] == {
        "tickets": 3, "unassigned": 0,
        "p50": "PT0S", "p90": "PT40M", "p99": "PT40M", "longest": "PT40M",
        "assignment_promised": 3, "assignment_late": 0, "response_promised": 3, "response_late": 1,
    }  # fmt: skip
    loads = {each["agent"]: each for each in result["agents"]}
    alone = {"tickets": 3, "used": 0.25, "most": 1}
    assert (loads[ONE]["really"], loads[ONE]["before"]) == (alone, alone)
    assert loads[OTHER]["before"] == {"tickets": 0, "used": None, "most": 0}
    taken = sorted(loads[each]["after"]["tickets"] for each in (ONE, OTHER))
    assert taken == [1, 2]


async def test_the_desk_as_it_is_would_have_come_to_the_same_twice(shop: Shop) -> None:
    await a_day_alone(shop)
    result = await supposed(shop, agents={ONE: await agent(shop, ONE)})
    assert result["rows"]
    for row in (*result["rows"], *result["agents"]):
        assert row["before"] == row["after"]


async def test_another_rule_sends_tickets_to_another_team(shop: Shop) -> None:
    await a_day_alone(shop)
    rule = {"order": 1, "team": "warranty"}
    rows = (await supposed(shop, routing_rules={"everything": rule}))["rows"]
    assert {row["team"]: (row["before"] is None, row["after"] is None) for row in rows} == {
        "sales": (False, True),
        "warranty": (True, False),
    }


async def test_somebody_new_for_somebody_who_goes(shop: Shop) -> None:
    await a_day_alone(shop)
    new = {"teams": ["sales"], "skills": {"sales": 3}, "capacity": 8}
    vip = {"order": 1, "team": "sales", "when": {"customer_tier": ["gold"]}}
    result = await supposed(shop, agents={"new-1": new, ONE: None}, routing_rules={"vip": vip})
    (row,) = result["rows"]
    assert (row["after"]["longest"], row["after"]["unassigned"]) == ("PT0S", 0)
    loads = {each["agent"]: each for each in result["agents"]}
    assert (loads[ONE]["before"]["tickets"], loads[ONE]["after"]) == (3, None)
    assert (loads["new-1"]["before"], loads["new-1"]["after"]["tickets"]) == (None, 3)


async def test_shifts_are_kept_and_who_waits_at_the_end_counts_as_unassigned(shop: Shop) -> None:
    await a_day_alone(shop)
    nights = {"timezone": "Asia/Ho_Chi_Minh", "hours": {"mon": [["22:00", "23:00"]]}}
    await put(shop, "calendars/nights", nights)
    only = {"agents": {ONE: await agent(shop, ONE, shift="nights")}}
    (row,) = (await supposed(shop, **only))["rows"]
    assert (row["after"]["unassigned"], row["after"]["longest"]) == (3, "PT12H")
    assert row["after"]["assignment_late"] == 3


async def test_a_ticket_nobody_has_finished_keeps_its_agent_as_long_as_its_team_takes(shop: Shop) -> None:
    await a_day_alone(shop)
    shop.instant = datetime(2026, 3, 3, 2, tzinfo=UTC)
    for _ in range(2):
        await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    await shop.pass_time(minutes=10)
    tuesday = {"start": "2026-03-02T02:00:00Z", "end": "2026-03-04T02:00:00Z"}
    (row,) = (await supposed(shop, **tuesday, agents={ONE: await agent(shop, ONE, capacity=2)}))["rows"]
    assert (row["really"]["tickets"], row["really"]["unassigned"]) == (5, 1)
    assert row["after"]["unassigned"] == 0


async def test_asking_changes_nothing_but_the_list_of_jobs(shop: Shop) -> None:
    await a_day_alone(shop)

    async def everything() -> list[object]:
        return [await shop.app.engine.fetch(f"SELECT * FROM {table}") for table in TABLES]

    before = await everything()
    await supposed(shop, **await helped(shop))
    assert await everything() == before


async def test_whoever_finds_the_job_goes_on_with_it_read_or_half_simulated(shop: Shop) -> None:
    """Each step by another process: nothing but what was read is there to go on with, and it is enough."""
    await a_day_alone(shop)
    draft = await helped(shop)
    whole = await supposed(shop, **draft)
    job = await asked(shop, **draft)
    parts = shop.app.parts

    def slowly() -> Jobs:
        work = SupposingRouting(parts.house, parts.desks, parts.jobs, batch=1, turns=1)
        return Jobs(parts.jobs, {RoutingWhatIf: work}, parts.house.observer)

    for done in (1, 2, 3, 3, 3):
        await slowly().step(shop.instant)
        found = await shop.get(job)
        assert (found["done"], found["total"], found["state"]) == (done, 3, "running")
    shop.instant += timedelta(hours=1)
    await put(shop, f"agents/{ONE}", await agent(shop, ONE, capacity=7))  # and the desk moves on meanwhile
    async with wired(shop.app.settings, shop.app.engine.url, now=shop.now, new_id=shop.new_id) as another:
        while await another.jobs.step(shop.instant):
            pass
    found = await shop.get(job)
    assert (found["state"], found["result"] | {"kind": ""}) == ("done", whole | {"kind": ""})


async def test_it_can_be_cancelled_and_leaves_nothing_behind(shop: Shop) -> None:
    await a_day_alone(shop)
    job = await asked(shop, **await helped(shop))
    assert await shop.app.jobs.step(shop.instant)
    assert await shop.app.engine.fetch_value("SELECT count(*) FROM job_stay") == 3
    await shop.post(f"{job}/cancel", status=200)
    assert not await shop.app.jobs.step(shop.instant)
    assert await shop.app.engine.fetch_value("SELECT count(*) FROM job_stay") == 0
    assert (await shop.get(job))["result"]["rows"] == []


async def test_what_cannot_be_supposed_is_refused_with_pointers(shop: Shop) -> None:
    shop.instant += timedelta(days=60)
    some = {"agents": {ONE: await agent(shop, ONE)}}
    for body, pointer in (
        ({}, ""),
        (some | {"end": PERIOD["start"]}, "/end"),
        (some | {"end": "2026-04-02T02:00:01Z"}, "/end"),
        (some | {"start": "2027-03-02T02:00:00Z", "end": "2027-03-03T02:00:00Z"}, "/start"),
        (some | {"start": "0001-01-01T00:00:00+14:00"}, "/start"),
        ({"agents": {ONE: {"teams": ["moon"]}}}, f"/agents/{ONE}/teams/0"),
        ({"agents": {"new": {"capacity": -1}}}, "/agents/new/capacity"),
        ({"agents": {"nobody": None}}, "/agents/nobody"),
        ({"matcher": "best"}, "/matcher"),
        ({"routing_rules": {"all": {"order": 1, "team": "moon"}}}, "/routing_rules/all/team"),
        ({"teams": {}}, "/teams"),
    ):
        answer = await shop.client.post("/v1/routing/what-if", json=PERIOD | body)
        problem(answer, 422, pointer, what=body)
    assert (await shop.get("/v1/jobs"))["items"] == []
