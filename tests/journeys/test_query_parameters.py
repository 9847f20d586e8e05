"""A query parameter that would do nothing is refused: misspelt, a filter would let everything through."""

import re

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem


async def test_every_unknown_parameter_is_named_with_those_there_are(shop: Shop) -> None:
    answer = await shop.client.get("/v1/alerts?stat=open&limit=5&page=2&page=3")
    faults = problem(answer, 400)["errors"]
    assert [fault["parameter"] for fault in faults] == ["stat", "page"]
    assert faults[0]["detail"] == "is not a query parameter; there are cursor, limit, state, ticket"


async def test_a_route_without_parameters_says_so(shop: Shop) -> None:
    answer = await shop.client.post("/v1/tickets?dry_run=true", json={"subject": "a"})
    (fault,) = problem(answer, 400)["errors"]
    assert (fault["parameter"], fault["detail"]) == (
        "dry_run",
        "is not a query parameter; there are none here",
    )
    assert (await shop.get("/v1/tickets"))["items"] == []


async def test_all_that_is_described_is_known_and_nothing_else(shop: Shop) -> None:
    paths = (await shop.get("/openapi.json"))["paths"]
    lenient = {
        "/v1/intake/forms/{form}",
        "/v1/intake/hotline/{line}",
        "/v1/exchange/{line}/{token}",
        "/v1/intake/inbox/{mailbox}/mime",
        "/v1/intake/messages/{account}",
    }
    for path, methods in paths.items():
        for method, operation in methods.items():
            described = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            filled = re.sub(r"\{(id|attachment|run)\}", NOBODY, path)
            query = "&".join(f"{name}=" for name in [*described, "wat"])
            answer = await shop.client.request(method, f"{filled}?{query}", json={})
            named = [fault.get("parameter") for fault in answer.json().get("errors", [])]
            if path in lenient:
                assert "wat" not in named, (method, path)
            else:
                problem(answer, 400, what=(method, path))
                assert named == ["wat"], (method, path, named)


async def test_a_form_may_be_sent_from_a_link_that_is_tracked(shop: Shop) -> None:
    body = {"name": "Lan", "message": "Tivi hỏng"}
    await shop.post("/v1/intake/forms/support?utm_source=zalo&fbclid=%F0%9F%92%A9", body)


async def test_the_next_page_is_asked_for_as_the_link_says(shop: Shop) -> None:
    for number in range(3):
        await shop.post("/v1/tickets", {"subject": f"Yêu cầu {number}", "tags": ["vip & co"]})
    page = await shop.get("/v1/tickets?limit=2&tag=vip%20%26%20co&waiting=true")
    assert len((await shop.get(page["next"]))["items"]) == 1
