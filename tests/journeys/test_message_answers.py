"""Agents answer in the customer's messenger: the row that leaves, its parts, what agents hear of failures."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.journeys.conftest import Shop
from tests.journeys.messengers import OA, USER, from_meta, from_zalo, messenger_shop, said, tickets, zalo

from tickets.application.answers.by_message import split
from tickets.application.outbox.deliver import Deliver, Outcome
from tickets.application.outbox.delivered import Delivered
from tickets.application.outbox.give_up import GiveUp


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop with an account at every messenger."""
    async with messenger_shop(database_url, tmp_path) as made:
        yield made


async def leaving(shop: Shop) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Way, destination and parts of what stands in the outbox because of replies."""
    rows = await shop.app.engine.fetch(
        "SELECT way, destination, body FROM outbox WHERE cause ? 'message' ORDER BY id"
    )
    return [(way, to, msgspec.json.decode(body)) for way, to, body in rows]


async def reply(shop: Shop, ticket: str, text: str, **body: object) -> dict[str, Any]:
    said_so = {"kind": "public_reply", "text": text, **body}
    return await shop.post(f"/v1/tickets/{ticket}/messages", said_so)


async def history(shop: Shop, ticket: str, kind: str) -> list[dict[str, Any]]:
    lines = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    return [line["data"] for line in lines if line["type"] == kind]


class Provider:
    """A way that answers as it is told."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.seen: list[tuple[str, bytes]] = []

    async def send(self, destination: str, _row: object, body: bytes) -> Outcome:
        self.seen.append((destination, body))
        return self.outcome


async def deliver(shop: Shop, way: str, provider: Provider) -> None:
    """A worker's turn at everything that leaves that way."""
    house, outbox = shop.app.parts.house, shop.app.outbox
    attempt = Deliver(
        outbox=outbox,
        ways={way: provider},
        clock=shop.now,
        jitter=lambda: 0.0,
        witness=lambda *_: None,
        bury=GiveUp(house, outbox),
        settle=Delivered(house, outbox),
    )
    for (row,) in await shop.app.engine.fetch("SELECT id FROM outbox WHERE way = $1 ORDER BY id", way):
        await attempt(row)


async def test_a_reply_leaves_by_zalo_to_the_user_who_wrote(shop: Shop) -> None:
    await from_zalo(shop, zalo("Còn hàng không?", "m1"))
    (ticket,) = await tickets(shop)
    await reply(shop, ticket["id"], "Dạ còn ạ, anh chị ghé shop nhé")
    ((way, to, parts),) = await leaving(shop)
    assert (way, to) == ("zalo", f"oa/{USER}")
    assert parts == [{"recipient": {"user_id": USER}, "message": {"text": "Dạ còn ạ, anh chị ghé shop nhé"}}]
    provider = Provider(Outcome.sent())
    await deliver(shop, "zalo", provider)
    assert len(provider.seen) == 1
    (told,) = await history(shop, ticket["id"], "delivered")
    assert told["destination"] == f"oa/{USER}"


async def test_our_own_reply_coming_back_as_an_echo_is_not_said_twice(shop: Shop) -> None:
    await from_zalo(shop, zalo("Còn hàng không?", "m1"))
    (ticket,) = await tickets(shop)
    await reply(shop, ticket["id"], "Dạ còn ạ")
    await from_zalo(shop, zalo("Dạ còn ạ", "m2", "oa_send_text", admin_id=OA))
    assert [text for _, _, text in await said(shop, ticket["id"])] == ["Còn hàng không?", "Dạ còn ạ"]


async def test_an_expired_window_reaches_the_agent_as_what_it_is(shop: Shop) -> None:
    await from_zalo(shop, zalo("Còn hàng không?", "m1"))
    (ticket,) = await tickets(shop)
    await shop.pass_time(days=8)
    await reply(shop, ticket["id"], "Dạ còn ạ")
    await deliver(shop, "zalo", Provider(Outcome.refused("outside the reply window: 7 days")))
    (dead,) = await history(shop, ticket["id"], "delivery_dead")
    assert (dead["way"], dead["reason"]) == ("zalo", "outside the reply window: 7 days")


async def test_what_whatsapp_could_not_hand_over_after_all_reaches_the_agent_once(shop: Shop) -> None:
    message = {"from": "84901234567", "id": "wamid.1", "timestamp": "1772416800", "type": "text"}
    value = {"metadata": {"phone_number_id": "1055"}, "messages": [{**message, "text": {"body": "Alô"}}]}
    await from_meta(shop, "wa", {"entry": [{"changes": [{"field": "messages", "value": value}]}]})
    (ticket,) = await tickets(shop)
    await reply(shop, ticket["id"], "Dạ")
    ((_, to, (part,)),) = await leaving(shop)
    assert to == "wa/84901234567"
    status = {
        "id": "wamid.9",
        "status": "failed",
        "biz_opaque_callback_data": part["biz_opaque_callback_data"],
        "errors": [{"code": 131047, "title": "Re-engagement message"}],
    }
    value = {"metadata": {"phone_number_id": "1055"}, "statuses": [status]}
    for _ in range(2):
        await from_meta(shop, "wa", {"entry": [{"changes": [{"field": "messages", "value": value}]}]})
    (dead,) = await history(shop, ticket["id"], "delivery_dead")
    assert dead["reason"] == "131047 Re-engagement message"


async def test_what_cannot_leave_says_why(shop: Shop) -> None:
    await from_zalo(shop, zalo("Còn hàng không?", "m1"))
    (ticket,) = await tickets(shop)
    file = {"name": "a.pdf", "media_type": "application/pdf", "content": "JVBERg=="}
    await reply(shop, ticket["id"], "Hóa đơn đây ạ", attachments=[file])
    (added,) = await history(shop, ticket["id"], "message_added")
    assert added["unsent"] == "files cannot leave by zalo; send the text alone, or a link"
    assert await leaving(shop) == []


async def test_files_leave_by_messenger_behind_the_text(shop: Shop) -> None:
    message = {"mid": "m.1", "text": "Cho xin hóa đơn"}
    event = {
        "sender": {"id": "9001"},
        "recipient": {"id": "77"},
        "timestamp": 1772416800000,
        "message": message,
    }
    await from_meta(shop, "page", {"object": "page", "entry": [{"id": "77", "messaging": [event]}]})
    (ticket,) = await tickets(shop)
    file = {"name": "hóa đơn.pdf", "media_type": "application/pdf", "content": "JVBERg=="}
    await reply(shop, ticket["id"], "Dạ đây ạ", attachments=[file, file | {"media_type": "image/png"}])
    ((_, to, (text, *files)),) = await leaving(shop)
    assert (to, text["message"]["text"]) == ("page/9001", "Dạ đây ạ")
    assert [each["message"]["attachment"]["type"] for each in files] == ["file", "image"]
    assert [each["file"]["content"] for each in files] == ["JVBERg==", "JVBERg=="]


async def test_a_long_reply_is_cut_before_the_row_is_written_and_the_row_never_changes(shop: Shop) -> None:
    await from_zalo(shop, zalo("Hướng dẫn?", "m1"))
    (ticket,) = await tickets(shop)
    text = "\n\n".join(f"Bước {n}: " + "mở nắp máy rồi lau khô " * 20 for n in range(1, 9))
    await reply(shop, ticket["id"], text)
    ((_, _, parts),) = await leaving(shop)
    texts = [part["message"]["text"] for part in parts]
    assert all(len(each) <= 2_000 for each in texts)
    assert all(each.startswith("Bước") for each in texts)
    provider = Provider(Outcome.failed("later"))
    for _ in range(2):
        await deliver(shop, "zalo", provider)
        await shop.pass_time(minutes=5)
    assert len(provider.seen) == 2
    assert len(set(provider.seen)) == 1


@given(text=st.text(max_size=300), limit=st.integers(10, 60))
def test_parts_fit_and_together_say_everything(text: str, limit: int) -> None:
    parts = split(text.strip(), limit)
    assert all(len(part.encode("utf-16-le")) // 2 <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_no_letter_loses_its_accent_where_a_text_is_cut() -> None:
    decomposed = "e\N{COMBINING CIRCUMFLEX ACCENT}\N{COMBINING ACUTE ACCENT}" * 20
    assert all(part[0] == "e" for part in split(decomposed, 10))
