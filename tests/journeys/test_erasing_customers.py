"""What we hold of a customer is handed out, and forgotten, on their request."""

import base64
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem

NAME = "Nguyễn Thị Lan"
MAIL = "lan.nguyen@example.vn"
PHONE = "0903 123 456"
TRACES = [
    NAME,
    MAIL,
    "903123456",
    "903 123 456",
    "Tivi hỏng",
    "tivi-hong",
    "đang rất bực",
    "màn hình",
]
"""Who she is, by what she is known, and what was said."""

RAW = f"""\
From: Nguyễn Thị Lan <{MAIL}>
To: cskh@shop.example
Subject: Tivi hỏng
Message-ID: <1.{MAIL}>
Content-Type: text/plain; charset=utf-8

Tivi hỏng, tôi là Nguyễn Thị Lan, {PHONE}.
"""


async def cells(shop: Shop) -> list[tuple[str, str]]:
    """Every value of every column of every table, as text."""
    columns = await shop.app.engine.fetch(
        "SELECT c.table_schema, c.table_name, c.column_name, c.data_type FROM information_schema.columns AS c"
        " JOIN information_schema.tables AS t USING (table_schema, table_name)"
        " WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    found = []
    for schema, table, column, kind in columns:
        value = f'"{column}"' if kind == "bytea" else f'"{column}"::text'
        for row in await shop.app.engine.fetch(f'SELECT {value} FROM "{schema}"."{table}"'):
            if row[0] is not None:
                text = row[0].decode("utf-8", "replace") if isinstance(row[0], bytes) else row[0]
                found.append((f"{table}.{column}", text))
    return found


async def left(shop: Shop) -> set[tuple[str, str]]:
    """Where a trace of her is."""
    return {
        (place, trace)
        for place, text in await cells(shop)
        for trace in TRACES
        if trace.casefold() in text.casefold()
    }


async def work(shop: Shop) -> None:
    """Let workers do what was asked for."""
    while await shop.app.jobs.step(shop.instant):
        pass


async def lived(shop: Shop) -> tuple[str, list[str]]:
    """A customer who came by every way there is: her id, and her tickets."""
    who = {"name": NAME, "email": MAIL, "phone": PHONE}
    body = {
        "subject": "Tivi hỏng",
        "text": "đang rất bực",
        "customer": who,
        "external_id": f"order of {MAIL}",
    }
    body["fields"] = {"screen": "màn hình"}
    body["tags"] = [NAME, "web"]
    first = await shop.post("/v1/tickets", body, headers={"Idempotency-Key": "k1"})
    lan = first["customer"]["id"]
    said = {
        "fields": {"screen": "màn hình vỡ", NAME: 1},
        "add_tags": ["màn hình", "unhappy"],  # a rule asks for that one
        "remove_tags": [NAME],
    }
    answer = await shop.client.patch(
        f"/v1/tickets/{first['id']}", json=said, headers={"Idempotency-Key": "k3"}
    )
    assert answer.status_code == 200, answer.text
    mailed = await shop.client.post(
        "/v1/intake/inbox/cskh", content=RAW.encode(), headers={"Content-Type": "message/rfc822"}
    )
    assert mailed.status_code == 201, mailed.text
    newest = (await shop.get("/v1/tickets?channel=inbox"))["items"][0]["id"]
    reply = {
        "kind": "public_reply",
        "text": "Chào Nguyễn Thị Lan",
        "attachments": [{"name": "tivi-hong.txt", "content": base64.b64encode("màn hình".encode()).decode()}],
    }
    await shop.post(f"/v1/tickets/{newest}/messages", reply, headers={"Idempotency-Key": "k2"})
    note = {"kind": "internal_note", "text": f"gọi {PHONE}, đang rất bực"}
    await shop.post(f"/v1/tickets/{first['id']}/messages", note)
    for event in ("started", "answered"):
        call = {"call_id": "c1", "event": event, "at": "2026-03-02T02:00:00Z", "from": PHONE}
        await shop.client.post("/v1/intake/hotline/1900", json=call | {"agent": "sales-hn-1", "name": NAME})
    await shop.client.post("/v1/intake/forms/support", json={"name": NAME, "phone": PHONE})
    other = await shop.post(
        "/v1/tickets",
        {"subject": "Tivi hỏng", "customer": {"name": NAME, "external_id": "crm-7"}},
    )
    await shop.post(f"/v1/customers/{lan}/merge", {"other": other["customer"]["id"]}, status=200)
    await shop.post(f"/v1/tickets/{other['id']}/solve", status=200)
    await shop.post(f"/v1/tickets/{other['id']}/status", {"status": "closed"}, status=200)
    own = (await shop.get(f"/v1/tickets?customer_id={lan}"))["items"]
    return lan, [each["id"] for each in own]


async def test_the_late_end_of_a_call_tells_nothing_of_who_was_erased(shop: Shop) -> None:
    lan, tickets = await lived(shop)
    await erase(shop, lan)
    await work(shop)
    call = {
        "call_id": "c1",
        "at": "2026-03-02T02:05:00Z",
        "from": PHONE,
        "recording_url": f"https://x/{MAIL}",
    }
    for _ in range(2):
        told = await shop.client.post("/v1/intake/hotline/1900", json=call | {"event": "ended", "name": NAME})
        assert told.status_code in (200, 201), told.text
    assert await left(shop) == set()
    (end,) = await shop.app.engine.fetch("SELECT outcome FROM call WHERE call_id = 'c1'")
    assert end[0] == "answered"
    kept = {tag for each in tickets for tag in (await shop.get(f"/v1/tickets/{each}"))["tags"]}
    assert kept == {"web", "call", "unhappy"}, "words of the desk"


async def erase(shop: Shop, customer: str) -> dict[str, Any]:
    return await shop.post(f"/v1/customers/{customer}/erase", {"confirm": customer}, status=202)


async def test_what_we_hold_of_a_customer_is_one_document(shop: Shop) -> None:
    lan, tickets = await lived(shop)
    export = await shop.get(f"/v1/customers/{lan}/export")
    assert {each["id"] for each in export["tickets"]} == set(tickets)
    assert [each["name"] for each in export["customers"]] == [NAME] * 2
    messages = [said for each in export["tickets"] for said in each["messages"]]
    assert any("đang rất bực" in said["text"] for said in messages)
    assert {"name": "tivi-hong.txt", "media_type": "application/octet-stream", "bytes": 10} in [
        file for said in messages for file in said["attachments"]
    ]
    assert export["envelopes"]
    assert any(each["calls"] for each in export["tickets"])
    problem(await shop.client.get(f"/v1/customers/{NOBODY}/export"), 404)


async def test_after_erasing_no_column_of_any_table_knows_them(shop: Shop) -> None:
    lan, tickets = await lived(shop)
    verdicts = [(await shop.get(f"/v1/tickets/{each}"))["status"] for each in tickets]
    assert "open" in verdicts or "new" in verdicts
    assert len({place for place, _ in await left(shop)}) > 10
    problem(await shop.client.post(f"/v1/customers/{lan}/erase", json={"confirm": NOBODY}), 422)
    problem(await shop.client.post(f"/v1/customers/{lan}/erase", json={}), 422)
    job = await erase(shop, lan)
    assert await erase(shop, lan) == job
    await work(shop)
    done = await shop.get(f"/v1/jobs/{job['id']}")
    assert (done["state"], done["result"]["tickets"]) == ("done", len(tickets))
    assert await left(shop) == set()
    again = await erase(shop, lan)
    assert (again["id"], again["state"]) == (job["id"], "done")
    gone = await shop.get(f"/v1/customers/{lan}")
    assert gone["erased_at"]
    assert (gone["name"], gone["identities"]) == ("", [])
    for ticket in tickets:
        assert "customer_erased" in await shop.events(ticket)
        assert (await shop.get(f"/v1/tickets/{ticket}"))["status"] == "closed"
        await shop.get(f"/v1/tickets/{ticket}/sla/explain")
    await shop.get(f"/v1/customers/{lan}/timeline")
    await shop.get(f"/v1/customers/{lan}/export")
    problem(await shop.client.patch(f"/v1/customers/{lan}", json={"name": "Lan"}), 409)


async def test_a_promise_that_was_broken_stays_broken_when_its_customer_is_erased(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "a", "customer": {"email": MAIL}})
    await shop.pass_time(days=10)
    before = [line for line in await shop.events(ticket["id"]) if line.startswith("sla.")]
    states = {(c["metric"], c["state"]) for c in (await shop.get(f"/v1/tickets/{ticket['id']}"))["clocks"]}
    assert "sla.breached" in before
    await erase(shop, ticket["customer"]["id"])
    await work(shop)
    after = await shop.events(ticket["id"])
    assert [line for line in after if line.startswith("sla.")][: len(before)] == before
    now = {(c["metric"], c["state"]) for c in (await shop.get(f"/v1/tickets/{ticket['id']}"))["clocks"]}
    assert {each for each in states if each[1] == "breached"} <= now
    assert not [each for each in now if each[1] == "met"]


async def test_who_is_erased_and_comes_back_is_somebody_new(shop: Shop) -> None:
    lan, _ = await lived(shop)
    await erase(shop, lan)  # and no worker has come yet
    back = await shop.post("/v1/tickets", {"subject": "Tủ lạnh", "customer": {"email": MAIL, "name": "Lan"}})
    assert back["customer"]["id"] != lan
    await work(shop)
    known = await shop.get(f"/v1/customers/{back['customer']['id']}")
    assert known["identities"] == [{"kind": "email", "value": MAIL}]


async def test_who_shares_a_telephone_with_somebody_erased_keeps_it(shop: Shop) -> None:
    first = (await shop.post("/v1/tickets", {"subject": "a", "customer": {"phone": PHONE}}))["customer"]["id"]
    second = (await shop.post("/v1/tickets", {"subject": "b", "customer": {"email": MAIL}}))["customer"]["id"]
    await shop.post(f"/v1/customers/{second}/identities", {"kind": "phone", "value": PHONE})
    await erase(shop, first)
    await work(shop)
    ticket = await shop.post("/v1/tickets", {"subject": "c", "customer": {"phone": PHONE}})
    assert (ticket["customer"]["id"], ticket["customer_candidates"]) == (second, [])


async def test_a_long_past_is_forgotten_in_small_steps(shop: Shop) -> None:
    for number in range(30):
        ticket = await shop.post(
            "/v1/tickets", {"subject": f"Tivi hỏng {number}", "customer": {"email": MAIL}}
        )
    job = await erase(shop, ticket["customer"]["id"])
    assert await shop.app.jobs.step(shop.instant)
    half = await shop.get(f"/v1/jobs/{job['id']}")
    assert (half["state"], half["done"], half["total"]) == ("running", 25, 30)
    await shop.post(f"/v1/jobs/{job['id']}/cancel", status=200)
    assert (await erase(shop, ticket["customer"]["id"]))["id"] != job["id"]
    await work(shop)
    assert await left(shop) == set()
