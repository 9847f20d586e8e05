"""Mail that a provider posts to us: is it theirs, and the mail itself, raw, as it came to them.

All four can send the raw mail, and only that is taken: what they make of a mail loses parts of it.

- Mailgun signs timestamp and token, not the mail (HMAC-SHA256), so a token counts for one mail only.
- Postmark, SendGrid and SNS (for SES) carry the user and password of the URL they were given; SNS signs, too.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from tickets.intake.headers import parse_parameters
from tickets.intake.mail_source import PostedMail
from tickets.intake.mime import read_parts
from tickets.intake.sns import NotProven, SnsNotice, read_notice
from tickets.intake.unreadable import Fault, Unreadable

FRESH = timedelta(hours=12)
"""How long a signature counts: Mailgun tries for eight hours with the one it made first."""


class Posted(Struct, frozen=True, kw_only=True):
    """A mail, and the provider's own name for it where that may be used once only.

    `aside` is why there is no mail in it that could be taken: `raw` is then the post itself, for people to
    look at. `notice` is what SNS has still to be seen to have signed.
    """

    raw: bytes = b""
    token: str | None = None
    aside: str | None = None
    notice: SnsNotice | None = None


def read_posted(
    source: PostedMail, secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> Posted:
    """The mail in a post; header names in lower case.

    Raises:
        NotProven: it is not shown to be the provider's.
        Unreadable: it is theirs, though without the raw mail.
    """
    if source.provider == "mailgun":
        return _mailgun(secret, headers.get("content-type", ""), body, now)
    _check_password(secret, headers.get("authorization", ""))
    match source.provider:
        case "postmark":
            return Posted(
                raw=_text(_json(body), "RawEmail", "“Include raw email content in JSON payload”").encode()
            )
        case "sendgrid":
            fields = _fields(headers.get("content-type", ""), body)
            return Posted(raw=_field(fields, "email", "“POST the raw, full MIME message”"))
        case _:
            return _sns(read_notice(body, source.topic), body)


def _mailgun(secret: str, content_type: str, body: bytes, now: datetime) -> Posted:
    try:
        fields = _fields(content_type, body)
    except Unreadable as unreadable:
        raise NotProven("no signature can be read") from unreadable
    stamp, token = fields.get("timestamp", b""), fields.get("token", b"")
    mac = hmac.new(secret.encode(), stamp + token, "sha256").hexdigest().encode()
    if not token or not hmac.compare_digest(mac, fields.get("signature", b"").lower()):
        raise NotProven("the signature is not Mailgun's")
    if not stamp.isdigit() or abs(now.timestamp() - int(stamp[:15])) > FRESH.total_seconds():
        raise NotProven("the signature is too old")
    raw = _field(fields, "body-mime", "a forwarding URL that ends in /mime")
    return Posted(raw=raw, token=f"mailgun:{token[:200].decode('ascii', 'replace')}")


def _sns(notice: SnsNotice, body: bytes) -> Posted:
    """A notice of SES: the mail stands in it up to 150 KB when the receipt rule's action is SNS."""
    if notice.type == "SubscriptionConfirmation":
        aside = f"to subscribe, open this link once: {notice.subscribe_url}"
        return Posted(raw=body, aside=aside, notice=notice)
    if notice.type == "UnsubscribeConfirmation":
        aside = f"somebody unsubscribed us from {notice.topic_arn}; mail comes no more"
        return Posted(raw=body, aside=aside, notice=notice)
    told = _json(notice.message.encode())
    receipt = told.get("receipt")
    action = receipt.get("action") if isinstance(receipt, dict) else None
    action = action if isinstance(action, dict) else {}
    if action.get("type") == "S3":
        where = f"s3://{action.get('bucketName')}/{action.get('objectKey')}"
        aside = f"the mail is at {where}, not in the notice: the receipt rule needs the action SNS"
        return Posted(raw=body, aside=aside, notice=notice)
    content = _text(told, "content", "the action SNS in the receipt rule, which sends the mail along")
    if action.get("encoding") != "BASE64":
        return Posted(raw=content.encode(), notice=notice)
    try:
        return Posted(raw=base64.b64decode(content, validate=True), notice=notice)
    except binascii.Error as error:
        raise Unreadable([Fault("/Message", "its content is not base 64")]) from error


def _check_password(secret: str, authorization: str) -> None:
    scheme, _, given = authorization.partition(" ")
    expected = base64.b64encode(secret.encode())
    if scheme.lower() != "basic" or not hmac.compare_digest(given.strip().encode(), expected):
        raise NotProven("the user and password of the URL are missing or wrong")


def _fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form as bytes: a raw mail is in no charset."""
    media_type, _ = parse_parameters(content_type)
    if media_type == "application/x-www-form-urlencoded":
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
        return {name: value.encode("latin-1") for name, value in pairs}
    if media_type != "multipart/form-data":
        raise Unreadable([Fault("", "must be application/x-www-form-urlencoded or multipart/form-data")])
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    return {part.disposition[1].get("name", ""): part.content for part in read_parts(head + body).children}


def _field(fields: Mapping[str, bytes], name: str, option: str) -> bytes:
    if not fields.get(name):
        raise Unreadable([Fault(f"/{name}", f"is missing: the provider needs {option}")])
    return fields[name]


def _json(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable([Fault("", f"not a JSON object: {error}")]) from error


def _text(found: Mapping[str, object], name: str, option: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable([Fault(f"/{name}", f"is missing: the provider needs {option}")])
    return value.encode("utf-8", "replace").decode()
