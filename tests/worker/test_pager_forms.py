"""What each service is given to show: its fields, no more than it takes, and nobody a stranger mentions."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.worker.test_notices import ALERT, ENGLISH, TICKET, notice

from tickets.adapters.pager_forms import form
from tickets.application.desk.model import Pager, Service
from tickets.application.notices.page import Link, Page, harmless, read_page

SERVICES: tuple[Service, ...] = get_args(Service)
URL, HAS_IT = "https://d.vn/v1/tickets/7", "https://d.vn/v1/escalations/a_b-c"
PAGE = Page(
    "Khẩn cấp: <phản hồi> & #7",
    "Phiếu #7 cần được xử lý.\n\nHạn: 09:00",
    URL,
    (Link("Tôi nhận xử lý", HAS_IT),),
)
LINKS = f"\nTôi nhận xử lý: {HAS_IT}\n{URL}"
SAID = "\n\nPhiếu #7 cần được xử lý.\n\nHạn: 09:00" + LINKS
FORMS: dict[Service, object] = {
    "slack": {
        "text": f"Khẩn cấp: &lt;phản hồi&gt; &amp; #7{SAID}",
        "unfurl_links": False,
        "unfurl_media": False,
    },
    "mattermost": {"text": rf"Khẩn cấp: \<phản hồi\> & #7{SAID}"},
    "google_chat": {"text": f"{PAGE.title}{SAID}"},
    "discord": {"content": rf"Khẩn cấp: \<phản hồi\> & #7{SAID}", "allowed_mentions": {"parse": []}},
    "telegram": {
        "chat_id": "-100",
        "text": f"{PAGE.title}{SAID}",
        "link_preview_options": {"is_disabled": True},
    },
    "ntfy": {
        "topic": "-100",
        "title": PAGE.title,
        "message": PAGE.text,
        "priority": 4,
        "click": URL,
        "actions": [{"action": "view", "label": "Tôi nhận xử lý", "url": HAS_IT}],
    },
    "phone": {
        "phone": "+84901234567",
        "title": PAGE.title,
        "text": f"{PAGE.text}\n\nTôi nhận xử lý: {HAS_IT}",
        "url": URL,
        "sms": f"{PAGE.title}\n{HAS_IT}",
    },
}


def formed(service: Service, page: Page = PAGE) -> dict[str, Any]:
    return form(Pager(key="room", service=service, url_env="ROOM_URL", room="-100"), page, "+84901234567")


@pytest.mark.parametrize("service", FORMS)
def test_each_service_gets_its_own_form(service: Service) -> None:
    assert formed(service) == FORMS[service]


def test_teams_gets_a_card_without_markdown_and_a_button_for_each_link() -> None:
    (attached,) = formed("teams")["attachments"]
    card = attached["content"]
    assert attached["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert [run["text"] for run in runs] == [PAGE.title, "Phiếu #7 cần được xử lý.", "Hạn: 09:00"]
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Tôi nhận xử lý", "url": HAS_IT},
        {"type": "Action.OpenUrl", "title": URL, "url": URL},
    ]


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


SIZES: dict[Service, tuple[Callable[[dict[str, Any]], int], int]] = {
    "slack": (lambda made: units(made["text"]), 40_000),
    "mattermost": (lambda made: units(made["text"]), 16_383),
    "google_chat": (lambda made: len(made["text"].encode()), 32_000),
    "discord": (lambda made: units(made["content"]), 2_000),
    "telegram": (lambda made: units(made["text"]), 4_096),
    "ntfy": (lambda made: len(made["message"].encode()), 4_096),
    "phone": (lambda made: units(made["sms"]), 4 * 67),
    "teams": (lambda made: len(repr(made).encode()), 28_000),
}
"""What the services say they take: characters, bytes, parts of a short message, bytes of a card."""


@pytest.mark.parametrize("letter", ["x", "ậ", "\N{POLICE CARS REVOLVING LIGHT}", "<", "&", "*"])
@pytest.mark.parametrize("service", SERVICES)
def test_what_is_longer_than_a_service_takes_is_cut_and_its_links_stay(service: Service, letter: str) -> None:
    long = replace(PAGE, title=letter * 30_000, text=letter * 90_000)
    size, most = SIZES[service]
    made = formed(service, long)
    assert most / 10 < size(made) <= most
    assert HAS_IT in repr(made)
    if service not in ("phone", "ntfy", "teams"):
        said = str(made.get("text") or made.get("content"))
        assert said.endswith(LINKS)


HOSTILE = (
    "<!channel> <!here|x> <@U123> <#C1> @everyone @here @channel @all @ops <users/all> <users/1> <@&7> "
    "<https://evil.example|Your bank> [Your bank](https://evil.example) ![x](http://evil.example/p.png) "
    "http://evil.example https://192.0.2.7/x www.evil.example evil.example <at>all</at> *b* _i_ `c` ~s~"
)
CALLING = ["<!", "<@", "<#", "<users/", "<at>", "@everyone", "@here", "@channel", "@all", "@ops"]
LEADING = ["://e", "://1", "evil.example", "](", "<http", "<https"]


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_a_customer_writes_mentions_nobody_and_leads_nowhere(service: Service) -> None:
    page = read_page(notice(ENGLISH, "pager", "room", ticket=replace(TICKET, subject=HOSTILE)))
    shown = repr(formed(service, page)).replace(page.url, "")
    for found in CALLING + LEADING:
        assert found not in shown
    assert page.url in repr(formed(service, page))


@given(st.text(st.sampled_from("@<!>[](){}:/.abế1\u200b*_|`\\ "), max_size=40))
def test_words_made_harmless_read_the_same_and_stay_so(words: str) -> None:
    made = harmless(words)
    assert made.replace("\u200b", "") == words.replace("\u200b", "")
    assert harmless(made) == made
    for found in ("@a", "<!", "<@", "<a", "](", "://", "a.b", "b.ế"):
        assert found not in made


def test_ordinary_words_are_left_as_they_are() -> None:
    said = "Đơn 1.250.000 đ: giao 3,5 kg lúc 09:00 (gấp!) - A < B, 50% & #7. Cảm ơn."
    assert harmless(said) == said


def test_a_run_is_acknowledged_by_a_link_that_stands_by_itself() -> None:
    alert = replace(ALERT, metric="manual", run=TICKET.id)
    page = read_page(notice(ENGLISH, "pager", "room", alert=alert))
    (link,) = page.links
    assert link.label == "I have it"
    assert link.url not in page.text
