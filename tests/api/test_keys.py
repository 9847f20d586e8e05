"""API keys over HTTP: minted once, shown once, listed, revoked."""

import httpx
import pytest
from tests.api.conftest import Frame


async def mint(client: httpx.AsyncClient, admin: dict[str, str], **more: object) -> httpx.Response:
    """Ask for a key."""
    body = {"name": "crm", "scopes": ["tickets:write", "tickets:read"], **more}
    return await client.post("/v1/api-keys", json=body, headers=admin)


async def test_a_minted_key_opens_the_door_it_was_made_for(frame: Frame, client: httpx.AsyncClient) -> None:
    admin = await frame.key("admin")
    minted = await mint(client, admin, scopes=["admin"])
    assert minted.status_code == 201
    assert minted.headers["cache-control"] == "no-store"
    shown = await client.get(minted.headers["location"], headers=admin)
    assert shown.json() == {name: value for name, value in minted.json().items() if name != "key"}
    theirs = {"Authorization": f"Bearer {minted.json()['key']}"}
    assert (await client.get("/v1/api-keys", headers=theirs)).status_code == 200


async def test_the_same_request_again_makes_no_second_key_and_does_not_tell_the_first_again(
    frame: Frame, client: httpx.AsyncClient
) -> None:
    admin = await frame.key("admin") | {"Idempotency-Key": "one"}
    first, again = await mint(client, admin), await mint(client, admin)
    assert first.json()["key"].startswith("tk_")
    assert again.status_code == 201
    assert again.json() == first.json() | {"key": None}
    assert len((await client.get("/v1/api-keys", headers=admin)).json()["items"]) == 2


async def test_an_idempotency_key_serves_one_request_only(frame: Frame, client: httpx.AsyncClient) -> None:
    admin = await frame.key("admin") | {"Idempotency-Key": "one"}
    await mint(client, admin)
    answer = await mint(client, admin, name="other")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:tickets:problem:idempotency-key-reused"
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


@pytest.mark.parametrize("key", ["", "x" * 256, "one two", "mã"])
async def test_an_unusable_idempotency_key_is_refused(
    frame: Frame, client: httpx.AsyncClient, key: str
) -> None:
    admin = await frame.key("admin")
    headers = [(b"Authorization", admin["Authorization"].encode()), (b"Idempotency-Key", key.encode())]
    answer = await client.post(
        "/v1/api-keys",
        json={"name": "x", "scopes": ["admin"]},
        headers=headers,
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_keys_come_newest_first_and_page_by_page(frame: Frame, client: httpx.AsyncClient) -> None:
    admin = await frame.key("admin")
    for number in range(4):
        await mint(client, admin, name=f"k{number}")
    names, url = [], "/v1/api-keys?limit=2"
    while url:
        page = await client.get(url, headers=admin)
        names.append([item["name"] for item in page.json()["items"]])
        url = page.json()["next"]
        assert page.links.get("next", {}).get("url") == url
    assert names == [["k3", "k2"], ["k1", "k0"], ["test"]]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("cursor=AA", "cursor"),
        ("cursor=%C3", "cursor"),
    ],
)
async def test_a_page_nobody_can_have_is_refused(
    frame: Frame, client: httpx.AsyncClient, query: str, parameter: str
) -> None:
    answer = await client.get(f"/v1/api-keys?{query}", headers=await frame.key("admin"))
    assert answer.status_code == 400
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


async def test_a_revoked_key_is_out_within_five_seconds(frame: Frame, client: httpx.AsyncClient) -> None:
    admin = await frame.key("admin")
    minted = (await mint(client, admin, scopes=["admin"])).json()
    theirs = {"Authorization": f"Bearer {minted['key']}"}
    assert (await client.get("/v1/api-keys", headers=theirs)).status_code == 200
    assert (await client.delete(f"/v1/api-keys/{minted['id']}", headers=admin)).status_code == 204
    frame.pass_time(seconds=5)
    answer = await client.get("/v1/api-keys", headers=theirs)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="tickets", error="invalid_token"'
    assert answer.json()["detail"] == "The API key was revoked."


async def test_a_key_expires_at_its_instant(frame: Frame, client: httpx.AsyncClient) -> None:
    admin = await frame.key("admin")
    minted = (await mint(client, admin, scopes=["admin"], expires_at="2026-03-02T09:00:10Z")).json()
    theirs = {"Authorization": f"Bearer {minted['key']}"}
    frame.pass_time(seconds=9.999999)
    assert (await client.get("/v1/api-keys", headers=theirs)).status_code == 200
    frame.pass_time(microseconds=1)
    assert (await client.get("/v1/api-keys", headers=theirs)).status_code == 401


async def test_a_key_cannot_be_made_expired(frame: Frame, client: httpx.AsyncClient) -> None:
    answer = await mint(client, await frame.key("admin"), expires_at="2026-03-02T09:00:00Z")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"detail": "must lie in the future", "pointer": "/expires_at"}]


async def test_an_unknown_key_is_not_found(frame: Frame, client: httpx.AsyncClient) -> None:
    admin = await frame.key("admin")
    missing = f"/v1/api-keys/{frame.new_id()}"
    assert (await client.get(missing, headers=admin)).status_code == 404
    assert (await client.delete(missing, headers=admin)).status_code == 404


async def test_the_first_admin_key_is_made_once(frame: Frame, client: httpx.AsyncClient) -> None:
    keys = frame.parts.api_keys
    secret = await keys.bootstrap(frame.new_id(), frame.instant)
    assert await keys.bootstrap(frame.new_id(), frame.instant) is None
    answer = await client.get("/v1/api-keys", headers={"Authorization": f"Bearer {secret}"})
    assert [key["name"] for key in answer.json()["items"]] == ["bootstrap"]
