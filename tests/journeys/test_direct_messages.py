"""Customers write in messengers: one conversation is one ticket, whatever the provider does meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.journeys.conftest import Shop
from tests.journeys.messengers import from_meta, from_zalo, messenger_shop, post_raw, said, tickets, zalo


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop with an account at every messenger."""
    async with messenger_shop(database_url, tmp_path) as made:
        yield made


async def envelopes(shop: Shop, state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.get(f"/v1/envelopes?state={state}"))["items"]
    return found


async def test_three_messages_in_a_row_are_one_ticket_and_a_reply_stops_the_clock(shop: Shop) -> None:
    for n, text in enumerate(("Shop ơi", "Máy giặt em mua hôm qua", "không vắt được ạ")):
        await from_zalo(shop, zalo(text, f"m{n}"))
        await shop.pass_time(seconds=20)
    (ticket,) = await tickets(shop)
    assert (ticket["channel"], ticket["source"]) == ("inbox", "zalo")
    whole = await shop.get(f"/v1/tickets/{ticket['id']}")
    assert (whole["subject"], whole["language"], whole["tags"]) == ("Shop ơi", "vi", ["zalo"])
    assert [text for _, _, text in await said(shop, ticket["id"])] == [
        "Shop ơi",
        "Máy giặt em mua hôm qua",
        "không vắt được ạ",
    ]
    assert {each["ticket_id"] for each in await envelopes(shop, "accepted")} == {ticket["id"]}


async def test_pitfall_zalo_sends_again_for_twelve_hours_and_nothing_is_doubled(shop: Shop) -> None:
    for _ in range(4):
        await from_zalo(shop, zalo("Shop ơi", "m1"))
        await shop.pass_time(hours=3)
    (ticket,) = await tickets(shop)
    assert len(await said(shop, ticket["id"])) == 1


async def test_after_the_end_and_the_quiet_time_a_new_ticket_follows_on_the_old(shop: Shop) -> None:
    await from_zalo(shop, zalo("Máy hỏng", "m1"))
    (first,) = await tickets(shop)
    await shop.post(f"/v1/tickets/{first['id']}/solve", status=200)
    await shop.pass_time(hours=2)
    await from_zalo(shop, zalo("Cảm ơn shop", "m2"))
    assert len(await tickets(shop)) == 1
    await shop.post(f"/v1/tickets/{first['id']}/solve", status=200)
    await shop.pass_time(days=3)
    await from_zalo(shop, zalo("Lại hỏng rồi", "m3"))
    old, new = await tickets(shop)
    assert await shop.app.engine.fetch_value("SELECT related_to FROM ticket WHERE number = 2") == UUID(
        old["id"]
    )
    assert new["customer_id"] == old["customer_id"]


async def test_many_messages_at_once_are_one_ticket(shop: Shop) -> None:
    await asyncio.gather(*(from_zalo(shop, zalo(f"tin {n}", f"m{n}")) for n in range(8)))
    for _ in range(3):  # what was still under way when its call was answered, the ticker takes up
        await shop.pass_time(minutes=1)
    (ticket,) = await tickets(shop)
    assert sorted(text for _, _, text in await said(shop, ticket["id"])) == [f"tin {n}" for n in range(8)]


async def test_an_administrator_answering_in_the_oa_counts_as_our_reply_and_other_echoes_do_not(
    shop: Shop,
) -> None:
    await from_zalo(shop, zalo("Còn hàng không?", "m1"))
    (ticket,) = await tickets(shop)
    await from_zalo(shop, zalo("Khuyến mãi tháng 3", "m2", "oa_send_text"))
    await from_zalo(shop, zalo("Dạ còn ạ", "m3", "oa_send_text", admin_id="77"))
    assert await said(shop, ticket["id"]) == [
        ("customer_message", "customer", "Còn hàng không?"),
        ("public_reply", "zalo", "Dạ còn ạ"),
    ]
    now = await shop.get(f"/v1/tickets/{ticket['id']}")
    assert now["status"] == "open"
    lines = (await shop.get(f"/v1/tickets/{ticket['id']}/events"))["items"]
    (added,) = [line["data"] for line in lines if line["type"] == "message_added"]
    assert (added["source"], added["account"]) == ("zalo", "oa")
    assert await shop.app.engine.fetch_value("SELECT count(*) FROM outbox WHERE cause ? 'message'") == 0


async def test_an_echo_to_somebody_who_never_wrote_opens_nothing(shop: Shop) -> None:
    await from_zalo(shop, zalo("Chào bạn", "m1", "oa_send_text", admin_id="77"))
    assert await tickets(shop) == []
    assert len(await envelopes(shop, "accepted")) == 1


async def test_a_wrong_signature_keeps_nothing_and_is_no_fault_of_ours(shop: Shop) -> None:
    for mac in ("", "mac=00", "mac=" + "0" * 64, "sha256=" + "0" * 64):
        headers = {"X-ZEvent-Signature": mac} if mac else {}
        for body in (json.dumps(zalo("x", "m1")).encode(), b"", b"\xff\xfe", b"[" * 5_000):
            assert (await post_raw(shop, "oa", body, **headers)).status_code == 403
    assert (await post_raw(shop, "nowhere", b"{}")).status_code == 404
    assert await envelopes(shop, "accepted") + await envelopes(shop, "received") == []


async def test_pitfall_what_is_signed_is_kept_and_answered_200_though_nobody_understands_it(
    shop: Shop,
) -> None:
    broken = zalo("x", "m1")
    broken["message"] = ["not", "a", "message"]
    await from_zalo(shop, broken)
    (kept,) = await envelopes(shop, "quarantined")
    assert kept["reason"] == "/message/msg_id: is required"


async def test_a_batch_with_one_bad_event_loses_none_of_the_others(shop: Shop) -> None:
    def event(**message: str) -> dict[str, Any]:
        return {
            "sender": {"id": "6611"},
            "recipient": {"id": "31"},
            "timestamp": 1772416800000,
            "message": message,
        }

    events = [event(mid="m1", text="Alô"), event(text="không có mã"), event(mid="m2", text="Có ai không")]
    await from_meta(shop, "page", {"object": "page", "entry": [{"id": "31", "messaging": events}]})
    (ticket,) = await tickets(shop)
    assert [text for _, _, text in await said(shop, ticket["id"])] == ["Alô", "Có ai không"]
    (kept,) = await envelopes(shop, "quarantined")
    assert kept["reason"] == "/entry/messaging/message/mid: is required"


async def test_a_whatsapp_customer_is_the_one_who_called_from_that_number(shop: Shop) -> None:
    call = {"event": "missed", "call_id": "c1", "at": shop.instant.isoformat(), "from": "0901234567"}
    await shop.post("/v1/intake/hotline/1900", call)
    message = {
        "from": "84901234567",
        "id": "wamid.1",
        "timestamp": "1772416800",
        "type": "text",
        "text": {"body": "Alô"},
    }
    value = {"metadata": {"phone_number_id": "1055"}, "messages": [message]}
    await from_meta(shop, "wa", {"entry": [{"changes": [{"field": "messages", "value": value}]}]})
    called, wrote = await tickets(shop)
    assert called["customer_id"] == wrote["customer_id"]
    assert wrote["source"] == "whatsapp"


async def test_meta_telegram_and_others_show_the_token_that_the_account_gives_them(shop: Shop) -> None:
    token = (await shop.get("/v1/message_accounts/page/url"))["token"]
    asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "11587"}
    answer = await shop.client.get("/v1/intake/messages/page", params=asked)
    assert (answer.status_code, answer.text) == (200, "11587")
    wrong = await shop.client.get("/v1/intake/messages/page", params={**asked, "hub.verify_token": "x"})
    assert wrong.status_code == 403

    token = (await shop.get("/v1/message_accounts/bot/url"))["token"]
    person = {"id": 77, "is_bot": False, "first_name": "Chi"}
    said_so = {
        "from": person,
        "chat": {"id": 77, "type": "private"},
        "date": 1772416800,
        "text": "Giá bao nhiêu?",
    }
    update = json.dumps({"update_id": 5, "message": said_so}).encode()
    assert (await post_raw(shop, "bot", update)).status_code == 403
    for _ in range(2):
        answer = await post_raw(shop, "bot", update, **{"X-Telegram-Bot-Api-Secret-Token": token})
        assert answer.status_code == 200

    url = (await shop.get("/v1/message_accounts/viber/url"))["url"].removeprefix("https://desk.example")
    viber = {"sender": "v1", "message": {"token": 99, "text": "Xin chào"}}
    assert (await shop.client.post(url, json=viber)).status_code == 200
    assert (await shop.client.post(url.partition("?")[0], json=viber)).status_code == 403
    assert [(ticket["source"], ticket["subject"]) for ticket in await tickets(shop)] == [
        ("telegram", "Giá bao nhiêu?"),
        ("mapped", "Xin chào"),
    ]


async def test_conditions_may_ask_for_the_account(shop: Shop) -> None:
    rule = {"order": 1, "when": {"message_account": ["oa"]}, "team": "warranty"}
    put = await shop.client.put("/v1/desk/routing_rules/zalo", json=rule)
    assert put.status_code in (200, 201), put.text
    await from_zalo(shop, zalo("Bảo hành", "m1"))
    (ticket,) = await tickets(shop)
    assert ticket["team"] == "warranty"
