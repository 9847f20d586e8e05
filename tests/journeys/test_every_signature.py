"""Whoever posts to us proves who they are: right once or replayed, wrong, truncated, otherwise written.

One table of all providers, through the real doors. Bodies are as each provider documents them, values ours.
"""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from msgspec import Struct
from msgspec.structs import replace as changed
from tests.intake.test_direct_messages import update
from tests.intake.test_posted_mail import KEY, USER, mailgun
from tests.journeys.conftest import Shop
from tests.journeys.messengers import ENVIRONMENT, SECRET, messenger_shop, zalo

from tickets.api.app import create_app
from tickets.api.own_urls import Doors, MessageDoors
from tickets.intake import twilio_signature

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TOKEN = "auth token of ours"
RAW = b"From: An <an@khach.example>\r\nMessage-ID: <1@khach.example>\r\nSubject: hi\r\n\r\nhello\r\n"
LINES: dict[str, dict[str, Any]] = {
    "tw": {"number": "+842838250001", "exchange": "twilio", "secret_env": "TWILIO_TOKEN"},
    "pbx": {"number": "+842838250002", "exchange": "push"},
}
BOXES = {"mailgun": "MAILGUN_KEY", "postmark": "DESK_USER", "sendgrid": "DESK_USER"}


class Post(Struct, frozen=True):
    """One request, and where in it the proof stands: a header, a field of the form, or the path."""

    path: str
    body: bytes
    headers: dict[str, str]
    proof: str

    @property
    def given(self) -> str:
        """The proof as it is given."""
        if self.proof == "path":
            return self.path.rpartition("/")[2].rpartition("=")[2]
        return self.headers.get(self.proof) or dict(parse_qsl(self.body.decode()))[self.proof]

    def proving(self, other: str) -> "Post":
        """The same with another proof."""
        if self.proof == "path":
            return changed(self, path=self.path.removesuffix(self.given) + other)
        if self.proof in self.headers:
            return changed(self, headers=self.headers | {self.proof: other})
        fields = dict(parse_qsl(self.body.decode())) | {self.proof: other}
        return changed(self, body=urlencode(fields).encode())


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop at which every provider posts; it has the secret of each."""
    async with messenger_shop(database_url, tmp_path) as made:
        parts = made.app.parts
        known = {**ENVIRONMENT, "TWILIO_TOKEN": TOKEN}
        parts.environment.update({"MAILGUN_KEY": KEY, "DESK_USER": USER})
        doors = Doors(parts.secret, parts.public_url, known)
        messages = MessageDoors(parts.secret, parts.public_url, known)
        app = create_app(replace(parts, doors=doors, message_doors=messages))
        for kind, objects in (("hotlines", LINES), ("mailboxes", mailboxes())):
            for key, body in objects.items():
                put = await made.client.put(f"/v1/desk/{kind}/{key}", json=body)
                assert put.is_success, put.text
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="https://desk.example") as client:
            made.client = client
            yield made


def mailboxes() -> dict[str, dict[str, Any]]:
    return {
        name: {"address": f"{name}@shop.example.vn", "posted": {"provider": name, "secret_env": variable}}
        for name, variable in BOXES.items()
    }


def by_zalo(_shop: Shop) -> Post:
    body = json.dumps(zalo("Chào shop", "m1"), ensure_ascii=False).encode()
    told = json.loads(body)
    mac = hashlib.sha256(told["app_id"].encode() + body + told["timestamp"].encode() + SECRET.encode())
    headers = {"X-ZEvent-Signature": f"mac={mac.hexdigest()}", "Content-Type": JSON}
    return Post("/v1/intake/messages/oa", body, headers, "X-ZEvent-Signature")


def by_meta(account: str, event: dict[str, Any]) -> Callable[[Shop], Post]:
    def made(_shop: Shop) -> Post:
        body = json.dumps(event).encode()
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={mac}", "Content-Type": JSON}
        return Post(f"/v1/intake/messages/{account}", body, headers, "X-Hub-Signature-256")

    return made


def by_telegram(shop: Shop) -> Post:
    token = shop.app.parts.message_doors.token("bot")
    name = "X-Telegram-Bot-Api-Secret-Token"
    headers = {name: token, "Content-Type": JSON}
    return Post("/v1/intake/messages/bot", json.dumps(update(text="Cho hỏi giá")).encode(), headers, name)


def by_anybody(shop: Shop) -> Post:
    body = {"message": {"token": "5", "text": "Chào"}, "sender": "u7"}
    token = shop.app.parts.message_doors.token("viber")
    path = f"/v1/intake/messages/viber?key={token}"
    return Post(path, json.dumps(body).encode(), {"Content-Type": JSON}, "path")


def by_twilio(shop: Shop) -> Post:
    fields = {"CallSid": "CA1", "Direction": "inbound", "From": "+84901234567", "To": "+842838250001"}
    fields |= {"CallStatus": "ringing"}
    parts = shop.app.parts
    path = Doors(parts.secret, parts.public_url, {}).path("tw")
    signature = twilio_signature(TOKEN, parts.public_url + path, fields.items())
    headers = {"X-Twilio-Signature": signature, "Content-Type": FORM}
    return Post(path, urlencode(fields).encode(), headers, "X-Twilio-Signature")


def by_pbx(shop: Shop) -> Post:
    fields = {"event": "newCall", "direction": "in", "from": "84901234568", "to": "1900", "callId": "1"}
    return Post(shop.app.parts.doors.path("pbx"), urlencode(fields).encode(), {"Content-Type": FORM}, "path")


def by_mailgun(shop: Shop) -> Post:
    fields = mailgun(stamp=shop.instant) | {"body-mime": RAW}
    return Post(
        "/v1/intake/inbox/mailgun/mime", urlencode(fields).encode(), {"Content-Type": FORM}, "signature"
    )


def with_password(provider: str, body: bytes, kind: str) -> Callable[[Shop], Post]:
    def made(_shop: Shop) -> Post:
        headers = {"Authorization": "Basic " + b64encode(USER.encode()).decode(), "Content-Type": kind}
        return Post(f"/v1/intake/inbox/{provider}/mime", body, headers, "Authorization")

    return made


POSTMARK = json.dumps(
    {"FromName": "An", "MessageID": "22c7", "TextBody": "hello", "RawEmail": RAW.decode()}
).encode()
SENDGRID = (
    b'--B\r\nContent-Disposition: form-data; name="to"\r\n\r\nx\r\n'
    b'--B\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + RAW + b"\r\n--B--\r\n"
)
PAGE = {
    "object": "page",
    "entry": [
        {
            "id": "77",
            "time": 1772416800000,
            "messaging": [
                {
                    "sender": {"id": "9001"},
                    "recipient": {"id": "77"},
                    "timestamp": 1772416800000,
                    "message": {"mid": "m.1", "text": "Giá bao nhiêu?"},
                }
            ],
        }
    ],
}
WHATSAPP = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "1",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {"display_phone_number": "84280001111", "phone_number_id": "1055"},
                        "contacts": [{"profile": {"name": "Chi"}, "wa_id": "84901234569"}],
                        "messages": [
                            {
                                "from": "84901234569",
                                "id": "wamid.1",
                                "timestamp": "1772416800",
                                "type": "text",
                                "text": {"body": "Giá?"},
                            }
                        ],
                    },
                }
            ],
        }
    ],
}


PROVIDERS: dict[str, Callable[[Shop], Post]] = {
    "zalo": by_zalo,
    "messenger": by_meta("page", PAGE),
    "whatsapp": by_meta("wa", WHATSAPP),
    "telegram": by_telegram,
    "mapped messages": by_anybody,
    "twilio": by_twilio,
    "newCall pushes": by_pbx,
    "mailgun": by_mailgun,
    "postmark": with_password("postmark", POSTMARK, JSON),
    "sendgrid": with_password("sendgrid", SENDGRID, "multipart/form-data; boundary=B"),
}
OVER_THE_BODY = {"zalo", "messenger", "whatsapp", "twilio"}
"""Whose proof is over the body as well; the others show that they know a secret."""

OTHER_WAYS: dict[str, Callable[[str], str]] = {
    "wrong": lambda given: given[:-3] + ("000" if given[-3:] != "000" else "111"),
    "truncated": lambda given: given[:-1],
    "half": lambda given: given[: len(given) // 2],
    "empty": lambda _: "",
    "with something behind it": lambda given: given + "0",
    "not ASCII": lambda given: given + "é",
}


def otherwise_written(given: str) -> str:
    """A digest in the other of base 64 and hexadecimal digits."""
    name, _, digest = given.rpartition("=") if given.startswith(("mac=", "sha256=")) else ("", "", given)
    lead = f"{name}=" if name else ""
    try:
        return lead + b64encode(bytes.fromhex(digest)).decode().rstrip("=")
    except ValueError:
        return lead + b64decode(digest.removeprefix("Basic ")).hex()


def forgeries(post: Post, *, over_the_body: bool) -> Iterator[tuple[str, Post]]:
    """The same request with everything that may be wrong with its proof."""
    for how, other in {**OTHER_WAYS, "otherwise written": otherwise_written}.items():
        yield how, post.proving(other(post.given))
    if over_the_body:
        for how, body in {
            "a body cut short": post.body[:-1],
            "a body with more": post.body + b"&x=1",
            "a body in UTF-16": post.body.decode().encode("utf-16"),
        }.items():
            yield how, changed(post, body=body)


async def sent(shop: Shop, post: Post) -> int:
    headers = [(name.encode(), value.encode()) for name, value in post.headers.items()]
    return (await shop.client.post(post.path, content=post.body, headers=headers)).status_code


@pytest.mark.parametrize("name", PROVIDERS)
async def test_who_posts_is_who_they_say(shop: Shop, name: str) -> None:
    post = PROVIDERS[name](shop)
    for how, forged in forgeries(post, over_the_body=name in OVER_THE_BODY):
        assert await sent(shop, forged) in {401, 403, 404}, how  # 404: a path without a token
    fetch_value = shop.app.engine.fetch_value
    assert await fetch_value("SELECT count(*) FROM envelope") == 0
    for _ in range(2):  # the second time it is replayed: known, and nothing new
        assert await sent(shop, post) in {200, 204}
    assert await fetch_value("SELECT count(*) FROM ticket") == 1
    assert await fetch_value("SELECT count(*) FROM message") == 1
    assert await fetch_value("SELECT count(*) FROM envelope WHERE state <> 'accepted'") == 0
