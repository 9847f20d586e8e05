"""Vietnamese as people and systems write it: composed, decomposed, with and without accents."""

from unicodedata import normalize

import pytest
from tests.journeys.conftest import Shop

WORD = "Bảo hành tại Hà Nội"
FORMS = {"composed": normalize("NFC", WORD), "decomposed": normalize("NFD", WORD)}
both = pytest.mark.parametrize("sent", FORMS.values(), ids=FORMS)


async def put(shop: Shop, path: str, body: object) -> None:
    """Publish an object of the desk."""
    answer = await shop.client.put(f"/v1/desk/{path}", json=body)
    assert answer.status_code == 200, answer.text


@both
@pytest.mark.parametrize("published", FORMS.values(), ids=FORMS)
async def test_a_condition_holds_however_its_accents_are_typed(shop: Shop, published: str, sent: str) -> None:
    await put(
        shop,
        "routing_rules/warranty-tag",
        {"order": 1, "when": {"tags": [published], f"fields.{published}": [published]}, "team": "warranty"},
    )
    body = {"subject": sent, "tags": [sent, *FORMS.values()], "fields": {sent: sent}}
    ticket = await shop.post("/v1/tickets", body)
    assert ticket["team"] == "warranty"
    assert ticket["tags"] == [FORMS["composed"]]
    assert ticket["subject"] == sent


@both
async def test_a_choice_of_a_form_is_that_choice(shop: Shop, sent: str) -> None:
    form = await shop.get("/v1/desk/forms/support")
    places = {"name": "place", "enum": [FORMS["composed"]]}
    await put(shop, "forms/support", {**form, "fields": [*form["fields"], places]})
    await shop.post("/v1/intake/forms/support", {"name": "Lan", "message": "Tivi hỏng", "place": sent})


@both
@pytest.mark.parametrize("asked", [*FORMS.values(), "bao hanh ha noi", "BẢO HÀNH"])
async def test_a_ticket_is_found_however_it_is_asked_for(shop: Shop, sent: str, asked: str) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": sent, "tags": [sent]})
    found = await shop.client.get("/v1/tickets", params={"q": asked})
    assert [one["id"] for one in found.json()["items"]] == [ticket["id"]]
    for tag in FORMS.values():
        found = await shop.client.get("/v1/tickets", params={"tag": tag})
        assert [one["id"] for one in found.json()["items"]] == [ticket["id"]]


async def test_a_desk_object_is_refused_not_broken_by_what_it_holds(shop: Shop) -> None:
    for body in (
        b'{"name": "\\ud800"}',
        b'{"name": %s}' % (b"9" * 60),
        b'{"name": ' + b"[" * 700 + b"]" * 700 + b"}",
    ):
        answer = await shop.client.put("/v1/desk/regions/new", content=body)
        assert answer.status_code == 422, answer.text
