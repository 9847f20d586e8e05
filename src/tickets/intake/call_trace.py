"""Asterisk's own records: channel event logs (CEL) and call detail records (CDR) become calls.

https://docs.asterisk.org/Configuration/Reporting/Channel-Event-Logging-CEL/CEL-Specification/
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from tickets.domain.telephony import CallFact, Direction, Told
from tickets.intake.call_reports import CallReport
from tickets.intake.line import Line
from tickets.intake.unreadable import Fault, Unreadable

ROWS_LIMIT = 100_000
"""Rows of one import."""

_FROM_OUTSIDE = re.compile(r"extern|trunk|did|incoming|from-pstn", re.IGNORECASE)
_NOWHERE = frozenset({"", "s", "h", "i", "t"})
"""Extensions that are places in a dialplan, not what somebody dialled."""
_NUMBERED = frozenset({"CHAN_START", "APP_START", "ANSWER", "HANGUP", "CHAN_END"})
_TELLS: dict[str, Told] = {
    "HOLD": "held",
    "UNHOLD": "resumed",
    "BLINDTRANSFER": "transferred",
    "ATTENDEDTRANSFER": "transferred",
}
_QUEUES = ("Queue", "AppQueue")


class ChannelEvent(Struct, frozen=True, kw_only=True):
    """One event of one channel; those of one call share `linked`, the channel that began it."""

    name: str
    at: datetime
    channel: str
    unique: str
    linked: str
    number: str = ""
    exten: str = ""
    context: str = ""
    application: str = ""

    @property
    def local(self) -> bool:
        """Whether it is a channel Asterisk made for itself, with nobody at its end."""
        return self.channel.startswith("Local/")


def read_trace(body: bytes, line: Line) -> tuple[CallReport, ...]:
    """The calls in a CSV of CEL or CDR rows, told apart by their header.

    Raises:
        Unreadable: no such header, or a row that cannot be read; every fault is told.
    """
    try:
        rows = csv.DictReader(body.decode("utf-8-sig").splitlines(), strict=True)
        names = {name.lower() for name in rows.fieldnames or ()}
        read = [
            {(k or "").lower(): v or "" for k, v in row.items() if not isinstance(v, list)} for row in rows
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable([Fault("", f"not a CSV: {error}")]) from error
    if len(read) > ROWS_LIMIT:
        raise Unreadable([Fault("", f"more than {ROWS_LIMIT} rows")])
    if {"eventtype", "eventtime", "uniqueid", "linkedid"} <= names:
        return calls_of(_each(read, channel_event), line)
    if {"calldate", "src", "dst", "disposition", "uniqueid"} <= names:
        return tuple(_each(read, lambda row: _of_cdr(row, line)))
    raise Unreadable(
        [Fault("", "neither CEL (eventtype, eventtime, uniqueid, linkedid) nor CDR (calldate, …)")]
    )


def _each(rows: Iterable[Mapping[str, str]], read):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    found, faults = [], []
    for place, row in enumerate(rows):
        try:
            found.append(read(row))
        except (KeyError, ValueError) as error:
            faults.append(Fault(f"/{place}", str(error)))
    if faults:
        raise Unreadable(faults)
    return found


def channel_event(row: Mapping[str, str]) -> ChannelEvent:
    """A CEL row. Raises `ValueError` when its instant is none."""
    return ChannelEvent(
        name=row["eventtype"],
        at=_instant(row["eventtime"]),
        channel=row.get("channame") or row.get("channel", ""),
        unique=row["uniqueid"],
        linked=row["linkedid"] or row["uniqueid"],
        number=row.get("cid_num", ""),
        exten=row.get("exten", ""),
        context=row.get("context", ""),
        application=row.get("appname", ""),
    )


def calls_of(events: Iterable[ChannelEvent], line: Line) -> tuple[CallReport, ...]:
    """The calls that channel events tell of, in any order: one for each linked id.

    Of a call that one of us begins nothing is said before it is seen whom it reaches.
    """
    calls: dict[str, set[ChannelEvent]] = defaultdict(set)
    for event in events:
        calls[event.linked].add(event)
    told = {linked: tuple(_facts(sorted(found, key=_place), linked, line)) for linked, found in calls.items()}
    return tuple(CallReport(call_id=linked, facts=facts) for linked, facts in told.items() if facts)


def _place(event: ChannelEvent) -> tuple[datetime, str, str]:
    return event.at, event.unique, event.name


def _facts(events: list[ChannelEvent], linked: str, line: Line) -> Iterable[CallFact]:
    own = [event for event in events if event.unique == linked]
    began = next((event for event in own if event.name == "CHAN_START"), events[0])
    if not _leads_somewhere(began, events):
        return
    theirs = own if not began.local else _first_real(events)
    numbers = [event.number for event in theirs if event.number and event.name in _NUMBERED]
    caller = numbers[-1] if numbers else began.number
    dialled = [event.exten for event in own if event.exten not in _NOWHERE and not event.local]
    called = [
        event.number for event in events if event.unique not in {began.unique, *(e.unique for e in theirs)}
    ]
    callee = (dialled or [number for number in called if number and number != caller] or [began.exten])[0]
    said = {"direction": _direction(began, events), "caller": caller, "callee": callee}
    yield CallFact(told="ringing", at=began.at, **said)  # type: ignore[arg-type]
    yield from (
        CallFact(told="queued", at=event.at) for event in own
        if event.name == "APP_START" and event.application in _QUEUES
    )  # fmt: skip
    if (answered := _answered(events, began)) is not None:
        at, agent = answered
        yield CallFact(told="answered", at=at, agent=line.agent(agent))
    yield from (CallFact(told=_TELLS[event.name], at=event.at) for event in events if event.name in _TELLS)
    ends = [event.at for event in events if event.name == "CHAN_END"]
    own_ends = [event.at for event in theirs if event.name == "CHAN_END"]
    over = any(event.name == "LINKEDID_END" for event in events)
    starts = {event.unique for event in events if event.name == "CHAN_START"}
    ended = {event.unique for event in events if event.name == "CHAN_END"}
    if ends and (over or starts <= ended):
        yield CallFact(told="hung_up", at=max(own_ends or ends))


def _leads_somewhere(began: ChannelEvent, events: list[ChannelEvent]) -> bool:
    """From outside, or to a second channel or a queue, or over; or its beginning was not heard."""
    ended = {event.unique for event in events if event.name == "CHAN_END"}
    return (
        began.name != "CHAN_START"
        or bool(_FROM_OUTSIDE.search(began.context))
        or len({event.unique for event in events if not event.local}) > 1
        or any(event.application in _QUEUES for event in events)
        or {event.unique for event in events} <= ended
    )


def _first_real(events: list[ChannelEvent]) -> list[ChannelEvent]:
    """The events of the first channel with somebody at its end; Asterisk itself began the call."""
    real = next((event.unique for event in events if not event.local), "")
    return [event for event in events if event.unique == real]


def _answered(events: list[ChannelEvent], began: ChannelEvent) -> tuple[datetime, str] | None:
    """When two people were first in a bridge, and the number of the one who was called."""
    entered: dict[str, ChannelEvent] = {}
    for event in events:
        if event.name in ("BRIDGE_ENTER", "BRIDGE_START") and not event.local:
            entered.setdefault(event.unique, event)
    called = next(
        (event for event in events if event.unique in entered and event.unique != began.unique), None
    )
    if events and any(event.name == "BRIDGE_START" for event in entered.values()):
        at = min(event.at for event in entered.values())
        other = next((event.number for event in events if event.unique != began.unique and event.number), "")
        return at, other
    if len(entered) < 2 or called is None:  # noqa: PLR2004 - one alone speaks to nobody
        return None
    own = entered.get(began.unique) or max(entered.values(), key=_place)
    return own.at, called.number


def _direction(began: ChannelEvent, events: list[ChannelEvent]) -> Direction:
    """From outside, or to the outside; a call between two of us counts as one that came in.

    Outside is where the context of a channel is a trunk's; of a call of ours that is the channel called.
    """
    if _FROM_OUTSIDE.search(began.context):
        return "in"
    return "out" if any(_to_outside(event, began) for event in events) else "in"


def _to_outside(event: ChannelEvent, began: ChannelEvent) -> bool:
    if event.name == "XIVO_OUTCALL" or event.context == "outcall":
        return True
    called = event.name == "CHAN_START" and event.unique != began.unique and not event.local
    return called and bool(_FROM_OUTSIDE.search(event.context))


def _of_cdr(row: Mapping[str, str], line: Line) -> CallReport:
    """One CDR row. Several rows of one call (`linkedid`) add up to it."""
    began, duration, billed = _instant(row["calldate"]), int(row["duration"] or 0), int(row["billsec"] or 0)
    over = began + timedelta(seconds=duration)
    outgoing = bool(row.get("dcontext")) and not _FROM_OUTSIDE.search(row["dcontext"])
    agent = row["src"] if outgoing else re.sub(r"^\w+/|-[0-9a-f]+$", "", row.get("dstchannel", ""))
    facts = [
        CallFact(
            told="ringing",
            at=began,
            direction="out" if outgoing else "in",
            caller=row["src"],
            callee=row["dst"],
        ),
        CallFact(told="hung_up", at=over),
    ]
    if row["disposition"].upper() == "ANSWERED":
        facts.append(CallFact(told="answered", at=over - timedelta(seconds=billed), agent=line.agent(agent)))
    return CallReport(call_id=row.get("linkedid") or row["uniqueid"], facts=tuple(facts))


def _instant(text: str) -> datetime:
    """`2024-09-24 09:37:44.351668-04`, seconds since 1970, or a time without offset, read as UTC."""
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    text = re.sub(r"([+-]\d\d)$", r"\1:00", text.strip())
    text = re.sub(r"\.(\d{1,6})\d*", lambda found: "." + found[1].ljust(6, "0"), text)
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
