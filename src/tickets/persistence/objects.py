"""What is too large for a row: put into the object store before the row, deleted after it.

A key is written down before its object is put, and struck out by the row that refers to it. So a row never
refers to what is not there, and what no row came to refer to is known without looking through the store.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from tickets.application.object_store import ObjectGone, ObjectsAway, ObjectStore
from tickets.errors import CannotStart
from tickets.persistence.engine import Engine

GRACE = timedelta(hours=1)
"""An object whose row has not come for so long is an orphan: its process died between the two."""

SWEEP = 100
"""Objects deleted in one go."""

_PINNED = "SELECT id, place FROM object_store"
_PIN = "INSERT INTO object_store (id, place) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_MOVED = "UPDATE object_store SET place = $1 WHERE place <> $1"
_TELL = "INSERT INTO object_unclaimed (key, since) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_DOOM = """
UPDATE object_unclaimed SET doomed = true WHERE key IN (
    SELECT key FROM object_unclaimed WHERE since < $1 ORDER BY since, key LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING key
"""
_DONE = "DELETE FROM object_unclaimed WHERE key = ANY ($1)"

_log = structlog.get_logger("tickets.objects")


class Objects:
    """The store of one database, if it has any. `failed` hears `put`, `get` and `delete` that failed."""

    def __init__(
        self,
        engine: Engine,
        store: ObjectStore | None,
        larger_than: int,
        new_id: Callable[[], UUID],
        failed: Callable[[str], object],
    ) -> None:
        self.engine = engine
        self.store = store
        self.larger_than = larger_than
        self.new_id = new_id
        self.failed = failed
        self._is_ours = False

    async def check(self) -> None:
        """See that the store is the one this database's objects are in.

        Raises:
            CannotStart: it is another one, or there is none: rows here refer to objects elsewhere.
            ObjectsAway: it does not answer.
        """
        pinned = await self.engine.fetch_row(_PINNED)
        if self.store is None:
            if pinned is not None:
                raise CannotStart(
                    f"Large envelopes of this database are in {pinned[1]}: set TICKETS_OBJECT_STORE to it."
                )
            return
        if pinned is None:
            mark = self.new_id()
            await self.store.put(_mark(mark), b"")
            await self.engine.execute(_PIN, mark, self.store.place)
            pinned = await self.engine.fetch_row(_PINNED)
        if pinned is not None:
            await self._find(_mark(pinned[0]), pinned[1], self.store)
        self._is_ours = True

    async def _find(self, mark: str, place: str, store: ObjectStore) -> None:
        try:
            await store.get(mark)
        except ObjectGone:
            raise CannotStart(
                f"{store.place} is not where the large envelopes of this database are. They are in {place}: "
                "every process needs the same TICKETS_OBJECT_STORE. "
                f"To move them, copy everything from there, {mark} too."
            ) from None
        await self.engine.execute(_MOVED, store.place)

    async def put(self, kind: str, named: UUID, content: bytes, now: datetime) -> str | None:
        """The key under which something is kept now; None when it belongs into its row.

        That is what is small, and everything while there is no store to be had: nothing is refused for it.
        """
        if self.store is None or len(content) <= self.larger_than:
            return None
        key = f"{kind}/{named.hex[-2:]}/{named}"
        await self.engine.execute(_TELL, key, now)
        try:
            store = await self._reach()
            await store.put(key, content)
        except ObjectsAway as error:
            self._tell("put", error)
            return None
        return key

    async def get(self, key: str) -> bytes:
        """What is kept under a key. Raises `ObjectsAway`, `ObjectGone`."""
        try:
            store = await self._reach()
            return await store.get(key)
        except (ObjectsAway, ObjectGone) as error:
            self._tell("get", error)
            raise

    async def _reach(self) -> ObjectStore:
        """The store, once it has been seen to be ours: it may have been away when the process began."""
        if self.store is None:
            raise ObjectsAway("no object store is set")
        if not self._is_ours:
            try:
                await self.check()
            except CannotStart as wrong:
                raise ObjectsAway(str(wrong)) from wrong
        return self.store

    async def sweep(self, now: datetime) -> int:
        """Delete what no row refers to; how many objects went. Any number may sweep at once."""
        if self.store is None:
            return 0
        keys = [row[0] for row in await self.engine.fetch(_DOOM, now - GRACE, SWEEP)]
        try:
            store = await self._reach()
            for key in keys:
                await store.delete(key)
        except ObjectsAway as error:
            self._tell("delete", error)
            return 0
        await self.engine.execute(_DONE, keys)
        return len(keys)

    def _tell(self, doing: str, error: Exception) -> None:
        self.failed(doing)
        _log.error("objects.failed", doing=doing, error=str(error))


def _mark(store: UUID) -> str:
    return f"store/{store}"
