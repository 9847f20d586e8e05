"""Requests that arrive in the same moment share statements; what each of them comes to does not change."""

import asyncio

from tests.journeys.conftest import Shop


async def test_twins_and_newcomers_among_many_are_each_one_ticket_and_one_customer(shop: Shop) -> None:
    twins = [
        shop.client.post("/v1/tickets", json={"subject": "Giao chậm", "external_id": "order-7"})
        for _ in range(10)
    ]
    newcomers = [
        shop.client.post(
            "/v1/tickets", json={"subject": f"Đơn {n}", "customer": {"email": "moi@example.com"}}
        )
        for n in range(10)
    ]
    others = [shop.client.post("/v1/tickets", json={"subject": f"Câu hỏi {n}"}) for n in range(10)]
    answers = await asyncio.gather(*twins, *newcomers, *others)
    assert sorted(answer.status_code for answer in answers[:10]) == [200] * 9 + [201]
    assert {answer.status_code for answer in answers[10:]} == {201}
    tickets = [answer.json() for answer in answers]
    assert len({ticket["id"] for ticket in tickets[:10]}) == 1
    assert len({ticket["number"] for ticket in tickets}) == 21
    assert len({ticket["customer"]["id"] for ticket in tickets[10:20]}) == 1


async def test_one_key_in_many_hands_opens_one_ticket_and_gives_all_the_same_answer(shop: Shop) -> None:
    asked = [
        shop.client.post(
            "/v1/tickets", json={"subject": "Trả hàng"}, headers={"Idempotency-Key": "tra-hang-1"}
        )
        for _ in range(8)
    ]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1


async def test_a_desk_published_in_between_is_the_one_tickets_are_opened_on(shop: Shop) -> None:
    asked = [shop.client.post("/v1/tickets", json={"subject": f"Câu hỏi {n}"}) for n in range(10)]
    retitled = shop.client.put("/v1/desk/teams/sales", json={"name": "Bán hàng"})
    *answers, moved = await asyncio.gather(*asked[:5], retitled, *asked[5:])
    assert {answer.status_code for answer in (*answers, moved)} <= {200, 201}


async def test_a_message_id_longer_than_any_index_takes_is_still_a_ticket_and_nobody_elses_trouble(
    shop: Shop,
) -> None:
    def mail(message_id: str) -> bytes:
        head = f"From: lan@example.com\r\nMessage-ID: <{message_id}@example.com>\r\nSubject: Hỏi"
        return f"{head}\r\n\r\nAlo".encode()

    ids = ["a", "".join(f"{n:x}" for n in range(20_000)), "b"]
    answers = await asyncio.gather(
        *(
            shop.client.post(
                "/v1/intake/inbox/cskh", content=mail(name), headers={"Content-Type": "message/rfc822"}
            )
            for name in ids
        )
    )
    assert [answer.status_code for answer in answers] == [201, 201, 201], [a.text for a in answers]
