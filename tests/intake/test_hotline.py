"""Call events become drafts, or every fault is told at once."""

from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.draft import Draft, Identity
from tickets.domain.telephony import rebuild
from tickets.intake import Line, Unreadable, draft_of_call, milestones, read_reports

LINE = Line(key="hanoi", number="+842438251234", name="Hà Nội", language="vi", region="hanoi", tags=("call",))
EVENT: dict[str, object] = {
    "call_id": "c1",
    "event": "missed",
    "at": "2026-03-02T09:00:00+07:00",
    "from": "0901234567",
    "to": "1900 1234",
}


def read_call(body: bytes, line: Line) -> Draft:
    """The draft that the last milestone of one event makes."""
    (report,) = read_reports(body, "application/json", line, datetime(2026, 3, 2, tzinfo=UTC))
    call = rebuild(report.call_id, report.facts)
    return draft_of_call(milestones(call)[-1], call.caller, line, report.about)


def faults_of(**changed: object) -> set[str]:
    with pytest.raises(Unreadable) as caught:
        read_call(msgspec.json.encode({**EVENT, **changed}), LINE)
    return {fault.pointer for fault in caught.value.faults}


def test_a_missed_call_asks_to_be_called_back() -> None:
    draft = read_call(msgspec.json.encode(EVENT), LINE)
    assert draft.subject == "Cuộc gọi nhỡ từ +84901234567: cần gọi lại"
    assert draft.sender.identities == (Identity("phone", "+84901234567"),)
    assert (draft.external_id, draft.conversation) == ("c1:missed", ("c1",))
    assert (draft.channel, draft.account, draft.region, draft.tags) == (
        "hotline",
        "hanoi",
        "hanoi",
        ("call",),
    )
    assert draft.call
    assert draft.call.at == datetime(2026, 3, 2, 2, tzinfo=UTC)


def test_an_anonymous_caller_is_nobody_but_the_call_counts() -> None:
    draft = read_call(msgspec.json.encode({**EVENT, "from": "anonymous"}), LINE)
    assert draft.sender.identities == ()
    assert "anonymous" in draft.subject


def test_the_exchange_may_say_more() -> None:
    said: dict[str, object] = {
        "event": "ended",
        "agent": "lan",
        "seconds": 95,
        "recording_url": "https://pbx.example/1",
    }
    facts: dict[str, object] = {
        "subject": "Sofa",
        "text": "Broken leg",
        "priority": "high",
        "fields": {"order": 12},
    }
    draft = read_call(msgspec.json.encode({**EVENT, **said, **facts}), LINE)
    assert (draft.subject, draft.text, draft.priority, draft.fields) == (
        "Sofa",
        "Broken leg",
        "high",
        {"order": 12},
    )
    assert draft.call
    assert (draft.call.agent, draft.call.seconds) == ("lan", 95)


def test_every_fault_is_told_at_once() -> None:
    wrong = {"event": "rang", "at": "yesterday", "seconds": "long", "colour": "red", "priority": "max"}
    assert faults_of(**wrong, call_id=1) == {f"/{name}" for name in (*wrong, "call_id")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at", "2026-03-02T09:00:00"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("at", "9999-12-31T23:59:59-12:00"),
        ("call_id", ""),
        ("call_id", "x" * 201),
        ("seconds", -1),
        ("recording_url", "javascript:alert(1)"),
        ("text", "a\0b"),
        ("fields", {"a": "\0"}),
        ("fields", {"a": [1]}),
    ],
)
def test_what_is_no_fact_of_a_call_is_refused(name: str, value: object) -> None:
    assert {pointer.split("/")[1] for pointer in faults_of(**{name: value})} == {name}


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b"\xff", b'{"a":1}', b'{"fields":' * 600 + b"1" + b"}" * 600, b"[" * 100_000],
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_call(body, LINE)


@given(
    st.dictionaries(st.sampled_from([*EVENT, "text", "fields", "seconds", "name"]), st.text() | st.integers())
)
def test_any_object_is_read_or_refused(changed: dict[str, object]) -> None:
    with suppress(Unreadable):
        read_call(msgspec.json.encode({**EVENT, **changed}), LINE)
