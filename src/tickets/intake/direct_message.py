"""A direct message in nobody's words yet, and the draft it becomes: what all providers have in common."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from tickets.domain.draft import Draft, Identity, Sender
from tickets.intake.message_account import MessageAccount
from tickets.intake.text import ID_LIMIT, NAME_LIMIT, TEXT_LIMIT, block, line
from tickets.intake.unreadable import Fault, Unreadable

SUBJECT_LENGTH = 80
"""Characters of a first message that become the subject."""

MOST = 1_000
"""Messages of one envelope; providers send a hundred at most."""

_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class DirectMessage(Struct, frozen=True, kw_only=True):
    """One message. `customer` are the identities of the person outside, the provider's own first.

    `account` is the provider's name for our side, empty where it does not say. `echo`: a person of ours said
    it to them, in the provider's own inbox.
    """

    id: str
    customer: tuple[Identity, ...]
    text: str
    account: str = ""
    name: str = ""
    language: str | None = None
    at: datetime | None = None
    echo: bool = False


class Undelivered(Struct, frozen=True):
    """The provider took a reply of ours, the message `message`, and could not hand it over after all."""

    message: UUID
    reason: str


class Talk(Struct, frozen=True):
    """What one envelope of a provider comes to; `faults` are parts that could not be understood."""

    drafts: tuple[Draft, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()
    faults: tuple[Fault, ...] = ()


Told = Iterator[DirectMessage | Undelivered | Fault]
"""What a provider's reader finds, in the order of the envelope."""


def talk_of(told: Told, account: MessageAccount, others: Mapping[str, MessageAccount]) -> Talk:
    """The talk of an envelope; `others` are accounts that share its webhook, by the provider's name."""
    drafts: list[Draft] = []
    undelivered: list[Undelivered] = []
    faults: list[Fault] = []
    for n, each in enumerate(told):
        if n >= MOST:
            raise Unreadable([Fault("", f"more than {MOST} messages at once")])
        match each:
            case DirectMessage():
                home = _home(each, account, others)
                if home is None:
                    said = f"the desk has no {account.provider} account {each.account[:80]!r}"
                    faults.append(Fault("", said))
                else:
                    drafts.append(draft_of(each, home))
            case Undelivered():
                undelivered.append(each)
            case Fault():
                faults.append(each)
    return Talk(tuple(drafts), tuple(undelivered), tuple(faults))


def _home(
    message: DirectMessage, account: MessageAccount, others: Mapping[str, MessageAccount]
) -> MessageAccount | None:
    if not message.account or message.account == account.id:
        return account
    return others.get(message.account) or (account if account.id is None else None)


def draft_of(message: DirectMessage, account: MessageAccount) -> Draft:
    """The draft of a message at an account."""
    text = block(message.text, TEXT_LIMIT)
    return Draft(
        channel="inbox",
        source=account.provider,
        account=account.key,
        external_id=f"message:{message.id}",
        subject=_subject(text) or account.name or account.key,
        text=text,
        sender=Sender(
            name=line(message.name, NAME_LIMIT), identities=message.customer, language=message.language
        ),
        priority=account.priority,
        language=account.language,
        region=account.region,
        tags=account.tags,
        written_at=message.at,
        quiet=account.quiet,
        echo=message.echo,
    )


def identifier(text: str) -> str | None:
    """An id that can be kept and compared, or None."""
    return text if text and len(text) < ID_LIMIT - len("message:") and line(text) == text else None


def instant(seconds: float | None) -> datetime | None:
    """An instant in seconds since 1970, or None where it is none of our time."""
    try:
        at = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at is not None and _FIRST < at < _LAST else None


def enclosed(kind: str, *told: str) -> str:
    """A line for what came with a message and is no text: `[image] https://…`. It is never fetched."""
    return " ".join(
        [f"[{line(kind, 40) or 'file'}]", *(text for each in told if (text := line(each, 2_000)))]
    )


def _subject(text: str) -> str:
    first = text.partition("\n")[0].strip()
    if len(first) <= SUBJECT_LENGTH:
        return first
    return f"{first[:SUBJECT_LENGTH].rsplit(' ', 1)[0].rstrip()}…"
