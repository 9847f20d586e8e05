"""Alerts ring where people are: chat rooms, push topics, telephones; in their form and language."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from tests.worker.receiver import Receiver, receiver
from tests.worker.stage import Clock

from tickets.adapters.direct import Post
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.pager import PagerWay, form
from tickets.adapters.webhook_address import Gate
from tickets.application.desk.model import Pager, Service
from tickets.application.page import Page, read_page, stored

PAGE = Page(
    "Khẩn cấp: <phản hồi> & #7", "Phiếu #7 cần được xử lý.\n\nHạn: 09:00", "https://d.vn/v1/tickets/7"
)
FORMS: dict[Service, object] = {
    "slack": {
        "text": "Khẩn cấp: &lt;phản hồi&gt; &amp; #7\n\nPhiếu #7 cần được xử lý.\n\nHạn: 09:00\nhttps://d.vn/v1/tickets/7"
    },
    "mattermost": {
        "text": "Khẩn cấp: <phản hồi> & #7\n\nPhiếu #7 cần được xử lý.\n\nHạn: 09:00\nhttps://d.vn/v1/tickets/7"
    },
    "telegram": {
        "chat_id": "-100",
        "text": "Khẩn cấp: <phản hồi> & #7\n\nPhiếu #7 cần được xử lý.\n\nHạn: 09:00\nhttps://d.vn/v1/tickets/7",
        "link_preview_options": {"is_disabled": True},
    },
    "ntfy": {
        "topic": "-100",
        "title": PAGE.title,
        "message": PAGE.text,
        "priority": 4,
        "click": PAGE.url,
    },
    "phone": {"phone": "+84901234567", "title": PAGE.title, "text": PAGE.text, "url": PAGE.url},
}


def pager(service: Service = "slack") -> Pager:
    return Pager(key="room", service=service, url_env="ROOM_URL", room="-100")


@pytest.mark.parametrize("service", FORMS)
def test_each_service_gets_its_own_form(service: Service) -> None:
    assert form(pager(service), PAGE, "+84901234567") == FORMS[service]


def test_what_is_longer_than_a_service_takes_is_cut_and_nobody_is_mentioned() -> None:
    long = Page("@everyone", "x" * 90_000)
    discord = form(pager("discord"), long, "")
    assert (len(discord["content"]), discord["allowed_mentions"]) == (2_000, {"parse": []})
    assert len(form(pager("telegram"), long, "")["text"]) == 4_096
    assert len(form(pager("slack"), long, "")["text"]) == 40_000


def test_teams_gets_a_card_with_a_button() -> None:
    (attached,) = form(pager("teams"), PAGE, "")["attachments"]
    card = attached["content"]
    assert [block["text"] for block in card["body"]] == [PAGE.title, PAGE.text.replace("\n", "\n\n")]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": PAGE.url, "url": PAGE.url}]


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
async def way(there: Receiver, clock: Clock) -> AsyncIterator[PagerWay]:
    http = GatedHttp(Gate(["chat.example"], loopback), timeout=timedelta(seconds=5))
    yield PagerWay(Post(http, clock), Desk(), {"ROOM_URL": f"http://chat.example:{there.port}/T0/secret"})
    await http.close()


async def test_every_attempt_makes_the_same_request(way: PagerWay, there: Receiver) -> None:
    row = uuid4()
    for _ in range(2):
        assert (await way.send("room/+84901", row, stored(PAGE))).kind == "sent"
    first, second = there.requests
    assert (first.path, first.body) == (second.path, second.body)
    assert json.loads(first.body)["phone"] == "+84901"
    assert {first.headers["idempotency-key"], second.headers["idempotency-key"]} == {str(row)}


async def test_what_a_service_answers_is_heeded_and_its_url_never_told(
    way: PagerWay, there: Receiver
) -> None:
    for status, headers, kind, wait in (
        ("204 No Content", (), "sent", None),
        ("410 Gone", (), "refused", None),
        ("404 Not Found", (), "failed", None),
        ("302 Found", ("location: http://169.254.169.254/",), "failed", None),
        ("429 Too Many Requests", ("retry-after: 30",), "failed", timedelta(seconds=30)),
        ("500 Internal Server Error", (), "failed", None),
    ):
        there.will_say(status, *headers)
        outcome = await way.send("room", uuid4(), stored(PAGE))
        assert (outcome.kind, outcome.retry_after) == (kind, wait)
        assert "secret" not in outcome.reason


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
