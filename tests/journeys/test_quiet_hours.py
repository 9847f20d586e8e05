"""Quiet hours: pages wait for the morning, though never an alert that nobody hears of."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY
from tests.journeys.test_dead_deliveries import LEAD, MANAGER, Post, alerted
from tests.worker.stage import START

from tickets.application.desk.check import check
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.stored import Published
from tickets.application.outbox.deliver import Claimed
from tickets.application.outbox.give_up import GiveUp
from tickets.application.outbox.put_off import LAST_RESORT, LONGEST, PutOff, quiet_until

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYTIME = {"timezone": "Asia/Ho_Chi_Minh", "hours": {day: [["07:00", "21:00"]] for day in DAYS}}
NIGHT = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""01:00 in Hà Nội."""
MORNING = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)

DESK = CompiledDesk(
    Published(
        check(
            """
calendars:
  daytime: {timezone: Asia/Ho_Chi_Minh, hours: {mon: [["07:00", "21:00"]], wed: [["00:00", "24:00"]]}}
agents:
  lan: {email: lan@shop.vn, phone: "+84903123456", paged_in: daytime}
  minh: {email: minh@shop.vn}
"""
        ).desk,
        {},
    )
)
PAGE = Claimed(
    id=UUID(NOBODY),
    way="email",
    destination="lan@shop.vn",
    body=b"",
    cause={"alert": NOBODY, "ticket": NOBODY},
    attempts=1,
    fence=1,
    created_at=START,
    since=START,
    alert_state="open",
    priority="high",
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(now=instants)
def test_a_page_waits_exactly_until_quiet_hours_end_and_leaves_then(now: datetime) -> None:
    until = quiet_until(PAGE, DESK, now)
    calendar = DESK.paged_in("lan@shop.vn")
    assert calendar is not None
    if until is None:
        assert calendar.is_open(now)
    else:
        assert now < until <= now + LONGEST
        assert not calendar.is_open(now)
        assert quiet_until(PAGE, DESK, until) is None
        assert quiet_until(PAGE, DESK, until - timedelta(microseconds=1)) == until


def test_a_telephone_is_as_quiet_as_the_mailbox() -> None:
    ringing = replace(PAGE, way="pager", destination="sms/+84903123456")
    assert quiet_until(ringing, DESK, NIGHT) == quiet_until(PAGE, DESK, NIGHT)
    assert quiet_until(replace(ringing, destination="room"), DESK, NIGHT) is None


@pytest.mark.parametrize(
    "page",
    [
        replace(PAGE, priority="urgent"),
        replace(PAGE, cause=PAGE.cause | {LAST_RESORT: True}),
        replace(PAGE, destination="minh@shop.vn"),
        replace(PAGE, destination="stranger@shop.vn"),
        replace(PAGE, way="webhook", destination="lan@shop.vn"),
    ],
    ids=["urgent", "last resort", "no quiet hours", "no agent", "a program"],
)
@given(now=instants)
def test_some_pages_never_wait(page: Claimed, now: datetime) -> None:
    assert quiet_until(page, DESK, now) is None


class Night(Post):
    """The mail of a shop whose lead sleeps."""

    def __init__(self, shop: Shop, *dead: str) -> None:
        super().__init__(shop, *dead)
        outbox, waiting = shop.app.outbox, shop.app.parts.metrics.pages_put_off.inc
        put_off = PutOff(GiveUp(shop.app.parts.house, outbox), outbox, waiting)
        self.deliver = replace(self.deliver, hold_back=(put_off,))

    async def run(self) -> None:
        """Deliver what is due now."""
        now = self.shop.instant
        while rows := await self.shop.app.outbox.ring(now, now + timedelta(minutes=1), 50):
            for row in rows:
                await self.deliver(row)


@pytest.fixture
async def night(shop: Shop) -> Shop:
    """The shop at one in the morning; its lead is paged in the daytime."""
    answer = await shop.client.put("/v1/desk/calendars/daytime", json=DAYTIME)
    assert answer.status_code == 200, answer.text
    lead = (await shop.client.get("/v1/desk/agents/sales-lead")).json()
    answer = await shop.client.put("/v1/desk/agents/sales-lead", json={**lead, "paged_in": "daytime"})
    assert answer.status_code == 200, answer.text
    await notify(shop, "agent:sales-lead", "email:night@shop.vn")
    shop.instant = NIGHT
    return shop


async def notify(shop: Shop, *targets: str) -> None:
    """Whom the drill's level tells."""
    policy = {
        "levels": [{"name": "all", "after_due": "PT0S", "notify": targets}],
        "fallback": ["email:manager@shop.example.vn"],
    }
    answer = await shop.client.put("/v1/desk/escalation_policies/urgent", json=policy)
    assert answer.status_code == 200, answer.text


async def lines(shop: Shop, ticket: str) -> list[dict[str, object]]:
    found = (await shop.get(f"/v1/tickets/{ticket}/events?limit=200"))["items"]
    return [line["data"] for line in found if line["type"] == "page_put_off"]


async def test_who_sleeps_is_paged_in_the_morning_when_somebody_else_hears_now(night: Shop) -> None:
    ticket, post = await alerted(night), Night(night)
    await post.run()
    assert post.taken == ["night@shop.vn"]
    (line,) = await lines(night, ticket)
    assert (line["destination"], line["until"]) == (LEAD, "2026-03-03T00:00:00Z")
    waiting = (await night.get("/v1/outbox?state=pending"))["items"]
    assert [(row["destination"], row["attempts"]) for row in waiting] == [(LEAD, 0)]
    assert waiting[0]["put_off_until"] == "2026-03-03T00:00:00Z"
    assert night.app.parts.metrics.registry.get_sample_value("tickets_pages_put_off_total") == 1
    night.instant = MORNING - timedelta(minutes=1)
    assert "tickets_outbox_age_seconds 0.0" in (await night.client.get("/metrics")).text  # nothing is late
    night.instant = MORNING
    await post.run()
    assert post.taken == ["night@shop.vn", LEAD]


async def test_what_somebody_has_by_the_morning_is_withdrawn(night: Shop) -> None:
    ticket, post = await alerted(night), Night(night)
    await post.run()
    for alert in (await night.get(f"/v1/alerts?ticket={ticket}"))["items"]:
        await night.post(f"/v1/alerts/{alert['id']}/acknowledge", status=204)
    night.instant = MORNING
    await post.run()
    assert LEAD not in post.taken
    assert (await night.get("/v1/outbox?state=withdrawn"))["items"][0]["destination"] == LEAD


async def test_when_everybody_sleeps_the_fallback_hears_at_once(night: Shop) -> None:
    await notify(night, "agent:sales-lead")
    ticket, post = await alerted(night), Night(night)
    await post.run()
    assert post.taken == [MANAGER]
    (line,) = await lines(night, ticket)
    assert line["instead"] == ["email:manager@shop.example.vn"]
    night.instant = MORNING
    await post.run()
    assert post.taken == [MANAGER, LEAD]


async def test_who_is_the_last_resort_is_woken(night: Shop) -> None:
    policy = {
        "levels": [{"name": "all", "after_due": "PT0S", "notify": ["agent:sales-lead"]}],
        "fallback": ["agent:sales-lead"],
    }
    answer = await night.client.put("/v1/desk/escalation_policies/urgent", json=policy)
    assert answer.status_code == 200, answer.text
    await alerted(night)
    post = Night(night)
    await post.run()
    assert post.taken == [LEAD]


async def test_an_urgent_ticket_wakes_people(night: Shop) -> None:
    ticket = await alerted(night)
    await night.app.engine.execute("UPDATE ticket SET priority = 'urgent' WHERE id = $1", UUID(ticket))
    post = Night(night)
    await post.run()
    assert set(post.taken) == {"night@shop.vn", LEAD}
