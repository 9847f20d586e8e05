"""Where the stories of faults are played: a desk of two promises, tickets about to break them, a receiver."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import httpx
from tests.armed import arm
from tests.database import REMEMBERS
from tests.faults.mortal import Point
from tests.faults.nursery import Nursery, Orders
from tests.faults.served import until
from tests.faults.tally import Page, Tally, taken
from tests.worker.receiver import Receiver, receiver

from tickets.adapters import system
from tickets.adapters.embedded_postgres import EmbeddedPostgres
from tickets.api.app import create_app
from tickets.application.publish import apply_file
from tickets.bootstrap import Application, wired
from tickets.persistence.engine import Engine
from tickets.persistence.migrate import migrate
from tickets.settings import read_settings

LEAD = timedelta(seconds=1)
"""From arming to the first due instant."""

DESK = """
webhooks:
  ops: {{url: "http://127.0.0.1:{port}/"}}
escalation_policies:
  paging:
    levels:
      - {{name: broken, after_due: PT0S, notify: ["webhook:ops"]{repeat}}}
      - {{name: still, after_due: {still}, notify: ["webhook:ops"]}}
    fallback: ["webhook:ops"]
sla_policies:
  paged:
    order: 1
    when: {{tags: [paged]}}
    escalation: paging
    targets: [{{metric: first_response, budget: PT4H, at_risk: null}}]
  quiet:
    order: 2
    targets: [{{metric: first_response, budget: PT4H, at_risk: null}}]
"""
_REPEAT = ", repeat: PT1S, repeat_limit: 3"

_REST = "UPDATE ticket SET tick_at = NULL, waiting_since = NULL, route_at = NULL"
_TICKING = "UPDATE ticket SET tick_at = (clocks #>> '{each,0,next_at}')::timestamptz WHERE id = ANY ($1)"
_LEFT = """
SELECT (SELECT count(*) FROM ticket WHERE tick_at <= $1),
       (SELECT count(*) FROM outbox WHERE wake_at IS NOT NULL)
"""
_A_MINUTE_LATER = """
UPDATE outbox SET wake_at = wake_at - interval '61 s', leased_until = leased_until - interval '61 s'
WHERE wake_at IS NOT NULL
"""
_RING_AGAIN = """
UPDATE outbox SET wake_at = $1 WHERE wake_at > $1 AND leased_until IS NULL AND state = 'pending'
"""


class Size(NamedTuple):
    """How much of it: tickets, and such that page; how many fall due each second; how often it is hit."""

    quiet: int
    paged: int
    rate: float
    blows: int


class Scene:
    """One database, one receiver, and what processes on them are started with."""

    repeating: bool = False
    rabbitmq: str | None = None
    """A RabbitMQ that is shared with others, if one is to be."""
    postgres: EmbeddedPostgres | None = None
    """The server, where a story may do with it what it likes."""

    def __init__(
        self, app: Application, client: httpx.AsyncClient, ears: Receiver, nursery: Nursery, folder: Path
    ) -> None:
        self.app = app
        self.client = client
        self.ears = ears
        self.nursery = nursery
        self.folder = folder
        self.models: dict[str, UUID] = {}
        self.armed = 0

    async def bear(
        self,
        children: int,
        *,
        every: float = 0,
        ends: tuple[Point, ...] = (),
        unreliable: bool = False,
        **more: str,
    ) -> None:
        """Kill the processes there are, and let others begin."""
        own = {"TICKETS_DATA_DIR": str(self.folder), "TICKETS_ALLOW_PRIVATE_WEBHOOKS": "127.0.0.1"}
        orders = Orders(
            url=self.app.engine.url,
            environment=own | more,
            children=children,
            every=every,
            ends=ends,
            unreliable=unreliable,
        )
        await self.nursery.bear(orders)

    async def open_models(self) -> None:
        """Open the tickets that all others are copies of; nothing ever happens to them."""
        for kind in ("quiet", "paged"):
            body = {"subject": kind, "tags": [kind]}
            answer = (await self.client.post("/v1/tickets", json=body)).raise_for_status()
            self.models[kind] = UUID(answer.json()["id"])
        await self.app.engine.execute("UPDATE ticket SET waiting_since = NULL, route_at = NULL")

    async def arm(self, size: Size, since: datetime | None = None) -> datetime:
        """Let tickets fall due, the first of them at `since` or in a moment; when the last one does."""
        start = since or system.now() + LEAD
        models = list(self.models.values())
        await self.app.engine.execute(_TICKING, models)
        share = size.paged / max(1, size.quiet + size.paged)
        await arm(self.app.engine, self.models["quiet"], start, size.rate * (1 - share), size.quiet)
        await arm(self.app.engine, self.models["paged"], start, max(size.rate * share, 0.001), size.paged)
        await self.app.engine.execute("UPDATE ticket SET tick_at = NULL WHERE id = ANY ($1)", models)
        self.armed += size.quiet + size.paged
        return start + timedelta(seconds=(size.quiet + size.paged) / size.rate)

    async def rested(self) -> bool:
        """Whether nothing is due any more, later levels included, and nothing has to leave."""
        return await self.left() == 0

    async def left(self) -> int:
        """How much is still to fire or to leave."""
        horizon = system.now() + timedelta(minutes=5)
        ticking, leaving = await self.app.engine.fetch_row(_LEFT, horizon)  # type: ignore[misc]
        return int(ticking + leaving)

    async def until_rest(self, patience: float) -> None:
        """Wait until all that was promised has been done; impatient only while nothing more of it is."""
        fewest = await self.left()

        async def fewer() -> bool:
            nonlocal fewest
            before, fewest = fewest, min(fewest, await self.left())
            return fewest < before

        while fewest > 0:
            await until(fewer, f"one of {fewest} fires or leaves", patience)

    async def a_minute_later(self) -> None:
        """As if a minute had passed for what the dead have taken on: their leases end."""
        await self.app.engine.execute(_A_MINUTE_LATER)
        await self.app.engine.execute("UPDATE endpoint SET leases = '{}', open_until = NULL")

    async def ring_again(self) -> None:
        """As if the time had passed after which a message counts as lost."""
        await self.app.engine.execute(_RING_AGAIN, system.now())

    async def tally(self) -> Tally:
        """Count what was lost and doubled, tickets themselves included."""
        database = await asyncpg.connect(self.app.engine.url)
        try:
            pages = [
                Page(UUID(seen.headers["webhook-id"]), seen.body, seen.at) for seen in self.ears.requests
            ]
            counted = await taken(database, list(self.models.values()), pages, repeating=self.repeating)
        finally:
            await database.close()
        counted.lost += max(0, self.armed - counted.clocks)
        counted.doubled += max(0, counted.clocks - self.armed)
        return counted


@asynccontextmanager
async def scene(url: str, folder: Path, nursery: Nursery, *, repeating: bool = False) -> AsyncIterator[Scene]:
    """A scene on a migrated database."""
    settings = read_settings({"TICKETS_DATA_DIR": str(folder)})
    async with receiver() as ears, wired(settings, url) as app:
        desk = DESK.format(
            port=ears.port, repeat=_REPEAT if repeating else "", still="PT3S" if repeating else "PT1S"
        )
        await apply_file(app.parts.desks, desk, app.parts.now())
        key = await app.parts.api_keys.bootstrap(app.parts.new_id(), app.parts.now())
        transport = httpx.ASGITransport(create_app(app.parts))  # type: ignore[arg-type]
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://shop.test", headers=headers
        ) as client:
            made = Scene(app, client, ears, nursery, folder)
            made.repeating = repeating
            await made.open_models()
            try:
                yield made
            finally:
                await made.bear(0)


@asynccontextmanager
async def own_server(folder: Path, nursery: Nursery) -> AsyncIterator[Scene]:
    """A scene with a durable PostgreSQL of its own."""
    postgres = EmbeddedPostgres(folder / "postgres", REMEMBERS)
    url = postgres.start()
    try:
        engine = Engine(url, pool_size=1)
        await engine.start()
        await migrate(engine)
        await engine.close()
        async with scene(url, folder, nursery) as made:
            made.postgres = postgres
            yield made
    finally:
        postgres.stop(grace=0)
