"""`DB`: the engine Piccolo tables are declared with, which is whichever engine is bound at the moment."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from piccolo.engine.base import BaseBatch
from piccolo.engine.base import Engine as AnyEngine
from piccolo.engine.postgres import Atomic, PostgresTransaction
from piccolo.query.base import Query
from piccolo.querystring import QueryString

from tickets.persistence.engine import Engine, Transaction


class BoundEngine(AnyEngine[PostgresTransaction]):
    """Stands in for an `Engine` chosen later: `bind` for the whole process, `bound` for one task.

    So table classes can be imported before any database is known, and one process can speak to several.
    """

    def __init__(self) -> None:
        super().__init__(engine_type="postgres", min_version_number=15)
        self._everywhere: Engine | None = None
        self._here: ContextVar[Engine | None] = ContextVar("bound_engine", default=None)

    def bind(self, engine: Engine | None) -> None:
        """Use this engine in every task that has none of its own; None to forget."""
        self._everywhere = engine

    @contextmanager
    def bound(self, engine: Engine) -> Iterator[Engine]:
        """Use this engine in the current task, and in the tasks it starts, for the time of the block."""
        token = self._here.set(engine)
        try:
            yield engine
        finally:
            self._here.reset(token)

    @property
    def engine(self) -> Engine:
        """The engine in force. Raises `RuntimeError` when none is bound."""
        engine = self._here.get() or self._everywhere
        if engine is None:
            raise RuntimeError("no engine is bound to the tables")
        return engine

    @property
    def current_transaction(self) -> ContextVar[PostgresTransaction | None]:  # type: ignore[override]
        """The transaction of the current task on the engine in force."""
        return self.engine.current_transaction

    async def check_version(self) -> None:
        """Do nothing: the engine itself checks when it starts."""

    async def prep_database(self) -> None:
        """Do nothing: the schema belongs to migrations."""

    async def get_version(self) -> float:
        """Version of the server, as Piccolo counts it."""
        return await self.engine.get_version()

    def get_version_sync(self) -> float:
        """Version of the server, as Piccolo counts it."""
        return self.engine.get_version_sync()

    async def batch(
        self, query: Query[Any, Any], batch_size: int = 100, node: str | None = None
    ) -> BaseBatch:
        """Rows of a query in batches, over a connection of its own."""
        return await self.engine.batch(query, batch_size, node)

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002
        """Run what Piccolo built."""
        return await self.engine.run_querystring(querystring, in_pool)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002
        """Run a schema statement."""
        return await self.engine.run_ddl(ddl, in_pool)

    def transform_response_to_dicts(self, results: Iterable[Any]) -> list[dict[str, object]]:
        """Rows as dicts."""
        return [dict(row) for row in results]

    def transaction(self, allow_nested: bool = True) -> Transaction:  # noqa: FBT001, FBT002
        """A transaction for Piccolo's own calls, which joins the one it is in."""
        return self.engine.transaction(allow_nested=allow_nested)

    def atomic(self) -> Atomic:
        """Statements gathered to run in one transaction."""
        return self.engine.atomic()


DB = BoundEngine()
