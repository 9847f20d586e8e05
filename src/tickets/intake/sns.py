"""What Amazon SNS posts: notices of SES, and questions whether we want them; each signed by Amazon.

The scheme of "Verifying the signatures of Amazon SNS messages" in its developer guide: which fields are
signed, in which order, and where a certificate may come from.
"""

import base64
import binascii
import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from tickets.intake.unreadable import Fault, Unreadable

_HOST = re.compile(r"sns\.[a-z0-9-]{3,40}\.amazonaws\.com(\.cn)?")
_NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_ASKED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")

Kind = Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]


class NotProven(Exception):  # noqa: N818 - a condition, not a bug
    """The post does not prove that it is the provider's. Says what is missing, never what would be right."""


class SnsNotice(Struct, frozen=True, rename="pascal"):
    """One post of SNS. Field names are SNS's own."""

    type: Kind
    topic_arn: str
    message: str
    message_id: str = ""
    timestamp: str = ""
    signature: str = ""
    signature_version: str = ""
    signing_cert_url: str = msgspec.field(default="", name="SigningCertURL")
    subject: str | None = None
    subscribe_url: str = msgspec.field(default="", name="SubscribeURL")
    token: str = ""

    def signed(self) -> bytes:
        """The text that is signed: of each field there is, a line with its name and one with its value."""
        told = msgspec.to_builtins(self)
        names = _NOTIFIED if self.type == "Notification" else _ASKED
        return "".join(f"{name}\n{told[name]}\n" for name in names if told[name] is not None).encode()

    def seal(self) -> tuple[bytes, Literal["SHA1", "SHA256"]]:
        """The signature and the hash it is made with. Raises `NotProven`."""
        hashes: dict[str, Literal["SHA1", "SHA256"]] = {"1": "SHA1", "2": "SHA256"}
        if self.signature_version not in hashes or not self.signature:
            raise NotProven("the signature of SNS is missing; raw message delivery has none, switch it off")
        try:
            return base64.b64decode(self.signature, validate=True), hashes[self.signature_version]
        except (binascii.Error, ValueError) as error:
            raise NotProven("the signature is not base 64") from error


def read_notice(body: bytes, topic: str | None) -> SnsNotice:
    """A post of SNS, not proven yet.

    Raises:
        NotProven: it is of another topic than the mailbox's.
        Unreadable: it is no post of SNS.
    """
    try:
        notice = msgspec.json.decode(body, type=SnsNotice)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable([Fault("", f"not a notice of SNS: {error}")]) from error
    if topic is not None and notice.topic_arn != topic:
        raise NotProven("it is of another topic than the mailbox's")
    return notice


def is_amazons(url: str, path_end: str = "") -> bool:
    """Whether an address is SNS's own: https, its host, its port, nobody's password."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.port in {None, 443} and "@" not in parts.netloc
    except ValueError:
        return False
    return plain and bool(_HOST.fullmatch(parts.hostname or "")) and parts.path.endswith(path_end)
