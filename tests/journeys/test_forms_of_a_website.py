"""A shop's website and its forms: pages that ask first, browsers that send plain HTML forms, robots."""

import asyncio
import base64
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from tests.journeys.conftest import Shop

from tickets.api.form_callers import sender_of
from tickets.intake import read_rate

FORM, SCHEMA = "/v1/intake/forms/support", "/v1/forms/support/schema"
SHOP, STRANGER = "https://shop.example.vn", "https://kẻ-lạ.example".encode("idna").decode()
ANSWERS = {"name": "Nguyễn Thị Lan", "message": "Tivi không lên hình"}


async def test_a_page_of_the_shop_reads_the_form_and_sends_it(shop: Shop) -> None:
    asking = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    for path, method in ((FORM, "POST"), (SCHEMA, "GET")):
        asked = await shop.client.options(path, headers=asking)
        assert asked.status_code == 204, asked.text
        assert asked.headers["access-control-allow-origin"] == SHOP
        assert method in asked.headers["access-control-allow-methods"]
        assert "content-type" in asked.headers["access-control-allow-headers"].lower()
    shown = await shop.client.get(SCHEMA, headers={"Origin": SHOP})
    assert shown.json()["properties"]["name"]["title"] == "Họ tên"
    sent = await shop.client.post(FORM, json=ANSWERS, headers={"Origin": SHOP})
    refused = await shop.client.post(FORM, json={"name": "Lan"}, headers={"Origin": SHOP})
    assert [answer.status_code for answer in (shown, sent, refused)] == [200, 201, 422]
    for answer in (shown, sent, refused):
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert answer.headers["vary"] == "Origin"
    assert "Location" in sent.headers["access-control-expose-headers"]


async def test_a_page_of_a_stranger_is_turned_away_and_nothing_is_kept(shop: Shop) -> None:
    for origin in (STRANGER, "null", SHOP + ".evil.example", "http://shop.example.vn", "https://["):
        headers = {"Origin": origin}
        for answer in (
            await shop.client.options(FORM, headers=headers),
            await shop.client.get(SCHEMA, headers=headers),
            await shop.client.post(FORM, json=ANSWERS, headers=headers),
        ):
            assert answer.status_code == 403, (origin, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["vary"] == "Origin"
            assert "access-control-allow-origin" not in answer.headers
    assert (await shop.get("/v1/envelopes"))["items"] == []


async def test_a_server_says_no_origin_and_our_own_pages_need_no_leave(shop: Shop) -> None:
    sent = await shop.client.post(FORM, json=ANSWERS)
    assert (sent.status_code, sent.headers["vary"]) == (201, "Origin")
    ours = {"Origin": shop.app.settings.public_url}
    assert (await shop.client.post(FORM, json=ANSWERS, headers=ours)).status_code == 200


async def test_everybodys_pages_only_where_the_desk_says_so(shop: Shop) -> None:
    form = (await shop.get("/v1/desk/forms/support")) | {"origins": ["*"]}
    put = await shop.client.put("/v1/desk/forms/support", json=form)
    assert put.status_code == 200, put.text
    shown = await shop.client.get(SCHEMA, headers={"Origin": STRANGER})
    assert shown.headers["access-control-allow-origin"] == "*"


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Origin": SHOP}
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


async def with_form(shop: Shop, **changes: object) -> None:
    """The form of the desk, changed."""
    form = (await shop.get("/v1/desk/forms/support")) | changes
    put = await shop.client.put("/v1/desk/forms/support", json=form)
    assert put.status_code == 200, put.text


async def test_a_plain_html_form_sent_twice_leads_on_and_is_one_ticket(shop: Shop) -> None:
    await with_form(shop, redirect="https://shop.example.vn/cam-on?tu=form")
    for _click in range(2):
        sent = await shop.client.post(FORM, data=ANSWERS, headers=BROWSER)
        assert sent.status_code == 303, sent.text
        assert sent.headers["location"] == "https://shop.example.vn/cam-on?tu=form"
    robot = await shop.client.post(FORM, data=ANSWERS | {"website": "http://spam.example"}, headers=BROWSER)
    assert (robot.status_code, robot.headers["location"]) == (303, sent.headers["location"])
    assert len((await shop.get("/v1/tickets"))["items"]) == 1


async def test_without_a_place_to_lead_to_a_page_thanks(shop: Shop) -> None:
    sent = await shop.client.post(FORM, data=ANSWERS, headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["content-type"]) == (200, "text/html; charset=utf-8")
    number = (await shop.get("/v1/tickets"))["items"][0]["number"]
    assert "Cảm ơn" in sent.text
    assert f"Mã yêu cầu: {number}<" in sent.text
    script = await shop.client.post(FORM, data=ANSWERS, headers={"Accept": "*/*"})
    assert script.json()["number"] == number


async def test_a_person_is_told_every_fault_in_their_language(shop: Shop) -> None:
    wrong = {"email": "lan", "message": "Tivi hỏng", "<script>": "1"}
    page = await shop.client.post(FORM, data=wrong, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert page.headers["access-control-allow-origin"] == SHOP
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for told in ('lang="vi"', 'role="alert"', "Họ tên: bắt buộc phải điền", "Email: phải là địa chỉ e-mail"):
        assert told in page.text
    assert "&lt;script&gt;: không có mục này" in page.text
    assert "<script>" not in page.text
    await with_form(shop, language="en")
    page = await shop.client.post(FORM, data=wrong, headers=BROWSER)
    assert 'lang="en"' in page.text
    assert "Họ tên: is required" in page.text
    program = await shop.client.post(FORM, data=wrong, headers={"Origin": SHOP})
    assert program.headers["content-type"] == "application/problem+json"
    gone = await shop.client.post("/v1/intake/forms/gone", data=wrong, headers=BROWSER)
    assert (gone.status_code, gone.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_a_redirect_leads_to_a_website_or_a_path_and_nowhere_else(shop: Shop) -> None:
    form = await shop.get("/v1/desk/forms/support")
    for wrong in (
        "http://a.vn/",
        "//evil.example",
        "javascript:alert(1)",
        "/a b",
        "/\\evil",
        "",
        "https://",
        "/a\r\nb",
    ):
        put = await shop.client.put("/v1/desk/forms/support", json=form | {"redirect": wrong})
        assert put.status_code == 422, wrong
        assert put.json()["errors"][0]["pointer"] == "/redirect", put.text
    await with_form(shop, redirect="/cam-on")


async def test_files_are_what_they_are_and_not_what_they_say(shop: Shop) -> None:
    photo = ("file", ("anh.bin", PNG, "application/octet-stream"))
    virus = ("file", ("anh.png", b"MZ\x90\0", "image/png"))
    form = "/v1/intake/forms/warranty"
    answers = {"name": "Lan", "phone": "0901234567", "product": "tivi", "problem": "Không lên hình"}
    refused = await shop.client.post(form, data=answers, files=[photo, virus])
    assert refused.status_code == 422, refused.text
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/attachments/1"]
    taken = await shop.client.post(form, data=answers, files=[photo])
    assert taken.status_code == 201, taken.text
    rows = await shop.app.engine.fetch("SELECT media_type FROM attachment")
    assert [row[0] for row in rows] == ["image/png"]


async def test_one_address_sends_so_many_and_waits_for_more(shop: Shop) -> None:
    await with_form(shop, rate="3/PT1M")
    stranger = {"Authorization": ""}

    async def send(number: int, **more: str) -> tuple[int, str | None]:
        said = ANSWERS | {"message": f"{number}"}
        answer = await shop.client.post(FORM, data=said, headers=stranger | more)
        return answer.status_code, answer.headers.get("retry-after")

    at_once = await asyncio.gather(*(send(number) for number in range(10)))
    assert sorted(status for status, _ in at_once) == [201] * 3 + [429] * 7
    assert all(1 <= int(wait or 0) <= 20 for status, wait in at_once if status == 429)
    assert len((await shop.get("/v1/envelopes"))["items"]) == 3
    page = await shop.client.post(FORM, data=ANSWERS, headers=stranger | BROWSER)
    assert (page.status_code, page.headers["access-control-allow-origin"]) == (429, SHOP)
    assert "Hãy đợi 20 giây" in page.text
    shop.instant += timedelta(seconds=20)
    assert [status for status, _ in [await send(11), await send(12)]] == [201, 429]
    for number in range(20, 25):
        await shop.post(FORM, ANSWERS | {"message": f"{number}"})
    assert (await shop.client.post("/v1/intake/forms/warranty", headers=stranger)).status_code == 422
    shop.instant += timedelta(minutes=1)
    await shop.app.parts.form_rates.forget(shop.instant)
    assert await shop.app.engine.fetch("SELECT FROM form_rate") == []


def test_a_household_is_one_sender_and_its_address_is_not_kept() -> None:
    same = {sender_of(host, b"s") for host in ("2001:db8::1", "2001:db8::2:1")}
    assert len(same) == 1
    assert sender_of("::ffff:192.0.2.1", b"s") == sender_of("192.0.2.1", b"s")
    others = ("2001:db8:0:1::1", "192.0.2.1", "192.0.2.2", "", "no address")
    assert len({sender_of(host, b"s") for host in others} | same) == 6


@pytest.mark.parametrize("wrong", ["", "10", "0/PT1M", "10/1M", "10/PT0S", "10/P2D", "-1/PT1M", "10/P1Y"])
def test_a_rate_is_a_number_and_a_time(wrong: str) -> None:
    assert read_rate("10/PT1M").cost == timedelta(seconds=6)
    with pytest.raises(ValueError, match="no rate"):
        read_rate(wrong)


def solved(challenge: dict[str, Any], **changes: object) -> str:
    """What the widget sends after counting up to the number."""
    salt, goal = challenge["salt"], challenge["challenge"]
    most = challenge["maxnumber"]
    number = next(n for n in range(most + 1) if sha256(f"{salt}{n}".encode()).hexdigest() == goal)
    answer = {**challenge, "number": number, "took": 12} | changes
    return base64.b64encode(json.dumps(answer).encode()).decode()


async def test_a_proof_of_work_serves_one_request(shop: Shop) -> None:
    await with_form(shop, proof=True)
    where = (await shop.get(SCHEMA))["properties"]["altcha"]["x-challenge"]
    got = await shop.client.get(where, headers={"Origin": SHOP})
    assert (got.headers["access-control-allow-origin"], got.headers["cache-control"]) == (SHOP, "no-store")
    proof = solved(got.json())
    first = await shop.post(FORM, ANSWERS | {"altcha": proof})
    assert await shop.post(FORM, ANSWERS | {"altcha": proof}, status=200) == first
    edited = ANSWERS | {"altcha": proof, "message": "Khác"}
    other = await shop.client.post(FORM, json=edited, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/altcha")
    assert len((await shop.get("/v1/tickets"))["items"]) == 1
    late = solved(await shop.get(where))
    shop.instant += timedelta(hours=1, seconds=1)
    fresh = await shop.get(where)
    forged = fresh["salt"].partition("=")[0] + "=9999999999&"
    for wrong in (
        None,
        "",
        "wat",
        "e30=",
        late,
        solved(fresh, number=1),
        solved(fresh, signature="0" * 64),
        solved(fresh, salt=forged),
        solved(fresh, algorithm="SHA-1"),
        solved(fresh, number=-1),
        proof[:-4],
    ):
        answer = await shop.client.post(FORM, json=ANSWERS | {"altcha": wrong})
        assert answer.status_code == 422, wrong
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/altcha"], wrong
    await shop.post(FORM, ANSWERS | {"altcha": solved(fresh), "message": "Khác"})
    assert (await shop.client.post(FORM, json={"altcha": solved(await shop.get(where))})).status_code == 422
    told = 'tickets_forms_refused_total{cause="proof",form="support"} 12.0'
    assert told in shop.app.parts.metrics.exposition().decode(), (
        "eleven wrong, one used again; none for the rest"
    )
    assert (await shop.client.get("/v1/forms/warranty/challenge")).status_code == 404
