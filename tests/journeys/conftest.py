"""The whole application in process over a fresh database, with the sample desk, at a moved instant."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from tickets.api.app import create_app
from tickets.application.publish import apply_file
from tickets.bootstrap import Application, wired
from tickets.settings import read_settings

MONDAY_MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""09:00 in Hà Nội, an ordinary working day."""


@dataclass
class Shop:
    """The retailer of the sample desk, its service, and the hands to move time with."""

    instant: datetime = MONDAY_MORNING
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    app: Application = field(init=False)
    client: httpx.AsyncClient = field(init=False)

    def now(self) -> datetime:
        """The instant everything here happens at."""
        return self.instant

    def new_id(self) -> UUID:
        """Ids that count up."""
        return UUID(int=next(self.numbers))

    async def pass_time(self, **units: float) -> None:
        """Move on, stopping wherever something is due on the way."""
        until = self.instant + timedelta(**units)
        await self.tick()
        while (due := await self.app.parts.house.tickets.next_instant()) is not None and due <= until:
            self.instant = max(self.instant, due)
            await self.tick()
        self.instant = until
        await self.tick()

    async def tick(self) -> None:
        """One turn of the ticker."""
        await self.app.ticker.step(self.instant, everyone=True)

    async def post(
        self, path: str, body: object = None, status: int = 201, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """POST JSON, and the answer."""
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else {}

    async def get(self, path: str) -> dict[str, Any]:
        """GET, and the answer."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def events(self, ticket: str) -> list[str]:
        """The types of a ticket's history, in order."""
        return [line["type"] for line in (await self.get(f"/v1/tickets/{ticket}/events"))["items"]]


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop that has just opened for the day."""
    async with opened(database_url, tmp_path, {}) as made:
        yield made


@asynccontextmanager
async def opened(database_url: str, folder: Path, options: dict[str, str]) -> AsyncIterator[Shop]:
    """A shop with options of its own."""
    made = Shop()
    settings = read_settings({"TICKETS_DATA_DIR": str(folder), **options})
    async with wired(settings, database_url, now=made.now, new_id=made.new_id) as app:
        made.app = app
        text = files("tickets.sample").joinpath("desk.yaml").read_text(encoding="utf-8")
        await apply_file(app.parts.desks, text, made.instant)
        key = await app.parts.api_keys.bootstrap(made.new_id(), made.instant)
        transport = httpx.ASGITransport(create_app(app.parts), raise_app_exceptions=True)  # type: ignore[arg-type]
        async with httpx.AsyncClient(
            transport=transport, base_url="http://shop.test", headers={"Authorization": f"Bearer {key}"}
        ) as client:
            made.client = client
            yield made
