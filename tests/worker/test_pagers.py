"""Alerts ring where people are: chat rooms, push topics, telephones; in their form and language."""

import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from tests.worker.receiver import Receiver, receiver
from tests.worker.stage import Clock

from tickets.adapters.direct import Post
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.pager import PagerWay
from tickets.adapters.webhook_address import Gate
from tickets.application.desk.model import Pager, Service
from tickets.application.notices.page import Page, read_page, stored

PAGE = Page("Khẩn cấp: #7", "Phiếu #7 cần được xử lý.")


def pager(service: Service = "slack") -> Pager:
    return Pager(key="room", service=service, url_env="ROOM_URL", room="-100")


def test_a_page_is_stored_as_it_is_read() -> None:
    assert read_page(stored(PAGE)) == PAGE


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


class Desk:
    """A desk of one pager."""

    kept: Pager | None = pager("phone")

    async def __call__(self, key: str) -> Pager | None:
        return self.kept if key == "room" else None


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def way(there: Receiver, clock: Clock, desk: Desk) -> AsyncIterator[PagerWay]:
    http = GatedHttp(Gate(["chat.example"], loopback), timeout=timedelta(seconds=5))
    yield PagerWay(
        Post(http, clock),
        desk,
        {"ROOM_URL": f"http://me:secretary@chat.example:{there.port}/T0/secret?key=secret7"},
    )
    await http.close()


async def test_every_attempt_makes_the_same_request(way: PagerWay, there: Receiver) -> None:
    row = uuid4()
    for _ in range(2):
        assert (await way.send("room/+84901", row, stored(PAGE))).kind == "sent"
    first, second = there.requests
    assert (first.path, first.body) == (second.path, second.body)
    assert json.loads(first.body)["phone"] == "+84901"
    assert {first.headers["idempotency-key"], second.headers["idempotency-key"]} == {str(row)}
    assert first.headers["authorization"] == "Basic bWU6c2VjcmV0YXJ5"  # as the URL has it


MINUTE = timedelta(seconds=60)
DISCORD = {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
TELEGRAM = {
    "ok": False,
    "error_code": 429,
    "description": "Too Many Requests: retry after 60",
    "parameters": {"retry_after": 60},
}
KICKED = {"ok": False, "error_code": 403, "description": "Forbidden: bot was kicked from the supergroup chat"}
TEAMS = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"
NTFY = {"code": 42901, "http": 429, "error": "limit reached: too many requests, please be nice"}

Answered = tuple[Service, int, object, tuple[str, ...], str, timedelta | None, str]
ANSWERS: list[Answered] = [
    ("slack", 200, "ok", (), "sent", None, ""),
    ("slack", 429, "rate_limited", ("retry-after: 30",), "failed", MINUTE / 2, "answered 429: rate_limited"),
    ("slack", 404, "no_service", (), "refused", None, "answered 404: no_service"),
    ("slack", 410, "channel_is_archived", (), "refused", None, "it is gone; change ROOM_URL"),
    ("slack", 500, "rollup_error", (), "failed", None, "answered 500: rollup_error"),
    ("discord", 204, "", (), "sent", None, ""),
    ("discord", 429, DISCORD, ("retry-after: 65",), "failed", timedelta(seconds=65), "rate limited"),
    ("discord", 429, DISCORD, (), "failed", timedelta(seconds=64.57), "rate limited"),
    ("discord", 404, {"message": "Unknown Webhook", "code": 10015}, (), "refused", None, "Unknown Webhook"),
    ("telegram", 200, {"ok": True, "result": {}}, (), "sent", None, ""),
    ("telegram", 200, {"ok": False, "description": "no"}, (), "failed", None, "answered 200: no"),
    ("telegram", 429, TELEGRAM, (), "failed", MINUTE, "Too Many Requests"),
    ("telegram", 403, KICKED, (), "refused", None, "bot was kicked"),
    ("teams", 202, "", (), "sent", None, ""),
    ("teams", 200, "1", (), "sent", None, ""),
    ("teams", 200, TEAMS, (), "failed", None, "HTTP error 429"),
    ("google_chat", 200, {"name": "spaces/a/messages/b"}, (), "sent", None, ""),
    ("google_chat", 429, {"error": {"code": 429}}, (), "failed", None, "answered 429"),
    ("ntfy", 429, NTFY, (), "failed", None, "answered 429"),
    ("mattermost", 404, {"message": "Invalid webhook."}, (), "failed", None, "Invalid webhook."),
    ("phone", 302, "", ("location: http://169.254.169.254/",), "failed", None, "answered 302"),
    ("phone", 403, "whoever asks /T0/secret is refused", (), "failed", None, "phone answered 403"),
    ("phone", 401, "the key secret7 is unknown", (), "failed", None, "phone answered 401"),
    ("phone", 401, "secretary? no", (), "failed", None, "phone answered 401"),
    ("phone", 429, {"retry_after": "nan"}, (), "failed", None, "phone answered 429"),
]


@pytest.mark.parametrize("answered", ANSWERS, ids=lambda each: f"{each[0]} {each[1]} {each[6]}")
async def test_what_a_service_answers_is_heeded_and_its_url_never_told(
    way: PagerWay, there: Receiver, desk: Desk, answered: Answered
) -> None:
    service, status, body, headers, kind, wait, said = answered
    desk.kept = pager(service)
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    there.will_say(f"{status} As documented", *headers, body=content)
    outcome = await way.send("room", uuid4(), stored(PAGE))
    assert (outcome.kind, outcome.retry_after) == (kind, wait)
    assert said in outcome.reason
    assert "secret" not in outcome.reason
    assert (outcome.gone is not None) == (status == 410)
    assert "secret" not in (outcome.gone or "")


async def test_an_answer_packed_a_thousandfold_is_not_unpacked(way: PagerWay, there: Receiver) -> None:
    bomb = gzip.compress(b"{" * 50_000_000)
    there.will_say("500 Internal Server Error", "content-encoding: gzip", body=bomb)
    tracemalloc.start()
    assert (await way.send("room", uuid4(), stored(PAGE))).kind == "failed"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    assert there.requests[0].headers["accept-encoding"] == "identity"


async def test_what_cannot_ring_says_why(clock: Clock) -> None:
    http = GatedHttp(Gate([]))
    post, row, page = Post(http, clock), UUID(int=1), stored(PAGE)
    gone = await PagerWay(post, Desk(), {}).send("other", row, page)
    assert (gone.kind, gone.reason) == ("refused", "the desk has no pager 'other'")
    poor = await PagerWay(post, Desk(), {}).send("room", row, page)
    assert (poor.kind, poor.reason) == ("failed", "ROOM_URL is not in the environment")
    for url in ("http://127.0.0.1:1/x", "http://[::ffff:10.0.0.1]/x", "http://2130706433/x"):
        assert (await PagerWay(post, Desk(), {"ROOM_URL": url}).send("room", row, page)).kind == "refused"
    await http.close()
