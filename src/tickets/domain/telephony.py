"""One telephone call, rebuilt from what was told of it: in any order, twice, or in part."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

Direction = Literal["in", "out"]
"""Who dialled: the customer (`in`) or one of us."""

Told = Literal[
    "ringing",
    "queued",
    "answered",
    "voicemail",
    "held",
    "resumed",
    "transferred",
    "missed",
    "hung_up",
    "recorded",
    "wrapped",
    "timed_out",
]
"""What may be told of a call, in the order in which things of the same instant are taken."""

State = Literal["ringing", "queued", "answered", "held", "ended"]
Outcome = Literal["open", "answered", "missed", "abandoned", "unanswered", "ended"]
"""`missed`: nobody took it; `abandoned`: hung up while waiting in a queue; `unanswered`: we dialled in vain;
`ended`: over, and nobody told whether anybody spoke."""

RINGS_AT_MOST = timedelta(minutes=30)
TALKS_AT_MOST = timedelta(hours=4)
"""How long after the last thing told a call without a hang-up is taken to be over."""

_ORDER: dict[str, int] = {told: rank for rank, told in enumerate(Told.__args__)}  # type: ignore[attr-defined]


class CallFact(Struct, frozen=True, kw_only=True):
    """One thing told of a call. `seconds` is talk time, where the exchange counts it itself."""

    told: Told
    at: datetime
    direction: Direction | None = None
    caller: str = ""
    callee: str = ""
    agent: str | None = None
    seconds: int | None = None
    recording_url: str | None = None
    cause: str | None = None


class TelephoneCall(Struct, frozen=True, kw_only=True):
    """A call as far as it is known. Times are in seconds; `agent` is who answered last."""

    call_id: str
    direction: Direction
    caller: str
    callee: str
    state: State
    outcome: Outcome
    agent: str | None
    started_at: datetime
    ringing_at: datetime | None
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    waited: int | None
    talked: int | None
    held: int
    wrapped: int | None
    transfers: int
    voicemail: bool
    timed_out: bool
    cause: str | None
    recordings: tuple[str, ...]


def rebuild(call_id: str, facts: Iterable[CallFact]) -> TelephoneCall:
    """The call that these facts tell of. Their order and repetition say nothing; there must be one at least.

    A fact of the past may arrive late and changes the call then: whoever tells others of a call tells what is
    new, and takes nothing back.
    """
    known = sorted(set(facts), key=_place)
    first = {told: fact.at for fact in reversed(known) for told in (fact.told,)}
    said = [fact.direction for fact in known if fact.direction]
    direction: Direction = "out" if "out" in said else "in"  # that it is ours may show only as it goes on
    ended_at = _end(known)
    answered_at, seconds = first.get("answered"), max((f.seconds for f in known if f.seconds), default=None)
    if answered_at is None and seconds and ended_at is not None:
        answered_at = ended_at - timedelta(seconds=seconds)
    held = _held(known, ended_at)
    started_at = min(known[0].at, answered_at or known[0].at)
    over = ended_at or answered_at
    return TelephoneCall(
        call_id=call_id,
        direction=direction,
        caller=next((fact.caller for fact in known if fact.caller), ""),
        callee=next((fact.callee for fact in known if fact.callee), ""),
        state="ended" if ended_at else _state(known),
        outcome=_outcome(first, direction, answered_at, ended_at),
        agent=next((fact.agent for fact in reversed(known) if fact.agent and fact.told in _BY_AGENT), None),
        started_at=started_at,
        ringing_at=first.get("ringing"),
        queued_at=first.get("queued"),
        answered_at=answered_at,
        ended_at=ended_at,
        waited=None if over is None else _seconds((answered_at or over) - started_at),
        talked=seconds or _talked(answered_at, ended_at, held),
        held=_seconds(held),
        wrapped=_seconds(first["wrapped"] - ended_at) if ended_at and "wrapped" in first else None,
        transfers=sum(fact.told == "transferred" for fact in known),
        voicemail="voicemail" in first,
        timed_out="timed_out" in first and not _hang_ups(known),
        cause=next((fact.cause for fact in reversed(known) if fact.cause), None),
        recordings=tuple(dict.fromkeys(fact.recording_url for fact in known if fact.recording_url)),
    )


def silent_at(call: TelephoneCall, facts: Iterable[CallFact]) -> datetime | None:
    """When a call of which nothing more is heard is over; None once it is."""
    if call.ended_at is not None:
        return None
    patience = TALKS_AT_MOST if call.answered_at else RINGS_AT_MOST
    return max(fact.at for fact in facts) + patience


_BY_AGENT = frozenset({"answered", "transferred", "hung_up"})


def _place(fact: CallFact) -> tuple[object, ...]:
    """A total order: of the same instant, what usually comes first; then whatever, but always the same."""
    rest = (
        fact.direction,
        fact.caller,
        fact.callee,
        fact.agent,
        fact.seconds,
        fact.recording_url,
        fact.cause,
    )
    return fact.at, _ORDER[fact.told], tuple("" if each is None else str(each) for each in rest)


def _hang_ups(known: list[CallFact]) -> list[datetime]:
    return [fact.at for fact in known if fact.told in ("hung_up", "missed")]


def _end(known: list[CallFact]) -> datetime | None:
    """The last hang-up told; silence ends only what nothing else has ended."""
    return max(_hang_ups(known) or [fact.at for fact in known if fact.told == "timed_out"], default=None)


def _state(known: list[CallFact]) -> State:
    state: State = "ringing"
    for fact in known:
        match fact.told:
            case "queued" if state == "ringing":
                state = "queued"
            case "answered" | "resumed" | "transferred":
                state = "answered"
            case "held":
                state = "held"
    return state


def _outcome(
    first: dict[Told, datetime], direction: Direction, answered_at: datetime | None, ended_at: datetime | None
) -> Outcome:
    if answered_at is not None:
        return "answered"
    if ended_at is None:
        return "open"
    if direction == "out":
        return "unanswered"
    if "missed" in first or "voicemail" in first:
        return "missed"
    if "queued" in first:
        return "abandoned"
    return "missed" if {"ringing", "timed_out"} & first.keys() else "ended"


def _held(known: list[CallFact], ended_at: datetime | None) -> timedelta:
    total, since = timedelta(), None
    for fact in known:
        if fact.told == "held":
            since = since or fact.at
        elif fact.told in ("resumed", "transferred", "hung_up") and since is not None:
            total, since = total + (fact.at - since), None
    return total + (max(ended_at - since, timedelta()) if since and ended_at else timedelta())


def _talked(answered_at: datetime | None, ended_at: datetime | None, held: timedelta) -> int | None:
    if answered_at is None or ended_at is None:
        return None
    return _seconds(ended_at - answered_at - held)


def _seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))
