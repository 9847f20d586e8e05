"""Providers post mail to the shop over HTTP."""

from urllib.parse import urlencode

import httpx
import msgspec
from tests.adapters.test_sns import CERTIFICATE, TOPIC, certificate, signed
from tests.intake.test_posted_mail import FORM, KEY, USER, basic, mailgun
from tests.journeys.conftest import Shop

RAW = b"From: An <an@khach.example>\r\nMessage-ID: <1@khach.example>\r\nSubject: %s\r\n\r\nhello\r\n"
URL = "/v1/intake/inbox/cskh/mime"


async def post(shop: Shop, **fields: bytes) -> httpx.Response:
    body = urlencode(mailgun(stamp=shop.instant) | fields).encode()
    headers = {"Content-Type": FORM, "Authorization": ""}
    return await shop.client.post(URL, content=body, headers=headers)


async def taken(shop: Shop) -> list[tuple[str, ...]]:
    """Subjects of tickets, and why envelopes are in quarantine."""
    return [
        tuple(row[0] for row in await shop.app.engine.fetch(sql))
        for sql in (
            "SELECT subject FROM ticket ORDER BY id",
            "SELECT reason FROM envelope WHERE reason <> '' ORDER BY id",
        )
    ]


async def test_a_signed_mail_is_taken_once_and_its_signature_counts_for_no_other(shop: Shop) -> None:
    assert (await post(shop)).status_code == 404  # nobody said that mail is posted here
    box = {"address": "cskh@shop.example.vn", "posted": {"provider": "mailgun", "secret_env": "MAILGUN_KEY"}}
    assert (await shop.client.put("/v1/desk/mailboxes/cskh", json=box)).status_code == 200
    assert (await post(shop)).status_code == 503  # the operator has still to set it
    shop.app.parts.environment["MAILGUN_KEY"] = KEY
    for _ in range(2):
        assert (await post(shop, **{"body-mime": RAW % b"one"})).status_code == 200
    assert await taken(shop) == [("one",), ()]
    forged = await post(shop, signature=b"0" * 64)
    assert (forged.status_code, forged.headers["content-type"]) == (401, "application/problem+json")
    await post(shop, **{"body-mime": RAW % b"replayed with other words"})
    tickets, reasons = await taken(shop)
    assert tickets == ("one",)
    assert "used for another request" in reasons[0]


async def test_ses_is_believed_by_amazons_signature_and_its_own_topic(shop: Shop) -> None:
    box = {
        "address": "cskh@shop.example.vn",
        "posted": {"provider": "ses", "secret_env": "SES", "topic": TOPIC},
    }
    assert (await shop.client.put("/v1/desk/mailboxes/cskh", json=box)).status_code == 200
    shop.app.parts.environment["SES"] = USER
    shop.app.parts.sns.certificates[CERTIFICATE] = certificate()
    told = {"receipt": {"action": {"type": "SNS"}}, "content": (RAW % b"by SES").decode()}
    mail = signed(Message=msgspec.json.encode(told).decode())
    headers = {"Content-Type": "text/plain; charset=UTF-8", "Authorization": basic()["authorization"]}
    for _ in range(2):
        assert (await shop.client.post(URL, content=mail, headers=headers)).status_code == 200
    forged = mail.replace(b"by SES", b"forged")
    assert (await shop.client.post(URL, content=forged, headers=headers)).status_code == 401
    other = signed(TopicArn=TOPIC + "2", Message="{}")
    assert (await shop.client.post(URL, content=other, headers=headers)).status_code == 401
    action = {"type": "S3", "bucketName": "thu-den", "objectKey": "abc"}
    in_s3 = signed(Message=msgspec.json.encode({"receipt": {"action": action}}).decode())
    assert (await shop.client.post(URL, content=in_s3, headers=headers)).status_code == 200
    link = {
        "SubscribeURL": "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription",
        "Token": "1",
    }
    gone = signed(Type="UnsubscribeConfirmation", **link)
    assert (await shop.client.post(URL, content=gone, headers=headers)).status_code == 200
    tickets, reasons = await taken(shop)
    assert tickets == ("by SES",)
    assert "s3://thu-den/abc" in reasons[0]
    assert "mail comes no more" in reasons[1], "nobody subscribes again behind the operator's back"


async def test_while_amazon_cannot_be_asked_sns_is_told_to_come_again(shop: Shop) -> None:
    box = {
        "address": "cskh@shop.example.vn",
        "posted": {"provider": "ses", "secret_env": "SES", "topic": TOPIC},
    }
    assert (await shop.client.put("/v1/desk/mailboxes/cskh", json=box)).status_code == 200
    shop.app.parts.environment["SES"] = USER
    headers = {"Content-Type": "text/plain", "Authorization": basic()["authorization"]}

    async def away(_url: str) -> bytes:
        raise OSError("no route to host")

    shop.app.parts.sns.get = away
    told = {"receipt": {"action": {"type": "SNS"}}, "content": (RAW % b"by SES").decode()}
    mail = signed(Message=msgspec.json.encode(told).decode())
    answer = await shop.client.post(URL, content=mail, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    asked: list[str] = []

    async def there(url: str) -> bytes:
        asked.append(url)
        return certificate()

    shop.app.parts.sns.get = there
    where = "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"
    question = signed(Type="SubscriptionConfirmation", SubscribeURL=where, Token="1")
    assert (await shop.client.post(URL, content=question, headers=headers)).status_code == 200
    assert asked == [CERTIFICATE, where]
    assert await taken(shop) == [(), ()]
