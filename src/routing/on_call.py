"""Who is on call: one pure function that the engine, the API and every feed ask."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from routing.rotation import Layer, Stretch, stretch
from routing.schedule import EARLIEST, LATEST, Override, Schedule, zone_of

TICK = timedelta(microseconds=1)


class OnCall(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers from `since` until just before `until` (aware UTC; None: without end), and why.

    `agent` is None in a gap; `layer` names the layer that answers, unless `override` does.
    """

    agent: str | None
    layer: str | None
    override: Override | None
    reason: str
    since: datetime | None
    until: datetime | None


def who(schedule: Schedule, at: datetime) -> OnCall:
    """Who is on call at an instant, with the whole shift around it.

    Shifts are half-open and tile time: no gap between them, no overlap. A hand-off begins a new shift, even
    to the same agent.

    Raises:
        InvalidError: the schedule's time zone is unknown.
        ValueError: `at` is naive, or outside 1970 to 2200.
    """
    zone = zone_of(schedule)
    piece = _piece(schedule, zone, _checked(at))
    return _shift(_backward(schedule, zone, _forward(schedule, zone, piece)))


def shifts(schedule: Schedule, start: datetime, end: datetime) -> list[OnCall]:
    """Every shift and gap that meets `[start, end)`, in order and whole: the first may begin before.

    Raises:
        InvalidError: the schedule's time zone is unknown.
        ValueError: an instant is naive, or outside 1970 to 2200.
    """
    zone = zone_of(schedule)
    _checked(end)
    found: list[OnCall] = []
    at: datetime | None = _checked(start)
    while at is not None and at < end:
        piece = _forward(schedule, zone, _piece(schedule, zone, at))
        found.append(_shift(piece if found else _backward(schedule, zone, piece)))
        at = piece.until
    return found


class _Piece(msgspec.Struct, frozen=True):
    """An answer that holds throughout `[since, until)`, though perhaps longer."""

    agent: str | None
    layer: Layer | None
    turn: int | None
    override: int | None
    schedule: Schedule
    since: datetime | None
    until: datetime | None

    def goes_on_as(self, other: "_Piece") -> bool:
        """Whether both are parts of one shift; an override runs through the hand-offs beneath it."""
        if self.override is not None or other.override is not None:
            return self.override == other.override and self.agent == other.agent
        return (self.agent, self.turn) == (other.agent, other.turn) and self.layer is other.layer


def _piece(schedule: Schedule, zone: ZoneInfo, at: datetime) -> _Piece:
    over = [(each.starts_at.astimezone(UTC), each.ends_at.astimezone(UTC)) for each in schedule.overrides]
    override = _absolute(schedule, over, at)
    if override is None:
        layer, found = _answering(schedule, zone, at)
        agent, turn, since, until = found.agent, found.turn, found.since, found.until
    else:  # nothing beneath it matters while it holds
        layer, turn, agent = None, None, schedule.overrides[override].agent
        since, until = over[override]
    for index in range(0 if override is None else override + 1, len(over)):
        candidate, edges = schedule.overrides[index], over[index]
        since = max((edge for edge in (since, *edges) if edge is not None and edge <= at), default=None)
        until = min((edge for edge in (until, *edges) if edge is not None and edge > at), default=None)
        if edges[0] <= at < edges[1] and candidate.replaces in (None, agent):
            agent, override = candidate.agent, index
    return _Piece(agent, layer, turn, override, schedule, since, until)


def _absolute(schedule: Schedule, over: Sequence[tuple[datetime, datetime]], at: datetime) -> int | None:
    """The last override that holds at an instant whoever would answer."""
    holding = (
        index
        for index in reversed(range(len(over)))
        if schedule.overrides[index].replaces is None and over[index][0] <= at < over[index][1]
    )
    return next(holding, None)


def _answering(schedule: Schedule, zone: ZoneInfo, at: datetime) -> tuple[Layer | None, Stretch]:
    """The last layer that answers, for as long as neither it nor those above it change."""
    since: datetime | None = None
    until: datetime | None = None
    for layer in reversed(schedule.layers):
        found = stretch(layer, zone, at)
        since = max((edge for edge in (since, found.since) if edge), default=None)
        until = min((edge for edge in (until, found.until) if edge), default=None)
        if found.agent is not None:
            return layer, Stretch(found.agent, found.turn, since, until)
    return None, Stretch(None, None, since, until)


def _forward(schedule: Schedule, zone: ZoneInfo, piece: _Piece) -> _Piece:
    """The piece with what follows of the same shift."""
    while piece.until is not None and piece.until < LATEST:
        following = _piece(schedule, zone, piece.until)
        if not piece.goes_on_as(following):
            break
        piece = msgspec.structs.replace(piece, until=following.until)
    return piece


def _backward(schedule: Schedule, zone: ZoneInfo, piece: _Piece) -> _Piece:
    """The piece with what precedes it of the same shift."""
    while piece.since is not None and piece.since > EARLIEST:
        before = _piece(schedule, zone, piece.since - TICK)
        if not piece.goes_on_as(before):
            break
        piece = msgspec.structs.replace(piece, since=before.since)
    return piece


def _shift(piece: _Piece) -> OnCall:
    override = None if piece.override is None else piece.schedule.overrides[piece.override]
    return OnCall(
        agent=piece.agent,
        layer=piece.layer.name if piece.layer and override is None else None,
        override=override,
        reason=_reason(piece, override),
        since=piece.since,
        until=piece.until,
    )


def _reason(piece: _Piece, override: Override | None) -> str:
    if override is not None:
        instead = f" instead of {override.replaces}" if override.replaces else ""
        because = f": {override.reason}" if override.reason else ""
        return f"{piece.agent} answers by override{instead}{because}."
    if piece.layer is not None and piece.turn is not None:
        turn = f"turn {piece.turn + 1}, {piece.layer.rotation}"
        return f"{piece.agent} answers by layer {piece.layer.name!r} ({turn})."
    return f"Nobody is on call: no layer of {piece.schedule.key!r} answers and no override does."


def _checked(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant must carry its offset from UTC")
    if not EARLIEST <= at < LATEST:
        raise ValueError(f"outside 1970 to 2200: {at.isoformat()}")
    return at.astimezone(UTC)
