"""The application in process, over a database of its own, at an instant the test moves."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from litestar.types import ControllerRouterHandler

from tickets.api.app import ROUTES, create_app
from tickets.api.parts import Parts
from tickets.observability.metrics import Metrics
from tickets.persistence.api_keys import ApiKey, ApiKeys, Scope
from tickets.persistence.engine import Engine
from tickets.persistence.idempotency import Idempotency

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class House:
    """The parts of one application, and the hands to move it with."""

    engine: Engine
    instant: datetime = START
    metrics: Metrics = field(default_factory=Metrics)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def parts(self) -> Parts:
        """What the application is made from."""
        return Parts(
            engine=self.engine,
            now=lambda: self.instant,
            new_id=self.new_id,
            metrics=self.metrics,
            api_keys=ApiKeys(self.engine),
            idempotency=Idempotency(self.engine),
            largest_body=10_000,
        )

    def new_id(self) -> UUID:
        """Ids that count up."""
        return UUID(int=next(self.numbers))

    def pass_time(self, **units: float) -> None:
        """Move the instant on."""
        self.instant += timedelta(**units)

    async def key(self, *scopes: Scope, **more: datetime | str) -> dict[str, str]:
        """The headers of a caller with these scopes."""
        made = ApiKey(id=self.new_id(), name="test", scopes=scopes, created_at=self.instant, **more)  # type: ignore[arg-type]
        return {"Authorization": f"Bearer {await ApiKeys(self.engine).mint(made)}"}

    def client(self, *more_routes: ControllerRouterHandler) -> httpx.AsyncClient:
        """A client of the application in process."""
        app = create_app(self.parts, [*ROUTES, *more_routes])
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://desk.test")


@pytest.fixture
def house(engine: Engine) -> House:
    """An application over a fresh database."""
    return House(engine)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the routes of the product."""
    async with house.client() as made:
        yield made
