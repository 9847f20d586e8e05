"""A connection to PostgreSQL: what we use of asyncpg's, and how JSON travels on it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Protocol

import msgspec


class Record(Protocol):
    """A row as asyncpg gives it: a sequence of values that also answers to column names."""

    def __getitem__(self, key: int | str) -> Any:  # noqa: ANN401 - the statement knows the type, we cannot
        """The value of a column by position or name."""

    def __iter__(self) -> Iterator[Any]:
        """The values in order."""

    def __len__(self) -> int:
        """How many columns."""


class Connection(Protocol):
    """One session; one statement at a time. Parameters are `$1`, `$2`, never text put into the SQL."""

    async def fetch(self, sql: str, *values: object) -> list[Record]:
        """Every row of one statement."""

    async def fetchrow(self, sql: str, *values: object) -> Record | None:
        """The first row, or None."""

    async def execute(self, sql: str, *values: object) -> str:
        """Run for the effect; the command tag (`UPDATE 1`). A script of statements when without values."""

    async def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run once a row, all or none."""

    async def add_listener(self, channel: str, heard: Callable[..., object]) -> None:
        """Call `heard(connection, pid, channel, payload)` for every NOTIFY on the channel."""

    async def close(self) -> None:
        """End the session."""


_JSONB_VERSION = b"\x01"  # first byte of every jsonb value on the wire
_from_jsonb = itemgetter(slice(1, None))  # without a Python frame: called once a value
_encode = msgspec.json.Encoder().encode


async def speak_json(connection: Any) -> None:  # noqa: ANN401 - asyncpg is untyped
    """Let `json` and `jsonb` arrive as bytes, and leave as whatever msgspec encodes."""
    codec = connection.set_type_codec
    await codec("jsonb", schema="pg_catalog", format="binary", encoder=_to_jsonb, decoder=_from_jsonb)
    await codec("json", schema="pg_catalog", format="binary", encoder=to_json, decoder=bytes)


def to_json(value: object) -> bytes:
    """JSON text of a value. `bytes` and `str` are taken for JSON text already and pass unread.

    So a JSON *string* has to be encoded by the caller; Piccolo's own JSON columns do that.
    """
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else _encode(value)


def _to_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + to_json(value)
