"""Runs of escalation policies: what begins them, who is paged when, who has them, and how they end."""

from collections.abc import Sequence
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem

LADDER: dict[str, Any] = {
    "levels": [
        {
            "name": "first",
            "delay": "PT0S",
            "notify": ["agent:sales-hn-1"],
            "repeat": "PT5M",
            "repeat_limit": 1,
        },
        {"name": "second", "delay": "PT10M", "notify": ["agent:sales-hcm-1", "team_lead"]},
    ],
    "fallback": ["email:manager@shop.example.vn"],
    "patience": "PT15M",
}


async def put(shop: Shop, path: str, body: object) -> None:
    answer = await shop.client.put(f"/v1/desk/{path}", json=body)
    assert answer.status_code == 200, answer.text


async def ladder(shop: Shop, **more: object) -> None:
    await put(shop, "escalation_policies/ladder", {**LADDER, **more})


async def opened(shop: Shop, **more: object) -> str:
    return str((await shop.post("/v1/tickets", {"subject": "Cháy kho", **more}))["id"])


async def begun(shop: Shop, ticket: str, **more: object) -> dict[str, Any]:
    return await shop.post(
        f"/v1/tickets/{ticket}/escalations", {"policy": "ladder", "reason": "Khách dọa kiện", **more}
    )


async def runs(shop: Shop, ticket: str) -> list[dict[str, Any]]:
    return list((await shop.get(f"/v1/tickets/{ticket}/escalations"))["runs"])


async def run(shop: Shop, ticket: str) -> dict[str, Any]:
    (found,) = await runs(shop, ticket)
    return found


async def act(shop: Shop, ticket: str, which: str, what: str, body: object = None) -> dict[str, Any]:
    return await shop.post(f"/v1/tickets/{ticket}/escalations/{which}/{what}", body, status=200)


async def alerts(shop: Shop, ticket: str) -> list[dict[str, Any]]:
    """Alerts of a ticket, the oldest first."""
    return list(reversed((await shop.get(f"/v1/alerts?ticket={ticket}"))["items"]))


async def pages(shop: Shop, ticket: str) -> list[tuple[str, int]]:
    """The pages of runs, the oldest first."""
    return [(alert["level"], alert["repeat"]) for alert in await alerts(shop, ticket) if alert["run"]]


async def left(shop: Shop) -> list[str]:
    """Whom mails go to, in the order they were written."""
    rows = await shop.app.engine.fetch("SELECT destination FROM outbox WHERE way = 'email' ORDER BY id")
    return [row[0].partition("@")[0] for row in rows]


async def link_to(shop: Shop, whom: str) -> str:
    """The link in the last page of somebody."""
    rows = await shop.app.engine.fetch(
        "SELECT body FROM outbox WHERE way = 'email' AND destination = $1 ORDER BY id DESC LIMIT 1", whom
    )
    text = message_from_bytes(rows[0][0], policy=default).get_content()
    (url,) = [line.partition(": ")[2] for line in text.splitlines() if "/v1/escalations/" in line]
    return httpx.URL(url).raw_path.decode()


async def stranger(shop: Shop, method: str, path: str, **form: str) -> httpx.Response:
    """A request without a key, as from a phone."""
    asked = shop.client.build_request(method, path, data=form or None)
    del asked.headers["Authorization"]
    return await shop.client.send(asked)


def types(events: Sequence[str]) -> list[str]:
    return [event.partition(".")[2] for event in events if event.startswith("escalation.")]


async def test_a_run_by_hand_pages_level_after_level_then_the_fallback(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    assert (made["state"], made["level"], made["cause"]) == ("open", "first", "manual:ladder")
    assert made["paged"] == ["agent:sales-hn-1"]
    assert made["next"] == {"level": "first", "at": "2026-03-02T02:05:00Z", "notify": ["agent:sales-hn-1"]}
    await shop.pass_time(minutes=24)
    assert await pages(shop, ticket) == [("first", 0), ("first", 1), ("second", 0)]
    found = await run(shop, ticket)
    assert found["next"] == {
        "level": "fallback",
        "at": "2026-03-02T02:25:00Z",
        "notify": ["email:manager@shop.example.vn"],
    }
    await shop.pass_time(minutes=2)
    found = await run(shop, ticket)
    assert (found["state"], found["level"], found["next"]) == ("exhausted", "fallback", None)
    assert (await left(shop))[-1] == "manager"
    assert "escalation.exhausted" in await shop.events(ticket)
    metrics = (await shop.client.get("/metrics")).text
    assert 'tickets_escalation_runs_total{cause="manual",step="exhausted"} 1.0' in metrics


async def test_one_cause_has_one_live_run(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    first = await begun(shop, ticket)
    assert (await begun(shop, ticket))["id"] == first["id"]
    assert (await begun(shop, ticket, cause="legal"))["id"] != first["id"]
    await act(shop, ticket, first["id"], "resolve")
    assert (await begun(shop, ticket))["id"] != first["id"]
    assert len(await runs(shop, ticket)) == 3


async def test_nobody_is_paged_after_acknowledge_and_doing_it_twice_changes_nothing(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    had = await act(shop, ticket, made["id"], "acknowledge")
    assert (had["state"], had["acknowledged_by"]) == ("acknowledged", ["api:bootstrap"])
    epoch = (await shop.get(f"/v1/tickets/{ticket}"))["epoch"]
    assert await act(shop, ticket, made["id"], "acknowledge") == had
    assert (await shop.get(f"/v1/tickets/{ticket}"))["epoch"] == epoch
    assert {alert["state"] for alert in await alerts(shop, ticket)} == {"acknowledged"}
    await shop.pass_time(hours=3)
    assert await pages(shop, ticket) == [("first", 0)]


async def test_acknowledging_an_alert_acknowledges_its_run(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    await begun(shop, ticket)
    (alert,) = await alerts(shop, ticket)
    answer = await shop.client.post(f"/v1/alerts/{alert['id']}/acknowledge")
    assert answer.status_code == 204
    found = await run(shop, ticket)
    assert (found["state"], found["id"]) == ("acknowledged", alert["run"])


async def test_unacknowledged_it_goes_on_with_the_level_it_had_reached(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    await shop.pass_time(minutes=2)
    await act(shop, ticket, made["id"], "acknowledge")
    await shop.pass_time(minutes=30)
    back = await act(shop, ticket, made["id"], "unacknowledge")
    assert (back["state"], back["acknowledged_by"]) == ("open", [])
    assert await pages(shop, ticket) == [("first", 0), ("first", 1)]
    assert back["next"]["at"] == "2026-03-02T02:37:00Z"
    await shop.pass_time(minutes=8)
    assert await pages(shop, ticket) == [("first", 0), ("first", 1), ("first", 2), ("second", 0)]


async def test_an_acknowledgement_holds_while_the_ticket_is_touched(shop: Shop) -> None:
    await ladder(shop, acknowledge_within="PT30M")
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    await act(shop, ticket, made["id"], "acknowledge")
    await shop.pass_time(minutes=29)
    await shop.post(f"/v1/tickets/{ticket}/messages", {"kind": "internal_note", "text": "Đang xem"})
    await shop.pass_time(minutes=29)
    assert (await run(shop, ticket))["state"] == "acknowledged"
    await shop.pass_time(minutes=2)
    found = await run(shop, ticket)
    assert (found["state"], found["acknowledged_by"]) == ("open", [])
    assert await pages(shop, ticket) == [("first", 0), ("first", 1)]
    assert types(await shop.events(ticket)) == ["begun", "acknowledged", "reopened"]


async def test_whoever_takes_over_has_it_instead(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    await stranger(shop, "POST", await link_to(shop, "sales-hn-1@shop.example.vn"))
    assert (await run(shop, ticket))["acknowledged_by"] == ["agent:sales-hn-1"]
    had = await act(shop, ticket, made["id"], "take-over")
    assert had["acknowledged_by"] == ["api:bootstrap"]
    assert types(await shop.events(ticket)) == ["begun", "acknowledged", "taken_over"]


async def test_escalated_now_the_next_level_hears_at_once(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    await act(shop, ticket, made["id"], "acknowledge")
    further = await act(shop, ticket, made["id"], "escalate")
    assert (further["state"], further["level"]) == ("open", "second")
    assert await pages(shop, ticket) == [("first", 0), ("second", 0)]
    assert (await act(shop, ticket, made["id"], "escalate"))["state"] == "exhausted"


async def test_snoozed_it_pages_again_when_the_time_is_over(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    made = await begun(shop, ticket)
    asleep = await act(shop, ticket, made["id"], "snooze", {"until": "2026-03-02T03:00:00Z"})
    assert (asleep["state"], asleep["until"]) == ("snoozed", "2026-03-02T03:00:00Z")
    await shop.pass_time(minutes=59)
    assert await pages(shop, ticket) == [("first", 0)]
    await shop.pass_time(minutes=1)
    assert await pages(shop, ticket) == [("first", 0), ("first", 1)]
    assert (await run(shop, ticket))["state"] == "open"
    path = f"/v1/tickets/{ticket}/escalations/{made['id']}/snooze"
    problem(await shop.client.post(path, json={"until": "2026-03-02T03:00:00Z"}), 409)
    for never in ("2026-03-09T03:00:01Z", "3026-03-02T04:00:00Z"):
        assert "within 7 days" in problem(await shop.client.post(path, json={"until": never}), 409)["detail"]
    asleep = await act(shop, ticket, made["id"], "snooze", {"until": "2026-03-02T11:00:00+07:00"})
    assert asleep["until"] == "2026-03-02T04:00:00Z"


async def test_solving_the_ticket_resolves_its_runs_and_their_alerts(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    await begun(shop, ticket)
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
    assert (await run(shop, ticket))["state"] == "resolved"
    assert {alert["state"] for alert in await alerts(shop, ticket)} == {"resolved"}
    await shop.pass_time(hours=1)
    assert await pages(shop, ticket) == [("first", 0)]
    problem(
        await shop.client.post(
            f"/v1/tickets/{ticket}/escalations", json={"policy": "ladder", "reason": "Muộn"}
        ),
        409,
    )


async def test_all_who_were_paged_have_to_acknowledge(shop: Shop) -> None:
    both = [
        {
            "name": "both",
            "delay": "PT0S",
            "notify": ["agent:sales-hn-1", "agent:sales-hcm-1"],
            "repeat": "PT5M",
        }
    ]
    await ladder(shop, levels=both, acknowledgement="all")
    ticket = await opened(shop)
    await begun(shop, ticket)
    await stranger(shop, "POST", await link_to(shop, "sales-hn-1@shop.example.vn"))
    found = await run(shop, ticket)
    assert (found["state"], found["acknowledged_by"]) == ("open", ["agent:sales-hn-1"])
    before = await left(shop)
    await shop.pass_time(minutes=5)
    assert (await left(shop))[len(before) :] == ["sales-hcm-1"]  # who has said so is left alone
    await stranger(shop, "POST", await link_to(shop, "sales-hcm-1@shop.example.vn"))
    assert (await run(shop, ticket))["state"] == "acknowledged"


async def test_what_is_not_there_is_said(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop)
    base = f"/v1/tickets/{ticket}/escalations"
    problem(await shop.client.post(base, json={"policy": "none", "reason": "x"}), 404)
    problem(await shop.client.post(f"{base}/{NOBODY}/acknowledge"), 404)
    problem(await shop.client.get(f"/v1/tickets/{NOBODY}/escalations"), 404)
    made = await begun(shop, ticket)
    stale = await shop.client.post(f"{base}/{made['id']}/resolve", headers={"If-Match": '"1"'})
    problem(stale, 412)
