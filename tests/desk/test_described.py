"""Tags and fields said anew at any time: verdicts come from the history alone, and a breach is for ever."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from tests.sla.effort import long

from tickets.application import facts
from tickets.application.changes.change import Command, Say, SetStatus, decide
from tickets.application.changes.describe import Describe
from tickets.application.changes.draw import Scene
from tickets.application.desk import CompiledDesk
from tickets.application.promises.history import Line
from tickets.application.promises.supposing import as_opened
from tickets.domain.ticket import Happened, Ticket

MONDAY_MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
MINUTES = 60 * 24 * 9
words = st.sampled_from(["drill", "vip", "web", "é"])
tags = st.lists(words, max_size=3).map(tuple)
answers = st.sampled_from([None, "warranty", "delivery", 1, 1.5, True])
fields = st.dictionaries(st.sampled_from(["topic", "survey"]), answers)
described = st.builds(Describe, tags=st.none() | tags, add_tags=tags, remove_tags=tags, fields=fields)
replies = st.builds(Say, kind=st.sampled_from(["public_reply", "customer_message"]), text=st.just("a"))
statuses = st.builds(SetStatus, st.sampled_from(["open", "pending", "on_hold", "solved"]))
minutes = st.integers(0, MINUTES)
lives = st.lists(st.tuples(minutes, described | described | replies | statuses), max_size=8)


class Breach(NamedTuple):
    """A promise that is broken, and since when."""

    metric: str
    cycle: int
    at: datetime


class Life:
    """One ticket on one desk, and everything that was said of it."""

    def __init__(self, desk: CompiledDesk) -> None:
        self.desk = desk
        self.ids = count(1)
        fresh = Ticket(
            id=UUID(int=0),
            channel="api",
            source="rest",
            account="crm",
            subject="Tivi",
            customer_id=UUID(int=1),
            tags=("web",),
            fields={"topic": "delivery", "survey": None},
            opened_at=MONDAY_MORNING,
            updated_at=MONDAY_MORNING,
        )
        opened = facts.opened(fresh, facts.pin_terms(fresh, desk), MONDAY_MORNING)
        self.ticket = opened.ticket
        self.lines: list[Happened] = list(opened.happened)

    def look(self, at: datetime) -> None:
        """Nothing happens but time."""
        verdict = facts.time_passed(self.ticket, facts.pin_terms(self.ticket, self.desk), at)
        self.ticket = verdict.ticket
        self.lines += verdict.happened

    def do(self, command: Command, at: datetime) -> None:
        """Somebody does something."""
        scene = Scene(
            ticket=self.ticket,
            pinned=facts.pin_terms(self.ticket, self.desk),
            actor="agent:an",
            now=at,
            chosen=lambda moved: facts.pin_terms(moved, self.desk),
            new_id=lambda: UUID(int=next(self.ids)),
        )
        change, _ = decide(command, scene)
        self.ticket = change.after
        self.lines += change.happened

    @property
    def breaches(self) -> set[Breach]:
        """What is broken by now."""
        clocks = facts.clocks_of(self.ticket)
        return {Breach(one.metric, one.cycle, one.breached_at) for one in clocks if one.breached_at}


def at(minute: int) -> datetime:
    return MONDAY_MORNING + timedelta(minutes=minute)


@settings(max_examples=long(60), deadline=None)
@given(lives, st.lists(minutes, max_size=8))
def test_law_8_describing_commutes_with_looking(
    compiled: CompiledDesk, life: list[tuple[int, Command]], looks: list[int]
) -> None:
    seldom, often = Life(compiled), Life(compiled)
    for minute, command in sorted(life, key=lambda step: step[0]):
        seldom.do(command, at(minute))
    steps: list[tuple[int, Command | None]] = [*life, *((minute, None) for minute in looks)]
    for minute, step in sorted(steps, key=lambda step: step[0]):
        if step is None:
            often.look(at(minute))
        else:
            often.do(step, at(minute))
    for one in (seldom, often):
        one.look(at(MINUTES))
    assert facts.clocks_of(often.ticket) == facts.clocks_of(seldom.ticket)
    assert (often.ticket.tags, often.ticket.fields) == (seldom.ticket.tags, seldom.ticket.fields)


@settings(max_examples=long(60), deadline=None)
@given(lives)
def test_law_9_no_tag_and_no_field_takes_a_breach_back(
    compiled: CompiledDesk, life: list[tuple[int, Command]]
) -> None:
    one = Life(compiled)
    for minute, command in sorted(life, key=lambda step: step[0]):
        one.look(at(minute))
        before = one.breaches
        one.do(command, at(minute))
        assert before <= one.breaches


@settings(max_examples=long(60), deadline=None)
@given(lives)
def test_the_history_leads_back_to_what_the_ticket_was_opened_with(
    compiled: CompiledDesk, life: list[tuple[int, Command]]
) -> None:
    one = Life(compiled)
    opened = one.ticket
    for minute, command in sorted(life, key=lambda step: step[0]):
        one.do(command, at(minute))
    lines = [
        Line(
            ticket_id=one.ticket.id,
            type=line.type,
            occurred_at=line.occurred_at,
            signal=line.signal,
            data=Raw(msgspec.json.encode(line.data)),
        )
        for line in one.lines
    ]
    back = as_opened(one.ticket, lines)
    assert (set(back.tags), back.fields) == (set(opened.tags), opened.fields)


@settings(max_examples=long(60), deadline=None)
@given(described)
def test_saying_the_same_again_says_nothing(compiled: CompiledDesk, said: Describe) -> None:
    one = Life(compiled)
    one.do(said, at(1))
    lines = len(one.lines)
    one.do(said, at(2))
    assert len(one.lines) == lines
