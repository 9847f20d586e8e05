"""Open alerts show in real Alertmanagers: at once, again and again, and no longer than somebody is wanted."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from tests.alertmanagers import PASSWORD, USER, RealAlertmanager, alertmanager
from tests.journeys.conftest import Shop, opened

from tickets.adapters import system
from tickets.adapters.alertmanager import BATCH, AlertmanagerWay
from tickets.adapters.direct import Post
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.webhook_address import Gate
from tickets.application.desk.model import Desk
from tickets.application.outbox.alertmanager import EVERY, LIVES, REST
from tickets.application.outbox.deliver import Deliver, Verdict
from tickets.application.outbox.delivered import Delivered
from tickets.application.outbox.give_up import GiveUp
from tickets.persistence.alertmanagers import PostgresAlertmanagers, row_of
from tickets.worker.alertmanagers import TellAlertmanagers
from tickets.worker.witness import Clerk

WATCHED: dict[str, dict[str, object]] = {
    "escalation_policies/watch": {
        "levels": [
            {
                "name": "broken",
                "after_due": "PT0S",
                "repeat": "PT10S",
                "repeat_limit": 2,
                "notify": ["email:night@shop.example.vn"],
            }
        ],
        "fallback": ["email:manager@shop.example.vn"],
    },
    "sla_policies/watched": {
        "order": 1,
        "when": {"tags": ["watched"]},
        "escalation": "watch",
        "calendar": "always_open",
        "targets": [{"metric": "first_response", "budget": "PT10S"}],
    },
}


@dataclass
class Watched:
    """A shop whose clock is some minutes behind the Alertmanagers': its now must not be to come there."""

    shop: Shop
    http: GatedHttp
    environment: dict[str, str] = field(default_factory=dict)

    async def desk(self) -> Desk:
        return (await self.shop.app.parts.desks.current()).desk

    async def put(self, path: str, **body: object) -> None:
        answer = await self.shop.client.put(f"/v1/desk/{path}", json=body)
        assert answer.is_success, answer.text

    async def tell(self, *keys: str) -> list[Verdict | None]:
        """One look of a worker, and the attempts that follow from it."""
        app, engine = self.shop.app, self.shop.app.engine

        async def named() -> dict[str, object]:
            return dict((await self.desk()).alertmanagers)

        passes = PostgresAlertmanagers(engine)
        await TellAlertmanagers(passes, named, self.shop.now, lambda: None).look()
        notices = app.parts.house.notices
        post = Post(self.http, self.shop.now)
        way = AlertmanagerWay(post, self.desk, passes, notices, self.environment)
        deliver = Deliver(
            outbox=app.outbox,
            ways={"alertmanager": way},
            clock=self.shop.now,
            jitter=lambda: 0.0,
            witness=Clerk(app.parts.metrics),
            bury=GiveUp(app.parts.house, app.outbox),
            settle=Delivered(app.parts.house, app.outbox),
        )
        return [await deliver(row_of(key)) for key in keys]

    async def late(self, subject: str = "Không lên nguồn", **more: object) -> dict[str, Any]:
        """A ticket that has just broken its promise."""
        ticket = await self.shop.post("/v1/tickets", {"subject": subject, "tags": ["watched"], **more})
        self.shop.instant += timedelta(seconds=11)
        await self.shop.tick()
        return ticket


@pytest.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[Watched]:
    async with opened(database_url, tmp_path, {}) as shop:
        shop.instant = system.now().replace(microsecond=0) - timedelta(minutes=6)
        http = GatedHttp(Gate(["127.0.0.1"]))
        made = Watched(shop, http)
        for path, body in WATCHED.items():
            await made.put(path, **body)
        yield made
        await http.close()


@pytest.fixture(scope="session")
def server() -> Iterator[RealAlertmanager]:
    """One for all stories that leave it as it is: every story has its own ticket numbers and alerts."""
    with alertmanager() as made:
        yield made


@pytest.fixture
def there(server: RealAlertmanager) -> RealAlertmanager:
    """An empty one."""
    server.kill()
    server.start()
    return server


async def test_a_broken_promise_fires_there_since_it_broke(watched: Watched, there: RealAlertmanager) -> None:
    await watched.put("alertmanagers/am", url=there.url, labels={"cluster": "hcm"}, language="vi")
    ticket = await watched.late("Tủ lạnh hỏng – không lên nguồn ☹", priority="urgent")
    await watched.tell("am")
    (fires,) = there.alerts()
    (alert,) = (await watched.shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert fires["labels"] == {
        "alertname": "TicketPromise",
        "severity": "critical",
        "priority": "urgent",
        "metric": "first_response",
        "level": "broken",
        "policy": "watch",
        "channel": "api",
        "ticket": str(ticket["number"]),
        "alert": alert["id"],
        "cluster": "hcm",
        **({"team": alert["team"]} if alert["team"] else {}),
    }
    assert instant(fires["startsAt"]) == instant(alert["occurred_at"])
    said = fires["annotations"]
    assert said["summary"].startswith("Khẩn cấp: phản hồi đầu tiên của phiếu #")
    assert said["summary"].endswith("Tủ lạnh hỏng – không lên nguồn ☹")
    assert "Phiếu #" in said["description"]
    assert said["link"] == fires["generatorURL"] == f"http://127.0.0.1:8080/v1/tickets/{ticket['id']}"


async def test_what_somebody_has_fires_no_longer_and_what_is_solved_neither(
    watched: Watched, there: RealAlertmanager
) -> None:
    await watched.put("alertmanagers/am", url=there.url)
    first, second = await watched.late("một"), await watched.late("hai")
    await watched.tell("am")
    assert len(there.alerts()) == 2
    (alert,) = [
        each
        for each in (await watched.shop.get(f"/v1/alerts?ticket={first['id']}"))["items"]
        if each["repeat"] == 0
    ]
    await watched.shop.post(f"/v1/alerts/{alert['id']}/acknowledge", status=204)
    await watched.tell("am")
    assert [each["labels"]["ticket"] for each in there.alerts()] == [str(second["number"])]
    await watched.shop.post(f"/v1/tickets/{second['id']}/solve", {}, status=200)
    await watched.tell("am")
    assert there.alerts() == []


async def test_a_repeat_is_no_second_alert(watched: Watched, there: RealAlertmanager) -> None:
    await watched.put("alertmanagers/am", url=there.url)
    ticket = await watched.late()
    await watched.shop.pass_time(seconds=25)
    assert len((await watched.shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]) == 3
    await watched.tell("am")
    assert there.levels() == ["broken"]


async def test_an_alertmanager_that_starts_empty_has_them_again_within_a_minute(
    watched: Watched, there: RealAlertmanager
) -> None:
    await watched.put("alertmanagers/am", url=there.url)
    await watched.late()
    await watched.tell("am")
    before = there.alerts()
    there.kill()
    there.start()
    assert await watched.tell("am") == [None]
    assert there.alerts() == []
    watched.shop.instant += EVERY
    await watched.tell("am")
    assert [each["labels"] for each in there.alerts()] == [each["labels"] for each in before]


async def test_what_is_told_again_lives_on_and_nothing_is_told_when_nothing_moves(
    watched: Watched, there: RealAlertmanager
) -> None:
    await watched.put("alertmanagers/am", url=there.url)
    await watched.late()
    told = [await watched.tell("am")]
    ends = [instant(there.alerts()[0]["endsAt"])]
    for _ in range(12):
        watched.shop.instant += EVERY / 6
        told.append(await watched.tell("am"))
        ends.append(instant(there.alerts()[0]["endsAt"]))
    assert [bool(each[0]) for each in told] == [True, *([False] * 5 + [True]) * 2]
    assert max(ends) == watched.shop.instant + LIVES


async def test_nothing_is_lost_while_one_is_away(watched: Watched, there: RealAlertmanager) -> None:
    await watched.put("alertmanagers/am", url=there.url)
    over = await watched.late("trước")
    await watched.tell("am")
    there.kill()
    await watched.late("trong lúc mất")
    await watched.shop.post(f"/v1/tickets/{over['id']}/solve", {}, status=200)
    for _ in range(3):
        await watched.tell("am")
        watched.shop.instant += EVERY / 3
    await watched.shop.app.parts.measure()
    age = 'tickets_alertmanager_age_seconds{alertmanager="am"} 71.0'
    assert age in watched.shop.app.parts.metrics.exposition().decode()
    there.start()
    watched.shop.instant += EVERY
    await watched.tell("am")
    (fires,) = there.alerts()
    assert fires["annotations"]["summary"].endswith("trong lúc mất")


async def test_each_of_two_is_told_and_a_dead_one_delays_not_the_other(
    watched: Watched, there: RealAlertmanager
) -> None:
    await watched.put("alertmanagers/dead", url="http://127.0.0.1:9")
    await watched.put("alertmanagers/one", url=there.url)
    with alertmanager() as second:
        await watched.put("alertmanagers/two", url=second.url)
        await watched.late()
        for _ in range(2):
            await watched.tell("dead", "one", "two")
        assert there.levels() == second.levels() == ["broken"]
    failing = await watched.shop.get("/v1/endpoints/alertmanager:dead")
    assert failing["failures"] == 1
    assert "cannot be reached" in failing["last_error"]


async def test_a_wrong_password_is_said_at_once_and_asked_again_when_it_may_be_mended(
    watched: Watched,
) -> None:
    with alertmanager(password=True) as guarded:
        await watched.put("alertmanagers/am", url=guarded.url, user=USER, password_env="AM_PASSWORD")
        (missing,) = await watched.tell("am")
        assert "AM_PASSWORD is not in the environment" in str(missing)
        watched.environment["AM_PASSWORD"] = "sai"
        watched.shop.instant += EVERY
        with capture_logs() as lines:
            await watched.tell("am")
        (line,) = [each for each in lines if each["event"] == "delivery_dead"]
        assert line["reason"] == "answered 401: it does not take what AM_PASSWORD holds"
        assert PASSWORD not in str(lines)
        (dead,) = (await watched.shop.get("/v1/outbox?state=dead"))["items"]
        assert (dead["destination"], dead["last_error"]) == ("am", line["reason"])
        counted = 'tickets_deliveries_dead_total{way="alertmanager"} 1.0'
        assert counted in watched.shop.app.parts.metrics.exposition().decode()
        await watched.late()
        assert await watched.tell("am") == [None]
        watched.environment["AM_PASSWORD"] = PASSWORD
        watched.shop.instant += REST - timedelta(seconds=11)
        await watched.tell("am")
        assert guarded.levels() == ["broken"]


MANY = """
INSERT INTO alert (id, ticket_id, metric, cycle, level, repeat, covers, recipients, state, occurred_at,
                   detected_at)
SELECT gen_random_uuid(), ticket_id, metric, n, level, 0, '{}', '[]', 'open', occurred_at, detected_at
FROM alert, generate_series(2, 5000) AS n
"""


async def test_five_thousand_go_in_batches(watched: Watched, there: RealAlertmanager) -> None:
    await watched.put("alertmanagers/am", url=there.url)
    await watched.late()
    await watched.shop.app.engine.execute(MANY)
    sizes: list[int] = []
    http = Measured(Gate(["127.0.0.1"]), sizes)
    watched.http, plain = http, watched.http
    await watched.tell("am")
    watched.http = plain
    await http.close()
    assert len(sizes) in {20, 21}
    assert max(sizes) < BATCH * 4_000
    assert len(there.alerts()) == 5_000


class Measured(GatedHttp):
    """Remembers how large requests are."""

    def __init__(self, gate: Gate, sizes: list[int]) -> None:
        super().__init__(gate)
        self.sizes = sizes

    async def request(
        self, to: str, body: bytes, headers: Mapping[str, str], method: str = "POST"
    ) -> httpx.Request:
        self.sizes.append(len(body))
        return await super().request(to, body, headers, method)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
