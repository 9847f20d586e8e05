"""Only what Amazon SNS has signed counts, by a certificate of Amazon's own host."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tickets.adapters.sns import SnsProof, gated_get
from tickets.adapters.webhook_address import Gate
from tickets.intake.sns import NotProven, SnsNotice, is_amazons, read_notice

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CERTIFICATE = "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-0123.pem"
TOPIC = "arn:aws:sns:ap-southeast-1:123456789012:mail"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(until: datetime = NOW + timedelta(days=30)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
        .serial_number(1).not_valid_before(NOW - timedelta(days=60)).not_valid_after(until)
        .sign(KEY, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM)


def signed(version: str = "2", **fields: str) -> bytes:
    """A notice as SNS posts it, signed over the text its developer guide spells out."""
    told = {
        "Type": "Notification", "MessageId": "22b80b92", "TopicArn": TOPIC, "Subject": "Thư đến",
        "Message": "Xin chào", "Timestamp": "2026-03-02T08:59:59.000Z",
    } | fields  # fmt: skip
    order = (
        ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
        if told["Type"] == "Notification"
        else ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    )
    text = "".join(f"{name}\n{told[name]}\n" for name in order if name in told).encode()
    digest = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - what version 1 is
    seal = base64.b64encode(KEY.sign(text, padding.PKCS1v15(), digest)).decode()
    about = {"SignatureVersion": version, "Signature": seal, "SigningCertURL": CERTIFICATE}
    return msgspec.json.encode(told | about)


def proof(pem: bytes, asked: list[str] | None = None) -> SnsProof:
    async def get(url: str) -> bytes:
        (asked if asked is not None else []).append(url)
        return pem

    return SnsProof(get, lambda: NOW)


@pytest.mark.parametrize("version", ["1", "2"])
async def test_what_is_signed_is_believed_and_the_certificate_fetched_once(version: str) -> None:
    asked: list[str] = []
    sns = proof(certificate(), asked)
    for number in range(3):
        await sns.prove(read_notice(signed(version, MessageId=str(number)), TOPIC))
    assert asked == [CERTIFICATE]


async def test_a_subscription_is_signed_over_other_fields_and_confirmed_at_amazon_only() -> None:
    asked: list[str] = []
    sns = proof(certificate(), asked)
    where = "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f"
    body = signed(Type="SubscriptionConfirmation", SubscribeURL=where, Token="2336412f")
    notice = read_notice(body, TOPIC)
    await sns.prove(notice)
    await sns.confirm(notice)
    assert asked == [CERTIFICATE, where]
    with pytest.raises(NotProven, match="elsewhere"):
        await sns.confirm(msgspec.structs.replace(notice, subscribe_url="https://sns.evil.example/"))


def _change(**fields: object) -> Callable[[SnsNotice], SnsNotice]:
    return lambda notice: msgspec.structs.replace(notice, **fields)


FORGED = [
    _change(message="Xin chào."),
    _change(subject=None),
    _change(timestamp="2026-03-02T09:00:00.000Z"),
    _change(signature_version="1"),
    _change(signature_version="3"),
    _change(signature=""),
    _change(signature="@@@"),
    _change(signature=base64.b64encode(b"x" * 256).decode()),
    _change(signing_cert_url="https://sns.ap-southeast-1.amazonaws.com.evil.example/x.pem"),
    _change(signing_cert_url="http://sns.ap-southeast-1.amazonaws.com/x.pem"),
    _change(signing_cert_url="https://s3.amazonaws.com/mine/x.pem"),
]


@pytest.mark.parametrize("change", FORGED)
async def test_what_amazon_did_not_sign_is_refused(change: Callable[[SnsNotice], SnsNotice]) -> None:
    with pytest.raises(NotProven):
        await proof(certificate()).prove(change(read_notice(signed(), TOPIC)))


@pytest.mark.parametrize("pem", [certificate(NOW - timedelta(days=1)), b"", b"no certificate"])
async def test_a_certificate_that_is_over_or_none_proves_nothing(pem: bytes) -> None:
    with pytest.raises(NotProven):
        await proof(pem).prove(read_notice(signed(), TOPIC))


@pytest.mark.parametrize(
    ("url", "theirs"),
    [
        (CERTIFICATE, True),
        ("https://sns.cn-north-1.amazonaws.com.cn/x.pem", True),
        ("https://sns.ap-southeast-1.amazonaws.com:443/x.pem", True),
        ("https://sns.ap-southeast-1.amazonaws.com:8443/x.pem", False),
        ("https://sns.ap-southeast-1.amazonaws.com/x.txt", False),
        ("https://x@sns.ap-southeast-1.amazonaws.com/x.pem", False),
        ("https://sns.ap-southeast-1.amazonaws.com\\@evil.example/x.pem", False),
        ("https://evil.example/?sns.ap-southeast-1.amazonaws.com/x.pem", False),
        ("https://[::1/x.pem", False),
        ("file:///etc/x.pem", False),
        ("", False),
    ],
)
def test_certificates_come_from_hosts_of_amazon_sns(url: str, theirs: bool) -> None:  # noqa: FBT001 - a column
    assert is_amazons(url, ".pem") is theirs


async def test_a_name_that_leads_into_the_house_is_not_asked() -> None:
    async def inside(_host: str, _port: int) -> list[str]:
        return ["10.0.0.7"]

    with pytest.raises(OSError, match="not public"):
        await gated_get(Gate((), inside))(CERTIFICATE)
