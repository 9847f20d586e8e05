"""Routers of many processes, some of them killed, while agents come and go and get things done (law 11)."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
from msgspec.structs import replace
from tests.bench.request import record
from tests.burst_desk import arrive, desk_of, people
from tests.faults.audit import WATCH, must_have_been_lawful
from tests.faults.order import must_hold_what_is_theirs
from tests.faults.served import PATIENCE, Served, until
from tests.routing.bursts import RULES

from routing import Matcher
from tickets.api.app import create_app
from tickets.application.publish import apply_file
from tickets.bootstrap import Application, wired
from tickets.settings import read_settings

LONG = bool(os.environ.get("TICKETS_TEST_LONG"))
ROUTERS, KILLED, AGENTS, TICKETS = (8, 12, 300, 20_000) if LONG else (3, 1, 40, 400)
HANDS = 6
"""People who work on what they were given, at once."""

_IN_HAND = "SELECT id FROM ticket WHERE assignee IS NOT NULL AND status = 'open' ORDER BY random() LIMIT 20"
_LEFT = "SELECT count(*) FROM ticket WHERE waiting_since IS NOT NULL"
_STATES = """
SELECT CASE WHEN status = 'solved' THEN 'solved' WHEN waiting_since IS NOT NULL THEN 'waits'
            WHEN assignee IS NOT NULL THEN 'held' ELSE 'lost' END, count(*) FROM ticket GROUP BY 1
"""


class Floor:
    """Everybody on the floor at work; chance is seeded."""

    def __init__(self, app: Application, client: httpx.AsyncClient, agents: Sequence[str]) -> None:
        self.app = app
        self.client = client
        self.agents = agents
        self.chance = random.Random(11)  # noqa: S311 - no secret
        self.late = asyncio.Event()
        self.enough = asyncio.Event()

    async def come_and_go(self) -> None:
        """Agents who take breaks."""
        while not self.late.is_set():
            agent = self.chance.choice(self.agents)
            for presence in (self.chance.choice(["away", "offline"]), "online"):
                await self.set_presence(agent, presence)
                await asyncio.sleep(0.02)

    async def set_presence(self, agent: str, presence: str) -> None:
        answer = await self.client.put(f"/v1/agents/{agent}/presence", json={"presence": presence})
        answer.raise_for_status()

    async def get_things_done(self) -> None:
        """Agents who solve what they have, give it to others, give it back, or are asked once more.

        When it is late they only solve: what is given back then may find nobody who has room and knows how.
        """
        while not self.enough.is_set():
            in_hand = await self.app.engine.fetch(_IN_HAND)
            for (ticket,) in in_hand:
                await self.work_on(ticket)
            if not in_hand:
                await asyncio.sleep(0.05)

    async def work_on(self, ticket: UUID) -> None:
        match 20 if self.late.is_set() else self.chance.randrange(20):
            case 0:
                await self.post(ticket, "assign", {"agent": None})
            case 1 | 2:
                await self.post(ticket, "assign", {"agent": self.chance.choice(self.agents)})
            case 3:
                await self.post(ticket, "solve")
                await self.post(ticket, "reopen")
            case _:
                await self.post(ticket, "solve")

    async def post(self, ticket: UUID, verb: str, body: object = None) -> None:
        answer = await self.client.post(f"/v1/tickets/{ticket}/{verb}", json=body)
        # Refused (away, full, solved by somebody else) or superseded: they go on with the next one.
        assert answer.status_code in {200, 409, 422, 503}, answer.text

    async def waiting(self) -> int:
        """How many wait for an agent."""
        left: int = await self.app.engine.fetch_value(_LEFT)
        return left


@asynccontextmanager
async def floor(url: str, folder: Path, matcher: Matcher) -> AsyncIterator[Floor]:
    """A desk of one skill a rule with everybody online, its tickets waiting, and every change watched."""
    agents = people(AGENTS)
    rules = [replace(rule, skills=rule.skills[:1]) for rule in RULES]
    settings = read_settings({"TICKETS_DATA_DIR": str(folder), "TICKETS_DATABASE_URL": url})
    async with wired(settings, url) as app:
        now = app.parts.now()
        await apply_file(app.parts.desks, desk_of(agents, rules, matcher), now)
        key = await app.parts.api_keys.bootstrap(app.parts.new_id(), now)
        await arrive(app.engine, TICKETS, (await record(url)).ticket)
        await app.engine.execute(WATCH)
        transport = httpx.ASGITransport(create_app(app.parts))  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://shop.test", headers=headers
        ) as client:
            ringing = asyncio.create_task(app.doorbell.run())
            yield Floor(app, client, [agent.key for agent in agents])
            ringing.cancel()


async def kill_some(routers: list[Served], floor: Floor, chance: random.Random) -> None:
    """Kill one router after another in the middle of its work; each is started again."""
    for blow in range(KILLED):
        left = TICKETS * (KILLED - blow) // (KILLED + 1)

        async def so_far(left: int = left) -> bool:
            return await floor.waiting() <= left

        await until(so_far, f"only {left} tickets wait", patience=10 * PATIENCE)
        struck = chance.choice(routers)
        await struck.kill()
        await struck.start()


async def work_it_off(floor: Floor, others: Callable[[], Awaitable[None]]) -> None:
    """Let everybody work, and others do what they do, until nobody waits; all come back before the end."""

    async def nobody_waits() -> bool:
        return await floor.waiting() == 0

    async with asyncio.TaskGroup() as everybody:
        for work in [floor.get_things_done] * HANDS + [floor.come_and_go] * 2:
            everybody.create_task(work())
        await others()
        await until(nobody_waits, "nobody waits", patience=10 * PATIENCE)
        floor.late.set()
        for agent in floor.agents:
            await floor.set_presence(agent, "online")
        await until(nobody_waits, "whoever was sent back meanwhile has an agent")
        floor.enough.set()


@pytest.mark.parametrize("matcher", ["greedy", "optimal"])
async def test_many_routers_never_step_on_each_other_and_one_killed_changes_nothing(
    tmp_path: Path, database_url: str, matcher: Matcher
) -> None:
    shared = {"TICKETS_DATABASE_URL": database_url}
    routers = [Served(tmp_path / str(n), shared, role="ticker") for n in range(ROUTERS)]
    async with floor(database_url, tmp_path, matcher) as people_at_work, AsyncExitStack() as stack:
        for router in routers:
            stack.push_async_callback(router.kill)
        await asyncio.gather(*(router.start() for router in routers))
        await work_it_off(people_at_work, lambda: kill_some(routers, people_at_work, people_at_work.chance))
    database = await asyncpg.connect(database_url)
    try:
        states = dict(await database.fetch(_STATES))
        assert states["solved"] + states.get("held", 0) == TICKETS + 1, "the model the others were made from"
        await must_hold_what_is_theirs(database)
        seen = await must_have_been_lawful(database, {agent.key: agent for agent in people(AGENTS)})
        assert seen.by_router >= TICKETS
        assert seen.departures
        assert seen.by_hand
    finally:
        await database.close()
