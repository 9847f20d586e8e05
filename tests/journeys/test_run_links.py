"""The link in every page: it asks first, it is nobody else's, and it says who has it."""

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import problem
from tests.journeys.test_dead_deliveries import Post
from tests.journeys.test_escalation_rules import policy
from tests.journeys.test_escalation_runs import (
    act,
    begun,
    ladder,
    left,
    link_to,
    opened,
    pages,
    put,
    run,
    runs,
    stranger,
    types,
)

MAILBOX = "sales-hn@shop.example.vn"


async def paged(shop: Shop) -> tuple[str, str]:
    """A ticket whose run has paged somebody, and the link in that page."""
    await ladder(shop)
    ticket = await opened(shop)
    await begun(shop, ticket)
    return ticket, await link_to(shop, "sales-hn-1@shop.example.vn")


async def sharing(shop: Shop, **more: object) -> str:
    """A run that has paged an agent, and the mailbox of a team that is this agent's address, too."""
    await put(shop, "agents/binh", {"name": "Nguyễn Thị Bình", "email": MAILBOX, "teams": ["sales"]})
    both = {"name": "both", "delay": "PT0S", "notify": ["agent:binh", f"email:{MAILBOX}"]}
    await policy(shop, "ladder", both, **more)
    ticket = await opened(shop)
    await begun(shop, ticket)
    return ticket


def button(act: str) -> str:
    return f"<button name=act value={act}>"


async def press(shop: Shop, link: str, act: str, epoch: str | None = None) -> str:
    """Look, and press a button there is; the page after it. `epoch` is that of a page seen before."""
    seen = (await stranger(shop, "GET", link)).text
    assert button(act) in seen or epoch
    done = await stranger(shop, "POST", link, act=act, epoch=epoch or shown(seen))
    assert done.status_code == 200, done.text
    return done.text


def shown(page: str) -> str:
    return page.partition("name=epoch value=")[2].partition(">")[0]


async def test_a_scanner_that_opens_links_acknowledges_nothing(shop: Shop) -> None:
    ticket, link = await paged(shop)
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        looked = await stranger(shop, method, link)
        assert looked.status_code < 500
        assert (await run(shop, ticket))["state"] == "open", method
    assert button("acknowledge") in looked.text
    assert looked.headers["cache-control"] == "no-store"
    assert looked.headers["referrer-policy"] == "no-referrer"


async def test_its_button_acknowledges_and_twice_changes_nothing(shop: Shop) -> None:
    ticket, link = await paged(shop)
    done = await stranger(shop, "POST", link)
    assert "agent:sales-hn-1" in done.text
    assert button("acknowledge") not in done.text
    epoch = (await shop.get(f"/v1/tickets/{ticket}"))["epoch"]
    assert (await stranger(shop, "POST", link)).status_code == 200
    assert (await shop.get(f"/v1/tickets/{ticket}"))["epoch"] == epoch
    assert types(await shop.events(ticket)) == ["begun", "acknowledged"]


async def test_a_forged_or_expired_link_lets_nobody_in(shop: Shop) -> None:
    ticket, link = await paged(shop)
    path, _, token = link.rpartition("/")
    flipped = [f"{path}/{token[:n]}{'A' if token[n] != 'A' else 'B'}{token[n + 1 :]}" for n in range(60)]
    for bad in (
        *flipped,
        link[:-10],
        f"{path}/x",
        f"{path}/%F0%9F%98%80",
        f"{path}/{'A' * 4000}",
        f"{link}AAAA",
    ):
        assert (await stranger(shop, "POST", bad)).status_code == 404, bad
    assert (await run(shop, ticket))["state"] == "open"
    await shop.pass_time(days=7, seconds=1)
    for method in ("GET", "POST"):
        assert (await stranger(shop, method, link)).status_code == 404


async def test_an_old_link_of_a_run_that_is_over_says_so_and_reopens_nothing(shop: Shop) -> None:
    ticket, link = await paged(shop)
    await act(shop, ticket, (await run(shop, ticket))["id"], "resolve")
    second = await begun(shop, ticket)
    answer = await stranger(shop, "POST", link)
    assert "Over" in answer.text
    assert "<form" not in answer.text
    assert [one["state"] for one in await runs(shop, ticket)] == ["resolved", "open"]
    assert second["acknowledged_by"] == []


async def test_a_subject_is_text_on_the_page(shop: Shop) -> None:
    await ladder(shop)
    ticket = await opened(shop, subject="<script>alert(1)</script> {number} Đơn hàng")
    await begun(shop, ticket)
    text = (await stranger(shop, "GET", await link_to(shop, "sales-hn-1@shop.example.vn"))).text
    assert "<script" not in text
    assert "{number} Đơn hàng" in text


async def test_who_shares_a_mailbox_says_who_they_are(shop: Shop) -> None:
    ticket = await sharing(shop)
    assert await left(shop) == ["sales-hn"]  # one page for both
    link = await link_to(shop, MAILBOX)
    looked = await stranger(shop, "GET", link)
    assert f"email:{MAILBOX}: " in looked.text
    assert "agent:binh: " in looked.text
    for nobody in ({}, {"by": "agent:sales-lead"}):
        problem(await stranger(shop, "POST", link, **nobody), 400)
    await stranger(shop, "POST", link, by="agent:binh")
    assert (await run(shop, ticket))["acknowledged_by"] == ["agent:binh"]


async def test_all_who_share_a_mailbox_can_say_that_they_have_it(shop: Shop) -> None:
    ticket = await sharing(shop, acknowledgement="all")
    link = await link_to(shop, MAILBOX)
    once = await stranger(shop, "POST", link, by=f"email:{MAILBOX}")
    assert once.text.count(button("acknowledge")) == 1, "the other one's"
    assert (await run(shop, ticket))["state"] == "open"
    await stranger(shop, "POST", link, by="agent:binh")
    assert (await run(shop, ticket))["state"] == "acknowledged"


async def test_of_all_whoever_is_paged_instead_has_to_acknowledge_too(shop: Shop) -> None:
    await ladder(shop, acknowledgement="all")
    ticket = await opened(shop)
    await begun(shop, ticket)
    await Post(shop, "sales-hn-1@shop.example.vn").empty()
    assert (await run(shop, ticket))["paged"] == ["agent:sales-hn-1", "email:manager@shop.example.vn"]
    await stranger(shop, "POST", await link_to(shop, "sales-hn-1@shop.example.vn"))
    assert (await run(shop, ticket))["state"] == "open"
    await stranger(shop, "POST", await link_to(shop, "manager@shop.example.vn"))
    assert (await run(shop, ticket))["state"] == "acknowledged"
    assert await pages(shop, ticket) == [("first", 0)]


async def test_the_whole_night_can_be_worked_from_the_link(shop: Shop) -> None:
    ticket, link = await paged(shop)
    await press(shop, link, "snooze")
    assert (await run(shop, ticket))["state"] == "snoozed"
    await press(shop, link, "acknowledge")
    assert (await run(shop, ticket))["acknowledged_by"] == ["agent:sales-hn-1"]
    await press(shop, link, "unacknowledge")
    assert (await run(shop, ticket))["state"] == "open"
    await press(shop, link, "escalate")
    assert (await run(shop, ticket))["level"] == "second"
    assert "<form" not in await press(shop, link, "resolve")
    assert types(await shop.events(ticket)) == ["begun", "snoozed", "acknowledged", "reopened", "resolved"]


async def test_who_has_it_can_be_relieved_by_link(shop: Shop) -> None:
    ticket = await sharing(shop)
    link = await link_to(shop, MAILBOX)
    await stranger(shop, "POST", link, by="agent:binh")
    epoch = shown((await stranger(shop, "GET", link)).text)
    await stranger(shop, "POST", link, act="take-over", by=f"email:{MAILBOX}", epoch=epoch)
    assert (await run(shop, ticket))["acknowledged_by"] == [f"email:{MAILBOX}"]


async def test_a_page_sent_again_or_seen_too_long_ago_does_nothing_but_show(shop: Shop) -> None:
    ticket, link = await paged(shop)
    epoch = shown((await stranger(shop, "GET", link)).text)
    await press(shop, link, "escalate", epoch)
    once = await run(shop, ticket)
    for pressed in ("escalate", "snooze", "resolve"):
        assert button("acknowledge") in await press(shop, link, pressed, epoch)
    assert await run(shop, ticket) == once


async def test_what_a_form_cannot_mean_is_said(shop: Shop) -> None:
    ticket, link = await paged(shop)
    for form in (
        {"act": "delete"},
        {"act": "resolve"},
        {"act": "resolve", "epoch": "²"},
        {"by": "agent:nobody"},
    ):
        problem(await stranger(shop, "POST", link, **form), 400)
    assert (await run(shop, ticket))["state"] == "open"
