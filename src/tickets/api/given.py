"""What callers may give a ticket, with the limits of it."""

from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

from msgspec import Meta

from tickets.api.problems import Fault
from tickets.domain.draft import FieldValue
from tickets.domain.ticket import MOST_FIELDS, MOST_TAGS
from tickets.domain.words import composed
from tickets.intake.unreadable import pointer

Word: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
"""A tag, a name, a key."""

Tags: TypeAlias = Annotated[tuple[Word, ...], Meta(max_length=MOST_TAGS)]
Fields: TypeAlias = Annotated[dict[Word, FieldValue], Meta(max_length=MOST_FIELDS)]


def named_twice(fields: Iterable[str]) -> Iterator[Fault]:
    """Names of fields that are one name once their accents are composed: which value is meant?"""
    known: set[str] = set()
    for name in fields:
        if (plain := composed(name)) in known:
            yield Fault("is there already, written with other code points", pointer=pointer("fields", name))
        known.add(plain)
