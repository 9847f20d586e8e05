"""Answers under an Idempotency-Key are forgotten after a week, by the ticker of a server that runs."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from tests.faults.served import PATIENCE, free_port

from tickets.application.ports import Idempotent
from tickets.bootstrap import KEPT_ANSWERS, Application, serve, wired
from tickets.persistence.engine import Engine
from tickets.persistence.idempotency import Idempotency
from tickets.settings import read_settings

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WHO = UUID(int=1)


class Forgetful(Idempotency):
    """Says when it has forgotten."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.forgot = asyncio.Event()

    async def forget(self, before: datetime) -> None:
        """Forget, and say so."""
        await super().forget(before)
        self.forgot.set()


class Week:
    """One application, and the instant it lives at."""

    def __init__(self, app: Application, instants: list[datetime]) -> None:
        self.app = app
        self.instants = instants

    async def answer(self, key: str) -> None:
        """Keep an answer under a key, now."""
        asked = Idempotent(api_key=WHO, key=key, fingerprint=b"")
        await self.app.parts.idempotency.claim(asked, self.instants[-1])
        await self.app.parts.idempotency.keep(asked, 201, b"{}")

    async def serve_a_while(self) -> set[str]:
        """Serve until the round of forgetting is over; the keys that are left."""
        forgetful, answering = Forgetful(self.app.engine), asyncio.Event()
        app = replace(self.app, parts=replace(self.app.parts, idempotency=forgetful))
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(app, frozenset({"ticker"}), answering.set))
            await answering.wait()
            await forgetful.forgot.wait()
            signal.raise_signal(signal.SIGTERM)
        return {key for (key,) in await self.app.engine.fetch("SELECT key FROM idempotency")}


@pytest.fixture
async def week(database_url: str, tmp_path: Path) -> AsyncIterator[Week]:
    """A server's application at the start of a week."""
    settings = read_settings({"TICKETS_DATA_DIR": str(tmp_path), "TICKETS_PORT": str(free_port())})
    instants = [START]
    async with wired(settings, database_url, now=lambda: instants[-1], new_id=uuid4) as app:
        yield Week(app, instants)


async def test_an_answer_is_kept_for_a_week_and_then_its_key_is_new_again(week: Week) -> None:
    await week.answer("monday")
    week.instants.append(START + timedelta(days=1))
    await week.answer("tuesday")
    week.instants.append(START + KEPT_ANSWERS)
    assert await week.serve_a_while() == {"monday", "tuesday"}
    week.instants.append(START + KEPT_ANSWERS + timedelta(microseconds=1))
    assert await week.serve_a_while() == {"tuesday"}
    week.instants.append(START + KEPT_ANSWERS + timedelta(days=30))
    assert await week.serve_a_while() == set()
