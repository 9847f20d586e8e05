"""A supposed desk that is the desk itself changes nothing, however much or little is simulated at once."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tickets.application.desk.check import check
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.draft import drafted
from tickets.application.desk.stored import Published
from tickets.application.placements.stays import Held, Stay
from tickets.application.placements.supposed import World
from tickets.application.placements.weighing import agent_rows, waits_rows
from tickets.domain.words import PRIORITIES

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
END = START + timedelta(days=1)
TEXT = files("tickets.sample").joinpath("desk.yaml").read_text(encoding="utf-8")
DESK = CompiledDesk(Published(check(TEXT).desk, {}))
AGENTS = {key: msgspec.to_builtins(agent) for key, agent in DESK.desk.agents.items()}
RULES = {key: msgspec.to_builtins(rule) for key, rule in DESK.desk.routing_rules.items()}

minutes = st.integers(0, 1440).map(lambda n: timedelta(minutes=n))


@st.composite
def stays_of(draw: st.DrawFn) -> list[Stay]:
    made = []
    for number in range(draw(st.integers(0, 40))):
        opened_at = START + draw(minutes)
        since = opened_at + draw(minutes)
        taken = draw(st.none() | minutes)
        until = None if taken is None else since + taken
        held = draw(st.booleans())
        made.append(
            Stay(
                id=UUID(int=number),
                facts={
                    "channel": ["form"],
                    "region": draw(
                        st.sampled_from([["vn-hn", "vn-north", "vn"], ["vn-hcm", "vn-south", "vn"]])
                    ),
                    "fields.topic": [draw(st.sampled_from(["warranty", "delivery", "order"]))],
                },
                priority=draw(st.sampled_from(PRIORITIES)),
                units=draw(st.integers(1, 3)),
                team="sales",
                opened_at=opened_at,
                assignment_due=opened_at + timedelta(minutes=30),
                held=(Held("sales-hn-1", since, until),) if held else (),
                left_at=None if held else until,
            )
        )
    return made


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    stays_of(),
    st.sets(st.sampled_from(sorted(AGENTS))),
    st.sets(st.sampled_from(sorted(RULES))),
    st.integers(1, 9),
)
def test_a_draft_equal_to_the_desk_changes_nothing(
    stays: list[Stay], agents: set[str], rules: set[str], turns: int
) -> None:
    draft = {
        "agents": {key: AGENTS[key] for key in agents},
        "routing_rules": {key: RULES[key] for key in rules},
    }
    before, after = World(stays, DESK, START, END, END), World(stays, drafted(DESK, draft), START, END, END)
    before.advance(len(stays) + 1)
    while after.advance(turns):
        pass
    was, would_be = list(before.courses()), list(after.courses())
    assert was == would_be
    for row in waits_rows({"before": was, "after": would_be}, END):
        assert row.before == row.after
    for each in agent_rows({"before": (was, DESK), "after": (would_be, after.desk)}, START, END):
        assert each.before == each.after
        capacity = DESK.desk.agents[each.agent].capacity
        assert each.after is not None
        assert each.after.most <= capacity
