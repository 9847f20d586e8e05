"""Small worlds for hypothesis: few names, so that everything meets everything."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from routing import Agent, Availability, Region, Relaxation, Requirement, Rule, Waiting

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REGIONS = (
    Region("vn"),
    Region("north", parent="vn"),
    Region("south", parent="vn"),
    Region("hanoi", parent="north"),
    Region("saigon", parent="south"),
    Region("cantho", parent="south"),
)
LINES = (("vn",), ("hanoi", "north", "vn"), ("saigon", "south", "vn"), ("cantho", "south", "vn"), ("moon",))

minutes = st.integers(0, 3000).map(lambda n: timedelta(minutes=n))
past = minutes.map(lambda ago: NOW - ago)
teams = st.sampled_from(["sales", "care"])
skills = st.sampled_from(["phones", "billing", "repair"])
languages = st.sampled_from(["vi", "en"])


def some(values: st.SearchStrategy[str], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, max_size=most, unique=True).map(tuple)


agent_lists = st.lists(
    st.builds(
        Agent,
        key=st.sampled_from([f"agent-{n}" for n in range(9)]),
        teams=some(teams),
        skills=st.dictionaries(skills, st.integers(1, 5), max_size=3),
        languages=some(languages),
        regions=some(st.sampled_from([region.key for region in REGIONS])),
        capacity=st.integers(0, 4),
    ),
    max_size=9,
    unique_by=lambda agent: agent.key,
)
availabilities = st.dictionaries(
    st.sampled_from([f"agent-{n}" for n in range(10)]),
    st.builds(
        Availability,
        presence=st.sampled_from(["online", "online", "online", "away", "offline", "on_leave"]),
        load=st.integers(0, 4),
        last_assigned_at=st.none() | past,
        idle_since=st.none() | past,
        shift_ends_at=st.none() | st.integers(-5, 60).map(lambda n: NOW + timedelta(minutes=n)),
    ),
)
relaxations = st.lists(
    st.builds(
        Relaxation,
        after=st.sampled_from(["PT0S", "PT5M", "PT30M", "P1D"]),
        drop_optional=st.booleans(),
        lower_levels=st.integers(0, 2),
        widen_region=st.booleans(),
        drop_language=st.booleans(),
        team=st.none() | teams,
    ),
    max_size=3,
).map(lambda steps: tuple(sorted(steps, key=lambda step: ["PT0S", "PT5M", "PT30M", "P1D"].index(step.after))))
rule_lists = st.lists(
    st.builds(
        Rule,
        key=st.sampled_from(["a", "b", "c", "d"]),
        order=st.integers(1, 3),
        team=teams,
        when=st.dictionaries(st.just("channel"), st.lists(st.sampled_from(["form", "inbox"])), max_size=1),
        skills=st.lists(
            st.builds(Requirement, skill=skills, level=st.integers(1, 4), mandatory=st.booleans()),
            max_size=2,
            unique_by=lambda wish: wish.skill,
        ).map(tuple),
        match_region=st.booleans(),
        match_language=st.booleans(),
        strategy=st.sampled_from(["best_fit", "least_loaded", "round_robin", "longest_idle"]),
        sticky_wait=st.sampled_from(["PT0S", "PT10M", "P1D"]),
        fallback_after=st.sampled_from([None, None, "PT0S", "PT20M", "P1D"]),
        relaxation=relaxations,
    ),
    max_size=4,
    unique_by=lambda rule: rule.key,
)
facts = st.fixed_dictionaries(
    {"channel": st.sampled_from(["form", "inbox"]).map(lambda channel: frozenset([channel]))},
    optional={
        "region": st.sampled_from(LINES).map(frozenset),
        "language": languages.map(lambda language: frozenset([language])),
        "team": teams.map(lambda team: frozenset([team])),
    },
)
ticket_lists = st.lists(
    st.builds(
        Waiting,
        id=st.integers(0, 99).map(str),
        facts=facts,
        priority=st.sampled_from(["low", "normal", "high", "urgent"]),
        waiting_since=past,
        breach_at=st.none() | st.integers(-90, 600).map(lambda n: NOW + timedelta(minutes=n)),
        weight=st.integers(1, 3),
        excluded=some(st.sampled_from([f"agent-{n}" for n in range(10)])).map(frozenset),
        sticky=st.none() | st.sampled_from([f"agent-{n}" for n in range(10)]),
    ),
    max_size=14,
    unique_by=lambda ticket: ticket.id,
)
