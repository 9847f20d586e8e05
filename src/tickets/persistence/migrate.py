"""Bringing a database to the schema of this release: forward only, all or nothing, by one at a time.

Migrations are Piccolo's (its `migration` table, its module shape), run by ourselves: Piccolo's own command
records each one outside its transaction, and two of them at once collide.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from typing import Protocol, cast

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.tables import Migration

from tickets.errors import DatabaseTooNew
from tickets.persistence import migrations
from tickets.persistence.current import DB
from tickets.persistence.engine import Engine

APP = "tickets"
"""Whose migrations these are, in Piccolo's table. An `AppConfig` of it would load a formatter of code."""

_TURN = 7_112_026  # the advisory lock: one migrator at a time per database

Migration._meta.db = DB  # noqa: SLF001 - Piccolo's own table would look for a piccolo_conf module


class MigrationModule(Protocol):
    """A file in `migrations/`: `ID` sorts it among the others and is recorded in the database."""

    ID: str

    async def forwards(self) -> MigrationManager:
        """What is to be done."""


class Script(MigrationManager):
    """A migration that is one SQL script, written by hand: several statements, no parameters."""

    def __init__(self, migration_id: str, sql: str) -> None:
        super().__init__(migration_id=migration_id, app_name=APP)
        self.sql = sql

    async def run(self, backwards: bool = False) -> None:  # noqa: FBT001, FBT002 - Piccolo's signature
        """Run the script in the transaction of the caller. There is no way back."""
        if backwards:
            raise NotImplementedError("migrations only go forward")
        await DB.engine.execute(self.sql)


def known() -> list[MigrationModule]:
    """The migrations of this release, in the order they run."""
    names = (module.name for module in pkgutil.iter_modules(migrations.__path__))
    modules = (importlib.import_module(f"{migrations.__name__}.{name}") for name in names)
    return sorted((cast("MigrationModule", module) for module in modules), key=lambda module: module.ID)


async def migrate(engine: Engine, modules: Sequence[MigrationModule] | None = None) -> list[str]:
    """Run what is missing, in one transaction, after whoever else is migrating; the ids that ran.

    Raises `DatabaseTooNew` when the database knows migrations that this release does not.
    """
    modules = known() if modules is None else modules
    with DB.bound(engine):
        async with engine.transaction():
            await engine.execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
            await engine.execute("SELECT pg_advisory_xact_lock($1)", _TURN)
            await Migration.create_table(if_not_exists=True)
            missing = _missing(modules, await applied(engine))
            for module in missing:
                await (await module.forwards()).run()
                await Migration.insert(Migration(name=module.ID, app_name=APP))
    return [module.ID for module in missing]


async def applied(engine: Engine) -> list[str]:
    """The migrations the database has seen, oldest first; none in an empty database."""
    if await engine.fetch_value("SELECT to_regclass('migration')") is None:
        return []
    rows = await engine.fetch('SELECT name FROM migration WHERE app_name = $1 ORDER BY name COLLATE "C"', APP)
    return [row["name"] for row in rows]


async def pending(engine: Engine, modules: Sequence[MigrationModule] | None = None) -> list[str]:
    """The migrations still to run before this release can serve. Raises `DatabaseTooNew`."""
    missing = _missing(known() if modules is None else modules, await applied(engine))
    return [module.ID for module in missing]


def _missing(modules: Sequence[MigrationModule], seen: Sequence[str]) -> list[MigrationModule]:
    ours = {module.ID for module in modules}
    if strange := sorted(set(seen) - ours):
        newest = max(ours, default="nothing")
        raise DatabaseTooNew(
            f"The database is at {strange[-1]}, which this release (up to {newest}) does not know; "
            "run the release that migrated it, or a later one."
        )
    return [module for module in modules if module.ID not in seen]
