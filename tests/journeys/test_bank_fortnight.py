"""A bank's real calls: every one that nobody answered is owed a call back, once; none is lost or doubled.

A quiet day in every run; `TICKETS_TEST_LONG=1` takes the whole fortnight, 17,456 calls.
"""

import asyncio
import csv
import gzip
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.journeys.conftest import Shop

DATA = (
    Path(os.environ.get("TICKETS_TEST_DATA", "../shared/data")) / "calls" / "bank_1999_02_first_half.tsv.gz"
)
LONG = bool(os.environ.get("TICKETS_TEST_LONG"))
QUIET_DAY = "990213"
AT_ONCE = 16


class BankCall(NamedTuple):
    """One line of the bank's log, as its exchange would have told it."""

    id: str
    number: str
    answered: bool
    events: list[dict[str, Any]]


def calls() -> Iterator[BankCall]:
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        for place, row in enumerate(csv.DictReader(file, delimiter="\t")):
            if LONG or row["date"] == QUIET_DAY:
                yield _call(f"{place}-{row['call_id']}", row)


def _call(call_id: str, row: dict[str, str]) -> BankCall:
    day = datetime.strptime(row["date"], "%y%m%d").replace(tzinfo=UTC)
    known = int(float(row["customer_id"]))  # a spreadsheet has rounded some
    number = f"+9725{known % 10**8:08d}" if known else "anonymous"
    answered = row["outcome"] == "AGENT"
    told = [("started", row["vru_entry"])]
    told += [("queued", row["q_start"])] if int(row["q_time"]) else []
    told += [("answered", row["ser_start"]), ("ended", row["ser_exit"])] if answered else [
        ("ended", row["q_exit"] if int(row["q_time"]) else row["vru_exit"])
    ]  # fmt: skip
    events = [
        {"call_id": call_id, "event": event, "at": (day + _clock(at)).isoformat(), "from": number}
        for event, at in told
    ]
    return BankCall(call_id, number, answered, events)


def _clock(text: str) -> timedelta:
    hours, minutes, seconds = map(int, text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


@pytest.mark.skipif(not DATA.is_file(), reason="no ../shared/data")
async def test_every_call_in_vain_is_owed_a_call_back_and_none_is_lost_or_doubled(shop: Shop) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def tell(call: BankCall) -> None:
        async with turn:
            for event in call.events:
                answer = await shop.client.post("/v1/intake/hotline/1900", json=event)
                assert answer.is_success, answer.text

    told = list(calls())
    await asyncio.gather(*(tell(call) for call in told))
    fetch = shop.app.engine.fetch
    kept = {row[0]: row[1] for row in await fetch("SELECT call_id, ticket_id FROM call")}
    assert kept.keys() == {call.id for call in told}
    assert None not in kept.values()
    heard: dict[str, Counter[str]] = {"call_missed": Counter(), "call_answered": Counter()}
    for kind, call_id, ticket in await fetch(
        "SELECT type, data ->> 'call', ticket_id FROM ticket_event WHERE type LIKE 'call_%ed'"
    ):
        if kind not in heard:
            continue
        heard[kind][call_id] += 1
        assert kept[call_id] == ticket
    assert heard["call_missed"] == Counter(call.id for call in told if not call.answered)
    assert heard["call_answered"] == Counter(call.id for call in told if call.answered)
    owing = {row[0] for row in await fetch("SELECT id FROM ticket WHERE 'missed_call' = ANY (tags)")}
    assert owing == {kept[call.id] for call in told if not call.answered}
    (left,) = await fetch("SELECT count(*) FROM envelope WHERE state <> 'accepted'")
    assert left[0] == 0
