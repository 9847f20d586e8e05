"""Whatever agents, desk and time do: every load is the units held, and none is above capacity (law 11)."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest
from tests.faults.order import must_hold_what_is_theirs
from tests.journeys.conftest import Shop
from tests.journeys.test_presence import iso
from tests.journeys.test_shifts import put

AGENTS = ("sales-lead", "sales-hn-1", "sales-hcm-1")
STEPS = 120


class Anything:
    """One thing after another, chosen by a seed; most may be refused, none may break the sums."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.dice = random.Random(seed)  # noqa: S311 - a test told again
        self.tickets: list[str] = []
        self.agents = [*AGENTS]
        self.things: tuple[Callable[[], Awaitable[object]], ...] = (
            self.opens,
            self.opens,
            self.opens,
            self.presence,
            self.presence,
            self.to_ticket,
            self.to_ticket,
            self.assigns,
            self.beats,
            self.pulls,
            self.answers_offer,
            self.ends,
            self.plans_leave,
            self.team_says,
            self.teams_change,
        )

    async def step(self) -> None:
        """One thing, and some time; the ticker looks now and then."""
        await self.dice.choice(self.things)()
        self.shop.instant += timedelta(seconds=self.dice.choice((1, 20, 90, 900)))
        if self.dice.random() < 0.7:
            await self.shop.tick()

    def agent(self) -> str:
        return self.dice.choice(self.agents)

    async def opens(self) -> None:
        body = {"subject": "Tivi", "region": "vn-hn", "customer": {"phone": "0903123456"}}
        self.tickets.append(str((await self.shop.post("/v1/tickets", body))["id"]))

    async def presence(self) -> None:
        said = self.dice.choice(("online", "online", "away", "offline", "on_leave"))
        body = {"presence": said, "beats": self.dice.random() < 0.5}
        await self.shop.client.put(f"/v1/agents/{self.agent()}/presence", json=body)

    async def to_ticket(self) -> None:
        if self.tickets:
            what = self.dice.choice(("solve", "reopen"))
            await self.shop.client.post(f"/v1/tickets/{self.dice.choice(self.tickets)}/{what}")

    async def ends(self) -> None:
        if self.tickets:
            one, other = self.dice.choice(self.tickets), self.dice.choice(self.tickets)
            await self.shop.client.post(f"/v1/tickets/{one}/merge", json={"into": other})
            await self.shop.client.post(f"/v1/tickets/{self.dice.choice(self.tickets)}/spam")

    async def assigns(self) -> None:
        if self.tickets:
            body = {"agent": self.dice.choice((*self.agents, None))}
            await self.shop.client.post(f"/v1/tickets/{self.dice.choice(self.tickets)}/assign", json=body)

    async def beats(self) -> None:
        await self.shop.client.post(f"/v1/agents/{self.agent()}/heartbeat")

    async def pulls(self) -> None:
        await self.shop.client.post(f"/v1/agents/{self.agent()}/next")

    async def answers_offer(self) -> None:
        for offer in await self.shop.app.parts.reading.offers(self.agent()):
            await self.shop.client.post(f"/v1/offers/{offer.id}/{self.dice.choice(('accept', 'decline'))}")

    async def plans_leave(self) -> None:
        at = f"/v1/agents/{self.agent()}/leave"
        starts_at = self.shop.instant + timedelta(minutes=self.dice.choice((0, 5)))
        if self.dice.random() < 0.5:
            body = {"starts_at": iso(starts_at), "ends_at": iso(starts_at + timedelta(minutes=20))}
            await self.shop.client.put(at, json=body)
        else:
            await self.shop.client.delete(at)

    async def team_says(self) -> None:
        changed = {
            "assignment": self.dice.choice(("push", "offer", "pull")),
            "on_leave": self.dice.choice(("keep", "hand_back")),
            "away_limit": self.dice.choice((None, "PT10M")),
        }
        await put(self.shop, "teams/sales", await self.shop.get("/v1/desk/teams/sales") | changed)

    async def teams_change(self) -> None:
        key = self.agent()
        teams = self.dice.choice((["sales"], ["warranty"], ["sales", "warranty"]))
        await put(
            self.shop, f"agents/{key}", await self.shop.get(f"/v1/desk/agents/{key}") | {"teams": teams}
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_load_is_what_is_held_and_fits(shop: Shop, database_url: str, seed: int) -> None:
    anything = Anything(shop, seed)
    database = await asyncpg.connect(database_url)
    for _ in range(STEPS):
        await anything.step()
        await must_hold_what_is_theirs(database)
        for one in (await shop.client.get("/v1/agents")).json():
            assert one["load"] <= one["capacity"], one
    handed_back = await database.fetchval("SELECT count(*) FROM ticket_event WHERE type = 'handed_back'")
    await database.close()
    assert handed_back
