"""What callers may give a ticket, with the limits of it."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from tickets.domain.draft import FieldValue
from tickets.domain.ticket import MOST_FIELDS, MOST_TAGS

Word: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
"""A tag, a name, a key."""

Tags: TypeAlias = Annotated[tuple[Word, ...], Meta(max_length=MOST_TAGS)]
Fields: TypeAlias = Annotated[dict[Word, FieldValue], Meta(max_length=MOST_FIELDS)]
