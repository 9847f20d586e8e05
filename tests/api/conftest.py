"""The application in process, over a database of its own, at an instant the test moves."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from litestar.types import ControllerRouterHandler

from tickets.api.app import ROUTES, create_app
from tickets.api.parts import Parts
from tickets.bootstrap import wired
from tickets.persistence.api_keys import ApiKey, Scope
from tickets.settings import read_settings

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Frame:
    """The parts of one application, and the hands to move it with."""

    instant: datetime = START
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    parts: Parts = field(init=False)

    def now(self) -> datetime:
        """The instant everything here happens at."""
        return self.instant

    def new_id(self) -> UUID:
        """Ids that count up."""
        return UUID(int=next(self.numbers))

    def pass_time(self, **units: float) -> None:
        """Move the instant on."""
        self.instant += timedelta(**units)

    async def key(self, *scopes: Scope) -> dict[str, str]:
        """The headers of a caller with these scopes."""
        made = ApiKey(id=self.new_id(), name="test", scopes=scopes, created_at=self.instant)
        return {"Authorization": f"Bearer {await self.parts.api_keys.mint(made)}"}

    def client(self, *more_routes: ControllerRouterHandler, **parts: object) -> httpx.AsyncClient:
        """A client of the application in process, with more routes, and other parts in place of some."""
        app = create_app(replace(self.parts, **parts), [*ROUTES, *more_routes])  # type: ignore[arg-type]
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://desk.test")


@pytest.fixture
async def frame(database_url: str, tmp_path: Path) -> AsyncIterator[Frame]:
    """An application over a fresh database."""
    made = Frame()
    settings = read_settings({"TICKETS_DATA_DIR": str(tmp_path)})
    async with wired(settings, database_url, now=made.now, new_id=made.new_id) as app:
        made.parts = replace(app.parts, largest_body=10_000)
        yield made


@pytest.fixture
async def client(frame: Frame) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes of the product."""
    async with frame.client() as made:
        yield made
