"""The way a request came by, as it is kept with its message."""

from tickets.domain.draft import Draft
from tickets.domain.ticket import Origin

_THREAD = 20
"""Message-IDs named in References: enough for every mail program, and short enough for every server."""


def origin_of(draft: Draft) -> Origin:
    """The way a request came by."""
    mail = next((each for each in draft.sender.identities if each.kind == "email"), None)
    first = next(iter(draft.sender.identities), None)
    names = (
        (*reversed(draft.references[:_THREAD]), *draft.conversation[:1]) if draft.source == "email" else ()
    )
    return Origin(
        source=draft.source,
        account=draft.account,
        identity=mail or first,
        verdicts=draft.verdicts,
        thread=tuple(name for name in names if name.isascii() and name[:1] == "<"),
    )
