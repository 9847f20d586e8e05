"""The night of an on-call manager, lived by real processes: as it went, and killed over every step of it."""

import asyncio
import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from aiosmtpd.smtp import Envelope
from tests.database import TestServer
from tests.faults.mortal import POINTS, Point
from tests.faults.nursery import Nursery, Orders, nursery
from tests.faults.served import SAMPLE, free_port, until
from tests.faults.told_time import ToldTime
from tests.worker.test_smtp import Postman, smtp_server

from tickets.api.app import create_app
from tickets.application.publish import apply_file
from tickets.bootstrap import ROLES, wired
from tickets.persistence.engine import Engine
from tickets.settings import read_settings

FRIDAY = datetime(2026, 3, 6, 10, 44, tzinfo=UTC)
"""17:44 in Hà Nội."""

TURNS = range(len(POINTS)) if os.environ.get("TICKETS_TEST_LONG") else (0,)
"""At which of its points the first process of the night dies; that of the next step at the next point."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEFT = """
SELECT (SELECT count(*) FROM ticket WHERE tick_at <= $1 OR waiting_since IS NOT NULL),
       (SELECT count(*) FROM outbox WHERE wake_at <= $1),
       (SELECT count(*) FROM outbox WHERE wake_at IS NOT NULL)
"""


Step = Callable[["Night"], Awaitable[None]]


class Night:
    """One night: a service that lives on one database in a time we tell it, the hands to ask it, its mail."""

    def __init__(
        self,
        engine: Engine,
        postman: Postman,
        born: Nursery,
        orders: Orders,
        client: httpx.AsyncClient,
        eyes: httpx.AsyncClient,
    ) -> None:
        self.engine = engine
        self.eyes = eyes
        self.postman = postman
        self.born = born
        self.orders = orders
        self.client = client
        self.clock = ToldTime(Path(orders.clock or ""))
        self.asked = 0
        self.ticket = ""

    async def step(self, do: Step, death: Point | None) -> None:
        """One step of the night, by a process that dies over it; the next one ends it."""
        if death is not None:
            roles = self.orders.roles if do in ASKING else ("ticker", "worker")  # those are born sooner
            await self.born.bear(msgspec.structs.replace(self.orders, ends=(death,), roles=roles))
        before = self.born.died
        await do(self)
        await until(lambda: self.done(before), f"{do.__name__} is done")
        self.clock.forward(seconds=61)  # the leases of the dead are over
        await until(lambda: self.done(None), f"{do.__name__} has left")

    async def done(self, before: int | None) -> bool:
        """Whether nothing is due, and nothing is to leave but what a dead process has taken on."""
        due, leaving, pending = await self.engine.fetch_row(_LEFT, self.clock())  # type: ignore[misc]
        excused = before is not None and self.born.died > before
        return not due and not leaving and (excused or not pending)

    async def ask(self, method: str, path: str, body: object = None, *, key: bool = True) -> httpx.Response:
        """Ask until somebody answers, as clients do; a POST is the same one every time."""
        self.asked += 1
        asked = self.client.build_request(method, path, json=body)
        if key and method == "POST":
            asked.headers["Idempotency-Key"] = f"night-{self.asked}"
        if not key:
            del asked.headers["Authorization"]
        answers: list[httpx.Response] = []

        async def answered() -> bool:
            try:
                answers.append(await self.client.send(asked))
            except httpx.TransportError:
                return False
            return True

        await until(answered, f"{method} {path} is answered")
        assert answers[0].is_success, answers[0].text
        return answers[0]

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What a GET shows; we look with our own eyes."""
        return (await self.eyes.get(path)).raise_for_status().json()

    async def run(self) -> dict[str, Any]:
        """The run of the night."""
        (found,) = (await self.get(f"/v1/tickets/{self.ticket}/escalations"))["runs"]
        return dict(found)

    async def pages(self) -> list[tuple[str, str, list[str]]]:
        """Level, instant and recipients of every alert of the run, the oldest first."""
        found = reversed((await self.get(f"/v1/alerts?ticket={self.ticket}"))["items"])
        return [(e["level"], e["occurred_at"][11:16], e["recipients"]) for e in found if e["run"]]


class Told(NamedTuple):
    """What is left of a night: its history, its alerts, the mails by whom they went to."""

    history: list[str]
    alerts: list[str]
    mails: dict[str, list[str]]


async def staffed(night: Night) -> None:
    """Two lines on call; the second is on leave tonight, so the manager has put somebody in their place."""
    week = {"timezone": "Asia/Ho_Chi_Minh", "layers": []}
    for line, agent in (("first-line", "sales-hn-1"), ("second-line", "warranty-lead")):
        layer = {"name": line, "starts_on": "2026-01-05T08:00:00", "rotation": "weekly", "agents": [agent]}
        await night.ask("PUT", f"/v1/desk/on_call_schedules/{line}", {**week, "layers": [layer]})
    levels: list[dict[str, Any]] = [
        {"name": "broken", "after_due": "PT0S", "notify": ["team_lead"]},
        {"name": "first", "delay": "PT2M", "notify": ["on_call:first-line"]},
        {"name": "second", "delay": "PT12M", "notify": ["on_call:second-line"]},
    ]
    levels[1] |= {"repeat": "PT5M", "repeat_limit": 1}
    levels[2] |= {"actions": {"raise_priority": "urgent"}}
    fallback = ["email:manager@shop.example.vn"]
    policy = {"levels": levels, "fallback": fallback, "acknowledge_within": "PT30M"}
    await night.ask("PUT", "/v1/desk/escalation_policies/night", policy)
    target = {"metric": "first_response", "budget": "PT15M", "at_risk": None}
    promise = {"order": 1, "when": {"tags": ["đơn-lớn"]}, "escalation": "night", "targets": [target]}
    await night.ask("PUT", "/v1/desk/sla_policies/big-orders", promise)
    leave = {"starts_at": "2026-03-06T00:00:00+07:00", "ends_at": "2026-03-09T00:00:00+07:00"}
    await night.ask("PUT", "/v1/agents/warranty-lead/leave", leave)
    override = {**leave, "agent": "sales-hcm-1", "reason": "nghỉ phép"}
    await night.ask("POST", "/v1/schedules/second-line/overrides", {"overrides": [override]})


async def a_big_order_at_17_44(night: Night) -> None:
    """A customer writes, and nobody answers."""
    customer = {"name": "Lan", "email": "lan@example.com"}
    body = {"subject": "Đơn 200 máy lạnh", "tags": ["đơn-lớn"], "customer": customer}
    night.ticket = (await night.ask("POST", "/v1/tickets", body)).json()["id"]


async def its_promise_breaks_at_17_59(night: Night) -> None:
    night.clock.tell(FRIDAY.replace(minute=59, second=1))


async def the_first_line_is_paged(night: Night) -> None:
    found = await night.run()
    assert (found["cause"], found["state"], found["level"]) == ("sla:first_response:1", "open", "broken")
    assert found["began_at"].startswith("2026-03-06T10:59:00")  # 17:59
    assert found["next"]["level"] == "first"
    night.clock.tell(FRIDAY.replace(hour=11, minute=1, second=1))


async def and_again_for_there_was_no_answer(night: Night) -> None:
    night.clock.tell(FRIDAY.replace(hour=11, minute=6, second=1))


async def the_second_line_is_paged_and_not_who_is_on_leave(night: Night) -> None:
    night.clock.tell(FRIDAY.replace(hour=11, minute=11, second=1))


async def they_have_it_from_the_phone(night: Night) -> None:
    assert await night.pages() == [
        ("broken", "10:59", ["agent:sales-lead"]),
        ("first", "11:01", ["agent:sales-hn-1"]),
        ("first", "11:06", ["agent:sales-hn-1"]),
        ("second", "11:11", ["agent:sales-hcm-1"]),
    ]
    assert (await night.get(f"/v1/tickets/{night.ticket}"))["priority"] == "urgent"
    mails = [one for one in night.postman.taken if one.rcpt_tos == ["sales-hcm-1@shop.example.vn"]]
    text = message_from_bytes(content(mails[-1]), policy=default).get_content()
    (url,) = [line.partition(": ")[2] for line in text.splitlines() if "/v1/escalations/" in line]
    link = httpx.URL(url).raw_path.decode()
    await night.ask("GET", link, key=False)
    assert (await night.run())["state"] == "open"
    assert "agent:sales-hcm-1" in (await night.ask("POST", link, key=False)).text


async def nobody_hears_anything_more(night: Night) -> None:
    assert (await night.run())["acknowledged_by"] == ["agent:sales-hcm-1"]
    night.clock.forward(minutes=20)


async def the_customer_is_answered(night: Night) -> None:
    assert len(await night.pages()) == 4
    reply = {"kind": "public_reply", "text": "Chào chị Lan, hàng có ngay tối nay."}
    await night.ask("POST", f"/v1/tickets/{night.ticket}/messages", reply)


async def morning_comes(night: Night) -> None:
    night.clock.forward(hours=12)


async def it_is_over(night: Night) -> None:
    found = await night.run()
    assert (found["state"], found["next"]) == ("resolved", None)
    assert len(await night.pages()) == 4


STORY = (
    a_big_order_at_17_44,
    its_promise_breaks_at_17_59,
    the_first_line_is_paged,
    and_again_for_there_was_no_answer,
    the_second_line_is_paged_and_not_who_is_on_leave,
    they_have_it_from_the_phone,
    nobody_hears_anything_more,
    the_customer_is_answered,
    morning_comes,
    it_is_over,
)
ASKING = frozenset({a_big_order_at_17_44, they_have_it_from_the_phone, the_customer_is_answered})


@asynccontextmanager
async def fallen(postgres: TestServer, born: Nursery, folder: Path) -> AsyncIterator[Night]:
    """Night has fallen over a shop of its own."""
    clock = ToldTime(folder / "clock")
    clock.tell(FRIDAY)
    settings = read_settings({"TICKETS_DATA_DIR": str(folder)})
    url, postman, port = await postgres.create(), Postman(), free_port()
    async with smtp_server(postman) as smtp, wired(settings, url, now=clock) as app:
        await apply_file(app.parts.desks, await asyncio.to_thread(Path(SAMPLE).read_text, "utf-8"), FRIDAY)
        key = await app.parts.api_keys.bootstrap(app.parts.new_id(), FRIDAY)
        environment = {
            "TICKETS_DATA_DIR": str(folder),
            "TICKETS_PORT": str(port),
            "TICKETS_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}",
        }
        orders = Orders(
            url=url, environment=environment, children=1, roles=tuple(sorted(ROLES)), clock=str(clock.file)
        )
        headers = {"Authorization": f"Bearer {key}"}
        ours = httpx.ASGITransport(create_app(app.parts))  # type: ignore[arg-type]
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client,
            httpx.AsyncClient(base_url="http://shop.test", headers=headers, transport=ours) as eyes,
        ):
            night = Night(app.engine, postman, born, orders, client, eyes)
            await born.bear(orders)
            try:
                yield night
            finally:
                await born.bear(msgspec.structs.replace(orders, children=0))
    await postgres.drop(url)


async def lived(night: Night, turn: int | None) -> Told:
    """The whole night; with a turn, by processes of which each dies at another point of its step."""
    await staffed(night)
    points = None if turn is None else cycle(POINTS[turn:] + POINTS[:turn])
    for do in STORY:
        await night.step(do, None if points is None else next(points))
    events = (await night.get(f"/v1/tickets/{night.ticket}/events"))["items"]
    for each in events:
        if each["type"] == "delivered":  # that may take another attempt, a minute later
            each |= {"occurred_at": "", "detected_at": "", "data": each["data"] | {"attempts": 0}}
    alerts = (await night.get(f"/v1/alerts?ticket={night.ticket}"))["items"]
    return Told([_anonymous(each) for each in events], [_anonymous(each) for each in alerts], mails(night))


def mails(night: Night) -> dict[str, list[str]]:
    """The subjects of the mails to each: of every id one, whose bytes were the same every time."""
    ids: dict[str, bytes] = {}
    found: dict[str, list[str]] = defaultdict(list)
    for taken in night.postman.taken:
        mail = message_from_bytes(body := content(taken), policy=default)
        if ids.setdefault(mail["Message-ID"], body) is body:
            found[taken.rcpt_tos[0]].append(mail["Subject"])
        assert ids[mail["Message-ID"]] == body
    return {whom: sorted(subjects) for whom, subjects in found.items()}


def content(taken: Envelope) -> bytes:
    """The bytes of a mail."""
    assert isinstance(taken.content, bytes)
    return taken.content


def _anonymous(shown: dict[str, object]) -> str:
    return _UUID.sub("…", repr(shown))


@pytest.fixture(scope="module")
async def as_it_went(
    templated_postgres: TestServer, born: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Told:
    """The night on which nobody was killed."""
    async with fallen(templated_postgres, born, tmp_path_factory.mktemp("night")) as night:
        told = await lived(night, None)
        assert len(night.postman.taken) == sum(map(len, told.mails.values()))
    return told


@pytest.fixture(scope="module")
async def born(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    """Where processes come from."""
    async with nursery(tmp_path_factory.mktemp("nursery") / "log") as made:
        yield made


def test_a_friday_at_one_minute_to_six(as_it_went: Told) -> None:
    paged = {whom.partition("@")[0]: len(subjects) for whom, subjects in as_it_went.mails.items()}
    assert "phản hồi đầu tiên của phiếu #1 (first)" in as_it_went.mails["sales-hn-1@shop.example.vn"][0]
    assert paged.items() >= {"sales-hn-1": 2, "sales-hcm-1": 1, "lan": 1}.items()
    assert not {"manager", "warranty-lead"} & paged.keys()
    types = [found for each in as_it_went.history for found in re.findall(r"'escalation\.(\w+)'", each)]
    assert types == ["begun", "acknowledged", "resolved"]
    assert sum("'metric': 'first_response'" in each for each in as_it_went.alerts) == 4
    assert all("'state': 'resolved'" in each for each in as_it_went.alerts if "first_response" in each)


@pytest.mark.parametrize("turn", TURNS)
async def test_the_same_night_with_the_service_killed_over_every_step(
    as_it_went: Told, templated_postgres: TestServer, born: Nursery, tmp_path: Path, turn: int
) -> None:
    async with fallen(templated_postgres, born, tmp_path) as night:
        told = await lived(night, turn)
    assert told == as_it_went
