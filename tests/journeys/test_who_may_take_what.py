"""What a rule asks of agents and gives up in time, over REST: skills, levels, region, language, team."""

import pytest
from tests.journeys.conftest import Shop
from tests.journeys.test_rerouting import opened, read, rule
from tests.journeys.test_shifts import put
from tests.journeys.test_why_this_agent import SALES, preview, routing_of, set_presence

DA_NANG = {"region": "vn-dn", "language": "en"}
STEPS = [
    {"after": "PT5M", "lower_levels": 2},
    {"after": "PT10M", "drop_optional": True},
    {"after": "PT20M", "widen_region": True},
    {"after": "PT25M", "widen_region": True},
    {"after": "PT30M", "drop_language": True},
    {"after": "PT40M", "team": "warranty"},
]
GOOD = {"teams": ["sales"], "skills": {"sales": 3, "điện lạnh": 4}, "languages": ["en"], "regions": ["vn-dn"]}


async def ladder(shop: Shop, **agent: object) -> None:
    """A rule that gives up one thing after the other, and one agent who is there."""
    await set_presence(shop, "offline", *SALES)
    wishes = [{"skill": "sales", "level": 2}, {"skill": "điện lạnh", "level": 4, "mandatory": False}]
    await rule(shop, "everything-else", order=100, team="sales", skills=wishes, relaxation=STEPS)
    await put(shop, "agents/only", GOOD | {"capacity": 5, "presence": "online"} | agent)


@pytest.mark.parametrize(
    ("agent", "minutes", "given_up"),
    [
        ({}, 0, 0),
        ({"skills": {"sales": 3, "điện lạnh": 2}}, 5, 1),
        ({"skills": {"sales": 2}}, 10, 2),
        ({"regions": ["vn-hn"]}, 25, 4),  # Đà Nẵng lies in the middle of Việt Nam, Hà Nội only in Việt Nam
        ({"regions": ["vn-central"]}, 0, 0),
        ({"languages": ["vi"]}, 30, 5),
        ({"teams": ["warranty"]}, 40, 6),
        ({"skills": {"sales": 1, "điện lạnh": 5}}, None, None),
    ],
)
async def test_each_step_is_given_up_when_it_is_due_and_mandatory_skills_never(
    shop: Shop, agent: dict[str, object], minutes: int | None, given_up: int | None
) -> None:
    await ladder(shop, **agent)
    ticket = await opened(shop, **DA_NANG)
    if minutes is None:
        await shop.pass_time(hours=30)
        assert (await read(shop, ticket))["assignee"] != "only"
        return
    if minutes:
        await shop.pass_time(minutes=minutes, seconds=-1)
        assert (await read(shop, ticket))["assignee"] is None
        await shop.pass_time(seconds=1)
    assert (await read(shop, ticket))["assignee"] == "only"
    assert len((await routing_of(shop, ticket))["last"]["relaxed"]) <= (given_up or 0)


async def test_a_region_is_widened_to_the_one_it_lies_in(shop: Shop) -> None:
    await ladder(shop, regions=["vn-north"])
    ticket = await opened(shop, region="vn-hn", language="en")
    assert ticket["assignee"] == "only"  # who serves the north serves Hà Nội
    elsewhere = await opened(shop, **DA_NANG)
    await shop.pass_time(minutes=24)
    assert (await read(shop, elsewhere))["assignee"] is None
    await shop.pass_time(minutes=1)
    assert (await read(shop, elsewhere))["assignee"] == "only"


async def test_the_best_fit_is_the_strongest_in_what_the_rule_asks_first(shop: Shop) -> None:
    await ladder(shop)
    await put(shop, "agents/best", GOOD | {"skills": {"sales": 5, "điện lạnh": 4}, "presence": "online"})
    found = (await preview(shop, **DA_NANG))["decision"]
    assert [one["agent"] for one in found["candidates"]] == ["best", "only"]
    await put(shop, "agents/third", GOOD | {"languages": ["vi"], "presence": "online"})
    found = (await preview(shop, **DA_NANG))["decision"]
    reasons = {agent: one["reason"] for one in found["rejected"] for agent in one["agents"]}
    assert reasons["third"] == "other_language"
