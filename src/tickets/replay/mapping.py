"""Which column of a file is what: a small YAML file beside the rows."""

import re
from collections.abc import Mapping as Dict
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml
from msgspec import Struct

from tickets.domain.words import Channel
from tickets.errors import CannotStart

BOSTON311 = Path(__file__).with_name("boston311.yaml")
"""The ready mapping for the requests of the city of Boston."""

LONGEST_KEY = 63
"""Longest key of a desk."""


class Columns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of columns. `expected_due` and `on_time` are what another engine said, to compare with."""

    id: str
    opened: str
    closed: str | None = None
    source: str | None = None
    subject: str | None = None
    region: str | None = None
    expected_due: str | None = None
    on_time: str | None = None


class Entrance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where requests come in: `account` is the key of the form, mailbox or hotline.

    It may name columns in braces: `{type}` becomes a key made of that row's type. No `sources` means all
    that no earlier entrance takes.
    """

    channel: Channel
    account: str = ""
    sources: tuple[str, ...] = ()


class Mapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rows are read. Times are local to `zone` and ISO 8601, or in `time_format` (strptime's).

    `fields` are custom fields of the ticket and their columns; `kept` and `broken` are the values of the
    `on_time` column, any other says nothing.
    """

    zone: str
    columns: Columns
    entrances: tuple[Entrance, ...]
    time_format: str | None = None
    fields: dict[str, str] = {}
    kept: str = "true"
    broken: str = "false"

    def instant(self, text: str) -> datetime | None:
        """A local time as an instant, None where nothing is written. Raises `ValueError`."""
        if not text.strip():
            return None
        if self.time_format:
            local = datetime.strptime(text, self.time_format)  # noqa: DTZ007 - the mapping says the zone
        else:
            local = datetime.fromisoformat(text)
        aware = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(self.zone))
        return aware.astimezone(UTC)

    def entrance(self, source: str) -> Entrance | None:
        """The entrance for a source."""
        return next((door for door in self.entrances if not door.sources or source in door.sources), None)


class Case(Struct, frozen=True, kw_only=True):
    """One historic request. `due` and `kept` are what the other engine said of it."""

    id: str
    opened: datetime
    closed: datetime | None
    channel: Channel
    account: str
    source: str
    subject: str
    region: str | None
    fields: dict[str, str]
    due: datetime | None
    kept: bool | None


def read_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises `CannotStart` naming what is wrong."""
    try:
        mapping = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Mapping)
        ZoneInfo(mapping.zone)
    except (OSError, yaml.YAMLError, msgspec.ValidationError, ValueError, ZoneInfoNotFoundError) as fault:
        raise CannotStart(f"The mapping {path} cannot be used: {fault}.") from fault
    return mapping


def case_of(row: Dict[str, str], mapping: Mapping) -> Case | None:
    """What a row says; None when no entrance takes its source. Raises `KeyError` and `ValueError`."""
    columns = mapping.columns
    source = row[columns.source] if columns.source else ""
    entrance = mapping.entrance(source)
    opened = mapping.instant(row[columns.opened])
    if entrance is None or opened is None:
        return None
    closed = mapping.instant(row[columns.closed]) if columns.closed else None
    verdict = row[columns.on_time] if columns.on_time else ""
    return Case(
        id=row[columns.id],
        opened=opened,
        closed=closed and max(closed, opened),
        channel=entrance.channel,
        account=re.sub(r"\{([^{}]+)\}", lambda place: to_key(row[place[1]]), entrance.account),
        source=source,
        subject=(row[columns.subject] if columns.subject else "").strip() or "Request",
        region=(to_key(row[columns.region]) or None) if columns.region else None,
        fields={name: row[column] for name, column in mapping.fields.items() if row[column]},
        due=mapping.instant(row[columns.expected_due]) if columns.expected_due else None,
        kept={mapping.kept: True, mapping.broken: False}.get(verdict),
    )


def to_key(text: str) -> str:
    """A desk's key made of words: `Fenway / Kenmore` becomes `fenway-kenmore`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:LONGEST_KEY].rstrip("-")
