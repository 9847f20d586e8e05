"""Conditional requests: a ticket's epoch is its entity tag, so nobody overwrites what they have not seen."""

import re
from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter

from tickets.api.problems import Fault, Problem

IfMatch: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        required=False,
        description='The ETag last seen, such as `"7"`; once there is another, the answer is 412.',
    ),
]
"""How a route takes it: `if_match: IfMatch = None`."""

_TAG = re.compile(r'"(\d{1,10})"')


def etag(epoch: int) -> str:
    """The entity tag of a ticket at an epoch: `"7"`."""
    return f'"{epoch}"'


def expected_epoch(if_match: str | None) -> int | None:
    """The epoch the caller wants to change; None when any will do (no header, or `*`).

    Raises `Problem` 400 for a header that is not one tag of ours.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        raise Problem(
            400,
            "A parameter of the request cannot be used.",
            errors=[Fault('must be one ETag as it was sent, such as "7"', parameter="If-Match")],
        )
    return int(tag[1])


def changed_meanwhile(epoch: int) -> Problem:
    """The refusal of a change to something that has moved on to `epoch`."""
    return Problem(412, "It was changed meanwhile; read it again.", headers={"ETag": etag(epoch)})
