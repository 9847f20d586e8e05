"""An Asterisk's manager interface: recorded streams and stories, from a real server on the loopback."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.journeys.conftest import Shop, shop  # noqa: F401 - a fixture

from tickets.adapters.ami import Connection, Refused, connected
from tickets.intake import Ami, Line
from tickets.intake.ami_messages import Message, read_message, write_message
from tickets.worker.switchboard import Switchboard

DATA = Path(os.environ.get("TICKETS_TEST_DATA", "../shared/data")) / "calls" / "asterisk_ami"
GREETING = b"Asterisk Call Manager/7.0.3\r\n"
Serving = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def asterisk(serve: Serving) -> AsyncIterator[int]:
    """A server on the loopback that serves each connection so; its port."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await serve(reader, writer)
                await writer.drain()
                if writer.can_write_eof():
                    writer.write_eof()
                await reader.read()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, md5: bool = True) -> bool:
    """Greet and check a login as Asterisk does."""
    writer.write(GREETING)
    while True:
        action = read_message(await reader.readuntil(b"\r\n\r\n"))
        if action["action"] == "Challenge":
            answer = {"Challenge": "145769581"} if md5 else {"Message": "no"}
            writer.write(write_message(Response="Success" if md5 else "Error", **answer))
            continue
        key = hashlib.md5(b"145769581secret", usedforsecurity=False).hexdigest()
        good = action.get("key") == key if md5 else action.get("secret") == "secret"
        writer.write(write_message(Response="Success" if good else "Error", Message="Authentication"))
        return good


@pytest.mark.parametrize("md5", [True, False])
async def test_logging_in(*, md5: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await admit(reader, writer, md5=md5)

    async with asterisk(serve) as port:
        async with connected("127.0.0.1", port, "tickets", "secret") as manager:
            assert not manager.old
        with pytest.raises(Refused, match="Authentication"):
            async with connected("127.0.0.1", port, "tickets", "wrong"):
                pass


async def test_what_is_no_manager_is_told_so() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")

    async with asterisk(serve) as port:
        with pytest.raises(Refused, match="SSH"):
            async with connected("127.0.0.1", port, "tickets", "secret"):
                pass


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
async def test_seventeen_recorded_streams_are_read_to_their_end() -> None:
    streams = sorted(DATA.glob("*.yaml"))
    assert len(streams) == 17
    for stream in streams:
        raw = stream.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        expected = sum(line.lower().startswith((b"event:", b"response:")) for line in raw.splitlines())

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes = raw) -> None:
            writer.write(raw + b"\r\n\r\n")

        async with asterisk(serve) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            heard = await to_the_end(Connection(reader, writer))
            writer.close()
            await writer.wait_closed()
        assert sum("event" in each or "response" in each for each in heard) == expected, stream.name


async def to_the_end(manager: Connection) -> list[Message]:
    """Every message until the manager hangs up."""
    heard: list[Message] = []
    with suppress(ConnectionError):
        async for message in manager.events():
            heard.append(message)  # noqa: PERF401 - what came before the end is wanted
    return heard


def event(name: str, unique: str, **more: str) -> bytes:
    return write_message(Event=name, Uniqueid=unique, Linkedid="1.1", **more)


RINGS = event(
    "Newchannel", "1.1", Channel="PJSIP/trunk-1", CallerIDNum="0901234567", Exten="1900", Context="from-trunk"
)
QUEUED = event("QueueCallerJoin", "1.1", Channel="PJSIP/trunk-1", CallerIDNum="0901234567")
AGENT = event("Newchannel", "1.2", Channel="PJSIP/101-2", CallerIDNum="101", Context="internal")
TOGETHER = event("BridgeEnter", "1.1", Channel="PJSIP/trunk-1") + event(
    "BridgeEnter", "1.2", Channel="PJSIP/101-2"
)
OVER = event("Hangup", "1.1", Channel="PJSIP/trunk-1") + event("Hangup", "1.2", Channel="PJSIP/101-2")
NOBODY_THERE = write_message(Event="CoreShowChannelsComplete")


@asynccontextmanager
async def listening(shop: Shop, *connections: bytes) -> AsyncIterator[None]:  # noqa: F811
    """A switchboard on a hotline whose Asterisk says this on each of its connections in turn."""
    turns = iter(connections)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await admit(reader, writer)
        if (said := next(turns, None)) is None:
            await reader.read()
            return
        writer.write(said)

    async with asterisk(serve) as port:
        ami = Ami(host="127.0.0.1", port=port, username="tickets", secret_env="AMI")
        body = {
            "number": "+842838250000",
            "ami": {"host": "127.0.0.1", "port": port, "username": "t", "secret_env": "AMI"},
        }
        answer = await shop.client.put("/v1/desk/hotlines/pbx", json=body)
        assert answer.is_success, answer.text
        board = Switchboard(shop.app.parts.porter, {"AMI": "secret"}, shop.now, shop.new_id, lambda _: None)
        board.first_pause = board.first_pause / 100
        line = Line(key="pbx", number="+842838250000", ami=ami, agents={"101": "sales-lead"})
        task = asyncio.create_task(board.listen(line))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def outcome(shop: Shop, wanted: str) -> None:  # noqa: F811
    """Look until the call has come to it."""
    async with asyncio.timeout(30):
        while True:
            rows = await shop.app.engine.fetch(
                "SELECT outcome FROM call WHERE NOT EXISTS (SELECT FROM envelope WHERE state = 'received')"
            )
            if [row[0] for row in rows] == [wanted]:
                return
            await asyncio.sleep(0.02)


async def test_a_call_through_the_exchange_is_answered(shop: Shop) -> None:  # noqa: F811
    async with listening(shop, RINGS + QUEUED + AGENT + TOGETHER + OVER):
        await outcome(shop, "answered")


async def test_a_caller_lost_in_the_queue_is_owed_a_call(shop: Shop) -> None:  # noqa: F811
    async with listening(shop, RINGS + QUEUED + event("Hangup", "1.1", Channel="PJSIP/trunk-1")):
        await outcome(shop, "abandoned")
    (ticket,) = (await shop.get("/v1/tickets?tag=missed_call"))["items"]
    assert "+84901234567" in ticket["subject"]


async def test_a_call_that_ends_while_the_line_is_down_is_found_ended(shop: Shop) -> None:  # noqa: F811
    async with listening(shop, RINGS + QUEUED, NOBODY_THERE):
        await outcome(shop, "abandoned")


async def test_a_call_that_was_there_before_us_is_taken_up(shop: Shop) -> None:  # noqa: F811
    there = write_message(
        Event="CoreShowChannel",
        Uniqueid="1.1",
        Linkedid="1.1",
        Channel="PJSIP/trunk-1",
        CallerIDNum="0901234567",
        Context="from-trunk",
        Duration="00:00:20",
    )
    async with listening(shop, there + NOBODY_THERE + event("Hangup", "1.1", Channel="PJSIP/trunk-1")):
        await outcome(shop, "missed")
