"""What providers post: theirs or not, and the mail as it came to them."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from tickets.intake import Unreadable
from tickets.intake.mail_source import PostedMail
from tickets.intake.posted_mail import read_posted
from tickets.intake.sns import NotProven

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "key-x3ifab7xngqxep7923iuab251q5vhox0"
USER = "desk:geheim"
RAW = b"From: a@b.example\r\nSubject: \xe9\xff\r\n\r\nh\xe9llo\r\n--x\r\n"
TOPIC = "arn:aws:sns:ap-southeast-1:123456789012:mail"
FORM = "application/x-www-form-urlencoded"


def source(provider: str) -> PostedMail:
    return PostedMail(provider=provider, secret_env="X")  # type: ignore[arg-type]


def basic(user: str = USER) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(user.encode()).decode()}


def mailgun(stamp: datetime = NOW, key: str = KEY, **fields: bytes) -> dict[str, bytes]:
    told = {"timestamp": str(int(stamp.timestamp())).encode(), "token": b"t" * 50, "body-mime": RAW}
    mac = hmac.new(key.encode(), told["timestamp"] + told["token"], "sha256").hexdigest().encode()
    return told | {"signature": mac} | fields


def multipart(fields: dict[str, bytes]) -> tuple[dict[str, str], bytes]:
    parts = (
        b'--Xy\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in fields.items()
    )
    return {"content-type": "multipart/form-data; boundary=Xy"}, b"".join(parts) + b"--Xy--\r\n"


def test_mailguns_own_example_of_a_signature() -> None:
    """The scheme of its manual, over the values of a published walk-through."""
    key, stamp, token = KEY, b"1568491354", b"asdoij2893dm98m2x0a9sdkf09k423cdm"
    signature = hmac.new(key.encode(), stamp + token, "sha256").hexdigest()
    body = urlencode(
        {"timestamp": stamp, "token": token, "signature": signature.upper(), "body-mime": RAW}
    ).encode()
    at = datetime.fromtimestamp(1568491400, UTC)
    posted = read_posted(source("mailgun"), key, {"content-type": FORM}, body, at)
    assert (posted.raw, posted.token) == (RAW, f"mailgun:{token.decode()}")


def test_mailgun_by_either_kind_of_form() -> None:
    headers, body = multipart(mailgun())
    assert read_posted(source("mailgun"), KEY, headers, body, NOW).raw == RAW
    body = urlencode(mailgun()).encode()
    assert read_posted(source("mailgun"), KEY, {"content-type": FORM}, body, NOW).raw == RAW


FORGED = [
    mailgun(key="another"),
    mailgun(signature=b""),
    mailgun(signature=mailgun()["signature"][:-1]),
    mailgun(token=b"u" * 50),
    mailgun(timestamp=b"1772442001"),
    mailgun(stamp=NOW - timedelta(hours=13)),
    mailgun(stamp=NOW + timedelta(hours=13)),
    {"body-mime": RAW},
]


@pytest.mark.parametrize("fields", FORGED)
def test_what_mailgun_did_not_sign_is_refused(fields: dict[str, bytes]) -> None:
    for headers, body in (multipart(fields), ({"content-type": FORM}, urlencode(fields).encode())):
        with pytest.raises(NotProven):
            read_posted(source("mailgun"), KEY, headers, body, NOW)


def test_a_post_that_was_cut_off_is_not_mailguns() -> None:
    headers, body = multipart(dict(reversed(mailgun().items())))
    with pytest.raises(NotProven):
        read_posted(source("mailgun"), KEY, headers, body[:40], NOW)


def postmark(raw: str = "Subject: hi\r\n\r\nxin chào") -> bytes:
    return json.dumps({"FromName": "An", "MessageID": "22c74902", "RawEmail": raw}).encode()


def test_postmark_and_sendgrid_bring_the_raw_mail() -> None:
    posted = read_posted(source("postmark"), USER, basic(), postmark(), NOW)
    assert posted.raw == "Subject: hi\r\n\r\nxin chào".encode()
    headers, body = multipart({"to": b"x", "email": RAW, "spam_score": b"0"})
    assert read_posted(source("sendgrid"), USER, basic() | headers, body, NOW).raw == RAW


def ses(content: str, encoding: str) -> bytes:
    told = {
        "notificationType": "Received",
        "receipt": {"action": {"type": "SNS", "encoding": encoding}},
        "content": content,
    }
    return json.dumps({"Type": "Notification", "TopicArn": TOPIC, "Message": json.dumps(told)}).encode()


def test_ses_brings_it_by_sns() -> None:
    plain = read_posted(source("ses"), USER, basic(), ses("Subject: hi\r\n\r\nx", "UTF8"), NOW)
    assert plain.raw == b"Subject: hi\r\n\r\nx"
    packed = base64.b64encode(RAW).decode()
    assert read_posted(source("ses"), USER, basic(), ses(packed, "BASE64"), NOW).raw == RAW
    about = {
        "TopicArn": TOPIC,
        "Message": "You have chosen …",
        "SubscribeURL": "https://sns.example/?Token=1",
    }
    asked = read_posted(source("ses"), USER, basic(), notice("SubscriptionConfirmation", **about), NOW)
    assert asked.aside == "to subscribe, open this link once: https://sns.example/?Token=1"
    told = read_posted(source("ses"), USER, basic(), notice("UnsubscribeConfirmation", **about), NOW)
    assert "mail comes no more" in (told.aside or "")


def notice(kind: str, **fields: str) -> bytes:
    return json.dumps({"Type": kind} | fields).encode()


def test_a_mail_that_ses_put_into_s3_is_named_with_its_place() -> None:
    action = {"type": "S3", "bucketName": "thu-den", "objectKey": "abc"}
    told = json.dumps({"notificationType": "Received", "receipt": {"action": action}})
    posted = read_posted(
        source("ses"), USER, basic(), notice("Notification", TopicArn=TOPIC, Message=told), NOW
    )
    assert "s3://thu-den/abc" in (posted.aside or "")
    assert posted.raw


def test_another_topic_than_the_mailboxs_is_refused() -> None:
    ours = PostedMail(provider="ses", secret_env="X", topic=TOPIC + "-khac")
    with pytest.raises(NotProven, match="another topic"):
        read_posted(ours, USER, basic(), ses("x", "UTF8"), NOW)


@pytest.mark.parametrize("provider", ["postmark", "sendgrid", "ses"])
@pytest.mark.parametrize(
    "headers", [{}, basic("desk:falsch"), basic(USER[:-1]), {"authorization": "Bearer x"}]
)
def test_the_others_prove_themselves_by_the_password_of_their_url(
    provider: str, headers: dict[str, str]
) -> None:
    with pytest.raises(NotProven):
        read_posted(source(provider), USER, headers, postmark(), NOW)


LACKING = [
    ("postmark", {}, b'{"TextBody": "x"}', "/RawEmail"),
    ("sendgrid", *multipart({"text": b"x"}), "/email"),
    ("ses", {}, notice("Notification", TopicArn=TOPIC, Message="{}"), "/content"),
    ("ses", {}, notice("Notification", Message="{}"), ""),
    ("ses", {}, b"[1", ""),
    ("sendgrid", {"content-type": "text/plain"}, b"x", ""),
]


@pytest.mark.parametrize(("provider", "headers", "body", "at"), LACKING)
def test_a_post_without_the_raw_mail_says_which_option_is_missing(
    provider: str, headers: dict[str, str], body: bytes, at: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        read_posted(source(provider), USER, basic() | headers, body, NOW)
    assert refused.value.faults[0].pointer == at
