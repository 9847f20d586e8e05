"""What only a real socket can carry: requests that end early, lie about their length, or hold NUL."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

from tests.faults.served import PATIENCE, Served, shops

BIG = 50_000_000


async def exchange(server: Served, *sent: bytes, end: bool = False) -> bytes:
    """Write bytes to the server, and read all it answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for chunk in sent:
            writer.write(chunk)
            await writer.drain()
        if end:
            writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: a", "Connection: close", *headers, "", ""]).encode() + body


async def test_a_server_answers_what_it_can_and_goes_on(tmp_path: Path, database_url: str) -> None:
    server = Served(tmp_path, {"TICKETS_DATABASE_URL": database_url})
    async with shops(server) as client:
        key = f"Authorization: {client.headers['authorization']}"
        kind = "Content-Type: application/json"
        post = ("POST /v1/tickets", key, kind)
        wrong = []
        for what, status in (
            (request("GET /v1/tickets", key + "\0"), 400),
            (request("GET /v1/tickets?q=%00", key), 400),
            (request("GET /v1/tickets/%00", key), 404),
            (request("GET /v1/tickets/%FF%FE", key), 404),
            (request("GET /v1/tickets", "Authorization: Bearer \xe9"), 401),
            (request("POST /v1/tickets", key, "Content-Length: wat"), 400),
            (request("PATCH /v1/tickets", key), 405),
            (request(*post, "Content-Length: 2", body=b"{}"), 422),
            (request(*post, "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"), 422),
            (request(*post, "Transfer-Encoding: chunked", body=b"wat\r\n"), 400),
        ):
            answer = await exchange(server, what)
            if not answer.startswith(b"HTTP/1.1 %d " % status):
                wrong.append((what, status, answer))
        assert wrong == []
        await exchange(server, request(*post, "Content-Length: 100", body=b'{"subject": "cut'), end=True)
        assert b" 413 " in await exchange(server, request(*post, f"Content-Length: {BIG}"))
        form = await client.post("/v1/intake/forms/support", content=_endless())
        assert form.status_code == 413
        assert (await client.get("/v1/tickets")).json()["items"] == []
        body = json.dumps({"subject": "Còn sống"})
        assert (
            await client.post("/v1/tickets", content=body, headers={"Content-Type": "application/json"})
        ).is_success


async def _endless() -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(BIG // 1_000_000):
        yield b" " * 1_000_000
