"""Every telephone system in its own words, and the signature of the one that signs."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tickets.api.own_urls import Doors
from tickets.domain.telephony import CallFact, TelephoneCall, rebuild
from tickets.intake import CallMapping, Line, Unreadable, read_reports, told_by, twilio_signature

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINE = Line(key="1900", number="19001234", agents={"101": "lan"})


def call_of(
    exchange: str, *bodies: dict[str, Any], line: Line = LINE, as_json: bool = False
) -> TelephoneCall:
    """The call that these reports, a second apart, come to."""
    facts: list[CallFact] = []
    for place, body in enumerate(bodies):
        raw = json.dumps(body) if as_json else urlencode(body, doseq=True)
        kind = told_by(exchange, "application/json" if as_json else "application/x-www-form-urlencoded")
        for report in read_reports(raw.encode(), kind, line, NINE + timedelta(seconds=place)):
            facts += report.facts
    return rebuild("c", facts)


def test_a_push_is_answered_by_a_user() -> None:
    new = {"event": "newCall", "direction": "in", "from": "84901234567", "to": "1900", "callId": "1"}
    call = call_of(
        "push",
        {**new, "user[]": ["Lan", "Mai"]},
        {"event": "answer", "callId": "1", "user": "101", "direction": "in"},
        {"event": "hangup", "callId": "1", "cause": "normalClearing", "direction": "in"},
    )
    assert (call.outcome, call.agent, call.caller, call.cause) == (
        "answered",
        "lan",
        "84901234567",
        "normalClearing",
    )
    assert call_of("push", new, {"event": "hangup", "callId": "1", "cause": "cancel"}).outcome == "missed"


@pytest.mark.parametrize(
    ("status", "talked", "outcome"), [("answered", 9, "answered"), ("ended", 0, "missed")]
)
def test_stringee(status: str, talked: int, outcome: str) -> None:
    said = {
        "type": "stringee_call",
        "call_id": "call-vn-1",
        "account_sid": "AC1",
        "from": {"number": "84901234567", "type": "external"},
        "to": {"number": "84281234567", "type": "internal", "alias": "101"},
    }
    call = call_of(
        "stringee",
        {**said, "call_status": "created", "timestamp_ms": 1515859261000},
        {**said, "call_status": "started", "timestamp_ms": 1515859261381},
        {**said, "call_status": status, "timestamp_ms": 1515859265381},
        {**said, "call_status": "ended", "timestamp_ms": 1515859274381, "answerDuration": talked},
        as_json=True,
    )
    assert (call.outcome, call.talked or 0) == (outcome, talked)
    assert call.started_at == datetime(2018, 1, 13, 16, 1, 1, 381000, tzinfo=UTC)
    assert call.agent == ("lan" if talked else None)


def test_twilio_taking_a_call_is_no_agent_taking_it() -> None:
    own = {"CallSid": "CA1", "Direction": "inbound", "From": "+84901234567", "To": "+84281234567"}
    leg = {"CallSid": "CA2", "ParentCallSid": "CA1", "Direction": "outbound-dial", "To": "client:101"}
    ringing, taken, over = ({**own, "CallStatus": each} for each in ("ringing", "in-progress", "completed"))
    in_vain = call_of(
        "twilio", ringing, taken, {**leg, "CallStatus": "no-answer"}, {**over, "CallDuration": 30}
    )
    assert in_vain.outcome == "abandoned"
    reached = call_of("twilio", ringing, taken, {**leg, "CallStatus": "in-progress"}, over)
    assert (reached.outcome, reached.agent, reached.direction) == ("answered", "lan", "in")
    dialled = call_of("twilio", taken, {**own, "DialCallStatus": "completed", "DialCallDuration": 20})
    assert (dialled.outcome, dialled.talked) == ("answered", 20)


MAPPED = Line(
    key="pbx",
    number="19001234",
    exchange="mapped",
    mapping=CallMapping(
        call_id="uid",
        event="st",
        events={"START": "ringing", "UP": "answered", "END": "hung_up"},
        caller="src",
        at="ts",
        agent="ext",
        direction="dir",
    ),
    agents={"101": "lan"},
)


def test_a_mapped_exchange_is_read_as_the_desk_says() -> None:
    call = call_of(
        "mapped",
        {"uid": "7", "st": "START", "src": "0901234567", "ts": "1772442000"},
        {"uid": "7", "st": "UP", "ext": "101", "ts": "1772442010000"},
        {"uid": "7", "st": "DTMF"},
        {"uid": "7", "st": "END", "ts": "2026-03-02T09:01:10Z"},
        line=MAPPED,
    )
    assert (call.outcome, call.agent, call.waited, call.talked) == ("answered", "lan", 10, 60)
    with pytest.raises(Unreadable):
        call_of("mapped", {"st": "UP"}, line=MAPPED)
    with pytest.raises(Unreadable):
        call_of("mapped", {"uid": "7", "st": "UP", "ts": "yesterday"}, line=MAPPED)


@pytest.mark.parametrize("exchange", ["push", "stringee", "twilio", "mapped"])
@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[]", b"a=%00", b"event=newCall&callId=%00"])
def test_what_cannot_be_read_is_refused(exchange: str, body: bytes) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        with pytest.raises(Unreadable):
            read_reports(body, told_by(exchange, kind), MAPPED, NINE)


PUBLISHED = ("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
PARAMETERS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}


def test_the_signature_that_twilio_publishes() -> None:
    token, url, signature = PUBLISHED
    assert twilio_signature(token, url, PARAMETERS.items()) == signature


def test_a_signature_fits_one_url_one_content_and_one_token() -> None:
    line = Line(key="1900", number="19001234", exchange="twilio", secret_env="TOKEN")
    doors = Doors(b"secret", "https://desk.example", {"TOKEN": "12345"})
    pairs = list(PARAMETERS.items())
    right = twilio_signature("12345", doors.url("1900"), pairs)
    assert doors.signed(line, "", pairs, right)
    assert doors.signed(line, "", pairs[::-1], right)
    wrong = [
        right[:-2],
        right.lower(),
        b64decode(right).hex(),
        b64encode(b64decode(right)[:10]).decode(),
        right + "é",
        "",
        twilio_signature("12346", doors.url("1900"), pairs),
        twilio_signature("12345", doors.url("1901"), pairs),
    ]
    assert not any(doors.signed(line, "", pairs, each) for each in wrong)
    assert not doors.signed(line, "", [*pairs, ("Extra", "1")], right)
    assert not doors.signed(line, "x=1", pairs, right)
    assert not Doors(b"secret", "https://desk.example", {}).signed(line, "", pairs, right)
    assert doors.opens("1900", doors.path("1900").rsplit("/", 1)[1])
    assert not any(doors.opens("1900", token) for token in ("", "é", doors.path("1901").rsplit("/", 1)[1]))
