"""What a ticket is about: its tags and fields, and what follows when somebody says others."""

from collections.abc import Iterable, Iterator, Mapping, Sized

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.changes.draw import Draw
from tickets.domain.draft import FieldValue
from tickets.domain.errors import Refused
from tickets.domain.ticket import MOST_FIELDS, MOST_TAGS

Sides = dict[str, FieldValue]
"""A field `before` and `after`; the side on which there is no such field is left out."""


class Describe(Struct, frozen=True, kw_only=True):
    """Say what it is about.

    `tags` are all that it is to have, None leaves those it has; some are added, some taken away besides.
    `fields` is a merge patch (RFC 7396): a field that is not named stays, None takes one away.
    """

    tags: tuple[str, ...] | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    fields: dict[str, FieldValue] = {}


def describe(draw: Draw, command: Describe) -> None:
    """Give it other tags and fields, and the promises that go with them. Raises `Refused` for too many."""
    before = draw.ticket
    tags = before.tags if command.tags is None else command.tags
    retag(draw, (tag for tag in (*tags, *command.add_tags) if tag not in command.remove_tags))
    _refill(draw, command.fields)
    _not_too_many("tags", before.tags, draw.ticket.tags, MOST_TAGS)
    _not_too_many("fields", before.fields, draw.ticket.fields, MOST_FIELDS)
    if draw.happened:
        promised, routed_by = draw.pinned.id, draw.scene.routed_by
        draw.choose_terms()
        if draw.pinned.id != promised or routed_by(draw.ticket) != routed_by(before):
            draw.ask_again()  # else whoever refused it would refuse it again: programs tag all day


def retag(draw: Draw, tags: Iterable[str]) -> None:
    """Give it these tags instead. They are a set: in another order they are the same."""
    before, after = draw.ticket.tags, tuple(dict.fromkeys(tags))
    added = [tag for tag in after if tag not in before]
    removed = [tag for tag in before if tag not in after]
    if added or removed:
        draw.ticket = replace(draw.ticket, tags=after)
        draw.note("tags_changed", added=added, removed=removed)


def _refill(draw: Draw, patch: Mapping[str, FieldValue]) -> None:
    before = draw.ticket.fields
    changed = dict(_changes(before, patch))
    if changed:
        given = {name: sides["after"] for name, sides in changed.items() if "after" in sides}
        kept = {name: answer for name, answer in before.items() if name in given or name not in changed}
        draw.ticket = replace(draw.ticket, fields={**kept, **given})
        draw.note("fields_changed", fields=changed)


def _changes(
    before: Mapping[str, FieldValue], patch: Mapping[str, FieldValue]
) -> Iterator[tuple[str, Sides]]:
    for name, answer in patch.items():
        was: Sides = {"before": before[name]} if name in before else {}
        if answer is None and was:
            yield name, was
        elif answer is not None and not (was and _same(was["before"], answer)):
            yield name, {**was, "after": answer}


def _same(one: FieldValue, other: FieldValue) -> bool:
    """As JSON has it: `1` is `1.0`, and not `true`."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _not_too_many(what: str, before: Sized, after: Sized, most: int) -> None:
    if len(after) > max(most, len(before)):
        raise Refused(f"the ticket would have {len(after)} {what}; it may have {most}")
