"""The bare database from C: the same two statements by pgbench, each prepared once a connection.

The text of `OPEN` is prepared in SQL and executed with the values of a real request; ids are made by the
database. pgbench cannot pass a document as a parameter of its own protocol without a round trip more, so the
call itself travels as text.
"""

import asyncio
import re
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec
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
    channel, account, _, _, _, references, api_key, key = map(_literal, recorded.known)
    known = [
        channel, account, "'n' || :n", "'{email}'", "ARRAY['customer-' || :customer || '@example.com']",
        references, api_key, key,
    ]  # fmt: skip
    columns = [_literal(value) for value in recorded.columns]
    columns[sql.COLUMNS.index("id")] = f"{_NUMBER}::uuid"
    columns[sql.COLUMNS.index("customer_id")] = f"{_WHO}::uuid"
    return _SCRIPT.format(
        customers=CUSTOMERS,
        known=_one_line(sql.KNOWN),
        open=_one_line(sql.OPEN),
        known_values=", ".join(known),
        open_values=", ".join([_document(recorded), str(recorded.expected), *columns]),
    )


def _document(recorded: Recorded) -> str:
    text = _literal(recorded.document.decode())
    for name, value in {
        str(recorded.message): f"{_NUMBER}::uuid",
        str(recorded.ticket): f"{_NUMBER}::uuid",
        str(UUID(int=CUSTOMER)): f"{_WHO}::uuid",
        recorded.external_id: "'n' || :n",
    }.items():
        text = text.replace(name, f"' || ({value}) || '")
    return f"({text})::jsonb"


def _literal(value: object) -> str:  # noqa: PLR0911 - one line a kind of value
    """A value as SQL text."""
    match value:
        case None:
            return "NULL"
        case int():
            return str(value)
        case bytes():
            return f"'\\x{value.hex()}'"
        case UUID() | datetime():
            return f"'{value}'"
        case list() | tuple():
            return "'{" + ",".join(map(str, value)) + "}'"
        case msgspec.Raw() | Mapping():
            return _literal(msgspec.json.encode(value).decode())
        case _:
            return "'" + str(value).replace("'", "''") + "'"


def _one_line(statement: str) -> str:
    return " ".join(re.sub(r"--[^\n]*", "", statement).split())
