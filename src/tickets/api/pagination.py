"""Keyset pages: `limit`, an opaque `cursor`, a `next` link. Row 1,000,000 costs what row 1 costs.

A cursor is the sort key of the last row of a page. It is validated, not signed: whoever makes one up gets
rows they could have asked for anyway.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter
from msgspec import Struct

from tickets.api.problems import Fault, Problem

T = TypeVar("T")
K = TypeVar("K")
R = TypeVar("R")

LARGEST_PAGE = 200
DEFAULT_PAGE = 50

Limit: TypeAlias = Annotated[
    int, QueryParameter(ge=1, le=LARGEST_PAGE, description="How many items a page holds at most.")
]
"""How a route takes it: `limit: Limit = DEFAULT_PAGE`. It reads `limit + 1` rows."""

Cursor: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        max_length=500, description="Where the page begins, from the `next` link of the page before."
    ),
]
"""How a route takes it: `cursor: Cursor = None`."""


class Page(Struct, Generic[T], frozen=True):
    """Some items, and the path and query of the page after them, null on the last."""

    items: list[T]
    next: str | None


def to_cursor(key: object) -> str:
    """A sort key (a tuple of strings, numbers, instants, UUIDs) as an opaque text."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def from_cursor(cursor: str, kind: type[K]) -> K:
    """The sort key in a cursor, of the kind it was made from. Raises `Problem` 400 when it is none."""
    try:
        text = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        fault = Fault("is not a cursor of this list", parameter="cursor")
        raise Problem(400, "A parameter of the request cannot be used.", errors=[fault]) from error


def answer_page(
    request: Request[Any, Any, Any],
    rows: Sequence[R],
    limit: int,
    key: Callable[[R], object],
    show: Callable[[R], T],
) -> Response[Page[T]]:
    """The page of the first `limit` of up to `limit + 1` rows, its next link also as a header (RFC 8288)."""
    shown = rows[:limit]
    following = None
    if len(rows) > limit:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        following = f"{request.url.path}?{urlencode([*kept, ('cursor', to_cursor(key(shown[-1])))])}"
    return Response(
        Page([show(row) for row in shown], following),
        headers={"Link": f'<{following}>; rel="next"'} if following else None,
    )
