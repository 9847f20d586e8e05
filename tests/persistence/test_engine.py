import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from msgspec import Struct
from piccolo.columns import JSONB, Integer
from piccolo.engine.exceptions import TransactionError
from piccolo.table import Table
from tests.database import TestServer

from tickets.errors import DatabaseUnavailable
from tickets.persistence.current import DB
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows


class Thing(Table, tablename="thing", db=DB):
    number = Integer(default=0)
    about = JSONB(default="{}")


class Place(Struct, frozen=True):
    city: str


class Seen(Struct, frozen=True):
    id: UUID
    at: datetime
    place: Place | None
    tags: tuple[str, ...]
    words: frozenset[str]
    untouched: msgspec.Raw


SCHEMA = """
CREATE TABLE thing (id serial PRIMARY KEY, number int NOT NULL, about jsonb NOT NULL DEFAULT '{}');
CREATE TABLE pair (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
"""


@pytest.fixture(autouse=True)
async def schema(engine: Engine) -> None:
    await engine.execute(SCHEMA)


def idle(engine: Engine) -> tuple[int, int]:
    """How many connections the pool has, and how many of them nobody holds."""
    pool = engine.started()
    return pool.get_size(), pool.get_idle_size()


async def numbers(engine: Engine) -> list[int]:
    return [row["number"] for row in await engine.fetch("SELECT number FROM thing ORDER BY id")]


async def add(engine: Engine, number: int) -> None:
    assert await engine.execute("INSERT INTO thing (number) VALUES ($1)", number) == "INSERT 0 1"


async def test_leaving_the_block_commits_and_leaving_it_by_an_exception_does_not(engine: Engine) -> None:
    async with engine.transaction():
        await add(engine, 1)

    async def fail() -> None:
        async with engine.transaction():
            await add(engine, 2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await numbers(engine) == [1]


async def test_statements_in_a_transaction_share_its_connection_and_others_do_not_see_them(
    engine: Engine,
) -> None:
    async with engine.transaction() as transaction:
        await add(engine, 1)
        point = await transaction.savepoint()
        await add(engine, 2)
        await transaction.rollback_to(point.name)
        assert await numbers(engine) == [1]
        assert await engine.started().fetchval("SELECT count(*) FROM thing") == 0
    assert await numbers(engine) == [1]


async def test_a_commit_that_fails_gives_the_connection_back(engine: Engine) -> None:
    for _ in range(engine.pool_size + 3):
        with pytest.raises(asyncpg.UniqueViolationError):
            async with engine.transaction():
                await engine.execute_many("INSERT INTO pair VALUES ($1)", [(1,), (1,)])
    size, free = idle(engine)
    assert size == free
    await add(engine, 1)


async def test_a_task_goes_on_after_its_transaction_lost_the_connection(engine: Engine) -> None:
    async def lose() -> None:
        async with engine.transaction():
            victim = await engine.fetch_value("SELECT pg_backend_pid()")
            await engine.started().execute("SELECT pg_terminate_backend($1, 5000)", victim)
            await engine.fetch_value("SELECT 1")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await lose()
    assert not engine.transaction_exists()
    await add(engine, 1)
    assert await numbers(engine) == [1]


async def test_cancelling_inside_a_transaction_rolls_back_and_gives_the_connection_back(
    engine: Engine,
) -> None:
    async def stuck() -> None:
        async with engine.transaction():
            await add(engine, 1)
            began.set()
            await engine.execute("SELECT pg_sleep(60)")

    for _ in range(engine.pool_size + 1):
        began = asyncio.Event()
        task = asyncio.create_task(stuck())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    size, free = idle(engine)
    assert size == free
    assert await numbers(engine) == []


async def test_one_transaction_within_another_is_refused(engine: Engine) -> None:
    async with engine.transaction():
        await add(engine, 1)
        with pytest.raises(TransactionError):
            engine.transaction()
    assert await numbers(engine) == [1]


async def test_statements_gathered_within_a_transaction_fail_and_leak_no_connection(engine: Engine) -> None:
    """Piccolo's tasks that were gathered within a transaction kept connections until the process hung."""

    async def together() -> None:
        async with engine.transaction():
            await asyncio.gather(*(add(engine, number) for number in range(5)))

    for _ in range(engine.pool_size + 3):
        with pytest.raises(asyncpg.InterfaceError):
            await together()
    size, free = idle(engine)
    assert size == free
    await add(engine, 1)


async def test_an_instant_without_an_offset_is_refused_instead_of_taken_for_the_process_own(
    engine: Engine,
) -> None:
    """The driver takes naive instants for those of the zone the process happens to run in."""
    naive = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - on purpose
    for ask in (engine.fetch, engine.fetch_row, engine.fetch_value, engine.execute):
        with pytest.raises(ValueError, match="no offset"):
            await ask("SELECT $1::timestamptz", naive)
    assert await engine.fetch_value("SELECT $1::timestamptz", naive.replace(tzinfo=UTC)) == naive.replace(
        tzinfo=UTC
    )


async def test_a_transaction_left_open_on_a_pooled_connection_is_rolled_back(engine: Engine) -> None:
    async with engine.connection() as connection:
        await connection.execute("BEGIN; INSERT INTO thing (number) VALUES (7)")
    assert await numbers(engine) == []


async def test_a_row_becomes_a_struct_whatever_its_columns_travel_as(engine: Engine) -> None:
    rows = Rows(Seen)
    assert rows.columns == "id, at, place, tags, words, untouched"
    assert rows.of("t") == "t.id, t.at, t.place, t.tags, t.words, t.untouched"
    await engine.execute(
        "CREATE TABLE seen (untouched json, words jsonb, tags text[], place jsonb, at timestamptz, id uuid)"
    )
    seen = Seen(
        uuid4(),
        datetime(2026, 1, 1, tzinfo=UTC),
        Place("Huế"),
        ("a", "b"),
        frozenset({"x"}),
        msgspec.Raw(b"[1]"),
    )
    row = await engine.fetch_row(
        f"INSERT INTO seen ({rows.columns}) VALUES ($1, $2, $3, $4, $5, $6) RETURNING {rows.columns}",
        seen.id, seen.at, seen.place, seen.tags, seen.words, seen.untouched,
    )  # fmt: skip
    assert rows.optional(row) == seen
    assert rows.all(await engine.fetch(f"SELECT {rows.columns} FROM seen WHERE false")) == []
    assert rows.optional(None) is None
    nothing = await engine.fetch_row("SELECT id, at, NULL::jsonb, tags, words, untouched FROM seen")
    assert nothing is not None
    assert rows.one(nothing).place is None


async def test_json_that_is_not_what_the_type_says_is_refused(engine: Engine) -> None:
    class Placed(Struct):
        place: Place

    row = await engine.fetch_row("""SELECT '{"city": 1}'::jsonb""")
    assert row is not None
    with pytest.raises(msgspec.ValidationError):
        Rows(Placed).one(row)


async def test_piccolo_tables_speak_to_the_bound_engine(engine: Engine) -> None:
    thing = Thing({Thing.number: 3, Thing.about: {"city": "Huế"}})
    await thing.save()
    async with DB.transaction():
        await Thing.update({Thing.number: 4}).where(Thing.number == 3)
        assert await engine.fetch_value("SELECT number FROM thing") == 4
    found = await Thing.select(Thing.number, Thing.about).output(load_json=True)
    assert found == [{"number": 4, "about": {"city": "Huế"}}]


async def test_two_databases_can_be_spoken_to_in_one_process(engine: Engine, empty_database_url: str) -> None:
    other = Engine(empty_database_url, pool_size=2)
    await other.start()
    try:
        await other.execute(SCHEMA)
        with DB.bound(other):
            await Thing.insert(Thing(number=1), Thing(number=2))
        assert await Thing.count() == 0
        assert await numbers(engine) == []
        assert await numbers(other) == [1, 2]
    finally:
        await other.close()


async def test_an_engine_that_was_not_started_says_so() -> None:
    engine = Engine("postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(RuntimeError, match="not started"):
        await engine.fetch("SELECT 1")
    with DB.bound(engine), pytest.raises(RuntimeError, match="not started"):
        await Thing.count()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/x",
        "postgresql://nobody@no-such-host.invalid/x",
        "postgresql://nobody@/x?host=/no/such/folder",
    ],
)
async def test_a_database_out_of_reach_is_one_sentence(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"^The database cannot be reached: [^\n]+\.$"):
        await Engine(url).start()


async def test_a_database_that_does_not_exist_is_one_sentence(postgres: TestServer) -> None:
    with pytest.raises(DatabaseUnavailable, match=r'database "nowhere" does not exist\.$'):
        await Engine(postgres.database_url("nowhere")).start()


async def test_sessions_are_bounded_and_in_utc(engine: Engine) -> None:
    shown = {
        name: await engine.fetch_value(f"SHOW {name}")
        for name in (
            "timezone",
            "jit",
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
        )
    }
    assert shown == {
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "15s",
    }
