"""The description says what the application does, is kept in the repository, and can be read offline."""

import re
from pathlib import Path

import httpx
import yaml
from litestar.handlers import HTTPRouteHandler

from tickets.api.app import ROUTES
from tickets.api.auth import SCOPE
from tickets.api.openapi import DEFAULT, rendered

ROOT = Path(__file__).parents[2]


def test_the_file_in_the_repository_is_what_the_routes_say() -> None:
    """Run `python -m tickets.api.openapi` after changing a route."""
    assert (ROOT / DEFAULT).read_text(encoding="utf-8") == rendered()


def test_every_route_states_who_may_use_it_and_what_it_is() -> None:
    handlers = [route for route in ROUTES if isinstance(route, HTTPRouteHandler)]
    assert len(handlers) == len(ROUTES)
    assert [handler.fn.__name__ for handler in handlers if SCOPE not in (handler.opt or {})] == []
    shown = [handler for handler in handlers if not handler.opt.get("hidden")]
    names = [handler.operation_id for handler in shown]
    assert None not in names
    assert len(set(names)) == len(names)
    assert [handler.fn.__name__ for handler in shown if not (handler.tags and handler.fn.__doc__)] == []


def test_unknown_fields_and_list_items_are_described_as_they_are_checked() -> None:
    schema = yaml.safe_load(rendered())["components"]["schemas"]["NewApiKey"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["scopes"]["minItems"] == 1
    assert "admin" in schema["properties"]["scopes"]["items"]["enum"]


def test_every_instant_says_that_it_is_one() -> None:
    """What is shown or read as an instant is of the type `domain.words.Instant`."""
    schemas = yaml.safe_load(rendered())["components"]["schemas"]
    instants = {
        f"{name}.{key}": alternative.get("format")
        for name, schema in schemas.items()
        for key, said in schema.get("properties", {}).items()
        if re.search(r"(^|_)(at|since|start|end|as_of)$", key)
        for alternative in said.get("anyOf", [said])
        if alternative["type"] != "null"
    }
    assert len(instants) > 25
    assert {place for place, form in instants.items() if form not in {"date-time", "date"}} == set()


def test_what_came_before_is_another_answer_than_what_is_new() -> None:
    paths = yaml.safe_load(rendered())["paths"]
    kept = re.compile("/v1/intake/(?!.*/mime$|messages/)")
    arriving = [path for path in paths if kept.match(path)] + ["/v1/tickets"]
    assert len(arriving) == 4
    for path in arriving:
        answers = paths[path]["post"]["responses"]
        assert answers["200"]["content"] == answers["201"]["content"], path


def test_every_reference_leads_somewhere() -> None:
    document = yaml.safe_load(rendered())
    for place in set(re.findall(r"#/components/[\w./-]+", rendered())):
        found = document
        for step in place.removeprefix("#/").split("/"):
            found = found[step]


async def test_a_program_can_read_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi.json")
    assert answer.json() == yaml.safe_load(rendered())


async def test_a_person_can_read_it_without_any_network(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "POST" in answer.text
    assert "/v1/api-keys" in answer.text
    assert re.findall(r"(?:src|href)=\"(?!#|openapi\.json)[^\"]*", answer.text) == []
    assert (await client.get("/docs/nothing")).headers["content-type"] == "application/problem+json"
