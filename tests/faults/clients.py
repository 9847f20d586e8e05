"""Careful clients: they ask under one key until they are answered, and remember what they were answered."""

import asyncio
from http import HTTPStatus

import httpx


async def insist(client: httpx.AsyncClient, path: str, body: object, key: str) -> None:
    """Send a request under one key until it is answered with success."""
    while True:
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key}, timeout=10)
        except httpx.TransportError:
            pass  # killed before, during or after: nobody can know
        else:
            if answer.is_success:
                return
            must_say_try_again(answer)
        await asyncio.sleep(0.2)


def must_say_try_again(answer: httpx.Response) -> None:
    """A refusal for the moment is a problem document that says when to come back."""
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["status"] == HTTPStatus.SERVICE_UNAVAILABLE


async def keep_asking(client: httpx.AsyncClient, name: str, asked: list[str], enough: asyncio.Event) -> None:
    """Open ticket after ticket, every third one by a form, every fourth one a drill."""
    number = 0
    while not enough.is_set():
        number += 1
        subject = f"{name}-{number}"
        if number % 3 == 0:
            answer = {"name": name, "topic": "other", "message": subject}
            await insist(client, "/v1/intake/forms/support", answer, subject)
        else:
            tags = ["drill"] if number % 4 == 0 else []
            body = {"subject": subject, "tags": tags, "external_id": subject}
            await insist(client, "/v1/tickets", body, subject)
        asked.append(subject)
        await asyncio.sleep(0.02)


async def watch(client: httpx.AsyncClient, unready: list[httpx.Response]) -> None:
    """Look at the probes again and again: the process always lives, and says when it cannot serve."""
    while True:
        assert (await client.get("/livez")).status_code == HTTPStatus.OK
        ready = await client.get("/readyz")
        if not ready.is_success:
            must_say_try_again(ready)
            unready.append(ready)
        await asyncio.sleep(0.01)
