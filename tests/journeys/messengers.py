"""A shop with an account at every messenger, and the messengers that speak to it."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from tests.journeys.conftest import Shop, opened

from tickets.api.app import create_app
from tickets.api.own_urls import MessageDoors

SECRET = "khóa bí mật"
ENVIRONMENT = {"OA_SECRET": SECRET, "META_SECRET": SECRET}
OA, USER = "2914330761502294433", "8291044375218804411"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "oa": {
        "provider": "zalo",
        "name": "OA cửa hàng",
        "secret_env": "OA_SECRET",
        "token_env": "OA_TOKEN",
        "app_id": "4130092288173321409",
        "app_secret_env": "OA_APP",
        "language": "vi",
        "tags": ["zalo"],
    },
    "page": {"provider": "messenger", "secret_env": "META_SECRET", "token_env": "META_TOKEN"},
    "wa": {"provider": "whatsapp", "id": "1055", "secret_env": "META_SECRET", "token_env": "META_TOKEN"},
    "bot": {"provider": "telegram"},
    "viber": {
        "provider": "mapped",
        "mapping": {"id": "message.token", "customer": "sender", "text": "message.text"},
    },
}


@asynccontextmanager
async def messenger_shop(database_url: str, folder: Path) -> AsyncIterator[Shop]:
    """The shop of the sample desk with these accounts; its secrets are as an operator would give them."""
    async with opened(database_url, folder, {"TICKETS_PUBLIC_URL": "https://desk.example"}) as shop:
        parts = shop.app.parts
        doors = MessageDoors(parts.secret, parts.public_url, ENVIRONMENT)
        app = create_app(replace(parts, message_doors=doors))
        key = shop.client.headers["Authorization"]
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=True),  # type: ignore[arg-type]
            base_url="http://shop.test",
            headers={"Authorization": key},
        ) as client:
            shop.client = client
            for name, account in ACCOUNTS.items():
                put = await client.put(f"/v1/desk/message_accounts/{name}", json=account)
                assert put.status_code in (200, 201), put.text
            yield shop


def zalo(text: str, msg_id: str, event: str = "user_send_text", **sender: str) -> dict[str, Any]:
    """An event of Zalo."""
    people = ({"id": OA, **sender}, {"id": USER}) if event.startswith("oa_") else ({"id": USER}, {"id": OA})
    return {
        "app_id": "4130092288173321409",
        "sender": people[0],
        "recipient": people[1],
        "event_name": event,
        "message": {"msg_id": msg_id, "text": text},
        "timestamp": "1772416800000",
    }


async def post_raw(shop: Shop, account: str, body: bytes, **headers: str) -> httpx.Response:
    """A provider calls; it has no key of ours."""
    request = shop.client.build_request(
        "POST",
        f"/v1/intake/messages/{account}",
        content=body,
        headers={"content-type": "application/json", **headers},
    )
    del request.headers["Authorization"]
    return await shop.client.send(request)


async def from_zalo(shop: Shop, event: dict[str, Any]) -> None:
    """Zalo tells of an event, signed."""
    body = json.dumps(event, ensure_ascii=False).encode()
    mac = hashlib.sha256(
        event["app_id"].encode() + body + event["timestamp"].encode() + SECRET.encode()
    ).hexdigest()
    answer = await post_raw(shop, "oa", body, **{"X-ZEvent-Signature": f"mac={mac}"})
    assert answer.status_code == 200, answer.text


async def from_meta(shop: Shop, account: str, event: dict[str, Any]) -> None:
    """Messenger or WhatsApp tells of a batch, signed."""
    body = json.dumps(event).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    answer = await post_raw(shop, account, body, **{"X-Hub-Signature-256": f"sha256={mac}"})
    assert answer.status_code == 200, answer.text


async def tickets(shop: Shop) -> list[dict[str, Any]]:
    """Every ticket, oldest first."""
    found: list[dict[str, Any]] = (await shop.get("/v1/tickets?limit=200"))["items"]
    return sorted(found, key=lambda ticket: ticket["number"])


async def said(shop: Shop, ticket: str) -> list[tuple[str, str, str]]:
    """What was said on a ticket: kind, author's first word, text."""
    items = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]
    return [(each["kind"], each["author"].partition(":")[0], each["text"]) for each in items]
