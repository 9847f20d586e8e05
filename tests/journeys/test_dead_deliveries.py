"""A page that cannot be delivered: an event, a metric and somebody else's page, never a silence (law 15)."""

import asyncio
from datetime import timedelta

from tests.journeys.conftest import Shop
from tests.worker.stage import Obedient

from tickets.application.outbox.deliver import Again, Dead, Deliver, Outcome, Settled, Withdrawn
from tickets.application.outbox.delivered import Delivered
from tickets.application.outbox.give_up import GiveUp
from tickets.worker.witness import Clerk

NO_SUCH_BOX = Outcome.refused("550 no such mailbox \0\udc80")
LEAD, MANAGER = "sales-lead@shop.example.vn", "manager@shop.example.vn"


class Post:
    """The mail of the shop: some addresses are dead, perhaps all."""

    def __init__(self, shop: Shop, *dead: str, everything: bool = False) -> None:
        self.shop = shop
        self.dead = dead
        self.taken: list[str] = []
        self.answer = NO_SUCH_BOX if everything else Outcome.sent()
        parts = shop.app.parts
        self.deliver = Deliver(
            outbox=shop.app.outbox,
            ways={"email": self, "webhook": Obedient()},
            clock=shop.now,
            jitter=lambda: 0.0,
            witness=Clerk(parts.metrics),
            bury=GiveUp(parts.house, shop.app.outbox),
            settle=Delivered(parts.house, shop.app.outbox),
        )

    async def send(self, destination: str, row: object, body: bytes) -> Outcome:  # noqa: ARG002 - a way
        """Take it, or refuse it for good."""
        if destination in self.dead:
            return NO_SUCH_BOX
        if self.answer == Outcome.sent():
            self.taken.append(destination)
        return self.answer

    async def empty(self) -> list[object]:
        """Deliver until nothing is left to send; what became of each."""
        verdicts: list[object] = []
        while rows := await self.shop.app.engine.fetch(
            "SELECT id FROM outbox WHERE state = 'pending' ORDER BY id"
        ):
            verdicts += [await self.deliver(row) for (row,) in rows]
        return verdicts


async def alerted(shop: Shop) -> str:
    """A ticket whose drill has just reached the team lead and whoever is on call, the same person."""
    body = {"subject": "Diễn tập", "tags": ["drill"]}
    ticket: str = (await shop.post("/v1/tickets", body))["id"]
    await shop.pass_time(seconds=21)
    return ticket


async def history(shop: Shop, ticket: str) -> list[dict[str, object]]:
    """What the ticket says of deliveries that died."""
    lines = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    return [line["data"] for line in lines if line["type"] == "delivery_dead"]


async def test_when_the_lead_cannot_be_reached_the_fallback_hears_and_the_ticket_says_so(shop: Shop) -> None:
    ticket = await alerted(shop)
    post = Post(shop, LEAD)
    await post.empty()
    assert MANAGER in post.taken
    deaths = await history(shop, ticket)
    assert {death["destination"] for death in deaths} == {LEAD}
    assert {death["reason"] for death in deaths} == {"550 no such mailbox ?"}
    assert deaths[0]["instead"] == ["agent:warranty-lead", "email:manager@shop.example.vn"]
    assert not any("unheard" in death for death in deaths)
    for alert in (await shop.get(f"/v1/alerts?ticket={ticket}"))["items"]:
        assert "email:manager@shop.example.vn" in alert["recipients"]
    assert shop.app.parts.metrics.registry.get_sample_value(
        "tickets_deliveries_dead_total", {"way": "email"}
    ) == len(deaths)
    assert shop.app.outbox_rung.is_set()


async def test_when_nobody_is_left_the_alert_is_unheard_and_counted(shop: Shop) -> None:
    ticket = await alerted(shop)
    raised = len((await shop.get(f"/v1/alerts?ticket={ticket}"))["items"])
    verdicts = await Post(shop, everything=True).empty()
    deaths = await history(shop, ticket)
    assert len(deaths) == len(verdicts)
    assert all(isinstance(verdict, Dead) for verdict in verdicts)
    assert [bool(death.get("unheard")) for death in deaths].count(True) == raised
    assert shop.app.parts.metrics.registry.get_sample_value("tickets_alerts_unheard_total") == raised


async def test_the_fallback_is_told_once_however_many_could_not_be_reached(shop: Shop) -> None:
    people = {"levels": [{"name": "all", "after_due": "PT0S", "notify": ["email:a@x.vn", "email:b@x.vn"]}]}
    answer = await shop.client.put(
        "/v1/desk/escalation_policies/urgent", json={**people, "fallback": ["email:c@x.vn"]}
    )
    assert answer.status_code == 200, answer.text
    ticket = await alerted(shop)
    post = Post(shop, "a@x.vn", "b@x.vn")
    await post.empty()
    assert post.taken == ["c@x.vn"]
    deaths = await history(shop, ticket)
    assert [death["instead"] for death in deaths] == [["email:c@x.vn"], []]
    assert not any("unheard" in death for death in deaths)


async def acknowledged(shop: Shop, ticket: str) -> None:
    for alert in (await shop.get(f"/v1/alerts?ticket={ticket}"))["items"]:
        await shop.post(f"/v1/alerts/{alert['id']}/acknowledge", status=204)


async def withdrawn(shop: Shop, ticket: str) -> list[dict[str, object]]:
    lines = (await shop.get(f"/v1/tickets/{ticket}/events?limit=200"))["items"]
    return [line["data"] for line in lines if line["type"] == "page_withdrawn"]


async def states(shop: Shop) -> list[str]:
    return [state for (state,) in await shop.app.engine.fetch("SELECT state FROM outbox ORDER BY id")]


def unsent(shop: Shop) -> float | None:
    return shop.app.parts.metrics.registry.get_sample_value(
        "tickets_pages_unsent_total", {"why": "withdrawn"}
    )


async def test_what_somebody_has_already_is_withdrawn_in_that_moment(shop: Shop) -> None:
    ticket = await alerted(shop)
    pages = len(await states(shop))
    await acknowledged(shop, ticket)
    assert await states(shop) == ["withdrawn"] * pages
    assert await Post(shop, everything=True).empty() == []
    assert await history(shop, ticket) == []
    told = await withdrawn(shop, ticket)
    assert len(told) == pages == unsent(shop)
    assert {line["reason"] for line in told} == {"its alert is acknowledged"}
    assert {line["destination"] for line in told} >= {LEAD}


async def test_what_waits_for_its_next_attempt_is_withdrawn_when_it_comes(shop: Shop) -> None:
    ticket = await alerted(shop)
    rows = await shop.app.engine.fetch("SELECT id FROM outbox WHERE state = 'pending'")
    busy = Post(shop)
    busy.answer = Outcome.failed("451 greylisted", answered=True)
    assert {type(await busy.deliver(row)) for (row,) in rows} == {Again}
    await acknowledged(shop, ticket)
    assert set(await states(shop)) == {"pending"}
    left_alone = shop.instant + timedelta(hours=1)  # which keeps back what is to be sent, and only that
    await shop.app.engine.execute("UPDATE endpoint SET open_until = $1", left_alone)
    shop.instant += timedelta(seconds=10)
    verdicts = {await busy.deliver(row) for (row,) in rows}
    assert verdicts == {Withdrawn("its alert is acknowledged")}
    assert len(await withdrawn(shop, ticket)) == len(rows) == unsent(shop)


async def test_a_page_that_nobody_could_take_in_time_is_expired_and_the_fallback_hears(shop: Shop) -> None:
    ticket = await alerted(shop)
    shop.instant += timedelta(hours=12, seconds=1)
    post = Post(shop)
    verdicts = await post.empty()
    assert any(isinstance(verdict, Dead) and verdict.expired for verdict in verdicts)
    assert set(post.taken) == {MANAGER, "warranty-lead@shop.example.vn"}
    lines = (await shop.get(f"/v1/tickets/{ticket}/events?limit=200"))["items"]
    expired = [line["data"] for line in lines if line["type"] == "page_expired"]
    assert expired[0]["instead"] == ["agent:warranty-lead", "email:manager@shop.example.vn"]
    assert expired[0]["reason"] == "the page is older than 12:00:00"
    listed = (await shop.get("/v1/outbox?state=expired"))["items"]
    assert len(listed) == len(expired)


async def test_how_long_a_page_is_of_use_is_the_desks_to_say(shop: Shop) -> None:
    settings = (await shop.client.get("/v1/desk/settings/desk")).json()
    for wrong in ("PT1M", "soon"):
        answer = await shop.client.put("/v1/desk/settings/desk", json={**settings, "page_expiry": wrong})
        assert answer.json()["errors"][0]["pointer"] == "/page_expiry"
    answer = await shop.client.put("/v1/desk/settings/desk", json={**settings, "page_expiry": "PT1H"})
    assert answer.status_code == 200
    assert (await shop.app.parts.desks.current()).page_expiry == timedelta(hours=1)


async def test_two_workers_at_one_death_tell_of_it_once(shop: Shop) -> None:
    ticket = await alerted(shop)
    post = Post(shop, everything=True)
    rows = [row for (row,) in await shop.app.engine.fetch("SELECT id FROM outbox WHERE state = 'pending'")]
    await asyncio.gather(*(post.deliver(row) for row in rows * 3))
    assert len(await history(shop, ticket)) == len(rows)


async def test_a_worker_whose_lease_went_to_another_says_nothing(shop: Shop) -> None:
    ticket = await alerted(shop)
    (row, *_), *_ = await shop.app.engine.fetch("SELECT id FROM outbox WHERE state = 'pending'")
    post = Post(shop)
    frozen = await shop.app.outbox.claim(row, shop.instant, post.deliver.lease)
    shop.instant += post.deliver.lease
    assert frozen is not None
    assert await post.deliver(row) == Settled()
    assert not await post.deliver.bury(frozen, Dead("late"), shop.instant)
    assert await history(shop, ticket) == []
