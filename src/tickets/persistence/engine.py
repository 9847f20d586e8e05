"""One PostgreSQL behind one pool: Piccolo's engine, and the short way for constant SQL statements.

Piccolo's own engine opens a connection when it is imported, loses one when a COMMIT fails, and keeps a
task inside a transaction whose connection died. This one does none of that.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Token
from datetime import datetime
from types import TracebackType
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from tickets.errors import DatabaseUnavailable
from tickets.persistence.connection import Connection, Record, speak_json

MINIMUM_VERSION = 15
"""Oldest PostgreSQL major that is tested and supported."""

SESSION = {
    "application_name": "tickets",
    "jit": "off",  # our statements are short: compiling them costs more than running them
    "timezone": "UTC",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    # No transaction waits for anything but the database: who idles in one is frozen, and holds its locks.
    "idle_in_transaction_session_timeout": "15s",
}
"""Settings of every session. A pooler that refuses them (PgBouncer) is spoken to without them."""


class Transaction(PostgresTransaction):
    """One transaction on one connection, which goes back to the pool whatever happens.

    Leaving the block commits; leaving it by an exception rolls back. A COMMIT that fails raises its own
    error. `await tx.savepoint()` marks a point to roll back to.
    """

    engine: "Engine"
    context: Token[PostgresTransaction | None]

    async def __aenter__(self) -> PostgresTransaction:
        """Begin, or join the transaction this one is nested in (only where that was allowed)."""
        if self._parent is not None:
            return self._parent
        pool = self.engine.started()
        self.connection = await pool.acquire()
        try:
            self.transaction = self.connection.transaction()
            await self.transaction.start()
        except BaseException:
            await asyncio.shield(pool.release(self.connection))
            raise
        self.context = self.engine.current_transaction.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        """End the transaction and give the connection back. Never swallows the exception."""
        if self._parent is not None:
            return False
        try:
            await self._end(failed=kind is not None)
        finally:
            self.engine.current_transaction.reset(self.context)
            await asyncio.shield(self.engine.started().release(self.connection))
        return False

    async def _end(self, *, failed: bool) -> None:
        if self._committed or self._rolled_back:
            return
        if not failed:
            await self.transaction.commit()
            return
        # A lost connection cannot roll back and need not; what lost it is the error to see.
        with suppress(asyncpg.InterfaceError, asyncpg.PostgresConnectionError, OSError):
            await self.transaction.rollback()


class Engine(PostgresEngine):
    """A database by its URL. Nothing is opened before `start()`; `close()` gives every connection back.

    Statements are constant text with `$1` parameters, so that each is planned once per connection. They
    run on the transaction of the calling task, or else on any connection of the pool.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        super().__init__(config={"dsn": url, "server_settings": SESSION})
        self.url = url
        self.pool_size = pool_size

    async def check_version(self) -> None:
        """Do nothing: `start()` checks; an import must not connect."""

    async def prep_database(self) -> None:
        """Do nothing: the schema belongs to migrations and needs no extension."""

    async def start(self) -> None:
        """Check the server and open the pool. Raises `DatabaseUnavailable`."""
        await self._check_server()
        # No connection is kept for its own sake: while the database is away there is none to restore.
        await self.start_connection_pool(min_size=0, max_size=self.pool_size, init=speak_json, reset=_keep)

    async def close(self) -> None:
        """Close the pool, waiting for the statements under way. Closing twice is fine."""
        if self.pool is not None:
            await self.close_connection_pool()

    def started(self) -> asyncpg.Pool:
        """The pool. Raises `RuntimeError` before `start()` and after `close()`."""
        if self.pool is None:
            raise RuntimeError("the engine is not started")
        return self.pool

    async def get_new_connection(self) -> Connection:
        """A connection outside the pool, to LISTEN on or to hold a session lock; the caller closes it."""
        connection: Connection = await asyncpg.connect(**self.config)
        await speak_json(connection)
        return connection

    def transaction(self, allow_nested: bool = False) -> Transaction:  # noqa: FBT001, FBT002 - Piccolo's signature
        """Begin a transaction with `async with`. One within another is refused with `TransactionError`."""
        return Transaction(engine=self, allow_nested=allow_nested)

    @property
    def in_transaction(self) -> bool:
        """Whether the calling task is inside a transaction, and so holds a connection."""
        return self.current_transaction.get() is not None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The connection of the current transaction, or one from the pool for the time of the block."""
        if (transaction := self.current_transaction.get()) is not None:
            yield transaction.connection
        else:
            async with self.started().acquire() as connection:
                yield connection

    async def fetch(self, sql: str, *values: object) -> list[Record]:
        """Every row of one statement."""
        rows: list[Record] = await self._session(values).fetch(sql, *values)
        return rows

    async def fetch_row(self, sql: str, *values: object) -> Record | None:
        """The first row of one statement, or None."""
        row: Record | None = await self._session(values).fetchrow(sql, *values)
        return row

    async def fetch_value(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - the statement knows the type
        """The first column of the first row, or None."""
        return await self._session(values).fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        """Run for the effect; the command tag (`UPDATE 1`). A script of statements when without values."""
        tag: str = await self._session(values).execute(sql, *values)
        return tag

    async def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement once a row, all or none, in few round trips."""
        await self._session().executemany(sql, rows)

    def _session(self, values: Sequence[object] = ()) -> Any:  # noqa: ANN401 - the pool and a connection are asked alike
        for value in values:  # asyncpg would take it for an instant of the zone this process runs in
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"{value} has no offset")
        transaction = self.current_transaction.get()
        return self.started() if transaction is None else transaction.connection

    async def _run_in_new_connection(self, query: str, args: Sequence[object] | None = None) -> list[Record]:  # noqa: ARG002
        """Refuse what Piccolo does without a pool: a new connection for every statement, without a word."""
        raise RuntimeError("the engine is not started")

    async def _check_server(self) -> None:
        try:
            connection = await self._first_connection()
        except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise DatabaseUnavailable(f"The database cannot be reached: {reason}.") from error
        major = connection.get_server_version().major
        await connection.close()
        if major < MINIMUM_VERSION:
            raise DatabaseUnavailable(
                f"The database runs PostgreSQL {major}; {MINIMUM_VERSION} or later is needed."
            )

    async def _first_connection(self) -> Any:  # noqa: ANN401 - asyncpg is untyped
        try:
            return await asyncpg.connect(**self.config, timeout=10)
        except asyncpg.ProtocolViolationError as refusal:
            if "startup parameter" not in str(refusal):
                raise
        # PgBouncer: no settings of a session, and no statement remembered by name.
        self.config = {"dsn": self.url, "statement_cache_size": 0}
        return await asyncpg.connect(**self.config, timeout=10)


async def _keep(_connection: Connection) -> None:
    """Skip the round trip of RESET ALL: sessions hold no state, and asyncpg rolls back what was left open."""
