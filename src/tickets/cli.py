"""The command `tickets`."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TextIO

import click
from msgspec.structs import replace

from tickets import quickstart as sample
from tickets.adapters.embedded_postgres import EmbeddedPostgres
from tickets.adapters.file_lock import ServeLock
from tickets.api.server import Keep, nothing_to_keep
from tickets.application.desk.export import export
from tickets.application.desk.fault import InvalidDesk
from tickets.application.desk.plan import render
from tickets.application.publish import apply_file
from tickets.bootstrap import ROLES, Application, Role, serve, wired
from tickets.errors import CannotStart
from tickets.observability import logs
from tickets.persistence.api_keys import SCOPES, ApiKey, Scope
from tickets.persistence.engine import Engine
from tickets.persistence.migrate import migrate, pending
from tickets.replay.cases import read_cases
from tickets.replay.mapping import BOSTON311, read_mapping
from tickets.replay.play import replay_in_process, replay_live
from tickets.settings import Settings, read_settings


def main() -> None:
    """Run the command; what only the operator can change is said in one sentence, with exit code 1."""
    try:
        commands()
    except CannotStart as reason:
        click.echo(f"tickets: {reason}", err=True)
        sys.exit(1)
    except InvalidDesk as invalid:
        click.echo(str(invalid), err=True)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tickets")
def commands() -> None:
    """Ticketing and SLA service. Settings come from TICKETS_… environment variables."""


@commands.command("serve")
@click.option("--migrate/--no-migrate", "migrating", default=True, help="Update the schema first.")
def serve_command(*, migrating: bool) -> None:
    """Everything in one process: API, ticker and worker."""
    settings = _settings()
    with ServeLock(settings.data_dir), _database(settings, attach=False) as database:
        _run(settings, database.url, lambda app: serve(app, ROLES, keep=database.keep), migrating=migrating)


def _role(role: Role, text: str) -> None:
    """Declare a command for one role of several processes, which share one migrated database."""

    @commands.command(role, help=text)
    def command() -> None:
        settings = _settings()
        roles = frozenset({role})
        with _database(settings) as database:
            _run(settings, database.url, lambda app: serve(app, roles, keep=database.keep), migrating=False)


_role("api", "The HTTP API alone.")
_role("worker", "Deliver what must leave.")
_role("ticker", "Let time pass, and give tickets to agents.")


@commands.command("quickstart")
def quickstart_command() -> None:
    """Serve with the sample desk; prints a key and requests to paste."""
    os.environ.setdefault("TICKETS_DATA_DIR", str(Path(".data").absolute()))
    settings = _settings()
    with ServeLock(settings.data_dir), _database(settings, attach=False) as database:

        async def start(app: Application) -> None:
            welcome = await sample.prepare(app)
            await serve(app, ROLES, lambda: click.echo(welcome), database.keep)

        _run(settings, database.url, start, migrating=True)


@commands.command("migrate")
def migrate_command() -> None:
    """Bring the database to the schema of this release."""
    settings = _settings()
    with _database(settings) as database:
        ran = asyncio.run(_migrated(database.url))
        click.echo(f"Ran {', '.join(ran)}." if ran else "The database is up to date.")


@commands.command("apply")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def apply_command(file: TextIO, *, dry_run: bool) -> None:
    """Make the desk what FILE says (- for standard input)."""
    text = file.read()

    async def apply(app: Application) -> None:
        done = await apply_file(app.parts.desks, text, app.parts.now(), dry_run=dry_run)
        for warning in done.warnings:
            click.echo(f"warning: {warning}", err=True)
        click.echo(render(done.changes))

    _with_app(apply)


@commands.command("export")
def export_command() -> None:
    """Print the desk as the file that `apply` takes."""

    async def show(app: Application) -> None:
        click.echo(export((await app.parts.desks.current()).desk), nl=False)

    _with_app(show)


@commands.command("mint-key")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES))
@click.option("--agent", help="The agent it acts as.")
@click.option("--expires-at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="2027-01-31T00:00:00+07:00")
def mint_command(
    name: str, scopes: tuple[Scope, ...], agent: str | None, expires_at: datetime | None
) -> None:
    """Make an API key, and print it this once."""

    async def mint(app: Application) -> None:
        now = app.parts.now()
        key = ApiKey(
            id=app.parts.new_id(),
            name=name,
            scopes=scopes,
            agent=agent,
            created_at=now,
            expires_at=expires_at,
        )
        click.echo(await app.parts.api_keys.mint(key))

    _with_app(mint)


@commands.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", type=click.Path(path_type=Path), default=BOSTON311, help="Which column is what.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many requests.")
@click.option("--desk", type=click.File(encoding="utf-8"), help="The desk that serves them.")
@click.option("--database-url", help="The server to make a database of its own on.")
@click.option("--keep", is_flag=True, help="Keep that database.")
@click.option("--live", "url", help="Send to a running server instead, in real time.")
@click.option("--key", help="API key for --live.")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="What --live acknowledged.")
def replay_command(  # noqa: PLR0913 - one argument an option
    *,
    file: Path,
    mapping: Path,
    limit: int | None,
    desk: TextIO | None,
    database_url: str | None,
    keep: bool,
    url: str | None,
    key: str | None,
    journal: Path | None,
) -> None:
    """Send the historic requests of FILE (.csv, .csv.gz) through the application, at their own instants."""
    if (url is None) == (desk is None) or (url is None) != (key is None):
        raise click.UsageError("give --desk, or --live and --key")
    cases = read_cases(file, read_mapping(mapping), limit)
    if url is not None and key is not None:
        _play(replay_live(url, key, cases, journal or Path(f"{file.name}.journal")))
    elif desk is not None:
        settings = _settings()
        logs.configure(level="WARNING")
        settings = replace(settings, database_url=database_url or settings.database_url)
        with _database(settings) as server:
            _play(replay_in_process(settings, server.url, desk.read(), cases, keep=keep))


def _play(work: Coroutine[None, None, object]) -> None:
    with asyncio.Runner(loop_factory=_loop) as runner:
        click.echo(runner.run(work))


def _settings() -> Settings:
    settings = read_settings(os.environ)
    pretty = None if settings.log_format == "auto" else settings.log_format == "pretty"
    logs.configure(pretty=pretty, level=settings.log_level.upper())
    return settings


class _Database(NamedTuple):
    """Where it is, and what keeps it alive."""

    url: str
    keep: Keep


@contextmanager
def _database(settings: Settings, *, attach: bool = True) -> Iterator[_Database]:
    """The database given, or the embedded server for as long as it is needed."""
    if settings.database_url is not None:
        yield _Database(settings.database_url, nothing_to_keep)
        return
    postgres = EmbeddedPostgres(settings.data_dir / "postgres")
    try:
        yield _Database(postgres.start(attach=attach), postgres.keep)
    finally:
        postgres.stop()


def _with_app(work: Callable[[Application], Awaitable[None]]) -> None:
    settings = _settings()
    with _database(settings) as database:
        _run(settings, database.url, work, migrating=True)


def _run(
    settings: Settings, url: str, work: Callable[[Application], Awaitable[None]], *, migrating: bool
) -> None:
    async def run() -> None:
        await _migrated(url, missing_is_an_error=not migrating)
        async with wired(settings, url) as app:
            await work(app)

    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(run())


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _migrated(url: str, *, missing_is_an_error: bool = False) -> list[str]:
    engine = Engine(url, pool_size=1)
    await engine.start()
    try:
        if not missing_is_an_error:
            return await migrate(engine)
        if missing := await pending(engine):
            raise CannotStart(f"The database lacks {', '.join(missing)}; run `tickets migrate` first.")
        return []
    finally:
        await engine.close()
