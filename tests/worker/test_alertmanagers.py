"""How an alert reads in an Alertmanager, when it is told, and what is made of its answers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.worker.receiver import Receiver, receiver
from tests.worker.stage import START, Clock

from tickets.adapters.alertmanager import BATCH, AlertmanagerWay
from tickets.adapters.direct import Post
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.webhook_address import Gate
from tickets.application.desk.alertmanagers import LONGEST_LABEL, OURS
from tickets.application.desk.model import Alertmanager, Desk
from tickets.application.notices.alerts import AlertNotices
from tickets.application.notices.page import Page
from tickets.application.outbox.alertmanager import (
    EVERY,
    LATE,
    LIVES,
    LONGEST_DESCRIPTION,
    LONGEST_SUMMARY,
    REST,
    Last,
    Pass,
    Standing,
    due,
    reads,
)
from tickets.domain.escalation import Manner
from tickets.domain.ticket import Alert, Ticket
from tickets.domain.words import PRIORITIES
from tickets.persistence.alertmanagers import PostgresAlertmanagers, row_of
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox
from tickets.worker.alertmanagers import TellAlertmanagers

TICKET = Ticket(
    id=UUID(int=7),
    number=7,
    channel="form",
    source="form",
    account="f",
    subject="Tủ lạnh hỏng",
    customer_id=UUID(int=1),
    opened_at=START,
    updated_at=START,
)
ALERT = Alert(
    id=UUID(int=8),
    ticket_id=TICKET.id,
    metric="first_response",
    cycle=1,
    level="broken",
    occurred_at=START,
    detected_at=START + timedelta(seconds=1),
    policy="standard",
    priority="urgent",
    team="warranty",
)
OPEN = Standing(alert=ALERT, ended_at=None, ticket=TICKET)
PAGE = Page("Khẩn cấp", "Phiếu #7", "https://d.vn/v1/tickets/7")

instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6_000)


alerts = st.builds(
    replace,
    st.just(ALERT),
    level=texts,
    policy=texts,
    team=st.none() | texts,
    priority=st.sampled_from(PRIORITIES),
    state=st.sampled_from(["open", "acknowledged", "resolved", "withdrawn"]),
    occurred_at=instants,
    detected_at=instants,
)


@given(alert=alerts, ended=st.none() | instants, subject=texts, languages=st.sampled_from([("vi",), ("en",)]))
def test_whatever_stands_in_an_alert_an_alertmanager_takes_it(
    alert: Alert, ended: datetime | None, subject: str, languages: tuple[str, ...]
) -> None:
    ticket, now = replace(TICKET, subject=subject), alert.occurred_at + timedelta(minutes=3)
    notices = AlertNotices(sender="a@b.vn", public_url="https://d.vn", secret=b"s" * 32)
    page = notices.page(alert, ticket, Manner(languages))
    made = reads(Standing(alert=alert, ended_at=ended, ticket=ticket), page, {"cluster": "hcm"}, now)
    assert made["labels"].keys() <= OURS | {"cluster"}
    assert made["labels"]["alert"] == str(alert.id)
    assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) for name in made["labels"])
    assert all(0 < len(value) <= LONGEST_LABEL for value in made["labels"].values())
    assert len(made["annotations"]["summary"]) <= LONGEST_SUMMARY
    assert len(made["annotations"]["description"]) <= LONGEST_DESCRIPTION
    assert made["startsAt"] == alert.occurred_at
    assert made["endsAt"] == now + LIVES if alert.state == "open" else made["endsAt"] >= made["startsAt"]
    assert json.loads(msgspec.json.encode(made))["generatorURL"] == f"https://d.vn/v1/tickets/{TICKET.id}"


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("first_response", "TicketPromise"),
        ("agent_work", "TicketPromise"),
        ("routing", "TicketStuck"),
        ("rule", "TicketEscalation"),
        ("manual", "TicketEscalation"),
    ],
)
def test_routes_can_tell_kinds_of_alerts_apart(metric: str, name: str) -> None:
    standing = replace(OPEN, alert=replace(ALERT, metric=metric))
    assert reads(standing, PAGE, {}, START)["labels"]["alertname"] == name


def test_an_alert_keeps_its_labels_whatever_becomes_of_its_ticket() -> None:
    moved = replace(TICKET, priority="low", team="sales", status="pending", subject="Khác")
    later = replace(OPEN, ticket=moved, alert=replace(ALERT, state="resolved"), ended_at=START + EVERY)
    assert reads(later, PAGE, {}, START)["labels"] == reads(OPEN, PAGE, {}, START)["labels"]


def last(state: str, ago: timedelta, whole_ago: timedelta | None = None, *, under_way: bool = False) -> Last:
    """The last pass, of changes if everything was told at another time."""
    whole_at = None if whole_ago is None else START - whole_ago
    since = None if whole_at is None else whole_at - LATE
    return Last(
        state=state, body=Pass(at=START - ago, since=since, whole_at=whole_at), fence=1, under_way=under_way
    )


SECOND = timedelta(seconds=1)
CHANGES = "changes"


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (None, "everything"),
        (last("settled", EVERY), "everything"),
        (last("settled", EVERY - SECOND), CHANGES),
        (last("settled", SECOND, EVERY - SECOND), CHANGES),
        (last("settled", SECOND, EVERY), "everything"),
        (last("pending", SECOND), None),
        (last("pending", EVERY, EVERY * 9), "everything"),
        (last("pending", EVERY, under_way=True), None),
        (last("dead", REST - SECOND), None),
        (last("dead", REST), "everything"),
    ],
)
def test_everything_is_told_regularly_and_again_after_a_failure(
    before: Last | None, wanted: str | None
) -> None:
    found = due(before, START)
    assert (found and ("everything" if found.since is None else CHANGES)) == wanted


def test_since_when_everything_was_told_is_known_through_failures() -> None:
    first = due(None, START)
    assert first is not None
    taken = Last(state="settled", body=first, fence=1, under_way=False)
    again = due(taken, START + EVERY)
    assert again is not None
    assert again.whole_at == START
    assert replace(taken, state="pending", body=again).whole_at == START
    assert replace(taken, state="settled", body=again).whole_at == START + EVERY


async def test_any_number_of_workers_arm_one_pass(engine: Engine, clock: Clock) -> None:
    rung: list[int] = []

    async def keys() -> dict[str, object]:
        return {"a": None, "b": None}

    workers = [
        TellAlertmanagers(PostgresAlertmanagers(engine), keys, clock, lambda: rung.append(1))
        for _ in range(5)
    ]
    assert sum(await asyncio.gather(*(worker.look() for worker in workers))) == 2
    assert [row[0] for row in await engine.fetch("SELECT endpoint FROM outbox ORDER BY 1")] == [
        "alertmanager:a",
        "alertmanager:b",
    ]
    assert await workers[0].look() == 0
    assert 1 <= len(rung) <= 2


async def test_a_worker_that_dies_while_it_tells_holds_nothing_up(engine: Engine, clock: Clock) -> None:
    async def keys() -> dict[str, object]:
        return {"am": None}

    other = TellAlertmanagers(PostgresAlertmanagers(engine), keys, clock, lambda: None)
    assert await other.look() == 1
    assert await PostgresOutbox(engine).claim(row_of("am"), clock(), EVERY) is not None
    clock.forward(seconds=59)
    assert await other.look() == 0  # it may still be at it: two at once would overtake each other
    clock.forward(seconds=1)
    assert await other.look() == 1
    assert await PostgresOutbox(engine).claim(row_of("am"), clock(), EVERY) is not None


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


class Alerts:
    """More alerts than go into one request."""

    many = BATCH + 1

    async def standing(
        self,
        since: datetime | None,  # noqa: ARG002 - as the store has it
        ended: datetime,  # noqa: ARG002 - as the store has it
        after: UUID | None,
        most: int,
    ) -> list[Standing]:
        first = 0 if after is None else after.int
        ids = [UUID(int=n + 1) for n in range(first, min(first + most, self.many))]
        return [replace(OPEN, alert=replace(ALERT, id=each)) for each in ids]


@pytest.fixture
async def http() -> AsyncIterator[GatedHttp]:
    made = GatedHttp(Gate(["am.internal"], loopback), timeout=timedelta(seconds=5))
    yield made
    await made.close()


def telling(
    http: GatedHttp, manager: Alertmanager, environment: dict[str, str], alerts: Alerts | None = None
) -> AlertmanagerWay:
    async def desk() -> Desk:
        return Desk(alertmanagers={manager.key: manager})

    notices = AlertNotices(sender="a@b.vn", public_url="https://d.vn", secret=b"s" * 32)
    return AlertmanagerWay(Post(http, Clock()), desk, alerts or Alerts(), notices, environment)


EVERYTHING = msgspec.json.encode(Pass(at=START))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "says", "requests"),
    [
        ("200 OK", (), "sent", "", 2),
        ("429 Too Many Requests", ("retry-after: 30",), "failed", "answered 429", 1),
        ("500 Internal Server Error", (), "failed", "answered 500", 1),
        ("503 Service Unavailable", (), "failed", "answered 503", 1),
        ("400 Bad Request", (), "refused", "answered 400: no good", 2),
        ("401 Unauthorized", (), "refused", "answered 401: it does not take what AM_TOKEN holds", 1),
        ("404 Not Found", (), "refused", "no Alertmanager of API v2 at", 1),
        ("413 Content Too Large", (), "refused", "answered 413", 1),
        ("302 Found", ("location: http://169.254.169.254/",), "refused", "answered 302", 1),
    ],
)
async def test_what_it_answers_is_tried_again_only_where_that_helps(
    there: Receiver,
    http: GatedHttp,
    status: str,
    headers: tuple[str, ...],
    kind: str,
    says: str,
    requests: int,
) -> None:
    manager = Alertmanager(key="am", url=f"http://am.internal:{there.port}/prefix/", token_env="AM_TOKEN")
    there.will_say(status, *headers, body=b'"no good"')
    outcome = await telling(http, manager, {"AM_TOKEN": "secret"}).send("am", uuid4(), EVERYTHING)
    assert (outcome.kind, len(there.requests)) == (kind, requests)
    assert says in outcome.reason
    assert outcome.retry_after == (timedelta(seconds=30) if headers and "30" in headers[0] else None)
    assert {each.path for each in there.requests} == {"/prefix/api/v2/alerts"}
    assert [len(json.loads(each.body)) for each in there.requests] == [BATCH, 1][:requests]


async def test_a_token_and_a_password_are_shown_as_they_should_be(there: Receiver, http: GatedHttp) -> None:
    url = f"http://am.internal:{there.port}"
    token = Alertmanager(key="am", url=url, token_env="HELD")
    basic = Alertmanager(key="am", url=url, user="lan", password_env="HELD")
    for manager, held in ((token, "s3cret\n"), (basic, "mở")):
        assert (await telling(http, manager, {"HELD": held}).send("am", uuid4(), EVERYTHING)).kind == "sent"
    shown = {each.headers["authorization"] for each in there.requests}
    assert shown == {"Bearer s3cret", "Basic bGFuOm3hu58="}
    odd = await telling(http, token, {"HELD": "mở"}).send("am", uuid4(), EVERYTHING)
    assert odd.reason == "HELD holds no token: it has signs that no header can carry"


async def test_it_is_asked_though_there_is_nothing_to_tell(there: Receiver, http: GatedHttp) -> None:
    nothing = Alerts()
    nothing.many = 0
    way = telling(http, Alertmanager(key="am", url=f"http://am.internal:{there.port}"), {}, nothing)
    assert (await way.send("am", uuid4(), EVERYTHING)).kind == "sent"
    assert (await way.send("am", uuid4(), msgspec.json.encode(Pass(at=START, since=START)))).kind == "sent"
    assert [each.body for each in there.requests] == [b"[]"]


async def test_what_cannot_be_told_says_why(http: GatedHttp) -> None:
    manager = Alertmanager(key="am", url="http://am.internal:1", token_env="AM_TOKEN")
    gone = await telling(http, manager, {}).send("other", uuid4(), EVERYTHING)
    assert (gone.kind, gone.reason) == ("refused", "the desk has no Alertmanager 'other'")
    poor = await telling(http, manager, {}).send("am", uuid4(), EVERYTHING)
    assert (poor.kind, poor.reason) == ("failed", "AM_TOKEN is not in the environment")
    closed = GatedHttp(Gate([], loopback))
    inside = await telling(closed, manager, {"AM_TOKEN": "x"}).send("am", uuid4(), EVERYTHING)
    said = "am.internal leads to 127.0.0.1, which is not public: TICKETS_ALLOW_PRIVATE_WEBHOOKS may name it"
    assert (inside.kind, inside.reason) == ("refused", said)
    await closed.close()
