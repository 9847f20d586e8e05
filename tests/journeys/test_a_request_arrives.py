"""A request arrives by each channel, gets its promise, its agent, its answer."""

from tests.journeys.conftest import Shop

WARRANTY = {
    "name": "Lan",
    "phone": "0912 345 678",
    "product": "TV 55",
    "region": "vn-hcm",
    "problem": "Màn hình bị sọc",
}
MAIL = (
    b"From: Minh <minh@example.com>\r\nTo: cskh@shop.example.vn\r\nMessage-ID: <first@example.com>\r\n"
    b"Subject: =?utf-8?q?Giao_h=C3=A0ng?=\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc4\x90\xc6\xa1n?\r\n"
)
RFC822 = {"Content-Type": "message/rfc822"}


async def test_a_form_becomes_a_ticket_for_the_right_agent(shop: Shop) -> None:
    received = await shop.post("/v1/intake/forms/warranty", WARRANTY)
    await shop.tick()
    ticket = await shop.get(f"/v1/tickets/{received['ticket']}")
    assert ticket["number"] == received["number"]
    assert ticket["channel"] == "form"
    assert ticket["team"] == "warranty"
    assert ticket["assignee"] is not None
    assert ticket["assignee"].startswith("warranty-")
    assert ticket["status"] == "open"
    assert ticket["routing"]["reason"]
    assert {clock["metric"] for clock in ticket["clocks"]} >= {"first_response", "resolution"}
    assert ticket["customer"]["name"] == "Lan"
    assert {"kind": "phone", "value": "+84912345678"} in ticket["customer"]["identities"]


async def test_the_same_form_sent_twice_is_one_ticket(shop: Shop) -> None:
    first = await shop.post("/v1/intake/forms/warranty", WARRANTY)
    again = await shop.post("/v1/intake/forms/warranty", WARRANTY, status=200)
    assert again == first


async def test_a_mail_and_its_answer_are_one_ticket_and_a_strangers_answer_is_another(shop: Shop) -> None:
    sent = await shop.client.post("/v1/intake/inbox/cskh", content=MAIL, headers=RFC822)
    assert sent.status_code == 201, sent.text
    follow_up = MAIL.replace(b"<first@", b"<second@").replace(
        b"Subject:", b"In-Reply-To: <first@example.com>\r\nSubject:"
    )
    joined = await shop.client.post("/v1/intake/inbox/cskh", content=follow_up, headers=RFC822)
    assert joined.status_code == 200, joined.text
    assert joined.json() == sent.json()
    forged = follow_up.replace(b"minh@", b"mallory@").replace(b"<second@", b"<third@")
    other = await shop.client.post("/v1/intake/inbox/cskh", content=forged, headers=RFC822)
    assert other.status_code == 201
    assert (await shop.get(f"/v1/tickets/{other.json()['ticket']}"))["related_to"] == sent.json()["ticket"]
    messages = await shop.get(f"/v1/tickets/{sent.json()['ticket']}/messages")
    assert [message["kind"] for message in messages["items"]] == ["customer_message"] * 2


async def test_a_call_that_is_answered_has_its_first_response(shop: Shop) -> None:
    call = {"call_id": "c-1", "event": "started", "at": "2026-03-02T02:00:00Z", "from": "0987654321"}
    received = await shop.post("/v1/intake/hotline/1900", call)
    answered = {**call, "event": "answered", "agent": "sales-hn-1"}
    assert await shop.post("/v1/intake/hotline/1900", answered, status=200) == received
    ticket = await shop.get(f"/v1/tickets/{received['ticket']}")
    states = {clock["metric"]: clock["state"] for clock in ticket["clocks"]}
    assert states["first_response"] == "met"


async def test_another_system_opens_a_ticket_once_under_its_key(shop: Shop) -> None:
    body = {"subject": "Máy in hỏng", "customer": {"email": "An@Example.com"}, "priority": "high"}
    key = {"Idempotency-Key": "order-77"}
    first = await shop.post("/v1/tickets", body, headers=key)
    again = await shop.post("/v1/tickets", body, headers=key)
    assert again["id"] == first["id"]
    assert again["number"] == first["number"]
    refused = await shop.post("/v1/tickets", {**body, "subject": "Khác"}, status=422, headers=key)
    assert refused["type"] == "urn:tickets:problem:idempotency-key-reused"


async def test_what_nobody_answers_in_time_is_breached_and_told_to_whoever_is_on_call(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Diễn tập", "tags": ["drill"]})
    await shop.pass_time(seconds=30)
    states = {c["metric"]: c["state"] for c in (await shop.get(f"/v1/tickets/{ticket['id']}"))["clocks"]}
    assert states["first_response"] == "breached"
    alerts = (await shop.get("/v1/alerts?state=open"))["items"]
    assert alerts
    assert all(alert["recipients"] for alert in alerts)
    answer = await shop.client.post(f"/v1/alerts/{alerts[0]['id']}/acknowledge")
    assert answer.status_code == 204
    assert (await shop.get("/v1/alerts?state=open"))["items"] == []


async def test_an_agent_works_a_ticket_to_its_end_and_it_comes_back(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Bảo hành", "tags": ["warranty"]})
    await shop.tick()
    path = f"/v1/tickets/{ticket['id']}"
    agent = (await shop.get(path))["assignee"]
    replied = await shop.post(f"{path}/messages", {"kind": "public_reply", "text": "Chào anh"})
    assert replied["status"] == "open"
    stale = await shop.client.post(f"{path}/status", json={"status": "pending"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    await shop.post(f"{path}/status", {"status": "pending"}, status=200)
    await shop.post(f"{path}/solve", status=200)
    loads = {one["key"]: one["load"] for one in (await shop.client.get("/v1/agents")).json()}
    assert loads[agent] == 0
    await shop.post(f"{path}/reopen", status=200)
    await shop.tick()
    back = await shop.get(path)
    assert back["status"] == "open"
    assert back["assignee"] is not None


async def test_nobody_is_given_more_than_they_can_hold(shop: Shop) -> None:
    for number in range(60):
        await shop.post("/v1/tickets", {"subject": f"Yêu cầu {number}"})
    await shop.tick()
    agents = (await shop.client.get("/v1/agents")).json()
    assert all(agent["load"] <= agent["capacity"] for agent in agents)
    assigned = sum(agent["load"] for agent in agents)
    waiting = (await shop.get("/v1/tickets?waiting=true&limit=200"))["items"]
    assert assigned + len(waiting) == 60
