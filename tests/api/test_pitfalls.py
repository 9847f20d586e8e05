"""What users of the others complain of in their APIs, one test each."""

import re
from typing import Any

import httpx
import pytest
import yaml
from tests.api.conftest import Frame

from tickets.api.openapi import rendered

DESCRIBED: dict[str, Any] = yaml.safe_load(rendered())
PATHS: dict[str, dict[str, Any]] = DESCRIBED["paths"]
LISTS = sorted(
    path
    for path, item in PATHS.items()
    if any(p["name"] == "cursor" for p in item.get("get", {}).get("parameters", ()))
)


async def test_paths_that_lead_nowhere_share_one_label_however_many_are_tried(
    frame: Frame, client: httpx.AsyncClient
) -> None:
    """A label value for each path anybody makes up brings Prometheus down."""
    for number in range(50):
        assert (await client.get(f"/v1/made-up/{number}")).status_code == 404
    text = frame.parts.metrics.exposition().decode()
    assert "made-up" not in text
    assert 'route="unmatched"' in text


async def test_an_id_in_a_path_is_its_template_in_every_metric(
    frame: Frame, client: httpx.AsyncClient
) -> None:
    ticket = str(frame.new_id())
    headers = await frame.key("tickets:read")
    assert (await client.get(f"/v1/tickets/{ticket}", headers=headers)).status_code == 404
    text = frame.parts.metrics.exposition().decode()
    assert ticket not in text
    assert 'route="/v1/tickets/{id}"' in text


def test_every_body_that_is_sent_refuses_unknown_fields_and_says_so() -> None:
    """Litestar does not export `forbid_unknown_fields`: a misspelt field looked welcome."""
    schemas = DESCRIBED["components"]["schemas"]
    sent = {
        found.rpartition("/")[2]
        for item in PATHS.values()
        for name, operation in item.items()
        if name in {"post", "put", "patch"}
        for content in [operation.get("requestBody", {}).get("content", {}).get("application/json", {})]
        for found in re.findall(r"#/components/schemas/\w+", str(content))
    }
    assert len(sent) > 20
    loose = {name for name in sent if schemas[name].get("type") == "object"} - {
        name for name in sent if schemas[name].get("additionalProperties") is False
    }
    assert loose == set()


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_pages_of_up_to_200_and_says_so(path: str) -> None:
    (limit,) = [p for p in PATHS[path]["get"]["parameters"] if p["name"] == "limit"]
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"], limit["schema"]["default"]) == (
        1,
        200,
        50,
    )


def test_what_grows_is_listed_page_by_page_and_what_many_look_at_can_be_filtered() -> None:
    assert {"/v1/tickets", "/v1/alerts", "/v1/outbox", "/v1/customers", "/v1/envelopes"} <= set(LISTS)
    for path, least in (("/v1/tickets", 5), ("/v1/alerts", 2), ("/v1/outbox", 4)):
        named = {p["name"] for p in PATHS[path]["get"]["parameters"]} - {"limit", "cursor"}
        assert len(named) >= least, path


def test_whatever_can_be_made_can_be_read_again() -> None:
    """Others have APIs that only create."""
    made = {
        path
        for path, item in PATHS.items()
        if "201" in item.get("post", {}).get("responses", {}) and "{" not in path and "/intake/" not in path
    }
    assert made
    for path in made:
        shown = {other for other in PATHS if other.startswith(f"{path}/{{") or other == path}
        assert any("get" in PATHS[other] for other in shown), path
    assert {"get", "put", "delete"} <= PATHS["/v1/desk/{kind}/{key}"].keys()


async def test_no_answer_carries_rate_limit_headers_of_the_old_draft(client: httpx.AsyncClient) -> None:
    """Litestar's middleware sends `RateLimit-Limit` and its likes, which the draft has given up."""
    answer = await client.get("/v1/tickets")
    assert [name for name in answer.headers if "ratelimit" in name.lower()] == []
    assert not any("RateLimit" in str(item) for item in PATHS.values())
