"""Direct messages in each provider's words, who signed them, and that no body whatever breaks a reader."""

import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert

from tickets.domain.draft import Draft, Identity
from tickets.intake import (
    MessageAccount,
    MessageMapping,
    Talk,
    Undelivered,
    Unreadable,
    is_signed,
    read_messages,
)

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
MILLISECONDS = str(int(NINE.timestamp() * 1000))
SECONDS = int(NINE.timestamp())
USER = "8291044375218804411"
"""As long as Zalo's are: no double holds it exactly."""


def account(provider: str, **other: object) -> MessageAccount:
    return convert({"key": "shop", "provider": provider, **other}, MessageAccount, from_attributes=True)


def talk(provider: str, body: dict[str, Any], **other: object) -> Talk:
    return read_messages(json.dumps(body).encode(), "application/json", account(provider, **other), {})


def only(found: Talk) -> Draft:
    assert found.faults == ()
    (draft,) = found.drafts
    return draft


def zalo(event: str = "user_send_text", **message: object) -> dict[str, Any]:
    """An event as developers.zalo.me shows them."""
    ours, theirs = {"id": "2914330761502294433"}, {"id": USER}
    out = event.startswith("oa_")
    return {
        "app_id": "4130092288173321409",
        "sender": ours if out else theirs,
        "recipient": theirs if out else ours,
        "event_name": event,
        "message": {"msg_id": "96d3cdf3af150460909", **message},
        "timestamp": MILLISECONDS,
    }


def test_zalo_text() -> None:
    draft = only(talk("zalo", zalo(text="Chào shop, máy lạnh chảy nước\nGiúp em với")))
    assert (draft.channel, draft.source, draft.account) == ("inbox", "zalo", "shop")
    assert draft.subject == "Chào shop, máy lạnh chảy nước"
    assert draft.text == "Chào shop, máy lạnh chảy nước\nGiúp em với"
    assert draft.external_id == "message:96d3cdf3af150460909"
    assert draft.sender.identities == (Identity("zalo", USER),)
    assert draft.written_at == NINE
    assert draft.quiet == timedelta(hours=24)


def test_pitfall_zalo_ids_keep_every_digit_also_where_they_come_as_numbers() -> None:
    raw = json.dumps(zalo(text="x")).replace(f'"{USER}"', USER).encode()
    found = read_messages(raw, "application/json", account("zalo"), {})
    assert only(found).sender.identities == (Identity("zalo", USER),)


@pytest.mark.parametrize(
    ("event", "attachment", "text"),
    [
        (
            "user_send_image",
            {"type": "image", "payload": {"url": "https://z.example/a.jpg"}},
            "[image] https://z.example/a.jpg",
        ),
        (
            "user_send_file",
            {"type": "file", "payload": {"url": "https://z.example/b", "name": "hóa đơn.pdf"}},
            "[file] hóa đơn.pdf https://z.example/b",
        ),
        (
            "user_send_sticker",
            {"type": "sticker", "payload": {"id": "7", "url": "https://z.example/c"}},
            "[sticker] https://z.example/c",
        ),
        (
            "user_send_location",
            {"type": "location", "payload": {"coordinates": {"latitude": "10.76", "longitude": "106.66"}}},
            "[location] 10.76 106.66",
        ),
    ],
)
def test_zalo_what_is_no_text(event: str, attachment: dict[str, Any], text: str) -> None:
    assert only(talk("zalo", zalo(event, attachments=[attachment]))).text == text
    assert only(talk("zalo", zalo(event, text="Đây ạ", attachments=[attachment]))).text == f"Đây ạ\n{text}"


def test_zalo_events_that_say_nothing() -> None:
    for event in ("follow", "user_seen_message", "user_received_message", "oa_send_text", "new_one"):
        assert talk("zalo", zalo(event, text="x")) == Talk()


def test_zalo_an_administrator_who_answers_in_the_oa_is_a_person_of_ours() -> None:
    body = zalo("oa_send_text", text="Dạ mai bên em qua")
    body["sender"]["admin_id"] = "77120"
    draft = only(talk("zalo", body))
    assert (draft.echo, draft.sender.identities, draft.text) == (
        True,
        (Identity("zalo", USER),),
        "Dạ mai bên em qua",
    )


def test_zalo_without_an_id_or_a_sender_is_a_fault_with_its_place() -> None:
    body = zalo(text="x")
    del body["message"]["msg_id"]
    assert [fault.pointer for fault in talk("zalo", body).faults] == ["/message/msg_id"]
    assert [fault.pointer for fault in talk("zalo", zalo(text="x") | {"sender": None}).faults] == [
        "/sender/id"
    ]


def test_one_webhook_for_several_accounts_tells_them_apart_by_id() -> None:
    one, two = account("zalo", id="1"), MessageAccount(key="other", provider="zalo", id="2914330761502294433")
    raw = json.dumps(zalo(text="x")).encode()
    assert only(read_messages(raw, "", one, {"1": one, two.id or "": two})).account == "other"
    (fault,) = read_messages(raw, "", one, {"1": one}).faults
    assert fault.message == "the desk has no zalo account '2914330761502294433'"


def page(*events: dict[str, Any]) -> dict[str, Any]:
    """A batch as Messenger sends it: each event in an entry of its own."""
    return {
        "object": "page",
        "entry": [{"id": "310045", "time": 1, "messaging": [event]} for event in events],
    }


def event(**said: object) -> dict[str, Any]:
    return {"sender": {"id": "6611"}, "recipient": {"id": "310045"}, "timestamp": int(MILLISECONDS), **said}


def test_messenger_batches_with_everything_in_them() -> None:
    echo = {"sender": {"id": "310045"}, "recipient": {"id": "6611"}}
    found = talk(
        "messenger",
        page(
            event(message={"mid": "m_1", "text": "Còn hàng không?"}),
            event(
                message={
                    "mid": "m_2",
                    "attachments": [{"type": "image", "payload": {"url": "https://f.example/1"}}],
                }
            ),
            event(delivery={"mids": ["m_0"], "watermark": 1}),
            event(read={"watermark": 1}),
            event(postback={"mid": "m_3", "title": "Bảo hành", "payload": "W"}),
            event(
                **echo,
                message={
                    "mid": "m_4",
                    "is_echo": True,
                    "app_id": 99,
                    "metadata": "tickets:1",
                    "text": "ours",
                },
            ),
            event(**echo, message={"mid": "m_5", "is_echo": True, "app_id": 4711, "text": "a campaign's"}),
            event(
                **echo, message={"mid": "m_6", "is_echo": True, "app_id": 263902037430900, "text": "Dạ còn ạ"}
            ),
            event(message={"text": "no id"}),
        ),
    )
    assert [(draft.text, draft.echo) for draft in found.drafts] == [
        ("Còn hàng không?", False),
        ("[image] https://f.example/1", False),
        ("Bảo hành", False),
        ("Dạ còn ạ", True),
    ]
    assert {draft.sender.identities for draft in found.drafts} == {(Identity("messenger", "6611"),)}
    assert [fault.pointer for fault in found.faults] == ["/entry/messaging/message/mid"]


def change(**value: object) -> dict[str, Any]:
    held = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1055"}, **value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "W", "changes": [{"field": "messages", "value": held}]}],
    }


def message(kind: str, **said: object) -> dict[str, Any]:
    return {"from": "84901234567", "id": f"wamid.{kind}", "timestamp": str(SECONDS), "type": kind, **said}


def test_whatsapp_a_customer_is_known_by_number_too() -> None:
    contacts = [{"wa_id": "84901234567", "profile": {"name": "Trần Bình"}}]
    draft = only(
        talk("whatsapp", change(contacts=contacts, messages=[message("text", text={"body": "Xin chào"})]))
    )
    assert draft.sender.name == "Trần Bình"
    assert draft.sender.identities == (Identity("whatsapp", "84901234567"), Identity("phone", "+84901234567"))
    assert (draft.text, draft.written_at) == ("Xin chào", NINE)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (message("image", image={"id": "9", "caption": "Vỡ rồi"}), "Vỡ rồi\n[image] 9"),
        (message("document", document={"id": "9", "filename": "đơn.pdf"}), "[document] đơn.pdf 9"),
        (message("location", location={"latitude": 10.5, "longitude": 106.7}), "[location] 10.5 106.7"),
        (message("button", button={"text": "Có"}), "Có"),
        (
            message("interactive", interactive={"type": "list_reply", "list_reply": {"title": "Đổi trả"}}),
            "Đổi trả",
        ),
        (message("unsupported", errors=[{"code": 131051}]), "[unsupported]"),
    ],
)
def test_whatsapp_what_is_no_text(said: dict[str, Any], text: str) -> None:
    assert only(talk("whatsapp", change(messages=[said]))).text == text


def test_whatsapp_reactions_and_receipts_say_nothing_and_failures_name_our_message() -> None:
    ours = UUID(int=7)
    statuses = [
        {"id": "wamid.x", "status": "delivered", "biz_opaque_callback_data": str(ours)},
        {
            "id": "wamid.x",
            "status": "failed",
            "biz_opaque_callback_data": str(ours),
            "errors": [{"code": 131047, "title": "Re-engagement message"}],
        },
        {"id": "wamid.y", "status": "failed", "biz_opaque_callback_data": "somebody else's"},
    ]
    found = talk(
        "whatsapp", change(messages=[message("reaction", reaction={"emoji": "👍"})], statuses=statuses)
    )
    assert found == Talk(undelivered=(Undelivered(ours, "131047 Re-engagement message"),))


def test_whatsapp_what_staff_type_in_the_business_app_is_a_reply() -> None:
    echo = {
        "from": "84280001111",
        "to": "84901234567",
        "id": "wamid.e",
        "type": "text",
        "text": {"body": "Dạ"},
    }
    draft = only(talk("whatsapp", change(message_echoes=[echo])))
    assert (draft.echo, draft.sender.identities[0]) == (True, Identity("whatsapp", "84901234567"))


def update(**said: object) -> dict[str, Any]:
    person = {"id": 77, "is_bot": False, "first_name": "Lê", "last_name": "Chi"}
    held = {"message_id": 5, "from": person, "chat": {"id": 77, "type": "private"}, "date": SECONDS, **said}
    return {"update_id": 90210, "message": held}


def test_telegram() -> None:
    draft = only(talk("telegram", update(text="Cho hỏi giá")))
    assert (draft.external_id, draft.text, draft.sender.name) == ("message:90210", "Cho hỏi giá", "Lê Chi")
    assert (draft.sender.identities, draft.written_at) == ((Identity("telegram", "77"),), NINE)
    photo = only(talk("telegram", update(caption="Vỡ", photo=[{"file_id": "a"}])))
    assert photo.text == "Vỡ\n[photo]"
    place = only(talk("telegram", update(location={"latitude": 10.5, "longitude": 106.5})))
    assert place.text == "[location] 10.5 106.5"
    assert talk("telegram", update(text="x", chat={"id": -5, "type": "group"})) == Talk()
    assert talk("telegram", {"update_id": 1, "callback_query": {}}) == Talk()


MAPPING = MessageMapping(
    id="data.items.0.id",
    customer="data.user",
    text="data.items.0.body",
    phone="data.phone",
    when={"type": ("message",)},
)


def test_anybody_else_is_read_as_the_desk_says() -> None:
    body = {
        "type": "message",
        "data": {"user": "u7", "phone": "0901 234 567", "items": [{"id": 5, "body": "Chào"}]},
    }
    draft = only(talk("mapped", body, mapping=MAPPING))
    assert draft.sender.identities == (Identity("external", "shop:u7"), Identity("phone", "+84901234567"))
    assert (draft.source, draft.text, draft.external_id) == ("mapped", "Chào", "message:5")
    assert talk("mapped", {**body, "type": "typing"}, mapping=MAPPING) == Talk()
    flat = account("mapped", mapping=MessageMapping(id="id", customer="u", text="t"))
    found = read_messages(b"id=1&u=2&t=Ch%C3%A0o", "application/x-www-form-urlencoded", flat, {})
    assert only(found).text == "Chào"


SECRET = "khóa của shop"
SIGNATURES = ("zalo", "messenger", "whatsapp")


def signature(provider: str, body: bytes, secret: str = SECRET) -> str:
    """As the provider's own documentation computes it, written down here once more."""
    if provider == "zalo":
        told = json.loads(body)
        return (
            "mac="
            + hashlib.sha256(
                told["app_id"].encode() + body + told["timestamp"].encode() + secret.encode()
            ).hexdigest()
        )
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("provider", SIGNATURES)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_pitfall_a_signature_is_over_the_raw_bytes_however_they_are_written(
    provider: str, *, ascii_only: bool
) -> None:
    body = json.dumps(zalo(text="Đổi trả"), ensure_ascii=ascii_only, indent=2).encode()
    right = signature(provider, body)
    held = account(provider)
    assert is_signed(held, right, body, SECRET)
    again = json.dumps(json.loads(body)).encode()  # the same event, written another way
    wrong = [
        (right, again, SECRET),
        (right, body[:-1], SECRET),
        (right, body + b" ", SECRET),
        (right[:-1], body, SECRET),
        (right, body.decode().encode("utf-16"), SECRET),
        (right, body, "another"),
        (right, body, ""),
        ("", body, SECRET),
        (right.partition("=")[2], body, SECRET),
        ("é" + right, body, SECRET),
        (signature(provider, body, ""), body, ""),
    ]
    assert [one for one in wrong if is_signed(held, *one)] == []


def test_pitfall_zalos_mac_is_plain_sha_256_and_no_hmac() -> None:
    body = json.dumps(zalo(text="x")).encode()
    keyed = "mac=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert not is_signed(account("zalo"), keyed, body, SECRET)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "entry",
                    "messaging",
                    "changes",
                    "value",
                    "messages",
                    "message",
                    "sender",
                    "recipient",
                    "id",
                    "mid",
                    "text",
                    "from",
                    "to",
                    "type",
                    "statuses",
                    "errors",
                    "attachments",
                    "payload",
                    "coordinates",
                    "contacts",
                    "location",
                    "chat",
                    "update_id",
                    "event_name",
                    "timestamp",
                    "msg_id",
                    "photo",
                    "latitude",
                    "postback",
                    "body",
                    "date",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@pytest.mark.parametrize("provider", ["zalo", "messenger", "whatsapp", "telegram", "mapped"])
@given(
    body=st.binary(max_size=60) | TREES.map(lambda tree: json.dumps(tree).encode()),
    signed=st.text(max_size=20),
)
@settings(max_examples=120, deadline=None)
def test_no_body_whatever_breaks_a_reader(provider: str, body: bytes, signed: str) -> None:
    held = account(provider, mapping=MessageMapping(id="id", customer="from", text="text"))
    is_signed(held, signed, body, SECRET)
    with suppress(Unreadable):
        found = read_messages(body, "application/json", held, {})
        assert all("\0" not in draft.text and draft.sender.identities for draft in found.drafts)


@given(
    event=st.sampled_from(["user_send_text", "oa_send_text", "user_send_image"]),
    message=TREES,
    sender=TREES,
    stamp=TREES,
)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_an_event_of_zalo_is_a_draft_or_a_fault(
    event: str, message: object, sender: object, stamp: object
) -> None:
    body = {"event_name": event, "message": message, "sender": sender, "timestamp": stamp}
    found = read_messages(json.dumps(body).encode(), "", account("zalo"), {})
    assert len(found.drafts) + len(found.faults) <= 1
