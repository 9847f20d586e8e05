"""What a telephone system posts, as texts by name: query string, form, or a flat JSON object."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from msgspec import Struct

from tickets.intake.headers import parse_parameters
from tickets.intake.unreadable import Fault, Unreadable, pointer
from tickets.intake.wire import decode_object, refuse_nul

FIELDS_LIMIT = 500
"""Parameters of one report."""

_MILLISECONDS = 100_000_000_000
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class ToldForm(Struct, frozen=True):
    """Texts by name; what lies in JSON is reached by dots: `from.number`, `items.0.text`."""

    values: Mapping[str, str]

    def text(self, name: str | None) -> str:
        """The text under a name, empty where there is none."""
        return self.values.get(name, "") if name else ""

    def number(self, name: str | None) -> int | None:
        """A whole number that is not negative, or None. Raises `Unreadable`."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < len(str(_MILLISECONDS))):
            raise Unreadable([Fault(pointer(name or ""), "must be a whole number of seconds")])
        return int(text)

    def instant(self, name: str | None) -> datetime | None:
        """RFC 3339, or seconds or milliseconds since 1970; None where there is none. Raises `Unreadable`."""
        text = self.text(name)
        if not text:
            return None
        try:
            number = float(text) if text.replace(".", "", 1).isdecimal() else None
            if number is not None:
                at = datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
            else:
                at = datetime.fromisoformat(text)
        except (ValueError, OverflowError, OSError) as error:
            raise Unreadable([Fault(pointer(name or ""), "is not an instant")]) from error
        if at.tzinfo is None or not _FIRST < at < _LAST:
            raise Unreadable([Fault(pointer(name or ""), "is not an instant of our time with its offset")])
        return at.astimezone(UTC)


def read_told(body: bytes, media_type: str) -> ToldForm:
    """The form in a body; a query string is kept as a body of its own. Raises `Unreadable`."""
    kind, _ = parse_parameters(media_type)
    if kind == "application/json":
        values = dict(_flat(decode_object(body)))
    else:
        try:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, max_num_fields=FIELDS_LIMIT, errors="strict"
            )
        except ValueError as error:
            raise Unreadable([Fault("", f"not a form in UTF-8: {error}")]) from error
        values = {}
        for name, value in pairs:
            values[name] = f"{values[name]},{value}" if name in values else value
    if faults := refuse_nul(values):
        raise Unreadable(faults)
    return ToldForm(values)


def _flat(value: Mapping[str, object] | list[object], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    named = value if isinstance(value, Mapping) else {str(n): each for n, each in enumerate(value)}
    for name, each in named.items():
        if isinstance(each, Mapping | list) and before.count(".") < 4:  # noqa: PLR2004 - deeper means nothing
            found += _flat(each, f"{before}{name}.")
        elif isinstance(each, str | int | float) and not isinstance(each, bool):
            found.append((before + name, str(each)))
        elif isinstance(each, bool):
            found.append((before + name, "true" if each else "false"))
    return found
