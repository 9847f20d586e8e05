"""The bare database from C: the same two statements by pgbench, each prepared once a connection.

The text of `OPEN` is prepared in SQL and executed with the values of a real request; ids are made by the
database. pgbench cannot pass a document as a parameter of its own protocol without a round trip more, so the
call itself travels as text.
"""

import asyncio
import re
import subprocess
from pathlib import Path
from uuid import UUID

from tests.bench.place import CUSTOMERS
from tests.bench.request import CUSTOMER, Recorded, record
from tests.bench.turn import Turn

from tickets.adapters.embedded_postgres_binaries import find_programs
from tickets.persistence import ticket_sql as sql

_SCRIPT = """\\set customer random(1, {customers})
\\set n random(1, 9000000000000000000)
\\if :first
\\set first 0
PREPARE known AS {known};
PREPARE open AS {open};
\\endif
EXECUTE known({known_values});
EXECUTE open({open_values});
"""
_NUMBER = "lpad(to_hex(:n), 32, '0')"
_WHO = "lpad(to_hex(:customer), 32, '0')"


def pgbench(url: str, folder: Path, connections: int, seconds: float) -> Turn:
    """What a turn of so many seconds came to."""
    script = folder / "open.sql"
    script.write_text(_script(asyncio.run(record(url))))
    answer = subprocess.run(
        [
            str(find_programs(folder / "none") / "pgbench"), "-n", "-M", "simple", "-f", str(script),
            "-c", str(connections), "-j", "1", "-T", str(max(1, round(seconds))), "-D", "first=1", url,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rate = re.search(r"tps = ([\d.]+)", answer.stdout)
    if rate is None or answer.returncode:
        raise RuntimeError(answer.stderr[-2000:])
    return Turn(rate=float(rate[1]))


def _script(recorded: Recorded) -> str:
    return _SCRIPT.format(
        customers=CUSTOMERS,
        known=_one_line(sql.KNOWN),
        open=_one_line(sql.OPEN),
        known_values=_document(recorded, recorded.known),
        open_values=f"{_document(recorded, recorded.opened)}, {recorded.revision}, ARRAY[({_WHO})::uuid]",
    )


def _document(recorded: Recorded, document: bytes) -> str:
    """A recorded document as SQL, with values of pgbench's own in it."""
    text = document.decode().replace("'", "''")
    for name, value in {
        str(recorded.message): f"{_NUMBER}::uuid",
        str(recorded.ticket): f"{_NUMBER}::uuid",
        str(UUID(int=CUSTOMER)): f"{_WHO}::uuid",
        recorded.external_id: "'n' || :n",
        f"customer-{CUSTOMER}@": "'customer-' || :customer || '@'",
    }.items():
        text = text.replace(name, f"' || ({value}) || '")
    return f"('{text}')::jsonb"


def _one_line(statement: str) -> str:
    return " ".join(re.sub(r"--[^\n]*", "", statement).split())
