"""Files of messages are listed with them, and handed out as they came; nothing a mail says is lost."""

import base64
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.journeys.conftest import Shop, opened
from tests.journeys.test_bad_input import NOBODY, problem

MAIL = """\
From: Lan <lan@example.vn>
To: cskh@shop.example.vn
Subject: =?utf-8?q?H=C3=B3a_=C4=91=C6=A1n?=
Message-ID: <1@example.vn>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Gửi shop hóa đơn.

--\x20
Nguyễn Thị Lan
0903 123 456

Vào 10:00, 1 thg 3, 2026 shop đã viết:
> Chào chị, chị gửi giúp em hóa đơn nhé.
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename*=UTF-8''h%C3%B3a%20%C4%91%C6%A1n%20%C4%91%E1%BB%8F.pdf
Content-Transfer-Encoding: base64

JVBERi0xLjcKxIHGoQ==
--b--
""".encode()
PDF = base64.b64decode("JVBERi0xLjcKxIHGoQ==")


@pytest.mark.parametrize("size", ["1M", "4"])
async def test_a_vietnamese_file_comes_back_as_it_was_sent(
    database_url: str, tmp_path: Path, size: str
) -> None:
    """From the row and from the object store alike."""
    async with opened(database_url, tmp_path, {"TICKETS_OBJECT_SIZE": size}) as shop:
        headers = {"Content-Type": "message/rfc822"}
        sent = await shop.client.post("/v1/intake/inbox/cskh", content=MAIL, headers=headers)
        ticket = sent.json()["ticket"]
        (said,) = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]
        (file,) = said["attachments"]
        assert (file["name"], file["media_type"], file["bytes"]) == (
            "hóa đơn đỏ.pdf",
            "application/pdf",
            len(PDF),
        )
        answer = await shop.client.get(f"/v1/tickets/{ticket}/attachments/{file['id']}")
        assert (answer.status_code, answer.content) == (200, PDF)
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert unquote(answer.headers["Content-Disposition"]).endswith("UTF-8''hóa đơn đỏ.pdf")

        other = (await shop.post("/v1/tickets", {"subject": "Khác"}))["id"]
        problem(await shop.client.get(f"/v1/tickets/{other}/attachments/{file['id']}"), 404)
        problem(await shop.client.get(f"/v1/tickets/{ticket}/attachments/{NOBODY}"), 404)
        key = (await shop.post("/v1/api-keys", {"name": "form", "scopes": ["intake:write"]}))["key"]
        stranger = {"Authorization": f"Bearer {key}"}
        path = f"/v1/tickets/{ticket}/attachments/{file['id']}"
        problem(await shop.client.get(path, headers=stranger), 403)

        (envelope,) = (await shop.get("/v1/envelopes"))["items"]
        raw = await shop.client.get(f"/v1/envelopes/{envelope['id']}/raw")
        assert raw.content == MAIL
        assert ".eml" in raw.headers["Content-Disposition"]


async def test_what_was_split_off_a_mail_is_shown_beside_its_text(shop: Shop) -> None:
    headers = {"Content-Type": "message/rfc822"}
    sent = await shop.client.post("/v1/intake/inbox/cskh", content=MAIL, headers=headers)
    (said,) = (await shop.get(f"/v1/tickets/{sent.json()['ticket']}/messages"))["items"]
    assert said["text"] == "Gửi shop hóa đơn."
    assert "Nguyễn Thị Lan" in said["signature"]
    assert "chị gửi giúp em hóa đơn" in said["quoted"]


async def test_a_file_of_an_agent_is_handed_out_too(shop: Shop) -> None:
    ticket = (await shop.post("/v1/tickets", {"subject": "Hóa đơn"}))["id"]
    file = {"name": "phiếu.txt", "media_type": "text/html", "content": base64.b64encode(b"<script>").decode()}
    note = {"kind": "internal_note", "text": "xem phiếu", "attachments": [file]}
    await shop.post(f"/v1/tickets/{ticket}/messages", note)
    said = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"][-1]
    answer = await shop.client.get(f"/v1/tickets/{ticket}/attachments/{said['attachments'][0]['id']}")
    assert answer.content == b"<script>"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="phieu.txt"')
