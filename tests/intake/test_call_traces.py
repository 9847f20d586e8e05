"""Asterisk's channel events come to the calls that another product's own tests expect of them."""

import json
import os
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tickets.domain.telephony import TelephoneCall, rebuild
from tickets.intake import Line, Unreadable, read_reports

DATA = Path(os.environ.get("TICKETS_TEST_DATA", "../shared/data")) / "calls" / "asterisk_cel"
NINE = datetime.fromisoformat("2026-03-02T09:00:00Z")
LINE = Line(key="pbx", number="19001234")

DIRECTIONS = {"inbound": "in", "internal": "in", "outbound": "out"}
ARGUED = {
    (
        "001",
        "date_answer",
    ): "they spoke 31 ms earlier, when both were in a bridge; the peer waits until Asterisk "
    "has taken its own channels out from between them",
    (
        "009",
        "destination_exten",
    ): "what was dialled: the peer's own dialplan events translate it to an extension",
    ("026", "destination_exten"): "what was dialled: nobody answered, so that nobody was reached elsewhere",
}


def cases() -> list[dict[str, Any]]:
    if not DATA.is_dir():
        return []
    found: list[dict[str, Any]] = json.loads((DATA / "expected.json").read_text())
    return found


def trace(case: str) -> bytes:
    return next(DATA.glob(f"{case[:3]}_*.csv")).read_bytes()


def calls_of(body: bytes) -> list[TelephoneCall]:
    return [rebuild(each.call_id, each.facts) for each in read_reports(body, "text/csv", LINE, NINE)]


def known(call: TelephoneCall) -> dict[str, object]:
    return {
        "date": call.started_at,
        "date_answer": call.answered_at,
        "date_end": call.ended_at,
        "source_exten": call.caller,
        "destination_exten": call.agent or call.callee,
        "direction": call.direction,
    }


def wanted(name: str, value: str | None) -> object:
    if value is None or not name.startswith("date"):
        return DIRECTIONS.get(value, value) if name == "direction" and value else value
    return datetime.fromisoformat(value)


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
def test_thirty_traces_come_to_their_calls_but_for_what_is_argued() -> None:
    differences = set()
    for case in cases():
        (call,) = calls_of(trace(case["case"]))
        ours = known(call)
        for name, value in case["expected"][0].items():
            if name in ours and ours[name] != wanted(name, value):
                differences.add((case["case"][:3], name))
    assert differences == set(ARGUED)
    assert len(cases()) == 30


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
def test_a_trace_in_any_order_and_twice_is_the_same_call() -> None:
    shuffle = random.Random(1)  # noqa: S311 - an order, no secret
    for case in cases():
        header, *rows = trace(case["case"]).splitlines()
        again = [*rows, *shuffle.sample(rows, len(rows) // 2)]
        shuffle.shuffle(again)
        assert calls_of(b"\n".join([header, *again])) == calls_of(trace(case["case"]))


def test_call_detail_records_add_up_to_calls() -> None:
    body = (
        b"calldate,src,dst,dcontext,channel,dstchannel,duration,billsec,disposition,uniqueid,linkedid\n"
        b"2026-03-02 09:00:00,0901234567,1900,from-trunk,PJSIP/t-1,PJSIP/101-2a,40,30,ANSWERED,1.1,1.1\n"
        b"2026-03-02 09:05:00,0901234568,1900,from-trunk,PJSIP/t-2,,12,0,NO ANSWER,1.2,1.2\n"
    )
    answered, missed = calls_of(body)
    assert (answered.outcome, answered.agent, answered.waited, answered.talked) == ("answered", "101", 10, 30)
    assert (missed.outcome, missed.direction) == ("missed", "in")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a,b\n1,2\n",
        b"\xff",
        b"eventtype,eventtime,uniqueid,linkedid\nCHAN_START,yesterday,1,1\n",
        b"calldate,src,dst,disposition,uniqueid,duration,billsec\n2026-03-02 09:00:00,1,2,ANSWERED,1,x,1\n",
        b"calldate,src,dst,disposition,uniqueid\n2026-03-02 09:00:00,1,2,ANSWERED,1\n",
    ],
)
def test_what_is_no_trace_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        calls_of(body)
