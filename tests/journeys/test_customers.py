"""Customers: who they are, several on one number, one under several names, and what was said before."""

import asyncio
import random
from typing import Any
from urllib.parse import quote

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem

LAN = {"name": "Nguyễn Thị Lan", "phone": "0903 123 456"}
FAMILY = "+84903123456"


async def opened(shop: Shop, subject: str = "Tivi hỏng", **customer: str) -> dict[str, Any]:
    return await shop.post("/v1/tickets", {"subject": subject, "customer": customer or LAN})


async def change(shop: Shop, customer: str, status: int = 200, **given: object) -> dict[str, Any]:
    answer = await shop.client.patch(f"/v1/customers/{customer}", json=given)
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def choose(shop: Shop, ticket: str, customer: str, status: int = 200) -> dict[str, Any]:
    answer = await shop.client.put(f"/v1/tickets/{ticket}/customer", json={"customer_id": customer})
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def listed(shop: Shop, query: str) -> list[str]:
    return [each["id"] for each in (await shop.get(f"/v1/customers?{query}"))["items"]]


async def tickets_of(shop: Shop, customer: str) -> set[str]:
    return {each["id"] for each in (await shop.get(f"/v1/tickets?customer_id={customer}&limit=200"))["items"]}


async def family(shop: Shop) -> tuple[str, str]:
    """Mother and daughter, who share a telephone."""
    mother = (await opened(shop))["customer"]["id"]
    daughter = (await opened(shop, name="Trần Mai", email="mai@example.vn"))["customer"]["id"]
    body = {"kind": "phone", "value": "0903.123.456"}
    known = await shop.post(f"/v1/customers/{daughter}/identities", body)
    assert {"kind": "phone", "value": FAMILY} in known["identities"]
    return mother, daughter


async def test_a_name_is_found_without_accents_and_a_number_in_any_spelling(shop: Shop) -> None:
    lan = (await opened(shop))["customer"]["id"]
    await opened(shop, name="Trần Văn Đức", email="duc@example.vn")
    for query in (
        "q=nguyen%20thi",
        "q=LAN",
        "q=ng%20l",
        "identity=phone:0903123456",
        "identity=phone:%2B84903123456",
    ):
        assert await listed(shop, query) == [lan], query
    assert len(await listed(shop, "q=duc%20tran")) == 1
    assert await listed(shop, "q='%26|") == []
    problem(await shop.client.get("/v1/customers?identity=fax:1"), 400)
    first = await shop.get("/v1/customers?limit=1")
    assert [each["id"] for each in (await shop.get(first["next"]))["items"]] == [lan]


async def test_another_tier_is_another_promise_for_what_is_open(shop: Shop) -> None:
    ticket = await opened(shop)
    customer = ticket["customer"]["id"]
    before = await shop.client.get(f"/v1/customers/{customer}")
    assert (await change(shop, customer, tier="gold", segment="b2b", region="vn-hn"))["tier"] == "gold"
    assert {"customer_tier_changed", "customer_segment_changed"} <= set(await shop.events(ticket["id"]))
    late = await shop.client.patch(
        f"/v1/customers/{customer}", json={"tier": None}, headers={"If-Match": before.headers["ETag"]}
    )
    problem(late, 412)
    assert (await change(shop, customer, tier=None, name="Lan"))["segment"] == "b2b"
    problem(await shop.client.patch(f"/v1/customers/{NOBODY}", json={"tier": "gold"}), 404)
    problem(await shop.client.patch(f"/v1/customers/{customer}", json={"tire": "gold"}), 422)
    seen = await opened(shop)
    assert (seen["customer"]["name"], seen["customer"]["segment"]) == ("Lan", "b2b")


async def test_one_number_several_customers(shop: Shop) -> None:
    """PITFALLS, Hotline: one number, several customers: the one seen last, until an agent chooses."""
    mother, daughter = await family(shop)
    ticket = await opened(shop, name="?", phone="0903123456")
    assert ticket["customer"]["id"] == daughter
    assert set(ticket["customer_candidates"]) == {mother, daughter}
    await change(shop, mother, tier="gold")
    chosen = await choose(shop, ticket["id"], mother)
    assert (chosen["customer"]["id"], chosen["customer_candidates"]) == (mother, [])
    assert {"customer_changed", "customer_tier_changed"} <= set(await shop.events(ticket["id"]))
    assert (await opened(shop, phone="0903123456"))["customer"]["id"] == mother  # seen last now
    again = await opened(shop, phone="0903123456")
    assert (await choose(shop, again["id"], mother))["customer_candidates"] == []
    assert (await shop.events(again["id"]))[-1] == "customer_confirmed"


async def test_a_caller_whose_number_several_have_pops_up_with_all_of_them(shop: Shop) -> None:
    mother, daughter = await family(shop)
    for event in ("started", "answered"):
        call = {"call_id": "c1", "event": event, "at": "2026-03-02T02:00:00Z", "from": "0903123456"}
        await shop.client.post("/v1/intake/hotline/1900", json=call | {"agent": "sales-hn-1"})
    cards = await shop.app.parts.calls.stream("sales-hn-1", 0, 10)
    assert mother.encode() in bytes(cards[0].data)
    assert daughter.encode() in bytes(cards[0].data)


async def test_a_customer_with_only_a_phone(shop: Shop) -> None:
    """PITFALLS, Hotline: a customer with only a phone (Zammad #5117, #3560)."""
    customer = (await opened(shop, phone="0903123456"))["customer"]
    assert (customer["name"], customer["identities"]) == ("", [{"kind": "phone", "value": FAMILY}])
    await shop.post(
        f"/v1/customers/{customer['id']}/identities", {"kind": "email", "value": "LAN@Example.vn"}
    )
    assert (await opened(shop, email="lan@example.vn"))["customer"]["id"] == customer["id"]
    assert (await change(shop, customer["id"], name="Lan"))["name"] == "Lan"


async def test_an_identity_is_one_customers_but_for_telephones(shop: Shop) -> None:
    mother, daughter = await family(shop)
    mail = {"kind": "email", "value": "mai@example.vn"}
    problem(await shop.client.post(f"/v1/customers/{mother}/identities", json=mail), 409)
    problem(await shop.client.post(f"/v1/customers/{mother}/identities", json=mail | {"value": "?"}), 422)
    path = f"/v1/customers/{mother}/identities/phone/{quote(FAMILY)}"
    assert (await shop.client.delete(path)).status_code == 204
    problem(await shop.client.delete(path), 404)
    ticket = await opened(shop, phone="0903123456")
    assert (ticket["customer"]["id"], ticket["customer_candidates"]) == (daughter, [])


async def test_a_merge_moves_everything_and_a_split_moves_exactly_that_back(shop: Shop) -> None:
    mother, daughter = await family(shop)
    await change(shop, daughter, tier="gold", region="vn-hn")
    solved = (await opened(shop, email="mai@example.vn"))["id"]
    await shop.post(f"/v1/tickets/{solved}/solve", status=200)
    owned = {each: await tickets_of(shop, each) for each in (mother, daughter)}
    before = {each: await shop.get(f"/v1/customers/{each}") for each in (mother, daughter)}
    for _ in range(2):
        one = await shop.post(f"/v1/customers/{mother}/merge", {"other": daughter}, status=200)
        assert (one["id"], one["tier"], one["region"]) == (mother, "gold", "vn-hn")
    assert await tickets_of(shop, mother) == owned[mother] | owned[daughter]
    assert (await shop.get(f"/v1/customers/{daughter}"))["merged_into"] == mother
    assert "customer_changed" in await shop.events(solved)
    problem(await shop.client.patch(f"/v1/customers/{daughter}", json={"tier": None}), 409)
    since = await opened(shop, email="mai@example.vn")
    assert since["customer"]["id"] == mother
    for _ in range(2):
        await shop.post(f"/v1/customers/{mother}/split", {"other": daughter}, status=200)
    after = {each: await shop.get(f"/v1/customers/{each}") for each in (mother, daughter)}
    for each in (mother, daughter):
        assert after[each] | {"epoch": 0} == before[each] | {"epoch": 0}
    assert await tickets_of(shop, daughter) == owned[daughter]
    assert await tickets_of(shop, mother) == owned[mother] | {since["id"]}
    problem(await shop.client.post(f"/v1/customers/{daughter}/split", json={"other": mother}), 409)


async def test_merging_both_ways_at_once_leaves_one_customer(shop: Shop) -> None:
    """PITFALLS, SLA: merging both ways at once (Zammad #1216)."""
    mother, daughter = await family(shop)
    owned = await tickets_of(shop, mother) | await tickets_of(shop, daughter)
    answers = await asyncio.gather(
        shop.post(f"/v1/customers/{mother}/merge", {"other": daughter}, status=200),
        shop.post(f"/v1/customers/{daughter}/merge", {"other": mother}, status=200),
    )
    (survivor,) = {each["id"] for each in answers}
    assert await tickets_of(shop, survivor) == owned
    assert await listed(shop, f"identity=phone:{quote(FAMILY)}") == [survivor]
    problem(await shop.client.post(f"/v1/customers/{mother}/merge", json={"other": mother}), 409)


async def test_however_customers_are_merged_split_and_write_nothing_is_lost(shop: Shop) -> None:
    """Every ticket is a living customer's, every identity leads to one, and nobody is merged in a circle."""
    for seed in range(6):
        chance = random.Random(seed)  # noqa: S311 - a walk, not a secret
        mails = [f"c{seed}-{number}@example.vn" for number in range(4)]
        people = [(await opened(shop, email=mail))["customer"]["id"] for mail in mails]
        for _ in range(8):
            steps: list[Any] = []
            for _ in range(3):
                one, other = chance.sample(people, 2)
                what = chance.choice(["merge", "merge", "split", "write"])
                steps.append(
                    opened(shop, email=chance.choice(mails))
                    if what == "write"
                    else shop.client.post(f"/v1/customers/{one}/{what}", json={"other": other})
                )
            for answer in await asyncio.gather(*steps):
                assert isinstance(answer, dict) or answer.status_code in {200, 409}, answer.text
        rows = await shop.app.engine.fetch(
            "SELECT (SELECT count(*) FROM ticket AS t JOIN customer AS c ON c.id = t.customer_id"
            "        WHERE c.merged_into IS NOT NULL),"
            " (SELECT count(*) FROM customer_identity AS i JOIN customer AS c ON c.id = i.customer_id"
            "  WHERE c.merged_into IS NOT NULL),"
            " (SELECT count(*) FROM customer_identity WHERE main)"
        )
        assert tuple(rows[0]) == (0, 0, 4 * (seed + 1))
        survivors = [await shop.app.parts.customers_kept.survivor(each) for each in people]
        assert None not in survivors


async def test_customers_who_may_be_one_are_suggested_with_reasons(shop: Shop) -> None:
    lan = (await opened(shop))["customer"]["id"]
    await opened(shop, name="Nguyễn Văn Nam", phone="0912000111")
    twin = await opened(shop, name="lan nguyen thi", phone="phone 84-903-123-456 (home)", email="lan@a.vn")
    mail = await opened(shop, name="LAN Nguyễn Thị", email="lan@b.vn")
    found = (await shop.get(f"/v1/customers/{twin['customer']['id']}/suggestions"))["items"]
    assert [(each["customer"]["id"], each["score"]) for each in found] == [
        (lan, 90),
        (mail["customer"]["id"], 55),
    ]
    assert found[0]["reasons"] == ["same phone in another spelling", "same name"]


async def test_nobody_tells_their_story_twice(shop: Shop) -> None:
    ticket = await opened(shop, email="lan@example.vn")
    customer = ticket["customer"]["id"]
    shop.instant = shop.instant.replace(minute=1)
    note = {"kind": "internal_note", "text": "Khách rất bực"}
    await shop.post(f"/v1/tickets/{ticket['id']}/messages", note)
    shop.instant = shop.instant.replace(minute=2)
    caller = await opened(shop, phone="0903123456", subject="Gọi")
    await shop.post(f"/v1/customers/{customer}/merge", {"other": caller["customer"]["id"]}, status=200)
    call = {"call_id": "c9", "event": "missed", "at": "2026-03-02T02:03:00Z", "from": "0903123456"}
    shop.instant = shop.instant.replace(minute=3)
    await shop.client.post("/v1/intake/hotline/1900", json=call)
    for asked in (customer, caller["customer"]["id"]):
        items, page = [], f"/v1/customers/{asked}/timeline?limit=2"
        while page:
            answer = await shop.get(page)
            items += answer["items"]
            page = answer["next"]
        assert [each["at"] for each in items] == sorted((each["at"] for each in items), reverse=True)
        assert {each["type"] for each in items} == {"ticket", "message", "call"}
        assert len({(each["type"], each["id"]) for each in items}) == len(items)
        assert "Khách rất bực" in [each["text"] for each in items]
    problem(await shop.client.get(f"/v1/customers/{NOBODY}/timeline"), 404)
