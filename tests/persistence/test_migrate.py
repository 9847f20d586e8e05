import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tickets.errors import DatabaseTooNew
from tickets.persistence.engine import Engine
from tickets.persistence.migrate import Script, applied, known, migrate, pending


@dataclass
class Step:
    """A migration as its module would be."""

    ID: str
    sql: str

    async def forwards(self) -> Script:
        return Script(self.ID, self.sql)


ONE = Step("0001", "CREATE TABLE one (n int); INSERT INTO one SELECT generate_series(1, 3);")
TWO = Step("0002", "ALTER TABLE one ADD COLUMN m jsonb NOT NULL DEFAULT '{}'")
BROKEN = Step("0003", "CREATE TABLE three (); SELECT nonsense")


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Engine]:
    engine = Engine(empty_database_url, pool_size=2)
    await engine.start()
    yield engine
    await engine.close()


async def test_an_empty_database_comes_to_the_latest_version_and_stays_there(empty: Engine) -> None:
    assert await applied(empty) == []
    assert await pending(empty, [ONE, TWO]) == ["0001", "0002"]
    assert await migrate(empty, [ONE, TWO]) == ["0001", "0002"]
    assert await migrate(empty, [ONE, TWO]) == []
    assert await applied(empty) == ["0001", "0002"]
    assert await pending(empty, [ONE, TWO]) == []
    assert await empty.fetch_value("SELECT sum(n) FROM one") == 6


async def test_only_what_is_missing_runs(empty: Engine) -> None:
    await migrate(empty, [ONE])
    assert await migrate(empty, [ONE, TWO]) == ["0002"]


async def test_a_migration_that_fails_leaves_nothing_of_its_run(empty: Engine) -> None:
    await migrate(empty, [ONE])
    with pytest.raises(Exception, match="nonsense"):
        await migrate(empty, [ONE, TWO, BROKEN])
    assert await applied(empty) == ["0001"]
    assert await empty.fetch_value("SELECT to_regclass('three')") is None
    assert await migrate(empty, [ONE, TWO]) == ["0002"]


async def test_ten_replicas_may_start_together_and_one_of_them_migrates(empty_database_url: str) -> None:
    async def replica() -> list[str]:
        engine = Engine(empty_database_url, pool_size=1)
        await engine.start()
        try:
            return await migrate(engine, [ONE, TWO])
        finally:
            await engine.close()

    assert sorted(await asyncio.gather(*(replica() for _ in range(10)))) == [[]] * 9 + [["0001", "0002"]]


async def test_a_database_newer_than_the_release_is_refused_in_one_sentence(empty: Engine) -> None:
    await migrate(empty, [ONE, TWO])
    for ask in (migrate, pending):
        with pytest.raises(
            DatabaseTooNew, match=r"^The database is at 0002, which this release \(up to 0001\)"
        ):
            await ask(empty, [ONE])


async def test_the_shipped_migrations_have_ascending_ids_and_are_all_in_the_template(engine: Engine) -> None:
    ids = [module.ID for module in known()]
    assert ids == sorted(set(ids))
    assert await pending(engine) == []
    assert await applied(engine) == ids
