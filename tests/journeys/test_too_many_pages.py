"""An alert storm: one person gets some pages, and one digest of all the others; none is dropped."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.journeys.conftest import Shop
from tests.journeys.test_dead_deliveries import Post
from tests.worker.stage import Attempt

from tickets.application.notices.digest import Digests
from tickets.application.outbox.deliver import Again, Outcome
from tickets.application.outbox.gather import Gather
from tickets.application.outbox.give_up import GiveUp
from tickets.bootstrap import Application

DUTY, MANAGER, MOST = "duty@shop.example.vn", "manager@shop.example.vn", 3
HOUR = timedelta(hours=1)


class Storm(Post):
    """The mail of a shop in which nobody gets more than a few pages an hour."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self.outcomes: dict[str, Outcome] = {}
        self.sent: list[Attempt] = []
        app: Application = shop.app
        digests = Digests(sender="tickets@shop.example.vn", public_url="https://tickets.example")
        gather = Gather(app.parts.house, app.outbox, digests, app.parts.metrics.pages_gathered.inc)
        self.deliver = replace(
            self.deliver,
            hold_back=(gather,),
            compose=gather.compose,
            bury=GiveUp(app.parts.house, app.outbox),
        )

    async def send(self, destination: str, row: object, body: bytes) -> Outcome:
        """Take it, or do as it was told."""
        assert isinstance(row, UUID)
        self.sent.append(Attempt(destination, row, body))
        return self.outcomes.get(destination, Outcome.sent())

    async def run(self) -> list[object]:
        """Deliver what is due now, until nothing is."""
        now = self.shop.instant
        verdicts: list[object] = []
        while rows := await self.shop.app.outbox.ring(now, now + timedelta(minutes=1), 50):
            verdicts += [await self.deliver(row) for row in rows]
        return verdicts

    def mails(self, to: str = DUTY) -> list[tuple[str, str]]:
        """Subject and text of what was tried."""
        found = [
            message_from_bytes(each.body, policy=default) for each in self.sent if each.destination == to
        ]
        return [(str(mail["Subject"]), mail.get_content()) for mail in found]


@pytest.fixture
async def storm(shop: Shop) -> Storm:
    """The shop, its duty told of every drill."""
    policy = {
        "levels": [{"name": "all", "after_due": "PT0S", "notify": [f"email:{DUTY}"]}],
        "fallback": [f"email:{MANAGER}"],
    }
    desk = (await shop.client.get("/v1/desk/settings/desk")).json()
    for path, body in (
        ("escalation_policies/urgent", policy),
        ("settings/desk", {**desk, "pages_an_hour": MOST, "language": "en"}),
    ):
        answer = await shop.client.put(f"/v1/desk/{path}", json=body)
        assert answer.status_code == 200, answer.text
    return Storm(shop)


async def alerted(shop: Shop, count: int) -> list[str]:
    """That many drills, all escalated."""
    found = [
        str((await shop.post("/v1/tickets", {"subject": f"Diễn tập {n}", "tags": ["drill"]}))["id"])
        for n in range(count)
    ]
    await shop.pass_time(seconds=21)
    return found


async def states(shop: Shop) -> dict[str, int]:
    """How many rows there are of each state."""
    rows = await shop.app.engine.fetch("SELECT state, count(*) FROM outbox GROUP BY state")
    return {str(row[0]): row[1] for row in rows}


async def test_what_is_throttled_is_seen_at_once_and_leaves_as_one_mail(shop: Shop, storm: Storm) -> None:
    tickets = await alerted(shop, 5)
    await storm.run()
    assert len(storm.mails()) == MOST
    assert await states(shop) == {"settled": MOST, "gathered": 2, "pending": 1}
    lines = [
        line["data"]
        for ticket in tickets
        for line in (await shop.get(f"/v1/tickets/{ticket}/events?limit=200"))["items"]
        if line["type"] == "page_gathered"
    ]
    assert len(lines) == 2
    assert lines[0]["destination"] == DUTY
    seen = shop.app.parts.metrics.registry.get_sample_value("tickets_pages_gathered_total")
    assert seen == 2
    gathered = (await shop.get("/v1/outbox?state=gathered"))["items"]
    (digest,) = {item["gathered_into"] for item in gathered}
    waits = await shop.get(f"/v1/outbox/{digest}")
    assert waits["put_off_until"] == waits["wake_at"] > gathered[0]["created_at"]
    shop.instant += HOUR
    await storm.run()
    subject, text = storm.mails()[-1]
    assert subject == "2 more alerts within the hour"
    assert text.count("Diễn tập") == 2
    assert text.count("https://tickets.example/v1/tickets/") == 2
    assert await states(shop) == {"settled": MOST + 1, "gathered": 2}


async def test_a_webhook_leads_to_a_program_that_is_told_everything_at_once(shop: Shop, storm: Storm) -> None:
    told = {
        "levels": [{"name": "all", "after_due": "PT0S", "notify": ["webhook:ops"]}],
        "fallback": ["webhook:ops"],
    }
    for path, body in (
        ("webhooks/ops", {"url": "https://ops.example/hook"}),
        ("escalation_policies/urgent", told),
    ):
        answer = await shop.client.put(f"/v1/desk/{path}", json=body)
        assert answer.status_code == 200, answer.text
    await alerted(shop, MOST + 2)
    await storm.run()
    assert await states(shop) == {"settled": MOST + 2}


async def test_a_digest_leaves_out_what_is_over_and_does_not_leave_when_all_is(
    shop: Shop, storm: Storm
) -> None:
    tickets = await alerted(shop, 5)
    await storm.run()
    gathered = (await shop.get("/v1/outbox?state=gathered"))["items"]
    first, second = (row["cause"]["alert"] for row in gathered)
    await shop.post(f"/v1/alerts/{first}/acknowledge", status=204)
    await shop.post(f"/v1/alerts/{second}/acknowledge", status=204)
    shop.instant += HOUR
    await storm.run()
    assert len(storm.mails()) == MOST
    assert await states(shop) == {"settled": MOST, "gathered": 2, "withdrawn": 1}
    assert len(tickets) == 5


async def test_every_attempt_of_a_digest_has_the_same_bytes(shop: Shop, storm: Storm) -> None:
    await alerted(shop, 5)
    await storm.run()
    shop.instant += HOUR
    storm.outcomes[DUTY] = Outcome.failed("later", answered=True)
    (failed,) = [each for each in await storm.run() if isinstance(each, Again)]
    storm.outcomes.clear()
    alert = (await shop.get("/v1/outbox?state=gathered"))["items"][0]["cause"]["alert"]
    await shop.post(f"/v1/alerts/{alert}/acknowledge", status=204)
    shop.instant = failed.at
    await storm.run()
    ((digest, attempts),) = await shop.app.engine.fetch(
        "SELECT id, attempts FROM outbox WHERE cause ? 'digest'"
    )
    tried = [each for each in storm.sent if each.row == digest]
    assert len(tried) == attempts == 2
    assert tried[0] == tried[1]


async def test_the_pages_of_a_digest_that_cannot_leave_go_on_alone_and_then_to_the_fallback(
    shop: Shop, storm: Storm
) -> None:
    await alerted(shop, 5)
    await storm.run()
    shop.instant += HOUR
    storm.outcomes[DUTY] = Outcome.refused("550 no such mailbox")
    await storm.run()
    assert len([each for each in storm.sent if each.destination == MANAGER]) == 2
    assert "gathered" not in await states(shop)


STEPS = st.lists(st.sampled_from(["storm", "run", "hour", "minutes", "fail", "heal", "take"]), max_size=14)


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_every_page_is_sent_in_a_digest_or_withdrawn(
    shop: Shop, storm: Storm, steps: list[str]
) -> None:
    for step in steps:
        match step:
            case "storm":
                await alerted(shop, 3)
            case "run":
                await storm.run()
            case "hour" | "minutes":
                shop.instant += HOUR if step == "hour" else timedelta(minutes=7)
            case "fail":
                storm.outcomes[DUTY] = Outcome.failed("later", answered=True)
            case "heal":
                storm.outcomes.clear()
            case _:
                for alert in (await shop.get("/v1/alerts?state=open"))["items"][:2]:
                    await shop.post(f"/v1/alerts/{alert['id']}/acknowledge", status=204)
    storm.outcomes.clear()
    for _ in range(40):
        shop.instant += timedelta(minutes=31)
        await storm.run()
    assert "pending" not in await states(shop)
    lost = await shop.app.engine.fetch_value(
        """
        SELECT count(*) FROM outbox AS o JOIN alert AS a ON a.id::text = o.cause ->> 'alert'
        WHERE o.state = 'gathered' AND a.state = 'open'
          AND NOT EXISTS (SELECT FROM outbox AS d WHERE d.id = o.gathered_into AND d.state = 'settled')
        """
    )
    assert lost == 0
