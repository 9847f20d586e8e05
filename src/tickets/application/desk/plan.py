"""What an apply would change: object by object, field by field, always in the same order."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct

from tickets.application.desk.export import tree_of
from tickets.application.desk.kinds import KINDS, Kind, objects_of
from tickets.application.desk.model import Desk
from tickets.intake.unreadable import pointer

Action = Literal["create", "update", "retire"]
_SIGNS: dict[Action, str] = {"create": "+", "update": "~", "retire": "-"}
_LONGEST = 60
_MOST = 4


class Change(Struct, frozen=True, kw_only=True):
    """One object that appears, differs or goes. `paths` point at the fields of it that differ."""

    kind: str
    key: str
    action: Action
    before: Struct | None = None
    after: Struct | None = None
    paths: tuple[str, ...] = ()


def diff(current: Desk, wanted: Desk) -> list[Change]:
    """Every change on the way from one desk to the other, by kind and key; none between equals."""
    return [change for kind in KINDS for change in _changes(current, wanted, kind)]


def _changes(current: Desk, wanted: Desk, kind: Kind) -> Iterator[Change]:
    old, new = objects_of(current, kind), objects_of(wanted, kind)
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if before is None:
            yield Change(kind=kind.name, key=key, action="create", after=after)
        elif after is None:
            yield Change(kind=kind.name, key=key, action="retire", before=before)
        elif before != after:
            paths = tuple(path for path, _, _ in _differences(tree_of(before), tree_of(after)))
            yield Change(kind=kind.name, key=key, action="update", before=before, after=after, paths=paths)


def render(changes: Sequence[Change]) -> str:
    """The changes for people, one object a line and one changed field a line under it."""
    if not changes:
        return "Nothing to change."
    lines: list[str] = []
    for change in changes:
        lines.append(f"{_SIGNS[change.action]} {change.kind}/{change.key}")
        if change.action == "update":
            differences = _differences(tree_of(change.before), tree_of(change.after))
            lines += [f"    {path}: {_shown(old)} → {_shown(new)}" for path, old, new in differences]
    counts = Counter(change.action for change in changes)
    lines.append(", ".join(f"{counts[action]} to {action}" for action in _SIGNS) + ".")
    return "\n".join(lines)


def _differences(old: Any, new: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    """Where two JSON values differ: entry by entry, and in lists of one length item by item."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differences(old.get(key), new.get(key), at + pointer(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for n, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, f"{at}/{n}")
    elif old != new:
        yield at, old, new


def _shown(value: object) -> str:
    if value is None:
        return "none"
    text = f"{len(value)} entries" if isinstance(value, list | dict) and len(value) > _MOST else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
