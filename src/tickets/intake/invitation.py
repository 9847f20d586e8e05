"""What an invitation in a mail is to (RFC 5545): one line for whoever reads the ticket. Never raises."""

import re

from tickets.intake.text import NAME_LIMIT, line

MEDIA_TYPE = "text/calendar"
_FOLDED = re.compile(r"\r?\n[ \t]")
_PROPERTY = re.compile(r"(?mi)^(SUMMARY|DTSTART|LOCATION)((?:;[^:\r\n]*)?):(.*)$")
_INSTANT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ZONE = re.compile(r'(?i);TZID="?([^;":]+)')
_ESCAPED = re.compile(r"\\([\\;,nN])")
_LOOKED_AT = 100_000


def invitation(text: str) -> str:
    """`[invitation] summary, 2026-03-02 09:00 (zone), place`; empty for a calendar without an event."""
    _, found, event = _FOLDED.sub("", text[:_LOOKED_AT]).partition("BEGIN:VEVENT")
    if not found:
        return ""
    told: dict[str, str] = {}
    for name, parameters, value in _PROPERTY.findall(event.partition("END:VEVENT")[0]):
        told.setdefault(
            name.upper(), _instant(parameters, value) if name.upper() == "DTSTART" else _plain(value)
        )
    said = [told[name] for name in ("SUMMARY", "DTSTART", "LOCATION") if told.get(name)]
    return f"[invitation] {', '.join(said)}" if said else ""


def _plain(value: str) -> str:
    return line(_ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value), NAME_LIMIT)


def _instant(parameters: str, value: str) -> str:
    """As the sender's clock shows it: whoever reads it knows which that is."""
    found = _INSTANT.match(value.strip())
    if found is None:
        return _plain(value)
    year, month, day, hour, minute, utc = found.groups()
    date = f"{year}-{month}-{day}"
    if hour is None:
        return date
    zone = _ZONE.search(parameters)
    named = "UTC" if utc else _plain(zone[1]) if zone else ""
    return f"{date} {hour}:{minute}" + (f" ({named})" if named else "")
